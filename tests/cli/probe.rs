//! Round trips to servers on loopback, and to none.

use std::net::TcpListener;

use super::desk::{Desk, Server};

const QUICK: &str = "probe --interval 0s --quiet";

/// Ports of its own, where somebody listens and nobody speaks.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn tcp_and_tls_round_trips_to_a_server_are_told_apart() {
    let desk = Desk::new();
    let server = Server::start(&desk, "--profile au --scenario calm --tls --tls-ca ca.pem");
    let args = format!("{QUICK} --profile au {} --endpoint-ca ca.pem --tries 60 --format json", server.flags());
    let said = desk.says(&args).exits(0);
    let probed: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let sydney = &probed["regions"][0];
    assert_eq!((&sydney["region"], &sydney["failed"]), (&"ap-southeast-2".into(), &0.into()), "{sydney}");
    let time =
        |kind: &str, which: &str| sydney[kind][which].as_f64().unwrap_or_else(|| panic!("{kind} {which}: {sydney}"));
    for kind in ["tcp", "tls"] {
        assert_eq!(sydney[kind]["n"], 60);
        assert!(0.0 < time(kind, "fastest_s") && time(kind, "fastest_s") <= time(kind, "p50_s"));
        assert!(time(kind, "p50_s") <= time(kind, "p95_s"), "{sydney}");
    }
    assert_eq!(sydney["tls_round_trips"], 1, "TLS 1.3");
    assert_eq!(sydney["fibre_floor_s"], 0.0);
    assert_eq!(sydney["profile_rtt_s"], 0.001);
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_a_failure_with_its_reason() {
    let desk = Desk::new();
    let server = Server::start(&desk, "--profile au --scenario calm --tls --tls-ca ca.pem");
    let said = desk.says(&format!("{QUICK} --profile au {} --tries 60", server.flags())).exits(1);
    assert!(said.out.contains("3 of 3"), "given up after three: {said:#?}");
    assert!(said.out.contains("certificate"), "{said:#?}");
}

#[test]
fn few_tries_have_no_percentiles() {
    let desk = Desk::new();
    let (_listener, url) = listener();
    let probe = |tries| desk.says(&format!("{QUICK} --endpoint ap-southeast-2={url} --tries {tries}")).exits(0).out;
    let five = probe(5);
    assert!(five.contains("needs 6 ") && five.contains("needs 60"), "{five}");
    let many = probe(60);
    assert!(!many.contains("needs 6") && many.contains("0 of 60"), "{many}");
}

#[test]
fn an_answer_nearer_than_light_allows_is_doubted_and_not_written() {
    let desk = Desk::new();
    let (_listener, url) = listener();
    let args = format!("{QUICK} --endpoint ap-southeast-1={url} --tries 20 --write copy.toml");
    let said = desk.says(&args).exits(2);
    assert!(said.out.contains("light in fibre needs 61.8 ms from Sydney"), "{said:#?}");
    assert!(said.error().contains("impossible"), "{said:#?}");
    assert!(!desk.path("copy.toml").exists());
}

#[test]
fn the_copy_of_a_profile_has_what_was_measured_and_overwrites_nothing() {
    let desk = Desk::new();
    let (_listener, url) = listener();
    let args = format!("{QUICK} --profile apac --endpoint ap-southeast-2={url} --tries 20 --write copy.toml");
    desk.says(&args).exits(0);
    let copy = desk.read("copy.toml");
    let host = url.trim_start_matches("http://");
    assert!(copy.contains(&format!("source = \"bedbench probe, 20 tries, {host}: fastest TCP connect")), "{copy}");
    desk.says("profile check copy.toml").exits(0);
    let again = desk.says(&args).exits(2);
    assert!(again.error().contains("copy.toml is there already"), "{again:#?}");
    assert_eq!(desk.read("copy.toml"), copy);
}

#[test]
fn a_profile_beside_which_set_was_given_is_not_written() {
    let desk = Desk::new();
    let args = format!("{QUICK} --set region.singapore.rtt.value=95ms --write copy.toml");
    assert!(desk.says(&args).exits(2).err.contains("cannot be used with"));
}

#[test]
fn where_nobody_listens_or_no_name_is_known_one_line_says_so() {
    let desk = Desk::new();
    let (listener, url) = listener();
    drop(listener);
    for (url, reason) in [
        (url.as_str(), "refused"),
        ("https://bedrock.invalid", "cannot resolve bedrock.invalid"),
        ("https://bedrock.invalid:99999", "99999 is no port"),
    ] {
        let said = desk.says(&format!("{QUICK} --endpoint ap-southeast-2={url} --write copy.toml")).exits(1);
        assert!(said.error().starts_with("error: no endpoint was reached"), "{said:#?}");
        assert!(said.error().contains(reason) && said.out.is_empty(), "{said:#?}");
        assert!(!desk.path("copy.toml").exists());
    }
}

#[test]
fn one_endpoint_of_two_that_fails_is_on_the_screen_and_in_the_exit_code() {
    let desk = Desk::new();
    let (_listener, url) = listener();
    let args =
        format!("{QUICK} --tries 6 --endpoint ap-southeast-2={url} --endpoint ap-southeast-1=https://no.invalid");
    let said = desk.says(&args).exits(1);
    assert!(said.out.contains("ap-southeast-1: cannot resolve no.invalid"), "{said:#?}");
    assert!(said.out.contains("1 of 1") && said.out.contains("0 of 6"), "{said:#?}");
    assert!(said.err.is_empty(), "{said:#?}");
}
