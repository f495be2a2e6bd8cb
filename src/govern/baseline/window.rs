//! The time that an audit looks back at, and how finely CloudWatch still knows it.

use serde::Serialize;

pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 24 * HOUR;

/// Periods in seconds, and for how many days CloudWatch keeps data points of them.
///
/// Source: Amazon CloudWatch User Guide, "Metrics retention".
const KEPT: [(u32, u32); 3] = [(60, 15), (300, 63), (3_600, 455)];

/// Whole hours, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    pub start: u64,
    pub end: u64,
    /// Of the finest data points that are kept back to the start, in seconds.
    pub period: u32,
}

impl Window {
    /// The last `days` days of whole hours before `now`.
    ///
    /// # Errors
    /// When nothing is kept so long.
    pub fn before(now: u64, days: u32) -> Result<Self, String> {
        let longest = KEPT[KEPT.len() - 1].1;
        if !(1..=longest).contains(&days) {
            return Err(format!(
                "--days must be from 1 to {longest}: CloudWatch keeps no data points longer, not {days}"
            ));
        }
        // The first hour began up to an hour before that many days.
        let finest = KEPT.iter().find(|(_, kept)| days < *kept);
        let period = finest.map_or(KEPT[KEPT.len() - 1].0, |(period, _)| *period);
        let end = now / HOUR * HOUR;
        Ok(Self { start: end - u64::from(days) * DAY, end, period })
    }

    pub fn seconds(&self) -> u64 {
        self.end - self.start
    }

    /// Starts of its hours.
    pub fn hours(&self) -> impl Iterator<Item = u64> + use<> {
        (self.start..self.end).step_by(HOUR as usize)
    }

    pub fn holds(&self, at: u64) -> bool {
        (self.start..self.end).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 14:41:07 UTC.
    const NOW: u64 = 1_795_444_867;

    #[test]
    fn a_window_is_of_whole_hours_that_have_ended() {
        let window = Window::before(NOW, 14).unwrap();
        assert_eq!((window.end % HOUR, window.start % HOUR), (0, 0));
        assert!(window.end <= NOW && NOW - window.end < HOUR);
        assert_eq!((window.seconds(), window.hours().count()), (14 * DAY, 14 * 24));
    }

    #[test]
    fn the_period_is_the_finest_that_is_kept_for_all_of_it() {
        for (days, period) in [(1, 60), (14, 60), (15, 300), (62, 300), (63, 3_600), (455, 3_600)] {
            let window = Window::before(NOW, days).unwrap();
            assert_eq!(window.period, period, "{days} days");
            let kept = KEPT.iter().find(|(of, _)| *of == period).unwrap().1;
            assert!(days == 455 || NOW - window.start <= u64::from(kept) * DAY, "{days} days");
        }
        assert!(Window::before(NOW, 0).is_err());
        assert!(Window::before(NOW, 456).unwrap_err().contains("1 to 455"));
    }
}
