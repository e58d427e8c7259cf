//! A compiled world: what the engine reads, with ids in place of slugs and every text ready to show.
//! A set is immutable, content-hashed and shared by all spawns of a root world. It holds no live state.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::by_id::ById;
use super::kept::Kept;
use super::kinds::*;
use super::skill::Skill;
use super::spec::WorldSpec;
use super::watch::Watch;

/// Ids come from Postgres sequences: rooms from 20000, worlds from 1000.
pub type WorldId = i64;
pub type ZoneId = i64;
pub type RoomId = i64;
pub type ItemTemplateId = i64;
pub type MobTemplateId = i64;
pub type LoaderId = i64;
pub type RuleId = i64;
pub type FactionId = i64;
pub type CurrencyId = i64;
pub type TriggerId = i64;
pub type FactScheduleId = i64;

/// What every corpse is made of. Ids of builders' items begin at one.
pub const CORPSE: ItemTemplateId = 0;

/// The set of templates of one root world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Templates {
    pub world: WorldTemplate,
    pub zones: ById<Arc<Zone>>,
    pub rooms: ById<Arc<Room>>,
    pub items: ById<Arc<ItemTemplate>>,
    pub mobs: ById<Arc<MobTemplate>>,
    pub loaders: ById<Arc<Loader>>,
    /// Keyed by code.
    pub factions: IndexMap<String, Faction>,
    /// Keyed by code.
    pub currencies: IndexMap<String, Currency>,
    /// Keyed by command; in the order in which prefixes are tried.
    pub socials: IndexMap<String, Social>,
    pub starting_equipment: Vec<StartingEquipment>,
    pub triggers: ById<Arc<Trigger>>,
    pub fact_schedules: ById<Arc<FactSchedule>>,
    /// Keyed by code: those of the platform's archetypes, unless the world has none, and the world's own.
    pub skills: IndexMap<String, Arc<Skill>>,
    #[serde(skip)]
    pub ground: Kept<Ground>,
    #[serde(skip)]
    pub watch: Kept<Watch>,
}

/// What of all rooms is asked for often.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// On everyone's map.
    pub landmarks: Vec<RoomId>,
    /// By zone.
    pub open: ById<OpenRooms>,
    /// The zone of each room, close together.
    pub zones: ById<ZoneId>,
    /// Rules of loaders whose mobs belong together, with the loader.
    pub groups: ById<LoaderId>,
}

/// Where loaders of a zone may put things without naming the room, ascending by id.
#[derive(Clone, Debug, Default)]
pub struct OpenRooms {
    pub mobs: Vec<RoomId>,
    pub items: Vec<RoomId>,
}

impl Templates {
    pub fn ground(&self) -> &Ground {
        self.ground.get_or_make(|| {
            let mut ground = Ground::default();
            for zone in self.zones.values() {
                let open = ground.open.entry(zone.id).or_default();
                for room in zone.rooms.iter().filter_map(|id| self.rooms.get(id)) {
                    if room.room_type == RoomType::Water || room.has(RoomFlag::NoLoad) {
                        continue;
                    }
                    open.items.push(room.id);
                    if !room.has(RoomFlag::NoRoam) {
                        open.mobs.push(room.id);
                    }
                }
            }
            let groups = self.loaders.values().filter(|loader| loader.is_group);
            ground.groups = groups.flat_map(|of| of.rules.iter().map(|rule| (rule.id, of.id))).collect();
            ground.zones = self.rooms.values().map(|room| (room.id, room.zone)).collect();
            ground.landmarks = self.rooms.values().filter(|r| r.has(RoomFlag::Landmark)).map(|r| r.id).collect();
            ground
        })
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldTemplate {
    pub id: WorldId,
    pub slug: String,
    pub starting_room: RoomId,
    pub death_room: RoomId,
    /// The rest of the configuration, as written.
    pub config: WorldConfig,
}

/// [`WorldSpec`] without its references.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorldConfig {
    pub name: String,
    pub short_description: String,
    pub description: String,
    pub motd: String,
    pub built_by: String,
    pub is_multiplayer: bool,
    pub is_public: bool,
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
    pub death_gold_penalty_percent: u32,
    pub pvp_mode: PvpMode,
    pub starting_gold: i64,
    pub clan_registration_cost: i64,
    pub name_exclusions: Vec<String>,
    pub small_background: String,
    pub large_background: String,
    pub facts: IndexMap<String, String>,
}

impl From<&WorldSpec> for WorldConfig {
    fn from(spec: &WorldSpec) -> Self {
        let s = spec.clone();
        Self {
            name: s.name,
            short_description: s.short_description,
            description: s.description,
            motd: s.motd,
            built_by: s.built_by,
            is_multiplayer: s.is_multiplayer,
            is_public: s.is_public,
            can_create_chars: s.can_create_chars,
            can_select_faction: s.can_select_faction,
            can_select_gender: s.can_select_gender,
            default_gender: s.default_gender,
            is_classless: s.is_classless,
            is_narrative: s.is_narrative,
            allow_pvp: s.allow_pvp,
            auto_equip: s.auto_equip,
            has_corpse_decay: s.has_corpse_decay,
            never_reload: s.never_reload,
            flee_to_unknown_rooms: s.flee_to_unknown_rooms,
            players_can_set_title: s.players_can_set_title,
            non_ascii_names: s.non_ascii_names,
            globals_enabled: s.globals_enabled,
            decay_glory: s.decay_glory,
            death_mode: s.death_mode,
            death_route: s.death_route,
            death_gold_penalty_percent: s.death_gold_penalty_percent,
            pvp_mode: s.pvp_mode,
            starting_gold: s.starting_gold,
            clan_registration_cost: s.clan_registration_cost,
            name_exclusions: s.name_exclusions,
            small_background: s.small_background,
            large_background: s.large_background,
            facts: s.facts,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    pub id: ZoneId,
    pub slug: String,
    pub name: String,
    /// Seconds; -1 never.
    pub respawn_wait: i64,
    pub is_warzone: bool,
    pub pvp_zone: bool,
    /// Its rooms, ascending by id.
    pub rooms: Vec<RoomId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Room {
    pub id: RoomId,
    pub slug: String,
    pub zone: ZoneId,
    /// `room.<id>`.
    pub key: String,
    pub zone_key: String,
    pub zone_name: String,
    pub name: String,
    pub description: String,
    pub room_type: RoomType,
    pub at: [i32; 3],
    pub color: String,
    pub flags: Vec<RoomFlag>,
    /// Indexed by `Direction as usize`.
    pub exits: [Option<Exit>; 6],
    pub details: Vec<Detail>,
    pub checks: Vec<RoomCheck>,
    pub on_get: Vec<GetTrigger>,
    /// `id:text`, or empty.
    pub hint: String,
    #[serde(skip)]
    pub shown: Kept<ShownRoom>,
}

/// What clients are shown of a room that is the same for all, as pieces of JSON; the engine's messages make it. Ranges
/// are within `head`.
#[derive(Clone, Debug)]
pub struct ShownRoom {
    /// From the object's brace to what is in the room, with every door in its default state.
    pub head: Box<str>,
    /// Where what rooms on the map have in common with it ends.
    pub fields: usize,
    pub name: (usize, usize),
    /// Without what is blank at its end.
    pub description: (usize, usize),
    /// From behind what is in the room to the object's end.
    pub tail: Box<str>,
    /// The exits as a line of its text.
    pub exits: Box<str>,
}

impl Room {
    pub fn exit(&self, direction: Direction) -> Option<&Exit> {
        self.exits[direction as usize].as_ref()
    }

    /// Does any of its exits have a door?
    pub fn has_doors(&self) -> bool {
        self.exits.iter().flatten().any(|exit| exit.door.is_some())
    }

    pub fn has(&self, flag: RoomFlag) -> bool {
        self.flags.contains(&flag)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    pub to: RoomId,
    pub to_key: String,
    pub look: String,
    pub door: Option<Door>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Door {
    pub name: String,
    pub default_state: DoorState,
    pub key: Option<ItemTemplateId>,
    pub destroy_key: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    pub words: Vec<String>,
    pub text: String,
    pub hidden: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ItemTemplate {
    pub id: ItemTemplateId,
    pub slug: String,
    pub name: String,
    /// Every word that selects it, the most telling first (domain.md 1.8), auto-made if the builder gave none.
    pub keywords: Vec<String>,
    pub description: String,
    /// The line in a room, made if the builder gave none.
    pub ground_description: String,
    pub item_type: ItemType,
    pub level: u32,
    pub quality: Quality,
    pub equipment_type: Option<EquipmentType>,
    pub armor_class: ArmorClass,
    pub weapon_type: Option<WeaponType>,
    pub stats: Vec<(Attribute, i32)>,
    pub cost: i64,
    /// A currency code.
    pub currency: String,
    pub food_value: i32,
    pub food_type: FoodType,
    pub is_boat: bool,
    pub is_pickable: bool,
    pub is_persistent: bool,
    pub capacity: u32,
    pub hit_msg_first: String,
    pub hit_msg_third: String,
    pub on_use_cmd: String,
    pub on_use_description: String,
    pub on_use_equipped: bool,
    pub details: Vec<Detail>,
    pub inventory: Vec<Stock>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub item: ItemTemplateId,
    /// Per cent for each copy.
    pub probability: u32,
    pub copies: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MobTemplate {
    pub id: MobTemplateId,
    pub slug: String,
    pub name: String,
    pub title: String,
    pub keywords: Vec<String>,
    pub description: String,
    /// The line in a room, made if the builder gave none.
    pub room_description: String,
    pub level: u32,
    pub mob_type: MobType,
    pub archetype: Archetype,
    pub gender: Gender,
    pub gold: i64,
    pub experience: i64,
    pub roaming: Roaming,
    pub roam_chance: u32,
    pub aggression: Aggression,
    pub fights_back: bool,
    pub is_elite: bool,
    pub is_invisible: bool,
    pub assists: bool,
    pub regen_rate: u32,
    /// Computed: suggested for level and archetype, or as the builder wrote (`formulas.rs`).
    pub stats: Stats,
    pub hit_msg_first: String,
    pub hit_msg_third: String,
    pub traits: Vec<String>,
    pub inventory: Vec<Stock>,
    pub merchant: Option<Merchant>,
    pub core_faction: Option<String>,
    pub factions: Vec<(String, i64)>,
    pub reactions: Vec<Reaction>,
    /// Lines, one a round.
    pub combat_script: Vec<String>,
    pub use_abilities: bool,
    /// Codes of skills.
    pub teaches: Vec<String>,
    pub teaching_conditions: String,
}

impl MobTemplate {
    /// May it leave its room?
    pub fn roams(&self) -> bool {
        self.roam_chance > 0 && self.roaming != Roaming::Static
    }
}

/// The numbers of a character. Ratings and maxima; integers (domain.md 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    pub constitution: i32,
    pub dexterity: i32,
    pub intelligence: i32,
    pub strength: i32,
    pub attack_power: i32,
    pub spell_power: i32,
    pub crit: i32,
    pub dodge: i32,
    pub resilience: i32,
    pub armor: i32,
    pub health_max: i32,
    pub mana_max: i32,
    pub stamina_max: i32,
    pub health_regen: i32,
    pub mana_regen: i32,
    pub stamina_regen: i32,
    /// Mana before equipment; regeneration is a share of it.
    pub mana_base: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    pub profit_percent: u32,
    pub stock: Vec<(ItemTemplateId, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub event: ReactionEvent,
    pub matcher: String,
    pub conditions: String,
    /// Lines of commands.
    pub script: Vec<String>,
    pub gate_delay: i64,
}

/// Where a trigger holds, and whom an echo of it reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Room(RoomId),
    Zone(ZoneId),
    World,
}

/// What a trigger is about, if it is not the place itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    Item(ItemTemplateId),
    Mob(MobTemplateId),
}

/// What happens when someone types something that no command is, or when something happens (domain.md 4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    pub id: TriggerId,
    pub slug: String,
    pub scope: Scope,
    pub target: Option<Target>,
    /// None of a command trigger.
    pub event: Option<ReactionEvent>,
    pub matcher: String,
    pub conditions: String,
    pub script: Vec<String>,
    pub show_details_on_failure: bool,
    pub failure_message: String,
    pub display_action: bool,
    pub gate_delay: i64,
    pub order: i32,
    pub is_active: bool,
}

/// Who may not come into a room, or not leave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomCheck {
    pub prevent: Prevent,
    /// Of ways out: this one only.
    pub direction: Option<Direction>,
    pub conditions: String,
    pub failure_message: String,
}

/// What happens when a thing is taken up in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetTrigger {
    pub item: ItemTemplateId,
    pub conditions: String,
    pub message: String,
    /// Whoever takes it finds themselves there.
    pub transport: Option<RoomId>,
}

/// How a fact of the world changes by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactSchedule {
    pub id: FactScheduleId,
    pub slug: String,
    pub fact: String,
    pub values: Vec<String>,
    pub selection: FactSelection,
    /// Seconds of world time; 0 where `cron` says when.
    pub every: i64,
    pub cron: String,
    /// Told to everyone; may be empty.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loader {
    pub id: LoaderId,
    pub slug: String,
    pub zone: ZoneId,
    pub name: String,
    /// None takes the zone's wait.
    pub respawn_wait: Option<i64>,
    pub conditions: String,
    pub is_group: bool,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    pub id: RuleId,
    pub load: Load,
    pub into: Place,
    pub copies: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Load {
    Mob(MobTemplateId),
    Item(ItemTemplateId),
}

/// Where a rule's things go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    Room(RoomId),
    Zone(ZoneId),
    /// Into each thing that this earlier rule of the same loader made in the same run.
    Rule(RuleId),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faction {
    pub id: FactionId,
    pub code: String,
    pub name: String,
    pub description: String,
    pub is_core: bool,
    pub is_default: bool,
    pub is_selectable: bool,
    pub starting_room: Option<RoomId>,
    pub death_room: Option<RoomId>,
    pub ranks: Vec<(i64, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency {
    pub id: CurrencyId,
    pub code: String,
    pub name: String,
    pub is_default: bool,
}

/// Empty texts are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Social {
    pub cmd: String,
    pub priority: i32,
    pub targetless_self: String,
    pub targetless_other: String,
    pub targeted_self: String,
    pub targeted_target: String,
    pub targeted_other: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartingEquipment {
    pub item: ItemTemplateId,
    pub archetype: Option<Archetype>,
    pub num: u32,
}
