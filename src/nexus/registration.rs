//! Keeps the nexus known to the Forge: registers after recovery, says that it lives, runs what it
//! holds leases of, and brings the worlds' images forward. While the Forge is away, play goes on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::link::{Link, LinkError};
use crate::world::internal::{Heartbeat, HeldWorld, Register, Registered};
use crate::world::template::WorldId;

use super::background::lock;
use super::drive::Arrival;
use super::keeper::KeeperJob;
use super::worlds::ENGINE;
use super::{Options, Shared};

/// Between two signs of life.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(10);
/// Between two tries to register.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MOST: Duration = Duration::from_secs(5);
/// Between two saves of a world's image.
const SAVE_EVERY: Duration = Duration::from_secs(60);

pub struct Registration {
    pub options: Options,
    pub boot: u64,
    pub data_id: String,
    pub shared: Arc<Shared>,
}

impl Registration {
    /// Runs until the shutdown.
    pub async fn run(self, shutdown: CancellationToken) {
        let link = &self.shared.worlds.link;
        let mut wait = RETRY_FIRST;
        loop {
            match self.register(link).await {
                Ok(registered) => {
                    wait = RETRY_FIRST;
                    self.settle(registered).await;
                    tracing::info!(nexus = self.options.name, "registered with the Forge");
                    self.live(link, &shutdown).await;
                }
                Err(LinkError::Refused { text, .. }) => {
                    tracing::error!(nexus = self.options.name, text, "the Forge refuses this nexus");
                    wait = RETRY_MOST;
                }
                Err(error) => tracing::debug!(%error, "the Forge is away; registering later"),
            }
            if shutdown.is_cancelled() {
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_MOST);
        }
    }

    async fn register(&self, link: &Link) -> Result<Registered, LinkError> {
        let spawns: Vec<(WorldId, i64)> =
            lock(&self.shared.worlds.epochs).iter().map(|(spawn, epoch)| (*spawn, *epoch)).collect();
        let mut worlds = Vec::new();
        for (spawn, epoch) in spawns {
            let population = self.shared.inward.ask(|done| Arrival::Population { spawn, done }).await;
            let head = self.shared.inward.ask(|done| Arrival::Head { spawn, done }).await;
            let Some((incarnation, seq)) = head else { continue };
            let players = population.map(|p| p.players).unwrap_or_default();
            worlds.push(HeldWorld { spawn, epoch, incarnation, seq, players });
        }
        let register = Register {
            name: self.options.name.clone(),
            url: self.options.own_url.clone(),
            ws_uri: self.options.ws_uri.clone(),
            engine: ENGINE.into(),
            data_id: self.data_id.clone(),
            boot: self.boot,
            worlds,
        };
        link.post("nexus/register", &register).await
    }

    /// Takes over what the Forge answered: keys, worlds to run, worlds that are no longer ours.
    async fn settle(&self, registered: Registered) {
        self.shared.sessions.set_keys(&registered.keys);
        for spawn in registered.stale {
            tracing::warn!(spawn, "the lease of this world has moved; its copy here is given up");
            lock(&self.shared.worlds.epochs).remove(&spawn);
            self.shared.inward.ask(|done| Arrival::Stop { spawn, moves: false, done }).await;
            let _ = self.shared.worlds.keeper.send(KeeperJob::Remove { spawn });
        }
        for lease in registered.leases {
            if let Err(error) = self.shared.worlds.start(&lease).await {
                tracing::error!(spawn = lease.spawn, %error, "a world could not be started");
            }
        }
    }

    /// Says that it lives until the Forge no longer knows it.
    async fn live(&self, link: &Link, shutdown: &CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(HEARTBEAT_EVERY) => {}
            }
            let spawns: Vec<WorldId> = lock(&self.shared.worlds.epochs).keys().copied().collect();
            let mut players = BTreeMap::new();
            for spawn in spawns {
                if let Some(population) = self.shared.inward.ask(|done| Arrival::Population { spawn, done }).await {
                    players.insert(spawn, population.players);
                }
            }
            let heartbeat = Heartbeat { name: self.options.name.clone(), boot: self.boot, players };
            match link.post::<serde_json::Value>("nexus/heartbeat", &heartbeat).await {
                Ok(_) => {}
                Err(LinkError::Refused { .. }) => return,
                Err(error) => tracing::debug!(%error, "the Forge did not hear the heartbeat"),
            }
        }
    }
}

/// Brings each world's image forward from time to time.
pub async fn save_regularly(shared: Arc<Shared>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(SAVE_EVERY) => {}
        }
        let spawns: Vec<WorldId> = lock(&shared.worlds.epochs).keys().copied().collect();
        for spawn in spawns {
            if let Err(error) = shared.worlds.bring(spawn).await {
                tracing::debug!(spawn, %error, "the image of a world could not be brought forward; later");
            }
        }
    }
}
