//! Every endpoint once, and again: weather hits all of them alike.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustls::ClientConfig;

use crate::bedrock::{Handshake, Line};
use crate::clock::{monotonic, sleep_until};
use crate::core::RegionId;
use crate::drive::Display;

/// An endpoint that failed so often, and never answered, is not tried again.
const HOPELESS: usize = 3;
/// Rounds between two lines of a log.
const PLAIN_EVERY: usize = 50;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of each endpoint.
    pub tries: usize,
    /// Between the starts of two rounds.
    pub interval: Duration,
    /// For each step.
    pub timeout: Duration,
    /// No round starts later.
    pub most: Duration,
}

/// What came back from one endpoint.
#[derive(Clone, Debug)]
pub struct Seen {
    pub region: RegionId,
    pub url: String,
    pub tries: usize,
    pub failed: usize,
    /// The last one.
    pub error: Option<String>,
    pub tcp: Vec<Duration>,
    pub tls: Vec<Handshake>,
}

impl Seen {
    fn fail(&mut self, error: &str) {
        self.failed += 1;
        self.error = Some(error.to_owned());
    }

    fn is_hopeless(&self) -> bool {
        self.failed == self.tries && self.failed >= HOPELESS
    }
}

/// Also says whether the time was up before all tries were made.
pub fn fire(
    endpoints: &[(RegionId, String)],
    trust: &Arc<ClientConfig>,
    limits: Limits,
    display: Display,
) -> (Vec<Seen>, bool) {
    let started = monotonic();
    let bar = bar(display, limits.tries);
    let mut seen: Vec<_> = endpoints.iter().map(|(region, url)| fresh(*region, url)).collect();
    let mut lines: Vec<_> = seen
        .iter_mut()
        .map(|seen| match Line::find(&seen.url, trust, limits.timeout) {
            Ok(line) => Some(line),
            Err(error) => {
                seen.tries += 1;
                seen.fail(&error);
                None
            }
        })
        .collect();
    let mut cut_short = false;
    for round in 0..limits.tries {
        let begun = monotonic();
        if lines.iter().all(Option::is_none) {
            break;
        }
        if begun - started >= limits.most {
            cut_short = true;
            break;
        }
        for (seen, line) in seen.iter_mut().zip(&mut lines) {
            let Some(tried) = line.as_mut().map(Line::try_once) else { continue };
            seen.tries += 1;
            if let Some(error) = tried.error() {
                seen.fail(error);
            }
            seen.tcp.extend(tried.tcp.ok());
            seen.tls.extend(tried.tls.and_then(Result::ok));
            if seen.is_hopeless() {
                *line = None;
            }
        }
        bar.inc(1);
        if display == Display::Plain && (round + 1).is_multiple_of(PLAIN_EVERY) {
            say!("{} of {} rounds", round + 1, limits.tries);
        }
        if round + 1 < limits.tries {
            sleep_until(begun + limits.interval);
        }
    }
    bar.finish_and_clear();
    (seen, cut_short)
}

fn fresh(region: RegionId, url: &str) -> Seen {
    Seen { region, url: url.to_owned(), tries: 0, failed: 0, error: None, tcp: Vec::new(), tls: Vec::new() }
}

fn bar(display: Display, rounds: usize) -> ProgressBar {
    let target = match display {
        Display::Bars => ProgressDrawTarget::stderr(),
        Display::Plain | Display::Silent => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("{bar:30.cyan/dim} {pos} of {len} rounds  {elapsed}")
        .expect("the template is ours")
        .progress_chars("━╸─");
    ProgressBar::with_draw_target(Some(rounds as u64), target).with_style(style)
}
