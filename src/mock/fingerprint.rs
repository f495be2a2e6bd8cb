//! What tells one body from another: a hash of what its JSON says.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::core::seed::fnv1a;

/// The same for the same JSON: some SDKs write the keys of an object in another order every time.
pub fn fingerprint(body: &[u8]) -> u64 {
    serde_json::from_slice(body).map_or_else(|_| fnv1a(body), |Said(hash)| hash)
}

/// Made while it is read: nothing is kept.
struct Said(u64);

/// Numbers and words that look alike must not be taken for each other.
fn of(kind: u8, content: &[u8]) -> Said {
    Said(mix(u64::from(kind), fnv1a(content)))
}

/// Depends on the order of its arguments (the finalizer of MurmurHash3).
fn mix(first: u64, second: u64) -> u64 {
    let mut hash = first.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ second;
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Said, E> {
        Ok(of(b'n', b""))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Said, E> {
        Ok(of(b'b', &[u8::from(value)]))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Said, E> {
        Ok(of(b'i', &value.to_le_bytes()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Said, E> {
        Ok(of(b'i', &value.to_le_bytes()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Said, E> {
        Ok(of(b'f', &value.to_le_bytes()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Said, E> {
        Ok(of(b's', value.as_bytes()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Said, A::Error> {
        let mut hash = u64::from(b'[');
        while let Some(Said(item)) = items.next_element()? {
            hash = mix(hash, item);
        }
        Ok(Said(hash))
    }

    /// A sum does not know the order of its parts.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Said, A::Error> {
        let mut sum = 0_u64;
        while let Some((Said(key), Said(value))) = entries.next_entry()? {
            sum = sum.wrapping_add(mix(key, value));
        }
        Ok(Said(mix(u64::from(b'{'), sum)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_order_of_keys_and_blanks_do_not_matter() {
        let [one, other] =
            [&br#"{"a":[1, 2], "b":{"c":"d","e":null}}"#[..], br#"{"b":{"e":null,"c":"\u0064"},"a":[1,2]}"#]
                .map(fingerprint);
        assert_eq!(one, other);
        assert_eq!(fingerprint(b"no JSON"), fnv1a(b"no JSON"));
    }

    #[test]
    fn all_else_does() {
        let bodies = [
            "1",
            "\"1\"",
            "[1]",
            "[1,2]",
            "[2,1]",
            "[[1],2]",
            "[]",
            "{}",
            "null",
            "true",
            "false",
            "-1",
            "0.5",
            "\"\"",
            "[\"\"]",
            "{\"\":\"\"}",
            "{\"a\":\"b\"}",
            "{\"b\":\"a\"}",
            "{\"a\":{\"b\":\"c\"}}",
            "{\"a\":\"b\",\"c\":\"d\"}",
            "{\"a\":\"d\",\"c\":\"b\"}",
            "[{\"a\":1},{\"b\":2}]",
            "[{\"a\":1,\"b\":2}]",
        ];
        let all: HashSet<_> = bodies.iter().map(|body| fingerprint(body.as_bytes())).collect();
        assert_eq!(all.len(), bodies.len());
    }
}
