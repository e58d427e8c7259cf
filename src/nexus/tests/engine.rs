//! A nexus without a Forge, with the small world in it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::address::TrustedProxies;
use crate::config::{Durability, Secret};
use crate::nexus::drive::Arrival;
use crate::nexus::game::Outbound;
use crate::nexus::outbox::Outbox;
use crate::nexus::pulsar::instruction::Instruction;
use crate::nexus::pulsar::tests::rig;
use crate::nexus::worlds::unhex;
use crate::nexus::{Disk, KeeperJob, Limits, Nexus, Options, Queues, Shared};
use crate::world::character::{Account, PlayerConfig, PlayerId};
use crate::world::set;

/// Under a loaded machine everything takes its time; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
pub const SPAWN: i64 = 1001;

pub struct Engine {
    pub shared: Arc<Shared>,
    /// What stands behind its public port.
    pub public: Router,
    running: JoinHandle<()>,
    shutdown: CancellationToken,
    next_session: u64,
}

/// A player at the end of an outbox.
pub struct Guest {
    pub player: PlayerId,
    pub session: u64,
    outbox: Arc<Outbox>,
    frames: Vec<Value>,
}

impl Engine {
    /// On this folder, with whatever is in it.
    pub async fn open(dir: &Path) -> Self {
        Self::open_with(dir, |_| {}).await
    }

    /// With other options than the usual.
    pub async fn open_with(dir: &Path, change: impl FnOnce(&mut Options)) -> Self {
        Self::open_on(dir, Disk::default(), Queues::default(), change).await
    }

    /// On another disk, with other queues.
    pub async fn open_on(dir: &Path, disk: Disk, queues: Queues, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options {
            name: "test".into(),
            data_dir: dir.join("nexus"),
            forge_url: format!("unix:{}/nobody", dir.display()),
            own_url: "http://127.0.0.1:1".into(),
            ws_uri: String::new(),
            service_token: Secret::new("token"),
            redis: None,
            history_bytes: 0,
            durability: Durability::Strict,
            limits: Limits::default(),
            trusted_proxies: TrustedProxies::default(),
        };
        change(&mut options);
        let nexus = Nexus::open_on(options, disk, queues).await.unwrap();
        let (shared, public, shutdown) = (nexus.shared(), nexus.public(), CancellationToken::new());
        let running = tokio::spawn(nexus.run(shutdown.clone()));
        Self { shared, public, running, shutdown, next_session: 1 << 40 }
    }

    /// The small world begins.
    pub async fn begin(&self) {
        self.begin_as(SPAWN).await;
    }

    pub async fn begin_as(&self, spawn: i64) {
        let templates = rig::templates();
        let bytes = templates.encode().unwrap();
        let hash = set::hash(&bytes);
        let (done, stored) = tokio::sync::oneshot::channel();
        let job = KeeperJob::PutBlob { hash: unhex(&hash).unwrap(), bytes, done };
        self.shared.worlds.keeper.send(job).unwrap();
        stored.await.unwrap().unwrap();
        self.shared.worlds.sets.put(&hash, templates);
        let mut world = rig::world();
        world.meta.spawn = spawn;
        world.meta.templates = hash;
        world.meta.engine = crate::nexus::worlds::ENGINE.into();
        self.shared.worlds.begin(world, 1).await.unwrap();
    }

    /// Everything is cut and ended in order.
    pub async fn stop(self) {
        self.shutdown.cancel();
        drop((self.shared, self.public));
        tokio::time::timeout(PATIENCE, self.running).await.expect("the nexus stops").unwrap();
    }

    /// The hash of the world's state, once everything before is durable; none where it is not running.
    pub async fn head(&self) -> Option<(u64, u64)> {
        self.shared.inward.ask(|done| Arrival::Head { spawn: SPAWN, done }).await
    }

    pub async fn enter(&mut self, player: PlayerId, name: &str) -> Guest {
        self.enter_in(SPAWN, player, name).await
    }

    pub async fn enter_in(&mut self, spawn: i64, player: PlayerId, name: &str) -> Guest {
        self.next_session += 1;
        let session = self.next_session;
        let outbox = Arc::new(Outbox::default());
        self.shared.outward.send(vec![Outbound::Open { session, outbox: outbox.clone() }]).unwrap();
        let bytes = postcard::to_stdvec(&rig::character(player, name)).unwrap();
        let inward = &self.shared.inward;
        inward.internal(spawn, Instruction::Stage { stage: session, part: 0, parts: 1, bytes }).await;
        let account = Account { id: player, name: name.to_lowercase(), ..Account::default() };
        let config = PlayerConfig::default();
        let connect = Instruction::Connect { player, session, stage: Some(session), version: 0, account, config };
        inward.give(spawn, session, connect).await;
        let mut guest = Guest { player, session, outbox, frames: Vec::new() };
        guest.until("cmd.state.sync.success").await;
        guest
    }

    pub async fn type_in(&self, guest: &Guest, text: &str) {
        self.type_in_world(SPAWN, guest, text).await;
    }

    pub async fn type_in_world(&self, spawn: i64, guest: &Guest, text: &str) {
        let Guest { player, session, .. } = *guest;
        let instruction = Instruction::Text { player, session, n: None, text: text.into() };
        self.shared.inward.give(spawn, session, instruction).await;
    }
}

impl Guest {
    /// Reads until a frame of this type.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            while self.frames.is_empty() {
                let mut bytes = Vec::new();
                let taken = tokio::time::timeout(PATIENCE, self.outbox.take(&mut bytes, &mut Vec::new())).await;
                assert!(taken.unwrap_or_else(|_| panic!("never: {kind}")), "the socket was closed before {kind}");
                self.frames = texts(&bytes);
            }
            let frame = self.frames.remove(0);
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

/// The text frames of a server's bytes.
fn texts(mut bytes: &[u8]) -> Vec<Value> {
    let mut found = Vec::new();
    while let [kind, length, rest @ ..] = bytes {
        let (length, rest) = match length {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            length => (usize::from(*length), rest),
        };
        if kind & 0xf == 1 {
            found.push(serde_json::from_slice(&rest[..length]).unwrap());
        }
        bytes = &rest[length..];
    }
    found
}
