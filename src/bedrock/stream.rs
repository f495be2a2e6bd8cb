//! Reading a ConverseStream: which event is the first token, and when a stream is really over.

use std::time::Duration;

use aws_sdk_bedrockruntime::types::{ContentBlockDelta, ConverseStreamOutput, TokenUsage};

use crate::core::RunTime;
use crate::core::record::Usage;

/// What has been seen of a stream so far. Pure: events and times come in, facts come out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamState {
    pub first_token: Option<RunTime>,
    pub last_token: Option<RunTime>,
    pub usage: Option<Usage>,
    pub service_latency: Option<Duration>,
    stopped: bool,
    metadata: bool,
}

impl StreamState {
    pub fn on(&mut self, now: RunTime, event: &ConverseStreamOutput) {
        match event {
            ConverseStreamOutput::ContentBlockDelta(delta) if delta.delta().is_some_and(has_content) => {
                self.first_token.get_or_insert(now);
                self.last_token = Some(now);
            }
            ConverseStreamOutput::MessageStop(_) => self.stopped = true,
            ConverseStreamOutput::Metadata(metadata) => {
                self.metadata = true;
                self.usage = metadata.usage().map(usage);
                self.service_latency = metadata.metrics().and_then(|metrics| millis(metrics.latency_ms()));
            }
            _ => {}
        }
    }

    /// A body that merely ends looks like success to the SDK; a whole answer has said that it
    /// stopped, and what it used.
    pub fn is_complete(&self) -> bool {
        self.stopped && self.metadata
    }
}

/// Some models open with an empty delta; it is not the first token.
fn has_content(delta: &ContentBlockDelta) -> bool {
    match delta {
        ContentBlockDelta::Text(text) => !text.is_empty(),
        ContentBlockDelta::ToolUse(tool) => !tool.input().is_empty(),
        ContentBlockDelta::ReasoningContent(reasoning) => reasoning.as_text().map_or(true, |text| !text.is_empty()),
        _ => true,
    }
}

pub fn usage(usage: &TokenUsage) -> Usage {
    let count = |tokens: i32| u32::try_from(tokens).unwrap_or(0);
    Usage { input_tokens: count(usage.input_tokens()), output_tokens: count(usage.output_tokens()) }
}

pub fn millis(latency: i64) -> Option<Duration> {
    u64::try_from(latency).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::types::{
        ContentBlockDeltaEvent, ConverseStreamMetadataEvent, ConverseStreamMetrics, MessageStopEvent, StopReason,
    };

    use super::*;

    fn text(text: &str) -> ConverseStreamOutput {
        let event = ContentBlockDeltaEvent::builder().content_block_index(0);
        let event = event.delta(ContentBlockDelta::Text(text.into())).build().unwrap();
        ConverseStreamOutput::ContentBlockDelta(event)
    }

    fn stop() -> ConverseStreamOutput {
        let event = MessageStopEvent::builder().stop_reason(StopReason::EndTurn).build().unwrap();
        ConverseStreamOutput::MessageStop(event)
    }

    fn metadata() -> ConverseStreamOutput {
        let usage = TokenUsage::builder().input_tokens(10).output_tokens(3).total_tokens(13).build().unwrap();
        let metrics = ConverseStreamMetrics::builder().latency_ms(450).build().unwrap();
        ConverseStreamOutput::Metadata(ConverseStreamMetadataEvent::builder().usage(usage).metrics(metrics).build())
    }

    fn at(ms: u64) -> RunTime {
        RunTime::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn an_empty_delta_is_not_the_first_token() {
        let mut state = StreamState::default();
        state.on(at(1), &text(""));
        assert_eq!(state.first_token, None);
        state.on(at(2), &text("Hello"));
        state.on(at(5), &text(" there"));
        state.on(at(6), &text(""));
        assert_eq!((state.first_token, state.last_token), (Some(at(2)), Some(at(5))));
    }

    #[test]
    fn a_stream_is_whole_only_with_stop_and_metadata() {
        let mut state = StreamState::default();
        state.on(at(1), &text("Hello"));
        assert!(!state.is_complete());
        state.on(at(2), &stop());
        assert!(!state.is_complete());
        state.on(at(3), &metadata());
        assert!(state.is_complete());
        assert_eq!(state.usage, Some(Usage { input_tokens: 10, output_tokens: 3 }));
        assert_eq!(state.service_latency, Some(Duration::from_millis(450)));
    }
}
