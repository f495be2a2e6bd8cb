//! Round trips to an endpoint without a request: what TCP and TLS need to say hello.
//!
//! Blocking on purpose: the wake-up of a runtime would be part of what is measured.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use hyper::Uri;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore};

use crate::clock::monotonic;
use crate::core::units::length;

/// One endpoint, resolved and ready to be tried.
pub struct Line {
    /// In turn: an endpoint has an address in every Availability Zone.
    addresses: Vec<SocketAddr>,
    /// Absent over plain HTTP.
    tls: Option<(ServerName<'static>, Arc<ClientConfig>)>,
    timeout: Duration,
    tried: usize,
}

/// What one try has come to.
#[derive(Clone, Debug)]
pub struct Tried {
    /// From asking for the connection to having it: one round trip.
    pub tcp: Result<Duration, String>,
    /// Absent over plain HTTP and without a connection.
    pub tls: Option<Result<Handshake, String>>,
}

/// A full handshake, without anything remembered of an earlier one.
#[derive(Clone, Copy, Debug)]
pub struct Handshake {
    /// From connected to ready to send, the cryptography of both ends included.
    pub took: Duration,
    /// One with TLS 1.3, two with TLS 1.2.
    pub round_trips: u8,
}

impl Tried {
    /// What went wrong, wherever it was.
    pub fn error(&self) -> Option<&str> {
        match (&self.tcp, &self.tls) {
            (Err(error), _) | (_, Some(Err(error))) => Some(error),
            _ => None,
        }
    }
}

/// What the client trusts: the machine's certificates, and those of `ca`, in PEM.
///
/// # Errors
/// When `ca` holds none, or TLS refuses the settings.
pub fn trust(ca: Option<&str>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(ca) = ca {
        super::check_ca(ca)?;
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(ca.as_bytes()).filter_map(Result::ok));
    }
    // The provider is named: another one in the process would make the default a panic.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

impl Line {
    /// Resolves the host of `url`. No step of it or of a try takes longer than `timeout`.
    ///
    /// # Errors
    /// When `url` names no host, or nobody knows its address.
    pub fn find(url: &str, trust: &Arc<ClientConfig>, timeout: Duration) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("`{url}` is no URL: {error}"))?;
        let host = uri.host().ok_or_else(|| format!("`{url}` names no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let secure = uri.scheme_str() == Some("https");
        let port = match url_port(&uri) {
            Some(port) => port.parse().map_err(|_| format!("`{url}` is no URL: {port} is no port"))?,
            None if secure => 443,
            None => 80,
        };
        let tls = if secure {
            let name = ServerName::try_from(host.to_owned()).map_err(|error| format!("`{host}`: {error}"))?;
            Some((name, trust.clone()))
        } else {
            None
        };
        let addresses = resolve(host, port, timeout).map_err(|error| format!("cannot resolve {host}: {error}"))?;
        Ok(Self { addresses, tls, timeout, tried: 0 })
    }

    /// Opens one connection, measures and closes it.
    pub fn try_once(&mut self) -> Tried {
        let address = self.addresses[self.tried % self.addresses.len()];
        self.tried += 1;
        let asked = monotonic();
        let stream = TcpStream::connect_timeout(&address, self.timeout);
        let connected = monotonic();
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(error) => return Tried { tcp: Err(self.words(&address, &error)), tls: None },
        };
        let tls = self.tls.as_ref().map(|(name, config)| {
            let deadline = connected + self.timeout;
            shake_hands(&mut stream, name.clone(), config.clone(), connected, deadline)
                .map_err(|error| self.words(&address, &error))
        });
        Tried { tcp: Ok(connected - asked), tls }
    }

    fn words(&self, address: &SocketAddr, error: &io::Error) -> String {
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                format!("{address}: no answer within {}", length(self.timeout))
            }
            _ => format!("{address}: {error}"),
        }
    }
}

/// As it is written: what is no number is left out by the parser, and would become the default.
fn url_port(uri: &Uri) -> Option<&str> {
    let (_, after_host) = uri.authority()?.as_str().rsplit_once(uri.host()?)?;
    after_host.strip_prefix(':')
}

fn shake_hands(
    stream: &mut TcpStream,
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    connected: Instant,
    deadline: Instant,
) -> io::Result<Handshake> {
    stream.set_nodelay(true)?;
    let mut session = ClientConnection::new(config, name).map_err(io::Error::other)?;
    while session.is_handshaking() {
        // A server that sends a byte now and then must not hold the probe for ever.
        let left = deadline.saturating_duration_since(monotonic());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        stream.set_write_timeout(Some(left))?;
        if session.wants_write() {
            session.write_tls(stream)?;
        } else if session.read_tls(stream)? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection in the TLS handshake"));
        } else {
            session.process_new_packets().map_err(io::Error::other)?;
        }
    }
    let took = monotonic() - connected;
    let round_trips = if session.protocol_version() == Some(ProtocolVersion::TLSv1_3) { 1 } else { 2 };
    // Measured already. The server is owed the end of its handshake, and a goodbye.
    session.send_close_notify();
    while session.wants_write() && session.write_tls(stream).is_ok_and(|written| written > 0) {}
    Ok(Handshake { took, round_trips })
}

/// The addresses of one family only, so that all tries go the same way.
fn resolve(host: &str, port: u16, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
    let (send, found) = mpsc::channel();
    let host = host.to_owned();
    // The system's resolver has no timeout to set; a thread that it keeps ends with the process.
    std::thread::spawn(move || send.send((host.as_str(), port).to_socket_addrs().map(Vec::from_iter)));
    let found = found.recv_timeout(timeout);
    let mut addresses = found.map_err(|_| io::Error::other(format!("no answer within {}", length(timeout))))??;
    if addresses.iter().any(SocketAddr::is_ipv4) {
        addresses.retain(SocketAddr::is_ipv4);
    }
    match addresses.is_empty() {
        true => Err(io::Error::other("it has no address")),
        false => Ok(addresses),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn line(url: &str) -> Result<Line, String> {
        Line::find(url, &trust(None).unwrap(), PATIENCE)
    }

    #[test]
    fn a_listener_that_never_accepts_has_a_round_trip_and_no_handshake_over_http() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut line = line(&format!("http://{}/path", listener.local_addr().unwrap())).unwrap();
        let tried = line.try_once();
        assert!(tried.tcp.as_ref().is_ok_and(|took| *took > Duration::ZERO), "{tried:?}");
        assert!(tried.tls.is_none() && tried.error().is_none(), "{tried:?}");
    }

    #[test]
    fn a_server_that_hangs_up_keeps_its_round_trip_and_fails_its_handshake() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            // The greeting is taken, so that closing is no reset.
            stream.read(&mut [0; 4096]).unwrap()
        });
        let tried = line(&format!("https://{address}")).unwrap().try_once();
        server.join().unwrap();
        assert!(tried.tcp.is_ok(), "{tried:?}");
        let error = tried.error().expect("no handshake");
        assert!(error.starts_with(&address.to_string()), "{error}");
    }

    #[test]
    fn a_silent_server_is_given_up_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let mut line = Line::find(&url, &trust(None).unwrap(), Duration::from_millis(20)).unwrap();
        let tried = line.try_once();
        assert!(tried.error().is_some_and(|error| error.contains("no answer within 20 ms")), "{tried:?}");
    }

    #[test]
    fn nobody_listening_and_no_such_name_are_told_apart() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let tried = line(&format!("https://{closed}")).unwrap().try_once();
        assert!(tried.error().is_some_and(|error| error.contains("refused")), "{tried:?}");
        let error = line("https://nobody.invalid").err().expect("no address");
        assert!(error.starts_with("cannot resolve nobody.invalid: "), "{error}");
        let error = line("https://127.0.0.1:99999").err().expect("no port");
        assert!(error.ends_with("99999 is no port"), "{error}");
    }
}
