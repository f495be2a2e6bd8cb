//! `bedbench man`: the manual, from the same definitions as the help.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::{Code, Exit, Failure};
use super::{help, print};
use crate::store::folder::replace;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench man | man -l -                         read it
  bedbench man ~/.local/share/man/man1            install it: man bedbench, man bedbench-run")]
pub struct ManArgs {
    /// Folder for a page per command, made if it is not there. Without it the page of bedbench itself is printed
    dir: Option<PathBuf>,
}

pub fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let mut command = help::command().disable_help_subcommand(true);
    command.build();
    match &args.dir {
        None => print(&page(command))?,
        Some(dir) => {
            let written = std::fs::create_dir_all(dir).and_then(|()| write(&command, dir));
            written
                .map_err(|error| Failure::new(Code::CannotWrite, format!("cannot write {}: {error}", dir.display())))?;
        }
    }
    Ok(Exit::Ok)
}

/// The page of a command, and those of its commands.
fn write(command: &Command, dir: &Path) -> io::Result<()> {
    replace(&dir.join(Man::new(command.clone()).get_filename()), page(command.clone()))?;
    command.get_subcommands().try_for_each(|sub| write(sub, dir))
}

fn page(command: Command) -> String {
    let mut page = Vec::new();
    let man = Man::new(command).source(concat!("bedbench ", env!("CARGO_PKG_VERSION")));
    man.render(&mut page).expect("memory takes it");
    let page = String::from_utf8(page).expect("the help is UTF-8");
    // What stands behind the options is made of lines, which filling would run together.
    let Some((before, examples)) = page.split_once("\n.SH EXTRA\n") else { return page };
    let (examples, after) = examples
        .split_once("\n.SH ")
        .map_or((examples, String::new()), |(examples, after)| (examples, format!("\n.SH {after}")));
    format!("{before}\n.SH EXAMPLES\n.nf\n{examples}\n.fi{after}")
}
