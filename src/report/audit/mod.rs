//! What an account really did with Bedrock, and what its quotas leave.

mod tables;

use serde::Serialize;

use super::text::{Style, bullets, joined, title};
use crate::core::RegionId;
use crate::govern::baseline::{Baseline, Headroom, Hour, Known, Window, instant};

/// Of all models in one Region, as JSON has it too. Instants are seconds since 1970, times are seconds.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    pub schema: u32,
    /// RFC 3339.
    pub date: String,
    pub region: RegionId,
    pub window: Window,
    /// The busiest first.
    pub models: Vec<Audited>,
    /// What the reader should know of these numbers.
    pub remarks: Vec<String>,
}

/// One model.
#[derive(Clone, Debug, Serialize)]
pub struct Audited {
    #[serde(flatten)]
    pub baseline: Baseline,
    pub throttled_share: Option<f64>,
    /// Quota that one output token uses.
    pub burndown: f64,
    pub quota: Known,
    pub headroom: Headroom,
}

/// Models whose day is shown hour by hour; JSON has all.
const MOST_DAYS: usize = 2;

pub fn render(audit: &Audit, style: Style) -> String {
    let mut sections = vec![
        head(audit, style),
        tables::calls(audit, style),
        tables::times(audit, style),
        tables::tokens(audit, style),
        tables::quotas(audit, style),
    ];
    sections.extend(audit.models.iter().take(MOST_DAYS).map(|audited| tables::day(audited, audit, style)));
    sections.push(remarks(audit, style));
    joined(&sections)
}

fn head(audit: &Audit, style: Style) -> Vec<String> {
    let window = &audit.window;
    let period = match window.period {
        60 => "1 min",
        300 => "5 min",
        _ => "1 h",
    };
    let rest = format!("{} to {}, data points of {period}", instant(window.start), instant(window.end));
    vec![title(&format!("CloudWatch, {} ({})", audit.region.name(), audit.region), &rest, style)]
}

fn remarks(audit: &Audit, style: Style) -> Vec<String> {
    let mut said = vec![
        "throttled: of invocations and throttled calls together, for CloudWatch does not count a throttled call as an \
         invocation. Clients that try again by themselves are counted again"
            .to_owned(),
        "percentiles: CloudWatch's own, over the whole window or the hour named. Those of hours are not averaged: the span \
         shows how far they lie apart"
            .to_owned(),
        "no data point is read as no call: CloudWatch sends no zeros".to_owned(),
        "what throttles is what is reserved, input and max_tokens; CloudWatch does not know max_tokens, so the tokens/min \
         of a quota are those settled: input, cache writes, and output times the model's burndown"
            .to_owned(),
    ];
    if audit.window.period > 60 {
        said.push(format!(
            "CloudWatch keeps minutes for 15 days: the busiest minute is a mean over {} min here, and the true one is no \
             lower",
            audit.window.period / 60
        ));
    }
    said.extend(audit.remarks.iter().cloned());
    std::iter::once(title("How to read it", "", style)).chain(bullets(&said, style)).collect()
}

/// Every hour in which something was called: CSV with a header.
pub fn hours_csv(audit: &Audit) -> String {
    let mut csv = String::from(
        "model,hour,invocations,throttled,requests_per_second,busiest_per_minute,n,latency_p50_ms,latency_p95_ms,latency_p99_ms\n",
    );
    let millis = |time: Option<f64>| time.map_or_else(String::new, |time| format!("{:.3}", time * 1e3));
    for audited in &audit.models {
        for hour in &audited.baseline.hours {
            let Hour { start, invocations, throttled, per_second, busiest_per_minute, n, p50, p95, p99 } = hour;
            // A model id holds neither comma nor quote.
            csv += &format!(
                "{},{},{invocations},{throttled},{per_second:.6},{busiest_per_minute:.3},{n},{},{},{}\n",
                audited.baseline.model,
                instant(*start),
                millis(*p50),
                millis(*p95),
                millis(*p99),
            );
        }
    }
    csv
}
