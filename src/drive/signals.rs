//! Interrupts: the first one ends the run well, the second one at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::Stop;

/// The first signal stops arrivals, the second leaves at once. Returns the exit code of the first.
pub async fn watch_signals(mut signals: Signals, stop: Arc<Stop>) -> u8 {
    let code = signals.next().await;
    stop.ask();
    tokio::spawn(async move {
        std::process::exit(i32::from(signals.next().await));
    });
    code
}

/// The same for work that blocks its thread. The code is 0 until the first signal.
///
/// # Errors
/// When no thread can be started.
pub fn watch_in_background(stop: Arc<Stop>) -> io::Result<Arc<AtomicU8>> {
    let code = Arc::new(AtomicU8::new(0));
    let heard = code.clone();
    let (runtime, signals) = listening()?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            heard.store(watch_signals(signals, stop).await, Ordering::Relaxed);
            // Until the second signal, or the end of the work.
            std::future::pending::<()>().await;
        });
    })?;
    Ok(code)
}

/// While it is held, the first signal ends the process: for work that leaves nothing behind until it is done.
#[must_use]
pub struct LeaveAtSignal {
    _held: oneshot::Sender<()>,
}

impl LeaveAtSignal {
    /// `last_words` go to stderr.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn saying(last_words: &'static str) -> io::Result<Self> {
        let (held, dropped) = oneshot::channel();
        let (runtime, mut signals) = listening()?;
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    code = signals.next() => {
                        say!("{last_words}");
                        std::process::exit(i32::from(code));
                    }
                    _ = dropped => {}
                }
            });
        })?;
        Ok(Self { _held: held })
    }
}

/// A runtime that hears signals already, before the thread that it will have has begun: one that came in between would be
/// heard by nobody.
fn listening() -> io::Result<(Runtime, Signals)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _on_it = runtime.enter();
        Signals::listen()?
    };
    Ok((runtime, signals))
}

/// SIGINT and SIGTERM; elsewhere than on Unix, Ctrl-C.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// None is missed from now on. Must be called on a runtime.
    ///
    /// # Errors
    /// When the system does not let us.
    #[cfg(unix)]
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// None is missed from now on. Must be called on a runtime.
    ///
    /// # Errors
    /// When the system does not let us.
    #[cfg(windows)]
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for the next one and returns the exit code that goes with it.
    #[cfg(unix)]
    pub async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 130,
            _ = self.terminate.recv() => 143,
        }
    }

    /// Waits for the next one and returns the exit code that goes with it.
    #[cfg(windows)]
    pub async fn next(&mut self) -> u8 {
        self.interrupt.recv().await;
        130
    }
}
