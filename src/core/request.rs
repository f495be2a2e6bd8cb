//! What the user asked for, and the name that it carries over the wire.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::time::RunTime;

/// Names one request of the plan. The same request has the same key on every route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestKey(pub u64);

/// One planned request: when it is to start, and what it asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// Position in the plan, from 0.
    pub index: u32,
    pub intended: RunTime,
    /// Length aimed at when the prompt is written; the service's own count is in the usage.
    pub input_tokens: u32,
    pub max_tokens: u32,
}

impl Request {
    pub fn key(&self) -> RequestKey {
        RequestKey(u64::from(self.index))
    }
}

/// Limits that bedbench itself sets on an attempt or a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS together.
    pub connect: Duration,
    /// From sent to the first content token.
    pub first_token: Duration,
    /// Between two events of a stream.
    pub between_events: Duration,
    /// From the intended start to the end of the last attempt.
    pub request: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            first_token: Duration::from_secs(20),
            between_events: Duration::from_secs(10),
            request: Duration::from_secs(60),
        }
    }
}

/// A request's key and attempt number, carried in the SDK's invocation id so that the mock draws
/// the same luck for the same request on every route. It is a UUID of version 8 (custom layout,
/// RFC 9562), so any other service sees a plain id:
///
/// `6265_6462` ("bedb") · attempt, 16 bits · version · variant and 62 bits of key
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvocationKey {
    pub key: RequestKey,
    pub attempt: u32,
}

const MAGIC: u32 = u32::from_be_bytes(*b"bedb");
const KEY_BITS: u64 = (1 << 62) - 1;

impl InvocationKey {
    pub fn to_uuid(self) -> Uuid {
        let attempt = u16::try_from(self.attempt).unwrap_or(u16::MAX);
        let tail = (0b10 << 62) | (self.key.0 & KEY_BITS);
        Uuid::from_fields(MAGIC, attempt, 0x8000, &tail.to_be_bytes())
    }

    /// `None` for an id that bedbench did not make.
    pub fn from_uuid(id: &Uuid) -> Option<Self> {
        let (magic, attempt, version, tail) = id.as_fields();
        (magic == MAGIC && version == 0x8000)
            .then(|| Self { key: RequestKey(u64::from_be_bytes(*tail) & KEY_BITS), attempt: u32::from(attempt) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_survives_the_wire() {
        let sent = InvocationKey { key: RequestKey(123_456), attempt: 2 };
        let id = sent.to_uuid();
        assert_eq!(id.get_version_num(), 8);
        assert_eq!(InvocationKey::from_uuid(&Uuid::parse_str(&id.to_string()).unwrap()), Some(sent));
    }

    #[test]
    fn a_foreign_id_is_not_taken_for_ours() {
        let foreign = Uuid::parse_str("0e0f3b1a-2b5c-4a70-9d2a-1f4f5a6b7c8d").unwrap();
        assert_eq!(InvocationKey::from_uuid(&foreign), None);
    }
}
