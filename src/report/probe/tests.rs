use super::*;

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms / 1e3)
}

/// `n` tries of a Region, `fastest` and then every 0.1 ms.
fn reach(region: RegionId, n: usize, fastest: f64) -> Reach {
    let times: Vec<_> = (0..n).map(|i| ms(fastest + i as f64 * 0.1)).collect();
    Reach {
        region,
        name: region.name(),
        url: format!("https://{region}.example"),
        tries: n,
        failed: 0,
        error: None,
        tcp: Times::of(times.clone()),
        tls: Times::of(times),
        tls_round_trips: Some(1),
        fibre_floor_s: fibre_floor(RegionId::SYDNEY, region).as_secs_f64(),
        profile_rtt_s: Some(0.092),
        profile_source: Some("assumption".into()),
    }
}

fn probed(regions: Vec<Reach>) -> Probed {
    Probed::new("2026-11-23T00:00:00Z".into(), "apac".into(), false, regions)
}

fn singapore() -> RegionId {
    "ap-southeast-1".parse().unwrap()
}

#[test]
fn percentiles_are_those_of_the_sample_and_few_tries_have_none() {
    let times = Times::of((1..=100).rev().map(|i| ms(f64::from(i))).collect());
    assert_eq!((times.fastest, times.p50, times.p95), (Some(ms(1.0)), Some(ms(50.0)), Some(ms(95.0))));
    let times = Times::of((1..=59).map(|i| ms(f64::from(i))).collect());
    assert_eq!((times.p50, times.p95), (Some(ms(30.0)), None));
    let times = Times::of(vec![ms(1.0); 5]);
    assert_eq!((times.fastest, times.p50), (Some(ms(1.0)), None));
    assert_eq!(Times::of(Vec::new()).fastest, None);
}

#[test]
fn a_host_outside_sydney_is_told_so_and_one_inside_is_not() {
    let near = probed(vec![reach(RegionId::SYDNEY, 60, 0.8), reach(singapore(), 60, 91.0)]);
    assert_eq!((near.host_in_sydney, near.warnings), (Some(true), Vec::new()));
    let far = probed(vec![reach(RegionId::SYDNEY, 60, 11.2)]);
    assert_eq!(far.host_in_sydney, Some(false));
    assert!(far.warnings[0].contains("not in Sydney: the fastest TCP round trip to ap-southeast-2 took 11.2 ms"));
    assert_eq!(probed(vec![reach(singapore(), 60, 91.0)]).host_in_sydney, None);
}

#[test]
fn an_answer_before_light_could_bring_it_is_doubted() {
    let found = probed(vec![reach(RegionId::SYDNEY, 60, 0.8), reach(singapore(), 60, 0.9)]);
    assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    assert!(found.warnings[0].starts_with("ap-southeast-1 answers in 900 µs, and light in fibre needs 61.8 ms"));
}

#[test]
fn the_model_has_the_median_that_was_measured() {
    let (value, jitter) = reach(singapore(), 101, 90.0).tcp.round_trip().unwrap();
    assert_eq!(value, Span(ms(90.0)));
    // Two exponential halves: P(sum <= x halves) = 1 - (1 + x) e^-x.
    let halves = ms(5.0).as_secs_f64() / (jitter.0.as_secs_f64() / 2.0);
    let below = 1.0 - (1.0 + halves) * (-halves).exp();
    assert!((below - 0.5).abs() < 1e-4, "{below}");
    assert_eq!(reach(singapore(), 5, 90.0).tcp.round_trip(), None);
}

#[test]
fn failures_and_missing_percentiles_are_on_the_screen() {
    let mut broken = reach(singapore(), 5, 91.0);
    (broken.failed, broken.error, broken.tls) = (3, Some("it said no".into()), Times::default());
    let found = probed(vec![reach(RegionId::SYDNEY, 60, 0.8), broken]);
    let text = render(&found, crate::report::text::Style { colour: false, width: 100 });
    assert!(text.contains("3 of 5") && text.contains("ap-southeast-1: it said no"), "{text}");
    assert!(text.contains("needs 6 ") && text.contains("needs 60"), "{text}");
    let row = text.lines().find(|line| line.starts_with("Sydney")).unwrap();
    assert!(row.contains("3.70 ms") && row.contains("6.40 ms") && row.contains("92.0 ms"), "{row}");
}
