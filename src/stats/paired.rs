//! The median of few paired differences, with an interval that assumes no distribution: two of the
//! differences themselves, as for any quantile.

use super::quantile::bracket;

/// The bound above which the median lies with so much confidence: the highest of the differences that at least so
/// often lies below it. `None` where not even the lowest does.
pub fn lower(mut differences: Vec<f64>, confidence: f64) -> Option<f64> {
    differences.sort_by(f64::total_cmp);
    // P(fewer than k of n lie below the median), for k = 1, 2, …
    let n = differences.len() as i32;
    let mut weight = 0.5_f64.powi(n);
    let mut below = weight;
    let mut rank = None;
    for (k, difference) in (1..).zip(differences) {
        if below > 1.0 - confidence {
            break;
        }
        rank = Some(difference);
        weight *= f64::from(n - k + 1) / f64::from(k);
        below += weight;
    }
    rank
}

/// Median, and the bounds of its 95 % interval. `None` for fewer than six: not even all of five on one side
/// are less likely than 5 % by chance.
pub fn median(mut differences: Vec<f64>) -> Option<[f64; 3]> {
    differences.sort_by(f64::total_cmp);
    let n = differences.len();
    let bracket = bracket(n as f64, 0.5);
    let at = |fraction: f64| differences[(fraction * n as f64).round() as usize - 1];
    let (low, high) = (at(bracket.low?), at(bracket.high?));
    let (below, above) = (differences[(n - 1) / 2], differences[n / 2]);
    // Two infinities on different sides have no middle.
    let middle = if below == above { below } else { (below + above) / 2.0 };
    Some([if middle.is_nan() { 0.0 } else { middle }, low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_are_the_fewest_and_all_of_them_must_agree() {
        assert_eq!(median(vec![1.0; 5]), None);
        assert_eq!(median(vec![6.0, 2.0, 3.0, 4.0, 1.0, 5.0]), Some([3.5, 1.0, 6.0]));
        assert_eq!(median(vec![]), None);
    }

    #[test]
    fn a_bound_at_99_percent_takes_seven() {
        // 0.5^6 = 1.6 %, 0.5^7 = 0.8 %; of ten, the second: 11/1024 = 1.07 % is too much, of eleven 12/2048 is not.
        assert_eq!(lower(vec![1.0; 6], 0.99), None);
        assert_eq!(lower((1..=7).map(f64::from).collect(), 0.99), Some(1.0));
        assert_eq!(lower((1..=10).map(f64::from).collect(), 0.99), Some(1.0));
        assert_eq!(lower((1..=11).map(f64::from).collect(), 0.99), Some(2.0));
    }

    #[test]
    fn of_nine_one_may_differ() {
        let [middle, low, high] = median(vec![-1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 99.0]).unwrap();
        assert_eq!((middle, low, high), (4.0, 1.0, 7.0));
    }

    #[test]
    fn failures_are_beyond_every_difference() {
        let infinite = f64::INFINITY;
        let found = median(vec![infinite, infinite, infinite, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!(found, [infinite, 1.0, infinite]);
    }
}
