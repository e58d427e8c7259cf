//! The public port of an engine, clients who behave, and clients who send whatever bytes a test wants.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

use super::engine::{Engine, PATIENCE, SPAWN};
use crate::forge::tokens::Tokens;
use crate::nexus::Limits;
use crate::nexus::drive::Arrival;
use crate::nexus::pulsar::tests::rig;
use crate::serve::Listener;
use crate::world::character::{Account, PlayerConfig, PlayerId};
use crate::world::internal::{Population, Ticket};

/// An engine behind its port. Two players stand in it who behave, and get theirs whatever else happens.
pub struct Port {
    engine: Engine,
    addr: SocketAddr,
    closing: CancellationToken,
    tokens: Tokens,
    said: AtomicU64,
    bob: tokio::sync::Mutex<Client>,
    carol: tokio::sync::Mutex<Client>,
    _dir: TempDir,
}

impl Port {
    pub async fn open(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open_with(dir.path(), |options| options.limits = limits).await;
        engine.begin().await;
        let tokens = Tokens::open(&dir.path().join("keys")).unwrap();
        engine.shared.sessions.set_keys(&tokens.public_keys());
        let listener = Listener::tcp("127.0.0.1:0".parse().unwrap(), "PORT").await.unwrap();
        let (addr, closing) = (listener.addr().unwrap(), CancellationToken::new());
        tokio::spawn(listener.serve(engine.public.clone(), closing.clone()));
        let [bob, carol] = [(901, "Bob"), (902, "Carol")].map(|(id, name)| hello(&engine, &tokens, id, name));
        // From addresses of their own: what another address may not, they may.
        let (bob, carol) = (Client::enter(addr, bob, "127.0.0.9").await, Client::enter(addr, carol, "127.0.0.9").await);
        let (bob, carol, said) = (bob.into(), carol.into(), AtomicU64::new(0));
        Self { engine, addr, closing, tokens, said, bob, carol, _dir: dir }
    }

    /// A first frame for this player, whose entry is announced.
    pub fn hello(&self, player: PlayerId, name: &str) -> String {
        hello(&self.engine, &self.tokens, player, name)
    }

    /// As [`Self::hello`], with what came back on the last connection: its pass, and the last number.
    pub fn hello_again(&self, player: PlayerId, pass: &str, last: u64) -> String {
        let data = json!({"player_key": format!("player.{player}"), "resume": pass, "last_seq": last});
        let token = self.tokens.access(player, 0).unwrap();
        json!({"type": "system.connect", "token": token, "data": data}).to_string()
    }

    pub async fn enter(&self, player: PlayerId, name: &str) -> Client {
        Client::enter(self.addr, self.hello(player, name), "127.0.0.1").await
    }

    pub async fn come_back(&self, player: PlayerId, pass: &str, last: u64) -> Client {
        let mut client = Client::open(self.addr, "127.0.0.1").await;
        client.send(self.hello_again(player, pass, last)).await;
        client
    }

    /// A socket that is upgraded, and nothing more. `window` bounds what the system takes for it, in bytes.
    pub async fn raw(&self, window: Option<u32>) -> Raw {
        let mut raw = Raw::connect(self.addr, "127.0.0.1", window).await;
        assert!(raw.upgrade("").await.starts_with("HTTP/1.1 101 "));
        raw
    }

    /// A connection from an address, not upgraded yet.
    pub async fn connect(&self, from: &str) -> Raw {
        Raw::connect(self.addr, from, None).await
    }

    /// A raw socket that plays a character.
    pub async fn raw_player(&self, player: PlayerId, name: &str, window: Option<u32>) -> Raw {
        let mut raw = self.raw(window).await;
        raw.text(&self.hello(player, name)).await;
        raw.until("cmd.state.sync.success").await;
        raw
    }

    /// Bob says so many things, Carol hears each of them once and in order, and Bob has his answers.
    pub async fn others_talk(&self, times: u64) {
        let (mut bob, mut carol) = (self.bob.lock().await, self.carol.lock().await);
        let first = self.said.fetch_add(times, Ordering::Relaxed);
        for nth in first..first + times {
            bob.send(command(&format!("say thing {nth} {}", "and so on ".repeat(20)))).await;
        }
        for nth in first..first + times {
            for (client, kind) in [(&mut *bob, "cmd.say.success"), (&mut carol, "notification.cmd.say.success")] {
                // Carol hears others too.
                let heard = loop {
                    let frame = client.until(kind).await;
                    let message = frame["data"]["message"].as_str().unwrap().to_owned();
                    if message.starts_with("thing ") {
                        break message;
                    }
                };
                assert!(heard.starts_with(&format!("thing {nth} ")), "thing {nth} comes next, not {heard}");
            }
        }
    }

    /// Who is in the world, and who of them without a link.
    pub async fn population(&self) -> Population {
        self.engine.shared.inward.ask(|done| Arrival::Population { spawn: SPAWN, done }).await.unwrap()
    }

    /// Waits until this player's link is lost, while the others talk.
    pub async fn until_linkless(&self, player: PlayerId, times: u64) {
        let waiting = async {
            while !self.population().await.linkless.contains(&player) {
                self.others_talk(times).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.expect("the link is lost");
    }

    pub async fn close(self) {
        self.others_talk(1).await;
        self.closing.cancel();
        self.engine.stop().await;
    }
}

fn hello(engine: &Engine, tokens: &Tokens, player: PlayerId, name: &str) -> String {
    let ticket = Ticket {
        spawn: SPAWN,
        epoch: 1,
        account: Account { id: player, name: name.to_lowercase(), ..Account::default() },
        character: rig::character(player, name),
        config: PlayerConfig::default(),
        version: 0,
        expires: i64::MAX,
    };
    assert!(engine.shared.sessions.announce(ticket));
    let token = tokens.access(player, 0).unwrap();
    json!({"type": "system.connect", "token": token, "data": {"player_key": format!("player.{player}")}}).to_string()
}

/// A frame that types something.
pub fn command(text: &str) -> String {
    json!({"type": "cmd.text", "text": text}).to_string()
}

async fn connect(addr: SocketAddr, from: &str, window: Option<u32>) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    if let Some(window) = window {
        socket.set_recv_buffer_size(window).unwrap();
    }
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(addr).await.unwrap()
}

/// A client who behaves.
pub struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    async fn open(addr: SocketAddr, from: &str) -> Self {
        let stream = MaybeTlsStream::Plain(connect(addr, from, None).await);
        Self(tokio_tungstenite::client_async(format!("ws://{addr}/ws/game/cmd"), stream).await.unwrap().0)
    }

    async fn enter(addr: SocketAddr, hello: String, from: &str) -> Self {
        let mut client = Self::open(addr, from).await;
        client.send(hello).await;
        client.until("cmd.state.sync.success").await;
        client
    }

    pub async fn send(&mut self, text: String) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message of any kind.
    pub async fn message(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message").expect("no end").unwrap()
    }

    /// Reads until a frame of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        let until = async {
            loop {
                if let Message::Text(text) = self.message().await {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if frame["type"] == kind {
                        return frame;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, until).await.unwrap_or_else(|_| panic!("never: {kind}"))
    }
}

/// A client who sends bytes, and answers nothing by itself.
pub struct Raw {
    pub stream: TcpStream,
    /// What was read and not looked at yet.
    read: Vec<u8>,
}

impl Raw {
    async fn connect(addr: SocketAddr, from: &str, window: Option<u32>) -> Self {
        Self { stream: connect(addr, from, window).await, read: Vec::new() }
    }

    /// Asks for the upgrade, with more headers; the head of the answer, or all of it where it is no upgrade.
    pub async fn upgrade(&mut self, more: &str) -> String {
        let request = format!(
            "GET /ws/game/cmd HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        loop {
            if let Some(at) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.read.drain(..at + 4).collect();
                return String::from_utf8(head).unwrap();
            }
            assert!(self.more().await, "no answer");
        }
    }

    /// Reads some more; false at the end, however it comes.
    async fn more(&mut self) -> bool {
        let mut some = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut some)).await.expect("something, or the end");
        let count = read.unwrap_or(0);
        self.read.extend_from_slice(&some[..count]);
        count > 0
    }

    /// Sends bytes as they are. The server may have hung up: the test sees that where it reads.
    pub async fn bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    pub async fn frame(&mut self, first: u8, payload: &[u8]) -> bool {
        self.bytes(&frame(first, payload)).await
    }

    pub async fn text(&mut self, text: &str) {
        assert!(self.frame(0x81, text.as_bytes()).await);
    }

    /// The next frame: its first byte and its content. None at the end.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((size, found)) = parse(&self.read) {
                self.read.drain(..size);
                return Some(found);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Reads until a frame of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        let until = async {
            loop {
                let (first, payload) = self.next().await.unwrap_or_else(|| panic!("the end came before {kind}"));
                if first == 0x81 {
                    let frame: Value = serde_json::from_slice(&payload).unwrap();
                    if frame["type"] == kind {
                        return frame;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, until).await.unwrap_or_else(|_| panic!("never: {kind}"))
    }

    /// Reads to the end; the code and the words of the close frame, if one came.
    pub async fn ending(&mut self) -> Option<(u16, String)> {
        let mut close = None;
        while let Some((first, payload)) = self.next().await {
            if first == 0x88 {
                let (code, text) = payload.split_at(2);
                let code = u16::from_be_bytes(code.try_into().unwrap());
                close = Some((code, String::from_utf8(text.to_vec()).unwrap()));
            }
        }
        close
    }
}

/// A frame as clients send them, masked with zeros.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}

/// A whole frame of a server at the beginning of these bytes: its size, its first byte, its content.
fn parse(bytes: &[u8]) -> Option<(usize, (u8, Vec<u8>))> {
    let (first, length) = (*bytes.first()?, *bytes.get(1)?);
    let (start, length) = match length {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        length => (2, usize::from(length)),
    };
    Some((start + length, (first, bytes.get(start..start + length)?.to_vec())))
}
