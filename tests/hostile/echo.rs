//! A server that says back what it was told: nothing of it may reach a record.

use aws_credential_types::Credentials;
use bedbench::bedrock::{Access, Answer, Api};
use serde_json::json;

use crate::attempt::Caller;
use crate::server::{Server, chunk, endless_head, in_time, patient};

const KEY: &str = "AKIDCANARYCANARY0001";
const SECRET: &str = "canary-secret-0123456789abcdef0123456789";
const SESSION: &str = "canary-session-IQoJb3JpZ2luX2VjEJr0123456789abcdefghijklmnopqrstuvwxyz";
const BEARER: &str = "bedrock-api-key-canary-0123456789abcdefghijklmnopqrstuvwxyz";
const PROMPT: &str = "canary prompt: the claim of Mrs Example, 14 Station Street, and what became of it since";

fn nothing_of_it_is_kept(answer: &Answer, what: &str) {
    let kept = format!("{answer:?}");
    for canary in [KEY, SECRET, SESSION, BEARER, PROMPT, &SESSION[..30], &BEARER[..30], &PROMPT[20..50]] {
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
