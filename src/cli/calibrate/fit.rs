//! From the answers of one Region to the laws that would give them again.

use std::time::Duration;

use crate::core::log_normal::ByPercentiles;
use crate::core::record::AttemptRecord;
use crate::core::units::Span;
use crate::report::probe::Times;
use crate::stats::quantile::fewest_samples;

/// With fewer, the way of two events to the client is too much of the time per token.
const FEWEST_TOKENS: u32 = 8;
/// A log-normal by p50 and p95 is the law of the built-in model; it is kept where its p99 is off by no more.
const TOLERANCE: f64 = 0.05;

/// What one complete streamed answer tells.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    to_first: Duration,
    to_last: Duration,
    /// The service's own latency.
    service: Option<Duration>,
    /// In the Region's queue, where anybody can tell.
    queued: Duration,
    input: u32,
    output: u32,
}

impl Observed {
    /// Absent where something is missing, or the attempt had to open its connection first.
    pub fn of(attempt: &AttemptRecord) -> Option<Self> {
        let reused = attempt.acquisition.is_none_or(|acquisition| acquisition.reused);
        let (sent, usage) = (attempt.sent?, attempt.usage?);
        (reused && attempt.outcome.is_ok()).then_some(Self {
            to_first: attempt.first_token?.since(sent),
            to_last: attempt.last_token?.since(sent),
            service: attempt.service_latency.filter(|latency| !latency.is_zero()),
            queued: attempt.queued.unwrap_or_default(),
            input: usage.input_tokens,
            output: usage.output_tokens,
        })
    }
}

/// What the profile says, and the fit takes as given.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub rtt: Duration,
    pub jitter: Duration,
    pub per_input: Duration,
}

/// Percentiles by key, as a profile has them.
pub type Law = Vec<(&'static str, Span)>;

#[derive(Clone, Debug, PartialEq)]
pub struct Fitted {
    /// Absent where the service does not tell its own latency: the profile's is taken then.
    pub rtt: Option<(Span, Span)>,
    pub ttft: Law,
    pub tpot: Law,
}

/// # Errors
/// When there are too few answers.
pub fn fit(observed: &[Observed], known: Known) -> Result<Fitted, String> {
    // The client sees the way and the service together; the service's own latency tells them apart.
    let ways = observed.iter().filter_map(|one| Some(one.to_last.saturating_sub(one.service?))).collect();
    let rtt = Times::of(ways).round_trip();
    let (value, jitter) = rtt.map_or((known.rtt, known.jitter), |(value, jitter)| (value.0, jitter.0));
    let way = value + jitter;
    let first = observed.iter().map(|one| one.to_first.saturating_sub(way + one.queued + known.per_input * one.input));
    let long = observed.iter().filter(|one| one.output >= FEWEST_TOKENS);
    let gaps = long.map(|one| one.to_last.saturating_sub(one.to_first) / (one.output - 1));
    let ttft = law(first.collect()).map_err(|few| format!("{few} complete streamed answers"))?;
    let tpot = law(gaps.collect()).map_err(|few| format!("{few} such answers of {FEWEST_TOKENS} tokens or more"))?;
    Ok(Fitted { rtt, ttft, tpot })
}

/// Log-normal where that gives the p99 too, and otherwise a table of quantiles.
fn law(mut times: Vec<Duration>) -> Result<Law, String> {
    let n = times.len();
    if (n as u64) < fewest_samples(0.99) {
        return Err(format!("{n} of the {} needed", fewest_samples(0.99)));
    }
    times.sort_unstable();
    // A model with a time of zero is none.
    times.iter_mut().for_each(|time| *time = (*time).max(Duration::from_micros(1)));
    let at = |q: f64| times[((q * n as f64).ceil() as usize).clamp(1, n) - 1];
    let [p50, p95, p99] = [0.5, 0.95, 0.99].map(at);
    let two = vec![("p50", Span(p50)), ("p95", Span(p95))];
    let expected = ByPercentiles::new(p50.as_secs_f64(), p95.as_secs_f64()).p99();
    if (expected / p99.as_secs_f64() - 1.0).abs() <= TOLERANCE {
        return Ok(two);
    }
    let table = [("min", Span(at(0.0)))].into_iter().chain(two);
    Ok(table.chain([("p99", Span(p99)), ("max", Span(at(1.0)))]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known =
        Known { rtt: Duration::from_millis(90), jitter: Duration::ZERO, per_input: Duration::from_micros(100) };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// First token after 500 ms to 1,100 ms of service, and 10 ms per token behind a way of 90 ms.
    fn observed(n: u64, service: bool) -> Vec<Observed> {
        let one = |i: u64| {
            let first = ms(500 + 600 * i / n) + Duration::from_micros(100) * 400;
            let last = first + ms(10) * 19;
            Observed {
                to_first: first + ms(90),
                to_last: last + ms(90),
                service: service.then_some(last),
                queued: Duration::ZERO,
                input: 400,
                output: 20,
            }
        };
        (0..n).map(one).collect()
    }

    #[test]
    fn the_way_the_first_token_and_the_gaps_are_told_apart() {
        for service in [true, false] {
            let fitted = fit(&observed(600, service), KNOWN).unwrap();
            let expected = service.then_some((Span(ms(90)), Span(Duration::ZERO)));
            assert_eq!(fitted.rtt, expected);
            let p50 = fitted.ttft.iter().find(|(key, _)| *key == "p50").unwrap().1;
            assert!(p50.0.abs_diff(ms(800)) < ms(3), "{:?}", fitted.ttft);
            assert_eq!(fitted.tpot, [("p50", Span(ms(10))), ("p95", Span(ms(10)))]);
        }
    }

    #[test]
    fn what_is_not_log_normal_becomes_a_table() {
        let fitted = fit(&observed(600, true), KNOWN).unwrap();
        let keys: Vec<_> = fitted.ttft.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys, ["min", "p50", "p95", "p99", "max"], "uniform is not log-normal");
    }

    #[test]
    fn too_few_answers_are_refused() {
        let said = fit(&observed(299, true), KNOWN).unwrap_err();
        assert_eq!(said, "299 of the 300 needed complete streamed answers");
    }
}
