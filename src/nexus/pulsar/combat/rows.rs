//! What a fight, and what works on someone, are in the state. A character has such a row only while there is something
//! in it, so that the tables are at once the sets of who is active.

use serde::{Deserialize, Serialize};

use crate::world::kinds::*;
use crate::world::skill::Modifier;

use super::super::record::{MobId, Who};

/// A player's or a mob's id: players have ids below [`FIRST_MOB`], mobs from there on.
pub type CharId = i64;
/// The first id of what nexuses make.
pub const FIRST_MOB: i64 = 1 << 30;

impl Who {
    pub fn id(self) -> CharId {
        match self {
            Self::Player(id) | Self::Mob(id) => id,
        }
    }

    /// Whose id it is.
    pub fn of(id: CharId) -> Self {
        if id < FIRST_MOB { Self::Player(id) } else { Self::Mob(id) }
    }
}

/// Of someone who fights, or hunts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fight {
    /// Whom it strikes.
    pub target: Option<Who>,
    /// Whom it fights, in the order in which they joined. Each of them has it among its own.
    pub foes: Vec<Foe>,
    /// Lines of its script that it has done.
    pub lines: u32,
    /// Whom it hunts while it fights nobody, and for how many Rounds more.
    pub quarry: Option<(Who, u32)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foe {
    pub who: Who,
    /// What it did: points of damage, and of healing those who did.
    pub threat: i64,
}

/// What works on someone, and what they cast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aura {
    /// In the order in which they began.
    pub effects: Vec<Effect>,
    pub cast: Option<Cast>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The number of the timing that ends it.
    pub id: u64,
    pub kind: EffectKind,
    /// The code of the skill that it came from.
    pub skill: String,
    pub from: Option<Who>,
    pub is_friendly: bool,
    pub damage_type: DamageType,
    /// Points: of each Beat, of each stroke, or what is left to absorb.
    pub amount: i32,
    pub modifiers: Vec<Modifier>,
    /// World milliseconds.
    pub begun: u64,
    pub until: u64,
    pub summoned: Option<MobId>,
}

/// A skill that takes time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// The number of the timing at which it is done.
    pub id: u64,
    pub skill: String,
    pub target: Who,
}

/// Skills that have to cool down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cooldowns {
    /// Codes, and from when to when, in world milliseconds; in the order in which they began.
    pub running: Vec<(String, u64, u64)>,
}
