//! How far a sweep has come, on stderr: a bar, or a line now and then where nothing can be redrawn.

use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::drive::Display;
use crate::sweep::Watcher;

/// Points between two lines of a log.
const PLAIN_EVERY: usize = 50;

pub struct Progress {
    display: Display,
    asked: AtomicUsize,
    done: AtomicUsize,
    bar: ProgressBar,
}

impl Progress {
    pub fn new(display: Display) -> Self {
        let target = match display {
            Display::Bars => ProgressDrawTarget::stderr(),
            Display::Plain | Display::Silent => ProgressDrawTarget::hidden(),
        };
        let style = ProgressStyle::with_template("{bar:30.cyan/dim} {pos} of {len} points  {elapsed}")
            .expect("the template is ours")
            .progress_chars("━╸─");
        let bar = ProgressBar::with_draw_target(Some(0), target).with_style(style);
        Self { display, asked: AtomicUsize::new(0), done: AtomicUsize::new(0), bar }
    }
}

impl Watcher for Progress {
    fn asked(&self, points: usize) {
        self.asked.fetch_add(points, Ordering::Relaxed);
        self.bar.inc_length(points as u64);
    }

    fn done(&self) {
        self.bar.inc(1);
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.display == Display::Plain && done.is_multiple_of(PLAIN_EVERY) {
            say!("{done} of {} points, and more where something turns", self.asked.load(Ordering::Relaxed));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
