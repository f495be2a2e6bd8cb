//! Who may call: signatures and API keys, checked as AWS checks them.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Identity;
use aws_sdk_bedrockruntime::config::{Credentials, Region, Token};
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{ConverseTokensRequest, CountTokensInput};
use aws_sdk_bedrockruntime::{Client, config};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::auth::AuthSchemeId;
use bedbench::clock::wall;
use bedbench::mock::{Callers, Mock};
use http_body_util::Full;

use crate::connections::http2;
use crate::raw::{Connection, HELLO, Response};
use crate::setup::{MODEL, config, hello, in_time, start_as, sydney, user};

const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";
const ARN: &str = "arn:aws:bedrock:ap-southeast-2:111122223333:inference-profile/apac.amazon.nova-lite-v1:0";
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn guarded() -> Mock {
    let callers =
        Callers { keys: vec![(KEY.into(), SECRET.into())], api_keys: vec!["an-api-key".into()], ..Callers::default() };
    start_as(vec![sydney()], |spec| spec.callers = callers)
}

fn client(mock: &Mock, alter: impl FnOnce(config::Builder) -> config::Builder) -> Client {
    let config = config(&format!("http://{}", mock.addresses()[0]));
    Client::from_conf(alter(config.credentials_provider(keys(KEY, SECRET, None))).build())
}

/// Prefers the API key to the signature that it could make as well.
fn bearer(config: config::Builder, key: &str) -> config::Builder {
    config.bearer_token(Token::new(key, None)).auth_scheme_preference([AuthSchemeId::from("httpBearerAuth")])
}

fn keys(key: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials::new(key, secret, token.map(str::to_owned), None, "test")
}

/// Status and name of the exception that a call through the SDK ends with.
async fn refusal(client: &Client) -> (u16, String) {
    let call = client.converse().model_id(MODEL).messages(user("Hello"));
    let SdkError::ServiceError(refused) = in_time("converse", call.send()).await.unwrap_err() else { panic!() };
    (refused.raw().status().as_u16(), refused.err().code().expect("a name").to_owned())
}

#[tokio::test]
async fn right_keys_open_every_operation_for_ids_and_arns() {
    let mock = guarded();
    for client in [
        client(&mock, |config| config),
        client(&mock, |config| config.credentials_provider(keys(KEY, SECRET, Some("a/session+token==")))),
        client(&mock, |config| bearer(config, "an-api-key")),
    ] {
        for model in [MODEL, ARN] {
            let body = || Blob::new(hello(MODEL).to_string());
            let tokens = ConverseTokensRequest::builder().messages(user("Hello")).build();
            let tokens = CountTokensInput::Converse(tokens);
            let calls = async {
                client.converse().model_id(model).messages(user("Hello")).send().await.map(drop)?;
                client.converse_stream().model_id(model).messages(user("Hello")).send().await.map(drop)?;
                client.invoke_model().model_id(model).body(body()).send().await.map(drop)?;
                client.invoke_model_with_response_stream().model_id(model).body(body()).send().await.map(drop)?;
                client.count_tokens().model_id(model).input(tokens).send().await.map(drop)?;
                Ok::<_, aws_sdk_bedrockruntime::Error>(())
            };
            in_time("every operation", calls).await.unwrap_or_else(|error| panic!("{model}: {error:?}"));
        }
    }
}

#[tokio::test]
async fn wrong_keys_are_refused_by_the_names_that_aws_gives() {
    let mock = guarded();
    let invalid = (403, "InvalidSignatureException".to_owned());
    let wrong_secret = client(&mock, |config| config.credentials_provider(keys(KEY, "another", None)));
    assert_eq!(refusal(&wrong_secret).await, invalid);
    let elsewhere = client(&mock, |config| config.region(Region::new("us-west-2")));
    assert_eq!(refusal(&elsewhere).await, invalid);
    let unknown = client(&mock, |config| config.credentials_provider(keys("AKIDOTHER", SECRET, None)));
    assert_eq!(refusal(&unknown).await, (403, "UnrecognizedClientException".into()));
    let wrong_bearer = client(&mock, |config| bearer(config, "another"));
    assert_eq!(refusal(&wrong_bearer).await, (403, "AccessDeniedException".into()));
}

/// The headers that sign a request for `name` at `time`.
fn signature(name: &str, body: &str, time: SystemTime) -> Vec<(String, String)> {
    let identity = Identity::new(KEY, SECRET, None, None, "test").into();
    let settings = SigningSettings::default();
    let params = v4::SigningParams::builder().identity(&identity).region("ap-southeast-2").name(name);
    let params = params.time(time).settings(settings).build().expect("all is given").into();
    let url = format!("http://localhost{CONVERSE}");
    let request = SignableRequest::new("POST", url, std::iter::empty(), SignableBody::Bytes(body.as_bytes()));
    let (instructions, _) = sign(request.expect("a request"), &params).expect("signed").into_parts();
    instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Sends [`HELLO`] with `headers`, whatever they were made for.
async fn post(mock: &Mock, headers: &[(String, String)]) -> Response {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let length = HELLO.len();
    let head = format!("POST {CONVERSE} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{headers}\r\n");
    connection.write(head + HELLO).await;
    connection.response().await.expect("an answer")
}

#[tokio::test]
async fn what_was_signed_must_be_what_was_sent_here_and_now() {
    let mock = guarded();
    let good = signature("bedrock", HELLO, wall());
    assert_eq!(post(&mock, &good).await.status, 200);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    for time in [wall() - minutes(4), wall() + minutes(4)] {
        assert_eq!(post(&mock, &signature("bedrock", HELLO, time)).await.status, 200, "within the five minutes");
    }
    for (what, headers) in [
        ("a slow clock", signature("bedrock", HELLO, wall() - minutes(6))),
        ("a fast clock", signature("bedrock", HELLO, wall() + minutes(6))),
        ("another body", signature("bedrock", "{}", wall())),
        ("another service", signature("bedrock-runtime", HELLO, wall())),
    ] {
        let refused = post(&mock, &headers).await;
        assert_eq!((refused.status, refused.exception().0.as_str()), (403, "InvalidSignatureException"), "{what}");
    }
}

#[tokio::test]
async fn headers_that_are_missing_are_named() {
    let mock = guarded();
    let good = signature("bedrock", HELLO, wall());
    let without = |name: &str| -> Vec<_> { good.iter().filter(|(known, _)| known != name).cloned().collect() };
    let refused = post(&mock, &without("x-amz-date")).await;
    assert_eq!((refused.status, refused.exception().0.as_str()), (400, "IncompleteSignatureException"));
    assert!(refused.exception().1.contains("X-Amz-Date"), "{refused:?}");
    let refused = post(&mock, &without("authorization")).await;
    assert_eq!((refused.status, refused.exception().0.as_str()), (400, "IncompleteSignatureException"));
    for authorization in ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x, Signature=y", "Basic bW9jaw==", "ä"] {
        let mut headers = without("authorization");
        headers.push(("authorization".into(), authorization.into()));
        let refused = post(&mock, &headers).await;
        assert!([400, 403].contains(&refused.status), "{authorization}: {refused:?}");
    }
    let [date, authorization] =
        ["x-amz-date", "authorization"].map(|name| good.iter().find(|(known, _)| known == name).unwrap().clone());
    let signed = authorization.1.replace("SignedHeaders=", "SignedHeaders=content-type;");
    let refused = post(&mock, &[date, ("authorization".into(), signed)]).await;
    assert_eq!((refused.status, refused.exception().0.as_str()), (400, "IncompleteSignatureException"));
    assert!(refused.exception().1.contains("'content-type'"), "{refused:?}");
}

#[tokio::test]
async fn signatures_hold_over_http2() {
    let mock = guarded();
    let mut sender = http2(mock.addresses()[0]).await;
    for (body, status) in [(HELLO, 200), ("{}", 403)] {
        let mut request = hyper::Request::post(format!("http://localhost{CONVERSE}"));
        for (name, value) in signature("bedrock", body, wall()) {
            request = request.header(name, value);
        }
        let sent = request.body(Full::new(HELLO.into())).expect("a request");
        let answered = in_time("an answer", sender.send_request(sent)).await.expect("an answer");
        assert_eq!(answered.status().as_u16(), status, "signed for {body}");
    }
}
