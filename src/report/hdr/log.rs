//! `latency.hlog`: a HdrHistogram V2 interval log, tagged by route.
//!
//! One interval per measured phase, route and time, in microseconds, to three digits. The tag is the route for response
//! time, the headline, and the route and the word behind a slash for the others: `sydney`, `sydney/ttft`. A histogram has
//! no place for a failure, so it holds the times of the ok requests alone, and a comment counts the failures.

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::METRICS;
use crate::core::Metric;
use crate::core::units::grouped;
use crate::report::{Format, Report};

pub const FORMAT: Format = Format {
    file: "latency.hlog",
    summary: "HdrHistogram V2 interval log, tagged by route, in microseconds: ok requests alone",
    render,
};

fn render(report: &Report<'_>) -> String {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let (manifest, recorder) = (report.manifest, report.recorder);
    let started = manifest.started_unix_nanos;
    let mut log = IntervalLogWriterBuilder::new();
    log.add_comment(&format!(
        "[bedbench {}, {}: {}]",
        manifest.version,
        report.summary.label(),
        manifest.config.profile
    ))
    .add_comment(&format!(
        "[StartTime: {}.{:03} (seconds since epoch), {}]",
        started / 1_000_000_000,
        started / 1_000_000 % 1_000,
        manifest.started
    ))
    .add_comment("[times of ok requests, in microseconds; interval maximum in milliseconds]");
    for route in &report.summary.routes {
        let whole = route.whole();
        let failed = grouped(whole.counted() - whole.ok());
        log.add_comment(&format!(
            "[{}: {failed} of {} requests failed]",
            one_line(&route.head.name),
            grouped(whole.counted())
        ));
    }
    let mut log = log
        .with_max_value_divisor(1_000.0)
        .begin_log_with(&mut bytes, &mut serializer)
        .expect("memory takes what is written");
    for (i, phase) in recorder.phases().iter().enumerate().filter(|(_, phase)| phase.measured) {
        for (head, series) in manifest.config.routes.iter().zip(recorder.routes()) {
            for (metric, word) in METRICS {
                let times = series.phases[i].times.of(metric);
                let tag = tag(&head.name, metric, word);
                let (start, length) = (phase.start.since_start(), phase.end.since(phase.start));
                if !times.is_empty() {
                    log.write_histogram(times.hdr(), start, length, Tag::new(&tag))
                        .expect("memory takes what is written");
                }
            }
        }
    }
    drop(log);
    String::from_utf8(bytes).expect("a log is text")
}

/// A tag ends at a comma or a space.
fn tag(route: &str, metric: Metric, word: &str) -> String {
    let route: String =
        route.chars().map(|c| if c == ',' || c.is_whitespace() || c.is_control() { '_' } else { c }).collect();
    if metric == Metric::Response { route } else { format!("{route}/{word}") }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::report::fixture;

    /// What HdrHistogram reads back is what was measured.
    #[test]
    fn the_log_holds_every_route_with_its_percentiles() {
        let run = fixture::congested();
        let text = render(&run.report());
        let mut whole = std::collections::BTreeMap::<String, Histogram<u64>>::new();
        for entry in IntervalLogIterator::new(text.as_bytes()) {
            if let LogEntry::Interval(interval) = entry.unwrap() {
                use base64_of_the_log as base64;
                let bytes = base64::decode(interval.encoded_histogram());
                let read: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
                let tag = interval.tag().unwrap().as_str().to_owned();
                whole.entry(tag).or_insert_with(|| Histogram::new(3).unwrap()).add(read).unwrap();
            }
        }
        assert_eq!(whole.len(), 4 * METRICS.len(), "{:?}", whole.keys());
        for (head, series) in run.manifest.config.routes.iter().zip(run.recorder.routes()) {
            let measured = series.whole(run.recorder.phases());
            for (metric, word) in METRICS {
                let read = &whole[&tag(&head.name, metric, word)];
                let kept = measured.times.of(metric).hdr();
                assert_eq!(read.len(), kept.len());
                for q in [0.5, 0.9, 0.99, 0.999, 1.0] {
                    assert_eq!(read.value_at_quantile(q), kept.value_at_quantile(q), "{} {word} {q}", head.name);
                }
            }
        }
    }

    /// The crate hands the payload over as text.
    mod base64_of_the_log {
        pub fn decode(text: &str) -> Vec<u8> {
            const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let digits = text.bytes().filter(|byte| *byte != b'=');
            let digits = digits.map(|byte| ALPHABET.iter().position(|of| *of == byte).expect("base64") as u32);
            let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
            for digit in digits {
                (bits, held) = (bits << 6 | digit, held + 6);
                if held >= 8 {
                    held -= 8;
                    bytes.push((bits >> held) as u8);
                }
            }
            bytes
        }
    }

    #[test]
    fn a_name_cannot_break_a_line() {
        assert_eq!(tag("a, b\nc", Metric::Ttft, "ttft"), "a__b_c/ttft");
        assert_eq!(tag("sydney→oregon", Metric::Response, "response"), "sydney→oregon");
    }
}
