//! Sockets of the baselines: accepted as bare websockets, and read and written by the engine's own code, several messages
//! at once where several wait.

use std::sync::Arc;

use realms::nexus::outbox::Outbox;
use realms::nexus::pipe::{self, Source};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// Hands each new connection to `serve`, as a task of its own.
///
/// # Errors
/// The listener fails.
pub async fn accept<F>(listener: TcpListener, serve: impl Fn(Source, Arc<Outbox>) -> F) -> anyhow::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client sends nothing before it has the answer to its request, so no byte is lost here.
        if let Ok(stream) = tokio_tungstenite::accept_async(stream).await {
            let (source, outbox) = open(stream.into_inner()).await;
            tokio::spawn(serve(source, outbox));
        }
    }
}

async fn open(stream: TcpStream) -> (Source, Arc<Outbox>) {
    let (read, write) = stream.into_split();
    let outbox = Arc::new(Outbox::default());
    tokio::spawn(pipe::write_out(Box::new(write), outbox.clone(), pipe::WRITE_MAX));
    (pipe::source(Box::new(read), Vec::new(), WebSocketConfig::default(), outbox.clone()).await, outbox)
}

/// Puts a message in and wakes the writer. A full outbox ends the connection, and the run says so.
pub fn put(outbox: &Outbox, text: &str) {
    let _ = outbox.text(text.as_bytes(), &[]);
    outbox.wake();
}
