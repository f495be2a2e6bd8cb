//! Until the time at which all shards start.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::shard::StartAt;
use crate::cli::exit::{Code, Failure};
use crate::clock::{monotonic, sleep_until, unix_nanos};
use crate::core::units::length;
use crate::drive::{Display, LeaveAtSignal};

/// How long before the start connections are opened.
const TO_CONNECT: Duration = Duration::from_secs(10);
const REDRAW: Duration = Duration::from_millis(200);
/// Lines in a log: every minute, and every ten seconds in the last one.
const PLAIN_EVERY: u64 = 60;
const PLAIN_AT_LAST: u64 = 10;

/// Waits until it is time to open connections. A signal ends the process at once: nothing has been sent, nothing is kept.
///
/// # Errors
/// When the time has passed.
pub fn wait(at: StartAt, display: Display) -> Result<(), Failure> {
    at.check(unix_nanos())?;
    let held = LeaveAtSignal::saying("interrupted before the start: nothing was sent, and there are no results");
    let _held = held.map_err(|error| Failure::new(Code::System, error.to_string()))?;
    let bar = ProgressBar::with_draw_target(
        None,
        if display == Display::Bars { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() },
    );
    let bar = bar.with_style(ProgressStyle::with_template("{wide_msg}").expect("the template is ours"));
    let mut next_line = u64::MAX;
    loop {
        let left = at.left(unix_nanos());
        let line = format!("starts at {at}, in {}", length(Duration::from_secs(left.as_secs())));
        if display == Display::Plain && left.as_secs() <= next_line {
            say!("{line}");
            next_line = line_after(left.as_secs());
        }
        bar.set_message(line);
        if left <= TO_CONNECT {
            break;
        }
        sleep_until(monotonic() + REDRAW.min(left - TO_CONNECT));
    }
    bar.finish_and_clear();
    Ok(())
}

/// With how many seconds left the next line goes into a log.
fn line_after(left: u64) -> u64 {
    let every = if left > PLAIN_EVERY { PLAIN_EVERY } else { PLAIN_AT_LAST };
    left.saturating_sub(1) / every * every
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_line_a_minute_and_more_at_last() {
        let lines: Vec<_> = std::iter::successors(Some(185), |left| (*left > 0).then(|| line_after(*left))).collect();
        assert_eq!(lines, [185, 180, 120, 60, 50, 40, 30, 20, 10, 0]);
    }
}
