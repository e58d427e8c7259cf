//! The jobs of the Forge socket: who may ask for what, and what the answer looks like. The work itself stands with its
//! subject. Each job is answered by exactly one `job_complete`, with an object as `job_data`.

use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::UNAVAILABLE_TEXT;
use super::pushes::{self, Notice, Topic};
use super::spawns::{self, Declined, STOP_NOTICE};
use super::{App, enter};
use crate::world::internal::Order;

/// Characters of a broadcast.
const BROADCAST_CHARS_MAX: usize = 1000;
/// Longer than any nexus may take to start or stop a world: a job that takes this long hangs at something.
const JOB_TIME_MAX: Duration = Duration::from_secs(180);
const NOT_ALLOWED: &str = "You do not have permission to do that.";

/// A client's id of something, which comes as a number or as its text.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    /// The number, also of keys as `player.7`.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.rsplit('.').next()?.parse().ok(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    EnterWorld { player_id: Id },
    StartWorld { world_id: Id },
    StopWorld { world_id: Id },
    KillWorld { world_id: Id },
    ToggleMaintenanceMode {},
    Broadcast { message: String },
}

impl Job {
    pub const NAMES: [&str; 6] =
        ["enter_world", "start_world", "stop_world", "kill_world", "toggle_maintenance_mode", "broadcast"];

    pub fn name(&self) -> &'static str {
        match self {
            Self::EnterWorld { .. } => "enter_world",
            Self::StartWorld { .. } => "start_world",
            Self::StopWorld { .. } => "stop_world",
            Self::KillWorld { .. } => "kill_world",
            Self::ToggleMaintenanceMode {} => "toggle_maintenance_mode",
            Self::Broadcast { .. } => "broadcast",
        }
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    pub account: i64,
    pub address: IpAddr,
}

/// Does a job and renders its `job_complete`.
pub async fn run(app: &App, asker: Asker, job: &Job) -> Value {
    let done = tokio::time::timeout(JOB_TIME_MAX, carry_out(app, asker, job)).await;
    match done.unwrap_or_else(|_| Err(Declined::new(UNAVAILABLE_TEXT))) {
        Ok(data) => json!({"type": "job_complete", "job": job.name(), "status": "success", "job_data": data}),
        Err(Declined(text)) => failed(job.name(), &text),
    }
}

/// The text stands in both places where clients look for it.
pub fn failed(job: &str, text: &str) -> Value {
    json!({"type": "job_complete", "job": job, "status": "error", "job_data": {"error": text}, "error": text})
}

async fn carry_out(app: &App, asker: Asker, job: &Job) -> Result<Value, Declined> {
    let world = |id: &Id| id.number().ok_or_else(|| Declined::new("There is no such world."));
    match job {
        Job::EnterWorld { player_id } => {
            let player = player_id.number().ok_or_else(|| Declined::new("You have no such character."))?;
            enter::enter_world(app, asker.account, asker.address, player).await
        }
        Job::StartWorld { world_id } => {
            let spawn = world(world_id)?;
            let is_staff = may_run(app, asker.account, spawn).await?;
            spawns::start(app, spawn, is_staff).await.map(|()| json!({}))
        }
        Job::StopWorld { world_id } => {
            let spawn = world(world_id)?;
            may_run(app, asker.account, spawn).await?;
            spawns::stop(app, spawn, STOP_NOTICE).await.map(|()| json!({}))
        }
        Job::KillWorld { world_id } => {
            let spawn = world(world_id)?;
            may_run(app, asker.account, spawn).await?;
            spawns::stop(app, spawn, Duration::ZERO).await.map(|()| json!({}))
        }
        Job::ToggleMaintenanceMode {} => toggle_maintenance(app, asker.account).await,
        Job::Broadcast { message } => broadcast(app, asker.account, message).await,
    }
}

/// Whether the account may start and stop a world: staff, its author, builders of rank 3 and more. True for staff.
async fn may_run(app: &App, account: i64, spawn: i64) -> Result<bool, Declined> {
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "select u.is_staff, w.author_id is not distinct from u.id or exists (select 1 from world_builder b
                 where b.world_id = w.id and b.user_id = u.id and b.rank >= 3) as may_edit
             from app_user u, spawn s join world w on w.id = s.world_id where u.id = $1 and s.id = $2",
            &[&account, &spawn],
        )
        .await?
        .ok_or_else(|| Declined::new("There is no such world."))?;
    let is_staff: bool = row.get(0);
    if is_staff || row.get(1) { Ok(is_staff) } else { Err(Declined::new(NOT_ALLOWED)) }
}

/// Whether the account may watch a topic.
pub async fn may_watch(app: &App, account: i64, topic: &Topic) -> Result<(), Declined> {
    let root = match topic {
        Topic::Staff => return staff_only(app, account).await,
        Topic::World(root) => root,
    };
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "select u.is_staff or w.author_id is not distinct from u.id or exists
                 (select 1 from world_builder b where b.world_id = w.id and b.user_id = u.id)
             from app_user u, world w where u.id = $1 and w.id = $2",
            &[&account, &root],
        )
        .await?;
    match row {
        None => Err(Declined::new("There is no such world.")),
        Some(row) if row.get(0) => Ok(()),
        Some(_) => Err(Declined::new(NOT_ALLOWED)),
    }
}

async fn staff_only(app: &App, account: i64) -> Result<(), Declined> {
    let client = app.db.get().await?;
    let row = client.query_opt("select is_staff from app_user where id = $1", &[&account]).await?;
    if row.is_some_and(|row| row.get(0)) { Ok(()) } else { Err(Declined::new(NOT_ALLOWED)) }
}

async fn toggle_maintenance(app: &App, account: i64) -> Result<Value, Declined> {
    staff_only(app, account).await?;
    let client = app.db.get().await?;
    let row = client
        .query_one(
            "update site set maintenance_mode = not maintenance_mode where name = 'prod' returning maintenance_mode",
            &[],
        )
        .await?;
    pushes::notify(&client, &Notice::Staff).await?;
    let maintenance_mode: bool = row.get(0);
    tracing::warn!(account, maintenance_mode, "maintenance mode was switched");
    Ok(json!({"maintenance_mode": maintenance_mode}))
}

async fn broadcast(app: &App, account: i64, message: &str) -> Result<Value, Declined> {
    staff_only(app, account).await?;
    let message = message.trim();
    if message.is_empty() || message.chars().count() > BROADCAST_CHARS_MAX {
        return Err(Declined::new(format!("A broadcast has 1 to {BROADCAST_CHARS_MAX} characters.")));
    }
    let client = app.db.get().await?;
    let rows = client.query("select id from spawn where lifecycle = 'running' order by id", &[]).await?;
    drop(client);
    for row in rows {
        let spawn: i64 = row.get(0);
        if let Err(error) = spawns::order(app, spawn, &Order::Broadcast { text: message.to_owned() }).await {
            tracing::warn!(spawn, %error, "a world did not get a broadcast");
        }
    }
    Ok(json!({"message": message}))
}
