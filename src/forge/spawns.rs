//! Spawns, the playable copies of worlds, and their lives: new, starting, running, stopping, stopped. Each change of life
//! is one row update that only one replica wins; the nexus is called between such updates, never inside a transaction,
//! and what a crash leaves half done is finished by `tending`.

use std::time::Duration;

use deadpool_postgres::{GenericClient, Transaction};
use serde_json::json;
use tokio_postgres::Error;

use super::pushes::{self, Notice};
use super::{App, AppError, Db, PLATFORM_NAME, images, registry};
use crate::link::{Link, LinkError};
use crate::world::internal::{ID_BLOCK, Lease, Order, StopOrder};
use crate::world::template::WorldId;

/// A nexus starts a world within this time, or the start has failed.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// A nexus stops and saves a world within this time, or it is asked again.
const STOP_TIMEOUT: Duration = Duration::from_secs(120);
/// A start that another visitor's entry waits for.
const START_WAIT: Duration = Duration::from_secs(20);
const START_POLL: Duration = Duration::from_millis(100);

/// Between the notice to the players and the stop.
pub const STOP_NOTICE: Duration = Duration::from_secs(30);

/// Why a world does not start, stop or answer; the text is for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Declined(pub String);

impl Declined {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Every fault of the database is the same to the one who waits for a job.
impl From<Error> for Declined {
    fn from(error: Error) -> Self {
        AppError::from(error).into()
    }
}

impl From<deadpool_postgres::PoolError> for Declined {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        AppError::from(error).into()
    }
}

impl From<AppError> for Declined {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable(text) => Self(text),
            other => {
                tracing::error!(cause = ?other, "a job failed");
                Self(super::error::INTERNAL_TEXT.into())
            }
        }
    }
}

/// Makes a spawn of a root world; of a multiplayer world its one shared spawn, if it is not there yet.
pub async fn create(client: &impl GenericClient, world: WorldId, is_shared: bool) -> Result<WorldId, Error> {
    let shared = "select id from spawn where world_id = $1 and is_shared";
    if is_shared && let Some(row) = client.query_opt(shared, &[&world]).await? {
        return Ok(row.get(0));
    }
    let mut seed = [0u8; 8];
    // The system's generator has no failure that a program could survive sensibly.
    aws_lc_rs::rand::fill(&mut seed).expect("the system's random generator works");
    let made = client
        .query_opt(
            "insert into spawn (world_id, is_shared, seed) values ($1, $2, $3)
             on conflict (world_id) where is_shared do nothing returning id",
            &[&world, &is_shared, &i64::from_le_bytes(seed)],
        )
        .await?;
    match made {
        Some(row) => Ok(row.get(0)),
        // Somebody else made it just now.
        None => Ok(client.query_one(shared, &[&world]).await?.get(0)),
    }
}

/// The lease of a spawn as it stands.
pub async fn lease(client: &impl GenericClient, spawn: WorldId) -> Result<Lease, Error> {
    let row = client
        .query_one(
            "select s.world_id, s.epoch, w.name, coalesce(s.templates, w.templates, ''), coalesce(s.ids_start, 0),
                 coalesce(s.ids_end, 0), s.seed
             from spawn s join world w on w.id = s.world_id where s.id = $1",
            &[&spawn],
        )
        .await?;
    Ok(Lease {
        spawn,
        root: row.get(0),
        epoch: row.get(1),
        name: row.get(2),
        templates: row.get(3),
        ids: (row.get(4), row.get(5)),
        image: images::info(client, spawn).await?,
        seed: row.get::<_, i64>(6).cast_unsigned(),
    })
}

/// A fresh block of ids: start inclusive, end exclusive.
pub async fn grant_ids(client: &impl GenericClient, spawn: WorldId, epoch: i64) -> Result<(i64, i64), Error> {
    let row = client
        .query_one(
            "insert into id_block (number, spawn_id, epoch) values (nextval('id_block_seq'), $1, $2) returning number",
            &[&spawn, &epoch],
        )
        .await?;
    let start = row.get::<_, i64>(0) * ID_BLOCK;
    Ok((start, start + ID_BLOCK))
}

/// What must be true before a world may start (domain: start preflight). Lifecycle aside.
pub async fn start_preflight(client: &impl GenericClient, spawn: WorldId, is_staff: bool) -> Result<(), Declined> {
    let row = client
        .query_opt(
            "select w.no_start, w.is_archived, w.templates is not null as is_applied,
                 (select maintenance_mode from site where name = 'prod') as is_maintained
             from spawn s join world w on w.id = s.world_id where s.id = $1",
            &[&spawn],
        )
        .await?
        .ok_or_else(|| Declined::new("There is no such world."))?;
    if row.get("is_archived") || (row.get("no_start") && !is_staff) {
        return Err(Declined::new("World is disabled."));
    }
    if row.get("is_maintained") && !is_staff {
        return Err(Declined::new(format!(
            "Unable to build world: {PLATFORM_NAME} is undergoing maintenance. Please try again later."
        )));
    }
    if !row.get::<_, bool>("is_applied") {
        return Err(Declined::new("World has no rooms yet."));
    }
    Ok(())
}

/// Starts a spawn on a nexus, or waits for the start that another is making.
pub async fn start(app: &App, spawn: WorldId, is_staff: bool) -> Result<(), Declined> {
    place_and_start(app, spawn, is_staff, None).await
}

/// As [`start`], on any nexus but one.
async fn place_and_start(app: &App, spawn: WorldId, is_staff: bool, but: Option<&str>) -> Result<(), Declined> {
    let mut client = app.db.get().await?;
    start_preflight(&client, spawn, is_staff).await?;
    let transaction = client.transaction().await?;
    let row = transaction
        .query_one(
            "select s.lifecycle, s.world_id, s.epoch, w.pinned_nexus, i.nexus as last_nexus
             from spawn s join world w on w.id = s.world_id left join image i on i.spawn_id = s.id
             where s.id = $1 for update of s",
            &[&spawn],
        )
        .await?;
    let (before, root): (String, WorldId) = (row.get("lifecycle"), row.get("world_id"));
    match before.as_str() {
        "new" | "stopped" => {}
        "starting" => {
            drop(transaction);
            drop(client);
            return await_start(app, spawn).await;
        }
        other => return Err(Declined::new(format!("World cannot be started in '{other}' state."))),
    }
    let nexus = registry::place(&transaction, row.get("pinned_nexus"), row.get("last_nexus"), but).await?;
    let nexus = nexus.ok_or_else(|| Declined::new("No game server is ready for this world yet. Please try again."))?;
    let epoch = row.get::<_, i64>("epoch") + 1;
    let (ids_start, ids_end) = grant_ids(&transaction, spawn, epoch).await?;
    transaction
        .execute(
            "update spawn s set lifecycle = 'starting', lifecycle_ts = now(), nexus = $2, epoch = $3, ids_start = $4,
                 ids_end = $5, templates = w.templates, players = 0
             from world w where s.id = $1 and w.id = s.world_id",
            &[&spawn, &nexus, &epoch, &ids_start, &ids_end],
        )
        .await?;
    let lease = lease(&transaction, spawn).await?;
    pushes::notify(&transaction, &Notice::World { world: root }).await?;
    transaction.commit().await?;
    drop(client);
    let outcome = call_start(app, &nexus, &lease).await;
    let reached = if outcome.is_ok() { "running" } else { before.as_str() };
    settle_start(&app.db, &lease, reached).await?;
    outcome
}

pub(super) async fn call_start(app: &App, nexus: &str, lease: &Lease) -> Result<(), Declined> {
    let started = match link(app, nexus).await? {
        Some(link) => link.patient(START_TIMEOUT).post::<serde_json::Value>("worlds/start", lease).await,
        None => Err(LinkError::Unreachable("its nexus was forgotten".into())),
    };
    started.map(|_| ()).map_err(|error| {
        tracing::warn!(spawn = lease.spawn, nexus, %error, "a world did not start");
        Declined::new("The world could not be started. Please try again in a moment.")
    })
}

/// After the call: running, or back to what it was without a lease. A nexus that started it nevertheless holds an old
/// epoch, for which no ticket was ever made.
pub(super) async fn settle_start(db: &Db, lease: &Lease, reached: &str) -> Result<(), Declined> {
    let client = db.get().await?;
    client
        .execute(
            "update spawn set lifecycle = $3, lifecycle_ts = now(), last_played_ts = now(),
                 nexus = case $3 when 'running' then nexus end
             where id = $1 and epoch = $2 and lifecycle = 'starting'",
            &[&lease.spawn, &lease.epoch, &reached],
        )
        .await?;
    pushes::notify(&client, &Notice::World { world: lease.root }).await?;
    Ok(())
}

async fn await_start(app: &App, spawn: WorldId) -> Result<(), Declined> {
    let waiting = async {
        loop {
            tokio::time::sleep(START_POLL).await;
            let client = app.db.get().await?;
            let row = client.query_one("select lifecycle from spawn where id = $1", &[&spawn]).await?;
            match row.get::<_, &str>(0) {
                "starting" => {}
                "running" => return Ok(()),
                _ => return Err(Declined::new("The world could not be started. Please try again in a moment.")),
            }
        }
    };
    let late = || Declined::new("World cannot be entered in 'starting' state.");
    tokio::time::timeout(START_WAIT, waiting).await.unwrap_or_else(|_| Err(late()))
}

/// Makes the nexus that holds the lease of a running world run it again: it came back without it.
pub async fn start_again(app: &App, spawn: WorldId) -> Result<(), Declined> {
    let client = app.db.get().await?;
    let row = client.query_one("select nexus from spawn where id = $1 and lifecycle = 'running'", &[&spawn]).await?;
    let lease = lease(&client, spawn).await?;
    drop(client);
    match row.get::<_, Option<String>>(0) {
        Some(nexus) => call_start(app, &nexus, &lease).await,
        None => Err(Declined::new("World cannot be entered in 'stopped' state.")),
    }
}

/// Begins to stop a running world: nobody enters any more, the players are told, and after `notice` the nexus stops and
/// saves it. Returns when the stop has begun; without players or notice, when it is done.
pub async fn stop(app: &App, spawn: WorldId, notice: Duration) -> Result<(), Declined> {
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "update spawn set lifecycle = 'stopping', lifecycle_ts = now(), is_moving = false
             where id = $1 and lifecycle = 'running' returning world_id, players",
            &[&spawn],
        )
        .await?
        .ok_or_else(|| Declined::new("Can only stop running worlds."))?;
    pushes::notify(&client, &Notice::World { world: row.get(0) }).await?;
    drop(client);
    if notice.is_zero() || row.get::<_, i32>(1) == 0 {
        return finish_stop(app, spawn).await;
    }
    let text = format!("This world will be shut down in {} seconds.", notice.as_secs());
    if let Err(error) = order(app, spawn, &Order::Broadcast { text }).await {
        tracing::warn!(spawn, %error, "the players of a stopping world could not be told");
    }
    let app = app.clone();
    tokio::spawn(async move {
        tokio::time::sleep(notice).await;
        if let Err(error) = finish_stop(&app, spawn).await {
            tracing::warn!(spawn, %error, "a world could not be stopped; trying again later");
        }
    });
    Ok(())
}

/// Brings a running world from its nexus to another, as it is: its players' clients come back to it there. Should the
/// Forge end in the middle, the world stops as it is, and its next visitor starts it.
///
/// # Errors
/// It does not run, no other nexus is alive, or one of the two does not answer; a world that left and could not be
/// started again is started by its next visitor.
pub async fn move_away(app: &App, spawn: WorldId) -> Result<String, Declined> {
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "select s.nexus, w.pinned_nexus from spawn s join world w on w.id = s.world_id
             where s.id = $1 and s.lifecycle = 'running'",
            &[&spawn],
        )
        .await?
        .ok_or_else(|| Declined::new("Only running worlds can move."))?;
    let (from, pinned): (String, Option<String>) = (row.get(0), row.get(1));
    if pinned.as_ref() == Some(&from) {
        return Err(Declined::new(format!("It is pinned to {from}: pin it to another nexus, or to none, first.")));
    }
    if registry::place(&client, pinned.as_deref(), None, Some(&from)).await?.is_none() {
        return Err(Declined::new("No other nexus is alive that could take it."));
    }
    let moving = client
        .execute(
            "update spawn set lifecycle = 'stopping', lifecycle_ts = now(), is_moving = true
             where id = $1 and lifecycle = 'running' and nexus = $2",
            &[&spawn, &from],
        )
        .await?;
    drop(client);
    if moving == 0 {
        return Err(Declined::new("Only running worlds can move."));
    }
    finish_stop(app, spawn).await?;
    place_and_start(app, spawn, true, Some(&from)).await?;
    let client = app.db.get().await?;
    let row = client.query_one("select coalesce(nexus, '') from spawn where id = $1", &[&spawn]).await?;
    Ok(row.get(0))
}

/// Lets the nexus stop and save a stopping world, then takes the lease back.
pub(super) async fn finish_stop(app: &App, spawn: WorldId) -> Result<(), Declined> {
    let mut client = app.db.get().await?;
    let row = client
        .query_opt("select nexus, epoch, is_moving from spawn where id = $1 and lifecycle = 'stopping'", &[&spawn])
        .await?;
    let Some(row) = row else { return Ok(()) };
    let (nexus, epoch, moves): (Option<String>, i64, bool) = (row.get(0), row.get(1), row.get(2));
    if let Some(nexus) = nexus {
        drop(client);
        call_stop(app, &nexus, spawn, StopOrder { epoch, moves }).await?;
        client = app.db.get().await?;
    }
    let transaction = client.transaction().await?;
    let current = transaction
        .query_opt(
            "select 1 from spawn where id = $1 and epoch = $2 and lifecycle = 'stopping' for update",
            &[&spawn, &epoch],
        )
        .await?;
    if current.is_some() {
        release(&transaction, spawn).await?;
        transaction.commit().await?;
    }
    Ok(())
}

async fn call_stop(app: &App, nexus: &str, spawn: WorldId, order: StopOrder) -> Result<(), Declined> {
    let Some(link) = link(app, nexus).await? else { return Ok(()) };
    let path = format!("worlds/{spawn}/stop");
    match link.patient(STOP_TIMEOUT).post::<serde_json::Value>(&path, &order).await {
        Ok(_) => Ok(()),
        // It does not run there: what the Forge has is all there is.
        Err(LinkError::Refused { code, .. }) if code == "unknown_world" => Ok(()),
        Err(error) => {
            tracing::warn!(spawn, nexus, %error, "a world did not stop");
            Err(Declined::new("The game server of this world does not answer. It is asked again in a while."))
        }
    }
}

/// Takes a lease back: the world is stopped, its characters are out and free. Their sockets are told to leave, but where
/// the world moves.
pub async fn release(transaction: &Transaction<'_>, spawn: WorldId) -> Result<(), Error> {
    let row = transaction
        .query_one(
            "with old as (select is_moving from spawn where id = $1)
             update spawn set lifecycle = 'stopped', lifecycle_ts = now(), nexus = null, epoch = epoch + 1, players = 0,
                 is_moving = false
             where id = $1 returning world_id, (select is_moving from old)",
            &[&spawn],
        )
        .await?;
    let (root, moves): (WorldId, bool) = (row.get(0), row.get(1));
    let out = transaction
        .query(
            "with out as (select id, in_game from player where held_by_spawn = $1 for update)
             update player p set held_by_spawn = null, held_epoch = null, in_game = false
             from out where p.id = out.id returning p.id, p.user_id, out.in_game",
            &[&spawn],
        )
        .await?;
    transaction.execute("delete from entry where spawn_id = $1", &[&spawn]).await?;
    for row in out {
        if row.get(2) && !moves {
            let frame = exit_world(row.get(0), spawn, root);
            pushes::notify(transaction, &Notice::Frame { account: row.get(1), frame }).await?;
        }
    }
    pushes::notify(transaction, &Notice::World { world: root }).await
}

/// The frame that takes a client out of the game.
pub fn exit_world(player: i64, spawn: WorldId, root: WorldId) -> serde_json::Value {
    json!({"type": "job_complete", "job": "exit_world", "status": "success",
           "job_data": {"player_id": player, "world_id": spawn, "exit_to": root}})
}

/// Tells a running world something.
pub async fn order(app: &App, spawn: WorldId, order: &Order) -> Result<(), LinkError> {
    let unknown = |text: String| LinkError::Unreachable(text);
    let client = app.db.get().await.map_err(|error| unknown(error.to_string()))?;
    let row = client
        .query_opt(
            "select n.url from spawn s join nexus n on n.name = s.nexus
             where s.id = $1 and s.lifecycle in ('running', 'stopping')",
            &[&spawn],
        )
        .await
        .map_err(|error| unknown(error.to_string()))?;
    drop(client);
    let row = row.ok_or_else(|| unknown("the world does not run".into()))?;
    let path = format!("worlds/{spawn}/instruct");
    app.links.to(row.get(0))?.post::<serde_json::Value>(&path, order).await.map(|_| ())
}

/// Has the nexus that holds a parked world start it as of its last cut; gives the cut's sequence.
///
/// # Errors
/// Nobody holds the world, its nexus does not answer, or the world is not parked there.
pub async fn unpark(app: &App, spawn: WorldId) -> Result<u64, Declined> {
    let client = app.db.get().await?;
    let row = client
        .query_opt("select n.url from spawn s join nexus n on n.name = s.nexus where s.id = $1", &[&spawn])
        .await?;
    drop(client);
    let row = row.ok_or_else(|| Declined::new("No nexus holds this world."))?;
    let link = app.links.to(row.get(0)).map_err(|error| Declined::new(error.to_string()))?;
    match link.patient(START_TIMEOUT).post::<serde_json::Value>(&format!("worlds/{spawn}/unpark"), &json!({})).await {
        Ok(answer) => Ok(answer["seq"].as_u64().unwrap_or_default()),
        Err(LinkError::Refused { text, .. }) => Err(Declined::new(text)),
        Err(error) => Err(Declined::new(error.to_string())),
    }
}

/// The link to a nexus; None where it is not registered.
async fn link(app: &App, nexus: &str) -> Result<Option<Link>, Declined> {
    let client = app.db.get().await?;
    let row = client.query_opt("select url from nexus where name = $1", &[&nexus]).await?;
    let broken = |error: LinkError| Declined::new(error.to_string());
    row.map(|row| app.links.to(row.get(0)).map_err(broken)).transpose()
}
