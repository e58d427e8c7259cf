//! What the operator's tools do to accounts: make them, let them in, shut them out. Used by the command line
//! and by the first start; it asks nobody's permission, so nothing of it is reachable from outside.

use super::accounts::{NewUser, User, valid_email};
use super::pushes::{self, Notice};
use super::{App, AppError, auth, login};
use crate::world::character::PlayerId;

/// The account of an address, made when there is none; with `staff`, a member of the staff from now on.
///
/// # Errors
/// An address that is none.
pub async fn create_user(app: &App, email: &str, staff: bool) -> Result<User, AppError> {
    let email = valid_email(email)?;
    let client = app.db.get().await?;
    if User::by_email(&client, email).await?.is_none() {
        let new = NewUser { email, is_staff: staff, ..NewUser::default() };
        return User::create(&client, &new).await;
    }
    if staff {
        let sql = "update app_user set is_staff = true where email_key = $1";
        client.execute(sql, &[&super::accounts::key(email)]).await?;
    }
    find_user(app, email).await
}

/// The account of an address.
///
/// # Errors
/// [`AppError::NotFound`] when there is none.
pub async fn find_user(app: &App, email: &str) -> Result<User, AppError> {
    let client = app.db.get().await?;
    User::by_email(&client, email).await?.ok_or(AppError::NotFound)
}

/// An access token of an account.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such account.
pub async fn access_token(app: &App, email: &str) -> Result<String, AppError> {
    let user = find_user(app, email).await?;
    app.tokens.access(user.id, user.token_generation).map_err(|e| AppError::Internal(e.to_string()))
}

/// A login link of an account; those before it are void.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such account.
pub async fn login_link(app: &App, email: &str) -> Result<String, AppError> {
    let user = find_user(app, email).await?;
    let client = app.db.get().await?;
    login::make_link(app, &client, user.id).await
}

/// A character, as operators name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: PlayerId,
    pub name: String,
    /// The name of its root world.
    pub world: String,
}

/// The characters of this number (`7` or `player.7`) or name.
///
/// # Errors
/// The database's.
pub async fn find_characters(app: &App, text: &str) -> Result<Vec<Found>, AppError> {
    let number = text.strip_prefix("player.").unwrap_or(text).parse::<PlayerId>().ok();
    let sql = "select p.id, p.name, w.name as world from player p join world w on w.id = p.root_id
               where p.id = $1 or lower(p.name) = lower($2) order by p.id";
    let rows = app.db.get().await?.query(sql, &[&number, &text]).await?;
    let found = |row: &tokio_postgres::Row| Found { id: row.get("id"), name: row.get("name"), world: row.get("world") };
    Ok(rows.iter().map(found).collect())
}

/// Bans an account from the worlds, or lets it in again. A ban ends its sessions, and running Forges take its
/// characters out of their worlds.
///
/// # Errors
/// [`AppError::NotFound`] when there is no such account.
pub async fn set_banned(app: &App, email: &str, banned: bool) -> Result<User, AppError> {
    let user = find_user(app, email).await?;
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    transaction.execute("update app_user set noplay = $2 where id = $1", &[&user.id, &banned]).await?;
    if banned {
        auth::end_sessions(&transaction, user.id).await?;
        pushes::notify(&transaction, &Notice::Banned).await?;
    }
    transaction.commit().await?;
    find_user(app, email).await
}
