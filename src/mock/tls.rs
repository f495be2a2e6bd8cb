//! Certificates for a mock that speaks https: made at its start, worth nothing after its end.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

use crate::core::RegionId;

/// What a mock needs to be trusted as `localhost` and as the hosts of its Regions.
pub struct Tls {
    pub(super) acceptor: TlsAcceptor,
    ca_pem: String,
}

impl Tls {
    /// # Errors
    /// When the machine gives no randomness to make keys of.
    pub fn new(regions: &[RegionId]) -> io::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "bedbench mock CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca = CertifiedIssuer::self_signed(params, key()?).map_err(io::Error::other)?;

        let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        names.extend(regions.iter().map(|region| format!("*.{region}.amazonaws.com")));
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "bedbench mock");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = key()?;
        let certificate = params.signed_by(&key, &ca).map_err(io::Error::other)?;

        // The provider is named: another one in the process would make the default a panic.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(io::Error::other)?.with_no_client_auth();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let mut config = config.with_single_cert(vec![certificate.der().clone()], key).map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // The CA's key ends here: nobody can sign with it again.
        Ok(Self { acceptor: Arc::new(config).into(), ca_pem: ca.pem() })
    }

    /// What a client has to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
}

fn key() -> io::Result<KeyPair> {
    KeyPair::generate().map_err(io::Error::other)
}
