//! The Forge socket, `/ws/forge/`: jobs in, their answers and pushes out. One task per socket; jobs run beside it, so that
//! a slow one holds up nothing. A frame that is not understood is answered with an error and changes nothing; a client
//! that sends too much, reads nothing or says nothing for long is disconnected.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error as SocketError};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::jobs::{self, Asker, Id, Job};
use super::pushes::{OUTBOX_FRAMES_MAX, Seat, Topic};
use super::{App, AppError, views};
use crate::token::{self, TokenType};

/// Bytes of a frame from a client.
const FRAME_BYTES_MAX: usize = 64 << 10;
/// Bytes read at once; the default of the library costs 128 KiB a socket.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Bytes that wait to be written to one socket, beyond which it is closed.
const WRITE_BUFFER_BYTES_MAX: usize = 1 << 20;
/// A client says something, a heartbeat at least, within this time.
const SILENCE_MAX: Duration = Duration::from_secs(300);
const SILENCE_CHECK: Duration = Duration::from_secs(60);
/// A client takes what waits for it within this time.
const WRITE_MAX: Duration = Duration::from_secs(60);
/// Frames a second in the long run, and at once.
const FRAMES_PER_SECOND: f64 = 10.0;
const FRAMES_BURST: f64 = 40.0;
/// Frames refused for haste in one go before the socket is closed.
const HASTE_MAX: u32 = 200;
/// Jobs of one socket at once.
const JOBS_AT_ONCE: usize = 4;
const SOCKETS_PER_ACCOUNT_MAX: usize = 20;
const TOPICS_MAX: usize = 20;
/// No or no good access token.
const CLOSE_UNAUTHENTICATED: u16 = 4401;
const TOO_SLOW: (CloseCode, &str) = (CloseCode::Policy, "This connection reads too slowly.");

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Heartbeat {},
    Job(Job),
    Sub(Watch),
    Unsub(Watch),
}

#[derive(Debug, Deserialize)]
#[serde(tag = "sub")]
enum Watch {
    #[serde(rename = "builder.admin")]
    World { world_id: Id },
    #[serde(rename = "staff.panel")]
    Staff {},
}

/// Accepts the upgrade; who has no good token learns so by the close code, as browsers show nothing else.
pub async fn upgrade(State(app): State<App>, mut request: Request) -> Response {
    let address = client_address(&app, &request);
    if let Err(error) = app.throttles.requests.check(address) {
        return error.into_response();
    }
    let Some(key) = handshake_key(request.headers()) else {
        let text = "This address speaks websocket (version 13).";
        let mut response = AppError::non_field(text).into_response();
        *response.status_mut() = StatusCode::UPGRADE_REQUIRED;
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    let token = access_token(&request).to_owned();
    let account = match account(&app, &token).await {
        Err(AppError::Unavailable(text)) => return AppError::Unavailable(text).into_response(),
        found => found.ok(),
    };
    let on_upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = on_upgrade.await else { return };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_write_buffer_size(WRITE_BUFFER_BYTES_MAX)
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX));
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        match account {
            Some(account) => serve(app, stream, Asker { account, address }).await,
            None => close(stream, CLOSE_UNAUTHENTICATED.into(), "Please log in first.").await,
        }
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

fn handshake_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let has = |name: header::HeaderName, word: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
    };
    let is_websocket = has(header::UPGRADE, "websocket")
        && has(header::CONNECTION, "upgrade")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| is_websocket).cloned()
}

fn client_address(app: &App, request: &Request) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), |ConnectInfo(address)| address.ip());
    let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    app.proxies.client(peer, forwarded)
}

/// The token in the address, or in the header.
fn access_token(request: &Request) -> &str {
    let query = request.uri().query().unwrap_or_default();
    let of_query = query.split('&').find_map(|pair| pair.strip_prefix("token="));
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    of_query.or_else(|| header.and_then(token::of_header)).unwrap_or_default()
}

async fn account(app: &App, token: &str) -> Result<i64, AppError> {
    let claims = app.tokens.check(token, TokenType::Access)?;
    let client = app.db.get().await?;
    let row = client.query_opt("select token_generation from app_user where id = $1", &[&claims.user_id]).await?;
    match row {
        Some(row) if row.get::<_, i32>(0) == claims.generation => Ok(claims.user_id),
        _ => Err(token::TokenError::Invalid.into()),
    }
}

type Stream = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

async fn serve(app: App, mut stream: Stream, asker: Asker) {
    let (outbox, mut out) = mpsc::channel::<Utf8Bytes>(OUTBOX_FRAMES_MAX);
    let closing = CancellationToken::new();
    let Some(seat) = app.pushes.join(asker.account, outbox.clone(), closing.clone(), SOCKETS_PER_ACCOUNT_MAX) else {
        return close(stream, CloseCode::Policy, "Too many connections of this account.").await;
    };
    let mut talk = Talk {
        app: app.clone(),
        asker,
        seat,
        outbox,
        jobs: Arc::new(Semaphore::new(JOBS_AT_ONCE)),
        allowance: FRAMES_BURST,
        counted: Instant::now(),
        haste: 0,
    };
    let hello = json!({"type": "connected", "user_id": asker.account}).to_string();
    if stream.send(Message::text(hello)).await.is_err() {
        return;
    }
    let mut heard = Instant::now();
    let mut silence = tokio::time::interval(SILENCE_CHECK);
    let (code, reason) = loop {
        tokio::select! {
            message = stream.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(message)) => match talk.hear(message).await {
                        Heard::Fine => {}
                        Heard::Ended => return,
                        Heard::TooHasty => break (CloseCode::Policy, "Too many frames."),
                    },
                    Some(Err(SocketError::Capacity(CapacityError::MessageTooLong { .. }))) => {
                        break (CloseCode::Size, "A frame has at most 64 KiB.");
                    }
                    Some(Err(_)) | None => return,
                }
            }
            frame = out.recv() => {
                let Some(frame) = frame else { return };
                tokio::select! {
                    written = tokio::time::timeout(WRITE_MAX, write(&mut stream, frame, &mut out)) => match written {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) | Err(_) => return,
                    },
                    // More came meanwhile than may wait for it.
                    () = closing.cancelled() => break TOO_SLOW,
                }
            }
            _ = silence.tick() => if heard.elapsed() >= SILENCE_MAX {
                break (CloseCode::Normal, "Nothing was heard for five minutes.");
            },
            () = closing.cancelled() => break TOO_SLOW,
            () = app.closing.cancelled() => break (CloseCode::Away, "The platform is restarting."),
        }
    };
    drop(talk);
    close(stream, code, reason).await;
}

/// Writes a frame, and what else waits by then.
async fn write(stream: &mut Stream, first: Utf8Bytes, out: &mut mpsc::Receiver<Utf8Bytes>) -> Result<(), SocketError> {
    let mut next = Some(first);
    while let Some(frame) = next {
        stream.feed(Message::Text(frame)).await?;
        next = out.try_recv().ok();
    }
    stream.flush().await
}

async fn close(mut stream: Stream, code: CloseCode, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    // The client may be gone, or not read; either way the connection ends here.
    let _ = tokio::time::timeout(Duration::from_secs(2), async {
        stream.close(Some(frame)).await?;
        while let Some(Ok(_)) = stream.next().await {}
        Ok::<_, SocketError>(())
    })
    .await;
}

enum Heard {
    Fine,
    Ended,
    TooHasty,
}

/// One client's side of the conversation.
struct Talk {
    app: App,
    asker: Asker,
    seat: Seat,
    outbox: mpsc::Sender<Utf8Bytes>,
    jobs: Arc<Semaphore>,
    allowance: f64,
    counted: Instant,
    haste: u32,
}

impl Talk {
    async fn hear(&mut self, message: Message) -> Heard {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Heard::Ended,
            // Answered by the library; counted, so that a flood of them ends too.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {
                return if self.may_speak() { Heard::Fine } else { self.hurry() };
            }
            Message::Binary(_) => return self.complain("Frames are JSON as text, not binary."),
        };
        if !self.may_speak() {
            if self.haste == 0 {
                self.say(&error("You are quicker than we can answer. Please wait a second."));
            }
            return self.hurry();
        }
        self.haste = 0;
        match serde_json::from_str::<Frame>(&text) {
            Ok(Frame::Heartbeat {}) => Heard::Fine,
            Ok(Frame::Job(job)) => self.begin(job),
            Ok(Frame::Sub(watch)) => self.watch(&watch).await,
            Ok(Frame::Unsub(watch)) => {
                if let Some(topic) = topic(&watch) {
                    self.seat.unwatch(&topic);
                }
                Heard::Fine
            }
            Err(problem) => self.complain(&fault(&text, &problem)),
        }
    }

    fn begin(&mut self, job: Job) -> Heard {
        let Ok(permit) = self.jobs.clone().try_acquire_owned() else {
            self.say(&jobs::failed(job.name(), "Several jobs are still running. Please wait for them."));
            return Heard::Fine;
        };
        self.say(&json!({"type": "job_queued", "job": job.name()}));
        let (app, asker, outbox) = (self.app.clone(), self.asker, self.outbox.clone());
        tokio::spawn(async move {
            let answer = jobs::run(&app, asker, &job).await;
            // A socket that closed meanwhile does not hear it; the job is done all the same.
            let _ = outbox.send(answer.to_string().into()).await;
            drop(permit);
        });
        Heard::Fine
    }

    async fn watch(&mut self, watch: &Watch) -> Heard {
        let Some(topic) = topic(watch) else { return self.complain("There is no such world.") };
        if let Err(declined) = jobs::may_watch(&self.app, self.asker.account, &topic).await {
            return self.complain(&declined.0);
        }
        if !self.seat.watch(topic.clone(), TOPICS_MAX) {
            return self.complain("This connection watches too much already.");
        }
        match views::publication(&self.app, &topic).await {
            Ok(frame) => self.say(&frame),
            Err(_) => return self.complain("This cannot be shown just now. Please try again in a moment."),
        }
        Heard::Fine
    }

    fn complain(&mut self, text: &str) -> Heard {
        self.say(&error(text));
        Heard::Fine
    }

    /// Into the outbox; a full one means that the client does not read, and closes the socket.
    fn say(&mut self, frame: &Value) {
        if self.outbox.try_send(frame.to_string().into()).is_err() {
            self.haste = HASTE_MAX;
        }
    }

    fn may_speak(&mut self) -> bool {
        let gained = self.counted.elapsed().as_secs_f64() * FRAMES_PER_SECOND;
        self.counted = Instant::now();
        self.allowance = (self.allowance + gained).min(FRAMES_BURST);
        if self.allowance < 1.0 {
            return false;
        }
        self.allowance -= 1.0;
        true
    }

    fn hurry(&mut self) -> Heard {
        self.haste = self.haste.saturating_add(1);
        if self.haste > HASTE_MAX { Heard::TooHasty } else { Heard::Fine }
    }
}

fn topic(watch: &Watch) -> Option<Topic> {
    match watch {
        Watch::World { world_id } => world_id.number().map(Topic::World),
        Watch::Staff {} => Some(Topic::Staff),
    }
}

fn error(text: &str) -> Value {
    json!({"type": "error", "error": text, "text": text, "data": {"error": text}})
}

/// What is wrong with a frame, in words for whoever wrote the client.
fn fault(text: &str, problem: &serde_json::Error) -> String {
    let Ok(Value::Object(frame)) = serde_json::from_str::<Value>(text) else {
        return "A frame is one JSON object.".into();
    };
    let named = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match named("type").as_str() {
        "job" if !Job::NAMES.contains(&named("job").as_str()) => "There is no such job.".into(),
        "sub" | "unsub" if !["builder.admin", "staff.panel"].contains(&named("sub").as_str()) => {
            "There is nothing of this name to watch.".into()
        }
        "job" | "sub" | "unsub" | "heartbeat" => format!("This frame is not understood: {problem}."),
        _ => "A frame's type is heartbeat, job, sub or unsub.".into(),
    }
}
