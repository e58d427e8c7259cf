//! Takes characters of banned accounts out of the worlds that hold them: when an account is banned, and again at each
//! sweep, for worlds that could not be reached then. Whom to ban is for `operator`; who may enter is for `enter`.

use super::auth::BANNED_TEXT;
use super::{App, AppError, spawns};
use crate::world::internal::Order;

/// Tells every world that holds a character of a banned account to let it go. Telling twice does no harm.
pub async fn expel(app: &App) {
    let held = match held(app).await {
        Ok(held) => held,
        Err(error) => {
            tracing::warn!(?error, "the characters of banned accounts could not be looked up");
            return;
        }
    };
    for (player, spawn) in held {
        let order = Order::Expel { player, text: BANNED_TEXT.into() };
        if let Err(error) = spawns::order(app, spawn, &order).await {
            tracing::warn!(%error, player, spawn, "a banned account's character could not be expelled yet");
        }
    }
}

async fn held(app: &App) -> Result<Vec<(i64, i64)>, AppError> {
    let client = app.db.get().await?;
    let statement = client
        .prepare_cached(
            "select p.id, p.held_by_spawn from player p
             join app_user u on u.id = p.user_id
             join spawn s on s.id = p.held_by_spawn
             where u.noplay and s.lifecycle = 'running'",
        )
        .await?;
    Ok(client.query(&statement, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}
