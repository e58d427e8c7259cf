//! What administration pages show: the state of a root world and its spawns, and of the whole platform.
//! The same objects are pushed to those who watch them.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::pushes::Topic;
use super::registry::NEXUS_SILENT;
use super::{App, AppError};
use crate::world::template::WorldId;

/// Spawns that a page lists: running ones first, then by last change.
const SPAWNS_SHOWN: i64 = 50;
/// Worlds that the staff panel lists in each part.
const PANEL_WORLDS: i64 = 50;

/// The `pub` frame of a topic.
pub async fn publication(app: &App, topic: &Topic) -> Result<Value, AppError> {
    let (name, data) = match topic {
        Topic::World(world) => ("builder.admin", world_admin(app, *world).await?),
        Topic::Staff => ("staff.panel", staff_panel(app).await?),
    };
    Ok(json!({"type": "pub", "pub": name, "pub_data": data}))
}

/// WorldAdmin: a root world, its numbers, its spawns.
pub async fn world_admin(app: &App, world: WorldId) -> Result<Value, AppError> {
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "select id, name, is_multiplayer, maintenance_mode,
                 (select count(*) from room where world_id = w.id and removed_ts is null) as rooms,
                 (select count(*) from mob_template where world_id = w.id and removed_ts is null) as mobs,
                 (select count(*) from item_template where world_id = w.id and removed_ts is null) as items
             from world w where id = $1",
            &[&world],
        )
        .await?
        .ok_or(AppError::NotFound)?;
    let spawns = client
        .query(
            "select s.id, s.lifecycle, s.lifecycle_ts, s.nexus, s.players,
                 (select count(*) from player p where p.spawn_id = s.id and p.pending_deletion_ts is null) as characters
             from spawn s where s.world_id = $1 order by (s.lifecycle = 'running') desc, s.lifecycle_ts desc limit $2",
            &[&world, &SPAWNS_SHOWN],
        )
        .await?;
    let name: String = row.get("name");
    let spawn = |spawn: &tokio_postgres::Row| {
        let lifecycle: String = spawn.get("lifecycle");
        let live = (lifecycle == "running" || lifecycle == "stopping").then(|| {
            json!({"state": lifecycle, "nexus": spawn.get::<_, Option<String>>("nexus"),
                   "num_players": spawn.get::<_, i32>("players")})
        });
        json!({"id": spawn.get::<_, i64>("id"), "name": name, "lifecycle": lifecycle,
               "lifecycle_change_ts": rfc3339(spawn.get("lifecycle_ts")), "live_data": live,
               "forge_data": {"num_players": spawn.get::<_, i64>("characters")}})
    };
    Ok(json!({
        "id": world, "key": format!("world.{world}"), "name": name,
        "is_multiplayer": row.get::<_, bool>("is_multiplayer"),
        "maintenance_mode": row.get::<_, bool>("maintenance_mode"),
        "stats": {"num_rooms": row.get::<_, i64>("rooms"), "num_mob_templates": row.get::<_, i64>("mobs"),
                  "num_item_templates": row.get::<_, i64>("items")},
        "spawned_worlds": spawns.iter().map(spawn).collect::<Vec<_>>(),
    }))
}

/// StaffPanel: the platform at a glance.
pub async fn staff_panel(app: &App) -> Result<Value, AppError> {
    let client = app.db.get().await?;
    let site = client
        .query_one(
            "select (select maintenance_mode from site where name = 'prod') as maintenance,
                 (select count(*) from app_user where date_joined > now() - interval '7 days' and not is_temporary)
                     as joined,
                 (select count(*) from app_user where date_joined > now() - interval '7 days' and is_confirmed)
                     as confirmed,
                 (select count(*) from spawn where lifecycle not in ('new', 'stopped')) as running,
                 (select count(*) from world where not is_public and not is_archived) as wip",
            &[],
        )
        .await?;
    let nexuses = client
        .query(
            "select name, last_seen_ts > now() - make_interval(secs => $1) as is_alive,
                 array(select id from spawn s where s.nexus = n.name order by id) as worlds
             from nexus n order by name",
            &[&NEXUS_SILENT.as_secs_f64()],
        )
        .await?;
    let running = client
        .query(
            "select s.id, w.name, s.lifecycle, s.world_id, s.lifecycle_ts, s.players, s.nexus
             from spawn s join world w on w.id = s.world_id where s.lifecycle not in ('new', 'stopped')
             order by s.players desc, s.id limit $1",
            &[&PANEL_WORLDS],
        )
        .await?;
    let wip = client
        .query(
            "select id, name, changed_ts from world where not is_public and not is_archived
             order by changed_ts desc limit $1",
            &[&PANEL_WORLDS],
        )
        .await?;
    let nexus = |row: &tokio_postgres::Row| {
        let name: String = row.get(0);
        let state = if row.get(1) { "running" } else { "silent" };
        json!({"id": name, "name": name, "state": state, "worlds": row.get::<_, Vec<i64>>(2)})
    };
    let spawn = |row: &tokio_postgres::Row| {
        let (id, since): (i64, OffsetDateTime) = (row.get(0), row.get(4));
        let seconds = (OffsetDateTime::now_utc() - since).whole_seconds().max(0);
        json!({"id": id, "key": format!("world.{id}"), "name": row.get::<_, String>(1),
               "state": row.get::<_, String>(2), "context_id": row.get::<_, i64>(3),
               "change_state_ts": rfc3339(since), "time_since_last_change": seconds,
               "playing_count": row.get::<_, i32>(5), "nexus_data": {"name": row.get::<_, Option<String>>(6)}})
    };
    let root = |row: &tokio_postgres::Row| {
        let id: i64 = row.get(0);
        json!({"id": id, "key": format!("world.{id}"), "name": row.get::<_, String>(1), "state": "",
               "context_id": id, "change_state_ts": rfc3339(row.get(2)), "time_since_last_change": 0,
               "playing_count": 0})
    };
    Ok(json!({
        "maintenance_mode": site.get::<_, bool>("maintenance"), "unreviewed": 0,
        "user_signups": {"total": site.get::<_, i64>("joined"), "confirmed": site.get::<_, i64>("confirmed")},
        "user_connections": app.pushes.count(),
        "nexuses": nexuses.iter().map(nexus).collect::<Vec<_>>(),
        "running_worlds": running.iter().map(spawn).collect::<Vec<_>>(),
        "running_worlds_count": site.get::<_, i64>("running"),
        "wip_worlds": wip.iter().map(root).collect::<Vec<_>>(),
        "wip_worlds_count": site.get::<_, i64>("wip"),
    }))
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
