use super::*;
use crate::core::RegionId;
use crate::profile::{Loader, Models};

/// 2026-11-23 14:41:07 UTC.
const NOW: u64 = 1_795_444_867;
const MODEL: &str = "au.anthropic.claude-sonnet-5";

fn window(days: u32) -> Window {
    Window::before(NOW, days).unwrap()
}

fn source(window: Window) -> Source {
    Source { region: RegionId::SYDNEY, window, date: "2026-11-23".into() }
}

/// Two days. On each 60 calls in one minute of 09:00 UTC, 20 more of them throttled on the second day; 400 tokens in
/// and 50 out each.
fn readings(window: &Window) -> Readings {
    let mut readings = Readings::new(MODEL);
    let nine = window.hours().filter(|hour| hour / HOUR % 24 == 9).collect::<Vec<_>>();
    let minute = |hour: u64| hour + 600;
    let mut sum = |metric, grain, points: Vec<(u64, f64)>| readings.add((metric, Stat::Sum, grain), points);
    sum(Metric::Invocations, Grain::Finest, nine.iter().map(|hour| (minute(*hour), 60.0)).collect());
    sum(Metric::Throttles, Grain::Finest, vec![(minute(nine[1]), 20.0)]);
    sum(Metric::InputTokens, Grain::Finest, nine.iter().map(|hour| (minute(*hour), 24_000.0)).collect());
    sum(Metric::OutputTokens, Grain::Finest, nine.iter().map(|hour| (minute(*hour), 3_000.0)).collect());
    sum(Metric::ServerErrors, Grain::Hour, vec![(nine[0], 3.0)]);
    for (metric, each) in [(Metric::Latency, 900.0), (Metric::InputTokens, 400.0), (Metric::OutputTokens, 50.0)] {
        readings.add((metric, Stat::Samples, Grain::Hour), nine.iter().map(|hour| (*hour, 60.0)));
        readings.add((metric, Stat::Sum, Grain::Hour), nine.iter().map(|hour| (*hour, 60.0 * each)));
        readings.add((metric, Stat::Maximum, Grain::Hour), nine.iter().map(|hour| (*hour, 2.0 * each)));
    }
    readings.add((Metric::Latency, Stat::P95, Grain::Hour), [(nine[0], 1_000.0), (nine[1], 3_000.0)]);
    readings.add((Metric::Latency, Stat::P95, Grain::Whole), [(window.start, 1_400.0)]);
    readings.add((Metric::Latency, Stat::P99, Grain::Whole), [(window.start, 3_400.0)]);
    readings
}

fn baseline(window: &Window) -> Baseline {
    Baseline::of(&readings(window), window, 10.0).unwrap()
}

#[test]
fn throttled_calls_are_not_invocations_and_the_share_is_of_both() {
    let found = baseline(&window(2));
    assert_eq!((found.invocations, found.throttled, found.calls(), found.server_errors), (120, 20, 140, 3));
    assert_eq!(found.throttled_share(), Some(20.0 / 140.0));
    assert_eq!(throttled_share(0, 0), None);
}

#[test]
fn rates_are_over_the_whole_window_and_of_the_busiest_minute() {
    let found = baseline(&window(2));
    assert!((found.per_second - 140.0 / (2.0 * 86_400.0)).abs() < 1e-12);
    let busiest = found.busiest.unwrap();
    assert_eq!((busiest.requests_per_minute, busiest.at % HOUR), (80.0, 600));
    // 24,000 in and 3,000 out at ten each.
    assert_eq!(found.busiest_tokens.unwrap().settled_per_minute, 54_000.0);
    let nine = &found.hours_of_day[9];
    assert!((nine.requests_per_minute - 140.0 / 2.0 / 60.0).abs() < 1e-12, "over both days: {nine:?}");
    assert_eq!((nine.busiest_per_minute, nine.throttled), (80.0, 20));
    assert_eq!((found.hours_of_day[8].per_second, found.hours_of_day[8].throttled_share), (0.0, None));
}

#[test]
fn a_longer_period_is_a_mean_over_it() {
    let window = window(20);
    assert_eq!(window.period, 300);
    let mut readings = Readings::new(MODEL);
    readings.add((Metric::Invocations, Stat::Sum, Grain::Finest), [(window.start, 500.0)]);
    let found = Baseline::of(&readings, &window, 1.0).unwrap();
    assert_eq!(found.busiest.unwrap().requests_per_minute, 100.0);
}

#[test]
fn percentiles_are_cloudwatchs_own_and_hours_are_not_averaged() {
    let found = baseline(&window(2)).latency;
    assert_eq!((found.n, found.mean, found.max), (120, Some(0.9), Some(1.8)));
    assert_eq!(found.p95, Some(1.4), "not the mean of the hours, 2.0");
    assert_eq!(found.hourly_p95, Some((1.0, 3.0)));
    assert_eq!(found.p99, None, "120 samples are too few for it");
    assert_eq!(found.p50, None, "CloudWatch gave none");
    assert_eq!(baseline(&window(2)).ttft, Times::default());
}

#[test]
fn a_window_in_two_parts_has_no_percentile() {
    let window = window(2);
    let mut readings = readings(&window);
    readings.add((Metric::Latency, Stat::P95, Grain::Whole), [(window.start + DAY, 1_500.0)]);
    assert_eq!(Baseline::of(&readings, &window, 1.0).unwrap().latency.p95, None);
}

#[test]
fn pages_of_one_answer_belong_together_and_what_is_outside_does_not_count() {
    let window = window(1);
    let mut readings = Readings::new(MODEL);
    let invocations = (Metric::Invocations, Stat::Sum, Grain::Finest);
    readings.add(invocations, [(window.start, 2.0)]);
    readings.add(invocations, [(window.start + 60, 3.0), (window.end, 50.0), (window.start - 60, 50.0)]);
    readings.add(invocations, [(window.start + 120, f64::NAN)]);
    assert_eq!(Baseline::of(&readings, &window, 1.0).unwrap().invocations, 5);
}

#[test]
fn nothing_called_is_no_baseline_and_only_throttles_are_one() {
    let window = window(1);
    assert_eq!(Baseline::of(&Readings::new(MODEL), &window, 1.0), None);
    let mut readings = Readings::new(MODEL);
    readings.add((Metric::Throttles, Stat::Sum, Grain::Finest), [(window.start, 7.0)]);
    let found = Baseline::of(&readings, &window, 1.0).unwrap();
    assert_eq!((found.throttled_share(), found.latency.mean), (Some(1.0), None));
}

fn known(requests: f64, tokens: f64) -> Known {
    let quota = |value, name: &str| Some(AccountQuota { name: name.into(), code: "L-1".into(), value, applied: true });
    Known { requests: quota(requests, "requests per minute"), tokens: quota(tokens, "tokens per minute") }
}

#[test]
fn headroom_is_what_the_busiest_minute_leaves() {
    let window = window(2);
    let left = headroom(&baseline(&window), &known(100.0, 60_000.0), None);
    assert!((left.requests.unwrap() - 0.2).abs() < 1e-12 && (left.tokens.unwrap() - 0.1).abs() < 1e-12, "{left:?}");
    assert_eq!((left.reserved, left.reserved_per_minute), (None, None), "nobody knows max_tokens");
    let left = headroom(&baseline(&window), &known(40.0, 60_000.0), Some(1_000));
    assert_eq!(left.requests, Some(-1.0));
    assert_eq!(left.reserved_per_minute, Some(80.0 * 1_400.0));
    assert_eq!(headroom(&baseline(&window), &Known::default(), None), Headroom::default());
}

fn read_back(dir: &std::path::Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn what_is_emitted_loads_as_what_it_says() {
    let (dir, loader) = (tempfile::tempdir().unwrap(), Loader::built_in().unwrap());
    let window = window(2);
    let found = baseline(&window);
    let text = workload(&found, &source(window), None).unwrap();
    let read = loader.workload(&read_back(dir.path(), "w.toml", &text)).unwrap();
    assert_eq!((read.input.p50, read.input.p95, read.input.max), (400, 400, 800), "{text}");
    assert_eq!((read.output.p50, read.max_tokens), (50, 100));
    assert!(text.contains("no percentiles: every request gets the mean") && text.contains("NOT MEASURED"), "{text}");
    assert!(!workload(&found, &source(window), Some(512)).unwrap().contains("NOT MEASURED"));
    let text = pattern(&found, &source(window));
    let read = loader.pattern(&read_back(dir.path(), "p.toml", &text)).unwrap();
    assert_eq!(read.curve.len(), 24);
    let models = Models::built_in().unwrap();
    let text = profile(&found, &known(100.0, 60_000.0), &models, &source(window)).unwrap();
    let read = loader.parse_profile("audit.toml", &text).unwrap();
    let quota = read.regions.iter().find(|region| region.code == RegionId::SYDNEY).unwrap().quota.clone().unwrap();
    assert_eq!(quota.len(), 1);
    assert_eq!((quota[0].requests_per_minute, quota[0].tokens_per_minute), (Some(100.0), Some(60_000.0)));
    assert_eq!(read.routes[0].targets[0].model(), MODEL);
}

#[test]
fn lengths_with_percentiles_keep_them_and_another_shape_is_said() {
    let window = window(2);
    let mut readings = readings(&window);
    for metric in [Metric::InputTokens, Metric::OutputTokens] {
        readings.add((metric, Stat::P50, Grain::Whole), [(window.start, 100.0)]);
        readings.add((metric, Stat::P95, Grain::Whole), [(window.start, 200.0)]);
    }
    let text = workload(&Baseline::of(&readings, &window, 1.0).unwrap(), &source(window), None).unwrap();
    assert!(text.contains("input = { p50 = 100, p95 = 200, max = 800 }"), "{text}");
    assert!(text.contains("it is another shape"), "mean 400 is not of it: {text}");
}

#[test]
fn a_global_profile_is_a_reference_and_a_quota_of_nothing_is_refused() {
    let window = window(2);
    let (models, mut found) = (Models::built_in().unwrap(), baseline(&window));
    assert!(profile(&found, &known(0.0, 5.0), &models, &source(window)).unwrap_err().contains("its quota is 0"));
    found.model = "global.anthropic.claude-sonnet-5".into();
    let text = profile(&found, &Known::default(), &models, &source(window)).unwrap();
    assert!(text.contains("reference = true") && text.contains("NO QUOTA"), "{text}");
    Loader::built_in().unwrap().parse_profile("audit.toml", &text).unwrap();
    found.model = "arn:aws:bedrock:ap-southeast-2:123456789012:application-inference-profile/x".into();
    assert!(profile(&found, &Known::default(), &models, &source(window)).is_err());
}

#[test]
fn names_of_files_are_plain() {
    assert_eq!(slug("amazon.nova-lite-v1:0"), "amazon-nova-lite-v1-0");
    assert_eq!(slug("arn:aws:bedrock:x::y/../z"), "arn-aws-bedrock-x-y-z");
}
