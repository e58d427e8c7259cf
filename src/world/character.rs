//! A character as it travels between Forge and Nexus: at entry, in saves, on leaving.
//! Plain values; the engine's live form is its own.

use serde::{Deserialize, Serialize};

use super::kinds::*;
use super::skill::Modifier;
use super::template::{ItemTemplateId, RoomId};

/// Below 2^30, from a Postgres sequence.
pub type PlayerId = i64;
/// In 2^30..2^53, from blocks granted with a lease; unique over all nexuses, never reused.
pub type ItemId = i64;

/// Everything of a character that outlives a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Character {
    pub id: PlayerId,
    pub name: String,
    pub title: String,
    pub description: String,
    pub level: u32,
    pub archetype: Archetype,
    pub gender: Gender,
    pub experience: i64,
    /// None of the three: full vitals on the first entry.
    pub health: Option<i32>,
    pub mana: Option<i32>,
    pub stamina: Option<i32>,
    pub gold: i64,
    pub glory: i64,
    pub medals: i64,
    pub currencies: Vec<(String, i64)>,
    pub is_immortal: bool,
    pub is_muted: bool,
    pub room: Option<RoomId>,
    pub core_faction: Option<String>,
    pub factions: Vec<(String, i64)>,
    pub viewed_rooms: Vec<RoomId>,
    pub aliases: Vec<(String, String)>,
    pub marks: Vec<(String, String)>,
    /// Names that this player does not want to hear.
    pub mute_list: Vec<String>,
    /// False on the first entry: starting equipment and gold are given then, by the world.
    pub is_initialised: bool,
    /// Parents before their contents.
    pub items: Vec<SavedItem>,
    pub prowess: Prowess,
}

/// What a character can do in a fight, and what was at work on it when it left: time stood still for it then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prowess {
    /// Flees by itself below so many per cent of health; 0 never.
    pub autoflee: u32,
    /// Whom commands without a target mean.
    pub focus: String,
    /// Codes of learned skills, and of others that have a key; with the key, or an empty text.
    pub skills: Vec<(String, String)>,
    /// Codes, and milliseconds that are left.
    pub cooldowns: Vec<(String, i64)>,
    pub effects: Vec<SavedEffect>,
}

/// An effect without those who are not here any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedEffect {
    pub kind: EffectKind,
    /// The code of the skill that it came from.
    pub skill: String,
    pub is_friendly: bool,
    pub damage_type: DamageType,
    /// Of each Beat, of each stroke, or left in all.
    pub amount: i32,
    pub modifiers: Vec<Modifier>,
    /// Milliseconds, in all and left.
    pub duration: u64,
    pub remaining: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedItem {
    pub id: ItemId,
    pub template: ItemTemplateId,
    pub place: SavedPlace,
    /// A player's own text on it.
    pub label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SavedPlace {
    Inventory,
    Worn(Slot),
    Inside(ItemId),
}

/// What a session may know of the account behind a character, sent with the entry ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: i64,
    pub name: String,
    pub is_staff: bool,
    pub is_temporary: bool,
    pub is_confirmed: bool,
    /// May edit the world (builder commands).
    pub is_builder: bool,
    /// 1 to 4 of a builder (domain.md 1.23), 0 of others.
    #[serde(default)]
    pub builder_rank: u8,
}

impl Account {
    /// What commands of builders go by: staff may do everything; a builder whose rank is not known, the least.
    pub fn rank(&self) -> u8 {
        match (self.is_staff, self.is_builder) {
            (true, _) => BUILDER_RANK_MAX,
            (false, true) => self.builder_rank.clamp(1, BUILDER_RANK_MAX),
            (false, false) => 0,
        }
    }
}

/// The rank of a world's author, and of staff.
pub const BUILDER_RANK_MAX: u8 = 4;

/// Settings of play that the client shows and the engine heeds (wire.md 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlayerConfig {
    pub room_brief: bool,
    pub combat_brief: bool,
    pub display_chat: bool,
    pub idle_logout: bool,
    pub mobile_map_width: i32,
    pub display_connect: bool,
}

impl Default for PlayerConfig {
    fn default() -> Self {
        Self {
            room_brief: false,
            combat_brief: false,
            display_chat: true,
            idle_logout: true,
            mobile_map_width: 1,
            display_connect: true,
        }
    }
}
