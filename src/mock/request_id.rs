//! Names of requests: version 4 UUIDs as the service's, without asking the system for each.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, Uuid};

/// Odd, so that no id comes twice; the fraction of the golden ratio, so that neighbours look different.
const STEP: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

#[derive(Debug)]
pub struct RequestIds {
    start: u128,
    issued: AtomicU64,
}

impl RequestIds {
    /// No other mock gives out the same.
    pub fn new() -> Self {
        Self { start: Uuid::new_v4().as_u128(), issued: AtomicU64::new(0) }
    }

    pub fn next(&self) -> String {
        let number = u128::from(self.issued.fetch_add(1, Ordering::Relaxed));
        let random = self.start.wrapping_add(number.wrapping_mul(STEP));
        Builder::from_random_bytes(random.to_be_bytes()).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_random_uuids_and_none_comes_twice() {
        let mocks = [RequestIds::new(), RequestIds::new()];
        let ids: HashSet<_> = (0..20_000).map(|i| mocks[i % 2].next()).collect();
        assert_eq!(ids.len(), 20_000);
        assert!(ids.iter().all(|id| Uuid::parse_str(id).is_ok_and(|id| id.get_version_num() == 4)));
    }
}
