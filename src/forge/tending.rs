//! Looks after worlds: brings new templates to running ones, finishes what a crash cut short, ends entries that never
//! happened, stops worlds that nobody plays. Any number of replicas may do so at once; each change is won by one.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::spawns::{self, Declined};
use super::{App, errands, worlds};
use crate::world::internal::Order;
use crate::world::template::WorldId;

const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// A world that nobody plays for so long is stopped, unless its tier is 3.
const IDLE_STOP_SECONDS: f64 = 300.0;
/// A change of life that takes longer than this was cut short, and is done again.
const STUCK_SECONDS: f64 = 180.0;

/// Brings the template sets of running worlds up to date: of one root, or of all. Of several replicas one sends.
pub async fn send_templates(app: &App, root: Option<WorldId>) {
    if let Err(error) = try_send_templates(app, root).await {
        tracing::warn!(%error, "template sets could not be sent");
    }
}

async fn try_send_templates(app: &App, root: Option<WorldId>) -> Result<(), Declined> {
    let client = app.db.get().await?;
    let rows = client
        .query(
            "with old as (select s.id, s.templates from spawn s join world w on w.id = s.world_id
                 where s.lifecycle = 'running' and s.templates is distinct from w.templates
                     and ($1::bigint is null or w.id = $1) for update of s skip locked)
             update spawn s set templates = w.templates from world w, old
             where old.id = s.id and w.id = s.world_id returning s.id, s.templates, old.templates, s.epoch",
            &[&root],
        )
        .await?;
    drop(client);
    for row in rows {
        let (spawn, hash): (WorldId, String) = (row.get(0), row.get(1));
        if let Err(error) = spawns::order(app, spawn, &Order::Templates { hash }).await {
            tracing::warn!(spawn, %error, "a world did not take its new templates; trying again later");
            let client = app.db.get().await?;
            let (before, epoch): (Option<String>, i64) = (row.get(2), row.get(3));
            client
                .execute("update spawn set templates = $2 where id = $1 and epoch = $3", &[&spawn, &before, &epoch])
                .await?;
        }
    }
    Ok(())
}

/// Looks after the worlds until shutdown.
pub async fn look_after(app: App, shutdown: CancellationToken) {
    if let Err(error) = worlds::recompile_old(&app.db).await {
        tracing::warn!(%error, "worlds could not be compiled for this version");
    }
    let mut minute = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = minute.tick() => sweep(&app).await,
        }
    }
}

/// Finishes what was cut short, ends entries that never happened, stops worlds that nobody plays. Once a minute.
pub async fn sweep(app: &App) {
    send_templates(app, None).await;
    if let Err(error) = errands::forget_old(&app.db).await {
        tracing::warn!(?error, "old answers could not be removed");
    }
    if let Err(error) = try_sweep(app).await {
        tracing::warn!(%error, "the worlds could not be looked after");
    }
}

async fn try_sweep(app: &App) -> Result<(), Declined> {
    let client = app.db.get().await?;
    // A character whose ticket ran out unused is free again; its nexus has spoken since, and did not name it.
    client
        .execute(
            "with gone as (delete from entry e using spawn s, nexus n
                 where e.spawn_id = s.id and s.nexus = n.name and n.last_seen_ts > e.expires_ts + interval '15 seconds'
                 returning e.player_id, e.spawn_id)
             update player p set held_by_spawn = null, held_epoch = null, in_game = false
             from gone where p.id = gone.player_id and p.held_by_spawn = gone.spawn_id",
            &[],
        )
        .await?;
    let stuck = client
        .query(
            "select id, lifecycle, nexus from spawn where lifecycle in ('starting', 'stopping')
                 and lifecycle_ts < now() - make_interval(secs => $1)",
            &[&STUCK_SECONDS],
        )
        .await?;
    let idle = client
        .query(
            "select s.id from spawn s join world w on w.id = s.world_id join nexus n on n.name = s.nexus
             where s.lifecycle = 'running' and s.players = 0 and w.tier < 3
                 and n.last_seen_ts > now() - interval '1 minute'
                 and coalesce(s.last_played_ts, s.lifecycle_ts) < now() - make_interval(secs => $1)
                 and not exists (select 1 from player p where p.held_by_spawn = s.id)",
            &[&IDLE_STOP_SECONDS],
        )
        .await?;
    drop(client);
    for row in stuck {
        let spawn: WorldId = row.get(0);
        let done = match row.get::<_, &str>(1) {
            "stopping" => spawns::finish_stop(app, spawn).await,
            _ => restart(app, spawn, row.get(2)).await,
        };
        if let Err(error) = done {
            tracing::warn!(spawn, %error, "a world is stuck; trying again later");
        }
    }
    for row in idle {
        let spawn: WorldId = row.get(0);
        tracing::info!(spawn, "nobody plays this world; stopping it");
        if let Err(error) = spawns::stop(app, spawn, Duration::ZERO).await {
            tracing::warn!(spawn, %error, "an idle world did not stop");
        }
    }
    Ok(())
}

/// A start that a crash of the Forge cut short, made again under the same lease.
async fn restart(app: &App, spawn: WorldId, nexus: Option<String>) -> Result<(), Declined> {
    let client = app.db.get().await?;
    let lease = spawns::lease(&client, spawn).await?;
    drop(client);
    let outcome = spawns::call_start(app, nexus.as_deref().unwrap_or_default(), &lease).await;
    spawns::settle_start(&app.db, &lease, if outcome.is_ok() { "running" } else { "stopped" }).await?;
    outcome
}
