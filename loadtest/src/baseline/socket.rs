//! Sockets of the baselines: accepted as bare websockets, written like the engine writes its own, several messages at
//! once where several wait and one flush.

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{OUTBOX_MESSAGES_MAX, READ_BUFFER_BYTES, WRITE_BUFFER_BYTES_MAX};

pub type Stream = WebSocketStream<TcpStream>;
/// Where a socket's messages wait.
pub type Outbox = mpsc::Sender<Utf8Bytes>;

/// Hands each new websocket to `serve`, as a task of its own.
///
/// # Errors
/// The listener fails.
pub async fn accept<F>(listener: TcpListener, serve: impl Fn(Stream) -> F) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX);
        if let Ok(stream) = tokio_tungstenite::accept_async_with_config(stream, Some(config)).await {
            tokio::spawn(serve(stream));
        }
    }
}

/// Splits a socket; what goes into the outbox is written out.
pub fn split(stream: Stream) -> (Outbox, SplitStream<Stream>) {
    let (sink, source) = stream.split();
    let (outbox, waiting) = mpsc::channel(OUTBOX_MESSAGES_MAX);
    tokio::spawn(write(sink, waiting));
    (outbox, source)
}

async fn write(mut sink: SplitSink<Stream, Message>, mut waiting: mpsc::Receiver<Utf8Bytes>) {
    let mut texts = Vec::with_capacity(32);
    while waiting.recv_many(&mut texts, 32).await > 0 {
        for text in texts.drain(..) {
            if sink.feed(Message::Text(text)).await.is_err() {
                return;
            }
        }
        if sink.flush().await.is_err() {
            return;
        }
    }
}
