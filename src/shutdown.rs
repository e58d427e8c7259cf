//! How a program learns that it should stop: SIGINT, SIGTERM and SIGHUP (a closed terminal) cancel one token,
//! and everything that runs holds a clone of it.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that the first signal cancels. Later signals only say that stopping takes its time.
///
/// # Errors
/// The system refuses to watch a signal.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
                _ = hangup.recv() => "SIGHUP",
            };
            if cancelled.is_cancelled() {
                tracing::warn!("{name}: already stopping, the worlds are being saved");
            } else {
                tracing::info!("{name}: stopping");
                cancelled.cancel();
            }
        }
    });
    Ok(token)
}
