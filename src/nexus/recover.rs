//! After a start: the worlds as their last cuts have them, and the tail replayed on top, so that they
//! are what they were at the last acknowledged turn.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use crate::store::journal::Tail;
use crate::store::state::{Loaded, State, StateError};
use crate::world::character::PlayerId;
use crate::world::template::{Templates, WorldId};

use super::park::{self, HeldTurn};
use super::pulsar::changes::Changes;
use super::pulsar::image::{self, Restoring};
use super::pulsar::instruction::Applied;
use super::pulsar::record::RecordError;
use super::pulsar::turn::{self, Out, Output, Sets};
use super::pulsar::world::World;
use super::resume::Sent;
use super::worlds::{ENGINE, TemplateSets, WorldError, stored_set};

/// What the disk gave.
pub struct Recovered {
    pub worlds: Vec<World>,
    /// Worlds that could not be brought back, with the reason.
    pub parked: Vec<(WorldId, String)>,
    /// Worlds that were parked, and are back.
    pub unparked: Vec<WorldId>,
    /// Turns replayed.
    pub turns: u64,
    /// What these turns had sent to the players who are in the worlds.
    pub sent: HashMap<PlayerId, Sent>,
}

/// Brings every world back; turns of those that were parked lie in the folder `quarantine`.
///
/// # Errors
/// The state or the tail cannot be read at all. What concerns one world alone parks that world.
pub fn recover(
    state: &State,
    tail: &Tail,
    sets: &Arc<TemplateSets>,
    quarantine: &Path,
) -> Result<Recovered, WorldError> {
    let mut worlds: BTreeMap<WorldId, World> = BTreeMap::new();
    let mut parked: BTreeMap<WorldId, String> = BTreeMap::new();
    let mut unparked = Vec::new();
    for spawn in state.spawns()? {
        let held = park::note(state, spawn)?.map(|note| (park::held(quarantine, &note), note.reason));
        let loaded = load(state, spawn, sets).and_then(|world| match (world, held) {
            (Some(mut world), Some((held, before))) => {
                let held = held.map_err(|error| WorldError::Held(error.to_string()))?;
                apply_held(&mut world, &held, sets, state).map_err(WorldError::Held)?;
                tracing::warn!(spawn, before, "a parked world is back");
                unparked.push(spawn);
                Ok(Some(world))
            }
            (world, _) => Ok(world),
        });
        match loaded {
            Ok(Some(world)) => drop(worlds.insert(spawn, world)),
            Ok(None) => {}
            Err(error) => drop(parked.insert(spawn, error.to_string())),
        }
    }
    let mut sent: HashMap<PlayerId, Sent> = HashMap::new();
    for world in worlds.values() {
        sent.extend(world.presences.iter().map(|(player, presence)| (player, Sent::above(presence.messages))));
    }
    let mut turns = 0;
    let mut replayed: BTreeMap<WorldId, u64> = BTreeMap::new();
    let mut output = Output::default();
    let read = tail.each(|record| {
        let Some(world) = worlds.get_mut(&record.spawn) else { return };
        if record.incarnation != world.meta.incarnation || record.seq <= world.meta.seq {
            return;
        }
        let outcome = replay(world, record.seq, record.bytes, sets, Some(state), &mut output);
        match outcome {
            Ok(()) => {
                turns += 1;
                note_sent(&output, &mut sent);
                *replayed.entry(record.spawn).or_default() += 1;
            }
            Err(reason) => {
                parked.insert(record.spawn, reason);
                worlds.remove(&record.spawn);
                unparked.retain(|spawn| *spawn != record.spawn);
            }
        }
    });
    read.map_err(|error| WorldError::Templates(error.to_string()))?;
    for world in worlds.values_mut() {
        let spawn = world.meta.spawn;
        if world.meta.engine != ENGINE && (replayed.contains_key(&spawn) || unparked.contains(&spawn)) {
            tracing::warn!(spawn, by = world.meta.engine, "a tail of another engine version was replayed");
            world.meta.incarnation += 1;
        }
        world.meta.engine = ENGINE.into();
    }
    for (spawn, reason) in &parked {
        tracing::error!(
            spawn,
            reason,
            "a world could not be brought back and is parked: its last cut and the turns since are kept"
        );
    }
    Ok(Recovered {
        worlds: worlds.into_values().collect(),
        parked: parked.into_iter().collect(),
        unparked,
        turns,
        sent,
    })
}

fn apply_held(world: &mut World, held: &[HeldTurn], sets: &TemplateSets, state: &State) -> Result<(), String> {
    let mut output = Output::default();
    for turn in held {
        if turn.incarnation == world.meta.incarnation && turn.seq > world.meta.seq {
            replay(world, turn.seq, &turn.bytes, sets, Some(state), &mut output)?;
        }
    }
    Ok(())
}

fn note_sent(output: &Output, sent: &mut HashMap<PlayerId, Sent>) {
    for out in &output.outs {
        match out {
            Out::Message(message) => {
                for (player, number) in &message.to {
                    sent.entry(*player).or_default().push(*number, &message.frame);
                }
            }
            Out::Detach { player } => drop(sent.remove(player)),
            _ => {}
        }
    }
}

/// One world from its cut and its tail, as after a crash.
///
/// # Errors
/// Why it could not be brought back.
pub fn rebuild(loaded: &Loaded, tail: &Tail, sets: &Arc<TemplateSets>) -> Result<World, String> {
    let meta = image::read_meta(&loaded.meta).map_err(|error| error.to_string())?;
    let set = sets.set(&meta.templates).ok_or("its template set is not at hand")?;
    let records = loaded.records.iter().map(|(k, v)| (k.as_slice(), v.as_slice()));
    let mut world = World::restore(&loaded.meta, records, set).map_err(|error| error.to_string())?;
    let mut output = Output::default();
    let mut failed = None;
    let read = tail.each(|record| {
        let follows = record.incarnation == world.meta.incarnation && record.seq > world.meta.seq;
        if follows && failed.is_none() {
            failed = replay(&mut world, record.seq, record.bytes, sets, None, &mut output).err();
        }
    });
    read.map_err(|error| error.to_string())?;
    failed.map_or(Ok(world), Err)
}

fn load(state: &State, spawn: WorldId, sets: &Arc<TemplateSets>) -> Result<Option<World>, WorldError> {
    stored_world(state, spawn, |hash| {
        if let Some(set) = sets.set(hash) {
            return Ok(set);
        }
        let set =
            stored_set(state, hash)?.ok_or_else(|| WorldError::Templates(format!("{hash} is not on this disk")))?;
        sets.put(hash, set.clone());
        Ok(set)
    })
}

/// Records that go from the thread that reads to the one that makes a world of them, in one hand; and hands on the way.
const HANDFUL: usize = 2_048;
const HANDFULS_MAX: usize = 16;

/// A world as its last cut has it, with the set of templates of a hash. One thread reads and proves, another makes the
/// world meanwhile.
///
/// # Errors
/// The cut is damaged, or what is in it cannot be read, or there is no such set.
pub fn stored_world(
    state: &State,
    spawn: WorldId,
    set: impl FnOnce(&str) -> Result<Arc<Templates>, WorldError>,
) -> Result<Option<World>, WorldError> {
    let Some(stored) = state.meta(spawn)? else { return Ok(None) };
    let set = set(&image::read_meta(&stored)?.templates)?;
    let (handfuls, read) = crossbeam_channel::bounded::<Changes>(HANDFULS_MAX);
    std::thread::scope(|scope| {
        let maker = std::thread::Builder::new().name("restoring".into()).spawn_scoped(scope, move || {
            let mut restoring = Restoring::new(&stored, set)?;
            for handful in read {
                for (key, bytes) in handful.iter() {
                    restoring.put(key, bytes.unwrap_or_default())?;
                }
            }
            Ok::<World, RecordError>(restoring.world())
        });
        let maker = maker.map_err(|error| StateError::Read(error.to_string()))?;
        let mut handful = Changes::default();
        // A maker that has failed takes no more; that is told below.
        let head = state.read(spawn, |key, bytes| {
            handful.put(|to| to.extend_from_slice(key), |to| to.extend_from_slice(bytes));
            if handful.len() == HANDFUL {
                let _ = handfuls.send(std::mem::take(&mut handful));
            }
        });
        let _ = handfuls.send(handful);
        drop(handfuls);
        let world = maker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // Damage is what is told, also where it showed as a record that cannot be read.
        if head?.is_none() { Ok(None) } else { Ok(Some(world?)) }
    })
}

fn replay(
    world: &mut World,
    seq: u64,
    bytes: &[u8],
    sets: &TemplateSets,
    state: Option<&State>,
    output: &mut Output,
) -> Result<(), String> {
    if seq != world.meta.seq + 1 {
        return Err(format!("turn {seq} does not follow {}", world.meta.seq));
    }
    let applied: Applied =
        postcard::from_bytes(bytes).map_err(|error| format!("turn {seq} cannot be read: {error}"))?;
    if let super::pulsar::instruction::What::Given(super::pulsar::instruction::Instruction::Templates { hash }) =
        &applied.what
        && sets.set(hash).is_none()
        && let Some(state) = state
        && let Ok(Some(set)) = stored_set(state, hash)
    {
        sets.put(hash, set);
    }
    output.outs.clear();
    let effective = catch_unwind(AssertUnwindSafe(|| turn::replay(world, applied, sets, output)));
    match effective {
        Ok(true) => Ok(()),
        // Another engine may find nothing to do where that one did; its numbers go on all the same.
        Ok(false) if world.meta.engine != ENGINE => {
            tracing::warn!(spawn = world.meta.spawn, seq, "a turn of another engine version has no effect any more");
            world.meta.seq = seq;
            Ok(())
        }
        Ok(false) => Err(format!("turn {seq} had an effect when it was applied, and has none now")),
        Err(_) => Err(format!("turn {seq} panicked again")),
    }
}

/// The sockets that played in a world before the stop; they are gone now.
pub fn lost_links(world: &World) -> Vec<(i64, u64)> {
    world.presences.iter().filter_map(|(player, presence)| Some((player, presence.session?))).collect()
}

/// Reads one journaled turn, for tools.
///
/// # Errors
/// The bytes are no turn.
pub fn read_turn(bytes: &[u8]) -> Result<Applied, postcard::Error> {
    postcard::from_bytes(bytes)
}
