//! Clients that mean no good, or are just slow, and others beside them who get their answers.

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(300);
/// More than the system buffers between two sockets.
const LARGE: usize = 64 << 20;

/// A listener within bounds, and where it is.
struct Served {
    addr: SocketAddr,
    shutdown: CancellationToken,
}

impl Served {
    async fn within(bounds: Bounds) -> Self {
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), "PORT").await.unwrap().within(bounds);
        let (addr, shutdown) = (listener.addr().unwrap(), CancellationToken::new());
        let router =
            Router::new().route("/", get(|| async { "hello" })).route("/large", get(|| async { vec![b'x'; LARGE] }));
        tokio::spawn(listener.serve(router, shutdown.clone()));
        Self { addr, shutdown }
    }

    async fn open(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    async fn open_from(&self, ip: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(ip.parse().unwrap(), 0)).unwrap();
        socket.connect(self.addr).await.unwrap()
    }

    /// Somebody else asks, and gets the answer.
    async fn serves_others(&self) {
        let answer = ask(&mut self.open().await, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Sends this and reads until the other side closes.
async fn ask(stream: &mut TcpStream, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    rest(stream).await
}

/// What comes until the end; how the connection ends does not matter.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(PATIENCE, read).await.expect("the connection ends");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn garbage_is_refused() {
    let served = Served::within(Bounds::default()).await;
    for garbage in ["\x16\x03\x01\x02\x00\x01", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n"] {
        let mut stream = served.open().await;
        let answer = ask(&mut stream, garbage).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 505 "), "{garbage:?}: {answer:?}");
        served.serves_others().await;
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = Served::within(Bounds::default()).await;
    let mut stream = served.open().await;
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "y".repeat(4 * HEAD_BYTES_MAX));
    let answer = ask(&mut stream, &head).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer:?}");
    served.serves_others().await;
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_ends_its_connection_and_no_other() {
    let served = Served::within(Bounds { head_time: SOON, connections: 3, ..Bounds::default() }).await;
    let mut slow = [served.open().await, served.open().await];
    for stream in &mut slow {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    }
    served.serves_others().await;
    let trickle = async {
        // One more header again and again: the time is for the whole head.
        while slow[0].write_all(b"x-more: y\r\n").await.is_ok() {
            tokio::time::sleep(SOON / 10).await;
        }
    };
    tokio::time::timeout(PATIENCE, trickle).await.expect("the slow one is cut off");
    assert!(!rest(&mut slow[1]).await.contains("200 OK"));
    served.serves_others().await;
}

#[tokio::test]
async fn a_connection_that_asks_nothing_is_closed() {
    let served = Served::within(Bounds { head_time: SOON, ..Bounds::default() }).await;
    assert_eq!(rest(&mut served.open().await).await, "");
    let mut asks_once = served.open().await;
    let answer = ask(&mut asks_once, "GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.ends_with("hello"), "and after its answer: {answer}");
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_others_have_theirs() {
    let served = Served::within(Bounds { per_address: 2, ..Bounds::default() }).await;
    let first = served.open_from("127.0.0.2").await;
    let mut second = served.open_from("127.0.0.2").await;
    let refused = rest(&mut served.open_from("127.0.0.2").await).await;
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("too many connections"), "{refused}");
    served.serves_others().await;
    drop(first);
    // A place is given back when its connection has ended.
    let again = async {
        loop {
            let mut stream = served.open_from("127.0.0.2").await;
            let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
            if stream.write_all(request.as_bytes()).await.is_ok() && rest(&mut stream).await.contains("200 OK") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("there is a place again");
    assert!(ask(&mut second, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.contains("200 OK"));
}

#[tokio::test]
async fn a_trusted_proxy_has_as_many_connections_as_there_are() {
    let proxies = TrustedProxies::parse(&["127.0.0.2"]).unwrap();
    let served = Served::within(Bounds { per_address: 1, proxies, ..Bounds::default() }).await;
    let _held = [served.open_from("127.0.0.2").await, served.open_from("127.0.0.2").await];
    let mut third = served.open_from("127.0.0.2").await;
    assert!(ask(&mut third, "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.contains("200 OK"));
}

#[tokio::test]
async fn who_does_not_read_its_answer_holds_its_connection_only_for_a_while() {
    let bounds = Bounds { connections: 1, connection_time: SOON, last_request_time: SOON, ..Bounds::default() };
    let served = Served::within(bounds).await;
    let mut stuck = served.open().await;
    stuck.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    // The listener has one place; it is free again when the stuck one is cut off.
    tokio::time::timeout(PATIENCE, served.serves_others()).await.expect("the place is free again");
    let mut got = Vec::new();
    let _ = stuck.read_to_end(&mut got).await;
    assert!(got.len() < LARGE, "{} bytes", got.len());
}
