//! The keeper: owns sled, on one thread. It stores cuts, tells the journal what they cover, and reads
//! worlds, template sets and images back. Nobody on the way of a command waits for it.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::store::io::RealIo;
use crate::store::state::{Cut, State, StateError};
use crate::world::internal::ImageSave;
use crate::world::template::{RuleId, WorldId};

use super::drive::Done;
use super::journal::JournalJob;
use super::mirror::{Mirrored, MirrorFeed};
use super::pulsar::image::character_of;

/// A complete cut, on its way to the disk.
pub struct StoredCut {
    pub spawn: WorldId,
    pub epoch: i64,
    pub incarnation: u64,
    pub seq: u64,
    pub meta: Vec<u8>,
    pub changes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub full: bool,
    /// Live counts by rule at the cut, for the mirror.
    pub rules: Vec<(RuleId, u32)>,
    pub done: Vec<Done<u64>>,
}

/// What the keeper does, in order.
pub enum KeeperJob {
    Commit(StoredCut),
    PutBlob { hash: [u8; 32], bytes: Vec<u8>, done: tokio::sync::oneshot::Sender<Result<(), StateError>> },
    /// What the Forge's image of a world lacks, as of the last cut.
    Changed { nexus: String, spawn: WorldId, done: Done<Box<ImageSave>> },
    /// The Forge has the image up to this sequence.
    Saved { spawn: WorldId, seq: u64 },
    /// Forget a world that left this nexus.
    Remove { spawn: WorldId },
    /// Everything of every world again, for a mirror that lost it.
    Everything { done: tokio::sync::oneshot::Sender<Vec<Mirrored>> },
    End,
}

pub struct Keeper {
    pub state: State,
    pub dir: PathBuf,
    pub jobs: Receiver<KeeperJob>,
    pub journal: Sender<JournalJob>,
    pub mirror: MirrorFeed,
}

impl Keeper {
    pub fn run(mut self) {
        while let Ok(job) = self.jobs.recv() {
            match job {
                KeeperJob::Commit(cut) => self.commit(cut),
                KeeperJob::PutBlob { hash, bytes, done } => {
                    let stored = self.with_state(|state| state.put_blob(&hash, &bytes));
                    let _ = done.send(stored);
                }
                KeeperJob::Changed { nexus, spawn, done } => {
                    let _ = done.send(self.changed(nexus, spawn));
                }
                KeeperJob::Saved { spawn, seq } => {
                    if let Err(error) = self.with_state(|state| state.saved(spawn, seq)) {
                        tracing::warn!(spawn, %error, "the mark of a save was not stored; the next save sends more");
                    }
                }
                KeeperJob::Remove { spawn } => {
                    if let Err(error) = self.with_state(|state| state.remove(spawn)) {
                        tracing::error!(spawn, %error, "a world that left could not be removed");
                    }
                    self.mirror.gone(spawn);
                    let _ = self.journal.send(JournalJob::Forget { spawn });
                }
                KeeperJob::Everything { done } => {
                    let _ = done.send(self.everything());
                }
                KeeperJob::End => break,
            }
        }
    }

    /// Runs a write; a state that failed is opened again, and the write tried once more.
    fn with_state(&mut self, write: impl Fn(&mut State) -> Result<(), StateError>) -> Result<(), StateError> {
        match write(&mut self.state) {
            Err(StateError::Write(_) | StateError::Poisoned) => {
                self.state = self.reopen()?;
                write(&mut self.state)
            }
            other => other,
        }
    }

    fn reopen(&self) -> Result<State, StateError> {
        State::open_with(&self.dir, Arc::new(RealIo))
    }

    /// Stores a cut, however long the disk takes to be sound again. Until then the journal keeps what the cut covers.
    fn commit(&mut self, stored: StoredCut) {
        let StoredCut { spawn, epoch, incarnation, seq, meta, changes, full, rules, done } = stored;
        let cut = Cut { spawn, meta, incarnation, seq, changes, full };
        let begun = std::time::Instant::now();
        loop {
            match self.with_state(|state| state.commit(&cut)) {
                Ok(()) => break,
                Err(StateError::Order { .. }) => {
                    tracing::error!(spawn, seq, "a cut came out of order and was left out");
                    return;
                }
                Err(error) => {
                    tracing::error!(spawn, %error, "a cut could not be stored; trying again");
                    std::thread::sleep(std::time::Duration::from_millis(500));
                }
            }
        }
        metrics::histogram!("cut_commit_seconds").record(begun.elapsed().as_secs_f64());
        metrics::counter!("cut_records_total").increment(cut.changes.len() as u64);
        let _ = self.journal.send(JournalJob::Covered { spawn, incarnation, seq });
        for done in done {
            let _ = done.send(Some(seq));
        }
        self.mirror.cut(Mirrored { spawn, epoch, incarnation, seq, changes: cut.changes, rules, full });
    }

    fn changed(&self, nexus: String, spawn: WorldId) -> Option<Box<ImageSave>> {
        let found = self.image_save(nexus, spawn);
        found.unwrap_or_else(|error| {
            tracing::error!(spawn, %error, "the changes of a world could not be read");
            None
        })
    }

    fn image_save(&self, nexus: String, spawn: WorldId) -> Result<Option<Box<ImageSave>>, StateError> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let Some(head) = self.state.head(spawn)? else { return Ok(None) };
        let changed = self.state.changed_since_save(spawn)?;
        let mut records = Vec::new();
        if changed.whole {
            let Some(loaded) = self.state.load(spawn)? else { return Ok(None) };
            records.push((STANDARD.encode([]), Some(STANDARD.encode(loaded.meta))));
            records.extend(loaded.records.iter().map(|(k, v)| (STANDARD.encode(k), Some(STANDARD.encode(v)))));
        } else {
            let meta = self.state.meta(spawn)?.unwrap_or_default();
            records.push((STANDARD.encode([]), Some(STANDARD.encode(meta))));
            for key in &changed.keys {
                let value = self.state.record(spawn, key)?;
                records.push((STANDARD.encode(key), value.map(|v| STANDARD.encode(v))));
            }
        }
        let read = |key: &[u8]| self.state.record(spawn, key).ok().flatten();
        let mut players: Vec<i64> = Vec::new();
        let keys: Vec<Vec<u8>> = if changed.whole {
            self.state.keys(spawn, b"P")?
        } else {
            changed.keys.clone()
        };
        players.extend(keys.iter().filter_map(|key| super::pulsar::image::player_of_key(key)));
        players.sort_unstable();
        players.dedup();
        let characters = players.into_iter().filter_map(|player| character_of(player, read)).collect();
        Ok(Some(Box::new(ImageSave {
            nexus,
            spawn,
            epoch: 0,
            incarnation: head.incarnation,
            seq: head.seq,
            since: head.saved.filter(|_| !changed.whole),
            records,
            digest: format!("{:032x}", head.digest),
            characters,
        })))
    }

    fn everything(&self) -> Vec<Mirrored> {
        let spawns = self.state.spawns().unwrap_or_default();
        let loaded = spawns.into_iter().filter_map(|spawn| Some((spawn, self.state.load(spawn).ok()??)));
        loaded.filter_map(|(spawn, loaded)| Mirrored::of_stored(spawn, loaded)).collect()
    }
}
