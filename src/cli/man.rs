//! `bedbench man`: the manual, from the same definitions as the help.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use super::{help, print};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench man | man -l -                         read it
  bedbench man ~/.local/share/man/man1            install it: man bedbench, man bedbench-run")]
pub struct ManArgs {
    /// Folder for a page per command, made if it is not there. Without it the page of bedbench itself is printed
    dir: Option<PathBuf>,
}

pub fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(help::command()).render(&mut page).expect("memory takes it");
        print(&String::from_utf8(page).expect("the help is UTF-8"))?;
        return Ok(Exit::Ok);
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(help::command(), dir));
    written.map_err(|error| Failure::failed(format!("cannot write {}: {error}", dir.display())))?;
    Ok(Exit::Ok)
}
