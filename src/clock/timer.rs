//! Sleeping in async code with the precision of a thread of its own.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Wakes tasks from a thread with fine timer slack. Cheap to clone; the thread ends with the last
/// clone.
#[derive(Clone)]
pub struct Timer {
    shared: Arc<Shared>,
    /// Held by timers only: when it is gone, the thread goes too.
    _alive: Arc<Alive>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    /// Sleepers by number; one that gave up is missing here and skipped when its turn comes.
    wakers: HashMap<u64, Waker>,
    next: u64,
    ended: bool,
}

struct Alive(Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.lock().ended = true;
        self.0.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timer {
    /// # Errors
    /// When the thread cannot be started.
    pub fn start() -> std::io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new() });
        let timer = Self { shared: shared.clone(), _alive: Arc::new(Alive(shared.clone())) };
        std::thread::Builder::new().name("timer".into()).spawn(move || {
            super::sharpen_this_thread();
            run(&shared);
        })?;
        Ok(timer)
    }

    /// Completes at `deadline`, or at once if that has passed.
    pub fn sleep_until(&self, deadline: Instant) -> Sleep {
        Sleep { shared: self.shared.clone(), deadline, number: None }
    }
}

fn run(shared: &Shared) {
    let mut state = shared.lock();
    let mut woken = Vec::new();
    while !state.ended {
        let now = Instant::now();
        while let Some(Reverse((at, number))) = state.due.peek().copied() {
            if at > now {
                break;
            }
            state.due.pop();
            woken.extend(state.wakers.remove(&number));
        }
        if !woken.is_empty() {
            // Waking may poll on the spot; that must not happen under the lock.
            drop(state);
            woken.drain(..).for_each(Waker::wake);
            state = shared.lock();
            continue;
        }
        state = match state.due.peek() {
            None => shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(Reverse((at, _))) => {
                let left = at.saturating_duration_since(now);
                shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
            }
        };
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
        if Instant::now() >= self.deadline {
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
                shared.changed.notify_one();
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

    #[tokio::test]
    async fn sleepers_wake_in_order_and_never_early() {
        let timer = Timer::start().unwrap();
        let start = Instant::now();
        let order = Arc::new(Mutex::new(Vec::new()));
        let sleepers = [30_u64, 10, 20].map(|ms| {
            let (timer, order) = (timer.clone(), order.clone());
            tokio::spawn(async move {
                let deadline = start + Duration::from_millis(ms);
                timer.sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
                order.lock().unwrap().push(ms);
            })
        });
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [10, 20, 30]);
    }

    #[tokio::test]
    async fn a_sleeper_that_gave_up_holds_nobody_up() {
        let timer = Timer::start().unwrap();
        let far = Instant::now() + Duration::from_secs(3600);
        assert!(tokio::time::timeout(Duration::from_millis(5), timer.sleep_until(far)).await.is_err());
        timer.sleep_until(Instant::now() + Duration::from_millis(5)).await;
        assert!(timer.shared.lock().wakers.is_empty());
    }
}
