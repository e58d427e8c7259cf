//! The bare echo server: what comes goes back. What websockets cost without any engine.

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use super::socket;

/// # Errors
/// The listener fails.
pub async fn serve(listener: TcpListener) -> anyhow::Result<()> {
    socket::accept(listener, |mut stream| async move {
        while let Some(Ok(message)) = stream.next().await {
            if let Message::Text(text) = message
                && stream.send(Message::Text(text)).await.is_err()
            {
                return;
            }
        }
    })
    .await
}
