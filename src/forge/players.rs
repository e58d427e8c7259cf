//! Characters in the lobby: listed, made, described, deleted. Deleting hides a character and frees its name;
//! a character that a running world holds is the world's to write, and is left alone here.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use deadpool_postgres::GenericClient;
use serde::Deserialize;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::User;
use super::body::{Body, Page, Paging, Params};
use super::names::{self, TAKEN_TEXT};
use super::roots::{Root, spawn_for};
use super::summary::{NEWEST_FIRST, PlayerSummary, SUMMARY, recent};
use super::{App, AppError};
use crate::store::postgres::violated_constraint;
use crate::world::kinds::{Archetype, Gender};

/// Of a leaderboard.
const LEADERS_MAX: i64 = 10;
/// Characters of a description.
pub const DESCRIPTION_MAX: usize = 4000;
pub const INVALID_EMAIL_TEXT: &str = "Your e-mail address is invalid. Unable to enter worlds.";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(describe, delete))
        .routes(routes!(leaders))
        .routes(routes!(recent_page))
        .routes(routes!(transfer))
}

/// All characters of the account, those played last first.
#[utoipa::path(get, path = "/lobby/chars/recent/", tag = "lobby",
               responses((status = 200, body = Page<PlayerSummary>)),
               security(("bearer" = [])))]
async fn recent_page(State(app): State<App>, user: User, paging: Paging) -> Result<Page<PlayerSummary>, AppError> {
    let client = app.db.get().await?;
    let count = "select count(*) from player p join world w on w.id = p.root_id
                 where p.user_id = $1 and p.pending_deletion_ts is null and not w.is_archived";
    let total: i64 = client.query_one(count, &[&user.id]).await?.get(0);
    paging.envelope(total, recent(&client, user.id, paging.size, paging.offset()).await?)
}

/// The account's own characters in a world; none for strangers.
#[utoipa::path(get, path = "/lobby/worlds/{world}/chars/", tag = "lobby", params(("world" = String, Path)),
               responses((status = 200, body = Page<PlayerSummary>)),
               security((), ("bearer" = [])))]
async fn list(
    State(app): State<App>,
    user: Option<User>,
    Params(world): Params<String>,
    paging: Paging,
) -> Result<Page<PlayerSummary>, AppError> {
    let client = app.db.get().await?;
    let root = Root::visible(&client, &world, user.as_ref()).await?;
    let Some(user) = user else { return paging.envelope(0, Vec::new()) };
    let mine = "p.root_id = $1 and p.user_id = $2 and p.pending_deletion_ts is null";
    let count = format!("select count(*) from player p where {mine}");
    let total: i64 = client.query_one(&count, &[&root.id, &user.id]).await?.get(0);
    let sql = format!("{SUMMARY} where {mine} {NEWEST_FIRST} limit $3 offset $4");
    let values: [&(dyn ToSql + Sync); 4] = [&root.id, &user.id, &paging.size, &paging.offset()];
    let rows = client.query(&sql, &values).await?;
    paging.envelope(total, rows.iter().map(PlayerSummary::of_row).collect())
}

/// The ten of a world with the most glory.
#[utoipa::path(get, path = "/lobby/worlds/{world}/leaders/", tag = "lobby", params(("world" = String, Path)),
               responses((status = 200, body = Page<PlayerSummary>)),
               security((), ("bearer" = [])))]
async fn leaders(
    State(app): State<App>,
    user: Option<User>,
    Params(world): Params<String>,
    paging: Paging,
) -> Result<Page<PlayerSummary>, AppError> {
    let client = app.db.get().await?;
    let root = Root::visible(&client, &world, user.as_ref()).await?;
    let sql = format!(
        "{SUMMARY} where p.root_id = $1 and not p.is_immortal and p.pending_deletion_ts is null
         order by p.glory desc, p.experience desc, p.created_ts desc, p.id limit $2"
    );
    let rows = client.query(&sql, &[&root.id, &LEADERS_MAX]).await?;
    let all: Vec<PlayerSummary> = rows.iter().map(PlayerSummary::of_row).collect();
    let total = i64::try_from(all.len()).unwrap_or(LEADERS_MAX);
    let skip = usize::try_from(paging.offset()).unwrap_or(usize::MAX);
    let take = usize::try_from(paging.size).unwrap_or(usize::MAX);
    paging.envelope(total, all.into_iter().skip(skip).take(take).collect())
}

#[derive(Deserialize, ToSchema)]
struct NewCharacter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    gender: Option<String>,
    #[serde(default)]
    archetype: Option<String>,
    /// Code of a core faction; unknown ones are ignored.
    #[serde(default)]
    faction: Option<String>,
}

/// Makes a character.
#[utoipa::path(post, path = "/lobby/worlds/{world}/chars/", tag = "lobby", params(("world" = String, Path)),
               request_body = NewCharacter, responses((status = 201, body = PlayerSummary)),
               security(("bearer" = [])))]
async fn create(
    State(app): State<App>,
    user: User,
    Params(world): Params<String>,
    Body(form): Body<NewCharacter>,
) -> Result<(StatusCode, Json<PlayerSummary>), AppError> {
    if user.is_invalid {
        return Err(AppError::Forbidden(INVALID_EMAIL_TEXT.into()));
    }
    app.throttles.characters_by_account.check(user.id)?;
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    let root = Root::visible(&transaction, &world, Some(&user)).await?;
    let wish = Wish {
        name: &form.name,
        gender: form.gender.as_deref(),
        archetype: form.archetype.as_deref(),
        faction: form.faction.as_deref(),
    };
    let id = make(&app, &transaction, &user, &root, wish).await?;
    transaction.commit().await?;
    Ok((StatusCode::CREATED, Json(PlayerSummary::by_id(&client, id).await?)))
}

/// What somebody wants to be.
#[derive(Default)]
pub struct Wish<'a> {
    pub name: &'a str,
    pub gender: Option<&'a str>,
    pub archetype: Option<&'a str>,
    pub faction: Option<&'a str>,
}

/// Makes a character of an account in a world, in the caller's transaction; the answer is its id.
/// Equipment, gold and place are given by its world on the first entry.
///
/// # Errors
/// 400 in the words of the rules of names and worlds.
pub async fn make(
    app: &App,
    client: &impl GenericClient,
    user: &User,
    root: &Root,
    wish: Wish<'_>,
) -> Result<i64, AppError> {
    let spec = &root.spec;
    if !spec.can_create_chars && !root.can_edit() {
        return Err(AppError::non_field("Character creation is disabled for this world."));
    }
    let name = names::parse(wish.name, root.name_rules())?;
    let gender = match wish.gender.filter(|_| spec.can_select_gender) {
        None | Some("") => spec.default_gender,
        Some(text) => Gender::parse(text).ok_or_else(|| AppError::field("gender", "Unknown gender."))?,
    };
    let archetype = match wish.archetype.filter(|_| !spec.is_classless) {
        None if spec.is_classless => Archetype::Classless,
        None | Some("") => Archetype::Warrior,
        Some(text) => Archetype::parse(text).ok_or_else(|| AppError::field("archetype", "Unknown class."))?,
    };
    // Concurrent requests of one account wait here, so that the limit holds.
    client.execute("select 1 from app_user where id = $1 for update", &[&user.id]).await?;
    let count = "select count(*) from player where root_id = $1 and user_id = $2 and pending_deletion_ts is null";
    let there: i64 = client.query_one(count, &[&root.id, &user.id]).await?.get(0);
    let limit = app.options.limits.characters_per_world;
    if there >= i64::from(limit) {
        let text = format!("You have {limit} characters in this world already. Delete one to make room.");
        return Err(AppError::non_field(text));
    }
    let faction = core_faction(client, root, wish.faction.filter(|_| spec.can_select_faction)).await?;
    let name_key = spec.is_multiplayer.then(|| name.name.to_lowercase());
    if name_key.is_some() {
        let sql = "select 1 from player where root_id = $1 and name_key = $2 and pending_deletion_ts is null";
        if client.query_opt(sql, &[&root.id, &name_key]).await?.is_some() {
            return Err(AppError::field("name", TAKEN_TEXT));
        }
    }
    let spawn = spawn_for(client, root).await?;
    let row = client
        .query_one(
            "insert into player (user_id, spawn_id, root_id, name, name_key, title, archetype, gender, core_faction)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
            &[
                &user.id,
                &spawn,
                &root.id,
                &name.name,
                &name_key,
                &name.title,
                &archetype.as_str(),
                &gender.as_str(),
                &faction,
            ],
        )
        .await
        .map_err(|error| match violated_constraint(&error) {
            // Somebody was quicker.
            Some("player_name") => AppError::field("name", TAKEN_TEXT),
            _ => error.into(),
        })?;
    let id: i64 = row.get(0);
    client.execute("insert into player_event (player_id, event) values ($1, 'create')", &[&id]).await?;
    Ok(id)
}

/// The code of the core faction that was asked for, else of the world's default, else of the first that may be chosen.
async fn core_faction(
    client: &impl GenericClient,
    root: &Root,
    wanted: Option<&str>,
) -> Result<Option<String>, AppError> {
    let rows = client
        .query(
            "select slug, is_default from faction
             where world_id = $1 and is_core and is_selectable and removed_ts is null order by slug",
            &[&root.id],
        )
        .await?;
    let code = |row: &Row| row.get::<_, String>(0);
    let asked = wanted.and_then(|wanted| rows.iter().map(code).find(|code| code == wanted));
    let default = rows.iter().find(|row| row.get(1)).or(rows.first()).map(code);
    Ok(asked.or(default))
}

#[derive(Deserialize, ToSchema)]
struct Description {
    #[serde(default)]
    description: Option<String>,
}

/// Describes a character; by its owner or a builder of the world, while it is not in the world.
#[utoipa::path(patch, path = "/lobby/worlds/{world}/chars/{id}/", tag = "lobby",
               params(("world" = String, Path), ("id" = i64, Path)), request_body = Description,
               responses((status = 200, body = PlayerSummary)),
               security(("bearer" = [])))]
async fn describe(
    State(app): State<App>,
    user: User,
    Params((world, id)): Params<(String, i64)>,
    Body(form): Body<Description>,
) -> Result<Json<PlayerSummary>, AppError> {
    let client = app.db.get().await?;
    let held = held_character(&client, &user, &world, id, true).await?;
    if let Some(description) = form.description {
        if description.chars().count() > DESCRIPTION_MAX {
            let text = format!("A description has at most {DESCRIPTION_MAX} characters.");
            return Err(AppError::field("description", text));
        }
        if description.contains('\0') {
            return Err(AppError::field("description", "This text has characters that cannot be shown."));
        }
        let sql = "update player set description = $2 where id = $1 and held_by_spawn is null and not in_game";
        if held || client.execute(sql, &[&id, &description]).await? == 0 {
            return Err(AppError::List("Leave the world first; then you can change the description.".into()));
        }
    }
    Ok(Json(PlayerSummary::by_id(&client, id).await?))
}

/// Deletes a character. It is hidden at once and its name is free.
#[utoipa::path(delete, path = "/lobby/worlds/{world}/chars/{id}/", tag = "lobby",
               params(("world" = String, Path), ("id" = i64, Path)), responses((status = 204)),
               security(("bearer" = [])))]
async fn delete(
    State(app): State<App>,
    user: User,
    Params((world, id)): Params<(String, i64)>,
) -> Result<StatusCode, AppError> {
    let client = app.db.get().await?;
    let held = held_character(&client, &user, &world, id, false).await?;
    let sql = "update player set pending_deletion_ts = now()
               where id = $1 and held_by_spawn is null and not in_game and pending_deletion_ts is null";
    if held || client.execute(sql, &[&id]).await? == 0 {
        return Err(AppError::List("This character is in its world. Leave it there first, then delete it.".into()));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Checks that a character is there and the asker's to change; the answer is whether a world holds it.
pub(super) async fn held_character(
    client: &impl GenericClient,
    user: &User,
    world: &str,
    id: i64,
    builders_too: bool,
) -> Result<bool, AppError> {
    let root = Root::visible(client, world, Some(user)).await?;
    let row = client
        .query_opt(
            "select user_id, in_game or held_by_spawn is not null from player
             where id = $1 and root_id = $2 and pending_deletion_ts is null",
            &[&id, &root.id],
        )
        .await?
        .ok_or(AppError::NotFound)?;
    if row.get::<_, i64>(0) == user.id || (builders_too && root.can_edit()) {
        return Ok(row.get(1));
    }
    Err(AppError::forbidden())
}

/// Moves a character from a finished single-player world to a multiplayer one. The number in the path is the character's.
#[utoipa::path(post, path = "/lobby/worlds/{world}/transfer/", tag = "lobby", params(("world" = String, Path)),
               responses((status = 400)),
               security(("bearer" = [])))]
async fn transfer(State(app): State<App>, user: User, Params(player): Params<String>) -> Result<(), AppError> {
    if user.is_temporary {
        return Err(AppError::List("User is temporary.".into()));
    }
    let id: i64 = player.strip_prefix("player.").unwrap_or(&player).parse().map_err(|_| AppError::NotFound)?;
    let client = app.db.get().await?;
    let row = client
        .query_opt(
            "select p.user_id, w.is_multiplayer from player p join world w on w.id = p.root_id
             where p.id = $1 and p.pending_deletion_ts is null",
            &[&id],
        )
        .await?
        .ok_or(AppError::NotFound)?;
    if row.get::<_, i64>(0) != user.id {
        return Err(AppError::List("Player does not belong to this user account.".into()));
    }
    // No single-player world can be finished yet, so every answer is a refusal.
    let text = match row.get::<_, bool>(1) {
        true => "Player is not in a single player world.",
        false => "Player is not in a completed world.",
    };
    Err(AppError::List(text.into()))
}
