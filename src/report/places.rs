//! Where the work of a route went: by Region and by country.

use std::collections::BTreeMap;

use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::core::units::percent;
use crate::measure::summary::RouteSummary;

/// Attempts by the Region whose endpoint was called.
pub fn attempts(route: &RouteSummary) -> BTreeMap<RegionId, u64> {
    route.regions.iter().map(|region| (region.region, region.attempts.values().sum())).collect()
}

/// Tokens in and out: where they were processed if anybody knows, else where they were asked for.
pub fn tokens(route: &RouteSummary) -> BTreeMap<RegionId, u64> {
    if route.processed.is_empty() {
        route.regions.iter().map(|region| (region.region, region.input_tokens + region.output_tokens)).collect()
    } else {
        route.processed.iter().map(|at| (at.region, at.input_tokens + at.output_tokens)).collect()
    }
}

/// Every Region that the route called or was processed in.
pub fn regions(route: &RouteSummary) -> impl Iterator<Item = RegionId> {
    attempts(route).into_keys().chain(tokens(route).into_keys())
}

pub fn by_jurisdiction(shares: &BTreeMap<RegionId, u64>) -> BTreeMap<Jurisdiction, u64> {
    let mut sums = BTreeMap::new();
    for (region, count) in shares.iter().filter(|(_, count)| **count > 0) {
        *sums.entry(region.jurisdiction()).or_default() += count;
    }
    sums
}

/// `77.1 % asked for in Australia, 22.9 % in Singapore`, or `all processed in Australia`, of the tokens; the greatest
/// share first, and nothing without a token. Where an inference profile processes them no client can see, so it is
/// claimed in a simulation only.
pub fn in_words(route: &RouteSummary) -> String {
    let shares = by_jurisdiction(&tokens(route));
    let all = shares.values().sum();
    let mut shares: Vec<_> = shares.into_iter().collect();
    shares.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let how = if route.processed.is_empty() { "asked for" } else { "processed" };
    match shares[..] {
        [] => String::new(),
        [(country, _)] => format!("all {how} in {country}"),
        [(most, count), ref others @ ..] => {
            let others = others.iter().map(|(country, count)| format!(", {} in {country}", percent(*count, all)));
            format!("{} {how} in {most}{}", percent(count, all), others.collect::<String>())
        }
    }
}
