//! Prepared early, sent on time.
//!
//! Serialising and signing take the SDK some hundred microseconds. Done at the planned instant,
//! they would be the generator's own lateness; so they are done a little before it, and the
//! finished request waits at a gate in front of the transport. What comes late to an open gate
//! passes at once, and its lateness shows.

use tokio::sync::watch;

/// Opens a [`Gate`]. Dropped unopened, whoever waits knows that the gate will never open.
#[derive(Debug)]
pub struct Opener(watch::Sender<bool>);

/// What a prepared request waits at. Clones wait at the same gate.
#[derive(Clone, Debug)]
pub struct Gate(watch::Receiver<bool>);

impl Gate {
    pub fn closed() -> (Opener, Self) {
        let (sender, receiver) = watch::channel(false);
        (Opener(sender), Self(receiver))
    }

    /// True once it is open, false if it will never be.
    pub async fn passed(&self) -> bool {
        self.0.clone().wait_for(|open| *open).await.is_ok()
    }

    /// Completes only when it has become certain that the gate stays shut.
    pub async fn never_opens(&self) {
        if self.passed().await {
            std::future::pending::<()>().await;
        }
    }
}

impl Opener {
    pub fn open(self) {
        // Nobody waiting is nobody late.
        let _ = self.0.send(true);
    }
}
