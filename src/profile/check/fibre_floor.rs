//! No round trip is faster than light in fibre along the great circle.

use super::{Draft, Finding, Rule, refuse};
use crate::core::RegionId;
use crate::core::geography::{FLOOR_TOLERANCE, distance_km, fibre_floor};
use crate::core::units::{Span, grouped};

pub const RULE: Rule = Rule {
    name: "fibre-floor",
    summary: "no round trip from Sydney is shorter than light in fibre needs for the distance",
    check,
};

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    let given = draft.file.region.iter().filter_map(|region| {
        let region = region.get_ref();
        Some((region.code, region.rtt.as_ref()?))
    });
    given
        .filter_map(|(region, rtt)| {
            let floor = fibre_floor(RegionId::SYDNEY, region);
            let value = rtt.get_ref().value;
            if value.0 + FLOOR_TOLERANCE >= floor {
                return None;
            }
            let km = grouped(distance_km(RegionId::SYDNEY, region).round() as u64);
            let floor = Span(floor);
            let what = format!(
                "a round trip of {value} to {} is impossible: light in fibre needs {floor} for the {km} km there and back",
                region.name()
            );
            Some(refuse(rtt.span().start, what, format!("Write what was measured, {floor} or more, with its source")))
        })
        .collect()
}
