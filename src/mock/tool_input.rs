//! Something that a JSON schema accepts, for tools that a request forces.
//!
//! The common vocabulary is understood. A pattern is not, nor how one part restricts another: the
//! shape is right, the values are canned.

use serde_json::{Map, Number, Value, json};

/// No deeper than this, whatever the schema refers to.
const DEEPEST: u32 = 16;

/// Deeper than this only what cannot be left out: a schema that refers to itself by optional
/// properties, as trees do, ends well.
const DEEPEST_OPTION: u32 = 4;

/// Values, names and sixteens of bytes that are looked at or written in all: a schema that refers to
/// itself grows without end.
const BUDGET: usize = 20_000;

const LONGEST_TEXT: u64 = 1_000;

pub fn matching(schema: &Value) -> Value {
    let value = Walk { root: schema, left: BUDGET }.value(schema, 0);
    // The input of a tool is an object, whatever its schema says.
    if value.is_object() { value } else { json!({}) }
}

struct Walk<'a> {
    root: &'a Value,
    left: usize,
}

impl<'a> Walk<'a> {
    /// Whether there is as much left; if not, there is nothing left.
    fn spend(&mut self, amount: usize) -> bool {
        let enough = self.left >= amount;
        self.left = self.left.saturating_sub(amount);
        enough
    }

    fn value(&mut self, schema: &'a Value, depth: u32) -> Value {
        if depth > DEEPEST || !self.spend(1) {
            return Value::Null;
        }
        let given = schema.get("const").or_else(|| schema.get("default")).or_else(|| schema.get("enum")?.get(0));
        if let Some(value) = given {
            return if self.spend(size(value)) { value.clone() } else { Value::Null };
        }
        let referred = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        if let Some(pointer) = referred.filter(|pointer| self.spend(pointer.len() / 16)) {
            return self.root.pointer(pointer).map_or(Value::Null, |target| self.value(target, depth + 1));
        }
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(first) = schema.get(alternatives).and_then(|all| all.get(0)) {
                return self.value(first, depth + 1);
            }
        }
        match kind(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "string" => {
                let text = text(schema);
                if self.spend(text.len() / 16) { text.into() } else { Value::Null }
            }
            "integer" => within(schema, 1.0, f64::ceil),
            "number" => within(schema, 0.5, |bound| bound),
            "boolean" => true.into(),
            _ => Value::Null,
        }
    }

    fn array(&mut self, schema: &'a Value, depth: u32) -> Value {
        let items = schema.get("items").or_else(|| schema.get("prefixItems")?.get(0)).unwrap_or(&Value::Null);
        let most = number(schema, "maxItems").unwrap_or(f64::INFINITY);
        let length = number(schema, "minItems").unwrap_or(1.0).max(1.0).min(most).clamp(0.0, BUDGET as f64);
        let mut values = Vec::new();
        while values.len() < length as usize && self.left > 0 {
            values.push(self.value(items, depth + 1));
        }
        values.into()
    }

    fn object(&mut self, schema: &'a Value, depth: u32) -> Value {
        let mut object = Map::new();
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if self.left == 0 {
                break;
            }
            if let Value::Object(values) = self.value(part, depth + 1) {
                object.extend(values);
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let required: Vec<&str> = required.take(self.left).filter_map(Value::as_str).collect();
        self.spend(required.len());
        let properties = schema.get("properties").and_then(Value::as_object);
        let optional = properties.filter(|_| depth < DEEPEST_OPTION).into_iter().flat_map(Map::keys);
        for name in required.into_iter().chain(optional.map(String::as_str)) {
            if object.contains_key(name) {
                continue;
            }
            if !self.spend(1 + name.len() / 16) {
                break;
            }
            let property = properties.and_then(|properties| properties.get(name));
            let value = property.map_or_else(|| "mock".into(), |property| self.value(property, depth + 1));
            object.insert(name.to_owned(), value);
        }
        object.into()
    }
}

/// What a value costs to copy.
fn size(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len() / 16,
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(values) => values.iter().map(|(name, value)| name.len() / 16 + size(value)).sum(),
        _ => 0,
    }
}

/// The type that the schema names first, or the one that its other words are about.
fn kind(schema: &Value) -> &str {
    let named = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().take(8).filter_map(Value::as_str).find(|kind| *kind != "null"),
        kind => kind.and_then(Value::as_str),
    };
    named.unwrap_or_else(|| {
        let has = |words: &[&str]| words.iter().any(|word| schema.get(word).is_some());
        match () {
            () if has(&["properties", "required", "allOf"]) => "object",
            () if has(&["items", "prefixItems"]) => "array",
            () if has(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) => "number",
            () => "string",
        }
    })
}

fn number(schema: &Value, word: &str) -> Option<f64> {
    schema.get(word).and_then(Value::as_f64)
}

/// `usual` if the bounds allow it, else the nearest that they do.
fn within(schema: &Value, usual: f64, round_up: fn(f64) -> f64) -> Value {
    let step = number(schema, "multipleOf").filter(|step| *step > 0.0).unwrap_or(1.0);
    let least = number(schema, "minimum").or_else(|| Some(number(schema, "exclusiveMinimum")? + step));
    let most = number(schema, "maximum").or_else(|| Some(number(schema, "exclusiveMaximum")? - step));
    let mut value = if step == 1.0 { usual } else { step };
    value = most.map_or(value, |most| value.min(most));
    value = round_up(least.map_or(value, |least| value.max(least)));
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn text(schema: &Value) -> String {
    let canned = match schema.get("format").and_then(Value::as_str) {
        Some("date") => "2026-01-31",
        Some("time") => "09:30:00Z",
        Some("date-time") => "2026-01-31T09:30:00Z",
        Some("email") => "mock@example.com",
        Some("uri" | "url") => "https://example.com/mock",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "mock",
    };
    let length = |word| schema.get(word).and_then(Value::as_u64);
    let least = length("minLength").unwrap_or(0).min(LONGEST_TEXT) as usize;
    let most = length("maxLength").unwrap_or(LONGEST_TEXT).min(LONGEST_TEXT) as usize;
    let mut text: String = canned.chars().take(most).collect();
    text.extend(std::iter::repeat_n('.', least.saturating_sub(text.len())));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_property_has_its_type() {
        let schema = json!({
            "type": "object",
            "required": ["city", "unheard_of"],
            "properties": {
                "city": { "type": "string", "minLength": 6 },
                "unit": { "enum": ["celsius", "kelvin"] },
                "days": { "type": "integer", "minimum": 2.5, "maximum": 7 },
                "share": { "type": "number", "maximum": 0.25 },
                "dry": { "type": ["null", "boolean"] },
                "when": { "type": "array", "minItems": 2, "items": { "type": "string", "format": "date" } },
                "place": { "$ref": "#/$defs/place" },
                "either": { "anyOf": [{ "type": "integer" }, { "type": "null" }] },
            },
            "$defs": { "place": { "properties": { "lat": { "type": "number", "minimum": -90 } } } },
        });
        let expected = json!({
            "city": "mock..", "unheard_of": "mock", "unit": "celsius", "days": 3, "share": 0.25, "dry": true,
            "when": ["2026-01-31", "2026-01-31"], "place": { "lat": 0.5 }, "either": 1,
        });
        assert_eq!(matching(&schema), expected);
    }

    #[test]
    fn schemas_without_end_end() {
        let tree = json!({ "type": "object", "properties": {
            "left": { "$ref": "#" }, "right": { "$ref": "#" }, "children": { "type": "array", "items": { "$ref": "#" } },
        } });
        assert!(matching(&tree).to_string().len() < 100_000);
        let many =
            json!({ "properties": { "x": { "type": "array", "minItems": 4e9, "items": { "minLength": 1e9 } } } });
        assert!(matching(&many).to_string().len() < 1_000_000);
        let name = "x".repeat(1_000_000);
        let wide: Map<_, _> = (0..9).map(|i| (format!("{name}{i}"), json!({ "$ref": "#" }))).collect();
        let required: Vec<_> = wide.keys().cloned().collect();
        assert!(matching(&json!({ "properties": wide, "required": required })).to_string().len() < 1_000_000);
        let broad: Map<_, _> = (0..100_000).map(|i| (i.to_string(), json!({ "$ref": "#" }))).collect();
        assert!(matching(&json!({ "properties": broad })).to_string().len() < 1_000_000);
        let copies = json!({ "properties": { "x": { "minItems": 1e9, "items": { "const": name } } } });
        assert!(matching(&copies).to_string().len() < 1_000_000);
        assert_eq!(matching(&json!({ "properties": { "x": { "$ref": "#/properties/x" } } })), json!({ "x": null }));
    }

    #[test]
    fn what_is_no_schema_of_an_object_still_gives_an_object() {
        for schema in [json!(null), json!("x"), json!([]), json!({ "type": "string" }), json!({ "$ref": "#" })] {
            assert_eq!(matching(&schema), json!({}), "{schema}");
        }
    }
}
