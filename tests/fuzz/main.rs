//! The fuzz targets compile and hold for every input of their corpora. `.ci/fuzz` looks for new ones.

use std::fs;
use std::path::{Path, PathBuf};

// So that the targets find below what they import from the fuzzer.
extern crate self as libfuzzer_sys;

macro_rules! targets {
    ($($name:ident from $path:literal;)*) => {
        $(
            #[path = $path]
            #[allow(unused_attributes, reason = "a target has no main of its own")]
            mod $name;

            #[test]
            fn $name() {
                replay(stringify!($name), $name::run);
            }
        )*

        const TARGETS: &[&str] = &[$(stringify!($name)),*];
    };
}

targets! {
    mock_request from "../../fuzz/fuzz_targets/mock_request.rs";
    objective from "../../fuzz/fuzz_targets/objective.rs";
    profile from "../../fuzz/fuzz_targets/profile.rs";
    records from "../../fuzz/fuzz_targets/records.rs";
    stream from "../../fuzz/fuzz_targets/stream.rs";
    trace from "../../fuzz/fuzz_targets/trace.rs";
}

fn replay(target: &str, run: fn(&[u8])) {
    let inputs = files(&format!("fuzz/seeds/{target}"));
    assert!(!inputs.is_empty(), "{target} has no corpus");
    for input in inputs {
        // Shown with what failed.
        println!("{}", input.display());
        run(&fs::read(&input).expect("a readable input"));
    }
}

#[test]
fn every_target_is_replayed() {
    let names = files("fuzz/fuzz_targets").into_iter().map(|path| {
        let stem = path.file_stem().expect("a file's name");
        stem.to_string_lossy().into_owned()
    });
    assert_eq!(names.collect::<Vec<_>>(), TARGETS);
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// What the fuzzer makes the entry of a program: here, a function of one input. Stands last, so that the targets need
/// their import.
macro_rules! fuzz_target {
    (|$input:ident: &[u8]| $body:block) => {
        pub(crate) fn run($input: &[u8]) $body
    };
    (|$input:ident: $kind:ty| $body:block) => {
        pub(crate) fn run(bytes: &[u8]) {
            use arbitrary::{Arbitrary as _, Unstructured};
            let $input = <$kind>::arbitrary_take_rest(Unstructured::new(bytes)).expect("an input that the target takes");
            $body
        }
    };
}
pub(crate) use fuzz_target;
