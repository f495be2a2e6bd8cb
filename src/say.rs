//! Words to whoever watches, on stderr.

/// As `eprintln!`, but that nobody reads them is no reason to end: a run whose terminal has gone goes on, and keeps its
/// records.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}
