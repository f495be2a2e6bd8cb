//! What users of the AWS SDK rely on.

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{ContentBlock, ContentBlockDelta, ConverseStreamOutput, StopReason, TokenUsage};
use bedbench::core::{RegionId, Seed};
use bedbench::plan::workload::TokenLengths;
use bedbench::region::Law;
use uuid::Uuid;

use crate::setup::{
    MODEL, answers_of, at_most, client, in_time, ms, quota, start, start_strict, start_with, sydney, user,
};

fn text(output: &ConverseOutput) -> String {
    let message = output.output().expect("an output").as_message().expect("a message");
    message.content().iter().map(|block| block.as_text().expect("text").as_str()).collect()
}

async fn ask(client: &Client, prompt: &str, max_tokens: i32) -> ConverseOutput {
    let call = client.converse().model_id(MODEL).messages(user(prompt)).inference_config(at_most(max_tokens));
    in_time("converse", call.send()).await.expect("an answer")
}

/// What a stream said, in the order in which it said it.
#[derive(Default)]
struct Streamed {
    kinds: Vec<&'static str>,
    text: String,
    stop: Option<StopReason>,
    usage: Option<TokenUsage>,
    latency: Option<i64>,
}

async fn stream(client: &Client, prompt: &str, max_tokens: i32) -> Streamed {
    let call = client.converse_stream().model_id(MODEL).messages(user(prompt)).inference_config(at_most(max_tokens));
    let mut output = in_time("converse_stream", call.send()).await.expect("a stream");
    assert!(Uuid::parse_str(output.request_id().expect("a request id")).is_ok());
    let mut seen = Streamed::default();
    while let Some(event) = in_time("the next event", output.stream.recv()).await.expect("no error") {
        match event {
            ConverseStreamOutput::MessageStart(_) => seen.kinds.push("start"),
            ConverseStreamOutput::ContentBlockDelta(delta) => {
                let Some(ContentBlockDelta::Text(text)) = delta.delta() else { panic!("{delta:?}") };
                assert!(!text.is_empty());
                seen.text.push_str(text);
                seen.kinds.push("delta");
            }
            ConverseStreamOutput::ContentBlockStop(_) => seen.kinds.push("block stop"),
            ConverseStreamOutput::MessageStop(stop) => {
                seen.stop = Some(stop.stop_reason().clone());
                seen.kinds.push("stop");
            }
            ConverseStreamOutput::Metadata(metadata) => {
                seen.usage = metadata.usage().cloned();
                seen.latency = metadata.metrics().map(|metrics| metrics.latency_ms());
                seen.kinds.push("metadata");
            }
            other => panic!("never sent for text: {other:?}"),
        }
    }
    seen
}

#[tokio::test]
async fn an_answer_tells_its_text_usage_stop_reason_latency_and_request_id() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    let output = ask(&client, "Hello from Sydney", 100).await;
    assert_eq!(text(&output).split(' ').count(), 10);
    assert_eq!(output.stop_reason(), &StopReason::EndTurn);
    let usage = output.usage().unwrap();
    assert_eq!((usage.input_tokens(), usage.output_tokens(), usage.total_tokens()), (5, 10, 15));
    // 20 ms, and nine more tokens at 2 ms: the service's own time, whatever the machine adds.
    assert_eq!(output.metrics().unwrap().latency_ms(), 38);
    let first = Uuid::parse_str(output.request_id().unwrap()).expect("a UUID");
    let second = ask(&client, "Hello from Sydney", 100).await;
    assert_ne!(Uuid::parse_str(second.request_id().unwrap()).unwrap(), first, "new for every request");
}

#[tokio::test]
async fn a_stream_says_the_same_as_the_whole_answer() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    for max_tokens in [1, 2, 5, 7, 100] {
        let whole = ask(&client, "Say it twice", max_tokens).await;
        let streamed = stream(&client, "Say it twice", max_tokens).await;
        assert_eq!(streamed.text, text(&whole));
        assert_eq!(streamed.stop.as_ref(), Some(whole.stop_reason()));
        assert_eq!(streamed.usage.as_ref(), whole.usage());
        assert_eq!(streamed.latency, whole.metrics().map(|metrics| metrics.latency_ms()));
        let (deltas, rest): (Vec<_>, Vec<_>) = streamed.kinds.into_iter().partition(|kind| *kind == "delta");
        assert_eq!(rest, ["start", "block stop", "stop", "metadata"]);
        assert!(!deltas.is_empty());
    }
}

#[tokio::test]
async fn max_tokens_are_obeyed_and_named_as_the_reason() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    for (max_tokens, written, reason) in
        [(1, 1, StopReason::MaxTokens), (9, 9, StopReason::MaxTokens), (11, 10, StopReason::EndTurn)]
    {
        let output = ask(&client, "Hello", max_tokens).await;
        assert_eq!(output.usage().unwrap().output_tokens(), written);
        assert_eq!(output.stop_reason(), &reason, "max_tokens {max_tokens}");
    }
}

#[tokio::test]
async fn a_longer_prompt_is_more_input() {
    let mock = start(vec![sydney()]);
    let client = client(mock.addresses()[0]);
    let mut before = 0;
    for words in [1, 10, 100, 1_000] {
        let counted = ask(&client, &"word ".repeat(words), 1).await.usage().unwrap().input_tokens();
        assert!(counted > before, "{counted} tokens for {words} words");
        before = counted;
    }
}

#[tokio::test]
async fn a_conversation_with_a_system_prompt_is_taken() {
    let mock = start(vec![sydney()]);
    let reply = aws_sdk_bedrockruntime::types::Message::builder()
        .role(aws_sdk_bedrockruntime::types::ConversationRole::Assistant)
        .content(ContentBlock::Text("An answer".into()))
        .build()
        .unwrap();
    let call = client(mock.addresses()[0])
        .converse()
        .model_id(MODEL)
        .system(aws_sdk_bedrockruntime::types::SystemContentBlock::Text("Be brief.".into()))
        .messages(user("A question"))
        .messages(reply)
        .messages(user("And another"));
    assert!(in_time("converse", call.send()).await.is_ok());
}

#[tokio::test]
async fn one_seed_gives_the_same_answers_in_two_runs_and_another_does_not() {
    let answers = async |seed| {
        let mut place = sydney();
        place.ttft = Law::log_normal(ms(5), ms(10));
        let mock = start_with(vec![place], answers_of(TokenLengths { p50: 8, p95: 30, max: 60 }), Seed(seed));
        let client = client(mock.addresses()[0]);
        let mut answers = Vec::new();
        for prompt in ["one", "two", "three", "four", "five"] {
            let output = ask(&client, prompt, 100).await;
            let latency = output.metrics().unwrap().latency_ms();
            answers.push((text(&output), output.usage().unwrap().output_tokens(), latency));
        }
        answers
    };
    let first = answers(7).await;
    assert_eq!(answers(7).await, first);
    assert_ne!(answers(8).await, first);
}

#[tokio::test]
async fn exceptions_before_the_answer_are_the_sdks_own_errors() {
    let mut throttled = sydney();
    throttled.quotas = quota(Some(1.0), None);
    let mock = start(vec![throttled]);
    let client = client(mock.addresses()[0]);
    ask(&client, "the only one", 1).await;
    let unary = client.converse().model_id(MODEL).messages(user("one too many")).send();
    let SdkError::ServiceError(refused) = in_time("converse", unary).await.unwrap_err() else { panic!() };
    assert!(refused.err().is_throttling_exception());
    assert_eq!(refused.raw().status().as_u16(), 429);
    let streaming = client.converse_stream().model_id(MODEL).messages(user("one too many")).send();
    let SdkError::ServiceError(refused) = in_time("converse_stream", streaming).await.unwrap_err() else { panic!() };
    assert!(refused.err().is_throttling_exception());
    assert_eq!(refused.err().message(), Some("Too many requests, please wait before trying again."));

    let mut full = sydney();
    (full.slots, full.queue, full.tpot) = (1, 0, Law::Fixed(ms(3_600_000)));
    let mock = start(vec![full]);
    let client = self::client(mock.addresses()[0]);
    let endless = client.converse_stream().model_id(MODEL).messages(user("takes the slot")).send();
    let _holding_the_slot = in_time("the first token", endless).await.unwrap();
    let refused = client.converse().model_id(MODEL).messages(user("finds none")).send();
    let refused = in_time("converse", refused).await.unwrap_err().into_service_error();
    assert!(refused.is_service_unavailable_exception(), "{refused:?}");
}

#[tokio::test]
async fn model_ids_mean_what_they_mean_in_their_region() {
    let mut singapore = sydney();
    singapore.region = "ap-southeast-1".parse::<RegionId>().unwrap();
    let mock = start_strict(vec![sydney(), singapore]);
    let [sydney, singapore] = [0, 1].map(|i| client(mock.addresses()[i]));
    let call = async |client: &Client, model: &str| {
        let call = client.converse().model_id(model).messages(user("Hello")).inference_config(at_most(1));
        in_time("converse", call.send()).await.map_err(SdkError::into_service_error)
    };
    for model in [
        "amazon.nova-lite-v1:0",
        "au.anthropic.claude-sonnet-4-6",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "arn:aws:bedrock:ap-southeast-2::foundation-model/amazon.nova-lite-v1:0",
        "arn:aws:bedrock:ap-southeast-2:111122223333:inference-profile/au.anthropic.claude-sonnet-4-6",
    ] {
        let answered = call(&sydney, model).await;
        assert!(answered.is_ok(), "{model}: {answered:?}");
    }
    let refused = call(&singapore, "au.anthropic.claude-sonnet-4-6").await.unwrap_err();
    assert!(refused.is_validation_exception(), "{refused:?}");
    assert_eq!(refused.message(), Some("The provided model identifier is invalid."));
    let elsewhere = "arn:aws:bedrock:us-west-2:111122223333:inference-profile/us.anthropic.claude-sonnet-4-6";
    assert!(call(&sydney, elsewhere).await.unwrap_err().is_validation_exception());
    assert_eq!(mock.requests().iter().map(|(_, requests)| requests).sum::<u64>(), 7);
}
