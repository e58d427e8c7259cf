//! A character begins anew: as it was made, with nothing that it ever won. In a single-player world its world begins anew
//! with it.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::User;
use super::body::Params;
use super::players::held_character;
use super::summary::PlayerSummary;
use super::{App, AppError, spawns};

const INSIDE: &str = "This character is in its world. Leave it there first, then begin anew.";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(reset))
}

/// Lets a character begin anew: level, things, gold, standings, marks and known rooms go; name, looks and aliases stay.
/// By its owner, while it is not in the world. A single-player world begins anew with it.
#[utoipa::path(post, path = "/lobby/worlds/{world}/chars/{id}/reset/", tag = "lobby",
               params(("world" = String, Path), ("id" = i64, Path)),
               responses((status = 200, body = PlayerSummary)),
               security(("bearer" = [])))]
async fn reset(
    State(app): State<App>,
    user: User,
    Params((world, id)): Params<(String, i64)>,
) -> Result<Json<PlayerSummary>, AppError> {
    let mut client = app.db.get().await?;
    if held_character(&client, &user, &world, id, false).await? {
        return Err(AppError::List(INSIDE.into()));
    }
    let row = client
        .query_one(
            "select s.id, s.world_id, s.is_shared, s.lifecycle from player p join spawn s on s.id = p.spawn_id where p.id = $1",
            &[&id],
        )
        .await?;
    let (old, root, is_shared): (i64, i64, bool) = (row.get(0), row.get(1), row.get(2));
    // Its own world still runs for a while after it left.
    if !is_shared && row.get::<_, &str>(3) == "running" {
        drop(client);
        spawns::stop(&app, old, Duration::ZERO).await.map_err(|declined| AppError::List(declined.to_string()))?;
        client = app.db.get().await?;
    }
    let transaction = client.transaction().await?;
    let began = transaction
        .execute(
            "update player p set level = 1, experience = 0, health = null, mana = null, stamina = null, gold = 0, glory = 0,
                 medals = 0, room_id = null, is_initialised = false, saves = saves + 1
             where id = $1 and held_by_spawn is null and not in_game and pending_deletion_ts is null",
            &[&id],
        )
        .await?;
    if began == 0 {
        return Err(AppError::List(INSIDE.into()));
    }
    for table in ["item", "player_room", "player_currency", "player_faction", "player_mark"] {
        transaction.execute(&format!("delete from {table} where player_id = $1"), &[&id]).await?;
    }
    if !is_shared {
        let new = spawns::create(&transaction, root, false).await?;
        transaction.execute("update player set spawn_id = $2 where id = $1", &[&id, &new]).await?;
        let gone = "delete from spawn where id = $1 and lifecycle in ('new', 'stopped')";
        if transaction.execute(gone, &[&old]).await? == 0 {
            return Err(AppError::List("Its world is changing just now. Please try again in a moment.".into()));
        }
    }
    transaction.commit().await?;
    tracing::info!(player = id, account = user.id, "a character begins anew");
    Ok(Json(PlayerSummary::by_id(&client, id).await?))
}
