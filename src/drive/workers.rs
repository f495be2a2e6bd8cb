//! A closed loop in real time: each worker sends its next request when its last one has ended.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::Stop;
use super::live::{Route, Shared, fire};
use super::pacer::{Fired, Paced};
use crate::bedrock::Gate;
use crate::core::block::Block;
use crate::core::{RunTime, Seed};
use crate::plan::{ClosedLoop, prompt};

/// How long the workers may go on without a look at [`Stop`].
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Lets the workers of every route work until the time is over, or until they are told to stop: then their last
/// requests are still on their way.
pub async fn work(
    (requests, block): (&ClosedLoop, &Arc<Block>),
    seed: Seed,
    stop: &Arc<Stop>,
    shared: &Arc<Shared>,
    routes: &[Arc<Route>],
) -> Paced {
    let mut workers = Vec::new();
    for route in routes {
        // The requests of a route are numbered in the order in which its workers come for them.
        let requests = Arc::new(Mutex::new(requests.clone()));
        for _ in 0..requests.lock().unwrap_or_else(PoisonError::into_inner).workers() {
            let worker = Worker { requests: requests.clone(), block: block.clone(), seed, stop: stop.clone() };
            workers.push(tokio::spawn(worker.work(shared.clone(), route.clone())));
        }
    }
    let stopped = tokio::select! {
        stopped = join_all(workers) => stopped.into_iter().flatten().flatten().min(),
        at = told_to_stop(stop, shared) => Some(at),
    };
    Paced { stopped, cpu: None }
}

async fn told_to_stop(stop: &Stop, shared: &Shared) -> RunTime {
    while !stop.asked() {
        shared.sleep_until(shared.clock.now() + LOOK_AGAIN).await;
    }
    shared.clock.now()
}

struct Worker {
    requests: Arc<Mutex<ClosedLoop>>,
    block: Arc<Block>,
    seed: Seed,
    stop: Arc<Stop>,
}

impl Worker {
    /// Returns when it was told to stop, if it was.
    async fn work(self, shared: Arc<Shared>, route: Arc<Route>) -> Option<RunTime> {
        loop {
            let now = shared.clock.now();
            let next = self.requests.lock().unwrap_or_else(PoisonError::into_inner).request(now);
            let request = next?;
            if self.stop.asked() {
                return Some(now);
            }
            let (opener, gate) = Gate::closed();
            opener.open();
            let prompt = prompt::write(self.seed, &request);
            let fired = Fired { request, prompt, gate, block: self.block.clone() };
            fire(shared.enter(), route.clone(), Arc::new(fired)).await;
            let ended = shared.clock.now();
            let free = ClosedLoop::free_again(&request, ended);
            if free > ended {
                shared.sleep_until(free).await;
            }
        }
    }
}
