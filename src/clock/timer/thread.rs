//! Elsewhere: a thread that sleeps with as little slack as the system allows.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::{Alarm, Shared};
use crate::clock::{monotonic, sharpen_this_thread};

#[derive(Default)]
struct Setting {
    at: Option<Instant>,
    ended: bool,
}

#[derive(Default)]
struct Clockwork {
    setting: Mutex<Setting>,
    changed: Condvar,
}

struct Thread(Arc<Clockwork>);

pub fn start_alarm(shared: &Arc<Shared>) -> io::Result<Box<dyn Alarm>> {
    let clockwork = Arc::new(Clockwork::default());
    let (works, shared) = (clockwork.clone(), Arc::downgrade(shared));
    std::thread::Builder::new().name("timer".into()).spawn(move || {
        sharpen_this_thread();
        works.run(&shared);
    })?;
    Ok(Box::new(Thread(clockwork)))
}

impl Clockwork {
    fn lock(&self) -> MutexGuard<'_, Setting> {
        self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, shared: &Weak<Shared>) {
        let mut setting = self.lock();
        while !setting.ended {
            setting = match setting.at.map(|at| at.saturating_duration_since(monotonic())) {
                None => self.changed.wait(setting).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => {
                    setting.at = None;
                    drop(setting);
                    let Some(shared) = shared.upgrade() else { return };
                    shared.ring();
                    drop(shared);
                    self.lock()
                }
                Some(left) => self.changed.wait_timeout(setting, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }
}

impl Alarm for Thread {
    fn set(&self, at: Instant) {
        self.0.lock().at = Some(at);
        self.0.changed.notify_one();
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_one();
    }
}
