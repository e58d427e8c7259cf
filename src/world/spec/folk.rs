//! Manifests of mobs, factions and socials.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Slug, StockSpec, is_default, is_one, on_one_line, one};
use crate::world::kinds::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MobSpec {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub keywords: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// The line in the room; empty gives "<Name> is here."
    #[serde(skip_serializing_if = "is_default")]
    pub room_description: String,
    /// 1 to 20.
    pub level: u32,
    #[serde(rename = "type")]
    pub mob_type: MobType,
    pub archetype: Archetype,
    pub gender: Gender,
    #[serde(skip_serializing_if = "is_default")]
    pub gold: i64,
    /// Experience for its defeat; 0 takes the table of levels.
    #[serde(skip_serializing_if = "is_default")]
    pub experience: i64,
    pub roaming: Roaming,
    /// Per cent each Beat (2 s), 0 to 100.
    #[serde(skip_serializing_if = "is_default")]
    pub roam_chance: u32,
    pub aggression: Aggression,
    pub fights_back: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub is_elite: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub is_invisible: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub assists: bool,
    /// Per cent of a vital regained each Beat.
    pub regen_rate: u32,
    /// Explicit statistics; empty takes those suggested for its level and archetype.
    #[serde(skip_serializing_if = "is_default")]
    pub stats: IndexMap<Attribute, i32>,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_first: String,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_third: String,
    #[serde(skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub traits: Vec<String>,
    /// What it carries; equippable things are worn where a slot is free.
    #[serde(skip_serializing_if = "is_default")]
    pub inventory: Vec<StockSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant: Option<MerchantSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core_faction: Option<Slug>,
    /// Standing with other factions.
    #[serde(skip_serializing_if = "is_default")]
    pub factions: IndexMap<Slug, i64>,
    #[serde(skip_serializing_if = "is_default")]
    pub reactions: Vec<ReactionSpec>,
    /// What it does in a fight: one line each round, from the first again after the last. A line is a skill or a mob's
    /// command.
    #[serde(skip_serializing_if = "is_default")]
    pub combat_script: String,
    /// Without a script, it uses the skills of its archetype.
    #[serde(skip_serializing_if = "is_default")]
    pub use_abilities: bool,
    /// Skills that one may learn from it.
    #[serde(skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub teaches: Vec<Slug>,
    /// What must hold of whoever learns.
    #[serde(skip_serializing_if = "is_default")]
    pub teaching_conditions: String,
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}

impl Default for MobSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            title: String::new(),
            keywords: Vec::new(),
            description: String::new(),
            room_description: String::new(),
            level: 1,
            mob_type: MobType::Beast,
            archetype: Archetype::Warrior,
            gender: Gender::Female,
            gold: 0,
            experience: 0,
            roaming: Roaming::Static,
            roam_chance: 0,
            aggression: Aggression::Passive,
            fights_back: true,
            is_elite: false,
            is_invisible: false,
            assists: false,
            regen_rate: 4,
            stats: IndexMap::new(),
            hit_msg_first: String::new(),
            hit_msg_third: String::new(),
            traits: Vec::new(),
            inventory: Vec::new(),
            merchant: None,
            core_faction: None,
            factions: IndexMap::new(),
            reactions: Vec::new(),
            combat_script: String::new(),
            use_abilities: false,
            teaches: Vec::new(),
            teaching_conditions: String::new(),
            notes: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantSpec {
    /// Sells at cost times this many per cent; 200 by default.
    #[serde(default = "two_hundred")]
    pub profit_percent: u32,
    pub stock: Vec<MerchantStockSpec>,
}

fn two_hundred() -> u32 {
    200
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MerchantStockSpec {
    pub item: Slug,
    /// How many are kept on the shelf, 1 to 15.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub num: u32,
}

/// What a mob does when something happens near it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactionSpec {
    pub event: ReactionEvent,
    /// The matcher language; needed for `say`, empty matches everything.
    #[serde(default, rename = "match", skip_serializing_if = "is_default")]
    pub matcher: String,
    /// The condition language, on the character that caused the event.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditions: String,
    /// Mob commands, one a line; line n (from 0) runs n Beats later; `&&` chains within a line.
    pub script: String,
    /// Seconds until this mob reacts so again: 0 each time, negative once for ever.
    #[serde(default = "ten", skip_serializing_if = "is_ten")]
    pub gate_delay: i64,
}

pub(super) fn ten() -> i64 {
    10
}
pub(super) fn is_ten(n: &i64) -> bool {
    *n == 10
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactionSpec {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    pub is_core: bool,
    pub is_default: bool,
    pub is_selectable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starting_room: Option<Slug>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub death_room: Option<Slug>,
    #[serde(skip_serializing_if = "is_default")]
    pub ranks: Vec<RankSpec>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankSpec {
    pub standing: i64,
    pub name: String,
}

/// The slug is the command. `{actor}`, `{target}` are names; `{actor.they}`, `{actor.them}`, `{actor.their}`,
/// `{actor.themself}` (and the same of `target`) are pronouns. Both targetless texts, or all three targeted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SocialSpec {
    /// Higher wins where two socials begin alike.
    pub priority: i32,
    #[serde(skip_serializing_if = "is_default")]
    pub targetless_self: String,
    #[serde(skip_serializing_if = "is_default")]
    pub targetless_other: String,
    #[serde(skip_serializing_if = "is_default")]
    pub targeted_self: String,
    #[serde(skip_serializing_if = "is_default")]
    pub targeted_target: String,
    #[serde(skip_serializing_if = "is_default")]
    pub targeted_other: String,
}
