//! What will be fired, and when: a function of the seed and the position in the plan alone, so
//! that every route and every world gets the same requests at the same instants.

pub mod arrival;
pub mod prompt;
pub mod workload;

use std::time::Duration;

use crate::core::{Request, RunTime, Seed};
use arrival::ArrivalProcess;
use workload::Workload;

/// The requests of a run in order of their intended start.
#[derive(Clone, Debug)]
pub struct Plan {
    requests: Vec<Request>,
}

impl Plan {
    /// Draws arrivals from `process` until `length` (warm-up included) is over.
    pub fn draw(process: &mut dyn ArrivalProcess, workload: &Workload, length: Duration, seed: Seed) -> Self {
        let end = RunTime::from_duration(length);
        let mut requests = Vec::new();
        loop {
            let intended = process.next_arrival();
            if intended >= end {
                break;
            }
            let index = requests.len() as u32;
            requests.push(Request {
                index,
                intended,
                input_tokens: workload.draw_input(seed, index),
                max_tokens: workload.max_tokens,
            });
        }
        Self { requests }
    }

    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    pub fn len(&self) -> usize {
        self.requests.len()
    }

    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}
