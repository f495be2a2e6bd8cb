//! How many files this process may open: every connection is one.

/// Raises the soft limit to the hard one and returns it; absent where there is no such limit.
#[cfg(unix)]
pub fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Refused, the limit stays what it was.
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { limit.maximum } else { limit.current };
    now.or(limit.current)
}

#[cfg(not(unix))]
pub fn raise_limit() -> Option<u64> {
    None
}
