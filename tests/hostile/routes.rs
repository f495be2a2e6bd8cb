//! One route's server means harm: the others measure what they would have measured, and the run ends.

use std::io;
use std::process::Stdio;

use crate::common::{bedbench, requests, start_mock};
use crate::http2;
use crate::server::{Peer, Server, chunk, delta, endless_head, in_time};

type Harm = fn(&mut Peer) -> io::Result<()>;

const HARMS: [(&str, Harm); 3] = [
    ("never ends", |peer| {
        peer.write(endless_head())?;
        peer.write_for_ever(chunk(&delta()))
    }),
    ("four gigabytes", |peer| {
        peer.write(endless_head())?;
        peer.write(chunk(&[0xff; 4]))?;
        peer.write_for_ever(chunk(&[0; 1 << 12]))
    }),
    ("endless error", |peer| {
        peer.write("HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n")?;
        peer.write_for_ever(chunk(b"more "))
    }),
];

#[tokio::test]
async fn the_other_routes_are_unharmed_and_the_run_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (_mock, good) = start_mock(&["--profile", "au", "--scenario", "calm", "--single"]);
    let harms = HARMS.map(|(what, harm)| (what, (Server::answering(harm), String::new())));
    for (what, (server, authority)) in harms.into_iter().chain(http2::harms()) {
        let out = folder.path().join(what.replace(' ', "-"));
        let mut command = bedbench();
        command.args(["run", "--profile", "apac", "--route", "sydney", "--route", "singapore"]);
        command.args(["--rps", "4", "-d", "1s", "--warmup", "0s", "--request-timeout", "1s", "-q", "-o"]).arg(&out);
        command.args(["--set", "workload.max_tokens=2"]);
        command.args(["--endpoint", &format!("ap-southeast-2={}", server.url)]);
        command.args(["--endpoint", &format!("ap-southeast-1={good}")]);
        if !authority.is_empty() {
            let ca = folder.path().join("ca.pem");
            std::fs::write(&ca, authority).unwrap();
            command.arg("--endpoint-ca").arg(ca);
        }
        let mut run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        in_time(what, tokio::task::spawn_blocking(move || run.wait())).await.unwrap().unwrap();
        let rows = requests(&out);
        let of = |route: &str| rows.iter().filter(|row| row.route == route).collect::<Vec<_>>();
        let (harmed, well) = (of("sydney"), of("singapore"));
        assert!(!harmed.is_empty() && harmed.len() == well.len(), "{what}: {} and {}", harmed.len(), well.len());
        assert!(harmed.iter().all(|row| !row.outcome.is_ok()), "{what}");
        assert!(well.iter().all(|row| row.outcome.is_ok()), "{what}: {well:?}");
    }
}
