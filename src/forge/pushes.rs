//! What reaches clients unasked: frames to an account, fresh copies of what somebody watches. Replicas of the Forge tell
//! each other by Postgres NOTIFY, in the transaction that changed something; each delivers to its own sockets.
//! Nothing here is kept: who was not connected misses the frame and asks when it connects.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::GenericClient;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, NoTls};
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_util::sync::CancellationToken;

use super::{App, bans, tending, views};

/// The NOTIFY channel of the platform.
const CHANNEL: &str = "realms";
/// Postgres refuses payloads of 8000 bytes and more.
const NOTICE_BYTES_MAX: usize = 7_900;
/// Between attempts to listen again after the connection was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);
/// Frames that wait for one socket; a client that reads none of them is disconnected.
pub const OUTBOX_FRAMES_MAX: usize = 64;

/// What replicas tell each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// A frame to every Forge socket of an account.
    Frame { account: i64, frame: Value },
    /// Something that the administration page of this root world shows has changed.
    World { world: i64 },
    /// Something that the staff panel shows has changed.
    Staff,
    /// A root world has another template set; its running spawns should get it.
    Templates { world: i64 },
    /// An account was banned; its characters should leave their worlds.
    Banned,
}

/// What a socket watches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `builder.admin` of a root world.
    World(i64),
    /// `staff.panel`
    Staff,
}

struct Socket {
    account: i64,
    outbox: mpsc::Sender<Utf8Bytes>,
    topics: HashSet<Topic>,
    close: CancellationToken,
}

/// The Forge sockets of this process.
#[derive(Clone, Default)]
pub struct Pushes(Arc<Inner>);

#[derive(Default)]
struct Inner {
    next: AtomicU64,
    sockets: Mutex<HashMap<u64, Socket>>,
}

/// A socket's place among the pushes; gone when dropped.
pub struct Seat {
    pushes: Pushes,
    id: u64,
}

impl Pushes {
    /// Takes a place for a socket; `close` is cancelled when its outbox overflows. None where the account has
    /// `most` sockets already.
    pub fn join(
        &self,
        account: i64,
        outbox: mpsc::Sender<Utf8Bytes>,
        close: CancellationToken,
        most: usize,
    ) -> Option<Seat> {
        let mut sockets = self.sockets();
        if sockets.values().filter(|socket| socket.account == account).count() >= most {
            return None;
        }
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        sockets.insert(id, Socket { account, outbox, topics: HashSet::new(), close });
        Some(Seat { pushes: self.clone(), id })
    }

    /// Sockets of this process.
    pub fn count(&self) -> usize {
        self.sockets().len()
    }

    fn deliver(&self, frame: &Value, wants: impl Fn(&Socket) -> bool) {
        let text = Utf8Bytes::from(frame.to_string());
        for socket in self.sockets().values().filter(|socket| wants(socket)) {
            if socket.outbox.try_send(text.clone()).is_err() {
                socket.close.cancel();
            }
        }
    }

    fn topics(&self) -> HashSet<Topic> {
        self.sockets().values().flat_map(|socket| socket.topics.iter().cloned()).collect()
    }

    fn sockets(&self) -> MutexGuard<'_, HashMap<u64, Socket>> {
        self.0.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Watches a topic; false where the socket watches too many.
    pub fn watch(&self, topic: Topic, most: usize) -> bool {
        let mut sockets = self.pushes.sockets();
        let Some(socket) = sockets.get_mut(&self.id) else { return false };
        if socket.topics.len() >= most && !socket.topics.contains(&topic) {
            return false;
        }
        socket.topics.insert(topic);
        true
    }

    pub fn unwatch(&self, topic: &Topic) {
        if let Some(socket) = self.pushes.sockets().get_mut(&self.id) {
            socket.topics.remove(topic);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pushes.sockets().remove(&self.id);
    }
}

/// Tells all replicas, this one included, once the transaction that `client` may be in commits.
pub async fn notify(client: &impl GenericClient, notice: &Notice) -> Result<(), tokio_postgres::Error> {
    let payload = serde_json::to_string(notice).unwrap_or_default();
    if payload.len() > NOTICE_BYTES_MAX {
        tracing::error!(bytes = payload.len(), "a notice is too large to be passed on");
        return Ok(());
    }
    client.execute("select pg_notify($1, $2)", &[&CHANNEL, &payload]).await.map(|_| ())
}

/// Listens to the other replicas and delivers, until shutdown. After a lost connection everything that is watched is
/// sent afresh, since notices may have been missed.
pub async fn listen(app: App, shutdown: CancellationToken) {
    loop {
        let ended = tokio::select! {
            () = shutdown.cancelled() => return,
            ended = listen_once(&app) => ended,
        };
        if let Err(error) = ended {
            tracing::warn!(%error, "not listening to the database; trying again");
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
        }
    }
}

async fn listen_once(app: &App) -> Result<(), tokio_postgres::Error> {
    let config: tokio_postgres::Config = app.options.database.expose().parse()?;
    let (client, mut connection) = config.connect(NoTls).await?;
    let (notices, mut inbox) = mpsc::channel::<Notice>(256);
    let pump = async move {
        while let Some(message) = std::future::poll_fn(|context| connection.poll_message(context)).await {
            let AsyncMessage::Notification(notification) = message? else { continue };
            if let Ok(notice) = serde_json::from_str(notification.payload())
                && notices.send(notice).await.is_err()
            {
                break;
            }
        }
        Ok(())
    };
    let work = async {
        client.batch_execute(&format!("listen {CHANNEL}")).await?;
        for topic in app.pushes.topics() {
            publish(app, &topic).await;
        }
        while let Some(notice) = inbox.recv().await {
            act(app, notice).await;
        }
        Ok(())
    };
    tokio::select! {
        ended = pump => ended,
        ended = work => ended,
    }
}

async fn act(app: &App, notice: Notice) {
    match notice {
        Notice::Frame { account, frame } => app.pushes.deliver(&frame, |socket| socket.account == account),
        Notice::World { world } => {
            publish(app, &Topic::World(world)).await;
            publish(app, &Topic::Staff).await;
        }
        Notice::Staff => publish(app, &Topic::Staff).await,
        Notice::Templates { world } => {
            let app = app.clone();
            tokio::spawn(async move { tending::send_templates(&app, Some(world)).await });
        }
        Notice::Banned => {
            let app = app.clone();
            tokio::spawn(async move { bans::expel(&app).await });
        }
    }
}

async fn publish(app: &App, topic: &Topic) {
    if !app.pushes.topics().contains(topic) {
        return;
    }
    match views::publication(app, topic).await {
        Ok(frame) => app.pushes.deliver(&frame, |socket| socket.topics.contains(topic)),
        Err(error) => tracing::warn!(?error, "what is watched could not be read"),
    }
}
