//! What a builder writes: one document per thing, as YAML, with slugs for identity.
//! These types are the manifest format; `manifest.rs` reads and writes them, `compile.rs`
//! turns them into [`super::template::Templates`]. References between documents are slugs
//! of the same world. Unknown fields are errors.

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_saphyr::FlowSeq;

use super::kinds::*;

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Short lists stay on one line in YAML; other formats see a plain list.
fn on_one_line<T: Serialize, S: Serializer>(list: &T, serializer: S) -> Result<S::Ok, S::Error> {
    FlowSeq(list).serialize(serializer)
}

/// A stable name of a thing within its world and kind: `[a-z0-9][a-z0-9-]*`, at most 64 bytes.
pub type Slug = String;

/// `metadata` of every document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    pub slug: Slug,
    /// The slug of the world; may be left out where a `world` document of the same folder names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<Slug>,
}

/// One document: `kind`, `metadata`, `spec`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Document {
    World { metadata: Metadata, spec: Box<WorldSpec> },
    Zone { metadata: Metadata, spec: Box<ZoneSpec> },
    Room { metadata: Metadata, spec: Box<RoomSpec> },
    Item { metadata: Metadata, spec: Box<ItemSpec> },
    Mob { metadata: Metadata, spec: Box<MobSpec> },
    Loader { metadata: Metadata, spec: Box<LoaderSpec> },
    Faction { metadata: Metadata, spec: Box<FactionSpec> },
    Currency { metadata: Metadata, spec: Box<CurrencySpec> },
    Social { metadata: Metadata, spec: Box<SocialSpec> },
    StartingEquipment { metadata: Metadata, spec: Box<StartingEquipmentSpec> },
}

impl Document {
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::World { .. } => DocumentKind::World,
            Self::Zone { .. } => DocumentKind::Zone,
            Self::Room { .. } => DocumentKind::Room,
            Self::Item { .. } => DocumentKind::Item,
            Self::Mob { .. } => DocumentKind::Mob,
            Self::Loader { .. } => DocumentKind::Loader,
            Self::Faction { .. } => DocumentKind::Faction,
            Self::Currency { .. } => DocumentKind::Currency,
            Self::Social { .. } => DocumentKind::Social,
            Self::StartingEquipment { .. } => DocumentKind::StartingEquipment,
        }
    }

    pub fn metadata(&self) -> &Metadata {
        match self {
            Self::World { metadata, .. }
            | Self::Zone { metadata, .. }
            | Self::Room { metadata, .. }
            | Self::Item { metadata, .. }
            | Self::Mob { metadata, .. }
            | Self::Loader { metadata, .. }
            | Self::Faction { metadata, .. }
            | Self::Currency { metadata, .. }
            | Self::Social { metadata, .. }
            | Self::StartingEquipment { metadata, .. } => metadata,
        }
    }

    pub fn metadata_mut(&mut self) -> &mut Metadata {
        match self {
            Self::World { metadata, .. }
            | Self::Zone { metadata, .. }
            | Self::Room { metadata, .. }
            | Self::Item { metadata, .. }
            | Self::Mob { metadata, .. }
            | Self::Loader { metadata, .. }
            | Self::Faction { metadata, .. }
            | Self::Currency { metadata, .. }
            | Self::Social { metadata, .. }
            | Self::StartingEquipment { metadata, .. } => metadata,
        }
    }

    /// Unique among the documents of its kind in its world.
    pub fn slug(&self) -> &str {
        &self.metadata().slug
    }
}

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
#[serde(deny_unknown_fields, default)]
pub struct ItemSpec {
    pub name: String,
    /// Words that select it; empty takes the words of the name.
    #[serde(skip_serializing_if = "is_default", serialize_with = "on_one_line")]
    pub keywords: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub description: String,
    /// The line in the room; empty gives "<Name> lies here."
    #[serde(skip_serializing_if = "is_default")]
    pub ground_description: String,
    #[serde(rename = "type")]
    pub item_type: ItemType,
    pub level: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub quality: Quality,
    /// For equippable items; an equippable without a slot is a one-handed weapon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equipment_type: Option<EquipmentType>,
    #[serde(skip_serializing_if = "is_default")]
    pub armor_class: ArmorClass,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weapon_type: Option<WeaponType>,
    #[serde(skip_serializing_if = "is_default")]
    pub stats: IndexMap<Attribute, i32>,
    #[serde(skip_serializing_if = "is_default")]
    pub cost: i64,
    /// A currency slug; empty is the world's default currency.
    #[serde(skip_serializing_if = "is_default")]
    pub currency: Slug,
    #[serde(skip_serializing_if = "is_default")]
    pub food_value: i32,
    #[serde(skip_serializing_if = "is_default")]
    pub food_type: FoodType,
    #[serde(skip_serializing_if = "is_default")]
    pub is_boat: bool,
    pub is_pickable: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub is_persistent: bool,
    /// How many things a container holds; 0 is the engine's limit.
    #[serde(skip_serializing_if = "is_default")]
    pub capacity: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_first: String,
    #[serde(skip_serializing_if = "is_default")]
    pub hit_msg_third: String,
    #[serde(skip_serializing_if = "is_default")]
    pub on_use_cmd: String,
    #[serde(skip_serializing_if = "is_default")]
    pub on_use_description: String,
    #[serde(skip_serializing_if = "is_default")]
    pub on_use_equipped: bool,
    /// What `look WORD` answers while one holds or sees the item.
    #[serde(skip_serializing_if = "is_default")]
    pub details: Vec<DetailSpec>,
    /// What a new container holds.
    #[serde(skip_serializing_if = "is_default")]
    pub inventory: Vec<StockSpec>,
    #[serde(skip_serializing_if = "is_default")]
    pub notes: String,
}

impl Default for ItemSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            keywords: Vec::new(),
            description: String::new(),
            ground_description: String::new(),
            item_type: ItemType::Inert,
            level: 1,
            quality: Quality::Normal,
            equipment_type: None,
            armor_class: ArmorClass::Light,
            weapon_type: None,
            stats: IndexMap::new(),
            cost: 0,
            currency: String::new(),
            food_value: 0,
            food_type: FoodType::Stamina,
            is_boat: false,
            is_pickable: true,
            is_persistent: false,
            capacity: 0,
            hit_msg_first: String::new(),
            hit_msg_third: String::new(),
            on_use_cmd: String::new(),
            on_use_description: String::new(),
            on_use_equipped: false,
            details: Vec::new(),
            inventory: Vec::new(),
            notes: String::new(),
        }
    }
}

/// Items inside a container, or carried by a mob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockSpec {
    pub item: Slug,
    /// Per cent, 1 to 100, rolled for each copy.
    #[serde(default = "hundred", skip_serializing_if = "is_hundred")]
    pub probability: u32,
    /// 1 to 15.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub copies: u32,
}

fn hundred() -> u32 {
    100
}
fn is_hundred(n: &u32) -> bool {
    *n == 100
}
fn one() -> u32 {
    1
}
fn is_one(n: &u32) -> bool {
    *n == 1
}

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

fn ten() -> i64 {
    10
}
fn is_ten(n: &i64) -> bool {
    *n == 10
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

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CurrencySpec {
    pub name: String,
    pub is_default: bool,
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartingEquipmentSpec {
    pub item: Slug,
    /// Left out: every archetype.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archetype: Option<Archetype>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub num: u32,
}
