//! `realms play`: runs the platform until a signal, and tells the person at the console where it is.

use super::Cli;
use crate::config::{Config, Loaded};
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
    tokio::select! {
        () = platform.ready() => {}
        () = shutdown.cancelled() => {}
    }
    println!("{}", welcome(&platform, config));
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

fn welcome(platform: &Platform, config: &Config) -> String {
    let mut lines = vec![format!("Play    {}/", platform.url)];
    match &platform.first.owner_link {
        Some(link) => {
            lines.push(format!("Owner   {link}"));
            lines.push(format!("        logs you in as {}, once, within 15 minutes", config.owner_email));
        }
        None => lines.push(format!("Owner   realms user link {} prints a login link", config.owner_email)),
    }
    lines.push(format!("Data    {}", config.data_dir().display()));
    lines.push("Stop    Ctrl-C".to_owned());
    format!("\n  Realms is open.\n\n    {}\n", lines.join("\n    "))
}
