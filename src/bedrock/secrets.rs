//! What a server tells us may repeat what we told it: a signature that is refused comes back with the headers it was
//! made of, a prompt that is too long with its beginning. None of it goes into records, reports or messages.

use std::fmt;

use aws_smithy_runtime_api::http::Headers;

/// What stands where something was taken out.
const TAKEN_OUT: &str = "[…]";

/// A repetition as long as this is none by chance. Shorter pieces of a token or a prompt tell nothing.
const FRAGMENT: usize = 24;

/// Half a fragment: every fragment holds a whole window that begins at a multiple of it.
const STEP: usize = FRAGMENT / 2;

/// Of an error: what is behind it is not looked at.
const LONGEST: usize = 240;

/// Shorter than any credential, and long enough not to stand in a message by chance.
const SHORTEST: usize = 6;

/// What a request carried that proves who is asking.
#[derive(Default)]
pub struct Secrets(Vec<String>);

/// Nothing of them is shown.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// Of a request that has been signed.
    pub fn of(headers: &Headers) -> Self {
        let mut secrets = Vec::new();
        secrets.extend(headers.get("x-amz-security-token").map(str::to_owned));
        if let Some(authorization) = headers.get("authorization") {
            let part = |name| authorization.split_once(name)?.1.split(['/', ',', ' ']).next().map(str::to_owned);
            match authorization.strip_prefix("Bearer ") {
                // API keys are base64, and a `/` is a part of them.
                Some(key) => secrets.push(key.to_owned()),
                None => secrets.extend(["Credential=", "Signature="].into_iter().filter_map(part)),
            }
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        Self(secrets)
    }

    /// What a server said, as it may be shown and kept: one short line without them, without what it repeats of them or
    /// of `prompt`, and without what a terminal would obey.
    pub fn clean(&self, said: &str, prompt: &str) -> String {
        self.hide(&one_line(said), prompt)
    }

    fn hide(&self, text: &str, prompt: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            if text.contains(secret) {
                text = text.replace(secret, TAKEN_OUT);
            }
        }
        for source in self.0.iter().map(String::as_str).chain([prompt]) {
            if source.len() >= FRAGMENT {
                text = without_fragments(&text, source);
            }
        }
        text
    }
}

fn one_line(text: &str) -> String {
    // Whatever was sent, no more of it is looked at than could be kept.
    let line = text.split_whitespace().take(LONGEST + 1).collect::<Vec<_>>().join(" ");
    cut(&line.replace(char::is_control, ""), LONGEST)
}

/// The first `longest` characters of `text`.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn without_fragments(text: &str, source: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((start, end)) = fragment(rest, source) {
        left += &rest[..start];
        left += TAKEN_OUT;
        rest = &rest[end..];
    }
    left + rest
}

/// Where in `text` the first fragment of `source` lies, at its full length.
fn fragment(text: &str, source: &str) -> Option<(usize, usize)> {
    let shared = |start: usize, end: usize| text.get(start..end).is_some_and(|piece| source.contains(piece));
    let window = |start: &usize| {
        let (start, end) = (text.floor_char_boundary(*start), text.floor_char_boundary(start + STEP));
        start < end && shared(start, end)
    };
    let mut from = 0;
    loop {
        let found = (from..text.len().saturating_sub(STEP - 1)).step_by(STEP).find(window)?;
        let (mut start, mut end) = (text.floor_char_boundary(found), text.floor_char_boundary(found + STEP));
        while let Some(before) = text[..start].chars().next_back().map(char::len_utf8)
            && shared(start - before, end)
        {
            start -= before;
        }
        while let Some(after) = text[end..].chars().next().map(char::len_utf8)
            && shared(start, end + after)
        {
            end += after;
        }
        if end - start >= FRAGMENT {
            return Some((start, end));
        }
        from = found + STEP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> Secrets {
        let mut headers = Headers::new();
        headers.insert("x-amz-security-token", "IQoJb3JpZ2luX2VjEJr//////////wEaDmFwLXNvdXRoZWFzdC0y");
        headers.insert(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDCANARY/20261123/ap-southeast-2/bedrock/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=0123456789abcdef",
        );
        Secrets::of(&headers)
    }

    #[test]
    fn what_proves_who_is_asking_is_taken_out() {
        let said = "AKIDCANARY signed 0123456789abcdef with x-amz-security-token:\
                    IQoJb3JpZ2luX2VjEJr//////////wEaDmFwLXNvdXRoZWFzdC0y";
        assert_eq!(signed().hide(said, ""), "[…] signed […] with x-amz-security-token:[…]");
        let cut = "the canonical string was x-amz-security-token:IQoJb3JpZ2luX2VjEJr//////////wEaD…";
        assert_eq!(signed().hide(cut, ""), "the canonical string was x-amz-security-token:[…]…");
        assert_eq!(format!("{:?}", signed()), "3 secrets");
    }

    #[test]
    fn an_api_key_is_taken_out_whole() {
        for key in ["bedrock-api-key-YmVkcm9jaw==", "ABSKQmVk/cm9ja0+FQ,SUtleS/abc== /x"] {
            let mut headers = Headers::new();
            headers.insert("authorization", format!("Bearer {key}"));
            let said = format!("no such key: {key} (Bearer {key})");
            assert_eq!(Secrets::of(&headers).clean(&said, ""), "no such key: […] (Bearer […])");
        }
    }

    #[test]
    fn what_is_said_is_one_short_line() {
        let clean = |text: &str| Secrets::default().clean(text, "");
        assert_eq!(clean("a\n  b\tc"), "a b c");
        assert_eq!(clean(&"x".repeat(1_000)).chars().count(), 241);
        assert_eq!(clean("\u{1b}]0;mine\u{7} red\u{9b}31m"), "]0;mine red31m");
        // Nor does it come back by being cut in two.
        let token = "IQoJb3JpZ2luX2VjEJr/////////\u{7}/wEaDmFwLXNvdXRoZWFzdC0y";
        assert_eq!(signed().clean(&format!("token: {token}"), ""), "token: […]");
    }

    #[test]
    fn a_prompt_is_not_repeated_wherever_it_was_cut() {
        let prompt = "Σ Please summarise the attached claim of Mrs Müller, 14 Station Street, for the assessor.";
        let none = Secrets::default();
        for (from, to) in [(0, 100), (3, 40), (10, 36), (20, 88), (31, 64)] {
            let (from, to) = (prompt.floor_char_boundary(from), prompt.floor_char_boundary(to));
            let said = none.hide(&format!("Input is too long: '{}' …", &prompt[from..to]), prompt);
            assert_eq!(said, "Input is too long: '[…]' …", "{from}..{to}");
        }
    }

    #[test]
    fn what_is_nobodys_secret_is_kept() {
        let prompt = "Please wait for the bus to come, and then tell me more about tokens.";
        for said in
            ["Too many tokens, please wait before trying again.", "", "x", "日本語のメッセージ、日本語のメッセージ"]
        {
            assert_eq!(signed().hide(said, prompt), said);
        }
    }
}
