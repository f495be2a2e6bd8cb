//! InvokeModel in the models' own words, tools and CountTokens, through the AWS SDK.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{
    AnyToolChoice, ContentBlock, ContentBlockDelta, ContentBlockStart, ConverseStreamOutput, ConverseTokensRequest,
    CountTokensInput, InvokeModelTokensRequest, ResponseStream, StopReason, SystemContentBlock, Tool, ToolChoice,
    ToolConfiguration, ToolInputSchema, ToolSpecification,
};
use aws_smithy_types::{Document, Number};
use serde_json::{Value, json};

use crate::setup::{CLAUDE, INVOKED, client, hello, in_time, start, sydney, user};

async fn whole(client: &Client, model: &str, body: &Value) -> Value {
    let call = client.invoke_model().model_id(model).body(Blob::new(body.to_string()));
    let output = in_time("invoke_model", call.send()).await.expect("an answer");
    assert_eq!(output.content_type(), "application/json");
    assert!(output.request_id().is_some());
    serde_json::from_slice(output.body().as_ref()).expect("JSON")
}

async fn streamed(client: &Client, model: &str, body: &Value) -> Vec<Value> {
    let call = client.invoke_model_with_response_stream().model_id(model).body(Blob::new(body.to_string()));
    let mut output = in_time("invoke_model_with_response_stream", call.send()).await.expect("a stream");
    assert_eq!(output.content_type(), "application/json");
    let mut events = Vec::new();
    while let Some(event) = in_time("the next event", output.body.recv()).await.expect("no error") {
        let ResponseStream::Chunk(part) = event else { panic!("{event:?}") };
        events.push(serde_json::from_slice(part.bytes().expect("bytes").as_ref()).expect("JSON"));
    }
    events
}

#[tokio::test]
async fn every_family_says_the_same_whole_and_streamed() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    for model in INVOKED {
        let body = hello(model);
        let whole = whole(&client, model, &body).await.to_string();
        let events = streamed(&client, model, &body).await;
        let metrics = &events.last().expect("events")["amazon-bedrock-invocationMetrics"];
        assert_eq!((&metrics["inputTokenCount"], &metrics["outputTokenCount"]), (&json!(2), &json!(10)), "{model}");
        assert_eq!((&metrics["firstByteLatency"], &metrics["invocationLatency"]), (&json!(20), &json!(38)), "{model}");
        let said: String = events.iter().map(said).collect();
        assert_eq!(said.split(' ').count(), 10, "{model}: {said}");
        assert!(whole.contains(&said), "{model}: {said:?} is not in {whole}");
    }
}

/// The text of one event of any family.
fn said(event: &Value) -> &str {
    ["/delta/text", "/contentBlockDelta/delta/text", "/outputText", "/generation", "/outputs/0/text"]
        .iter()
        .find_map(|path| event.pointer(path)?.as_str())
        .unwrap_or_default()
}

#[tokio::test]
async fn refusals_of_invoke_are_the_sdks_own_errors() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    for (model, body, message) in [
        ("none.such", "{}", "The provided model identifier is invalid."),
        (CLAUDE, "{", "Malformed input request, please reformat your input and try again."),
        (
            CLAUDE,
            r#"{"prompt":"x"}"#,
            "\"claude-3-haiku-20240307\" is not supported on this API. Please use the Messages API instead.",
        ),
    ] {
        let call = client.invoke_model().model_id(model).body(Blob::new(body)).send();
        let refused = in_time("invoke_model", call).await.map_err(SdkError::into_service_error).unwrap_err();
        assert!(refused.is_validation_exception());
        assert_eq!(refused.message(), Some(message));
        let call = client.invoke_model_with_response_stream().model_id(model).body(Blob::new(body)).send();
        let refused = in_time("the stream", call).await.map_err(SdkError::into_service_error).unwrap_err();
        assert!(refused.is_validation_exception());
    }
}

fn text(value: &str) -> Document {
    Document::String(value.into())
}

fn object<const N: usize>(entries: [(&str, Document); N]) -> Document {
    Document::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// A tool that any answer has to use.
fn forced() -> ToolConfiguration {
    let properties =
        object([("city", object([("type", text("string"))])), ("days", object([("type", text("integer"))]))]);
    let schema = object([("type", text("object")), ("properties", properties)]);
    let tool = ToolSpecification::builder().name("weather").input_schema(ToolInputSchema::Json(schema));
    ToolConfiguration::builder()
        .tools(Tool::ToolSpec(tool.build().unwrap()))
        .tool_choice(ToolChoice::Any(AnyToolChoice::builder().build()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_forced_tool_is_used_with_input_that_fits_its_schema() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    let call = client.converse().model_id(CLAUDE).messages(user("Hello")).tool_config(forced());
    let output = in_time("converse", call.send()).await.expect("an answer");
    assert_eq!(output.stop_reason(), &StopReason::ToolUse);
    let message = output.output().unwrap().as_message().unwrap();
    let [ContentBlock::ToolUse(used)] = message.content() else { panic!("{message:?}") };
    assert_eq!(used.name(), "weather");
    assert_eq!(used.input(), &object([("city", text("mock")), ("days", Document::Number(Number::PosInt(1)))]));

    let call = client.converse_stream().model_id(CLAUDE).messages(user("Hello")).tool_config(forced());
    let mut output = in_time("converse_stream", call.send()).await.expect("a stream");
    let (mut kinds, mut input) = (Vec::new(), String::new());
    while let Some(event) = in_time("the next event", output.stream.recv()).await.expect("no error") {
        kinds.push(match event {
            ConverseStreamOutput::ContentBlockStart(start) => {
                let Some(ContentBlockStart::ToolUse(tool)) = start.start() else { panic!("{start:?}") };
                assert_eq!((tool.name(), tool.tool_use_id()), ("weather", used.tool_use_id()));
                "start"
            }
            ConverseStreamOutput::ContentBlockDelta(delta) => {
                let Some(ContentBlockDelta::ToolUse(part)) = delta.delta() else { panic!("{delta:?}") };
                input.push_str(part.input());
                "delta"
            }
            ConverseStreamOutput::MessageStop(stop) => {
                assert_eq!(stop.stop_reason(), &StopReason::ToolUse);
                "stop"
            }
            _ => continue,
        });
    }
    kinds.dedup();
    assert_eq!(kinds, ["start", "delta", "stop"]);
    assert_eq!(serde_json::from_str::<Value>(&input).unwrap(), json!({ "city": "mock", "days": 1 }));
}

#[tokio::test]
async fn a_prompt_counts_the_same_wherever_it_is_counted() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    let prompt = "What is a token, and how many are there in this?";
    let system = SystemContentBlock::Text("Be brief.".into());
    let call = client.converse().model_id(CLAUDE).messages(user(prompt)).system(system.clone());
    let answered = in_time("converse", call.send()).await.unwrap().usage().unwrap().input_tokens();
    let conversation = ConverseTokensRequest::builder().messages(user(prompt)).system(system).build();
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "system": "Be brief.",
        "messages": [{ "role": "user", "content": prompt }],
    });
    let invocation = InvokeModelTokensRequest::builder().body(Blob::new(body.to_string())).build().unwrap();
    for input in [CountTokensInput::Converse(conversation), CountTokensInput::InvokeModel(invocation)] {
        let call = client.count_tokens().model_id(CLAUDE).input(input);
        assert_eq!(in_time("count_tokens", call.send()).await.unwrap().input_tokens(), answered);
    }
    assert_eq!(whole(&client, CLAUDE, &body).await["usage"]["input_tokens"], answered);
    assert_eq!(mock.requests()[0].1, 2, "what only counts is no inference");
}
