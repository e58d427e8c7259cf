//! Parked worlds: those that could not be brought back, at a start or after a turn that panicked. The last cut stays where
//! it is, the turns after it go into quarantine and no longer hold journal space. Each start tries again, for a newer
//! engine may manage what this one did not; until then nothing runs the world from anything older, unless the operator says so.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use crate::store::io::RealIo;
use crate::store::journal::Tail;
use crate::store::quarantine::{self, Label, Quarantine};
use crate::store::state::{Cut, State, StateError};
use crate::world::template::WorldId;

use super::pulsar::image::CutHead;
use super::pulsar::world::World;
use super::worlds::ENGINE;

/// Parked worlds, with the reason of each.
pub type Parked = Arc<Mutex<BTreeMap<WorldId, String>>>;

/// A turn after a parked world's cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTurn {
    pub incarnation: u64,
    pub seq: u64,
    pub bytes: Vec<u8>,
}

/// What the state remembers of a parked world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The file in quarantine that has the turns after the cut.
    pub file: String,
    pub reason: String,
}

/// Name of the note in the state.
pub fn name_of(spawn: WorldId) -> String {
    format!("parked/{spawn}")
}

/// The turns of one world that a tail holds.
///
/// # Errors
/// The tail cannot be read.
pub fn turns_of(tail: &Tail, spawn: WorldId) -> Result<Vec<HeldTurn>, String> {
    let mut turns = Vec::new();
    let read = tail.each(|turn| {
        if turn.spawn == spawn {
            turns.push(HeldTurn { incarnation: turn.incarnation, seq: turn.seq, bytes: turn.bytes.to_vec() });
        }
    });
    read.map(|()| turns).map_err(|error| error.to_string())
}

/// Writes the turns into quarantine and syncs them; the note to be stored before the journal lets go of them.
///
/// # Errors
/// The disk does not take them: they stay in the journal.
pub fn hold(dir: &Path, spawn: WorldId, turns: &[HeldTurn], reason: &str) -> std::io::Result<Note> {
    let last = turns.last().map_or((0, 0), |turn| (turn.incarnation, turn.seq));
    let label = Label {
        kind: quarantine::TAIL.into(),
        spawn,
        incarnation: last.0,
        seq: last.1,
        at: quarantine::now(),
        engine: ENGINE.into(),
        reason: reason.into(),
    };
    let mut writer = Quarantine::open(dir, Arc::new(RealIo))?.begin(&label)?;
    for turn in turns {
        writer.push(&postcard::to_stdvec(turn).map_err(std::io::Error::other)?)?;
    }
    let path = writer.finish()?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Note { file, reason: reason.into() })
}

/// A parked world's note; none where it is not parked.
///
/// # Errors
/// The state cannot be read.
pub fn note(state: &State, spawn: WorldId) -> Result<Option<Note>, StateError> {
    let bytes = state.note(&name_of(spawn))?.filter(|bytes| !bytes.is_empty());
    Ok(bytes.map(|bytes| postcard::from_bytes(&bytes).unwrap_or_default()))
}

/// The turns that were held for a parked world.
///
/// # Errors
/// The file is not there, or not whole.
pub fn held(dir: &Path, note: &Note) -> std::io::Result<Vec<HeldTurn>> {
    let (_, entries) = Quarantine::open(dir, Arc::new(RealIo))?.read(&note.file)?;
    entries.iter().map(|entry| postcard::from_bytes(entry).map_err(std::io::Error::other)).collect()
}

/// At a start, before the journal is used: what the tail has of a world that could not be brought back joins what was
/// held of it before.
///
/// # Errors
/// In words: then the turns stay in the journal.
pub fn at_start(state: &mut State, tail: &Tail, quarantine: &Path, spawn: WorldId, reason: &str) -> Result<(), String> {
    let fresh = turns_of(tail, spawn)?;
    let before = note(state, spawn).map_err(|error| error.to_string())?;
    if fresh.is_empty() && before.is_some() {
        return Ok(());
    }
    let mut turns = match &before {
        Some(note) => held(quarantine, note).map_err(|error| error.to_string())?,
        None => Vec::new(),
    };
    turns.extend(fresh);
    let note = hold(quarantine, spawn, &turns, reason).map_err(|error| error.to_string())?;
    let bytes = postcard::to_stdvec(&note).map_err(|error| error.to_string())?;
    state.put_note(&name_of(spawn), &bytes).map_err(|error| error.to_string())
}

/// A parked world is back: a cut with everything is stored before it runs, so that the turns in quarantine are needed no
/// more, whatever happens to it next; and then it is parked no longer.
///
/// # Errors
/// The state does not take it: it stays parked.
pub fn settle(state: &mut State, world: &mut World) -> Result<(), StateError> {
    let spawn = world.meta.spawn;
    let head = world.begin_cut(true);
    while !world.drain_cut(usize::MAX) {}
    let changes = world.take_cut().owned();
    // Without a turn since the last cut there is nothing to store.
    if state.cut_of(spawn)? != Some((head.incarnation, head.seq)) {
        let CutHead { incarnation, seq, meta } = head;
        state.commit(&Cut { spawn, meta, incarnation, seq, changes, full: true })?;
    }
    state.put_note(&name_of(spawn), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_turns_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("quarantine");
        let turns: Vec<HeldTurn> =
            (5..9).map(|seq| HeldTurn { incarnation: 3, seq, bytes: vec![seq as u8; seq as usize] }).collect();
        let note = hold(&place, 1001, &turns, "turn 9 panicked again").unwrap();
        assert_eq!(held(&place, &note).unwrap(), turns);
        let file = place.join(&note.file);
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert!(held(&place, &note).is_err(), "half a tail is no tail");
    }
}
