//! Bodies checked as Bedrock checks those of the models it hosts: against a JSON schema, all
//! violations told at once.
//!
//! The wording is the service's own, as users have reported it: langgenius/dify#3326 (types and
//! extraneous keys), promptfoo/promptfoo#916 (required keys), langchain#9697 (bounds).

use serde_json::{Map, Value};

use crate::mock::wire::Exception;

/// Keys of a kind that are named; nobody reads more.
const MOST_EXTRANEOUS: usize = 20;

/// The answer to what is no JSON at all.
pub fn not_json() -> Exception {
    Exception::validation("Malformed input request, please reformat your input and try again.")
}

pub fn malformed(violations: &str) -> Exception {
    Exception::validation(format!("Malformed input request: {violations}, please reformat your input and try again."))
}

/// # Errors
/// When the body is no JSON object.
pub fn parse(body: &[u8]) -> Result<Map<String, Value>, Exception> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(malformed(&format!("#: expected type: JSONObject, found: {}", kind(&other)))),
        Err(_) => Err(not_json()),
    }
}

/// An object being read: every key that is asked for is a key that is permitted.
pub struct Keys<'a> {
    path: String,
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
    violations: Vec<String>,
}

impl<'a> Keys<'a> {
    pub fn of(object: &'a Map<String, Value>) -> Self {
        Self { path: "#".into(), object, known: Vec::new(), violations: Vec::new() }
    }

    fn get(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.object.get(key)
    }

    fn expected(&mut self, key: &str, wanted: &str, found: &Value) {
        self.violations.push(format!("{}/{key}: expected type: {wanted}, found: {}", self.path, kind(found)));
    }

    pub fn required_text(&mut self, key: &'static str) -> &'a str {
        match self.get(key) {
            Some(Value::String(text)) if text.is_empty() => {
                self.violations.push(format!("{}/{key}: expected minLength: 1, actual: 0", self.path));
            }
            Some(Value::String(text)) => return text,
            Some(other) => self.expected(key, "String", other),
            None => self.violations.push(format!("{}: required key [{key}] not found", self.path)),
        }
        ""
    }

    /// A number of tokens.
    pub fn tokens(&mut self, key: &'static str) -> Option<u32> {
        let value = self.get(key)?;
        match value.as_i64() {
            None => self.expected(key, "Integer", value),
            Some(tokens) if tokens < 1 => {
                self.violations.push(format!("{}/{key}: {tokens} is not greater or equal to 1", self.path));
            }
            Some(tokens) => return Some(u32::try_from(tokens).unwrap_or(u32::MAX)),
        }
        None
    }

    /// A number from 0 to 1 that makes no difference here.
    pub fn share(&mut self, key: &'static str) {
        let Some(value) = self.get(key) else { return };
        match value.as_f64() {
            None => self.expected(key, "Number", value),
            Some(share) if share > 1.0 => {
                self.violations.push(format!("{}/{key}: {value} is not less or equal to 1", self.path));
            }
            Some(share) if share < 0.0 => {
                self.violations.push(format!("{}/{key}: {value} is not greater or equal to 0", self.path));
            }
            Some(_) => {}
        }
    }

    pub fn texts(&mut self, key: &'static str) -> Vec<String> {
        let items = match self.get(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.expected(key, "JSONArray", other);
                return Vec::new();
            }
        };
        if let Some((i, other)) = items.iter().enumerate().find(|(_, item)| !item.is_string()) {
            self.expected(&format!("{key}/{i}"), "String", other);
        }
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Anything: permitted, and not looked at.
    pub fn ignored(&mut self, key: &'static str) {
        self.known.push(key);
    }

    pub fn object<T: Default>(&mut self, key: &'static str, read: impl FnOnce(&mut Keys<'a>) -> T) -> T {
        match self.get(key) {
            None => T::default(),
            Some(Value::Object(object)) => {
                let path = format!("{}/{key}", self.path);
                let mut inner = Keys { path, ..Keys::of(object) };
                let value = read(&mut inner);
                inner.refuse_others();
                self.violations.append(&mut inner.violations);
                value
            }
            Some(other) => {
                self.expected(key, "JSONObject", other);
                T::default()
            }
        }
    }

    fn refuse_others(&mut self) {
        let others = self.object.keys().filter(|key| !self.known.contains(&key.as_str())).take(MOST_EXTRANEOUS);
        self.violations.extend(others.map(|key| format!("{}: extraneous key [{key}] is not permitted", self.path)));
    }

    /// # Errors
    /// When anything was missing, of a wrong type, out of bounds or not known.
    pub fn finish(mut self) -> Result<(), Exception> {
        self.refuse_others();
        if self.violations.is_empty() { Ok(()) } else { Err(malformed(&self.violations.concat())) }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "Null",
        Value::Bool(_) => "Boolean",
        Value::Number(number) if number.is_f64() => "Double",
        Value::Number(_) => "Integer",
        Value::String(_) => "String",
        Value::Array(_) => "JSONArray",
        Value::Object(_) => "JSONObject",
    }
}
