//! Reading our TOML files, with errors that name the line and what to write instead.

use std::fmt;

use serde::de::DeserializeOwned;

/// A file that could not be used: where, why, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    pub file: String,
    /// From 1; absent for what concerns the file as a whole.
    pub line: Option<usize>,
    pub message: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

impl std::error::Error for FileError {}

impl FileError {
    pub fn new(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: None, message: message.into() }
    }
}

/// The only version of our files so far.
const SCHEMA: u32 = 1;

/// # Errors
/// When the file says that it is of another version.
pub fn check_schema(file: &str, schema: u32) -> Result<(), FileError> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(FileError::new(file, format!("schema {schema} is not known to this version, which reads schema {SCHEMA}")))
}

/// The line, from 1, that byte `at` of `text` is on.
pub fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at.min(text.len())].matches('\n').count()
}

/// Parses `text` strictly: an unknown key is an error, with the nearest known one as suggestion.
///
/// # Errors
/// [`FileError`] with the line.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| FileError {
        file: file.to_owned(),
        line: error.span().map(|span| line_of(text, span.start)),
        message: explain(error.message()),
    })
}

/// serde says ``unknown field `rps`, expected one of `rtt`, `ttft` ``: people ask what was meant.
fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let (Some(unknown), true) = (quoted.next(), message.starts_with("unknown ")) else {
        return in_words_of_toml(&message.replace('\n', " "));
    };
    let known: Vec<_> = quoted.collect();
    let kind = if message.starts_with("unknown field") { "key" } else { "value" };
    match nearest(unknown, known.iter().copied()) {
        Some(near) => format!("unknown {kind} `{unknown}`; did you mean `{near}`?"),
        None => format!("unknown {kind} `{unknown}`; possible here: {}", known.join(", ")),
    }
}

/// serde speaks of Rust's types; people write tables and lists.
fn in_words_of_toml(message: &str) -> String {
    let message = message.replace("expected a sequence", "expected a list [ ]");
    match message.rsplit_once("expected ") {
        Some((before, kind)) if kind.starts_with("struct ") => format!("{before}expected a table {{ }}"),
        Some((before, "u8" | "u16" | "u32" | "u64" | "usize")) => format!("{before}expected a whole number from 0 on"),
        Some((before, "f64")) => format!("{before}expected a number"),
        _ => message,
    }
}

/// The name that `typed` most likely stands for.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(typed, name), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Sample {
        name: String,
        targets: Vec<u32>,
    }

    fn refusal(text: &str) -> String {
        parse::<Sample>("my.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
        let said = refusal("name = \"x\"\ntargts = [1]\n");
        assert_eq!(said, "my.toml:2: unknown key `targts`; did you mean `targets`?");
        let said = refusal("colour = 1\n");
        assert_eq!(said, "my.toml:1: unknown key `colour`; possible here: name, targets");
    }

    #[test]
    fn a_syntax_error_and_a_missing_key_name_their_place() {
        assert!(refusal("name = \n").starts_with("my.toml:1: "), "{}", refusal("name = \n"));
        assert!(refusal("name = \"x\"\n").contains("missing field `targets`"));
        let said = refusal("name = \"x\"\ntargets = 5\n");
        assert_eq!(said, "my.toml:2: invalid type: integer `5`, expected a list [ ]");
        let said = refusal("name = \"x\"\ntargets = [\"lots\"]\n");
        assert_eq!(said, "my.toml:2: invalid type: string \"lots\", expected a whole number from 0 on");
    }
}
