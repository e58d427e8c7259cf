//! The platform in one process, and the operator's tools.

use std::process::ExitCode;

use realms::cli::{self, Cli};
use realms::program;

fn main() -> ExitCode {
    program::main(|cli: &mut Cli| &mut cli.config, cli::run)
}
