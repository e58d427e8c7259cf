//! Internal HTTP between Forge and Nexus: the client for `http://host:port` and `unix:/path`, and the guard that
//! their internal routers put before every route. It tells refusals (the other side will not) from outages (the other
//! side cannot, now), because errands wait for the second and never for the first.
//! It retries nothing that may have been carried out; callers decide.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request as AxumRequest, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response as AxumResponse};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use crate::config::Secret;

/// The largest answer that a link reads, in bytes.
pub const BODY_BYTES_MAX: usize = 64 << 20;
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a call may take from its first byte to the last of its answer, unless [`Link::patient`] says more.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections kept open while idle; more are closed.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// An idle connection older than this is not used again: the other side may be about to close it.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// Why a call gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The other side understood and will not: asking again changes nothing.
    #[error("refused ({status} {code}): {text}")]
    Refused { status: u16, code: String, text: String },
    /// No connection, no answer in time, or a 5xx: asking later may help. The call may have been carried out.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The address, the request or the answer is not what the contract says.
    #[error("broken: {0}")]
    Broken(String),
}

impl LinkError {
    /// The code of a refusal, or an empty text.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            _ => "",
        }
    }
}

/// The body of a refusal at an internal endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub error: String,
    pub code: String,
}

impl Refusal {
    /// A refusal as an HTTP answer.
    pub fn response(status: StatusCode, code: &str, error: impl Into<String>) -> AxumResponse {
        (status, axum::Json(Self { error: error.into(), code: code.into() })).into_response()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Tcp(String),
    Unix(PathBuf),
}

struct Idle {
    since: Instant,
    sender: SendRequest<Full<Bytes>>,
}

struct Shared {
    target: Target,
    host: HeaderValue,
    token: HeaderValue,
    idle: Mutex<Vec<Idle>>,
}

/// A client of one internal address. Clones share the connections.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Shared>,
    timeout: Duration,
}

impl Link {
    /// A link to `http://host:port` or `unix:/path`. Opens nothing yet.
    ///
    /// # Errors
    /// [`LinkError::Broken`] where the address or the token cannot be used.
    pub fn new(url: &str, token: &Secret) -> Result<Self, LinkError> {
        let target = parse_target(url)?;
        let host = match &target {
            Target::Tcp(authority) => authority.as_str(),
            Target::Unix(_) => "localhost",
        };
        let host = HeaderValue::from_str(host).map_err(|_| broken_address(url))?;
        let mut token = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| LinkError::Broken("the service token has characters that a header cannot carry".into()))?;
        token.set_sensitive(true);
        Ok(Self { shared: Arc::new(Shared { target, host, token, idle: Mutex::default() }), timeout: CALL_TIMEOUT })
    }

    /// The same link for calls that may take longer, as stopping a world.
    pub fn patient(&self, timeout: Duration) -> Self {
        Self { shared: self.shared.clone(), timeout }
    }

    /// `POST path` with a JSON body, answered with JSON.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, LinkError> {
        let body = serde_json::to_vec(body).map_err(|error| LinkError::Broken(error.to_string()))?;
        parse(&self.call(Method::POST, path, Some(("application/json", body.into()))).await?)
    }

    /// `GET path`, answered with JSON.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, LinkError> {
        parse(&self.call(Method::GET, path, None).await?)
    }

    /// `GET path`, answered with raw bytes.
    pub async fn get_bytes(&self, path: &str) -> Result<Bytes, LinkError> {
        self.call(Method::GET, path, None).await
    }

    /// `POST path` with raw bytes, answered with JSON.
    pub async fn post_bytes<T: DeserializeOwned>(&self, path: &str, body: Bytes) -> Result<T, LinkError> {
        parse(&self.call(Method::POST, path, Some(("application/octet-stream", body))).await?)
    }

    async fn call(&self, method: Method, path: &str, body: Option<(&'static str, Bytes)>) -> Result<Bytes, LinkError> {
        timeout(self.timeout, self.call_unbounded(method, path, body))
            .await
            .unwrap_or_else(|_| Err(LinkError::Unreachable(format!("no answer within {:?}", self.timeout))))
    }

    async fn call_unbounded(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Bytes, LinkError> {
        let request = self.request(method, path, body)?;
        let (mut sender, response) = self.send(request).await?;
        let status = response.status();
        let read = Limited::new(response.into_body(), BODY_BYTES_MAX).collect().await;
        let body = match read {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(LinkError::Broken(format!("the answer is larger than {BODY_BYTES_MAX} bytes")));
            }
            Err(error) => return Err(LinkError::Unreachable(format!("the answer broke off: {error}"))),
        };
        if sender.ready().await.is_ok() {
            self.park(sender);
        }
        answer(status, body)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Request<Full<Bytes>>, LinkError> {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/internal/{path}") };
        let mut request = Request::builder()
            .method(method)
            .uri(&path)
            .header(HOST, self.shared.host.clone())
            .header(AUTHORIZATION, self.shared.token.clone());
        let mut bytes = Bytes::new();
        if let Some((kind, content)) = body {
            request = request.header(CONTENT_TYPE, kind);
            bytes = content;
        }
        request.body(Full::new(bytes)).map_err(|error| LinkError::Broken(format!("{path}: {error}")))
    }

    /// Sends on an idle connection, or on a new one where the idle one was found closed before anything was sent.
    async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(SendRequest<Full<Bytes>>, hyper::Response<hyper::body::Incoming>), LinkError> {
        while let Some(mut sender) = self.unpark() {
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((sender, response)),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(LinkError::Unreachable(failed.into_error().to_string())),
                },
            }
        }
        let mut sender = self.open().await?;
        let response = sender.send_request(request).await.map_err(|error| LinkError::Unreachable(error.to_string()))?;
        Ok((sender, response))
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, LinkError> {
        let opening = async {
            match &self.shared.target {
                Target::Tcp(authority) => {
                    let stream = TcpStream::connect(authority).await?;
                    stream.set_nodelay(true)?;
                    greet(stream).await
                }
                Target::Unix(path) => greet(UnixStream::connect(path).await?).await,
            }
        };
        match timeout(CONNECT_TIMEOUT, opening).await {
            Ok(Ok(sender)) => Ok(sender),
            Ok(Err(error)) => Err(LinkError::Unreachable(format!("{}: {error}", self.shared.target))),
            Err(_) => {
                Err(LinkError::Unreachable(format!("{}: no connection within {CONNECT_TIMEOUT:?}", self.shared.target)))
            }
        }
    }

    fn unpark(&self) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(last) = idle.pop() {
            if last.since.elapsed() < IDLE_MAX && last.sender.is_ready() {
                return Some(last.sender);
            }
        }
        None
    }

    fn park(&self, sender: SendRequest<Full<Bytes>>) {
        let mut idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(Idle { since: Instant::now(), sender });
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(authority) => write!(f, "http://{authority}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({})", self.shared.target)
    }
}

/// What internal routers put before every route: `route_layer(from_fn_with_state(token, link::guard))`.
/// Without the service token the answer is 401, the same for a wrong and a missing one.
pub async fn guard(State(token): State<Secret>, request: AxumRequest, next: Next) -> AxumResponse {
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !token.is_empty() && given.strip_prefix("Bearer ").is_some_and(|given| token.matches(given)) {
        return next.run(request).await;
    }
    Refusal::response(StatusCode::UNAUTHORIZED, "unauthorized", "This address needs the service token.")
}

async fn greet<S>(stream: S) -> std::io::Result<SendRequest<Full<Bytes>>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
    // Ends by itself when the sender is dropped or the other side closes; its error reaches the call through the sender.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}

fn parse_target(url: &str) -> Result<Target, LinkError> {
    if let Some(path) = url.strip_prefix("unix:") {
        return if path.starts_with('/') { Ok(Target::Unix(path.into())) } else { Err(broken_address(url)) };
    }
    let authority = url.strip_prefix("http://").ok_or_else(|| broken_address(url))?.trim_end_matches('/');
    let port = authority.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>()));
    match port {
        Some(Ok(_)) if !authority.contains(['/', '@']) => Ok(Target::Tcp(authority.to_owned())),
        _ => Err(broken_address(url)),
    }
}

fn broken_address(url: &str) -> LinkError {
    LinkError::Broken(format!("{url:?} is not an internal address; write http://HOST:PORT or unix:/PATH"))
}

fn answer(status: StatusCode, body: Bytes) -> Result<Bytes, LinkError> {
    if status.is_success() {
        return Ok(body);
    }
    let refusal = serde_json::from_slice::<Refusal>(&body).ok();
    if status.is_client_error() {
        let (code, text) = refusal.map_or_else(
            || ("unknown".to_owned(), String::from_utf8_lossy(&body).chars().take(200).collect()),
            |refusal| (refusal.code, refusal.error),
        );
        return Err(LinkError::Refused { status: status.as_u16(), code, text });
    }
    let text = refusal.map(|refusal| refusal.error).unwrap_or_default();
    Err(LinkError::Unreachable(format!("answered {status} {text}").trim_end().to_owned()))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, LinkError> {
    serde_json::from_slice(body).map_err(|error| LinkError::Broken(format!("the answer is not understood: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_tcp_or_unix() {
        assert_eq!(parse_target("http://127.0.0.1:9000").unwrap(), Target::Tcp("127.0.0.1:9000".into()));
        assert_eq!(parse_target("http://[::1]:9000/").unwrap(), Target::Tcp("[::1]:9000".into()));
        assert_eq!(parse_target("unix:/run/forge.sock").unwrap(), Target::Unix("/run/forge.sock".into()));
        for wrong in
            ["", "https://a:1", "http://a", "http://:1", "http://a:x", "unix:run", "http://a:1/b", "http://u@a:1"]
        {
            assert!(matches!(parse_target(wrong), Err(LinkError::Broken(_))), "{wrong}");
        }
    }

    #[test]
    fn refusals_and_outages_are_told_apart() {
        let body = Bytes::from_static(br#"{"error":"The lease moved on.","code":"epoch"}"#);
        let refused = answer(StatusCode::CONFLICT, body.clone()).unwrap_err();
        assert_eq!(refused.code(), "epoch");
        assert!(matches!(answer(StatusCode::BAD_GATEWAY, body), Err(LinkError::Unreachable(_))));
    }
}
