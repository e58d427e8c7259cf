//! What every program's `main` does around its work: settings, log, the runtime, the exit code.

use std::fmt::Display;
use std::process::ExitCode;

use clap::Parser;

use crate::config::{self, Config, Loaded};
use crate::{probe, telemetry};

/// Threads pass frames on to each other and let them go elsewhere than where they were made: the C library's allocator
/// kept twice the memory of this one for the same players.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Reads the command line, starts log, numbers and runtime, and runs `work` to its end. Its error becomes one line and status 1.
pub fn main<C, E, F>(config: fn(&mut C) -> &mut Config, work: impl FnOnce(Loaded<C>) -> F) -> ExitCode
where
    C: Parser,
    E: Display,
    F: Future<Output = Result<(), E>>,
{
    let mut loaded = config::load::<C>(std::env::args_os(), config).unwrap_or_else(|error| error.exit());
    if let Err(error) = telemetry::start(config(&mut loaded.cli)) {
        return complain(&error);
    }
    probe::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("realms").build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start threads: {error}")),
    };
    match runtime.block_on(work(loaded)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}")),
    }
}

fn complain(text: &str) -> ExitCode {
    eprintln!("realms: {text}");
    ExitCode::FAILURE
}
