//! The command line of `realms`: the platform itself and the operator's tools. Each group of tools is a file; this one
//! is the table of them. The tools work on the platform's own configuration, whether it runs or not.

mod backup;
mod console;
mod journal;
mod nexus;
mod play;
mod replay;
mod tools;
mod trace;
mod user;
mod world;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Accounts
    #[command(subcommand)]
    User(UserCommand),
    /// Worlds, as they are in the Forge and as manifests
    #[command(subcommand)]
    World(WorldCommand),
    /// The nexuses that run the worlds
    #[command(subcommand)]
    Nexus(NexusCommand),
    /// The journal of the nexus on this machine, for when something is wrong with it
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Replay a world's past from what the nexus on this machine has kept; changes nothing
    Replay(ReplayArgs),
    /// Save all worlds and write the database to a file
    Backup { file: PathBuf },
    /// Put a backup in the place of the database; the platform must be stopped
    Restore {
        file: PathBuf,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Print the settings in force and where each came from; secrets are masked
    Config,
}

#[derive(Subcommand, Debug)]
pub enum UserCommand {
    /// Make an account; with --staff, also of one that is there
    Create {
        email: String,
        #[arg(long)]
        staff: bool,
    },
    /// Print an access token of an account
    Token { email: String },
    /// Print a link that logs in once
    Link { email: String },
    /// Shut an account out of all worlds and end its sessions
    Ban { email: String },
    /// Let it in again
    Unban { email: String },
}

#[derive(Subcommand, Debug)]
pub enum WorldCommand {
    /// List the worlds and where they run
    List,
    /// Make a world as the manifests in a folder say; shows the changes and asks
    Apply {
        folder: PathBuf,
        /// Also remove what the folder does not have
        #[arg(long)]
        prune: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Show what applying a folder would change
    Diff {
        folder: PathBuf,
        /// As if what the folder does not have were removed
        #[arg(long)]
        prune: bool,
    },
    /// Check the manifests in a folder; needs no platform
    Lint { folder: PathBuf },
    /// Write a world as manifests into a new or empty folder
    Export { slug: String, folder: PathBuf },
    /// Make manifests of a world in the Circle format; needs no platform
    ImportCircle { from: PathBuf, into: PathBuf },
    /// Start a world, by its slug or the number of its copy
    Start { name: String },
    /// Stop a world: everybody is taken out and saved
    Stop { name: String },
    /// Have a world start on one nexus, and keep that for it; without a nexus, let it start on any. Counts from its next
    /// start
    Pin { slug: String, nexus: Option<String> },
}

#[derive(Subcommand, Debug)]
pub enum NexusCommand {
    /// List the nexuses
    List,
    /// Follow the commands of one player through the engine, stage by stage, for a while
    Trace {
        /// A character's number, or its name
        player: String,
        /// How long, as 90s, 5m or 1h
        #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = trace::time)]
        time: std::time::Duration,
    },
    /// Bring all worlds of a nexus to others, players included; it gets none until it is started again
    Drain {
        name: String,
        /// Do not drain it any longer
        #[arg(long)]
        undo: bool,
    },
    /// Give up a nexus whose disk is gone for good; says what is lost, and asks
    Forget {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Start a parked world as of its last cut: what happened in it since is given up; asks
    Unpark {
        /// The world's slug, or the number of its copy
        world: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Subcommand, Debug)]
pub enum JournalCommand {
    /// Say what a start would make of it, and whether all of history can be read; changes nothing
    Verify,
    /// Print a line for every turn that can be read, of history and journal
    Dump {
        /// Only turns of this world, by its number
        #[arg(long, value_name = "N")]
        world: Option<String>,
        /// The turns' bytes as well, as hexadecimal
        #[arg(long)]
        hex: bool,
    },
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// The world: its number, or its name
    #[arg(long, value_name = "WORLD")]
    pub world: String,
    /// Up to this moment: a sequence (1234, or incarnation/1234), world time (60000ms), or wall clock
    /// (2027-01-31T18:30:00Z). Without it, up to the end
    #[arg(long, value_name = "MOMENT")]
    pub until: Option<String>,
    /// Tell everything that touched a thing: item.N, player.N or mob.N
    #[arg(long, value_name = "THING")]
    pub explain: Option<String>,
    /// From the first image that is kept on, so that all of it is held against the live run
    #[arg(long)]
    pub whole: bool,
    /// Everything, as JSON
    #[arg(long)]
    pub json: bool,
}

/// Runs what the command line asks for.
///
/// # Errors
/// One line that says what is wrong.
pub async fn run(loaded: Loaded<Cli>) -> Result<(), PlayError> {
    let config = &loaded.cli.config;
    match &loaded.cli.command {
        Command::Play => play::run(&loaded).await,
        Command::User(command) => user::run(config, command).await,
        Command::World(WorldCommand::Lint { folder }) => world::lint_folder(folder),
        Command::World(WorldCommand::ImportCircle { from, into }) => world::import_circle(from, into),
        Command::Journal(command) => journal::run(config, command),
        Command::World(command) => world::run(config, command).await,
        Command::Nexus(command) => nexus::run(config, command).await,
        Command::Replay(args) => replay::run(config, args),
        Command::Backup { file } => backup::backup(config, file).await,
        Command::Restore { file, yes } => backup::restore(config, file, *yes).await,
        Command::Config => {
            print!("{}", config::shown(&loaded));
            println!("# data is kept in {}", config.data_dir().display());
            Ok(())
        }
    }
}
