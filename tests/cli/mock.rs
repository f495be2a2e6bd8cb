//! `bedbench mock`, as a script starts it, waits for it and stops it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::desk::{Desk, end_of, signal, wait_until};

/// Starts a mock and reads its announcement; nothing is waited for but that line.
fn start(desk: &Desk, options: &str) -> (Child, Value) {
    let profile = if options.contains("--profile") { "" } else { "--profile au" };
    let mut command = desk.child(&format!("mock {profile} --port 0 --format json {options}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
    (child, ready)
}

/// The whole answer to a request of nothing but its first line.
fn ask(url: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    socket.write_all(format!("{request} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_when_it_is_ready_answers_and_stops_cleanly() {
    for stop in [Signal::TERM, Signal::INT] {
        let desk = Desk::new();
        let (child, ready) = start(&desk, "");
        assert_eq!(ready["ready"], true);
        assert_eq!(ready["regions"][0]["region"], "ap-southeast-2");
        let url = ready["regions"][0]["url"].as_str().unwrap();
        let answer = ask(url, "GET /nothing");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        signal(&child, stop);
        let said = end_of(child).exits(0);
        assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "one line, and no other");
    }
}

#[test]
fn a_strict_mock_refuses_what_cannot_be_called_there() {
    for (options, status) in [("--scenario calm", 200), ("--scenario calm --strict", 400)] {
        let desk = Desk::new();
        let (child, ready) = start(&desk, options);
        let url = ready["regions"][0]["url"].as_str().unwrap();
        let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let body = r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":1}}"#;
        let length = body.len();
        let head = "POST /model/us.anthropic.claude-sonnet-5/converse HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n";
        socket.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{options}: {answer}");
        signal(&child, Signal::TERM);
        end_of(child).exits(0);
    }
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let said = Desk::new().says(&format!("mock --port {}", address.port())).exits(2);
    assert!(said.error().starts_with(&format!("error: cannot listen on {address}: ")), "{said:#?}");
    assert!(said.error().ends_with("choose another --port, or 0"), "{said:#?}");
    assert_eq!(said.out, "", "it must not announce what it does not serve");
}

#[test]
fn ports_that_do_not_exist_are_refused() {
    let said = Desk::new().says("mock --profile apac --port 65535").exits(2);
    assert!(said.error().contains("choose a lower --port"), "{said:#?}");
}

#[test]
fn secrets_are_not_shown_even_when_they_are_badly_written() {
    for options in ["--credentials geheim", "--credentials :geheim", "--credentials AKID:", "--api-key="] {
        let said = Desk::new().says(&format!("mock --port 0 {options}")).exits(2);
        assert!(said.error().contains("--credentials is") || said.error().contains("--api-key is"), "{said:#?}");
        assert!(!said.err.contains("geheim"), "{said:#?}");
    }
}

#[test]
fn a_mock_with_keys_turns_strangers_away() {
    let desk = Desk::new();
    let (child, ready) = start(&desk, "--scenario calm --credentials AKID:geheim");
    let url = ready["regions"][0]["url"].as_str().unwrap();
    let answer = ask(url, "POST /model/amazon.nova-lite-v1%3A0/converse");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    signal(&child, Signal::TERM);
    let said = end_of(child).exits(0);
    assert!(!(ready.to_string() + &said.out + &said.err).contains("geheim"), "{said:#?}");
}

/// A connection with an answer of some seconds on it that has begun.
fn streaming(url: &str) -> TcpStream {
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let body = r#"{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}"#;
    let head = "POST /model/amazon.nova-lite-v1%3A0/converse-stream HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n";
    socket.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    socket.read_exact(&mut [0]).unwrap();
    socket
}

#[test]
fn told_to_stop_it_finishes_what_it_has_begun_unless_told_twice() {
    for twice in [false, true] {
        let desk = Desk::new();
        let (mut child, ready) = start(&desk, "--scenario calm --log access.ndjson");
        let mut socket = streaming(ready["regions"][0]["url"].as_str().unwrap());
        signal(&child, Signal::TERM);
        let mut said = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "Letting 1 open answer finish, 10 s at most; Ctrl-C again leaves at once.\n");
        if twice {
            signal(&child, Signal::INT);
        }
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = socket.read_to_end(&mut answer);
        let whole = answer.windows(8).any(|bytes| bytes == b"metadata");
        assert_eq!(whole, !twice);
        end_of(child).exits(if twice { 130 } else { 0 });
        let line = desk.json("access.ndjson");
        assert_eq!(line["outcome"], if twice { "cancelled" } else { "ok" });
    }
}

#[test]
fn the_log_is_appended_while_it_runs() {
    let desk = Desk::new();
    desk.write("access.ndjson", "before\n");
    let (child, ready) = start(&desk, "--log access.ndjson");
    ask(ready["regions"][0]["url"].as_str().unwrap(), "GET /nothing");
    wait_until("a second line in the log", || desk.read("access.ndjson").lines().count() == 2);
    assert!(desk.read("access.ndjson").starts_with("before\n{"));
    signal(&child, Signal::TERM);
    end_of(child).exits(0);
    let said = desk.says("mock --port 0 --log no/such/folder.ndjson").exits(2);
    assert!(said.error().contains("--log no/such/folder.ndjson: "), "{said:#?}");
}

#[test]
fn all_regions_fit_on_one_port() {
    let desk = Desk::new();
    let (child, ready) = start(&desk, "--profile apac --single");
    let urls: Vec<_> = ready["regions"].as_array().unwrap().iter().map(|region| region["url"].clone()).collect();
    assert!(urls.len() > 1 && urls.iter().all(|url| *url == urls[0]), "{urls:?}");
    signal(&child, Signal::TERM);
    end_of(child).exits(0);
}

#[test]
fn a_run_trusts_a_mock_over_https_by_its_certificate() {
    let desk = Desk::with_short_answers();
    desk.write("bedbench-mock-ca.pem", "of an earlier start");
    std::fs::hard_link(desk.path("bedbench-mock-ca.pem"), desk.path("held")).unwrap();
    let (child, ready) = start(&desk, "--scenario calm --tls");
    assert_eq!(desk.read("held"), "of an earlier start", "it is replaced, and not written over");
    let ca = std::path::Path::new(ready["tls_ca"].as_str().unwrap());
    assert!(ca.is_absolute() && ca.ends_with("bedbench-mock-ca.pem"), "{ca:?}");
    let url = ready["regions"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("https://"), "{url}");
    let run = format!(
        "run --rps 20 -d 500ms --warmup 0s --profile au --workload short.toml --endpoint ap-southeast-2={url} --yes -q"
    );
    desk.says(&format!("{run} --endpoint-ca bedbench-mock-ca.pem -o trusting"));
    desk.says(&format!("{run} -o wary"));
    let ok =
        |folder: &str| desk.json(&format!("{folder}/summary.json"))["routes"][0]["slices"][0]["outcomes"]["ok"].clone();
    assert!(ok("trusting").as_u64().is_some_and(|ok| ok > 0), "{}", desk.read("trusting/report.md"));
    assert_eq!(ok("wary").as_u64().unwrap_or(0), 0);
    signal(&child, Signal::TERM);
    end_of(child).exits(0);
    desk.write("none.pem", "no certificate");
    for (file, wrong) in [("none.pem", "no certificate in PEM"), ("missing.pem", "No such file")] {
        let said = desk.says(&format!("{run} --endpoint-ca {file}")).exits(2);
        assert!(said.error().contains(&format!("--endpoint-ca {file}: {wrong}")), "{said:#?}");
    }
}

/// This machine under an address that is not its own alone; none where there is no network.
fn outside() -> Option<std::net::IpAddr> {
    // Sends nothing: it only asks which way a packet would go.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_loopback() && !address.is_unspecified())
}

#[test]
fn a_mock_is_reached_from_this_machine_alone_unless_it_is_told_otherwise() {
    let desk = Desk::new();
    let (child, ready) = start(&desk, "");
    let url = ready["regions"][0]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    if let Some(address) = outside() {
        let port = url.rsplit(':').next().unwrap();
        assert!(TcpStream::connect(format!("{address}:{port}")).is_err(), "it listens on {address}");
    }
    signal(&child, Signal::TERM);
    end_of(child).exits(0);
    let said = desk.says("mock --profile au --port 0 --bind 203.0.113.1").exits(2);
    assert!(said.error().contains("choose an address of this machine"), "{said:#?}");
}

#[test]
fn from_another_machine_it_is_called_but_not_controlled() {
    let Some(address) = outside() else {
        println!("skipped: this machine has no address but its own");
        return;
    };
    let strangers = "can call this mock; --credentials or --api-key keeps strangers out";
    let control = "warning: --allow-remote: whoever reaches this mock can read its counters and set its faults";
    for (options, status, warnings) in [
        ("", "403", vec![strangers]),
        ("--api-key key", "403", vec![]),
        ("--allow-remote", "200", vec![strangers, control]),
    ] {
        let desk = Desk::new();
        let (child, ready) = start(&desk, &format!("--bind {address} {options}"));
        let url = ready["regions"][0]["url"].as_str().unwrap();
        assert!(url.contains(&address.to_string()), "{url}");
        assert!(ask(url, "GET /nothing").starts_with("HTTP/1.1 404"));
        for request in ["GET /_bedbench/stats", "DELETE /_bedbench/faults"] {
            let answer = ask(url, request);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{options} {request}: {answer}");
            assert!(status == "200" || answer.contains("--allow-remote"), "the way out is told: {answer}");
        }
        signal(&child, Signal::TERM);
        let said = end_of(child).exits(0);
        assert_eq!(said.err.lines().count(), warnings.len(), "{said:#?}");
        warnings.iter().for_each(|warning| assert!(said.err.contains(warning), "{said:#?}"));
    }
}

/// How much memory a process has, in bytes.
#[cfg(target_os = "linux")]
fn resident(child: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() << 10
}

/// Half of them have begun a request that they never end.
#[cfg(target_os = "linux")]
fn is_held_by(most: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let allowed = limit.maximum.map_or(usize::MAX, |files| files as usize).saturating_sub(500);
    let many = most.min(allowed);
    if many < most {
        println!("{many} connections, not {most}: no more files may be open here");
    }
    let desk = Desk::new();
    let (child, ready) = start(&desk, "--scenario calm");
    let url = ready["regions"][0]["url"].as_str().unwrap();
    let before = resident(&child);
    let held: Vec<_> = (0..many)
        .map(|n| {
            let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
            if n % 2 == 0 {
                socket.write_all(b"POST /model/amazon.nova-lite-v1%3A0/converse HTTP/1.1\r\nx-slow: ").unwrap();
            }
            socket
        })
        .collect();
    let stats = || -> Value {
        let answer = ask(url, "GET /_bedbench/stats");
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    wait_until("every connection is there", || stats()["listeners"][0]["connections"].as_u64() > Some(many as u64));
    let each = resident(&child).saturating_sub(before) / many;
    assert!(each < 20 << 10, "{each} bytes a connection");
    let mut served = streaming(url);
    let mut answer = Vec::new();
    served.read_to_end(&mut answer).unwrap();
    assert!(answer.windows(8).any(|bytes| bytes == b"metadata"), "the others are served as before");
    drop(held);
    wait_until("they are let go", || stats()["listeners"][0]["connections"] == 1);
    signal(&child, Signal::TERM);
    end_of(child).exits(0);
}

#[cfg(target_os = "linux")]
#[test]
fn thousands_of_connections_that_ask_nothing_are_held_and_cost_little() {
    is_held_by(2_000);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "as many files as a machine lets two processes open"]
fn twenty_thousand_connections_are_held_too() {
    is_held_by(20_000);
}

/// More connections than files: the rest waits its turn, and nobody who is in is thrown out.
#[cfg(target_os = "linux")]
#[test]
fn a_mock_without_files_to_open_takes_connections_again_when_there_are() {
    let desk = Desk::new();
    let bedbench = desk.child("mock --profile au --port 0 --format json --scenario calm");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 80; exec \"$0\" \"$@\""]).arg(bedbench.get_program()).args(bedbench.get_args());
    let mut child = shell.current_dir(desk.path("")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = ready["regions"][0]["url"].as_str().unwrap();
    let mut first = streaming(url);
    let held: Vec<_> = (0..300).map(|_| TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap()).collect();
    let mut answer = Vec::new();
    first.read_to_end(&mut answer).unwrap();
    assert!(answer.windows(8).any(|bytes| bytes == b"metadata"), "who was in is served to the end");
    drop(held);
    assert!(ask(url, "GET /nothing").starts_with("HTTP/1.1 404"));
    signal(&child, Signal::TERM);
    end_of(child).exits(0);
}
