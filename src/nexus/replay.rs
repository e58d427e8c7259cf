//! Replaying: journaled turns are applied again to a world as of an image or a cut, and give the same world and the same
//! outputs. [`Rerun`] is one world under way; [`KeptPast`] finds what a nexus's files hold of a world and runs it.
//!
//! It reads and never writes, and serves tools beside a running nexus as well as the nexus itself.

mod check;
mod kept;
mod names;
pub mod show;
pub mod story;
mod until;
pub mod words;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::store::journal::Turn;
use crate::store::state::Loaded;

use super::pulsar::image;
use super::pulsar::instruction::{Applied, Instruction, What};
use super::pulsar::record::RecordError;
use super::pulsar::turn::{self, Out, Output, Sets};
use super::pulsar::world::World;

pub use check::Compared;
pub use kept::{KeptPast, ReplayError, Replayed, Request};
pub use story::{Event, Story, Thing};
pub use until::{Until, wall};

/// Why a turn cannot be applied again.
#[derive(Debug, thiserror::Error)]
pub enum RerunError {
    #[error("a record of the world cannot be read: {0}")]
    Record(#[from] RecordError),
    #[error("the template set {0} is not at hand")]
    Set(String),
    #[error("turn {seq} does not follow turn {after}")]
    Gap { after: u64, seq: u64 },
    #[error("turn {seq} belongs to incarnation {incarnation}")]
    Incarnation { incarnation: u64, seq: u64 },
    #[error("turn {seq} cannot be read: {reason}")]
    Unreadable { seq: u64, reason: String },
    #[error("turn {seq} had an effect when it was applied, and has none now")]
    NoEffect { seq: u64 },
    #[error("turn {seq} panicked")]
    Panicked { seq: u64 },
}

/// A world that is brought forward turn by turn: read the next turn, look at the world, apply it, look again.
pub struct Rerun {
    pub world: World,
    output: Output,
}

impl Rerun {
    pub fn new(world: World) -> Self {
        Self { world, output: Output::default() }
    }

    /// A world as of a cut or an image.
    ///
    /// # Errors
    /// A record cannot be read, or the world's template set is not at hand.
    pub fn of(loaded: &Loaded, sets: &dyn Sets) -> Result<Self, RerunError> {
        let meta = image::read_meta(&loaded.meta)?;
        let set = sets.set(&meta.templates).ok_or(RerunError::Set(meta.templates))?;
        let records = loaded.records.iter().map(|(k, v)| (k.as_slice(), v.as_slice()));
        Ok(Self::new(World::restore(&loaded.meta, records, set)?))
    }

    /// The turn as it was applied, if it is the next of this world. None for what is another world's, and for what the
    /// world contains already.
    ///
    /// # Errors
    /// It is a later turn than the next, of a later incarnation, or unreadable.
    pub fn read(&self, turn: &Turn<'_>) -> Result<Option<Applied>, RerunError> {
        let meta = &self.world.meta;
        let seq = turn.seq;
        if turn.spawn != meta.spawn || (turn.incarnation, seq) <= (meta.incarnation, meta.seq) {
            return Ok(None);
        }
        if turn.incarnation != meta.incarnation {
            return Err(RerunError::Incarnation { incarnation: turn.incarnation, seq });
        }
        if seq != meta.seq + 1 {
            return Err(RerunError::Gap { after: meta.seq, seq });
        }
        let applied = postcard::from_bytes(turn.bytes);
        applied.map(Some).map_err(|error| RerunError::Unreadable { seq, reason: error.to_string() })
    }

    /// Applies it; gives what it yielded, in order. After an error the world is of no use.
    ///
    /// # Errors
    /// It panics, has no effect, or needs a template set that is not at hand.
    pub fn apply(&mut self, applied: Applied, sets: &dyn Sets) -> Result<&[Out], RerunError> {
        let seq = self.world.meta.seq + 1;
        if let What::Given(Instruction::Templates { hash }) = &applied.what
            && sets.set(hash).is_none()
        {
            return Err(RerunError::Set(hash.clone()));
        }
        let Self { world, output } = self;
        output.outs.clear();
        match catch_unwind(AssertUnwindSafe(|| turn::replay(world, applied, sets, output))) {
            Ok(true) => Ok(&self.output.outs),
            Ok(false) => Err(RerunError::NoEffect { seq }),
            Err(_) => Err(RerunError::Panicked { seq }),
        }
    }
}
