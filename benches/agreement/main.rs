//! Whether mock and simulation tell the same story: one calm scenario in both, below, near and beyond capacity.
//!
//! `cargo bench --bench agreement` takes about three minutes, prints every distance, and fails where one is too wide.

mod arms;

use std::process::ExitCode;
use std::time::Duration;

use arms::{Bounds, Case};
use bedbench::measure::verdict::Grade;

const BOUNDS: Bounds = Bounds { relative: 0.03, absolute: Duration::from_millis(2), share: 0.01 };
/// Of the capacity.
const LOADS: [f64; 3] = [0.7, 0.9, 1.3];

fn main() -> ExitCode {
    // `cargo test --benches` only asks whether it works, and tests/agreement.rs has seen to that.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let case = Case::calm();
    println!("{:.0} requests/s are the capacity of either route\n", case.capacity());
    println!("{:<4} {:<21} {:>12} {:>12} {:>11}", "load", "route, number", "mock", "simulated", "apart");
    let mut agreed = true;
    for load in LOADS {
        let (pairs, verdict) = case.compare(load);
        for pair in pairs {
            let within = pair.within(&BOUNDS);
            agreed &= within;
            println!("{load:<4} {pair}{}", if within { "" } else { "  TOO FAR" });
        }
        if verdict.grade != Grade::Valid {
            println!("{load:<4} the mock's arm is {}: {:?}", verdict.grade, verdict.reasons);
            agreed &= verdict.grade != Grade::Invalid;
        }
    }
    if agreed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
