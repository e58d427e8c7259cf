//! Keeping house: what has expired goes. Any number of Forges may sweep at once; each statement stands alone.

use super::{App, AppError, bans};

/// What goes, and when. Characters and guests that a world holds stay.
const STATEMENTS: [&str; 4] = [
    "delete from login_link where expires_ts < now() - interval '1 day'",
    "delete from refresh_token where expires_ts < now()",
    // A guest's way back ends with the refresh token; some days more for the slow.
    "delete from app_user u
     where is_temporary and last_seen < now() - interval '21 days'
       and not exists (select from refresh_token r where r.user_id = u.id)
       and not exists (select from player p where p.user_id = u.id and (p.in_game or p.held_by_spawn is not null))",
    "delete from player
     where pending_deletion_ts < now() - interval '30 days' and not in_game and held_by_spawn is null",
];

/// One round. A database that is away is not worth a word: requests tell of it.
pub async fn run(app: &App) {
    app.throttles.forget_quiet();
    if let Err(error) = expire(app).await {
        tracing::debug!(?error, "a sweep of the database was left out");
        return;
    }
    bans::expel(app).await;
}

async fn expire(app: &App) -> Result<(), AppError> {
    let client = app.db.get().await?;
    for statement in STATEMENTS {
        let gone = client.execute(statement, &[]).await?;
        if gone > 0 {
            tracing::info!(gone, "swept: {}", statement.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
        }
    }
    Ok(())
}
