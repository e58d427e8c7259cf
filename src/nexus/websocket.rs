//! One connection each: frames become instructions, messages are written out. A socket never touches
//! the world; what is wrong with a frame is answered here, and concerns nobody else.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::world::character::PlayerId;
use crate::world::template::WorldId;

use super::Shared;
use super::background::{lock, stage_parts};
use super::ending::{self, Ending};
use super::game::Outbound;
use super::message::inbound::{self, FRAME_BYTES_MAX, Inbound, Unreadable};
use super::message::{Data, ErrorData, Frame};
use super::meters::{Connected, ENDED, FRAMES, FRAMES_REFUSED, REFUSED};
use super::outbox::Outbox;
use super::pipe::{self, ReadHalf, Source, WriteHalf};
use super::pulsar::instruction::{Instruction, Stay};
use super::session::{Bucket, Denied};

/// Frames refused for haste in one go before the connection is closed.
const HASTE_MAX: u32 = 400;
const SLOW_DOWN: &str = "You are faster than the world can turn. Take a breath.";

/// Accepts the upgrade to a websocket.
pub async fn upgrade(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    let Some(key) = handshake_key(&request) else {
        let mut response =
            axum::Json(serde_json::json!({"detail": "This address speaks websocket (version 13)."})).into_response();
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let address = client_address(&shared, &request);
    let Some(place) = shared.places.enter(address) else {
        REFUSED.counter().increment(1);
        let text = "There are too many connections from your address. Please close one first.";
        return (StatusCode::TOO_MANY_REQUESTS, axum::Json(serde_json::json!({"detail": text}))).into_response();
    };
    let on_upgrade = hyper::upgrade::on(&mut request);
    let tracker = shared.sockets.clone();
    tracker.spawn(async move {
        let _place = place;
        let Ok(upgraded) = on_upgrade.await else { return };
        serve(shared, upgraded).await;
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

/// Accepts the upgrade at the address that names this nexus. Another's name is a proxy's mistake: refused here, it is
/// found at once, and not when an entry is not known.
pub async fn upgrade_by_name(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    if name != shared.worlds.nexus {
        let text = format!("This is the nexus {}, the address names another.", shared.worlds.nexus);
        return (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({"detail": text}))).into_response();
    }
    upgrade(State(shared), request).await
}

fn handshake_key(request: &Request) -> Option<HeaderValue> {
    let headers = request.headers();
    let has = |name: header::HeaderName, word: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let fits = has(header::UPGRADE, "websocket")
        && has(header::CONNECTION, "upgrade")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| fits).cloned()
}

fn client_address(shared: &Shared, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    shared.proxies.client(peer, forwarded)
}

/// What a socket plays.
#[derive(Clone, Copy, Debug)]
struct Playing {
    spawn: WorldId,
    player: PlayerId,
}

/// The life of one connection.
async fn serve(shared: Arc<Shared>, upgraded: Upgraded) {
    let session = shared.sessions.next_session();
    let outbox = Arc::new(Outbox::default());
    if shared.outward.send(vec![Outbound::Open { session, outbox: outbox.clone() }]).is_err() {
        return;
    }
    let _connected = Connected::new();
    let (read, write, begun) = halves(upgraded);
    let config =
        WebSocketConfig::default().max_message_size(Some(FRAME_BYTES_MAX)).max_frame_size(Some(FRAME_BYTES_MAX));
    let mut source = pipe::source(read, begun, config, outbox.clone()).await;
    let writer = tokio::spawn(pipe::write_out(write, outbox.clone(), shared.limits.write_max));
    let mut reader = Reader {
        shared: shared.clone(),
        session,
        outbox: outbox.clone(),
        playing: None,
        counted: FRAMES.counter(),
        bucket: Bucket::new(shared.limits.commands_per_second, shared.limits.commands_burst),
        allowance: None,
        haste: 0,
        warned: Instant::now() - Duration::from_secs(60),
    };
    let ending = listen(&mut reader, &mut source).await;
    ENDED.counter_of(ending.name).increment(1);
    if let Some(Playing { spawn, player }) = reader.playing {
        shared.inward.internal(spawn, Instruction::Unlink { player, session }).await;
    }
    let _ = shared.outward.send(vec![Outbound::Closed { session }]);
    // What was said before the end is still written.
    match ending.text {
        Some(text) => outbox.close(ending.code, text),
        None => outbox.end(),
    }
    if writer.await.is_ok_and(|told| told) {
        source.get_mut().hung_up().await;
    }
}

/// Reads until the connection is to end.
async fn listen(reader: &mut Reader, source: &mut Source) -> Ending {
    let outbox = reader.outbox.clone();
    let shutdown = reader.shared.shutdown.clone();
    let limits = reader.shared.limits;
    let opened = Instant::now();
    let mut heard = opened;
    let mut check = tokio::time::interval(limits.ping_every);
    check.tick().await;
    source.get_mut().allow(limits.bytes_between_pings());
    loop {
        tokio::select! {
            () = outbox.cut.cancelled() => return ending::CUT,
            () = shutdown.cancelled() => return ending::RESTARTED,
            frame = source.next() => {
                heard = Instant::now();
                if let Some(ending) = reader.frame(frame).await {
                    return ending;
                }
            }
            _ = check.tick() => {
                if heard.elapsed() > limits.silence_max {
                    return ending::SILENT;
                }
                if reader.playing.is_none() && opened.elapsed() > limits.greeting_max {
                    return ending::STRANGER;
                }
                source.get_mut().allow(limits.bytes_between_pings());
                outbox.ping();
            }
        }
    }
}

/// Both directions of a connection, and what was read of it beyond the request.
fn halves(upgraded: Upgraded) -> (ReadHalf, WriteHalf, Vec<u8>) {
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => {
            let (read, write) = parts.io.into_inner().into_split();
            (Box::new(read), Box::new(write), parts.read_buf.to_vec())
        }
        Err(upgraded) => {
            let (read, write) = tokio::io::split(TokioIo::new(upgraded));
            (Box::new(read), Box::new(write), Vec::new())
        }
    }
}

struct Reader {
    shared: Arc<Shared>,
    session: u64,
    outbox: Arc<Outbox>,
    playing: Option<Playing>,
    counted: metrics::Counter,
    bucket: Bucket,
    /// Shared by all sessions of the account, once it is known.
    allowance: Option<Arc<Mutex<Bucket>>>,
    haste: u32,
    warned: Instant,
}

impl Reader {
    /// Counts a frame; false when the client will not calm down.
    fn calm(&mut self) -> bool {
        let now = Instant::now();
        let shared = self.allowance.as_ref().is_none_or(|allowance| lock(allowance).take(now));
        if self.bucket.take(now) && shared {
            self.haste = 0;
            return true;
        }
        self.haste += 1;
        self.haste <= HASTE_MAX
    }

    /// What came from the client; an ending when it was the last.
    async fn frame(&mut self, frame: Option<Result<Message, Error>>) -> Option<Ending> {
        match frame {
            Some(Ok(Message::Text(text))) => (!self.text(&text).await).then_some(ending::HASTY),
            Some(Ok(Message::Binary(_))) => {
                if !self.calm() {
                    return Some(ending::HASTY);
                }
                if self.haste == 0 {
                    self.error("error", "malformed", "This socket speaks text, not binary.");
                }
                None
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                (!self.calm()).then_some(ending::HASTY)
            }
            Some(Ok(Message::Close(_))) => Some(ending::CLOSED),
            Some(Err(Error::Capacity(_))) => {
                self.error("error", "too_long", &format!("A frame can have at most {FRAME_BYTES_MAX} bytes."));
                Some(ending::LARGE)
            }
            Some(Err(Error::Utf8(_))) => Some(ending::NOT_UTF8),
            Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => Some(ending::LOST),
            Some(Err(Error::Protocol(_))) => Some(ending::PROTOCOL),
            Some(Err(Error::Io(error))) if error.kind() == io::ErrorKind::QuotaExceeded => Some(ending::FLOOD),
            Some(Err(_)) => Some(ending::LOST),
        }
    }

    /// One text frame; false ends the connection.
    async fn text(&mut self, text: &str) -> bool {
        self.counted.increment(1);
        if !self.calm() {
            self.error("error", "too_fast", SLOW_DOWN);
            return false;
        }
        if self.haste > 0 {
            // Said once a while, so that the words themselves are no flood.
            if self.warned.elapsed() > Duration::from_secs(1) {
                self.warned = Instant::now();
                self.error("error", "too_fast", SLOW_DOWN);
            } else {
                FRAMES_REFUSED.counter_of("too_fast").increment(1);
            }
            return true;
        }
        match inbound::read(text) {
            Ok(inbound) => self.inbound(inbound).await,
            Err(Unreadable { kind, code, text }) => self.error(kind, code, &text),
        }
        true
    }

    async fn inbound(&mut self, inbound: Inbound) {
        let session = self.session;
        if let Inbound::Connect { token, player, resume, last_seq } = inbound {
            return match resume {
                Some(pass) => self.come_back(&token, player, &pass, last_seq.unwrap_or(0)).await,
                None => self.connect(&token, player).await,
            };
        }
        if matches!(inbound, Inbound::Ping) {
            return self.put(&Frame::new("system.pong", "", Data::Empty {}));
        }
        let Some(Playing { spawn, player }) = self.playing else {
            return self.error("error", "not_connected", "Connect with a character first.");
        };
        let instruction = match inbound {
            Inbound::Text { text, n } if text.trim().is_empty() && n.is_none() => return,
            Inbound::Text { text, n } => Instruction::Text { player, session, n, text },
            Inbound::Act { act, n } => Instruction::Act { player, session, n, act },
            Inbound::Sync => Instruction::Sync { player, session },
            Inbound::Disconnect => Instruction::Quit { player, session },
            Inbound::Connect { .. } | Inbound::Ping => return,
        };
        self.give(spawn, player, instruction).await;
    }

    async fn give(&self, spawn: WorldId, player: PlayerId, instruction: Instruction) {
        let followed = self.shared.tracer.command(player, self.session, &instruction);
        self.shared.inward.give_followed(spawn, self.session, instruction, followed).await;
    }

    async fn connect(&mut self, token: &str, player: PlayerId) {
        let ticket = match self.shared.sessions.admit(token, player) {
            Ok(ticket) => ticket,
            Err(denied) => return self.denied(denied),
        };
        let (session, spawn) = (self.session, ticket.spawn);
        self.plays(Playing { spawn, player }, ticket.account.id).await;
        let Ok(bytes) = postcard::to_stdvec(&ticket.character) else {
            self.playing = None;
            return self.error("system.connect.error", "broken", "Your character could not be read.");
        };
        let stage = session;
        stage_parts(&self.shared.inward, spawn, stage, &bytes).await;
        let instruction = Instruction::Connect {
            player,
            session,
            stage: Some(stage),
            version: ticket.version,
            account: ticket.account,
            config: ticket.config,
        };
        self.give(spawn, player, instruction).await;
    }

    /// With the pass of an earlier session: the Forge is not asked.
    async fn come_back(&mut self, token: &str, player: PlayerId, pass: &str, last: u64) {
        let pass = match self.shared.sessions.readmit(token, player, pass) {
            Ok(pass) => pass,
            Err(denied) => return self.denied(denied),
        };
        let (session, spawn) = (self.session, pass.spawn);
        self.plays(Playing { spawn, player }, pass.account).await;
        let stay = Stay { account: pass.account, incarnation: pass.incarnation, entered: pass.entered };
        self.give(spawn, player, Instruction::Resume { player, session, stay, last }).await;
    }

    /// A socket plays one character: taking up another leaves the first without a link.
    async fn plays(&mut self, playing: Playing, account: i64) {
        let limits = self.shared.limits;
        let (rate, burst) = (limits.commands_per_second, limits.commands_burst);
        self.allowance = Some(self.shared.sessions.allowance(account, rate, burst));
        let session = self.session;
        if let Some(Playing { spawn, player }) = self.playing.replace(playing) {
            self.shared.inward.internal(spawn, Instruction::Unlink { player, session }).await;
        }
    }

    fn denied(&self, denied: Denied) {
        self.error("system.connect.error", "denied", &denied.to_string());
    }

    fn error(&self, kind: &'static str, code: &'static str, text: &str) {
        FRAMES_REFUSED.counter_of(code).increment(1);
        let data = Data::Error(ErrorData { error: text.to_owned(), code: code.into() });
        self.put(&Frame::new(kind, text, data));
    }

    /// Straight to the own outbox: it concerns nobody else. If that is full, the answer is the least of it.
    fn put(&self, frame: &Frame) {
        if let Ok(text) = serde_json::to_string(frame) {
            let _ = self.outbox.text(text.as_bytes(), &[]);
            self.outbox.wake();
        }
    }
}
