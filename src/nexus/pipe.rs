//! The two directions of one websocket: the library reads frames, the outbox's bytes are written. What the library wants to
//! say by itself, answers to pings, goes through the outbox as well, so that one task alone writes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::outbox::Outbox;
use super::trace::Stage;

/// Bytes read at once from a socket: most frames are a line. Each open socket holds this much.
const READ_BUFFER_BYTES: usize = 1024;
/// A client that takes not a byte for this long is stuck, unless a setting says otherwise.
pub const WRITE_MAX: Duration = Duration::from_secs(20);
/// After the end was written, a client gets this long to hang up, so that what was written is not lost on its way.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// Frames from a client.
pub type Source = WebSocketStream<Half>;

/// Reads frames from `read`, of which `begun` was read before, within the limits of `config`.
pub async fn source(read: ReadHalf, begun: Vec<u8>, config: WebSocketConfig, outbox: Arc<Outbox>) -> Source {
    let config = config.read_buffer_size(READ_BUFFER_BYTES).write_buffer_size(0);
    let half = Half { read, outbox, left: u64::MAX };
    WebSocketStream::from_partially_read(half, begun, Role::Server, Some(config)).await
}

pub type ReadHalf = Box<dyn AsyncRead + Send + Unpin>;
pub type WriteHalf = Box<dyn AsyncWrite + Send + Unpin>;

/// What the websocket library reads from; what it wants to say by itself, answers to pings, goes the way of all else.
pub struct Half {
    read: ReadHalf,
    outbox: Arc<Outbox>,
    /// Bytes that may still be read.
    left: u64,
}

impl Half {
    /// From now on so many bytes may be read; one more, and reading fails with `QuotaExceeded`. Frames without content
    /// never make a message that could be counted, so bytes are.
    pub fn allow(&mut self, bytes: u64) {
        self.left = bytes;
    }

    /// Waits until the client has hung up, for a while.
    pub async fn hung_up(&mut self) {
        let read = &mut self.read;
        let hung_up = async {
            let mut ignored = [0; 1024];
            while read.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
        };
        let _ = tokio::time::timeout(LINGER_MAX, hung_up).await;
    }
}

impl AsyncRead for Half {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        let read = Pin::new(&mut self.read).poll_read(cx, to);
        match self.left.checked_sub((to.filled().len() - before) as u64) {
            Some(left) => self.left = left,
            None => return Poll::Ready(Err(io::ErrorKind::QuotaExceeded.into())),
        }
        read
    }
}

impl AsyncWrite for Half {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.outbox.raw(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Writes what waits, all of it at once, until the end, or until the client takes nothing for `stuck_after`. True when
/// everything was written.
pub async fn write_out(mut to: WriteHalf, outbox: Arc<Outbox>, stuck_after: Duration) -> bool {
    let writing = async {
        let (mut bytes, mut followed) = (Vec::new(), Vec::new());
        while outbox.take(&mut bytes, &mut followed).await {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                match tokio::time::timeout(stuck_after, to.write(rest)).await {
                    Ok(Ok(count)) if count > 0 => rest = &rest[count..],
                    _ => return false,
                }
            }
            followed.drain(..).for_each(|mut command| command.pass(Stage::Written));
        }
        true
    };
    let told = tokio::select! {
        told = writing => told,
        () = outbox.cut.cancelled() => false,
    };
    let told = told && tokio::time::timeout(stuck_after, to.shutdown()).await.is_ok_and(|shut| shut.is_ok());
    outbox.cut.cancel();
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_who_takes_nothing_for_too_long_is_cut_off_and_one_who_takes_a_little_is_not() {
        let open = |ours| {
            let outbox = Arc::new(Outbox::default());
            outbox.text(&[b'x'; 1000], b"").unwrap();
            outbox.close(1000, "");
            (outbox.clone(), tokio::spawn(write_out(Box::new(ours), outbox, Duration::from_millis(300))))
        };
        let (ours, _stuck) = tokio::io::duplex(64);
        let (outbox, writer) = open(ours);
        assert!(!writer.await.unwrap() && outbox.cut.is_cancelled());

        let (ours, mut slow) = tokio::io::duplex(64);
        let (_, writer) = open(ours);
        let mut got = 0;
        let mut some = [0; 8];
        // All of it takes longer than the limit, no single byte of it does.
        while let Ok(count @ 1..) = slow.read(&mut some).await {
            got += count;
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        assert!(writer.await.unwrap());
        assert_eq!(got, 1000 + 4 + 4, "the message and the end, each with its head");
    }
}
