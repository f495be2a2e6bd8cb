//! The mock over https, and who trusts it.

use std::sync::Arc;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::SdkError;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use bedbench::bedrock::{Api, placeholder_access};
use bedbench::clock::monotonic;
use bedbench::core::record::HttpVersion;
use bedbench::core::request::Timeouts;
use bedbench::core::{Outcome, RegionId};
use bedbench::mock::{Mock, Tls};
use bedbench::region::{Law, PlaceSpec};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::attempt::Caller;
use crate::raw::{HELLO, request};
use crate::setup::{MODEL, config, in_time, ms, start_as, sydney, user};

const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";

/// A mock over https and the certificate to trust it by.
fn start(place: PlaceSpec) -> (Mock, String) {
    let tls = Tls::new(&[RegionId::SYDNEY]).expect("a certificate");
    let ca = tls.ca_pem().to_owned();
    (start_as(vec![place], |spec| spec.tls = Some(tls)), ca)
}

fn sdk(url: &str, trusted: TrustStore) -> Client {
    let tls = TlsContext::builder().with_trust_store(trusted).build().unwrap();
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    Client::from_conf(config(url).http_client(http.tls_context(tls).build_https()).build())
}

#[tokio::test]
async fn the_sdk_talks_https_to_a_mock_that_it_trusts_and_to_no_other() {
    let (mock, ca) = start(sydney());
    let port = mock.addresses()[0].port();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{port}");
        let client = sdk(&url, TrustStore::empty().with_pem_certificate(ca.as_str()));
        in_time("converse", client.converse().model_id(MODEL).messages(user("Hello")).send()).await.expect(host);
        let call = client.converse_stream().model_id(MODEL).messages(user("Hello"));
        let mut output = in_time("converse_stream", call.send()).await.expect(host);
        let mut events = 0;
        while in_time("an event", output.stream.recv()).await.expect("no error").is_some() {
            events += 1;
        }
        assert!(events > 4, "{events}");
        let (_, another) = start(sydney());
        let stranger = sdk(&url, TrustStore::empty().with_pem_certificate(another.as_str()));
        let refused = in_time("converse", stranger.converse().model_id(MODEL).messages(user("Hello")).send()).await;
        assert!(matches!(refused, Err(SdkError::DispatchFailure(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn our_own_client_speaks_http2_to_a_mock_that_it_was_told_to_trust() {
    let (mock, ca) = start(sydney());
    let url = format!("https://{}", mock.addresses()[0]);
    for api in [Api::ConverseStream, Api::Converse] {
        let trusting = Caller::with(&url, api, Timeouts::default(), Some(&ca), placeholder_access());
        let trusting = in_time("the attempt", trusting.ask("Hello")).await;
        assert_eq!(trusting.outcome, Outcome::Ok, "{trusting:?}");
        assert_eq!(trusting.acquisition.unwrap().version, Some(HttpVersion::Http2));
        let wary = in_time("the attempt", Caller::new(&url, api, Timeouts::default()).ask("Hello")).await;
        assert_eq!(wary.outcome, Outcome::Transport, "{wary:?}");
    }
    assert_eq!(mock.requests()[0].1, 2, "who does not trust it sends it nothing");
}

/// A connection to the mock under the name `host`, over HTTP/1.1.
async fn connect(mock: &Mock, ca: &str, host: &'static str, alpn: &[u8]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![alpn.to_vec()];
    let socket = TcpStream::connect(mock.addresses()[0]).await?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(host).unwrap(), socket);
    in_time("the handshake", connecting).await
}

#[tokio::test]
async fn it_is_known_by_the_names_of_its_regions() {
    let (mock, ca) = start(sydney());
    for (host, known) in [
        ("bedrock-runtime.ap-southeast-2.amazonaws.com", true),
        ("bedrock-runtime.us-west-2.amazonaws.com", false),
        ("::1", true),
        ("example.com", false),
    ] {
        for alpn in [&b"h2"[..], b"http/1.1"] {
            let connected = connect(&mock, &ca, host, alpn).await;
            assert_eq!(connected.is_ok(), known, "{host}");
            if let Ok(stream) = connected {
                assert_eq!(stream.get_ref().1.alpn_protocol(), Some(alpn));
            }
        }
    }
}

/// Lower bounds only, as light may not be faster: TCP, TLS and the request, a round trip each.
#[tokio::test]
async fn the_handshake_takes_its_round_trips() {
    let rtt = ms(50);
    let (mock, ca) = start(PlaceSpec { rtt, ttft: Law::Fixed(ms(0)), ..sydney() });
    let opened = monotonic();
    let mut stream = connect(&mock, &ca, "localhost", b"http/1.1").await.unwrap();
    let secured = monotonic() - opened;
    assert!(secured >= 2 * rtt, "{secured:?}");
    let request = request("POST", CONVERSE, HELLO).replace("host:", "connection: close\r\nhost:");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    in_time("an answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answered = monotonic() - opened;
    assert!(answered >= 3 * rtt, "{answered:?}");
}
