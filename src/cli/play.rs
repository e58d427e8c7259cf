//! `realms play`: runs the platform until a signal, and tells the person at the console where it is.

use super::Cli;
use crate::config::Loaded;
use crate::play::{Limits, Platform, PlayError};
use crate::shutdown;

/// Opens the platform, waits for a signal, closes it.
///
/// # Errors
/// It does not open, or a part of it ended by itself.
pub async fn run(loaded: &Loaded<Cli>) -> Result<(), PlayError> {
    let config = &loaded.cli.config;
    let shutdown = shutdown::on_signals().map_err(|error| PlayError::new(format!("cannot watch signals: {error}")))?;
    let limits = Limits::read(loaded)?;
    let opened = tokio::select! {
        opened = Platform::open(config, limits) => opened,
        // What has started so far is stopped as it is dropped.
        () = shutdown.cancelled() => return Ok(()),
    };
    let mut platform = opened?;
    println!("{}", welcome(&config.public_url(platform.addr), &config.data_dir().display().to_string()));
    let broken = tokio::select! {
        () = shutdown.cancelled() => None,
        part = platform.broken() => Some(part),
    };
    platform.stop().await;
    match broken {
        Some(part) => Err(PlayError::new(format!("{part} ended by itself; the log above says why"))),
        None => {
            println!("  Realms is closed; everything is saved.");
            Ok(())
        }
    }
}

fn welcome(url: &str, data: &str) -> String {
    format!("\n  Realms is open.\n\n    Play   {url}/\n    Data   {data}\n    Stop   Ctrl-C\n",)
}
