//! Whether the machine can be measured on: a thread that only sleeps, and how late it wakes.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bedbench::clock::{self, monotonic};

use crate::samples::Lateness;

const NAP: Duration = Duration::from_millis(2);

/// A round trip over the delay line takes as many wake-ups.
const WAKE_UPS: usize = 4;

/// Runs until the program ends.
pub struct Sleeper(Arc<Mutex<Vec<Duration>>>);

impl Sleeper {
    pub fn start() -> Self {
        let late = Arc::new(Mutex::new(Vec::new()));
        let noted = late.clone();
        thread::spawn(move || {
            let mut sleeper = clock::Sleeper::new();
            loop {
                let due = monotonic() + NAP;
                sleeper.sleep_until(due);
                noted.lock().expect("nobody panics with it").push(monotonic() - due);
            }
        });
        Self(late)
    }

    /// Its lateness since this was asked last, over as many naps as a round trip takes wake-ups.
    pub fn lateness(&self) -> Lateness {
        let naps = std::mem::take(&mut *self.0.lock().expect("nobody panics with it"));
        let mut late = Lateness::default();
        naps.chunks(WAKE_UPS).for_each(|naps| late.push(naps.iter().sum(), Duration::ZERO));
        late
    }
}
