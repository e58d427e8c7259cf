//! What the state is made of: the persistent part of every entity, as it is stored and compared.
//! Encoded with postcard behind a version byte. Fields are only ever added at the end together with
//! a new version; `decode` knows every version that a released engine wrote.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::world::character::{Account, ItemId, PlayerConfig, PlayerId};
use crate::world::internal::{Errand, ErrandId};
use crate::world::kinds::*;
use crate::world::template::{ItemTemplateId, MobTemplate, MobTemplateId, RoomId, RuleId, TriggerId, WorldId, ZoneId};

use super::instruction::Instruction;

/// The version that this engine writes.
pub const RECORD_VERSION: u8 = 3;

pub type MobId = i64;

/// A character in the world: a player's or a mob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Who {
    Player(PlayerId),
    Mob(MobId),
}

impl Who {
    /// The mob, if it is one.
    pub const fn mob(self) -> Option<MobId> {
        match self {
            Self::Mob(id) => Some(id),
            Self::Player(_) => None,
        }
    }

    /// The player, if it is one.
    pub const fn player(self) -> Option<PlayerId> {
        match self {
            Self::Player(id) => Some(id),
            Self::Mob(_) => None,
        }
    }
}

/// The world's own scalars. Small: encoded whole at every cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    pub spawn: WorldId,
    pub root: WorldId,
    pub name: String,
    pub epoch: i64,
    /// An id of one unbroken instruction sequence.
    pub incarnation: u64,
    /// How many instructions have been applied.
    pub seq: u64,
    /// World time in milliseconds: runs while the world runs.
    pub now: u64,
    pub rng: rand_pcg::Pcg64Mcg,
    /// The next timing's number.
    pub next_arrival: u64,
    /// The block that ids come from: next, end (exclusive).
    pub ids: (i64, i64),
    /// The block after that, once granted.
    pub ids_next: Option<(i64, i64)>,
    /// Hex of the hash of the template set in use.
    pub templates: String,
    pub facts: BTreeMap<String, String>,
    /// When each zone fell asleep, in world milliseconds; absent while it is awake.
    pub asleep: BTreeMap<ZoneId, u64>,
    /// The engine version that wrote this.
    pub engine: String,
    /// Not started yet by a first loader run.
    pub is_fresh: bool,
    /// Stopped in good order: what does not outlive a stop is taken away when it starts again.
    pub is_stopped: bool,
    /// Beats so far; what happens every so many seconds goes by it.
    pub beats: u64,
    /// What went wrong in scripts and the like, for the builders; the newest last.
    pub trouble: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// In order of arrival.
    pub chars: Vec<Who>,
    /// In order of arrival.
    pub items: Vec<ItemId>,
    /// What differs from the doors' defaults, by direction.
    pub doors: [Option<DoorState>; 6],
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Player {
    pub id: PlayerId,
    pub name: String,
    pub title: String,
    pub description: String,
    pub level: u32,
    pub archetype: Archetype,
    pub gender: Gender,
    pub experience: i64,
    pub health: i32,
    pub gold: i64,
    pub glory: i64,
    pub medals: i64,
    pub currencies: BTreeMap<String, i64>,
    pub is_immortal: bool,
    pub is_muted: bool,
    pub is_invisible: bool,
    /// No socket plays it now.
    pub is_linkless: bool,
    pub core_faction: Option<String>,
    pub factions: BTreeMap<String, i64>,
    pub aliases: BTreeMap<String, String>,
    pub marks: BTreeMap<String, String>,
    pub mute_list: BTreeSet<String>,
    pub account: Account,
    pub config: PlayerConfig,
    pub state: CharacterState,
    pub items: Vec<ItemId>,
    pub worn: BTreeMap<Slot, ItemId>,
    /// Who told last.
    pub reply_to: Option<PlayerId>,
    /// A builder who is told what triggers make of each command.
    pub is_tracing: bool,
    /// Flees by itself below so many per cent of health; 0 never.
    pub autoflee: u32,
    /// Whom commands without a target mean.
    pub focus: String,
    /// Codes of learned skills, and of others that have a key; with the key, or an empty text.
    pub skills: BTreeMap<String, String>,
}

/// What of a player changes with every step and message; apart, so that their looks stay as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub room: RoomId,
    pub mana: i32,
    pub stamina: i32,
    /// The socket that plays it; none while linkless.
    pub session: Option<u64>,
    /// World milliseconds of the last command.
    pub last_action: u64,
    /// World milliseconds of the loss of the link.
    pub linkless_since: Option<u64>,
    /// Number of the last message sent to this player.
    pub messages: u64,
    /// Number of the last numbered command applied for this player.
    pub commands: u64,
    /// The instruction by which the character came into the world; messages are counted from there.
    pub entered: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewed {
    pub rooms: BTreeSet<RoomId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mob {
    pub id: MobId,
    pub template: MobTemplateId,
    pub room: RoomId,
    /// The rule that loaded it.
    pub rule: Option<RuleId>,
    /// The zone that it may roam when its rule loaded it into a zone.
    pub ground: Option<ZoneId>,
    pub health: i32,
    pub mana: i32,
    pub stamina: i32,
    pub gold: i64,
    pub items: Vec<ItemId>,
    pub worn: Vec<(Slot, ItemId)>,
    /// Reactions that wait, by their gate, and the world millisecond until which; `u64::MAX` for ever.
    pub gates: Vec<(i64, u64)>,
    /// May it leave its room? As its template had it when it was last looked at after a change.
    pub roams: bool,
    /// Is any vital of it below what it can be? As `roams`.
    pub tired: bool,
    /// Players who were its enemies, the latest last.
    pub grudges: Vec<PlayerId>,
    /// Who summoned it.
    pub summoner: Option<PlayerId>,
}

impl Mob {
    /// Whether it roams, and whether it is tired, by this template.
    pub fn by(&self, template: &MobTemplate) -> (bool, bool) {
        let stats = &template.stats;
        let rested =
            self.health >= stats.health_max && self.mana >= stats.mana_max && self.stamina >= stats.stamina_max;
        (template.roams(), !rested)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub id: ItemId,
    pub template: ItemTemplateId,
    pub place: Place,
    pub rule: Option<RuleId>,
    /// What it holds, in order of arrival.
    pub items: Vec<ItemId>,
    pub label: String,
    /// What is its own and not its template's.
    pub own: Option<Box<Own>>,
    /// Coins in it.
    pub gold: i64,
}

/// What one thing is called, where it is not called as its template says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    pub name: String,
    pub keywords: Vec<String>,
    pub ground: String,
    /// It holds what a player has lost.
    pub is_players: bool,
}

/// Where an item is. It is there and nowhere else; the holder's list names it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    Room(RoomId),
    Carried(Who),
    Worn(Who, Slot),
    Inside(ItemId),
}

/// Something due in world time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// World milliseconds.
    pub due: u64,
    pub instruction: Instruction,
}

/// A question to the outside that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenErrand {
    pub id: ErrandId,
    pub what: Ask,
}

/// Whom the question goes to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    Forge(Errand),
    /// A mob's reaction: the Mob node writes out its script.
    React {
        mob: MobId,
        /// The gate of the reaction (`world::watch`).
        reaction: i64,
        /// Whoever caused it.
        actor: Option<Who>,
        /// What was said, given or done.
        said: String,
        /// How many scripts caused one another up to here.
        depth: u8,
        lines: Vec<String>,
    },
    /// Not outside at all: a plan of loads, staged in the world, that is still being carried out.
    Loading {
        stage: u64,
    },
    /// A character whom a player asked about and who is not here.
    Whois {
        asker: PlayerId,
        name: String,
    },
}

/// Which trigger of whom or what: a room, a zone, the world, an item or a mob, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GateId {
    pub of: i64,
    pub trigger: TriggerId,
}

/// When something last happened, in world milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp(pub u64);

/// A payload that came in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    pub bytes: Vec<u8>,
    /// How many parts have come.
    pub parts: u16,
    /// Of a load plan: what its loads made so far, 0 where nothing.
    pub made: Vec<i64>,
    /// Of a load plan: where in the bytes the next load stands, and how many are left from there on.
    pub at: u64,
    pub left: u32,
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the record is empty")]
    Empty,
    #[error("the record has version {0}, which this engine does not know")]
    Version(u8),
    #[error("the record cannot be read: {0}")]
    Broken(#[from] postcard::Error),
}

/// The stored form: a version byte, then postcard.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    encode_to(value, &mut bytes);
    bytes
}

/// Appends the stored form.
pub fn encode_to<T: Serialize>(value: &T, to: &mut Vec<u8>) {
    let before = to.len();
    to.push(RECORD_VERSION);
    // Writing plain values into memory has no way to fail; an empty record is refused on reading.
    if postcard::serialize_with_flavor(value, Appended(to)).is_err() {
        to.truncate(before);
    }
}

/// Where postcard writes to.
pub struct Appended<'a>(pub &'a mut Vec<u8>);

impl postcard::ser_flavors::Flavor for Appended<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// An empty record, an unknown version, or bytes that are not the type's.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RecordError> {
    match bytes.split_first() {
        None => Err(RecordError::Empty),
        Some((&RECORD_VERSION, rest)) => Ok(postcard::from_bytes(rest)?),
        Some((&other, _)) => Err(RecordError::Version(other)),
    }
}
