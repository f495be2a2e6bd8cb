//! The published JSON Schemas are those of the types, and everything that ships or is written meets them.

mod common;

use std::path::{Path, PathBuf};

use bedbench::report::schema::{Published, SCHEMAS};
use jsonschema::Validator;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("results")
}

fn validator(schema: &Published) -> Validator {
    let schema: serde_json::Value = serde_json::from_str(&schema.text()).unwrap();
    jsonschema::validator_for(&schema).expect("a schema")
}

/// What `value` breaks, with the place of it.
fn broken(validator: &Validator, value: &serde_json::Value) -> Vec<String> {
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Every file of that name below `folder`.
fn all(folder: &Path, name: &str, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all(&path, name, into);
        } else if path.file_name().is_some_and(|file| file == name) {
            into.push(path);
        }
    }
}

fn check(folder: &Path, expected: &[&str]) {
    for schema in SCHEMAS {
        let validator = validator(schema);
        let mut files = Vec::new();
        all(folder, schema.of, &mut files);
        assert!(!files.is_empty() || !expected.contains(&schema.of), "no {} below {}", schema.of, folder.display());
        for file in files {
            let value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let broken = broken(&validator, &value);
            assert!(broken.is_empty(), "{}: {broken:#?}", file.display());
        }
    }
}

/// `UPDATE_SCHEMAS=1 cargo test --test schema` writes them anew.
#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for schema in SCHEMAS {
        let path = root().join("schema").join(schema.file);
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, schema.text()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == schema.text(), "{} is not what the types say: UPDATE_SCHEMAS=1", schema.file);
    }
}

#[test]
fn every_shipped_example_meets_its_schema() {
    check(&root().join("example"), &["summary.json", "manifest.json"]);
}

#[test]
fn what_a_run_writes_meets_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str], name: &str| {
        let mut command = common::bedbench();
        command.args(args).args(["--quiet", "--out"]).arg(folder.path().join(name));
        assert!(command.status().unwrap().code().is_some());
    };
    run(&["run", "--sim", "--rps", "20", "-d", "1m", "--slo", "sydney/error<50%", "--slo", "ttft:p95<1ms"], "open");
    run(&["run", "--sim", "--concurrency", "3", "-d", "1m", "--warmup", "0s", "--no-records"], "closed");
    check(folder.path(), &["summary.json", "manifest.json"]);
}

/// A validator that finds nothing proves nothing.
#[test]
fn a_wrong_summary_does_not_meet_the_schema() {
    let summary = SCHEMAS.iter().find(|schema| schema.of == "summary.json").unwrap();
    let validator = validator(summary);
    let text = std::fs::read_to_string(root().join("example/summary.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (pointer, wrong) in [
        ("/world", serde_json::json!("moon")),
        ("/routes/0/slices/0/metrics/response/all/quantiles/0/value", serde_json::json!("fast")),
        ("/verdict/grade", serde_json::Value::Null),
    ] {
        let mut value = value.clone();
        *value.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!broken(&validator, &value).is_empty(), "{pointer}");
    }
}
