use std::time::Duration;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::base64;
use bytes::BytesMut;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::core::{RegionId, RequestKey};
use crate::mock::asked::{Asked, Tool};
use crate::mock::converse;
use crate::mock::family;
use crate::mock::reply::Said;
use crate::region::call::Timeline;

const MODELS: [&str; 5] = [
    "anthropic.claude-sonnet-5",
    "amazon.nova-lite-v1:0",
    "amazon.titan-text-lite-v1",
    "meta.llama3",
    "mistral.mistral",
];

/// Takes frames apart as the AWS SDK does, fed `step` bytes at a time: name and payload.
fn decode(bytes: &[u8], step: usize) -> Vec<(String, Value)> {
    let (mut decoder, mut buffer, mut decoded) = (MessageFrameDecoder::new(), BytesMut::new(), Vec::new());
    for part in bytes.chunks(step) {
        buffer.extend_from_slice(part);
        while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut buffer).expect("checksums hold") {
            let name = message.headers()[0].value().as_string().unwrap().as_str().to_owned();
            let mut payload: Value = serde_json::from_slice(message.payload()).unwrap();
            let padding = payload.as_object_mut().unwrap().remove("p").unwrap();
            assert!((2..=61).contains(&padding.as_str().unwrap().len()));
            decoded.push((name, payload));
        }
    }
    assert!(buffer.is_empty(), "whole frames only");
    decoded
}

fn reply(key: u64, model: &str, asked: &Asked, drawn: u32) -> Reply {
    let said = Said::new(RequestKey(key), model.into(), asked, drawn);
    let first_token = RunTime::ZERO + Duration::from_millis(300);
    let (started, gap) = (RunTime::ZERO, Duration::from_millis(7));
    let tokens = said.tokens();
    let timeline =
        Timeline { place: RegionId::SYDNEY, arrived: started, started, first_token, gap, tokens, fault: None };
    Reply { said, timeline }
}

/// What the shown text of a whole answer and that of its stream are made of.
fn texts(value: &Value) -> String {
    const TEXTS: [&str; 5] = ["text", "outputText", "generation", "partial_json", "input"];
    match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) if TEXTS.contains(&name.as_str()) => text.clone(),
                value => texts(value),
            })
            .collect(),
        Value::Array(values) => values.iter().map(texts).collect(),
        _ => String::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_come_out_of_the_decoder_as_they_went_in(
        events in prop::collection::vec(("[a-zA-Z]{1,40}", ".*", any::<u64>()), 1..20),
        step in 1_usize..200,
    ) {
        let mut bytes = Vec::new();
        for (name, text, padding) in &events {
            bytes.extend(wire::named(json!({ name: { "text": text } }), *padding));
            bytes.extend(wire::chunk(&json!({ "text": text }), *padding));
        }
        let decoded = decode(&bytes, step);
        prop_assert_eq!(decoded.len(), 2 * events.len());
        for ((name, text, _), pair) in events.iter().zip(decoded.chunks(2)) {
            let payload = json!({ "text": text });
            let chunk = json!({ "bytes": base64::encode(payload.to_string()) });
            prop_assert_eq!(pair, [(name.clone(), payload), ("chunk".to_owned(), chunk)]);
        }
    }

    #[test]
    fn a_stream_says_what_the_whole_says_at_its_times(
        key in any::<u64>(),
        drawn in 1_u32..300,
        max_tokens in 1_u32..300,
        stop in proptest::option::of("[a-z ]{1,3}|mock answer from bedbench no model was|asked"),
        property in proptest::option::of(".{0,30}"),
        model in select(&MODELS[..]),
        invoke in any::<bool>(),
        step in 1_usize..200,
    ) {
        let forced = property.filter(|_| model.starts_with("anthropic")).map(|name| {
            let schema = json!({ "type": "object", "properties": { name: { "type": "string" } } });
            Tool { name: "tool".into(), description: String::new(), schema }
        });
        let forces = forced.is_some();
        let asked = Asked { input_tokens: 3, max_tokens, stop_sequences: stop.into_iter().collect(), forced };
        let reply = reply(key, model, &asked, drawn);
        let (timeline, written) = (reply.timeline, reply.said.written.clone());
        let family = &family::of(model).unwrap().invoke.as_ref().unwrap().shape;
        let (shape, framing) = if invoke { (family, Framing::Chunks) } else { (&converse::SHAPE, Framing::Named) };
        let whole = (shape.whole)(&reply);
        let events: Vec<Event> = Events::new(reply, shape, framing).collect();
        prop_assert!(events.is_sorted_by_key(|event| event.due));
        prop_assert_eq!(events[0].due, timeline.first_token);
        prop_assert_eq!(events[events.len() - 1].due, timeline.last_token());

        let bytes: Vec<u8> = events.iter().flat_map(|event| event.bytes()).collect();
        let decoded = decode(&bytes, step);
        prop_assert_eq!(decoded.len(), events.len());
        let last = &decoded[decoded.len() - 1];
        prop_assert_eq!(last.0.as_str(), if invoke { "chunk" } else { "metadata" });
        let said: String = decoded.iter().map(|(_, payload)| match payload["bytes"].as_str() {
            Some(inner) => texts(&serde_json::from_slice(&base64::decode(inner).unwrap()).unwrap()),
            None => texts(payload),
        }).collect();
        prop_assert_eq!(&said, written.text());
        if !forces {
            prop_assert_eq!(texts(&whole), said);
        }
    }
}
