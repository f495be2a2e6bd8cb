//! Where the requests of a simulation come from: an open loop knows them beforehand, a closed one does not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use crate::core::{Request, RunTime};
use crate::plan::ClosedLoop;

/// Requests in the order of their intended starts.
pub trait Source {
    /// The intended start of the next request, as far as it is known yet.
    fn due(&mut self) -> Option<RunTime>;

    /// The request that is due.
    fn take(&mut self) -> Option<Request>;

    /// A request has ended, in whatever way.
    fn ended(&mut self, request: &Request, now: RunTime);
}

/// An open loop does not care what comes back.
impl<I: Iterator<Item = Request>> Source for Peekable<I> {
    fn due(&mut self) -> Option<RunTime> {
        self.peek().map(|request| request.intended)
    }

    fn take(&mut self) -> Option<Request> {
        self.next()
    }

    fn ended(&mut self, _: &Request, _: RunTime) {}
}

/// The workers of a closed loop.
pub struct Workers {
    requests: ClosedLoop,
    /// When each idle worker is free.
    free: BinaryHeap<Reverse<RunTime>>,
}

impl Workers {
    /// All of them are free at the start.
    pub fn new(requests: ClosedLoop) -> Self {
        let free = (0..requests.workers()).map(|_| Reverse(RunTime::ZERO)).collect();
        Self { requests, free }
    }
}

impl Source for Workers {
    fn due(&mut self) -> Option<RunTime> {
        let Reverse(at) = *self.free.peek()?;
        (at < self.requests.end()).then_some(at)
    }

    fn take(&mut self) -> Option<Request> {
        let Reverse(at) = self.free.pop()?;
        self.requests.request(at)
    }

    fn ended(&mut self, request: &Request, now: RunTime) {
        self.free.push(Reverse(ClosedLoop::free_again(request, now)));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::Seed;
    use crate::core::phase::Phases;
    use crate::core::record::{AttemptRecord, RequestRecord};
    use crate::core::units::Rate;
    use crate::drive::sim::{ClientModel, Simulation, Sink};
    use crate::plan::workload::Workload;
    use crate::profile::Loader;

    const WORKERS: usize = 20;
    const LENGTH: Duration = Duration::from_secs(100);

    #[derive(Default)]
    struct Kept(Vec<RequestRecord>);

    impl Sink for Kept {
        fn record(&mut self, request: &RequestRecord, _: &[AttemptRecord]) {
            self.0.push(request.clone());
        }

        fn stop(&mut self, _: RunTime) -> bool {
            false
        }
    }

    impl Kept {
        /// Mean over all requests, in seconds.
        fn response(&self) -> f64 {
            self.0.iter().map(|request| request.response_time().as_secs_f64()).sum::<f64>() / self.0.len() as f64
        }

        /// Requests per second of those that ended in time.
        fn throughput(&self) -> f64 {
            let end = RunTime::from_duration(LENGTH);
            self.0.iter().filter(|request| request.finished < end).count() as f64 / LENGTH.as_secs_f64()
        }

        fn most_in_flight(&self) -> i32 {
            let starts = self.0.iter().map(|request| (request.intended, 1));
            // Of one instant, ends come first: a worker that is free starts the next.
            let mut changes: Vec<_> = starts.chain(self.0.iter().map(|request| (request.finished, -1))).collect();
            changes.sort();
            let in_flight = changes.iter().scan(0, |sum, (_, change)| {
                *sum += change;
                Some(*sum)
            });
            in_flight.max().unwrap_or(0)
        }
    }

    /// 30 ms for the first token and 10 more of 3 ms each, unless `sets` say otherwise; no distance, no quota.
    fn simulate(workers: usize, sets: &[&str]) -> Kept {
        let fixed = [
            "region.sydney.rtt.value=0ms",
            "region.sydney.rtt.jitter=0ms",
            "region.sydney.per_input.value=0ms",
            "region.sydney.ttft.p50=30ms",
            "region.sydney.ttft.p95=30ms",
            "region.sydney.tpot.p50=3ms",
            "region.sydney.tpot.p95=3ms",
            "region.sydney.quota=[]",
            "scenario.phase.calm.regions=[]",
        ];
        let sets = fixed.iter().chain(sets).map(|set| set.parse().unwrap()).collect();
        let loader = Loader::new(None, None, sets).unwrap();
        let (profile, scenario) = (loader.profile("sydney").unwrap(), loader.scenario("calm").unwrap());
        let workload = Workload::fixed(100, 11);
        let phases = Phases::lay_out(Duration::ZERO, LENGTH, &scenario.phases());
        let simulation = Simulation {
            profile: &profile,
            scenario: &scenario,
            workload: &workload,
            seed: Seed(1),
            phases: &phases,
            client: ClientModel { in_flight: workers, ..ClientModel::usual(Rate(workers as f64)) },
        };
        let mut kept = Kept::default();
        let workers = Workers::new(ClosedLoop::new(workers, LENGTH, &workload, Seed(1)));
        simulation.run(&profile.routes[0], 0, workers, &mut kept).unwrap();
        kept
    }

    #[test]
    fn no_more_than_the_workers_are_ever_in_flight_and_none_is_idle() {
        let kept = simulate(WORKERS, &[]);
        assert_eq!(kept.most_in_flight(), WORKERS as i32);
        assert!(kept.0.iter().all(|request| request.outcome.is_ok()), "none is shed");
        let mut indices: Vec<_> = kept.0.iter().map(|request| request.index).collect();
        indices.sort_unstable();
        assert!(indices.into_iter().eq(0..kept.0.len() as u32), "every number once");
    }

    /// Little's law: what is in flight is throughput × response time.
    #[test]
    fn throughput_is_workers_over_response_time() {
        let fixed = simulate(WORKERS, &[]);
        let expected = WORKERS as f64 / 0.060;
        assert!((fixed.throughput() / expected - 1.0).abs() < 0.01, "{} beside {expected}", fixed.throughput());
        for sets in [&["region.sydney.ttft.p95=200ms"][..], &["region.sydney.capacity.slots=5"]] {
            let kept = simulate(WORKERS, sets);
            let in_flight = kept.throughput() * kept.response();
            assert!((in_flight / WORKERS as f64 - 1.0).abs() < 0.01, "{sets:?}: {in_flight}");
        }
    }

    #[test]
    fn refused_at_once_a_worker_does_not_stand_still_in_time() {
        let quota = r#"[{ pools = ["in-region"], requests_per_minute = 60, burst = "1s", source = "test", date = "2026-11-23" }]"#;
        let kept = simulate(1, &[&format!("region.sydney.quota={quota}")]);
        let ok = kept.0.iter().filter(|request| request.outcome.is_ok()).count() as f64;
        assert!((99.0..=102.0).contains(&ok), "{ok} of the 100 that the quota allows");
        assert!(kept.0.len() <= 100_000, "{} requests in 100 s", kept.0.len());
    }
}
