//! The least that an open loop can be: a task per request, spawned when a timer says that it is due.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bedbench::clock::{Timer, monotonic};
use tokio::task::{LocalSet, spawn_local};

use crate::Done;

#[derive(Clone, Copy)]
pub struct Schedule {
    rps: f64,
    requests: u32,
}

impl Schedule {
    pub fn read(rps: &str, seconds: &str) -> Done<Self> {
        let (rps, seconds): (f64, f64) = (rps.parse()?, seconds.parse()?);
        Ok(Self { rps, requests: (rps * seconds) as u32 })
    }

    /// Fires `request` at every instant, on this thread, and times each from it. tokio's own timer fires together what
    /// is due in the same millisecond; bedbench's is `precise`.
    pub async fn fire<F: Future<Output = Done<()>> + 'static>(
        self,
        precise: bool,
        request: impl Fn() -> F,
    ) -> Done<()> {
        let timer = precise.then(Timer::start).transpose()?;
        let times = Rc::new(RefCell::new(Vec::with_capacity(self.requests as usize)));
        let all = LocalSet::new();
        let firing = async {
            let start = monotonic();
            for index in 0..self.requests {
                let due = start + Duration::from_secs_f64(f64::from(index) / self.rps);
                match &timer {
                    Some(timer) => timer.sleep_until(due).await,
                    None => tokio::time::sleep_until(due.into()).await,
                }
                let (answer, times) = (request(), times.clone());
                spawn_local(async move {
                    if answer.await.is_ok() {
                        times.borrow_mut().push(due.elapsed());
                    }
                });
            }
        };
        all.run_until(firing).await;
        all.await;
        let answered = times.borrow().len();
        if answered < self.requests as usize {
            return Err(format!("{answered} of {} requests were answered", self.requests).into());
        }
        Ok(())
    }
}

/// As long as what bedbench asks: 200 tokens of four bytes.
pub fn prompt() -> String {
    "harbour ".repeat(100)
}
