//! Sleeping in async code, tens of microseconds late instead of tokio's millisecond.

#[cfg(any(test, not(target_os = "linux")))]
mod thread;
#[cfg(target_os = "linux")]
mod timerfd;

#[cfg(not(target_os = "linux"))]
use thread::start_alarm;
#[cfg(target_os = "linux")]
use timerfd::start_alarm;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Goes off once, at the instant it was last set to, and then calls [`Shared::ring`].
trait Alarm: Send + Sync {
    fn set(&self, at: Instant);
}

/// Wakes tasks when they asked to be woken. Cheap to clone.
#[derive(Clone)]
pub struct Timer(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    alarm: OnceLock<Box<dyn Alarm>>,
}

#[derive(Default)]
struct State {
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// Sleepers by number; one that gave up is missing here and skipped when its turn comes.
    wakers: HashMap<u64, Waker>,
    next: u64,
}

impl Timer {
    /// Must be called on the runtime whose tasks are going to sleep.
    ///
    /// # Errors
    /// When the system gives no timer.
    pub fn start() -> io::Result<Self> {
        Self::with(start_alarm)
    }

    fn with(start: impl FnOnce(&Arc<Shared>) -> io::Result<Box<dyn Alarm>>) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), alarm: OnceLock::new() });
        let alarm = start(&shared)?;
        shared.alarm.get_or_init(|| alarm);
        Ok(Self(shared))
    }

    /// Completes at `deadline`, or at once if that has passed.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { shared: self.0.clone(), deadline, number: None }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_alarm(&self, at: Instant) {
        if let Some(alarm) = self.alarm.get() {
            alarm.set(at);
        }
    }

    /// Wakes everybody whose time has come and sets the alarm for the next one.
    fn ring(&self) {
        let mut woken = Vec::new();
        {
            let mut state = self.lock();
            let now = super::monotonic();
            while let Some(Reverse((at, number))) = state.due.peek().copied() {
                if at > now {
                    // Those who gave up are not worth an alarm of their own.
                    if state.wakers.contains_key(&number) {
                        self.set_alarm(at);
                        break;
                    }
                }
                state.due.pop();
                woken.extend(state.wakers.remove(&number));
            }
        }
        // Waking may poll on the spot; that must not happen under the lock.
        woken.into_iter().for_each(Waker::wake);
    }
}

/// See [`Timer::sleep_until`].
pub struct Sleep {
    shared: Arc<Shared>,
    deadline: Instant,
    number: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if super::monotonic() >= self.deadline {
            return Poll::Ready(());
        }
        let deadline = self.deadline;
        let shared = self.shared.clone();
        let mut state = shared.lock();
        let number = *self.number.get_or_insert_with(|| {
            state.next += 1;
            state.next
        });
        if state.wakers.insert(number, cx.waker().clone()).is_none() {
            let first = state.due.peek().is_none_or(|Reverse((at, _))| deadline < *at);
            state.due.push(Reverse((deadline, number)));
            if first {
                shared.set_alarm(deadline);
            }
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.shared.lock().wakers.remove(&number);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::monotonic;

    async fn wakes_in_order_and_never_early(timer: Timer) {
        let start = monotonic();
        let order = Arc::new(Mutex::new(Vec::new()));
        let sleepers = [30_u64, 10, 20].map(|ms| {
            let (timer, order) = (timer.clone(), order.clone());
            tokio::spawn(async move {
                let deadline = start + Duration::from_millis(ms);
                timer.sleep_until(deadline).await;
                assert!(monotonic() >= deadline);
                order.lock().unwrap().push(ms);
            })
        });
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [10, 20, 30]);
    }

    async fn a_sleeper_that_gave_up_holds_nobody_up(timer: Timer) {
        let soon = || monotonic() + Duration::from_millis(5);
        let far = monotonic() + Duration::from_secs(3600);
        assert!(tokio::time::timeout(Duration::from_millis(5), timer.sleep_until(far)).await.is_err());
        // Registered, given up, and first in line: the one behind it must still be woken.
        let mut given_up = Box::pin(timer.sleep_until(soon()));
        assert!(futures_poll_once(given_up.as_mut()).await.is_pending());
        drop(given_up);
        timer.sleep_until(soon() + Duration::from_millis(5)).await;
        assert!(timer.0.lock().wakers.is_empty());
    }

    async fn futures_poll_once(mut sleep: Pin<&mut Sleep>) -> Poll<()> {
        std::future::poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx))).await
    }

    #[tokio::test]
    async fn the_platforms_timer_keeps_its_promises() {
        wakes_in_order_and_never_early(Timer::start().unwrap()).await;
        a_sleeper_that_gave_up_holds_nobody_up(Timer::start().unwrap()).await;
    }

    #[tokio::test]
    async fn the_portable_timer_keeps_the_same_promises() {
        wakes_in_order_and_never_early(Timer::with(thread::start_alarm).unwrap()).await;
        a_sleeper_that_gave_up_holds_nobody_up(Timer::with(thread::start_alarm).unwrap()).await;
    }
}
