//! The command line of `realms`: the platform itself and the operator's tools. Each tool is a file; this one is the
//! table of them. The tools work on the platform's own configuration, whether it runs or not.

mod play;
mod tools;

use clap::{Parser, Subcommand};

pub use tools::Tools;

use crate::config::{self, Config, Loaded};
use crate::play::PlayError;

/// Realms, a platform for real-time text worlds
#[derive(Parser, Debug)]
#[command(name = "realms", version, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub config: Config,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the platform on this machine: Forge, Nexus and Herald behind one port
    Play,
    /// Print the settings in force and where each came from; secrets are masked
    Config,
}

/// Runs what the command line asks for.
///
/// # Errors
/// One line that says what is wrong.
pub async fn run(loaded: Loaded<Cli>) -> Result<(), PlayError> {
    match &loaded.cli.command {
        Command::Play => play::run(&loaded).await,
        Command::Config => {
            print!("{}", config::shown(&loaded));
            println!("# data is kept in {}", loaded.cli.config.data_dir().display());
            Ok(())
        }
    }
}
