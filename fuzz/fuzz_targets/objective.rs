//! Whatever is typed as an objective, a gate or one of their numbers is refused in words, or reads back as it is shown.

#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use bedbench::core::fail_if::FailIf;
use bedbench::core::gate::Gate;
use bedbench::core::slo::Slo;
use bedbench::core::units::{Rate, Span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    reads_back::<Slo>(text);
    reads_back::<Gate>(text);
    shown::<FailIf>(text);
    shown::<Span>(text);
    shown::<Rate>(text);
});

/// Goodput and gates are made anew from what the manifest says: nothing may be lost.
fn reads_back<T: FromStr<Err = String> + Display + Debug + PartialEq>(text: &str) {
    let Some(read) = shown::<T>(text) else { return };
    let again = read.to_string().parse::<T>().unwrap_or_else(|said| panic!("{read} from {text:?}: {said}"));
    assert_eq!(again, read, "from {text:?}");
}

fn shown<T: FromStr<Err = String> + Display>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(read) => {
            assert!(!read.to_string().is_empty());
            Some(read)
        }
        Err(said) => {
            assert!(!said.is_empty());
            None
        }
    }
}
