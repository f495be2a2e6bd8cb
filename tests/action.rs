//! The composite action, carried out: the shell of its steps, with bash, in an empty folder.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

/// Just enough of YAML for our own file: what stands below a key, by its indent.
struct Block<'a>(Vec<&'a str>);

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

impl<'a> Block<'a> {
    fn file(text: &'a str) -> Self {
        Self(text.lines().collect())
    }

    /// Keys of this level with what stands behind the colon, and the lines below it.
    fn keys(&self) -> Vec<(&'a str, &'a str, Block<'a>)> {
        let level = self.0.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
        let mut keys: Vec<(&str, &str, Block<'_>)> = Vec::new();
        for line in &self.0 {
            match line.trim_start().split_once(':') {
                Some((key, value)) if indent(line) == level => keys.push((key, value.trim(), Block(Vec::new()))),
                _ => keys.last_mut().into_iter().for_each(|(_, _, below)| below.0.push(line)),
            }
        }
        keys
    }

    fn below(&self, key: &str) -> Block<'a> {
        let found = self.keys().into_iter().find(|(name, ..)| *name == key);
        found.unwrap_or_else(|| panic!("no `{key}`")).2
    }

    /// What a key says, whichever way it is written.
    fn says(&self, key: &str) -> Option<String> {
        let (_, value, below) = self.keys().into_iter().find(|(name, ..)| *name == key)?;
        Some(if value == "|" { below.text() } else { value.trim_matches('"').to_owned() })
    }

    fn text(&self) -> String {
        let lines = self.0.iter().filter(|line| !line.trim().is_empty());
        let level = lines.map(|line| indent(line)).min().unwrap_or(0);
        self.0.iter().map(|line| line.get(level..).unwrap_or("").to_owned() + "\n").collect()
    }

    /// The entries of a list, each as a block of its own.
    fn entries(&self) -> Vec<String> {
        let mut entries: Vec<String> = Vec::new();
        for line in &self.0 {
            match line.trim_start().strip_prefix("- ") {
                Some(first) => entries.push(format!("{}{first}\n", " ".repeat(indent(line) + 2))),
                None => entries.last_mut().into_iter().for_each(|entry| entry.push_str(&format!("{line}\n"))),
            }
        }
        entries
    }
}

/// Carries out every step that is shell. Returns how the last one ended, and all that was said.
fn act(folder: &Path, inputs: &[(&str, &str)]) -> (Option<i32>, String) {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml")).unwrap();
    let file = Block::file(&text);
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    for (name, _, input) in file.below("inputs").keys() {
        known.insert(format!("inputs.{name}"), input.says("default").expect("every input has a default"));
    }
    for (name, value) in inputs {
        assert!(known.insert(format!("inputs.{name}"), (*value).to_owned()).is_some(), "no input `{name}`");
    }
    known.insert("github.action_path".into(), env!("CARGO_MANIFEST_DIR").into());
    let (mut code, mut said, mut shells) = (None, String::new(), 0);
    for entry in file.below("runs").below("steps").entries() {
        let step = Block::file(&entry);
        let Some(script) = step.says("run") else { continue };
        shells += 1;
        assert_eq!(step.says("shell").as_deref(), Some("bash"));
        // What a stranger types must reach the shell as a value and never as a part of the script.
        assert!(!script.contains("${{"), "{script}");
        let output_file = folder.join("github-output");
        std::fs::write(&output_file, "").unwrap();
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script]).current_dir(folder);
        command.env("GITHUB_OUTPUT", &output_file).env("GITHUB_STEP_SUMMARY", folder.join("step-summary"));
        for (name, value, _) in step.below("env").keys() {
            let expression = value.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).expect(value).trim();
            command.env(name, known.get(expression).unwrap_or_else(|| panic!("`{expression}` is known by then")));
        }
        let Output { status, stdout, stderr } = command.output().unwrap();
        said.push_str(&String::from_utf8_lossy(&stdout));
        said.push_str(&String::from_utf8_lossy(&stderr));
        for (name, value) in
            std::fs::read_to_string(&output_file).unwrap().lines().filter_map(|line| line.split_once('='))
        {
            known.insert(format!("steps.{}.outputs.{name}", step.says("id").expect("an id")), value.to_owned());
        }
        code = status.code();
    }
    assert_eq!(shells, 3, "find, run, say");
    (code, said)
}

/// An INVALID run (5) is one that a busy machine spoiled: try again.
fn act_on_a_quiet_machine(inputs: &[(&str, &str)]) -> (tempfile::TempDir, Option<i32>, String) {
    let fixed = [("bedbench", env!("CARGO_BIN_EXE_bedbench")), ("rps", "5"), ("duration", "2s")];
    let inputs: Vec<_> = fixed.iter().chain(inputs).copied().collect();
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let (code, said) = act(folder.path(), &inputs);
        if code != Some(5) {
            return (folder, code, said);
        }
    }
    panic!("every try was INVALID");
}

#[test]
fn objectives_that_are_met_pass_and_leave_the_report() {
    let args = [("slo", "response:p99<50s\nerror<50%"), ("args", "--route sydney --warmup 0s"), ("out", "my results")];
    let (folder, code, said) = act_on_a_quiet_machine(&args);
    assert_eq!(code, Some(0), "{said}");
    let kept = folder.path().join("my results");
    for file in ["summary.json", "report.md", "junit.xml", "latency.hlog", "plots/timeline.svg"] {
        assert!(kept.join(file).exists(), "{file}: {said}");
    }
    let shown = std::fs::read_to_string(folder.path().join("step-summary")).unwrap();
    assert!(shown.contains("## bedbench: apac (MOCK)") && shown.contains("| error\\<50% | sydney | met |"), "{shown}");
    assert!(!folder.path().join("my results.junit.xml").exists());
}

#[test]
fn an_objective_that_is_missed_fails_the_job_and_keeps_the_report() {
    let args = [("slo", "sydney/ttft:p95<1ms"), ("args", "--route sydney --warmup 0s")];
    let (folder, code, said) = act_on_a_quiet_machine(&args);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("SLO missed: sydney/ttft:p95<1ms by sydney: "), "{said}");
    assert!(said.contains("::error title=bedbench::an objective was missed"), "{said}");
    let junit = std::fs::read_to_string(folder.path().join("bedbench-results/junit.xml")).unwrap();
    assert!(junit.contains("failures=\"1\""), "{junit}");
}

#[test]
fn what_a_stranger_types_is_no_shell() {
    let folder = tempfile::tempdir().unwrap();
    let nasty = "$(touch harm); `touch harm` \"; touch harm; \"";
    let bedbench = env!("CARGO_BIN_EXE_bedbench");
    for input in ["rps", "profile", "slo", "args"] {
        let (code, said) = act(folder.path(), &[("bedbench", bedbench), ("duration", "1s"), (input, nasty)]);
        assert_eq!(code, Some(2), "{input}: {said}");
        assert!(!folder.path().join("harm").exists(), "{input}");
    }
}
