//! The platform from a visitor's side: what it is called, whether guests may play, how a guest gets a character;
//! and the settings of play that the game screen reads and writes.

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use deadpool_postgres::GenericClient;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{NewUser, User};
use super::auth::{self, ClientAddress, Session};
use super::body::Body;
use super::players::{self, Wish};
use super::roots::{Named, Root, intro_world};
use super::summary::PlayerSummary;
use super::tokens::random_id;
use super::{App, AppError, PLATFORM_NAME, names, spawns};
use crate::world::character::PlayerConfig;
use crate::world::internal::Order;

/// Names that are tried before giving up.
const GUEST_NAMES_TRIED: u32 = 8;
/// Radius of the map on a phone, in rooms.
const MAP_WIDTH: std::ops::RangeInclusive<i32> = 1..=20;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(platform))
        .routes(routes!(play))
        .routes(routes!(configure))
        .routes(routes!(open_quests))
        .routes(routes!(completed_quests))
        .routes(routes!(repeatable_quests))
}

/// What the platform is.
#[derive(Serialize, ToSchema)]
struct Platform {
    name: &'static str,
    version: &'static str,
    /// Whether one may play without an account.
    guests: bool,
    /// The world that guests get.
    intro_world: Option<i64>,
}

/// What the platform is; for everyone.
#[utoipa::path(get, path = "/platform/", tag = "platform", responses((status = 200, body = Platform)))]
async fn platform(State(app): State<App>) -> Result<Json<Platform>, AppError> {
    let client = app.db.get().await?;
    Ok(Json(Platform {
        name: PLATFORM_NAME,
        version: env!("CARGO_PKG_VERSION"),
        guests: app.options.guests,
        intro_world: intro_world(&app, &client).await?,
    }))
}

/// A guest's session and character.
#[derive(Serialize, ToSchema)]
struct Playing {
    #[serde(flatten)]
    session: Session,
    player: PlayerSummary,
    /// The world that the character lives in.
    world_id: i64,
}

/// Makes a guest with a character in the first world. Guests are forgotten when nobody comes back for them.
#[utoipa::path(post, path = "/game/play/", tag = "platform", responses((status = 201, body = Playing)))]
async fn play(State(app): State<App>, address: ClientAddress) -> Result<(StatusCode, Json<Playing>), AppError> {
    if !app.options.guests {
        return Err(AppError::List("Guests cannot play here. Make an account; it takes a moment.".into()));
    }
    app.throttles.accounts_by_address.check(address.key())?;
    let mut client = app.db.get().await?;
    let world = intro_world(&app, &client).await?;
    let closed = || AppError::List("There is no world for guests yet.".into());
    for _ in 0..GUEST_NAMES_TRIED {
        let transaction = client.transaction().await?;
        let email = format!("guest-{}@guest.invalid", random_id().to_lowercase());
        let guest = NewUser { email: &email, is_temporary: true, ..NewUser::default() };
        let user = User::create(&transaction, &guest).await?;
        let id = world.ok_or_else(closed)?;
        let root = Root::find(&transaction, &Named::Id(id), Some(&user)).await?.ok_or_else(closed)?;
        let name = names::guest_name(chance());
        let wish = Wish { name: &name, ..Wish::default() };
        let id = match players::make(&app, &transaction, &user, &root, wish).await {
            Ok(id) => id,
            // The name was taken or taboo: another one.
            Err(AppError::Fields(fields)) if fields.iter().any(|(field, _)| field == "name") => continue,
            Err(AppError::Fields(fields)) => {
                return Err(AppError::List(fields.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")));
            }
            Err(error) => return Err(error),
        };
        let session = auth::begin_session(&app, &transaction, &user).await?;
        let player = PlayerSummary::by_id(&transaction, id).await?;
        transaction.commit().await?;
        return Ok((StatusCode::CREATED, Json(Playing { session, world_id: player.world_id, player })));
    }
    Err(AppError::List("Too many guests have come; please make an account.".into()))
}

fn chance() -> u64 {
    let mut bytes = [0u8; 8];
    aws_lc_rs::rand::fill(&mut bytes).expect("the system's random generator works");
    u64::from_le_bytes(bytes)
}

/// The character of the `X-PLAYER-ID` header: the asker's own, and in game.
struct InGame {
    player_id: i64,
}

impl FromRequestParts<App> for InGame {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let user = <User as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        let header = parts.headers.get("x-player-id").and_then(|value| value.to_str().ok());
        let player_id: i64 = header.and_then(|text| text.trim().parse().ok()).ok_or_else(AppError::forbidden)?;
        let client = app.db.get().await?;
        let statement = client
            .prepare_cached(
                "select 1 from player
                 where id = $1 and user_id = $2 and pending_deletion_ts is null
                   and (in_game or held_by_spawn is not null)",
            )
            .await?;
        match client.query_opt(&statement, &[&player_id, &user.id]).await? {
            Some(_) => Ok(Self { player_id }),
            None => Err(AppError::forbidden()),
        }
    }
}

/// Settings of play; what is missing stays.
#[derive(Deserialize, ToSchema)]
struct ConfigChange {
    room_brief: Option<bool>,
    combat_brief: Option<bool>,
    display_chat: Option<bool>,
    idle_logout: Option<bool>,
    #[serde(default, deserialize_with = "lenient_number")]
    mobile_map_width: Option<i32>,
    display_connect: Option<bool>,
}

/// Form fields send numbers as text.
fn lenient_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.and_then(|n| i32::try_from(n).ok());
    number.map(Some).ok_or_else(|| serde::de::Error::custom("expected a whole number"))
}

#[derive(Serialize, ToSchema)]
struct ConfigView {
    room_brief: bool,
    combat_brief: bool,
    display_chat: bool,
    idle_logout: bool,
    mobile_map_width: i32,
    display_connect: bool,
}

/// Changes the settings of the character in game.
#[utoipa::path(post, path = "/game/player/config/", tag = "game", request_body = ConfigChange,
               params(("x-player-id" = i64, Header)), responses((status = 201, body = ConfigView)),
               security(("bearer" = [])))]
async fn configure(
    State(app): State<App>,
    player: InGame,
    Body(change): Body<ConfigChange>,
) -> Result<(StatusCode, Json<ConfigView>), AppError> {
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    transaction.execute("select 1 from player where id = $1 for update", &[&player.player_id]).await?;
    let old = load_config(&transaction, player.player_id).await?;
    let new = PlayerConfig {
        room_brief: change.room_brief.unwrap_or(old.room_brief),
        combat_brief: change.combat_brief.unwrap_or(old.combat_brief),
        display_chat: change.display_chat.unwrap_or(old.display_chat),
        idle_logout: change.idle_logout.unwrap_or(old.idle_logout),
        mobile_map_width: change
            .mobile_map_width
            .unwrap_or(old.mobile_map_width)
            .clamp(*MAP_WIDTH.start(), *MAP_WIDTH.end()),
        display_connect: change.display_connect.unwrap_or(old.display_connect),
    };
    store_config(&transaction, player.player_id, &new).await?;
    let held = "select held_by_spawn from player where id = $1";
    let held: Option<i64> = transaction.query_one(held, &[&player.player_id]).await?.get(0);
    transaction.commit().await?;
    if let Some(spawn) = held {
        let order = Order::SetConfig { player: player.player_id, config: new };
        // The answer does not wait for the world: what it misses now it gets at the next entry.
        tokio::spawn(async move {
            if let Err(error) = spawns::order(&app, spawn, &order).await {
                tracing::debug!(%error, spawn, "a world did not hear of new settings");
            }
        });
    }
    Ok((
        StatusCode::CREATED,
        Json(ConfigView {
            room_brief: new.room_brief,
            combat_brief: new.combat_brief,
            display_chat: new.display_chat,
            idle_logout: new.idle_logout,
            mobile_map_width: new.mobile_map_width,
            display_connect: new.display_connect,
        }),
    ))
}

/// The settings of a character; the defaults where none were chosen.
pub async fn load_config(client: &impl GenericClient, player_id: i64) -> Result<PlayerConfig, tokio_postgres::Error> {
    let statement = client
        .prepare_cached(
            "select room_brief, combat_brief, display_chat, idle_logout, mobile_map_width, display_connect
             from player_config where player_id = $1",
        )
        .await?;
    let row = client.query_opt(&statement, &[&player_id]).await?;
    Ok(row.map_or_else(PlayerConfig::default, |row| PlayerConfig {
        room_brief: row.get(0),
        combat_brief: row.get(1),
        display_chat: row.get(2),
        idle_logout: row.get(3),
        mobile_map_width: row.get(4),
        display_connect: row.get(5),
    }))
}

async fn store_config(
    client: &impl GenericClient,
    player_id: i64,
    config: &PlayerConfig,
) -> Result<(), tokio_postgres::Error> {
    let statement = client
        .prepare_cached(
            "insert into player_config (player_id, room_brief, combat_brief, display_chat, idle_logout,
                                        mobile_map_width, display_connect)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (player_id) do update set room_brief = excluded.room_brief,
                 combat_brief = excluded.combat_brief, display_chat = excluded.display_chat,
                 idle_logout = excluded.idle_logout, mobile_map_width = excluded.mobile_map_width,
                 display_connect = excluded.display_connect",
        )
        .await?;
    let c = config;
    client
        .execute(
            &statement,
            &[
                &player_id,
                &c.room_brief,
                &c.combat_brief,
                &c.display_chat,
                &c.idle_logout,
                &c.mobile_map_width,
                &c.display_connect,
            ],
        )
        .await?;
    Ok(())
}

/// A quest in the log.
#[derive(Serialize, ToSchema)]
struct QuestView {
    id: i64,
    quest_name: String,
    quest_giver: String,
    level: i32,
    summary: Option<String>,
    enquire_cmds: Vec<String>,
}

/// No world has quests yet, so no character has any.
#[utoipa::path(get, path = "/game/quests/open/", tag = "game", params(("x-player-id" = i64, Header)),
               responses((status = 200, body = [QuestView])),
               security(("bearer" = [])))]
async fn open_quests(_player: InGame) -> Json<Vec<QuestView>> {
    Json(Vec::new())
}

/// No world has quests yet, so no character has any.
#[utoipa::path(get, path = "/game/quests/completed/", tag = "game", params(("x-player-id" = i64, Header)),
               responses((status = 200, body = [QuestView])),
               security(("bearer" = [])))]
async fn completed_quests(_player: InGame) -> Json<Vec<QuestView>> {
    Json(Vec::new())
}

/// No world has quests yet, so no character has any.
#[utoipa::path(get, path = "/game/quests/repeatable/", tag = "game", params(("x-player-id" = i64, Header)),
               responses((status = 200, body = [QuestView])),
               security(("bearer" = [])))]
async fn repeatable_quests(_player: InGame) -> Json<Vec<QuestView>> {
    Json(Vec::new())
}
