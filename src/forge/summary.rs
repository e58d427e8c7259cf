//! Characters as lists show them: in the lobby, in leaderboards, after creation. Read only.

use deadpool_postgres::GenericClient;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::AppError;

/// On the lobby's first page.
pub const RECENT_LENGTH: i64 = 4;

/// A character in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayerSummary {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub title: String,
    pub level: i32,
    pub gender: String,
    /// Empty in classless worlds.
    pub archetype: String,
    /// Its name; empty without one.
    pub core_faction: String,
    pub display_faction: String,
    pub description: String,
    pub glory: i64,
    pub is_immortal: bool,
    /// The world that it lives in (a spawn).
    pub world_id: i64,
    pub world_key: String,
    pub world_name: String,
    pub world_is_multi: bool,
    pub root_world_id: i64,
    /// Whether it may move on from a finished single-player world.
    pub can_transfer: bool,
    pub user_id: i64,
    pub is_staff: bool,
    pub is_confirmed: bool,
    pub link_id: Option<i64>,
    /// RFC 3339; null before the first entry.
    pub last_connection_ts: Option<String>,
}

/// What a [`PlayerSummary`] is made of; conditions on player `p`, world `w` follow.
pub const SUMMARY: &str = "select p.id, p.name, p.title, p.level, p.gender, p.archetype, p.description, p.glory,
        p.is_immortal, p.spawn_id, p.root_id, p.user_id, p.last_connection_ts, w.name as world_name, w.is_multiplayer,
        coalesce(f.name, '') as core_faction, u.is_staff, u.is_confirmed, u.link_id
    from player p
    join world w on w.id = p.root_id
    join app_user u on u.id = p.user_id
    left join faction f on f.world_id = p.root_id and f.slug = p.core_faction and f.removed_ts is null";

/// By the last connection.
pub const NEWEST_FIRST: &str = "order by p.last_connection_ts desc nulls last, p.id desc";

impl PlayerSummary {
    /// From a row of [`SUMMARY`].
    pub fn of_row(row: &Row) -> Self {
        let id: i64 = row.get("id");
        let world_id: i64 = row.get("spawn_id");
        let core_faction: String = row.get("core_faction");
        Self {
            id,
            key: format!("player.{id}"),
            name: row.get("name"),
            title: row.get("title"),
            level: row.get("level"),
            gender: row.get("gender"),
            archetype: row.get("archetype"),
            display_faction: core_faction.clone(),
            core_faction,
            description: row.get("description"),
            glory: row.get("glory"),
            is_immortal: row.get("is_immortal"),
            world_id,
            world_key: format!("world.{world_id}"),
            world_name: row.get("world_name"),
            world_is_multi: row.get("is_multiplayer"),
            root_world_id: row.get("root_id"),
            // Single-player worlds cannot be finished yet.
            can_transfer: false,
            user_id: row.get("user_id"),
            is_staff: row.get("is_staff"),
            is_confirmed: row.get("is_confirmed"),
            link_id: row.get("link_id"),
            last_connection_ts: row
                .get::<_, Option<OffsetDateTime>>("last_connection_ts")
                .and_then(|ts| ts.format(&Rfc3339).ok()),
        }
    }

    /// # Errors
    /// 404 when there is none of this id.
    pub async fn by_id(client: &impl GenericClient, id: i64) -> Result<Self, AppError> {
        let row = client.query_opt(&format!("{SUMMARY} where p.id = $1"), &[&id]).await?;
        row.as_ref().map(Self::of_row).ok_or(AppError::NotFound)
    }
}

/// The characters of an account that were played last.
pub async fn recent(
    client: &impl GenericClient,
    user_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<PlayerSummary>, AppError> {
    let sql = format!(
        "{SUMMARY} where p.user_id = $1 and p.pending_deletion_ts is null and not w.is_archived
         {NEWEST_FIRST} limit $2 offset $3"
    );
    let statement = client.prepare_cached(&sql).await?;
    let rows = client.query(&statement, &[&user_id, &limit, &offset]).await?;
    Ok(rows.iter().map(PlayerSummary::of_row).collect())
}
