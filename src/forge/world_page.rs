//! A world as one sees it before entering: its texts, its choices for new characters, its numbers.

use deadpool_postgres::GenericClient;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::Row;
use utoipa::ToSchema;

use super::AppError;
use super::accounts::User;
use super::roots::Root;

/// A world before one enters it.
#[derive(Serialize, ToSchema)]
pub struct LobbyWorld {
    id: i64,
    key: String,
    name: String,
    short_description: String,
    description: String,
    built_by: String,
    author: Option<Author>,
    /// Empty: no world of today is an instance of another.
    #[schema(value_type = Object)]
    instance_of: Value,
    can_edit: bool,
    is_multiplayer: bool,
    is_private: bool,
    is_narrative: bool,
    allow_combat: bool,
    small_background: Option<String>,
    large_background: Option<String>,
    core_factions: Vec<CoreFaction>,
    can_create_chars: bool,
    can_select_faction: bool,
    can_select_gender: bool,
    is_classless: bool,
    default_gender: String,
    num_characters: i64,
    num_user_characters: i64,
    num_world_player_characters: i64,
}

#[derive(Serialize, ToSchema)]
struct Author {
    id: i64,
    key: String,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CoreFaction {
    id: i64,
    key: String,
    code: String,
    name: String,
    description: String,
    is_core: bool,
    is_selectable: bool,
    is_default: bool,
}

/// The page of a world for somebody who may see it.
pub async fn detail(client: &impl GenericClient, root: &Root, user: Option<&User>) -> Result<LobbyWorld, AppError> {
    let counts = client
        .query_one(
            "select count(*), count(*) filter (where user_id = $2), count(*) filter (where not is_immortal)
             from player where root_id = $1 and pending_deletion_ts is null",
            &[&root.id, &user.map(|u| u.id)],
        )
        .await?;
    let factions = client
        .query(
            "select id, slug, name, description, is_selectable, is_default from faction
             where world_id = $1 and is_core and removed_ts is null order by slug",
            &[&root.id],
        )
        .await?;
    let spec = &root.spec;
    let author_name = root.author.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
    Ok(LobbyWorld {
        id: root.id,
        key: format!("world.{}", root.id),
        name: spec.name.clone(),
        short_description: spec.short_description.clone(),
        description: spec.description.clone(),
        built_by: if spec.built_by.is_empty() { author_name } else { spec.built_by.clone() },
        author: root.author.as_ref().map(|(id, name)| Author {
            id: *id,
            key: format!("user.{id}"),
            name: name.clone(),
        }),
        instance_of: json!({}),
        can_edit: root.can_edit(),
        is_multiplayer: spec.is_multiplayer,
        is_private: !root.is_public,
        is_narrative: spec.is_narrative,
        allow_combat: !spec.is_narrative,
        small_background: filled(Some(spec.small_background.clone())),
        large_background: filled(Some(spec.large_background.clone())),
        core_factions: factions.iter().map(core_faction).collect(),
        can_create_chars: spec.can_create_chars,
        can_select_faction: spec.can_select_faction,
        can_select_gender: spec.can_select_gender,
        is_classless: spec.is_classless,
        default_gender: spec.default_gender.to_string(),
        num_characters: counts.get(0),
        num_user_characters: counts.get(1),
        num_world_player_characters: counts.get(2),
    })
}

fn core_faction(row: &Row) -> CoreFaction {
    let id: i64 = row.get("id");
    CoreFaction {
        id,
        key: format!("faction.{id}"),
        code: row.get("slug"),
        name: row.get("name"),
        description: row.get("description"),
        is_core: true,
        is_selectable: row.get("is_selectable"),
        is_default: row.get("is_default"),
    }
}

/// None for an empty text: clients test for presence.
pub fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
