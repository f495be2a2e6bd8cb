//! What the mock writes: words that anyone can tell from a model's, or the input of a tool.

use std::ops::Range;

use crate::core::RequestKey;
use crate::plan::prompt::BYTES_PER_TOKEN;

/// More bytes than all words together, with their blanks.
const ROUND: usize = 48;

/// A text and where each of its tokens ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    text: String,
    /// Ten thousand answers are held at once: half the size matters.
    ends: Vec<u32>,
}

impl Written {
    /// The answer to `key`.
    pub fn words(key: RequestKey, tokens: u32) -> Self {
        const WORDS: [&str; 8] = ["mock", "answer", "from", "bedbench", "no", "model", "was", "asked"];
        let text = String::with_capacity((tokens as usize).div_ceil(WORDS.len()) * ROUND);
        let mut written = Self { text, ends: Vec::with_capacity(tokens as usize) };
        for token in 0..u64::from(tokens) {
            if token > 0 {
                written.text.push(' ');
            }
            written.text += WORDS[(key.0.wrapping_add(token) % 8) as usize];
            written.ends.push(written.text.len() as u32);
        }
        written
    }

    /// JSON in tokens of an average length.
    pub fn json(text: String) -> Self {
        let mut ends = Vec::with_capacity(text.len().div_ceil(BYTES_PER_TOKEN));
        let mut end = 0;
        while end < text.len() {
            end = text.ceil_char_boundary(end + BYTES_PER_TOKEN);
            ends.push(end as u32);
        }
        Self { text, ends }
    }

    pub fn tokens(&self) -> u32 {
        self.ends.len() as u32
    }

    pub fn size(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn part(&self, tokens: Range<u32>) -> &str {
        let start = |token: u32| token.checked_sub(1).map_or(0, |before| self.ends[before as usize] as usize);
        &self.text[start(tokens.start)..start(tokens.end)]
    }

    /// Leaves the first `tokens` only.
    pub fn limit(&mut self, tokens: u32) {
        self.ends.truncate(tokens as usize);
        self.text.truncate(self.ends.last().copied().unwrap_or(0) as usize);
    }

    /// Ends [words](Self::words) before the first of `sequences` that is completed, and names it. Its own tokens were
    /// written, and count, but are not shown.
    pub fn stop<'a>(&mut self, sequences: &'a [String]) -> Option<&'a str> {
        let (end, start, sequence) = sequences
            .iter()
            .filter(|sequence| !sequence.is_empty())
            .filter_map(|sequence| {
                // The words repeat: what does not begin in their first round does not occur.
                let text = self.text.get(..ROUND + sequence.len()).unwrap_or(&self.text);
                text.find(sequence).map(|at| (at + sequence.len(), at, sequence))
            })
            .min()?;
        let tokens = self.ends.partition_point(|token| (*token as usize) < end) + 1;
        self.ends.truncate(tokens);
        self.ends.iter_mut().for_each(|token| *token = (*token).min(start as u32));
        self.text.truncate(start);
        Some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        let json = r#"{"größe":"日本語","x":1}"#;
        for written in [Written::words(RequestKey(3), 11), Written::json(json.into())] {
            for step in 1..5 {
                let tokens = written.tokens();
                let starts = (0..tokens).step_by(step as usize);
                let parts: String = starts.map(|from| written.part(from..(from + step).min(tokens))).collect();
                assert_eq!(parts, written.text());
            }
        }
    }

    #[test]
    fn a_stop_sequence_is_written_and_not_shown() {
        let mut written = Written::words(RequestKey(0), 20);
        let sequences = ["asked mock", "was", "no model", ""].map(String::from);
        assert_eq!(written.stop(&sequences), Some("no model"));
        assert_eq!(written.text(), "mock answer from bedbench ");
        assert_eq!(written.tokens(), 6);
        assert_eq!((written.part(0..4), written.part(4..6)), ("mock answer from bedbench", " "));
        assert_eq!(written.stop(&sequences), None);
        assert_eq!(written.stop(&["m".into()]), Some("m"));
        assert_eq!((written.text(), written.tokens()), ("", 1));
    }

    #[test]
    fn a_limit_keeps_the_first_tokens() {
        let mut written = Written::json(r#"{"a":"bcdefgh"}"#.into());
        written.limit(2);
        assert_eq!((written.text(), written.tokens()), (r#"{"a":"bc"#, 2));
    }
}
