//! Interrupts: the first one ends the run well, the second one at once.

use std::sync::Arc;

use super::Stop;

/// The first signal stops arrivals, the second leaves at once. Returns the exit code of the first.
pub async fn watch_signals(stop: Arc<Stop>) -> u8 {
    let code = next_signal().await;
    stop.ask();
    tokio::spawn(async {
        std::process::exit(i32::from(next_signal().await));
    });
    code
}

/// Waits for SIGINT or SIGTERM and returns the exit code that goes with it.
#[cfg(unix)]
pub async fn next_signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
    }
}

/// Waits for Ctrl-C and returns the exit code that goes with it.
#[cfg(not(unix))]
pub async fn next_signal() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 130,
        Err(_) => std::future::pending().await,
    }
}
