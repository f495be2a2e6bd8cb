//! Whatever is given as a trace is refused with its line, or can be fired.

#![no_main]

use std::time::Duration;

use bedbench::core::Seed;
use bedbench::core::units::Rate;
use bedbench::plan::arrival::{Setting, Settings, heeding};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::trace::Trace;
use bedbench::plan::workload::Workload;
use bedbench::plan::{Load, Plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let trace = match Trace::read(bytes) {
        Ok(trace) => trace,
        Err(error) => {
            let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
            assert!((1..=lines).contains(&error.line), "{error} in {lines} lines");
            return;
        }
    };
    assert!(trace.rows().windows(2).all(|pair| pair[0].offset <= pair[1].offset));
    // Longer ones are refused by the command line.
    let length = trace.seconds().clamp(1, 7 * 86_400);
    let workload = Workload { trace: Some(trace.clone()), ..Workload::fixed(10, 10) };
    let settings = Settings { trace: Some(trace.clone()), ..Settings::default() };
    let entry = heeding(Setting::Trace).expect("traces have their process");
    let rates = RateCurve::level(Rate(trace.peak().0.max(1.0)), Duration::from_secs(length));
    let planned = Plan::of(&Load::new(rates, entry, settings, &workload, Seed(1))).len();
    assert!(planned <= trace.rows().len(), "{planned} requests of {}", trace.rows().len());
});
