//! Listens and serves: a TCP port or a unix socket, HTTP/1.1 with upgrades, until the token is cancelled.
//! It knows connections only; what they ask for is the router's. Upgraded sockets leave its hands. Everything that a client
//! can keep for itself is bounded: how many connections, how long the head of a request and each of them take.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::{Request, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::address::{Places, TrustedProxies};

/// Plain HTTP connections at once on one listener; more wait in the system's queue. Upgraded sockets do not count.
pub const CONNECTIONS_MAX: usize = 4096;
/// Of these, those from one address; more are refused. A proxy that is trusted has no such limit.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 512;
/// A client has this long to send the head of a request, and to begin the next one.
pub const HEAD_TIME_MAX: Duration = Duration::from_secs(20);
/// Bytes that a connection buffers of a head that is not whole; with more it is refused. The last read may go beyond.
pub const HEAD_BYTES_MAX: usize = 32 * 1024;
/// A connection takes no new request after this, so that nobody holds one who reads its answer byte by byte.
pub const CONNECTION_TIME_MAX: Duration = Duration::from_secs(300);
/// The request under way when a connection's time is over gets this long.
const LAST_REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// Requests under way get this long when the listener stops.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);
/// After the system refused a connection (no file descriptors left), wait this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a listener could not be opened; one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("port {} on {} is taken by another program: stop that one, or choose another port with {setting}", .addr.port(), .addr.ip())]
    Taken { addr: SocketAddr, setting: &'static str },
    #[error("cannot listen on {addr}: {error}; choose another address with {setting}")]
    Refused { addr: SocketAddr, setting: &'static str, error: io::Error },
    #[error("cannot listen on {}: {error}", .path.display())]
    Socket { path: PathBuf, error: io::Error },
}

/// What clients may take of a listener.
#[derive(Clone, Debug)]
pub struct Bounds {
    pub connections: usize,
    pub per_address: usize,
    /// Who may have as many as there are.
    pub proxies: TrustedProxies,
    pub head_time: Duration,
    pub head_bytes: usize,
    pub connection_time: Duration,
    pub last_request_time: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            per_address: CONNECTIONS_PER_ADDRESS_MAX,
            proxies: TrustedProxies::default(),
            head_time: HEAD_TIME_MAX,
            head_bytes: HEAD_BYTES_MAX,
            connection_time: CONNECTION_TIME_MAX,
            last_request_time: LAST_REQUEST_TIME_MAX,
        }
    }
}

impl Bounds {
    /// For a listener that only our own programs reach: few addresses, and requests that may take minutes.
    pub fn inside() -> Self {
        Self { per_address: CONNECTIONS_MAX, connection_time: Duration::MAX, ..Self::default() }
    }
}

/// An open door; nobody is let in before [`Listener::serve`].
pub struct Listener {
    door: Door,
    bounds: Bounds,
}

enum Door {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    /// Opens a TCP port; `setting` is what an operator changes to have another.
    pub async fn tcp(addr: SocketAddr, setting: &'static str) -> Result<Self, ListenError> {
        let refused = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::Taken { addr, setting },
            _ => ListenError::Refused { addr, setting, error },
        };
        let listener = TcpListener::bind(addr).await.map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        Ok(Self { door: Door::Tcp(listener, bound), bounds: Bounds::default() })
    }

    /// Opens a unix socket for this user alone. A socket that an earlier process left is replaced: the caller owns the folder.
    pub fn unix(path: &Path) -> Result<Self, ListenError> {
        let failed = |error| ListenError::Socket { path: path.to_owned(), error };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { door: Door::Unix(listener, path.to_owned()), bounds: Bounds::inside() })
    }

    /// The same with other bounds.
    pub fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// The address that a TCP listener got.
    pub fn addr(&self) -> Option<SocketAddr> {
        match &self.door {
            Door::Tcp(_, addr) => Some(*addr),
            Door::Unix(..) => None,
        }
    }

    /// Serves `router` until `shutdown`; then lets requests under way end. A handler finds the client's address as
    /// `ConnectInfo<SocketAddr>` where there is one.
    pub async fn serve(self, router: Router, shutdown: CancellationToken) {
        let connections = TaskTracker::new();
        let room = Arc::new(Semaphore::new(self.bounds.connections));
        let places = Arc::new(Places::new(self.bounds.per_address));
        loop {
            let permit = tokio::select! {
                () = shutdown.cancelled() => break,
                permit = Arc::clone(&room).acquire_owned() => permit.expect("the semaphore is never closed"),
            };
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.accept() => accepted,
            };
            let (stream, client) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let place = match client.map(|client| client.ip()).filter(|client| !self.bounds.proxies.trusts(*client)) {
                Some(client) => match places.enter(client) {
                    Some(place) => Some(place),
                    None => {
                        stream.refuse();
                        continue;
                    }
                },
                None => None,
            };
            let (router, bounds, shutdown) = (router.clone(), self.bounds.clone(), shutdown.clone());
            connections.spawn(async move {
                match stream {
                    Stream::Tcp(stream) => converse(stream, client, router, &bounds, shutdown).await,
                    Stream::Unix(stream) => converse(stream, client, router, &bounds, shutdown).await,
                }
                drop((permit, place));
            });
        }
        connections.close();
        if tokio::time::timeout(DRAIN_TIME_MAX, connections.wait()).await.is_err() {
            tracing::warn!(left = connections.len(), "requests were cut off: they took too long to end");
        }
        if let Door::Unix(_, path) = &self.door {
            let _ = std::fs::remove_file(path);
        }
    }

    async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match &self.door {
            Door::Tcp(listener, _) => {
                let (stream, client) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok((Stream::Tcp(stream), Some(client)))
            }
            Door::Unix(listener, _) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }
}

enum Stream {
    Tcp(tokio::net::TcpStream),
    Unix(tokio::net::UnixStream),
}

impl Stream {
    /// Says that there are too many, as far as that goes without waiting.
    fn refuse(self) {
        let body = "{\"detail\":\"There are too many connections from your address. Please close one first.\"}";
        let head = "HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\ncontent-type: application/json";
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        if let Self::Tcp(stream) = self {
            let _ = stream.try_write(answer.as_bytes());
        }
    }
}

/// One connection, from its first request to its last or its upgrade.
async fn converse<S>(
    stream: S,
    client: Option<SocketAddr>,
    router: Router,
    bounds: &Bounds,
    shutdown: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(client) = client {
            request.extensions_mut().insert(ConnectInfo(client));
        }
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_time)
        .max_buf_size(bounds.head_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = tokio::time::sleep(bounds.connection_time) => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(bounds.last_request_time, connection).await {
                Ok(ended) => ended,
                Err(_) => return tracing::debug!("a connection was cut off: it took too long"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Lets this process open as many files as the system allows it: each player is one.
pub fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

#[cfg(test)]
mod tests;
