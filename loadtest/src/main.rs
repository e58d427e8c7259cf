//! The program of the load harness: `docs/benchmarkers.md` says how to use it.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use loadtest::{accounts, baseline, process, run, start, worker, world};

/// Puts a Realms server, or any that speaks its wire contract, under load
#[derive(Parser, Debug)]
#[command(name = "loadtest", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Run(run::RunCommand),
    Compare(run::CompareCommand),
    Start(start::StartCommand),
    Accounts(accounts::AccountsCommand),
    /// Write a generated world as manifests
    World(world::WorldCommand),
    /// A process that plays, started by the others
    #[command(hide = true)]
    Worker,
    /// Another program that ends with the harness
    #[command(hide = true)]
    Leashed {
        program: std::path::PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<std::ffi::OsString>,
    },
    /// A server to compare with, started by the others
    #[command(hide = true)]
    Baseline(baseline::BaselineCommand),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            eprintln!("loadtest: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> anyhow::Result<u8> {
    // A worker has one thread; everything else the usual number.
    match &command {
        Command::Worker => {
            process::leash()?;
            return worker::run().map(|()| 0);
        }
        Command::Leashed { program, args } => return process::become_leashed(program, args),
        Command::Baseline(_) => process::leash()?,
        _ => {}
    }
    realms::serve::raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("loadtest").build()?;
    runtime.block_on(async {
        match command {
            Command::Run(run) => run.run().await,
            Command::Compare(compare) => compare.run().await,
            Command::Accounts(accounts) => accounts.run().await.map(|()| 0),
            Command::Start(start) => start.run().await,
            Command::World(world) => world.run().map(|()| 0),
            Command::Baseline(baseline) => baseline.run().await.map(|()| 0),
            Command::Worker | Command::Leashed { .. } => Ok(0),
        }
    })
}
