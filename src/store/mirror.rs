//! The Redis mirror: a read-only copy of who and what is in a nexus's worlds, for the Forge's loaders and for operators.
//! The nexus writes it, only after durability; the Forge reads it. Nothing ever depends on it: an error of any kind means
//! "unknown", the reader asks the nexus itself, and the writer rebuilds everything under a new generation.
//!
//! ```text
//! nexus:<name>:current                    text   the generation that readers use: "<boot>-<rebuild>"
//! nexus:<name>:<gen>:begun                text   there as long as the generation is: gone, it has lost what was in it
//! nexus:<name>:<gen>:worlds               set    spawns of this generation, so that all of it can be removed
//! nexus:<name>:<gen>:w:<spawn>:lease      hash   epoch, incarnation, seq of the last change that is in
//! nexus:<name>:<gen>:w:<spawn>:rules      hash   loader rule -> live count, above zero
//! nexus:<name>:<gen>:w:<spawn>:mobs       hash   mob id -> {"template","room"} as JSON
//! nexus:<name>:<gen>:w:<spawn>:items      hash   item id -> {"template","place"} as JSON
//! nexus:<name>:<gen>:w:<spawn>:players    hash   player id -> {"name","room","linkless"} as JSON
//! ```
//! A generation belongs to one boot and one rebuild of the nexus; a world's lease epoch stands in its own `lease` key,
//! because leases move one by one. A Redis that was emptied answers as if nothing had happened: so every write looks for
//! the generation's first key, and fails without it.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Cmd, Pipeline};

use crate::world::character::PlayerId;
use crate::world::internal::Population;
use crate::world::template::{RuleId, WorldId};

/// Redis answers within this time or counts as down. A bulk pipeline needs more than the client's 500 ms.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Commands in one pipeline: a rebuild of a large world goes out in pieces.
pub const PIPELINE_COMMANDS_MAX: usize = 500;

#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    #[error("the mirror cannot be reached: {0}")]
    Redis(#[from] redis::RedisError),
    /// No generation, another epoch, or a switch while reading.
    #[error("the mirror does not know world {0}")]
    Unknown(WorldId),
    /// Somebody emptied Redis, or it began anew.
    #[error("the mirror has lost generation {0}")]
    Lost(String),
}

/// One change of a world's mirror, by absolute values, so that writing twice does no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MirrorChange {
    /// The world is in this generation, up to this instruction.
    Lease { spawn: WorldId, epoch: i64, incarnation: u64, seq: u64 },
    /// Live count of a loader rule.
    Rule { spawn: WorldId, rule: RuleId, count: u32 },
    /// A mob, item or player: JSON of it, or None where it is gone.
    Thing { spawn: WorldId, kind: MirrorKind, id: i64, json: Option<String> },
    /// The world left this nexus.
    Gone { spawn: WorldId },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MirrorKind {
    Mob,
    Item,
    Player,
}

impl MirrorKind {
    const fn key(self) -> &'static str {
        match self {
            Self::Mob => "mobs",
            Self::Item => "items",
            Self::Player => "players",
        }
    }
}

/// A connection to the mirror, for reading any nexus's part and for writing one's own. Clones share the connection.
#[derive(Clone)]
pub struct Mirror {
    redis: ConnectionManager,
}

impl Mirror {
    /// Opens lazily: a Redis that is down is an error of the calls, not of this.
    ///
    /// # Errors
    /// Where the address is not one.
    pub fn open(url: &str) -> Result<Self, MirrorError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_connection_timeout(Some(CONNECT_TIMEOUT));
        Ok(Self { redis: ConnectionManager::new_lazy_with_config(redis::Client::open(url)?, config)? })
    }

    /// The live counts of a world as its holder last published them under this lease.
    pub async fn population(&self, nexus: &str, spawn: WorldId, epoch: i64) -> Result<Population, MirrorError> {
        let mut redis = self.redis.clone();
        let generation = self.generation(nexus).await?.ok_or(MirrorError::Unknown(spawn))?;
        let key = |part: &str| world_key(nexus, &generation, spawn, part);
        let (held, rules, mobs, items, mut players): (Option<i64>, BTreeMap<RuleId, u32>, u64, u64, Vec<PlayerId>) =
            redis::pipe()
                .hget(key("lease"), "epoch")
                .hgetall(key("rules"))
                .hlen(key("mobs"))
                .hlen(key("items"))
                .hkeys(key("players"))
                .query_async(&mut redis)
                .await?;
        // A switch in between may have removed what was being read.
        let unchanged = self.generation(nexus).await?.as_deref() == Some(generation.as_str());
        if held != Some(epoch) || !unchanged {
            return Err(MirrorError::Unknown(spawn));
        }
        // Redis gives them in no order.
        players.sort_unstable();
        Ok(Population { rules, mobs, items, players, linkless: Vec::new() })
    }

    /// The generation that readers of this nexus use.
    pub async fn generation(&self, nexus: &str) -> Result<Option<String>, MirrorError> {
        Ok(Cmd::get(current_key(nexus)).query_async(&mut self.redis.clone()).await?)
    }

    /// Begins a generation: whatever an earlier try left under its name is removed.
    pub async fn begin(&self, nexus: &str, generation: &str) -> Result<(), MirrorError> {
        self.remove(nexus, generation).await?;
        Ok(Cmd::set(begun_key(nexus, generation), 1).query_async(&mut self.redis.clone()).await?)
    }

    /// Writes changes into a generation that was begun, and need not be the current one yet.
    ///
    /// # Errors
    /// Redis is away, or has lost the generation. Then something of the changes may be written.
    pub async fn write(&self, nexus: &str, generation: &str, changes: &[MirrorChange]) -> Result<(), MirrorError> {
        for piece in changes.chunks(PIPELINE_COMMANDS_MAX / 2) {
            let mut pipe = redis::pipe();
            for change in piece {
                put(&mut pipe, nexus, generation, change);
            }
            pipe.exists(begun_key(nexus, generation));
            let (is_there,): (bool,) = pipe.query_async(&mut self.redis.clone()).await?;
            if !is_there {
                return Err(MirrorError::Lost(generation.to_owned()));
            }
        }
        Ok(())
    }

    /// Makes a fully written generation the current one, and removes its predecessor.
    ///
    /// # Errors
    /// Redis is away, or has lost the generation; then none is current.
    pub async fn switch(&self, nexus: &str, generation: &str) -> Result<(), MirrorError> {
        let mut redis = self.redis.clone();
        let (before, is_there): (Option<String>, bool) = redis::pipe()
            .atomic()
            .getset(current_key(nexus), generation)
            .exists(begun_key(nexus, generation))
            .query_async(&mut redis)
            .await?;
        if !is_there {
            Cmd::del(current_key(nexus)).query_async::<()>(&mut redis).await?;
            return Err(MirrorError::Lost(generation.to_owned()));
        }
        match before {
            Some(old) if old != generation => self.remove(nexus, &old).await,
            _ => Ok(()),
        }
    }

    /// Removes all of a generation that is not the current one.
    pub async fn remove(&self, nexus: &str, generation: &str) -> Result<(), MirrorError> {
        let mut redis = self.redis.clone();
        let worlds_key = worlds_key(nexus, generation);
        let spawns: Vec<WorldId> = Cmd::smembers(&worlds_key).query_async(&mut redis).await?;
        for piece in spawns.chunks(PIPELINE_COMMANDS_MAX / PARTS.len()) {
            let mut pipe = redis::pipe();
            for spawn in piece {
                remove_world(&mut pipe, nexus, generation, *spawn);
            }
            pipe.query_async::<()>(&mut redis).await?;
        }
        Ok(Cmd::unlink(&[worlds_key, begun_key(nexus, generation)]).query_async(&mut redis).await?)
    }
}

const PARTS: [&str; 5] = ["lease", "rules", "mobs", "items", "players"];

fn put(pipe: &mut Pipeline, nexus: &str, generation: &str, change: &MirrorChange) {
    match change {
        MirrorChange::Lease { spawn, epoch, incarnation, seq } => {
            let fields =
                [("epoch", epoch.to_string()), ("incarnation", incarnation.to_string()), ("seq", seq.to_string())];
            pipe.sadd(worlds_key(nexus, generation), *spawn).ignore();
            pipe.hset_multiple(world_key(nexus, generation, *spawn, "lease"), &fields).ignore();
        }
        MirrorChange::Rule { spawn, rule, count: 0 } => {
            pipe.hdel(world_key(nexus, generation, *spawn, "rules"), *rule).ignore();
        }
        MirrorChange::Rule { spawn, rule, count } => {
            pipe.hset(world_key(nexus, generation, *spawn, "rules"), *rule, *count).ignore();
        }
        MirrorChange::Thing { spawn, kind, id, json: Some(json) } => {
            pipe.hset(world_key(nexus, generation, *spawn, kind.key()), *id, json).ignore();
        }
        MirrorChange::Thing { spawn, kind, id, json: None } => {
            pipe.hdel(world_key(nexus, generation, *spawn, kind.key()), *id).ignore();
        }
        MirrorChange::Gone { spawn } => {
            remove_world(pipe, nexus, generation, *spawn);
            pipe.srem(worlds_key(nexus, generation), *spawn).ignore();
        }
    }
}

fn remove_world(pipe: &mut Pipeline, nexus: &str, generation: &str, spawn: WorldId) {
    let keys = PARTS.map(|part| world_key(nexus, generation, spawn, part));
    pipe.unlink(&keys[..]).ignore();
}

fn current_key(nexus: &str) -> String {
    format!("nexus:{nexus}:current")
}

fn begun_key(nexus: &str, generation: &str) -> String {
    format!("nexus:{nexus}:{generation}:begun")
}

fn worlds_key(nexus: &str, generation: &str) -> String {
    format!("nexus:{nexus}:{generation}:worlds")
}

fn world_key(nexus: &str, generation: &str, spawn: WorldId, part: &str) -> String {
    format!("nexus:{nexus}:{generation}:w:{spawn}:{part}")
}
