//! Certificates that do not match: nothing is told to whom they belong to.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bedbench::bedrock::{Api, placeholder_access};
use bedbench::core::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::attempt::Caller;
use crate::server::{Server, in_time, patient};

/// Of a server whose certificate is for `name` and ends with `last_year`, and the authority to trust.
pub fn config(name: &str, last_year: i32) -> (ServerConfig, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(last_year, 12, 31);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    (config.with_single_cert(vec![certificate.der().clone()], key).unwrap(), authority.pem())
}

/// Such a server, the authority, and whether a request has come.
fn server(name: &str, last_year: i32) -> (Server, String, Arc<AtomicBool>) {
    let (config, authority) = config(name, last_year);
    let config = Arc::new(config);
    let told = Arc::new(AtomicBool::new(false));
    let seen = told.clone();
    let server = Server::start(move |peer| {
        let connection = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
        let read = StreamOwned::new(connection, peer.socket()?).read(&mut [0; 1 << 12])?;
        seen.fetch_or(read > 0, Ordering::Relaxed);
        Ok(())
    });
    (server, authority, told)
}

#[tokio::test]
async fn a_certificate_that_does_not_match_is_told_nothing() {
    for (name, last_year, trusted, matches) in [
        ("127.0.0.1", 2999, true, true),
        ("bedrock-runtime.ap-southeast-2.amazonaws.com", 2999, true, false),
        ("127.0.0.1", 2001, true, false),
        ("127.0.0.1", 2999, false, false),
    ] {
        let (server, authority, told) = server(name, last_year);
        let url = server.url.replace("http:", "https:");
        let ca = trusted.then_some(authority.as_str());
        let caller = Caller::with(&url, Api::ConverseStream, patient(), ca, placeholder_access());
        let answer = in_time("the attempt", caller.ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::Transport, "{name}: {:?}", answer.error);
        server.left_alone().await;
        assert_eq!(told.load(Ordering::Relaxed), matches, "{name} until {last_year}, trusted: {trusted}");
        if !matches {
            assert!(answer.error.unwrap().contains("certificate"), "the reason is told");
        }
    }
}
