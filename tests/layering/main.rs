//! Dependencies point down, and pure code stays pure. The compiler holds neither; this does.

mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use source::Source;

/// Every folder of the house and what it may import of ours, lowest first: none may name a folder
/// that stands below it in this list. A new folder takes its place here.
const HOUSE: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("clock", &["core"]),
    ("stats", &["core"]),
    ("plan", &["core"]),
    ("region", &["core", "plan"]),
    // Decides on what a client can know: never on the Region model's truth.
    ("routing", &["core"]),
    ("profile", &["core", "plan", "region", "routing"]),
    ("measure", &["core", "stats"]),
    ("store", &["core", "measure"]),
    ("govern", &["core", "stats", "plan", "region", "profile", "measure", "store"]),
    ("sweep", &["core", "stats", "govern", "measure"]),
    ("report", &["core", "measure", "stats", "store", "govern", "sweep"]),
    ("bedrock", &["core", "clock"]),
    ("account", &["core", "govern", "bedrock"]),
    // Knows nothing of who is calling.
    ("mock", &["core", "clock", "plan", "region", "profile"]),
    ("drive", &["core", "clock", "plan", "region", "routing", "profile", "measure", "store", "govern", "bedrock"]),
    (
        "cli",
        &[
            "core", "clock", "stats", "plan", "region", "routing", "profile", "govern", "measure", "sweep", "store",
            "report", "bedrock", "account", "mock", "drive",
        ],
    ),
];

/// Folders whose code takes `now` as an argument and never waits, reads a clock, opens a file,
/// prints or draws unseeded.
const PURE: &[&str] = &["core", "plan", "profile", "region", "routing", "govern", "measure", "stats", "report"];

/// What pure code may not name, as beginnings of paths.
const IMPURE: &[&[&str]] = &[
    &["tokio"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time", "Instant"],
    &["std", "time", "SystemTime"],
    &["std", "time", "UNIX_EPOCH"],
    &["rand", "rng"],
    &["rand", "random"],
    &["rand", "rngs", "SysRng"],
    &["rand", "rngs", "ThreadRng"],
];

/// Caught by name alone, however they were imported.
const IMPURE_NAMES: &[&str] = &["Instant", "SystemTime"];

const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];

/// (file, path): the one place where profiles are read from disk.
const EXEMPT: &[(&str, &[&str])] = &[("profile/load.rs", &["std", "fs"])];

/// Where files are written: in one step, by functions that all others call.
const WRITES: &str = "store/folder.rs";

/// What a file of ours breaks, in words. `file` is its path below `src`.
fn violations(file: &str, text: &str) -> BTreeSet<String> {
    let source = Source::new(file, text);
    let mut found = BTreeSet::new();
    let Some(folder) = file.split_once('/').map(|(folder, _)| folder) else {
        // lib.rs and main.rs: the map and the door.
        return found;
    };
    let may = HOUSE.iter().find(|(name, _)| *name == folder).map(|(_, may)| *may);
    let Some(may) = may else {
        found.insert(format!("{file}: folder `{folder}` has no place in the house"));
        return found;
    };
    for path in source.paths("crate") {
        let Some(imported) = path.first() else { continue };
        if imported != folder && !may.contains(&imported.as_str()) {
            found.insert(format!("{file}: `{folder}` may not import `{imported}`"));
        }
    }
    if file != WRITES && source.names_in("fs", "write") {
        found.insert(format!("{file}: `fs::write` leaves half a file; `replace` in {WRITES} does not"));
    }
    if !PURE.contains(&folder) {
        return found;
    }
    for root in ["std", "tokio", "rand"] {
        for path in source.paths(root) {
            let named = |beginning: &[&str]| path.iter().zip(beginning).filter(|(a, b)| a == b).count();
            let impure = IMPURE.iter().find(|beginning| named(beginning) == beginning.len());
            if let Some(impure) = impure.filter(|impure| !EXEMPT.contains(&(file, impure))) {
                found.insert(format!("{file}: `{folder}` is pure and names `{}`", impure.join("::")));
            }
        }
    }
    for name in IMPURE_NAMES.iter().filter(|name| source.names(name)) {
        found.insert(format!("{file}: `{folder}` is pure and names `{name}`"));
    }
    for name in PRINTING.iter().filter(|name| source.calls_macro(name)) {
        found.insert(format!("{file}: `{folder}` is pure and calls `{name}!`"));
    }
    found
}

/// All files of `src` but those that hold tests and their fixtures, by path below `src`.
fn files() -> Vec<(String, String)> {
    fn collect(folder: &Path, root: &Path, into: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                collect(&path, root, into);
            } else if name.ends_with(".rs") && !["tests.rs", "fixture.rs"].iter().any(|end| name.ends_with(end)) {
                let below = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                into.push((below, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files
}

#[test]
fn every_file_keeps_the_rules_of_the_house() {
    let files = files();
    assert!(files.len() > 50, "only {} files were read", files.len());
    let found: Vec<_> = files.iter().flat_map(|(file, text)| violations(file, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn dependencies_point_down() {
    for (position, (folder, may)) in HOUSE.iter().enumerate() {
        for imported in *may {
            let below = HOUSE[..position].iter().any(|(name, _)| name == imported);
            assert!(below, "`{folder}` is allowed to import `{imported}`, which does not stand before it");
        }
    }
}

/// A checker that finds nothing proves nothing.
#[test]
fn broken_rules_are_found_however_they_are_written() {
    for (file, text, said) in [
        ("routing/new.rs", "use crate::region::World;", "`routing` may not import `region`"),
        ("routing/new.rs", "use crate::{core::Seed, region::World};", "`routing` may not import `region`"),
        ("routing/new.rs", "fn f() -> crate::mock::Mock {}", "`routing` may not import `mock`"),
        ("routing/new.rs", "use super::super::region;", "`routing` may not import `region`"),
        ("routing/mod.rs", "use super::{core::{Seed, Metric}, drive};", "`routing` may not import `drive`"),
        ("core/new.rs", "use crate::plan::Plan;", "`core` may not import `plan`"),
        ("report/new.rs", "pub use crate::cli::main;", "`report` may not import `cli`"),
        ("sim/mod.rs", "", "folder `sim` has no place in the house"),
        ("region/new.rs", "use tokio::sync::Notify;", "names `tokio`"),
        ("region/new.rs", "use std::{fmt, time::{Duration, Instant}};", "names `std::time::Instant`"),
        ("region/new.rs", "use std::time; fn f() { time::SystemTime::now(); }", "names `SystemTime`"),
        ("profile/schema.rs", "std::fs::read(path)", "names `std::fs`"),
        ("plan/new.rs", "let mut draws = rand::rng();", "names `rand::rng`"),
        ("cli/new.rs", "use std::fs; fn f() { fs::write(a, b) }", "`fs::write` leaves half a file"),
        ("stats/new.rs", "eprintln!(\"{x}\");", "calls `eprintln!`"),
        ("stats/new.rs", "#[cfg(test)]\nmod fixture;\n\nuse std::thread;", "names `std::thread`"),
        ("stats/new.rs", "#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nuse std::fs::File;", "names `std::fs`"),
    ] {
        let found = violations(file, text);
        assert!(found.iter().any(|line| line.contains(said)), "{text} in {file}: {found:?}");
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (file, text) in [
        ("region/new.rs", "use crate::{core::Seed, plan::workload::Workload, region::Law};"),
        ("region/world.rs", "use super::PlaceSpec; use super::quota::Quota;"),
        ("region/new.rs", "// tokio::spawn and crate::mock are for others\npub(crate) fn f() {}"),
        ("region/new.rs", "use std::time::Duration; use rand::RngExt;"),
        ("profile/load.rs", "std::fs::read_to_string(name)"),
        ("stats/new.rs", "#[cfg(test)]\nmod tests {\n    use crate::report;\n    use std::fs;\n}"),
        ("mock/new.rs", "use std::time::Instant; use tokio::spawn;"),
        ("store/folder.rs", "std::fs::write(a, b)"),
        ("cli/new.rs", "folder.write(a, b); use std::fmt::Write;"),
        ("main.rs", "fn main() { bedbench::cli::main() }"),
    ] {
        assert_eq!(violations(file, text), BTreeSet::new(), "{text} in {file}");
    }
}
