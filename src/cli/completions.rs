//! `bedbench completions`: what a shell needs to complete commands and flags.

use clap::Args;
use clap_complete::{Shell, generate};

use super::exit::{Exit, Failure};
use super::{help, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench completions bash > ~/.local/share/bash-completion/completions/bedbench
  bedbench completions zsh > ~/.zfunc/_bedbench   with fpath+=~/.zfunc before compinit in ~/.zshrc
  bedbench completions fish > ~/.config/fish/completions/bedbench.fish")]
pub struct CompletionsArgs {
    /// Whose language to write
    shell: Shell,
}

pub fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut help::command(), "bedbench", &mut script);
    print(&String::from_utf8(script).expect("the help is UTF-8"))?;
    Ok(Exit::Ok)
}
