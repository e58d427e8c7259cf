//! What the programs say: lines for people or JSON, to standard error, filtered by the setting LOG.
//! Text that players wrote is escaped, and no colours are written: a log never steers the terminal that shows it.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Libraries whose own chatter helps nobody who did not ask for it.
const QUIET: &str = "sled=warn,tokio_postgres=warn,refinery_core=warn,hyper=warn,rustls=warn,lettre=warn";

/// Starts logging. Once a process; a second call changes nothing.
///
/// # Errors
/// LOG is no filter.
pub fn start(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.log)).map_err(|error| {
        format!("LOG={:?} is no filter, as \"info\" or \"info,realms::forge=debug\": {error}", config.log)
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(false);
    let _ = match config.log_format {
        LogFormat::Human => lines.with_target(false).compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}
