//! Parse, call, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    bedbench::cli::main()
}
