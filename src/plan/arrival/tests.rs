use super::*;

const DRAWN: usize = 50_000;

/// Evenly spaced, as a recording of [`DRAWN`] requests at one per second would be.
fn settings(burstiness: f64) -> Settings {
    let rows: String = (0..DRAWN).map(|second| format!("{second},1,1\n")).collect();
    let trace = Trace::read(format!("offset,input_tokens,output_tokens\n{rows}").as_bytes()).unwrap();
    Settings { burstiness: Some(burstiness), trace: Some(trace) }
}

fn arrivals(entry: &Entry, settings: &Settings, seed: u64) -> Vec<f64> {
    let mut process = (entry.build)(settings, Seed(seed));
    (0..DRAWN).map_while(|_| process.next_arrival()).collect()
}

fn gaps(name: &str, burstiness: f64) -> Vec<f64> {
    let arrived = arrivals(find(name).unwrap(), &settings(burstiness), 3);
    arrived.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn every_process_has_a_mean_rate_of_one_and_never_goes_back() {
    for entry in ARRIVALS {
        let arrived = arrivals(entry, &settings(0.5), 7);
        assert!(arrived.is_sorted(), "{} went back", entry.name);
        // The widest spread is that of gamma with shape 0.5: √(50,000 / 0.5) = 316.
        let took = arrived[DRAWN - 1];
        assert!((took - DRAWN as f64).abs() < 5.0 * 316.0, "{} took {took}", entry.name);
    }
}

#[test]
fn the_same_seed_gives_the_same_instants() {
    let settings = settings(0.5);
    for entry in ARRIVALS {
        assert_eq!(arrivals(entry, &settings, 1), arrivals(entry, &settings, 1), "{}", entry.name);
    }
    let poisson = find("poisson").unwrap();
    assert_ne!(arrivals(poisson, &settings, 1), arrivals(poisson, &settings, 2));
}

#[test]
fn constant_gaps_do_not_vary_and_do_not_drift() {
    assert!(gaps("constant", 1.0).iter().all(|gap| *gap == 1.0));
}

/// P(X ≤ x) for a gamma distribution of this shape and mean 1, by the series of the lower incomplete
/// gamma function (Abramowitz and Stegun 6.5.29); `gamma` is Γ(shape).
fn gamma_cdf(shape: f64, gamma: f64, x: f64) -> f64 {
    let z = x * shape;
    let mut term = z.powf(shape) * (-z).exp() / (gamma * shape);
    let mut sum = 0.0;
    for n in 1.. {
        sum += term;
        term *= z / (shape + f64::from(n));
        if term < 1e-12 {
            break;
        }
    }
    sum
}

/// Largest distance between the sample's distribution and `cdf`: Kolmogorov and Smirnov's statistic.
fn distance(sample: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let off = |(i, x): (usize, &f64)| (cdf(*x) - i as f64 / n).abs().max((cdf(*x) - (i + 1) as f64 / n).abs());
    sorted.iter().enumerate().map(off).fold(0.0, f64::max)
}

fn keeps_to(name: &str, shape: f64, cdf: impl Fn(f64) -> f64) {
    let gaps = gaps(name, shape);
    let n = gaps.len() as f64;
    let mean = gaps.iter().sum::<f64>() / n;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / n;
    // Five standard errors; a gamma's excess kurtosis is 6/shape.
    assert!((mean - 1.0).abs() < 5.0 / (n * shape).sqrt(), "{name} {shape}: mean {mean}");
    let spread = ((2.0 + 6.0 / shape) / n).sqrt();
    assert!((variance * shape - 1.0).abs() < 5.0 * spread, "{name} {shape}: variance {variance}");
    // Exceeded by one sample in a thousand (Smirnov 1948).
    let off = distance(&gaps, cdf);
    assert!(off < 1.95 / n.sqrt(), "{name} {shape}: {off} from its distribution");
}

#[test]
fn gaps_have_the_mean_the_variance_and_the_distribution_that_they_are_named_by() {
    let exponential = |x: f64| 1.0 - (-x).exp();
    keeps_to("poisson", 1.0, exponential);
    keeps_to("gamma", 1.0, exponential);
    keeps_to("gamma", 0.5, |x| gamma_cdf(0.5, std::f64::consts::PI.sqrt(), x));
    keeps_to("gamma", 4.0, |x| gamma_cdf(4.0, 6.0, x));
}

/// The test above must be able to tell one process from another.
#[test]
fn a_wrong_distribution_is_noticed() {
    let off = distance(&gaps("gamma", 0.9), |x| 1.0 - (-x).exp());
    assert!(off > 1.95 / (DRAWN as f64).sqrt(), "{off}");
}
