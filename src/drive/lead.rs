//! How long before its instant a request is handed over to be prepared.
//!
//! Whoever prepares requests also sends them: one that falls due while another is being serialised and signed is sent
//! that much later. So a request is handed over when nothing else is about to fall due, as long as time allows. Pure.

use std::time::Duration;

use crate::core::RunTime;

/// How long before its instant a request is handed over, where nothing stands in the way.
const USUAL: Duration = Duration::from_micros(900);

/// And at the earliest: what is nearer than this when the pacer is awake for another request is handed over along with
/// it, so that most requests cost one wake-up and not two.
const LONGEST: Duration = Duration::from_micros(1_400);

/// And at the latest, whatever stands in the way.
const SHORTEST: Duration = Duration::from_micros(400);

/// What the SDK takes to serialise and sign a request, and to be woken for it, on a machine of no great speed.
const PREPARING: Duration = Duration::from_micros(150);

/// What is still being prepared, as far as can be known from here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lead {
    busy: RunTime,
}

impl Lead {
    /// When to wake up for a request that is due at `intended`, seen from `now`. `opening` is when the next one of those
    /// that were handed over falls due.
    pub fn hand_over(self, intended: RunTime, now: RunTime, opening: Option<RunTime>) -> RunTime {
        let usual = intended.before(USUAL).max(now);
        if self.in_time(usual, opening) { usual } else { intended.before(SHORTEST).max(now) }
    }

    /// Whether to hand it over now that the pacer is awake.
    pub fn reached(self, intended: RunTime, now: RunTime, opening: Option<RunTime>) -> bool {
        // Waiting for a better moment would only cost a wake-up of its own.
        let now_or_never = |opening| intended.before(SHORTEST) < opening;
        intended <= now + LONGEST && (self.in_time(now, opening) || opening.is_some_and(now_or_never))
    }

    /// It was handed over, along so many routes.
    pub fn handed_over(&mut self, now: RunTime, routes: usize) {
        self.busy = self.busy.max(now) + PREPARING * routes as u32;
    }

    /// Begun at `at`, one more preparation is over before the next request falls due.
    fn in_time(self, at: RunTime, opening: Option<RunTime>) -> bool {
        opening.is_none_or(|opening| self.busy.max(at) + PREPARING <= opening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(n: u64) -> RunTime {
        RunTime::from_duration(Duration::from_micros(n))
    }

    #[test]
    fn alone_a_request_is_handed_over_a_little_before_its_instant() {
        let lead = Lead::default();
        assert_eq!(lead.hand_over(micros(5_000), micros(0), None), micros(4_100));
        assert!(lead.reached(micros(5_000), micros(4_100), None));
        assert!(!lead.reached(micros(5_000), micros(3_500), None));
        assert_eq!(
            lead.hand_over(micros(5_000), micros(6_000), None),
            micros(6_000),
            "a late pacer hands over at once"
        );
    }

    #[test]
    fn what_falls_due_goes_first() {
        let (lead, opening) = (Lead::default(), Some(micros(4_200)));
        // It would still be prepared at 4,200, so the pacer is woken by the opening instead.
        assert_eq!(lead.hand_over(micros(5_000), micros(0), opening), micros(4_600));
        assert!(!lead.reached(micros(5_000), micros(4_100), opening));
        assert!(lead.reached(micros(5_000), micros(4_200), None));
        // Where there is time, it is prepared before.
        assert_eq!(lead.hand_over(micros(4_900), micros(0), opening), micros(4_000));
    }

    #[test]
    fn one_that_must_be_prepared_is() {
        let (lead, opening) = (Lead::default(), Some(micros(4_650)));
        assert!(lead.reached(micros(5_000), micros(4_600), opening));
        // Nor does the pacer wake up once more for what will be no easier.
        assert!(lead.reached(micros(5_000), micros(4_550), opening));
    }

    #[test]
    fn several_are_prepared_one_after_the_other() {
        let (mut lead, now) = (Lead::default(), micros(1_000));
        lead.handed_over(now, 3);
        assert!(!lead.reached(micros(2_300), now, Some(micros(1_500))));
        assert!(lead.reached(micros(1_800), now, Some(micros(1_500))), "it must be ready by then");
        assert!(lead.reached(micros(2_300), now, Some(micros(1_600))));
        assert!(lead.reached(micros(2_300), micros(1_500), Some(micros(1_650))), "what is done is not waited for");
    }
}
