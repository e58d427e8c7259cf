//! Manifests of the world, its zones and rooms, and of the loaders that fill them.

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize};

use super::{GetTriggerSpec, RoomCheckSpec, Slug, is_default, is_one, on_one_line, one};
use crate::world::kinds::*;

/// The world itself and its configuration (domain: World, WorldConfig).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldSpec {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub short_description: String,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// Shown once on entering.
    #[serde(skip_serializing_if = "is_default")]
    pub motd: String,
    #[serde(skip_serializing_if = "is_default")]
    pub built_by: String,
    pub is_multiplayer: bool,
    pub is_public: bool,
    /// Room slugs.
    pub starting_room: Slug,
    pub death_room: Slug,
    pub can_create_chars: bool,
    pub can_select_faction: bool,
    pub can_select_gender: bool,
    pub default_gender: Gender,
    pub is_classless: bool,
    pub is_narrative: bool,
    pub allow_pvp: bool,
    pub auto_equip: bool,
    pub has_corpse_decay: bool,
    pub never_reload: bool,
    pub flee_to_unknown_rooms: bool,
    pub players_can_set_title: bool,
    pub non_ascii_names: bool,
    pub globals_enabled: bool,
    pub decay_glory: bool,
    pub death_mode: DeathMode,
    pub death_route: DeathRoute,
    /// Per cent of gold lost on death, 0 to 100.
    pub death_gold_penalty_percent: u32,
    pub pvp_mode: PvpMode,
    pub starting_gold: i64,
    pub clan_registration_cost: i64,
    #[serde(skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub name_exclusions: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub small_background: String,
    #[serde(skip_serializing_if = "is_default")]
    pub large_background: String,
    /// World facts at the first start: name to value.
    #[serde(skip_serializing_if = "is_default")]
    pub facts: IndexMap<String, String>,
    /// Builder's notes, never shown to players.
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}

impl Default for WorldSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            short_description: String::new(),
            description: String::new(),
            motd: String::new(),
            built_by: String::new(),
            is_multiplayer: true,
            is_public: false,
            starting_room: String::new(),
            death_room: String::new(),
            can_create_chars: true,
            can_select_faction: true,
            can_select_gender: true,
            default_gender: Gender::Female,
            is_classless: false,
            is_narrative: false,
            allow_pvp: true,
            auto_equip: true,
            has_corpse_decay: true,
            never_reload: false,
            flee_to_unknown_rooms: true,
            players_can_set_title: true,
            non_ascii_names: false,
            globals_enabled: true,
            decay_glory: false,
            death_mode: DeathMode::LoseNone,
            death_route: DeathRoute::TopFaction,
            death_gold_penalty_percent: 20,
            pvp_mode: PvpMode::FreeForAll,
            starting_gold: 0,
            clan_registration_cost: 1000,
            name_exclusions: Vec::new(),
            small_background: String::new(),
            large_background: String::new(),
            facts: IndexMap::new(),
            notes: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ZoneSpec {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// Seconds between resets; -1 is never.
    pub respawn_wait: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub is_warzone: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub pvp_zone: bool,
    /// The room that the zone's map opens at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub center: Option<Slug>,
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}

impl Default for ZoneSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            description: String::new(),
            respawn_wait: 300,
            is_warzone: false,
            pvp_zone: false,
            center: None,
            notes: String::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomSpec {
    pub zone: Slug,
    pub name: String,
    /// Coordinates x (east), y (north), z (up), unique in the world.
    #[serde(serialize_with = "on_one_line")]
    pub at: [i32; 3],
    #[serde(default, rename = "type")]
    pub room_type: RoomType,
    #[serde(default)]
    pub description: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub exits: IndexMap<Direction, ExitSpec>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub details: Vec<DetailSpec>,
    #[serde(default, skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub flags: Vec<RoomFlag>,
    /// A CSS colour for the map; empty takes the colour of the type.
    #[serde(default, skip_serializing_if = "is_default")]
    pub color: String,
    /// Who may not come in or go out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub checks: Vec<RoomCheckSpec>,
    /// What happens when things are taken up here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_get: Vec<GetTriggerSpec>,
    /// `id:text`: a word of advice that clients show until the next command.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hint: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub notes: String,
}

/// Where a way leads: a room slug, or a mapping with a door.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ExitSpec {
    Room(Slug),
    Full(ExitDetail),
}

impl ExitSpec {
    pub fn to(&self) -> &Slug {
        match self {
            Self::Room(to) => to,
            Self::Full(detail) => &detail.to,
        }
    }

    pub fn door(&self) -> Option<&DoorSpec> {
        match self {
            Self::Room(_) => None,
            Self::Full(detail) => detail.door.as_ref(),
        }
    }

    pub fn look(&self) -> &str {
        match self {
            Self::Room(_) => "",
            Self::Full(detail) => &detail.look,
        }
    }
}

/// By hand, because serde's untagged enums forget where in the text an error was.
impl<'de> Deserialize<'de> for ExitSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = ExitSpec;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the slug of a room, or a mapping with `to`, `door`, `look`")
            }

            fn visit_str<E: serde::de::Error>(self, slug: &str) -> Result<ExitSpec, E> {
                Ok(ExitSpec::Room(slug.to_owned()))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<ExitSpec, A::Error> {
                ExitDetail::deserialize(MapAccessDeserializer::new(map)).map(ExitSpec::Full)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitDetail {
    pub to: Slug,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<DoorSpec>,
    /// What one sees looking that way.
    #[serde(default, skip_serializing_if = "is_default")]
    pub look: String,
}

/// One side of a door. A door written on one side of a two-way exit stands on both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DoorSpec {
    /// One lower-case word, `door` by default.
    pub name: String,
    pub state: DoorState,
    /// The item that locks and unlocks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Slug>,
    /// The key breaks when it is used.
    #[serde(skip_serializing_if = "is_default")]
    pub destroy_key: bool,
}

impl Default for DoorSpec {
    fn default() -> Self {
        Self { name: "door".into(), state: DoorState::Closed, key: None, destroy_key: false }
    }
}

/// Something that `look WORD` answers in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetailSpec {
    /// Lower-case words; the first is the one that the room's payload lists.
    #[serde(serialize_with = "on_one_line")]
    pub words: Vec<String>,
    pub text: String,
    /// Answers `look`, but is not listed (a secret).
    #[serde(default, skip_serializing_if = "is_default")]
    pub hidden: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoaderSpec {
    pub zone: Slug,
    #[serde(default)]
    pub name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub description: String,
    /// Seconds; 0 always, -1 never again. Left out: the zone's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respawn_wait: Option<i64>,
    /// Conditions on world facts.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conditions: String,
    /// All mobs of one run belong together and help each other.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_group: bool,
    pub rules: Vec<RuleSpec>,
}

/// One thing to load. Exactly one of `mob`, `item`; exactly one of `room`, `zone`, `rule`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// A name that later rules of the same loader may point at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Slug>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mob: Option<Slug>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<Slug>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Slug>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Slug>,
    /// The name of an earlier rule: the item goes into each thing that it loaded this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Slug>,
    /// 1 to 15.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub copies: u32,
}
