//! The bare echo server: what comes goes back. What websockets cost without any engine.

use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use super::socket;

/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    socket::accept(listener, |mut source, outbox| async move {
        while let Some(Ok(message)) = source.next().await {
            if let Message::Text(text) = message {
                socket::put(&outbox, &text);
            }
        }
        outbox.end();
    })
    .await
}
