//! An account whose services mean harm: `bedbench audit` shows nothing of what it told them, and comes to an end.

use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use aws_smithy_cbor::Encoder;
use aws_smithy_types::DateTime;
use bedbench::clock::unix_nanos;

use crate::common::bedbench;
use crate::echo::{KEY, SECRET, SESSION};
use crate::server::{ON_THE_WAY, Peer, Server, chunk, in_time};

/// What `bedbench audit` says when `server` is asked.
async fn audit(server: &Server, more: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = bedbench();
    command.args(["audit", "--days", "1", "--endpoint", &server.url, "--endpoint-credentials"]).args(more);
    command.env("HOME", home.path()).env("AWS_EC2_METADATA_DISABLED", "true");
    command.envs([("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", SESSION)]);
    in_time("the audit", tokio::task::spawn_blocking(move || command.output())).await.unwrap().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("what is printed is UTF-8")
}

#[track_caller]
fn fails_with(output: &Output, said: &str) {
    let error = text(&output.stderr);
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    assert!(error.contains(said), "{said}: {error}");
}

/// Answers with every request's own head as [`Encoder`] puts it, in the words of CloudWatch.
fn answering(status: &'static str, body: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
    Server::answering(move |peer| {
        loop {
            let body = body(&peer.request);
            peer.write(cbor(status))?;
            peer.write(format!("content-length: {}\r\n\r\n", body.len()))?;
            peer.write(body)?;
            peer.read_request()?;
        }
    })
}

fn cbor(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/cbor\r\nsmithy-protocol: rpc-v2-cbor\r\n")
}

/// What stands behind all that is said.
const END: &str = "the end of it";

/// What a request proved itself with, as lines of it that a terminal would obey.
fn proof(request: &str) -> String {
    let after = |name| request.split_once(name).map_or("", |(_, rest)| rest.split([',', '\r']).next().unwrap());
    let [token, signature, credential] = ["x-amz-security-token: ", "Signature=", "Credential="].map(after);
    let rest = " and so on".repeat(1_000);
    format!("it should have been\n{token}\r\n{signature}\u{1b}]0;mine\u{7} \u{9b}31m{credential}{rest}{END}")
}

fn refusal(request: &str) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.map(2).str("__type").str("SignatureDoesNotMatch").str("message").str(&proof(request));
    out.into_writer()
}

/// One call two hours ago, with a remark on all of it and one on the series.
fn remarks(state: &str, request: &str) -> Vec<u8> {
    let said = proof(request);
    let mut out = Encoder::new(Vec::new());
    let message = |out: &mut Encoder| {
        out.str("Messages").array(1).map(2).str("Code").str("x").str("Value").str(&said);
    };
    out.map(2);
    message(&mut out);
    out.str("MetricDataResults").array(1).map(5).str("Id").str("q0").str("StatusCode").str(state);
    let at = unix_nanos() / 1_000_000_000 / 3_600 * 3_600 - 7_200;
    out.str("Timestamps").array(1).timestamp(&DateTime::from_secs(at as i64)).str("Values").array(1).double(1.0);
    message(&mut out);
    out.into_writer()
}

#[tokio::test]
async fn what_a_server_says_back_is_not_shown() {
    const ONE: [&str; 3] = ["--no-quotas", "--model", "amazon.nova-lite-v1:0"];
    let json = [&ONE[..], &["--format", "json"]].concat();
    for (what, code, server, args) in [
        ("a refusal", 2, answering("403 Forbidden", refusal), &[][..]),
        ("a refusal of data", 2, answering("403 Forbidden", refusal), &ONE),
        ("a remark", 0, answering("200 OK", |request| remarks("Complete", request)), &ONE),
        ("a remark in JSON", 0, answering("200 OK", |request| remarks("Complete", request)), &json),
        ("forbidden", 2, answering("200 OK", |request| remarks("Forbidden", request)), &ONE),
        ("an error in it", 1, answering("200 OK", |request| remarks("InternalError", request)), &ONE),
    ] {
        let output = audit(&server, args).await;
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{what}: {said}");
        assert!(said.replace("\n", " ").contains("it should have been"), "{what}: the server was understood: {said}");
        assert!(said.contains("[…]"), "{what}: {said}");
        for canary in [KEY, SECRET, &SESSION[..24], &SESSION[SESSION.len() - 24..], END] {
            assert!(!said.contains(canary), "{what}: {canary} in {said}");
        }
        let signature = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let shown = said.split(|c: char| !c.is_ascii_alphanumeric()).find(|word| signature(word));
        assert_eq!(shown, None, "{what}: {said}");
        assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{what}: {said:?}");
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off() {
    let server = Server::answering(|peer: &mut Peer| {
        peer.write(cbor("200 OK") + "transfer-encoding: chunked\r\n\r\n")?;
        peer.write_for_ever(chunk(&[0; 1 << 12]))
    });
    fails_with(&audit(&server, &[]).await, "gave an answer that is none of AWS's: ");
    server.left_alone().await;
    // Each may be tried again.
    let most = ON_THE_WAY * server.connections();
    assert!(server.connections() <= 3 && server.sent() < most, "{} bytes taken", server.sent());
}

#[tokio::test]
async fn pages_that_do_not_end_are_left() {
    let told = AtomicUsize::new(0);
    let server = answering("200 OK", move |_| {
        let mut out = Encoder::new(Vec::new());
        let token = told.fetch_add(1, Relaxed).to_string();
        out.map(2).str("Metrics").array(0).str("NextToken").str(&token);
        out.into_writer()
    });
    fails_with(&audit(&server, &[]).await, "cloudwatch:ListMetrics does not come to an end: 101 pages");
    assert_eq!(server.requests(), 101);
    let crowded = answering("200 OK", |_| {
        let mut out = Encoder::new(Vec::new());
        out.map(1).str("Metrics").array(300_001);
        for _ in 0..300_001 {
            out.map(0);
        }
        out.into_writer()
    });
    fails_with(&audit(&crowded, &[]).await, "does not come to an end: 1 pages with 300001 entries");
}

#[tokio::test]
async fn an_audit_ends_in_its_time_whoever_holds_it_up() {
    let server = Server::answering(Peer::wait_until_gone);
    fails_with(&audit(&server, &["--timeout", "500ms"]).await, "not everything was told within 500 ms");
}
