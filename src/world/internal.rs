//! What Forge and Nexus say to each other over internal HTTP, as JSON bodies under `/internal/`,
//! with `Authorization: Bearer <service token>`. Both directions use one set of types.
//! Refusals are `{"error": text, "code": code}` with a 4xx status.
//!
//! Forge serves:  `POST nexus/register` [`Register`] -> [`Registered`]; `POST nexus/heartbeat` [`Heartbeat`] -> `{}`;
//!                `GET templates/{hash}` -> an encoded set (`super::set`); `POST errands` [`ErrandCall`] -> [`ErrandReply`];
//!                `POST images/{spawn}` [`ImageSave`] -> [`Saved`]; `GET images/{spawn}` -> postcard of all records by key.
//!                Codes: `epoch` the lease is another's, `content` an errand's id is known with another content, `image_gap` send
//!                all records, `data_id` the nexus's name is another's, `unknown_nexus` and `boot` register again.
//! Nexus serves:  `POST worlds/start` [`Lease`] -> `{}` when it runs; `POST worlds/{spawn}/stop` [`StopOrder`] -> [`Saved`] when it is stopped and saved;
//!                `POST enter` [`Ticket`] -> `{}`; `POST worlds/{spawn}/instruct` [`Order`] -> `{}`;
//!                `GET worlds/{spawn}/population` -> [`Population`]; `POST worlds/{spawn}/save` -> [`Saved`].
//!                Codes: `unknown_world` it does not run it; of `enter` also `saving`, `logged_on`, and `closed` with a text for
//!                the player.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::character::{Account, Character, PlayerConfig, PlayerId};
use super::template::{ItemTemplateId, LoaderId, MobTemplateId, RoomId, RuleId, WorldId, ZoneId};

/// A nexus presents itself after it has recovered its disk.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Register {
    pub name: String,
    /// Where the Forge reaches it: `http://host:port` or `unix:/path`.
    pub url: String,
    /// Where clients reach its game socket: `wss://host/ws/game/cmd`; empty takes the platform's own address.
    pub ws_uri: String,
    pub engine: String,
    /// Of its data directory, made once; a nexus under a known name with another directory is refused.
    pub data_id: String,
    pub boot: u64,
    pub worlds: Vec<HeldWorld>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldWorld {
    pub spawn: WorldId,
    pub epoch: i64,
    pub incarnation: u64,
    pub seq: u64,
    /// Characters in the world, linkless ones included.
    pub players: Vec<PlayerId>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    /// Ed25519 public keys of access tokens: key id to base64 of the 32 raw bytes.
    pub keys: Vec<(String, String)>,
    /// The worlds that this nexus holds a lease of and should run now.
    pub leases: Vec<Lease>,
    /// Held worlds whose lease moved on: their copies here are stale.
    pub stale: Vec<WorldId>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Heartbeat {
    pub name: String,
    pub boot: u64,
    /// Characters per spawn.
    pub players: BTreeMap<WorldId, Vec<PlayerId>>,
}

/// The right to run a spawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    pub spawn: WorldId,
    pub root: WorldId,
    pub epoch: i64,
    pub name: String,
    /// Hex of the hash of the template set.
    pub templates: String,
    /// A block of ids for mobs and items: start inclusive, end exclusive.
    pub ids: (i64, i64),
    /// Where the spawn has an image in the Forge and no copy on this nexus: its records, hex-free postcard keys and values.
    pub image: Option<ImageInfo>,
    /// Entropy for a new world's generator.
    pub seed: u64,
}

/// Ends what runs of a spawn under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopOrder {
    pub epoch: i64,
    /// The world goes on elsewhere as it is: nothing is cleaned up, and its players come back.
    #[serde(default)]
    pub moves: bool,
}

/// An image that the Forge holds of a spawn; its records come from `GET /internal/images/{spawn}` as postcard `Vec<(Vec<u8>, Vec<u8>)>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageInfo {
    pub incarnation: u64,
    pub seq: u64,
    pub records: u64,
    /// Hex of the digest of all records.
    pub digest: String,
}

/// Sent by the Forge to the Nexus at `enter_world`; the socket that connects must match it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ticket {
    pub spawn: WorldId,
    pub epoch: i64,
    pub account: Account,
    /// Ignored by a world that still has the character: the engine's copy wins.
    pub character: Character,
    pub config: PlayerConfig,
    /// How often the Forge had stored the character when it read it.
    #[serde(default)]
    pub version: i64,
    /// Unix seconds.
    pub expires: i64,
}

/// The identity of an errand: world incarnation, instruction sequence, ordinal within the turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ErrandId {
    pub incarnation: u64,
    pub seq: u64,
    pub ordinal: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ErrandCall {
    pub nexus: String,
    pub spawn: WorldId,
    pub epoch: i64,
    pub id: ErrandId,
    pub errand: Errand,
}

/// What a world asks of the Forge. The same id with the same content gets the same answer, for ever; with another it is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// What is missing of the population, by the loaders' rules.
    RunLoaders(LoaderQuery),
    /// A character as it is now; with `release` the last word of this world on it.
    SaveCharacter { character: Box<Character>, release: bool },
    /// More ids for mobs and items.
    GrantIds,
    /// A character of the world who may be offline.
    Whois { name: String },
}

/// When each loader and zone last ran, in milliseconds of world time, and the facts that conditions ask for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoaderQuery {
    pub now: u64,
    /// Ignore waits and population (a new world).
    pub initial: bool,
    pub zones: Vec<(ZoneId, u64)>,
    pub loaders: Vec<(LoaderId, u64)>,
    pub facts: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrandReply {
    pub id: ErrandId,
    pub answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Load(LoadPlan),
    /// How often the character has been stored, this time included.
    Saved {
        #[serde(default)]
        version: i64,
    },
    Ids {
        start: i64,
        end: i64,
    },
    Whois {
        found: Option<WhoisCard>,
    },
    /// The Forge will not do it, now or ever; the world goes on without.
    Refused {
        code: String,
        text: String,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadPlan {
    /// Zones that reset in this run; their doors return to their defaults.
    pub zones: Vec<ZoneId>,
    /// Loaders that ran.
    pub loaders: Vec<LoaderId>,
    /// In order; the world checks each rule's cap again.
    pub loads: Vec<PlannedLoad>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLoad {
    pub loader: LoaderId,
    pub rule: RuleId,
    pub what: PlannedThing,
    pub into: PlannedPlace,
    /// The most that may live of this rule in the world.
    pub cap: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedThing {
    Mob(MobTemplateId),
    Item(ItemTemplateId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlannedPlace {
    Room(RoomId),
    /// A room of the zone, chosen by the world.
    Zone(ZoneId),
    /// Into the thing that the `nth` (from 0) load of this plan made.
    Load(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WhoisCard {
    pub id: PlayerId,
    pub name: String,
    pub title: String,
    pub level: u32,
    pub gender: super::kinds::Gender,
    pub archetype: super::kinds::Archetype,
    pub core_faction: Option<String>,
    pub description: String,
}

/// Live counts by loader rule, from the mirror or from the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    pub rules: BTreeMap<RuleId, u32>,
    pub mobs: u64,
    pub items: u64,
    pub players: Vec<PlayerId>,
    /// Those of them whose connection is gone. Only the nexus itself says it; the mirror leaves it empty.
    #[serde(default)]
    pub linkless: Vec<PlayerId>,
}

/// What the Forge tells a running world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Take a player out, with the reason as text.
    Expel {
        player: PlayerId,
        text: String,
    },
    SetMuted {
        player: PlayerId,
        muted: bool,
    },
    SetConfig {
        player: PlayerId,
        config: PlayerConfig,
    },
    /// Switch to another template set.
    Templates {
        hash: String,
    },
    /// A message to everyone in the world.
    Broadcast {
        text: String,
    },
}

/// What a save made durable in the Forge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    pub incarnation: u64,
    pub seq: u64,
    pub characters: u32,
}

/// A world's image brought forward: what changed since the last one that the Forge acknowledged, with the
/// characters of the same moment. `POST /internal/images/{spawn}`, one transaction in the Forge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ImageSave {
    pub nexus: String,
    pub spawn: WorldId,
    pub epoch: i64,
    pub incarnation: u64,
    pub seq: u64,
    /// The sequence of the image that this one follows; None replaces all records.
    pub since: Option<u64>,
    /// base64 key, base64 value; a missing value is a removal.
    pub records: Vec<(String, Option<String>)>,
    /// Of all records after this save, hex.
    pub digest: String,
    pub characters: Vec<Character>,
}

/// How many ids for mobs and items one grant has.
pub const ID_BLOCK: i64 = 1 << 24;
