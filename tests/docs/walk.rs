//! A document as somebody follows it: its files are written, its commands are typed.

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Exit code of a run that does not believe itself.
const INVALID: i32 = 5;
/// A machine may be busy with something else.
const TRIES: usize = 5;

pub struct Walk {
    pub desk: TempDir,
    pub files: usize,
    pub commands: usize,
}

impl Walk {
    /// Every ```` ```toml ```` block whose first line is `# NAME.toml` becomes that file, and every line of a ```` ```sh ````
    /// block is run. It has to end with 0, or as its comment `# exit N` says.
    pub fn through(document: &str) -> Self {
        let mut walk = Self { desk: tempfile::tempdir().unwrap(), files: 0, commands: 0 };
        for (language, text) in blocks(document) {
            match language {
                "toml" => {
                    let name = text.lines().next().and_then(|line| line.strip_prefix("# "));
                    let name = name.unwrap_or_else(|| panic!("no name in the first line of\n{text}"));
                    std::fs::write(walk.desk.path().join(name), text).unwrap();
                    walk.files += 1;
                }
                "sh" => text.lines().for_each(|line| walk.run(line)),
                _ => {}
            }
        }
        walk
    }

    fn run(&mut self, line: &str) {
        assert!(line.starts_with("bedbench "), "only bedbench is run here: {line}");
        let expected = line.split_once("# exit ").map_or(0, |(_, code)| code.trim().parse().expect("a code"));
        self.commands += 1;
        for _ in 0..TRIES {
            let output = self.shell(line).output().unwrap();
            if output.status.code() == Some(INVALID) && line.contains("--mock") {
                let folder = line.split(" -o ").nth(1).expect("a run that may be repeated names its folder");
                std::fs::remove_dir_all(self.desk.path().join(folder.trim())).unwrap();
                continue;
            }
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            let said = format!("{line}\n{}{}", text(&output.stdout), text(&output.stderr));
            assert_eq!(output.status.code(), Some(expected), "{said}");
            return;
        }
        panic!("every try was INVALID: {line}");
    }

    fn shell(&self, line: &str) -> Command {
        let bedbench = Path::new(env!("CARGO_BIN_EXE_bedbench")).parent().expect("it is in a folder");
        let ambient = std::env::var_os("PATH").unwrap_or_default();
        let path = std::iter::once(bedbench.to_owned()).chain(std::env::split_paths(&ambient));
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.desk.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("AWS_") || name.starts_with("GITHUB_") || name.starts_with("CLICOLOR") {
                shell.env_remove(name);
            }
        }
        shell.env("PATH", std::env::join_paths(path).expect("no folder has a separator in its name"));
        shell.env("HOME", self.desk.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        shell
    }
}

/// Language and text of each fenced block.
fn blocks(document: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = document.split("```").collect();
    assert_eq!(parts.len() % 2, 1, "a block is not closed");
    let inside = parts.into_iter().skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').expect("a fence ends its line")).collect()
}
