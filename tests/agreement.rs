//! Mock and simulation tell the same story, at a load that leaves both room: `just agreement` looks closer, and at more.

#[path = "../benches/agreement/arms.rs"]
mod arms;

use std::time::Duration;

use arms::{Bounds, Case};
use bedbench::measure::verdict::Grade;

/// Wider than of the bench: the machine may be busy with other tests.
const BOUNDS: Bounds = Bounds { relative: 0.05, absolute: Duration::from_millis(5), share: 0.01 };

#[test]
fn at_seven_tenths_of_capacity_they_agree() {
    let (pairs, verdict) = Case::calm().compare(0.7);
    assert_ne!(verdict.grade, Grade::Invalid, "every try: {:?}", verdict.reasons);
    let apart: Vec<_> = pairs.iter().filter(|pair| !pair.within(&BOUNDS)).map(ToString::to_string).collect();
    assert!(apart.is_empty(), "mock, simulated:\n{}", apart.join("\n"));
}
