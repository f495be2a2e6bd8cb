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
            let part = |name| {
                let rest = authorization.split_once(name)?.1;
                Some(rest.split(['/', ',', ' ']).next().unwrap_or(rest).to_owned())
            };
            secrets.extend(["Bearer ", "Credential=", "Signature="].into_iter().filter_map(part));
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        Self(secrets)
    }

    /// `text` without them, and without what it repeats of them or of `prompt`.
    pub fn hide(&self, text: &str, prompt: &str) -> String {
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
        let mut headers = Headers::new();
        headers.insert("authorization", "Bearer bedrock-api-key-YmVkcm9jaw==");
        assert_eq!(Secrets::of(&headers).hide("no such key: bedrock-api-key-YmVkcm9jaw==", ""), "no such key: […]");
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
