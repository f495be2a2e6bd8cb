//! Connections to one Region's endpoint: how many, how old, and opened before they are needed.
//!
//! A client that opens a connection whenever none is idle collapses under load: past a point every
//! request opens one. So the number is bounded by what may be in flight, and the first ones are
//! opened before the plan starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use aws_smithy_http_client::pool::{
    self, ConnectionEvent, ConnectionPool, ConnectionProtocol, ConnectionReuseScope, DriverSpawner, Partition,
    PartitionId,
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::core::record::HttpVersion;

/// NAT gateways and load balancers drop connections that were idle for 350 s without a word.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// The connections of one client, and what happened to them.
pub struct Connections {
    /// One per partition. An HTTP/2 connection carries many requests, so one partition would put
    /// all load on one TCP stream; with HTTP/1.1 every request in flight has its own anyway.
    partitions: Vec<pool::Client>,
    watch: Arc<Watch>,
    next: AtomicUsize,
}

#[derive(Default)]
struct Watch {
    opened: AtomicU64,
    failed: AtomicU64,
    /// 0 unknown, 1 HTTP/1.1, 2 HTTP/2: one origin negotiates one version.
    version: AtomicU8,
}

impl Connections {
    /// Must be called on the runtime that is to drive the connections. `ca` is a certificate in PEM to be trusted
    /// besides the machine's own.
    ///
    /// # Errors
    /// When the pool refuses the settings.
    ///
    /// # Panics
    /// When `ca` is none: see [`check_ca`].
    pub fn new(partitions: usize, most: usize, ca: Option<&str>) -> Result<Self, String> {
        let watch = Arc::new(Watch::default());
        let seen = watch.clone();
        let runtime = DriverSpawner::tokio(tokio::runtime::Handle::current());
        let ids: Vec<_> = (0..partitions.max(1)).map(PartitionId::from_index).collect();
        let trusted = ca.into_iter().fold(TrustStore::default(), |store, ca| store.with_pem_certificate(ca));
        let tls = TlsContext::builder().with_trust_store(trusted).build().map_err(|error| error.to_string())?;
        let pool = ConnectionPool::builder()
            .idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .max_connections_per_host(most)
            .partitions(ids.iter().map(|id| Partition::new(*id, runtime.clone())))
            .connection_reuse_scope(ConnectionReuseScope::Partition)
            .event_listener(move |event: &ConnectionEvent<'_>| seen.on(event))
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls)
            .build_https()
            .map_err(|error| error.to_string())?;
        let partitions = ids
            .into_iter()
            .map(|id| pool::Client::from_partition(&pool, id).map_err(|error| error.to_string()))
            .collect::<Result<_, _>>()?;
        Ok(Self { partitions, watch, next: AtomicUsize::new(0) })
    }

    pub fn partitions(&self) -> &[pool::Client] {
        &self.partitions
    }

    /// Position of the partition that takes the next request, in turn.
    pub fn next_partition(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.partitions.len()
    }

    /// Connections opened so far.
    pub fn opened(&self) -> u64 {
        self.watch.opened.load(Ordering::Relaxed)
    }

    /// The version that the endpoint negotiated; absent before the first connection.
    pub fn version(&self) -> Option<HttpVersion> {
        match self.watch.version.load(Ordering::Relaxed) {
            1 => Some(HttpVersion::Http1),
            2 => Some(HttpVersion::Http2),
            _ => None,
        }
    }
}

/// Whether `pem` holds certificates that can be trusted, at least one.
///
/// # Errors
/// What is wrong with it.
pub fn check_ca(pem: &str) -> Result<(), String> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("no certificate in PEM".to_owned());
    }
    let mut roots = RootCertStore::empty();
    certificates.into_iter().try_for_each(|certificate| roots.add(certificate)).map_err(|error| error.to_string())
}

impl Watch {
    fn on(&self, event: &ConnectionEvent<'_>) {
        match event {
            ConnectionEvent::Opened(opened) => {
                self.opened.fetch_add(1, Ordering::Relaxed);
                let version = if opened.connection().protocol() == ConnectionProtocol::Http2 { 2 } else { 1 };
                self.version.store(version, Ordering::Relaxed);
            }
            ConnectionEvent::EstablishmentFailed(_) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}
