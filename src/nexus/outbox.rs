//! The outbox of one socket: whole websocket frames, ready to be written, in the order in which they were put in. The
//! outward thread and the socket's own reader put frames in; the socket's writer takes all that waits at once, so that
//! what comes together leaves in one write. It is bounded: who does not read is cut off.

use std::sync::Mutex;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::background::lock;
use super::trace::Followed;

/// Messages that wait for one socket; one more and it is cut off.
pub const OUTBOX_MESSAGES_MAX: usize = 1024;
/// Bytes that wait for one socket; more and it is cut off. One message always fits into an empty outbox.
pub const OUTBOX_BYTES_MAX: usize = 1024 * 1024;
/// What a frame is, as the websocket protocol numbers it (RFC 6455, 11.8).
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
/// A frame is whole, not a fragment.
const FINAL: u8 = 0x80;

/// See the module.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    wake: Notify,
    /// Cancelled when the socket has to go at once.
    pub cut: CancellationToken,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    messages: usize,
    /// Commands whose messages are among these.
    followed: Vec<Followed>,
    /// A close frame was put in, or the socket has ended: nothing comes after.
    ended: bool,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The client does not read. It is cut off.
    Full,
    /// The end was put in before.
    Ended,
}

impl Outbox {
    /// Puts a text message in: the two parts together. The writer is not woken yet: see [`Outbox::wake`].
    ///
    /// # Errors
    /// The message was not taken; a full outbox is cut.
    pub fn text(&self, head: &[u8], tail: &[u8]) -> Result<(), Refused> {
        self.put(TEXT, head, tail)
    }

    /// Asks the client for a sign of life.
    pub fn ping(&self) {
        // Where it does not fit, the client is cut off anyway.
        let _ = self.put(PING, &[], &[]);
        self.wake();
    }

    /// The last thing that the client gets. `reason` has at most 123 bytes, as the protocol wants it.
    pub fn close(&self, code: u16, reason: &str) {
        let mut waiting = lock(&self.waiting);
        if !waiting.ended {
            append(&mut waiting.bytes, CLOSE, &code.to_be_bytes(), reason.as_bytes());
            waiting.ended = true;
        }
        drop(waiting);
        self.wake();
    }

    /// Nothing more is put in; what waits is still written.
    pub fn end(&self) {
        lock(&self.waiting).ended = true;
        self.wake();
    }

    /// A followed command goes with what was put in before it; where the socket has ended, it ends too.
    pub fn follow(&self, command: Followed) {
        let mut waiting = lock(&self.waiting);
        if !waiting.ended || !waiting.bytes.is_empty() {
            waiting.followed.push(command);
        }
    }

    /// Bytes that the protocol's own library wants to send: answers to pings. They are whole frames.
    pub(super) fn raw(&self, bytes: &[u8]) {
        let mut waiting = lock(&self.waiting);
        if waiting.ended {
            return;
        }
        if waiting.is_full(bytes.len()) {
            self.cut.cancel();
            return;
        }
        waiting.bytes.extend_from_slice(bytes);
        waiting.messages += 1;
        drop(waiting);
        self.wake();
    }

    fn put(&self, kind: u8, head: &[u8], tail: &[u8]) -> Result<(), Refused> {
        let mut waiting = lock(&self.waiting);
        if waiting.ended {
            return Err(Refused::Ended);
        }
        if waiting.is_full(head.len() + tail.len()) {
            waiting.ended = true;
            self.cut.cancel();
            return Err(Refused::Full);
        }
        append(&mut waiting.bytes, kind, head, tail);
        waiting.messages += 1;
        Ok(())
    }

    /// Wakes the writer.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until something is there and takes all of it in exchange for an emptied buffer. False at the end.
    pub async fn take(&self, into: &mut Vec<u8>, followed: &mut Vec<Followed>) -> bool {
        // Most sockets wait most of the time: while one does, it holds no memory.
        *into = Vec::new();
        loop {
            {
                let mut waiting = lock(&self.waiting);
                if !waiting.bytes.is_empty() || !waiting.followed.is_empty() {
                    std::mem::swap(&mut waiting.bytes, into);
                    followed.append(&mut waiting.followed);
                    waiting.messages = 0;
                    return true;
                }
                if waiting.ended {
                    return false;
                }
            }
            self.wake.notified().await;
        }
    }
}

impl Waiting {
    fn is_full(&self, more: usize) -> bool {
        self.messages >= OUTBOX_MESSAGES_MAX || (!self.bytes.is_empty() && self.bytes.len() + more > OUTBOX_BYTES_MAX)
    }
}

/// A whole frame from a server: never masked (RFC 6455, 5.2).
fn append(to: &mut Vec<u8>, kind: u8, head: &[u8], tail: &[u8]) {
    let length = head.len() + tail.len();
    to.reserve(length + 10);
    to.push(FINAL | kind);
    match length {
        0..126 => to.push(length as u8),
        126..=0xffff => {
            to.push(126);
            to.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            to.push(127);
            to.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    to.extend_from_slice(head);
    to.extend_from_slice(tail);
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;

    /// What a client makes of the bytes.
    async fn read(bytes: &[u8]) -> Vec<Message> {
        let stream = tokio::io::join(std::io::Cursor::new(bytes.to_vec()), tokio::io::sink());
        let client = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        client.filter_map(|message| async { message.ok() }).collect().await
    }

    #[tokio::test]
    async fn a_client_reads_messages_of_every_length_a_ping_and_the_end() {
        let outbox = Outbox::default();
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];
        for length in lengths {
            let text = "x".repeat(length);
            let (head, tail) = text.as_bytes().split_at(length / 2);
            outbox.text(head, tail).unwrap();
        }
        outbox.ping();
        outbox.close(1001, "Goodbye.");
        assert_eq!(outbox.text(b"too late", b""), Err(Refused::Ended));
        let mut bytes = Vec::new();
        assert!(outbox.take(&mut bytes, &mut Vec::new()).await);
        let messages = read(&bytes).await;
        let texts: Vec<usize> = messages.iter().filter(|m| m.is_text()).map(Message::len).collect();
        assert_eq!(texts, lengths);
        assert!(messages[lengths.len()].is_ping());
        let Message::Close(Some(close)) = &messages[lengths.len() + 1] else { panic!("the end") };
        assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "Goodbye."));
        assert!(!outbox.take(&mut bytes, &mut Vec::new()).await);
    }

    #[test]
    fn who_does_not_read_is_cut_off_at_the_limit_of_messages() {
        let outbox = Outbox::default();
        let taken = (0..2 * OUTBOX_MESSAGES_MAX).take_while(|_| outbox.text(b"{", b"}").is_ok()).count();
        assert_eq!(taken, OUTBOX_MESSAGES_MAX);
        assert!(outbox.cut.is_cancelled());
    }

    #[test]
    fn who_does_not_read_is_cut_off_at_the_limit_of_bytes_but_one_large_message_passes() {
        let large = vec![b' '; 2 * OUTBOX_BYTES_MAX];
        let outbox = Outbox::default();
        assert_eq!(outbox.text(&large, b""), Ok(()));
        assert_eq!(outbox.text(b"{", b"}"), Err(Refused::Full));
        assert!(outbox.cut.is_cancelled());
    }
}
