//! What clients see of a world: rooms, characters, items, the own character. The shapes are the
//! contract's; parts that cannot change are shared with the templates.

mod fight;
mod patch;
mod place;
mod who;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::world::kept::Kept;
use crate::world::template::Stats;

pub use fight::*;
pub use patch::*;
pub use place::*;
pub use who::*;

/// Pieces of JSON that were made of a view when it was first sent.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The whole view.
    pub json: Box<str>,
    /// Its line in the text of a room, with the break before it.
    pub line: Box<str>,
}

/// A character as others see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Char {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub title: String,
    pub keyword: String,
    pub keywords: String,
    pub description: String,
    pub room_description: String,
    pub char_type: &'static str,
    pub template_id: Option<i64>,
    pub level: u32,
    pub gender: &'static str,
    pub archetype: &'static str,
    pub pronouns: Pronouns,
    pub core_faction: String,
    pub display_faction: Option<String>,
    pub state: &'static str,
    pub stance: Option<String>,
    pub health: i32,
    pub health_max: i32,
    pub target: Option<Called>,
    pub group_id: Option<String>,
    pub is_elite: bool,
    pub is_invisible: bool,
    pub is_linkless: bool,
    pub is_merchant: bool,
    pub merchant_profit: Option<f64>,
    pub is_crafter: bool,
    pub is_upgrader: bool,
    pub quest_data: QuestData,
    pub actions: Vec<String>,
    pub equipment: Equipment,
    /// A player's numbers with what is worn; clients see their own only.
    #[serde(skip)]
    pub stats: Stats,
    #[serde(skip)]
    pub shown: Kept<Shown>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pronouns {
    pub subject: &'static str,
    pub object: &'static str,
    pub possessive: &'static str,
    pub reflexive: &'static str,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QuestData {
    pub enquire: bool,
    pub complete: bool,
}

/// Slot to item.
pub type Equipment = BTreeMap<&'static str, Arc<Item>>;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Item {
    pub key: String,
    pub name: String,
    pub keyword: String,
    pub keywords: String,
    pub template_id: i64,
    pub description: String,
    pub ground_description: String,
    #[serde(rename = "type")]
    pub item_type: &'static str,
    pub quality: &'static str,
    pub level: u32,
    pub label: String,
    pub is_container: bool,
    pub is_pickable: bool,
    pub is_boat: bool,
    pub is_magic: bool,
    pub in_container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inventory: Option<Vec<Arc<Item>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equipment_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub armor_class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weapon_type: Option<&'static str>,
    pub damage: i32,
    pub armor: i32,
    #[serde(flatten)]
    pub attributes: BTreeMap<&'static str, i32>,
    pub cost: i64,
    pub currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub food_value: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub food_type: Option<&'static str>,
    pub on_use_cmd: String,
    pub on_use_description: String,
    pub actions: Vec<String>,
    #[serde(skip)]
    pub shown: Kept<Shown>,
}

/// The own character, whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Actor {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub title: String,
    pub description: String,
    pub level: u32,
    pub archetype: &'static str,
    pub gender: &'static str,
    pub char_type: &'static str,
    pub keyword: String,
    pub keywords: String,
    pub room: KeyRef,
    pub state: &'static str,
    pub stance: Option<String>,
    pub health: i32,
    pub health_max: i32,
    pub health_regen: i32,
    pub mana: i32,
    pub mana_max: i32,
    pub mana_regen: i32,
    pub stamina: i32,
    pub stamina_max: i32,
    pub stamina_regen: i32,
    pub strength: i32,
    pub constitution: i32,
    pub dexterity: i32,
    pub intelligence: i32,
    pub attack_power: i32,
    pub spell_power: i32,
    pub damage: i32,
    pub armor: i32,
    pub armor_perc: f64,
    pub crit: i32,
    pub crit_perc: f64,
    pub dodge: i32,
    pub dodge_perc: f64,
    pub resilience: i32,
    pub resilience_perc: f64,
    pub experience: i64,
    pub experience_progress: i64,
    pub experience_needed: i64,
    pub gold: i64,
    pub glory: i64,
    pub medals: i64,
    pub currencies: BTreeMap<String, i64>,
    pub inventory: Vec<Arc<Item>>,
    pub equipment: Equipment,
    pub factions: BTreeMap<String, serde_json::Value>,
    pub core_faction: String,
    pub display_faction: Option<String>,
    pub skills: Skills,
    pub focus: String,
    pub marks: BTreeMap<String, String>,
    pub aliases: BTreeMap<String, AliasView>,
    pub mute_list: Vec<String>,
    /// By their keys.
    pub effects: BTreeMap<String, EffectView>,
    /// By skill.
    pub cooldowns: BTreeMap<String, CooldownView>,
    pub is_immortal: bool,
    pub is_builder: bool,
    pub is_temporary: bool,
    pub is_invisible: bool,
    pub is_muted: bool,
    pub is_staff: bool,
    pub is_confirmed: bool,
    pub user_id: i64,
    pub user_name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skills {
    /// Key of the skill bar to code.
    pub custom: BTreeMap<String, String>,
    /// Codes of all that the player knows.
    pub known: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AliasView {
    pub id: u32,
    #[serde(rename = "match")]
    pub matches: String,
    pub replacement: String,
}

/// The world in the snapshot, merged over what the Forge sent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SyncWorld {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub is_multiplayer: bool,
    pub allow_combat: bool,
    pub allow_pvp: bool,
    pub players_can_set_title: bool,
    pub globals_enabled: bool,
    pub auto_equip: bool,
    pub classless: bool,
    pub tier: u32,
    pub instance_ref: Option<String>,
    pub starting_room: String,
    pub death_room: String,
    pub factions: BTreeMap<String, FactionView>,
    pub currencies: BTreeMap<String, CurrencyView>,
    pub skills: WorldSkills,
    pub socials: Socials,
    pub facts: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactionView {
    pub code: String,
    pub name: String,
    pub is_core: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CurrencyView {
    pub code: String,
    pub name: String,
    pub is_default: bool,
}

/// Both nestings: one client reads the outer definitions, another the inner.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorldSkills {
    pub definitions: BTreeMap<String, SkillView>,
    pub custom: SkillDefinitions,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SkillDefinitions {
    pub definitions: BTreeMap<String, SkillView>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Socials {
    /// Command to its five texts.
    pub cmds: BTreeMap<String, [String; 5]>,
    pub order: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StateSync {
    pub map: Vec<MapRoom>,
    pub actor: Actor,
    pub room: RoomView,
    pub world: SyncWorld,
    pub who_list: Arc<WhoList>,
}

/// `system.connect.success`: how to come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectedData {
    /// True where the character was in the world already.
    pub resumed: bool,
    /// Number of the last numbered command that was applied; only to a client that came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_n: Option<u64>,
    /// The way back, for `data.resume` of the next `system.connect`.
    pub resume: String,
    /// Number of the newest message; only to a client that came back. What it missed up to here follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// The whole room, looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LookData {
    pub actor: ActorPatch,
    pub target_type: &'static str,
    pub target: RoomView,
    pub map: Vec<MapRoom>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MoveData {
    pub room: RoomView,
    pub actor: ActorPatch,
    pub direction: &'static str,
    pub map: Vec<MapRoom>,
    pub door_states: Vec<DoorStateView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoorStateView {
    pub key: String,
    pub direction: &'static str,
    pub door_state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DoorData {
    pub room: MapRoom,
    pub exit_room: Option<MapRoom>,
    pub direction: &'static str,
    pub door_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
}

/// Items that went from somewhere to somewhere, and what the client has to refresh.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ItemsData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<ActorView>,
    pub items: Vec<Arc<Item>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Arc<Item>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Arc<Item>>,
}

/// The own character whole, or someone else by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ActorView {
    Own(Box<Actor>),
    Other(Named),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InventoryView {
    pub key: String,
    pub inventory: Vec<Arc<Item>>,
    pub gold: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DetailView {
    pub keyword: String,
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChatPlayer {
    pub core_faction: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoisView {
    pub id: i64,
    pub name: String,
    pub title: String,
    pub level: u32,
    pub gender: &'static str,
    pub archetype: &'static str,
    pub core_faction: String,
    pub description: String,
    pub factions: Vec<WhoisFaction>,
    pub is_online: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhoisFaction {
    pub id: i64,
    pub name: String,
    pub rank: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExitView {
    pub id: i64,
    pub name: String,
}

/// The numbers of the stats sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatsView(pub Stats);

impl Serialize for StatsView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HelpData {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<HelpTopic>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<HelpTopic>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HelpTopic {
    pub name: &'static str,
    pub format: &'static str,
    pub description: &'static str,
    pub examples: Vec<&'static str>,
    pub group: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MerchantView {
    pub key: String,
    pub name: String,
}
