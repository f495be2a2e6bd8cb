//! Percentiles with intervals that allow for neighbours that resemble each other; and where the sample
//! does not bear a number, what it would need.

use super::series::{Histogram, Level, Sample};
use super::summary::{Percentiles, QUANTILES, Quantile, Withheld};
use crate::stats::effective::{Block, FEWEST_CORRELATION_TIMES, design_effect};
use crate::stats::quantile::{bracket, fewest_samples};

/// Percentiles of `sample`, which `blocks` of time, by stratum, make up, and which spans so many correlation
/// times.
pub fn percentiles(sample: Sample<'_>, blocks: &[(usize, Sample<'_>)], correlation_times: Option<f64>) -> Percentiles {
    let n = sample.n();
    let bears = correlation_times.is_some_and(|times| times >= FEWEST_CORRELATION_TIMES);
    let mut percentiles = Percentiles {
        n,
        effective_n: None,
        correlation_times,
        quantiles: vec![],
        withheld: vec![],
        max: sample.at(1.0),
    };
    for q in QUANTILES {
        let Some(value) = sample.at(q) else { continue };
        // A rank among failures is no number that could be wrong.
        if n < fewest_samples(q) && value != Level::Failed {
            percentiles.withheld.push(Withheld { q, needs: fewest_samples(q) });
            continue;
        }
        let worth = worth(sample, blocks, (q, value));
        let least = percentiles.effective_n.into_iter().chain(worth).min_by(f64::total_cmp);
        percentiles.effective_n = least;
        let bracket = worth.filter(|_| bears).map(|worth| bracket(worth, q));
        percentiles.quantiles.push(Quantile {
            q,
            value,
            low: bracket.and_then(|b| sample.at(b.low?)),
            high: bracket.and_then(|b| sample.at(b.high?)),
        });
    }
    percentiles
}

/// How many independent samples those of `sample` are worth at one percentile.
///
/// What lies beyond a high percentile comes in few clusters, and a run that met few of them looks as if they
/// were small. Twice as far from the top there are more: the larger of both effects is taken.
fn worth(sample: Sample<'_>, blocks: &[(usize, Sample<'_>)], (q, value): (f64, Level)) -> Option<f64> {
    let effect = |level: Level| {
        let count = |(stratum, block): &(usize, Sample<'_>)| Block {
            stratum: *stratum,
            n: block.n(),
            below: match level {
                Level::At(_) => block.count_to(level),
                Level::Failed => block.ok.len(),
            },
        };
        design_effect(&blocks.iter().map(count).collect::<Vec<_>>())
    };
    let lower = 1.0 - 2.0 * (1.0 - q);
    let lower = if lower > 0.0 { effect(sample.at(lower)?) } else { None };
    let effect = effect(value)?.max(lower.unwrap_or(1.0));
    Some(sample.n() as f64 / effect)
}

/// Percentiles of the instrument's own figures: they describe this run and claim nothing beyond it, so they need
/// neither intervals nor a least number.
pub fn plain(histogram: &Histogram) -> Percentiles {
    let sample = Sample { ok: histogram, failures: 0 };
    let at = |q: &f64| Some(Quantile { q: *q, value: sample.at(*q)?, low: None, high: None });
    Percentiles {
        n: sample.n(),
        effective_n: None,
        correlation_times: None,
        quantiles: QUANTILES.iter().filter_map(at).collect(),
        withheld: vec![],
        max: sample.at(1.0),
    }
}
