//! A server that says back what it was told: nothing of it may reach a record.

use aws_credential_types::Credentials;
use bedbench::bedrock::{Access, Answer, Api};
use serde_json::json;

use crate::attempt::Caller;
use crate::common::bedbench;
use crate::server::{Server, chunk, endless_head, in_time, patient};

pub const KEY: &str = "AKIDCANARYCANARY0001";
pub const SECRET: &str = "canary-secret-0123456789abcdef0123456789";
pub const SESSION: &str = "canary-session-IQoJb3JpZ2luX2VjEJr0123456789abcdefghijklmnopqrstuvwxyz";
/// Base64, as API keys are.
const BEARER: &str = "ABSKcanary/0123456789abcdef+ghijklmnop/qrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ==";
const END_OF_BEARER: &str = "/qrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ==";
const PROMPT: &str = "canary prompt: the claim of Mrs Example, 14 Station Street, and what became of it since";

fn nothing_of_it_is_kept(answer: &Answer, what: &str) {
    let kept = format!("{answer:?}");
    for canary in [KEY, SECRET, SESSION, END_OF_BEARER, PROMPT, &SESSION[..30], &BEARER[..30], &PROMPT[20..50]] {
        assert!(!kept.contains(canary), "{what}: {canary} in {kept}");
    }
    assert!(answer.error.as_ref().is_some_and(|error| error.contains("[…]")), "{what}: {kept}");
}

#[tokio::test]
async fn what_a_server_says_back_is_taken_out_of_what_is_kept() {
    let signed = Credentials::new(KEY, SECRET, Some(SESSION.into()), None, "test");
    for access in [
        Access::SigV4(aws_sdk_bedrockruntime::config::SharedCredentialsProvider::new(signed)),
        Access::Bearer(aws_sdk_bedrockruntime::config::Token::new(BEARER, None)),
    ] {
        for (part, from) in
            [("authorization", "authorization: "), ("token", "x-amz-security-token: "), ("prompt", "\"text\":\"")]
        {
            for status in ["400 Bad Request", "429 Too Many Requests"] {
                for api in [Api::ConverseStream, Api::Converse] {
                    let server = Server::answering(move |peer| {
                        let said =
                            peer.request.split_once(from).map_or("nothing", |(_, rest)| rest.lines().next().unwrap());
                        let said: String = said.split('"').next().unwrap_or_default().chars().take(230).collect();
                        let body = json!({ "message": format!("refused: {said}") }).to_string();
                        let length = body.len();
                        // Also in the one header that is kept.
                        peer.write(format!(
                            "HTTP/1.1 {status}\r\nx-amzn-errortype: ValidationException\r\nx-amzn-requestid: {said}\r\n\
                             content-length: {length}\r\n\r\n{body}"
                        ))
                    });
                    let bearer = matches!(access, Access::Bearer(_));
                    let caller = Caller::with(&server.url, api, patient(), None, access.clone());
                    let answer = in_time("the attempt", caller.ask(PROMPT)).await;
                    if part == "token" && bearer {
                        continue;
                    }
                    nothing_of_it_is_kept(&answer, part);
                }
            }
        }
    }
}

#[tokio::test]
async fn nor_is_it_kept_when_it_comes_in_mid_stream() {
    let server = Server::answering(|peer| {
        let said = json!({ "message": PROMPT }).to_string();
        peer.write(endless_head())?;
        peer.write(chunk(&crate::server::exception("validationException", &said)))
    });
    let answer = in_time("the attempt", Caller::new(&server.url, Api::ConverseStream, patient()).ask(PROMPT)).await;
    nothing_of_it_is_kept(&answer, "mid-stream");
}

/// Every word of a prompt that is in all of them.
const IN_EVERY_PROMPT: &str = "reply with a short summary";

/// From the command line to the last file: what was told to a server that tells it back.
#[tokio::test]
async fn nothing_that_a_run_leaves_repeats_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::answering(|peer| {
        loop {
            let part = ["authorization: ", "x-amz-security-token: ", "\"text\":\""][peer.request.len() % 3];
            let said = peer.request.split_once(part).map_or("nothing", |(_, rest)| rest.lines().next().unwrap());
            let body = json!({ "message": format!("you said {}", said.replace('"', "")) }).to_string();
            let head = "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: ValidationException\r\n";
            peer.write(format!("{head}content-length: {}\r\n\r\n{body}", body.len()))?;
            peer.read_request()?;
        }
    });
    let signed = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", SESSION)];
    for keys in [&signed[..], &[("AWS_BEARER_TOKEN_BEDROCK", BEARER)]] {
        let out = folder.path().join(keys.len().to_string());
        let endpoint = format!("ap-southeast-2={}", server.url);
        let mut said = String::new();
        let mut says = |args: &[&str], code: i32| {
            let mut command = bedbench();
            command.args(args).envs(keys.iter().copied()).env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
            let output = command.current_dir(folder.path()).output().unwrap();
            said += &String::from_utf8_lossy(&[output.stdout, output.stderr].concat());
            assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        };
        let out = out.to_str().unwrap();
        let run = ["run", "--profile", "au", "--rps", "30", "-d", "1s", "--warmup", "0s", "--yes", "--endpoint"];
        says(&[&run[..], &[&endpoint, "--endpoint-credentials", "-o", out]].concat(), 1);
        says(&["report", out], 0);
        says(&["report", out, "--format", "json"], 0);
        says(&["export", "evidence", out], 0);
        assert!(said.contains("you said"), "the server was understood: {said}");
        let mut files = vec![std::path::PathBuf::from(out)];
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                said += &String::from_utf8_lossy(&std::fs::read(&path).unwrap());
            }
        }
        assert!(said.matches("you said").count() > 30, "every attempt has its line");
        let canaries = [KEY, SECRET, SESSION, END_OF_BEARER, &SESSION[..24], &BEARER[..24], IN_EVERY_PROMPT];
        for canary in canaries {
            let found = said.find(canary).map(|at| &said[said.floor_char_boundary(at.saturating_sub(200))..][..300]);
            assert_eq!(found, None, "{canary}");
        }
    }
}
