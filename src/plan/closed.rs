//! A closed loop: batch work, in which a worker sends its next request when its last one has ended.

use std::time::Duration;

use super::sampler::Sampler;
use super::workload::Workload;
use crate::core::{Request, RunTime, Seed};

/// From the start of a request, how long its worker is busy at least: a request that ends at the instant
/// at which it began would otherwise be followed by endless others at that instant.
const LEAST_BUSY: Duration = Duration::from_millis(1);

/// The requests of one route. What the nth of them asks depends on the seed and n alone; when it starts, and
/// so how many there are, depends on what came back.
#[derive(Clone, Debug)]
pub struct ClosedLoop {
    workers: usize,
    end: RunTime,
    sampler: Sampler,
    next: u32,
}

impl ClosedLoop {
    /// `workers` that start requests until `length` has passed, warm-up included.
    pub fn new(workers: usize, length: Duration, workload: &Workload, seed: Seed) -> Self {
        Self { workers, end: RunTime::from_duration(length), sampler: Sampler::new(workload, seed), next: 0 }
    }

    pub fn workers(&self) -> usize {
        self.workers
    }

    /// When no request starts any more.
    pub fn end(&self) -> RunTime {
        self.end
    }

    /// The next request, for a worker that is free at `now`: its intended start. `None` at the end.
    pub fn request(&mut self, now: RunTime) -> Option<Request> {
        if now >= self.end {
            return None;
        }
        // As in a plan, what the application's own cache answers keeps its number and is no request.
        let index = (self.next..u32::MAX).find(|index| !self.sampler.cache_hit(*index))?;
        self.next = index + 1;
        Some(self.sampler.request(index, now))
    }

    /// When the worker of a request is free again that has ended at `now`.
    pub fn free_again(request: &Request, now: RunTime) -> RunTime {
        now.max(request.intended + LEAST_BUSY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::units::Rate;
    use crate::plan::Load;
    use crate::plan::arrival::{self, Settings};
    use crate::plan::rate_curve::RateCurve;

    const LENGTH: Duration = Duration::from_secs(10);

    #[test]
    fn it_asks_the_same_as_an_open_loop_of_the_same_seed() {
        let workload = Workload { cache_hit_rate: 0.3, ..Workload::fixed(10, 10) };
        let poisson = arrival::find("poisson").unwrap();
        let open = Load::new(RateCurve::level(Rate(5.0), LENGTH), poisson, Settings::default(), &workload, Seed(7));
        let mut closed = ClosedLoop::new(2, LENGTH, &workload, Seed(7));
        for planned in open.requests() {
            assert_eq!(closed.request(planned.intended), Some(planned));
        }
    }

    #[test]
    fn nothing_starts_at_or_after_the_end() {
        let mut closed = ClosedLoop::new(1, LENGTH, &Workload::fixed(10, 10), Seed(1));
        assert!(closed.request(RunTime::from_secs_f64(9.999)).is_some());
        assert_eq!(closed.request(RunTime::from_secs_f64(10.0)), None);
    }
}
