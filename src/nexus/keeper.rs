//! The keeper: owns sled, on one thread. It stores cuts, tells the journal what they cover, and reads
//! worlds, template sets and images back. Nobody on the way of a command waits for it.

use crossbeam_channel::{Receiver, Sender};

use crate::store::state::{Cut, Loaded, State, StateError};
use crate::world::character::PlayerId;
use crate::world::internal::ImageSave;
use crate::world::template::{RuleId, WorldId};

use super::drive::Done;
use super::history::{CutNote, HistoryFeed};
use super::journal::{JournalJob, Stored, StoredNote};
use super::meters::{CUT, CUT_RECORDS};
use super::mirror::{MirrorFeed, Mirrored};
use super::pulsar::changes::Changes;
use super::pulsar::image;

/// A complete cut, on its way to the disk.
pub struct StoredCut {
    pub spawn: WorldId,
    pub epoch: i64,
    pub incarnation: u64,
    pub seq: u64,
    pub meta: Vec<u8>,
    pub changes: Changes,
    pub full: bool,
    /// Live counts by rule at the cut, for the mirror.
    pub rules: Vec<(RuleId, u32)>,
    pub done: Vec<Done<u64>>,
}

/// What the keeper does, in order.
pub enum KeeperJob {
    Commit(StoredCut),
    PutBlob {
        hash: [u8; 32],
        bytes: Vec<u8>,
        done: tokio::sync::oneshot::Sender<Result<(), StateError>>,
    },
    /// Remembers something small under a name.
    Note {
        name: String,
        bytes: Vec<u8>,
        done: tokio::sync::oneshot::Sender<Result<(), StateError>>,
    },
    /// What is stored under a hash.
    Blob {
        hash: [u8; 32],
        done: Sender<Result<Option<Vec<u8>>, StateError>>,
    },
    /// What the Forge's image of a world lacks, as of the last cut.
    /// With `whole`, all of the world.
    Changed {
        nexus: String,
        spawn: WorldId,
        whole: bool,
        done: Done<Box<ImageSave>>,
    },
    /// The Forge has the image up to this sequence.
    Saved {
        spawn: WorldId,
        incarnation: u64,
        seq: u64,
    },
    /// A world as of its last cut.
    Load {
        spawn: WorldId,
        done: Sender<Result<Option<Loaded>, StateError>>,
    },
    /// Forget a world that left this nexus.
    Remove {
        spawn: WorldId,
    },
    /// Everything of every world again, for a mirror that lost it.
    Everything {
        done: tokio::sync::oneshot::Sender<Vec<Mirrored>>,
    },
    End,
}

pub struct Keeper {
    pub state: State,
    pub jobs: Receiver<KeeperJob>,
    pub journal: Sender<JournalJob>,
    pub stored: Stored,
    pub mirror: MirrorFeed,
    pub history: HistoryFeed,
}

impl Keeper {
    pub fn run(mut self) {
        while let Ok(job) = self.jobs.recv() {
            match job {
                KeeperJob::Commit(cut) => self.commit(cut),
                KeeperJob::PutBlob { hash, bytes, done } => {
                    let stored = self.with_state(|state| state.put_blob(&hash, &bytes));
                    if stored.is_ok() {
                        self.history.set(&hash);
                    }
                    let _ = done.send(stored);
                }
                KeeperJob::Note { name, bytes, done } => {
                    let stored = self.with_state(|state| state.put_note(&name, &bytes));
                    let _ = done.send(stored);
                }
                KeeperJob::Blob { hash, done } => {
                    let _ = done.send(self.state.blob(&hash));
                }
                KeeperJob::Changed { nexus, spawn, whole, done } => {
                    let _ = done.send(self.changed(nexus, spawn, whole));
                }
                KeeperJob::Saved { spawn, incarnation, seq } => {
                    let note = postcard::to_stdvec(&(incarnation, seq)).unwrap_or_default();
                    let mark = self.with_state(|state| {
                        state.put_note(&format!("saved/{spawn}"), &note)?;
                        state.saved(spawn, seq)
                    });
                    if let Err(error) = mark {
                        tracing::warn!(spawn, %error, "the mark of a save was not stored; the next save sends more");
                    }
                }
                KeeperJob::Load { spawn, done } => {
                    let _ = done.send(self.state.load(spawn));
                }
                KeeperJob::Remove { spawn } => {
                    if let Err(error) = self.with_state(|state| state.remove(spawn)) {
                        tracing::error!(spawn, %error, "a world that left could not be removed");
                    }
                    self.mirror.gone(spawn);
                    self.history.gone(spawn);
                    self.tell_journal(StoredNote::Gone { spawn });
                }
                KeeperJob::Everything { done } => {
                    let _ = done.send(self.everything());
                }
                KeeperJob::End => break,
            }
        }
        self.history.end();
    }

    /// Never waits: the journal's thread may be waiting for room in this one's queue.
    fn tell_journal(&self, note: StoredNote) {
        self.stored.put(note);
        let _ = self.journal.try_send(JournalJob::Stored);
    }

    /// Runs a write; a state that failed is opened again, and the write tried once more.
    fn with_state(&mut self, write: impl Fn(&mut State) -> Result<(), StateError>) -> Result<(), StateError> {
        match write(&mut self.state) {
            Err(StateError::Write(_) | StateError::Poisoned) => {
                self.state.reopen()?;
                write(&mut self.state)
            }
            other => other,
        }
    }

    /// Stores a cut, however long the disk takes to be sound again. Until then the journal keeps what the cut covers.
    fn commit(&mut self, stored: StoredCut) {
        let StoredCut { spawn, epoch, incarnation, seq, meta, changes, full, rules, done } = stored;
        let changes = changes.owned();
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
        CUT.histogram().record(begun.elapsed());
        CUT_RECORDS.counter().increment(cut.changes.len() as u64);
        self.tell_journal(StoredNote::Cut { spawn, incarnation, seq });
        if let Ok(Some((_, _, check))) = self.state.mark(spawn) {
            self.history.cut(CutNote { spawn, incarnation, seq, check, meta: cut.meta });
        }
        for done in done {
            let _ = done.send(Some(seq));
        }
        self.mirror.cut(Mirrored { spawn, epoch, incarnation, seq, changes: cut.changes, rules, full });
    }

    fn changed(&self, nexus: String, spawn: WorldId, whole: bool) -> Option<Box<ImageSave>> {
        let found = self.image_save(nexus, spawn, whole);
        found.unwrap_or_else(|error| {
            tracing::error!(spawn, %error, "the changes of a world could not be read");
            None
        })
    }

    fn image_save(&self, nexus: String, spawn: WorldId, whole: bool) -> Result<Option<Box<ImageSave>>, StateError> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let Some((incarnation, seq, digest)) = self.state.head(spawn)? else { return Ok(None) };
        let mut changed = self.state.changed_since_save(spawn)?;
        let saved = self.saved_note(spawn)?.filter(|(of, _)| *of == incarnation).map(|(_, seq)| seq);
        changed.whole |= whole || saved.is_none();
        let meta = self.state.meta(spawn)?.unwrap_or_default();
        let now = image::read_meta(&meta).map_or(0, |meta| meta.now);
        // The world's header goes under the empty key.
        let mut records = vec![(String::new(), Some(STANDARD.encode(meta)))];
        let keys = if changed.whole { self.state.keys(spawn, &[])? } else { changed.keys };
        for key in &keys {
            let value = self.state.record(spawn, key)?;
            records.push((STANDARD.encode(key), value.map(|value| STANDARD.encode(value))));
        }
        let mut players: Vec<PlayerId> = keys.iter().filter_map(|key| image::player_of_key(key)).collect();
        players.sort_unstable();
        players.dedup();
        let read = |key: &[u8]| self.state.record(spawn, key).ok().flatten();
        let characters = players.into_iter().filter_map(|player| image::character_of(player, now, read)).collect();
        let since = saved.filter(|_| !changed.whole);
        Ok(Some(Box::new(ImageSave {
            nexus,
            spawn,
            epoch: 0,
            incarnation,
            seq,
            since,
            records,
            digest: format!("{digest:032x}"),
            characters,
        })))
    }

    /// Incarnation and sequence of the image that the Forge has.
    fn saved_note(&self, spawn: WorldId) -> Result<Option<(u64, u64)>, StateError> {
        let note = self.state.note(&format!("saved/{spawn}"))?;
        Ok(note.and_then(|bytes| postcard::from_bytes(&bytes).ok()))
    }

    fn everything(&self) -> Vec<Mirrored> {
        let spawns = self.state.spawns().unwrap_or_default();
        let loaded = spawns.into_iter().filter_map(|spawn| Some((spawn, self.state.load(spawn).ok()??)));
        loaded.filter_map(|(spawn, loaded)| Mirrored::of_stored(spawn, loaded)).collect()
    }
}
