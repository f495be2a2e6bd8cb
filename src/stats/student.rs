//! Student's t: what the mean over a few seeds can show.

use std::cmp::Ordering;
use std::f64::consts::PI;

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// `t` such that |T| ≤ `t` with probability `confidence` at `freedom` degrees, at least 1.
pub fn quantile(freedom: usize, confidence: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while within(high, freedom) < confidence {
        (low, high) = (high, high * 2.0);
    }
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if within(middle, freedom) < confidence { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// P(|T| ≤ t): closed form for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).
fn within(t: f64, freedom: usize) -> f64 {
    let angle = (t / (freedom as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let odd = freedom % 2 == 1;
    let first = if odd { cos } else { 1.0 };
    let mut term = first;
    let mut sum = 0.0;
    for step in (if odd { 3 } else { 2 }..=freedom).step_by(2) {
        sum += term;
        term *= cos * cos * (step - 1) as f64 / step as f64;
    }
    if odd { 2.0 / PI * (angle + sin * sum) } else { sin * sum }
}

/// The half-width of the interval for the mean of `values`; absent for fewer than two.
pub fn half_width(values: &[f64], confidence: f64) -> Option<f64> {
    let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / freedom as f64 / values.len() as f64).sqrt();
    Some(quantile(freedom, confidence) * error)
}

/// On which side of zero the mean is shown to lie; `Equal` where nothing is shown.
pub fn sign(values: &[f64], confidence: f64) -> Ordering {
    let mean = mean(values);
    match half_width(values, confidence) {
        Some(half) if mean.abs() > half => mean.total_cmp(&0.0),
        _ => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_agree_with_the_tables() {
        for (freedom, confidence, t) in [
            (1, 0.95, 12.706),
            (2, 0.95, 4.303),
            (4, 0.95, 2.776),
            (9, 0.95, 2.262),
            (9, 0.99, 3.250),
            (120, 0.95, 1.980),
        ] {
            let found = quantile(freedom, confidence);
            assert!((found - t).abs() < 0.000_6, "{freedom} degrees: {found}");
        }
    }

    #[test]
    fn a_mean_is_on_a_side_only_where_its_interval_is() {
        assert_eq!(sign(&[1.0, 1.2, 0.8, 1.1, 0.9], 0.95), Ordering::Greater);
        assert_eq!(sign(&[-1.0, -1.2, -0.8], 0.95), Ordering::Less);
        assert_eq!(sign(&[1.0, -0.8, 0.9, -1.1, 0.5], 0.95), Ordering::Equal);
        assert_eq!(sign(&[0.0; 5], 0.95), Ordering::Equal);
        assert_eq!(sign(&[2.0], 0.95), Ordering::Equal);
        // Standard deviation √0.625, n = 5: 2.776 · √0.625 / √5.
        let half = half_width(&[0.0, 0.5, 1.0, 1.5, 2.0], 0.95).unwrap();
        assert!((half - 0.981_6).abs() < 1e-3, "{half}");
    }
}
