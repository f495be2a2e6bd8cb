//! What stands between a command line and an AWS bill. Nothing here can reach AWS: every command
//! ends before a request, or has credentials that open nothing and an endpoint on this machine.

use std::net::TcpListener;
use std::time::Duration;

use bedbench::clock::monotonic;

use super::desk::{Desk, SHORT, Said, files_in};

#[test]
fn a_live_run_says_what_it_would_send_and_waits_for_a_yes() {
    let desk = Desk::new();
    // Even where everything else is in place.
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let endpoint = format!("--endpoint ap-southeast-2=http://{}", socket.local_addr().unwrap());
    let args = format!("run --rps 5 -d 1s --warmup 0s --profile au {endpoint} --endpoint-credentials");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let said = Said::of(desk.command(&args).envs(keys)).exits(6);
    assert!(said.err.contains("costs money") && said.err.contains("ap-southeast-2"), "{said:#?}");
    assert!(said.err.contains(" USD at most") && !said.err.contains("no price is known"), "{said:#?}");
    assert!(said.error().contains("add --yes, a --budget, or --mock"), "{said:#?}");
    assert!(socket.accept().is_err(), "something was sent");
    assert_eq!(files_in(&desk.path("")), [""; 0]);
}

#[test]
fn what_has_no_price_is_named_before_anything_is_asked() {
    let said = Desk::new().says("run --rps 5 -d 1s --profile sydney").exits(6);
    let flowing = said.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flowing.contains("no price is known for `amazon.nova-lite-v1:0` in-region in Sydney"), "{said:#?}");
}

#[test]
fn where_the_results_cannot_go_nothing_is_asked() {
    let desk = Desk::new();
    desk.write("taken", "mine");
    let said = desk.says("run --rps 5 -d 1s --profile au -o taken").exits(1);
    assert!(!said.err.contains("costs money") && said.error().contains("results there: taken: "), "{said:#?}");
}

#[test]
fn without_credentials_there_is_one_line_and_soon() {
    let desk = Desk::new();
    for metadata_disabled in ["true", "false"] {
        let mut command = desk.command("run --rps 5 -d 1s --profile au --yes");
        command.env("AWS_EC2_METADATA_DISABLED", metadata_disabled);
        let started = monotonic();
        let said = Said::of(&mut command).exits(2);
        let took = started.elapsed();
        assert!(said.error().starts_with("error: no AWS credentials: "), "{said:#?}");
        assert!(said.error().ends_with("To try bedbench without an account, add --mock"), "{said:#?}");
        assert!(
            !said.err.contains("IMDS") && said.err.contains("`aws sso login`, or set AWS_ACCESS_KEY_ID"),
            "{said:#?}"
        );
        assert!(took < Duration::from_secs(5), "{took:?} with the metadata service disabled: {metadata_disabled}");
        assert_eq!(files_in(&desk.path("")), [""; 0]);
    }
}

#[test]
fn broken_credentials_name_the_reason_behind_the_reason() {
    let desk = Desk::new();
    let run = "run --rps 5 -d 1s --profile au --yes";
    let said = Said::of(desk.command(run).env("AWS_PROFILE", "payments")).exits(2);
    assert!(said.error().contains("none are configured (AWS_PROFILE is `payments`)"), "{said:#?}");
    std::fs::create_dir(desk.path(".aws")).unwrap();
    desk.write(".aws/config", "[profile payments]\ncredential_process = /nowhere/at-all\n");
    let said = Said::of(desk.command(run).env("AWS_PROFILE", "payments")).exits(2);
    assert!(said.error().contains("/nowhere/at-all: not found (AWS_PROFILE is `payments`)"), "{said:#?}");
}

#[test]
fn ambient_endpoints_are_named_and_not_called() {
    let desk = Desk::with_short_answers();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let names = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"];
    let said = desk.measures(&format!("{SHORT} -q"), &names.map(|name| (name, url.as_str()))).exits(0);
    for name in names {
        assert!(said.err.contains(&format!("warning: {name} is set and ignored")), "{said:#?}");
    }
    assert!(socket.accept().is_err(), "the ambient endpoint was called");
}
