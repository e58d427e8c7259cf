//! The registry of nexuses: who registered, who is alive, which worlds each may run, and which one should run the next.
//! A lease moves only after its holder released it or an operator declared the holder lost; every new lease has a higher
//! epoch, and whoever comes with another one is refused.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::GenericClient;
use serde::Serialize;
use time::OffsetDateTime;

use super::internal::InternalError;
use super::{App, AppError, Db, spawns};
use crate::config::Secret;
use crate::link::{Link, LinkError};
use crate::world::character::PlayerId;
use crate::world::internal::{Heartbeat, Register, Registered};
use crate::world::template::WorldId;

/// How often a nexus should send its heartbeat.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(5);
/// A nexus that was silent for longer gets no new worlds.
pub const NEXUS_SILENT: Duration = Duration::from_secs(20);
/// Bytes of a nexus's name.
const NAME_BYTES_MAX: usize = 63;

/// Links to nexuses, by address.
pub struct Links {
    token: Secret,
    by_url: Mutex<HashMap<String, Link>>,
}

impl Links {
    pub fn new(token: Secret) -> Self {
        Self { token, by_url: Mutex::default() }
    }

    /// The link to an internal address; connections are kept between calls.
    pub fn to(&self, url: &str) -> Result<Link, LinkError> {
        let mut links = self.by_url.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(url) {
            return Ok(link.clone());
        }
        let link = Link::new(url, &self.token)?;
        links.insert(url.to_owned(), link.clone());
        Ok(link)
    }
}

/// A registered nexus, for operators.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NexusCard {
    pub name: String,
    pub url: String,
    pub engine: String,
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen: OffsetDateTime,
    /// Heard of within [`NEXUS_SILENT`].
    pub is_alive: bool,
    /// It gets no worlds until it is started again.
    pub is_draining: bool,
    pub players: i32,
    /// Spawns whose lease it holds.
    pub worlds: Vec<WorldId>,
}

/// What is lost when a nexus is given up, world by world.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LostWorld {
    pub spawn: WorldId,
    pub name: String,
    /// When the image that it will start from was saved; without one it starts afresh.
    pub image: Option<OffsetDateTime>,
    /// Instructions applied up to that image.
    pub image_seq: Option<u64>,
    /// Names of characters that were inside; their progress since the image or their last save is lost.
    pub players: Vec<String>,
}

/// A nexus presents itself: it gets the keys of access tokens, its leases, and which of its copies are stale.
pub async fn register(app: &App, call: &Register) -> Result<Registered, InternalError> {
    check(call)?;
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    let known = transaction.query_opt("select data_id from nexus where name = $1 for update", &[&call.name]).await?;
    if known.is_some_and(|row| row.get::<_, &str>("data_id") != call.data_id) {
        let text = format!(
            "Nexus {0} is known with another data directory. Give this one another name; or, if the other directory \
             is gone for good, run `realms nexus forget {0}`.",
            call.name
        );
        return Err(InternalError::conflict("data_id", text));
    }
    transaction
        .execute(
            "insert into nexus (name, url, ws_uri, data_id, engine, boot, players)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (name) do update set url = excluded.url, ws_uri = excluded.ws_uri, engine = excluded.engine,
                 boot = excluded.boot, players = excluded.players, registered_ts = now(), last_seen_ts = now(),
                 is_draining = nexus.is_draining and nexus.boot = excluded.boot",
            &[
                &call.name,
                &call.url,
                &call.ws_uri,
                &call.data_id,
                &call.engine,
                &call.boot.cast_signed(),
                &count(call.worlds.iter().map(|world| world.players.len())),
            ],
        )
        .await?;
    let mut stale = Vec::new();
    let mut held = Vec::new();
    for world in &call.worlds {
        let current = transaction
            .query_opt(
                "select 1 from spawn where id = $1 and nexus = $2 and epoch = $3 and lifecycle <> 'stopped'",
                &[&world.spawn, &call.name, &world.epoch],
            )
            .await?;
        match current {
            Some(_) => {
                held.push(world.spawn);
                seen(&transaction, world.spawn, &world.players).await?;
            }
            None => stale.push(world.spawn),
        }
    }
    // It runs them from now on; a start that was cut short by a crash is thereby complete.
    let rows = transaction
        .query(
            "update spawn set lifecycle = case lifecycle when 'starting' then 'running' else lifecycle end
             where nexus = $1 and lifecycle in ('starting', 'running', 'stopping') returning id",
            &[&call.name],
        )
        .await?;
    let mut leases = Vec::new();
    for row in rows {
        let mut lease = spawns::lease(&transaction, row.get(0)).await?;
        if held.contains(&lease.spawn) {
            lease.image = None;
        }
        leases.push(lease);
    }
    transaction.commit().await?;
    tracing::info!(nexus = %call.name, leases = leases.len(), ?stale, "a nexus registered");
    Ok(Registered { keys: app.tokens.public_keys(), leases, stale })
}

/// A nexus is alive, and these characters are in its worlds.
pub async fn heartbeat(db: &Db, call: &Heartbeat) -> Result<(), InternalError> {
    let mut client = db.get().await?;
    let transaction = client.transaction().await?;
    let boot: i64 = call.boot.cast_signed();
    let players = count(call.players.values().map(Vec::len));
    let known = transaction
        .query_opt(
            "update nexus set last_seen_ts = now(), players = $2 where name = $1 returning boot",
            &[&call.name, &players],
        )
        .await?
        .ok_or_else(|| {
            InternalError::not_found("unknown_nexus", format!("Nexus {} is not registered here.", call.name))
        })?;
    if known.get::<_, i64>("boot") != boot {
        let text = format!("Nexus {} has registered again since; this one is another or must register.", call.name);
        return Err(InternalError::conflict("boot", text));
    }
    let named: Vec<WorldId> = call.players.keys().copied().collect();
    transaction
        .execute(
            "update spawn set players = 0 where nexus = $1 and players <> 0 and id <> all($2)",
            &[&call.name, &named],
        )
        .await?;
    for (spawn, players) in &call.players {
        let held =
            transaction.query_opt("select 1 from spawn where id = $1 and nexus = $2", &[spawn, &call.name]).await?;
        if held.is_some() {
            seen(&transaction, *spawn, players).await?;
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// Records who is inside a world.
async fn seen(
    transaction: &impl GenericClient,
    spawn: WorldId,
    players: &[PlayerId],
) -> Result<(), tokio_postgres::Error> {
    transaction
        .execute(
            "update spawn set players = $2,
                 last_played_ts = case when $2 > 0 then now() else last_played_ts end
             where id = $1 and (players <> $2 or $2 > 0)",
            &[&spawn, &count([players.len()])],
        )
        .await?;
    transaction.execute("delete from entry where spawn_id = $1 and player_id = any($2)", &[&spawn, &players]).await?;
    // Once a minute is enough for the rule that asks for five.
    transaction
        .execute(
            "update player set in_game = true, last_action_ts = now()
             where id = any($2) and held_by_spawn = $1
                 and (not in_game or last_action_ts is null or last_action_ts < now() - interval '1 minute')",
            &[&spawn, &players],
        )
        .await?;
    Ok(())
}

/// The nexus that a world should start on: the one that it is pinned to; or else the one that it ran on last, if that one
/// is alive; or else the alive one with the fewest worlds and players. One that a world is pinned to is kept for such
/// worlds, unless no other is alive. One that is drained gets none, and neither does `but`.
pub async fn place(
    transaction: &impl GenericClient,
    pinned: Option<&str>,
    last: Option<&str>,
    but: Option<&str>,
) -> Result<Option<String>, tokio_postgres::Error> {
    let row = transaction
        .query_opt(
            "select name from nexus n
             where last_seen_ts > now() - make_interval(secs => $3) and ($1::text is null or name = $1)
                 and not is_draining and name is distinct from $4::text
             order by exists (select 1 from world w where w.pinned_nexus = n.name), (name = coalesce($2::text, '')) desc,
                 (select count(*) from spawn s where s.nexus = n.name and s.lifecycle <> 'stopped'), players, name
             limit 1",
            &[&pinned, &last, &NEXUS_SILENT.as_secs_f64(), &but],
        )
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Has a world start on one nexus only, from its next start on; None lets it start on any. False where no such world is.
pub async fn pin(db: &Db, slug: &str, nexus: Option<&str>) -> Result<bool, AppError> {
    let client = db.get().await?;
    let pinned = client.execute("update world set pinned_nexus = $2 where slug = $1", &[&slug, &nexus]).await?;
    Ok(pinned > 0)
}

/// Every nexus that registered and was not forgotten.
pub async fn list(db: &Db) -> Result<Vec<NexusCard>, AppError> {
    let client = db.get().await?;
    let rows = client
        .query(
            "select name, url, engine, last_seen_ts, players,
                 last_seen_ts > now() - make_interval(secs => $1) as is_alive, is_draining,
                 array(select id from spawn s where s.nexus = n.name order by id) as worlds
             from nexus n order by name",
            &[&NEXUS_SILENT.as_secs_f64()],
        )
        .await?;
    let card = |row: tokio_postgres::Row| NexusCard {
        name: row.get("name"),
        url: row.get("url"),
        engine: row.get("engine"),
        last_seen: row.get("last_seen_ts"),
        is_alive: row.get("is_alive"),
        is_draining: row.get("is_draining"),
        players: row.get("players"),
        worlds: row.get("worlds"),
    };
    Ok(rows.into_iter().map(card).collect())
}

/// A nexus gets no more worlds until it is started again; with `drains` false it gets them again. False where no such
/// nexus is known.
pub async fn set_draining(db: &Db, name: &str, drains: bool) -> Result<bool, AppError> {
    let client = db.get().await?;
    let set = client.execute("update nexus set is_draining = $2 where name = $1", &[&name, &drains]).await?;
    Ok(set > 0)
}

/// Declares a nexus and its data directory gone for good: its worlds start elsewhere, from their last images. Returns what
/// is lost; with `dry_run` only that. None where no such nexus is known.
pub async fn forget(db: &Db, name: &str, dry_run: bool) -> Result<Option<Vec<LostWorld>>, AppError> {
    let mut client = db.get().await?;
    let transaction = client.transaction().await?;
    if transaction.query_opt("select 1 from nexus where name = $1 for update", &[&name]).await?.is_none() {
        return Ok(None);
    }
    let rows = transaction
        .query(
            "select s.id, w.name, i.saved_ts, i.seq,
                 array(select p.name from player p where p.held_by_spawn = s.id order by p.name) as players
             from spawn s join world w on w.id = s.world_id left join image i on i.spawn_id = s.id
             where s.nexus = $1 order by s.id for update of s",
            &[&name],
        )
        .await?;
    let lost: Vec<LostWorld> = rows
        .iter()
        .map(|row| LostWorld {
            spawn: row.get(0),
            name: row.get(1),
            image: row.get(2),
            image_seq: row.get::<_, Option<i64>>(3).map(i64::cast_unsigned),
            players: row.get(4),
        })
        .collect();
    if dry_run {
        return Ok(Some(lost));
    }
    for world in &lost {
        spawns::release(&transaction, world.spawn).await?;
    }
    transaction.execute("delete from nexus where name = $1", &[&name]).await?;
    transaction.commit().await?;
    tracing::warn!(nexus = name, worlds = lost.len(), "a nexus was forgotten");
    Ok(Some(lost))
}

fn check(call: &Register) -> Result<(), InternalError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '.';
    if call.name.is_empty() || call.name.len() > NAME_BYTES_MAX || !call.name.chars().all(plain) {
        return Err(InternalError::bad_request("A nexus's name is 1 to 63 letters, digits, '-', '_' or '.'."));
    }
    if call.data_id.is_empty() {
        return Err(InternalError::bad_request("A nexus's data directory has an id."));
    }
    Link::new(&call.url, &Secret::new("-")).map(|_| ()).map_err(|error| InternalError::bad_request(error.to_string()))
}

fn count(lengths: impl IntoIterator<Item = usize>) -> i32 {
    i32::try_from(lengths.into_iter().sum::<usize>()).unwrap_or(i32::MAX)
}
