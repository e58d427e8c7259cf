//! Bringing worlds in and out: from the disk, from a lease, from an image; the template sets that they
//! need; and their saves to the Forge. All of it happens off the Pulsar thread.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use crossbeam_channel::Sender;

use crate::link::{Link, LinkError};
use crate::store::state::{State, StateError};
use crate::world::internal::{ImageSave, Lease, Saved, StopOrder};
use crate::world::template::{Templates, WorldId};

use super::background::{Epochs, lock};
use super::drive::Arrival;
use super::game::Inward;
use super::keeper::{KeeperJob, StoredCut};
use super::park::{self, Parked};
use super::pulsar::beat;
use super::pulsar::image;
use super::pulsar::instruction::Instruction;
use super::pulsar::record::{Meta, RecordError};
use super::pulsar::turn::Sets;
use super::pulsar::world::World;

/// The engine's version, stamped on what it writes.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// Why a world could not be brought in, saved or stopped.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    #[error("the Forge: {0}")]
    Link(#[from] LinkError),
    #[error("{0}")]
    State(#[from] StateError),
    #[error("a record of the world cannot be read: {0}")]
    Record(#[from] RecordError),
    #[error("the template set cannot be read: {0}")]
    Templates(String),
    #[error("the image of the world cannot be read")]
    Image,
    #[error("this nexus does not run world {0}")]
    Unknown(WorldId),
    #[error("the engine is shutting down")]
    Ended,
    #[error("its turns after the last cut: {0}")]
    Held(String),
    #[error("world {0} is parked: {1}. `realms nexus unpark {0}` starts it as of its last cut")]
    Parked(WorldId, String),
    #[error("world {0} is not parked")]
    NotParked(WorldId),
}

/// The template sets at hand, by hash; each is durable on this nexus's disk.
#[derive(Default)]
pub struct TemplateSets(RwLock<HashMap<String, Arc<Templates>>>);

impl TemplateSets {
    pub fn put(&self, hash: &str, set: Arc<Templates>) {
        // Worked out here, and not by the first turn that asks.
        set.ground();
        set.watch();
        if let Ok(mut sets) = self.0.write() {
            sets.insert(hash.to_owned(), set);
        }
    }
}

impl Sets for TemplateSets {
    fn set(&self, hash: &str) -> Option<Arc<Templates>> {
        self.0.read().ok()?.get(hash).cloned()
    }
}

/// Reads a set that is stored.
///
/// # Errors
/// The disk's, or a set of another version.
pub fn stored_set(state: &State, hash: &str) -> Result<Option<Arc<Templates>>, WorldError> {
    let Some(key) = unhex(hash) else { return Ok(None) };
    let Some(bytes) = state.blob(&key)? else { return Ok(None) };
    let set = Templates::decode(&bytes).map_err(|error| WorldError::Templates(error.to_string()))?;
    Ok(Some(Arc::new(set)))
}

/// The 32 bytes of a hexadecimal hash.
pub fn unhex(hash: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hash.len() != 64 || !hash.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Everything that bringing worlds in and out needs. Clones are cheap.
#[derive(Clone)]
pub struct Worlds {
    pub nexus: String,
    pub link: Link,
    pub inward: Inward,
    pub keeper: Sender<KeeperJob>,
    pub sets: Arc<TemplateSets>,
    pub epochs: Epochs,
    pub parked: Parked,
}

impl Worlds {
    /// Runs a world under its lease: one that runs already takes epoch and templates over.
    ///
    /// # Errors
    /// Whatever kept it from running; nothing of it runs then.
    pub async fn start(&self, lease: &Lease) -> Result<(), WorldError> {
        let spawn = lease.spawn;
        // An older image in its place would undo what its players saw.
        self.unless_parked(spawn)?;
        self.fetch_set(&lease.templates).await?;
        let running = lock(&self.epochs).contains_key(&spawn);
        if running {
            lock(&self.epochs).insert(spawn, lease.epoch);
            self.inward.internal(spawn, Instruction::Epoch { epoch: lease.epoch }).await;
            self.inward.internal(spawn, Instruction::Templates { hash: lease.templates.clone() }).await;
            return Ok(());
        }
        let set = self.sets.set(&lease.templates).ok_or_else(|| WorldError::Templates("it is gone".into()))?;
        let world = match &lease.image {
            Some(image) => self.restored(lease, image.incarnation, set).await?,
            None => fresh(lease, set),
        };
        self.begin(world, lease.epoch).await
    }

    /// Stores a world's first cut, before the world does anything, so that its turns have something to follow; then it
    /// runs.
    pub(super) async fn begin(&self, mut world: World, epoch: i64) -> Result<(), WorldError> {
        let spawn = world.meta.spawn;
        let head = world.begin_cut(true);
        while !world.drain_cut(usize::MAX) {}
        let (done, stored) = tokio::sync::oneshot::channel();
        let cut = StoredCut {
            spawn,
            epoch,
            incarnation: head.incarnation,
            seq: head.seq,
            meta: head.meta,
            changes: world.take_cut(),
            full: true,
            rules: world.index.rules.iter().map(|(rule, count)| (*rule, *count)).collect(),
            done: vec![done],
        };
        self.keeper.send(KeeperJob::Commit(cut)).map_err(|_| WorldError::Ended)?;
        stored.await.ok().flatten().ok_or(WorldError::Ended)?;
        lock(&self.epochs).insert(spawn, epoch);
        self.inward
            .ask(|done| Arrival::Start { world: Box::new(world), skip: None, done })
            .await
            .ok_or(WorldError::Ended)
    }

    /// Starts a parked world as of its last cut, in a new incarnation. What came after stays in quarantine.
    ///
    /// # Errors
    /// It is not parked here, or its cut cannot be read: then it stays parked.
    pub async fn unpark(&self, spawn: WorldId) -> Result<u64, WorldError> {
        if !lock(&self.parked).contains_key(&spawn) {
            return Err(WorldError::NotParked(spawn));
        }
        let keeper = self.keeper.clone();
        let load = move || {
            let (done, loaded) = crossbeam_channel::bounded(1);
            keeper.send(KeeperJob::Load { spawn, done }).map_err(|_| WorldError::Ended)?;
            loaded.recv().map_err(|_| WorldError::Ended)?.map_err(WorldError::from)
        };
        let loaded = tokio::task::spawn_blocking(load).await.map_err(|_| WorldError::Ended)??;
        let loaded = loaded.ok_or(WorldError::Unknown(spawn))?;
        let meta = image::read_meta(&loaded.meta)?;
        self.fetch_set(&meta.templates).await?;
        let set = self.sets.set(&meta.templates).ok_or_else(|| WorldError::Templates("it is gone".into()))?;
        let records = loaded.records.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
        let mut world = World::restore(&loaded.meta, records, set)?;
        world.meta.incarnation += 1;
        world.meta.engine = ENGINE.into();
        let (seq, epoch) = (world.meta.seq, world.meta.epoch);
        let lost = super::recover::lost_links(&world);
        self.begin(world, epoch).await?;
        for (player, session) in lost {
            self.inward.internal(spawn, Instruction::Unlink { player, session }).await;
        }
        self.forget_park(spawn).await;
        Ok(seq)
    }

    fn unless_parked(&self, spawn: WorldId) -> Result<(), WorldError> {
        match lock(&self.parked).get(&spawn) {
            Some(reason) => Err(WorldError::Parked(spawn, reason.clone())),
            None => Ok(()),
        }
    }

    /// A world is parked no longer: a cut of it is stored that has everything.
    async fn forget_park(&self, spawn: WorldId) {
        let (done, stored) = tokio::sync::oneshot::channel();
        let job = KeeperJob::Note { name: park::name_of(spawn), bytes: Vec::new(), done };
        let sent = self.keeper.send(job).is_ok();
        if sent && matches!(stored.await, Ok(Ok(()))) {
            lock(&self.parked).remove(&spawn);
        } else {
            tracing::warn!(
                spawn,
                "that this world is parked no longer could not be stored; a start will look at it anew"
            );
        }
    }

    /// A world as its image in the Forge has it, in a new incarnation.
    async fn restored(&self, lease: &Lease, before: u64, set: Arc<Templates>) -> Result<World, WorldError> {
        let bytes = self.link.get_bytes(&format!("images/{}", lease.spawn)).await?;
        let records: Vec<(Vec<u8>, Vec<u8>)> = postcard::from_bytes(&bytes).map_err(|_| WorldError::Image)?;
        let meta = records.iter().find(|(key, _)| key.is_empty()).ok_or(WorldError::Image)?;
        let rest = records.iter().filter(|(key, _)| !key.is_empty());
        let mut world = World::restore(&meta.1, rest.map(|(k, v)| (k.as_slice(), v.as_slice())), set)?;
        world.meta.incarnation = before.max(world.meta.incarnation) + 1;
        world.meta.epoch = lease.epoch;
        world.meta.ids = lease.ids;
        world.meta.ids_next = None;
        world.meta.templates = lease.templates.clone();
        world.meta.engine = ENGINE.into();
        world.settle_from_image();
        Ok(world)
    }

    /// Makes sure that a set is on the disk and at hand.
    ///
    /// # Errors
    /// The Forge does not give it, it is another than its name says, or it cannot be stored.
    pub async fn fetch_set(&self, hash: &str) -> Result<(), WorldError> {
        if self.sets.set(hash).is_some() {
            return Ok(());
        }
        let bytes = self.link.get_bytes(&format!("templates/{hash}")).await?;
        if crate::world::set::hash(&bytes) != hash {
            return Err(WorldError::Templates("it is not the one that was asked for".into()));
        }
        let set = Templates::decode(&bytes).map_err(|error| WorldError::Templates(error.to_string()))?;
        let key = unhex(hash).ok_or_else(|| WorldError::Templates("its hash is none".into()))?;
        let (done, stored) = tokio::sync::oneshot::channel();
        let job = KeeperJob::PutBlob { hash: key, bytes: bytes.to_vec(), done };
        self.keeper.send(job).map_err(|_| WorldError::Ended)?;
        stored.await.map_err(|_| WorldError::Ended)??;
        self.sets.put(hash, Arc::new(set));
        Ok(())
    }

    /// Stops a world of this lease, or moves it away: everyone leaves, its image is brought to the Forge, and then it is
    /// gone from here.
    ///
    /// # Errors
    /// The world does not run here under that lease, or the Forge cannot take the image; then its data stays here.
    pub async fn stop(&self, spawn: WorldId, order: &StopOrder) -> Result<Saved, WorldError> {
        self.unless_parked(spawn)?;
        // An order that was long on its way must not stop what a newer lease runs.
        if lock(&self.epochs).get(&spawn) != Some(&order.epoch) {
            return Err(WorldError::Unknown(spawn));
        }
        let moves = order.moves;
        self.inward.ask(|done| Arrival::Stop { spawn, moves, done }).await.ok_or(WorldError::Unknown(spawn))?;
        let saved = self.bring(spawn).await?;
        lock(&self.epochs).remove(&spawn);
        let _ = self.keeper.send(KeeperJob::Remove { spawn });
        Ok(saved)
    }

    /// Cuts a world now and brings the Forge's image of it forward.
    ///
    /// # Errors
    /// The world does not run here, or the Forge cannot take the image.
    pub async fn save(&self, spawn: WorldId) -> Result<Saved, WorldError> {
        self.unless_parked(spawn)?;
        self.inward.ask(|done| Arrival::Cut { spawn, done }).await.ok_or(WorldError::Unknown(spawn))?;
        self.bring(spawn).await
    }

    /// Brings to the Forge what its image lacks, as of the last cut.
    ///
    /// # Errors
    /// The Forge cannot take it.
    pub async fn bring(&self, spawn: WorldId) -> Result<Saved, WorldError> {
        let Some(mut save) = self.changed(spawn, false).await? else { return Err(WorldError::Unknown(spawn)) };
        let path = format!("images/{spawn}");
        let saved = match self.link.post::<Saved>(&path, &save).await {
            // The Forge has another image than we thought: it gets all of it.
            Err(LinkError::Refused { code, .. }) if code == "image_gap" => {
                save = self.changed(spawn, true).await?.ok_or(WorldError::Unknown(spawn))?;
                self.link.post::<Saved>(&path, &save).await?
            }
            other => other?,
        };
        let job = KeeperJob::Saved { spawn, incarnation: saved.incarnation, seq: saved.seq };
        self.keeper.send(job).map_err(|_| WorldError::Ended)?;
        Ok(saved)
    }

    async fn changed(&self, spawn: WorldId, whole: bool) -> Result<Option<Box<ImageSave>>, WorldError> {
        let (done, changed) = tokio::sync::oneshot::channel();
        let job = KeeperJob::Changed { nexus: self.nexus.clone(), spawn, whole, done };
        self.keeper.send(job).map_err(|_| WorldError::Ended)?;
        let mut save = changed.await.map_err(|_| WorldError::Ended)?;
        if let Some(save) = save.as_mut() {
            save.epoch = lock(&self.epochs).get(&spawn).copied().unwrap_or_default();
        }
        Ok(save)
    }
}

/// A world that has never run.
fn fresh(lease: &Lease, set: Arc<Templates>) -> World {
    let meta = Meta {
        spawn: lease.spawn,
        root: lease.root,
        name: lease.name.clone(),
        epoch: lease.epoch,
        incarnation: (lease.epoch.max(1) as u64) << 20,
        seq: 0,
        now: 0,
        rng: rand_pcg::Pcg64Mcg::new(u128::from(lease.seed) << 64 | u128::from(!lease.seed)),
        next_arrival: 1,
        ids: lease.ids,
        ids_next: None,
        templates: lease.templates.clone(),
        facts: set.world.config.facts.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        asleep: Default::default(),
        engine: ENGINE.into(),
        is_fresh: true,
        is_stopped: false,
        beats: 0,
        trouble: Vec::new(),
    };
    let mut world = World::empty(meta, set);
    beat::wind_up(&mut world);
    world
}
