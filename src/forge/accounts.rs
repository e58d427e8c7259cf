//! Accounts: the row, what its owner sees of it, and what its owner changes in it. How people get in is in `login`,
//! what their tokens are worth in `auth`.

use axum::Json;
use axum::extract::State;
use deadpool_postgres::GenericClient;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::{Error, Row};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{self, Session};
use super::body::Body;
use super::mail::password_letter;
use super::{App, AppError};
use crate::store::postgres::violated_constraint;

/// Characters of a username.
pub const USERNAME_MAX: usize = 30;
/// Bytes of a mail address.
pub const EMAIL_MAX: usize = 254;
/// Characters of a first or last name.
const PERSON_NAME_MAX: usize = 60;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, change)).routes(routes!(set_password)).routes(routes!(accept_conduct))
}

/// An account as it is stored.
#[derive(Clone, Debug)]
pub struct User {
    pub id: i64,
    pub email: String,
    pub name: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub has_password: bool,
    pub is_staff: bool,
    pub is_temporary: bool,
    pub is_confirmed: bool,
    /// Mail to it came back.
    pub is_invalid: bool,
    /// Banned.
    pub noplay: bool,
    pub cod_accepted: bool,
    pub send_newsletter: bool,
    pub use_grapevine: bool,
    pub accessibility_mode: bool,
    pub name_recognition: bool,
    pub multiplayer_worlds: bool,
    pub link_id: Option<i64>,
    /// Tokens of another generation are worthless.
    pub token_generation: i32,
    pub date_joined: OffsetDateTime,
}

const COLUMNS: &str = "id, email, name, first_name, last_name, password_hash is not null as has_password, is_staff,
    is_temporary, is_confirmed, is_invalid, noplay, cod_accepted, send_newsletter, use_grapevine, accessibility_mode,
    name_recognition, multiplayer_worlds, link_id, token_generation, date_joined";

impl User {
    pub async fn by_id(client: &impl GenericClient, id: i64) -> Result<Option<Self>, Error> {
        let statement = client.prepare_cached(&format!("select {COLUMNS} from app_user where id = $1")).await?;
        Ok(client.query_opt(&statement, &[&id]).await?.as_ref().map(Self::of_row))
    }

    /// By mail address, in any case.
    pub async fn by_email(client: &impl GenericClient, email: &str) -> Result<Option<Self>, Error> {
        let statement = client.prepare_cached(&format!("select {COLUMNS} from app_user where email_key = $1")).await?;
        Ok(client.query_opt(&statement, &[&key(email)]).await?.as_ref().map(Self::of_row))
    }

    /// A new account.
    ///
    /// # Errors
    /// 400 by field when address or name are taken.
    pub async fn create(client: &impl GenericClient, new: &NewUser<'_>) -> Result<Self, AppError> {
        let sql = format!(
            "insert into app_user (email, email_key, name, name_key, first_name, last_name, password_hash, is_staff,
                                   is_temporary, send_newsletter)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning {COLUMNS}"
        );
        let (email_key, name_key) = (key(new.email), new.name.map(key));
        let row = client
            .query_one(
                &sql,
                &[
                    &new.email,
                    &email_key,
                    &new.name,
                    &name_key,
                    &new.first_name,
                    &new.last_name,
                    &new.password_hash,
                    &new.is_staff,
                    &new.is_temporary,
                    &new.send_newsletter,
                ],
            )
            .await
            .map_err(|error| taken(error, "username"))?;
        Ok(Self::of_row(&row))
    }

    /// What its owner sees.
    pub async fn view(&self, client: &impl GenericClient) -> Result<UserView, Error> {
        let statement = client
            .prepare_cached("select count(*) from player where user_id = $1 and pending_deletion_ts is null")
            .await?;
        let num_players: i64 = client.query_one(&statement, &[&self.id]).await?.get(0);
        let joined = self.date_joined;
        Ok(UserView {
            id: self.id,
            key: format!("user.{}", self.id),
            email: self.email.clone(),
            name: self.name.clone().unwrap_or_default(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            has_password: self.has_password,
            is_admin: self.is_staff,
            is_staff: self.is_staff,
            is_temporary: self.is_temporary,
            is_confirmed: self.is_confirmed,
            is_invalid: self.is_invalid,
            cod_accepted: self.cod_accepted,
            num_players,
            date_joined: joined.format(&Rfc3339).unwrap_or_default(),
            date_joined_str: format!("{:02}/{:02}", u8::from(joined.month()), joined.day()),
            send_newsletter: self.send_newsletter,
            use_grapevine: self.use_grapevine,
            accessibility_mode: self.accessibility_mode,
            name_recognition: self.name_recognition,
            multiplayer_worlds: self.multiplayer_worlds,
        })
    }

    fn of_row(row: &Row) -> Self {
        Self {
            id: row.get("id"),
            email: row.get("email"),
            name: row.get("name"),
            first_name: row.get("first_name"),
            last_name: row.get("last_name"),
            has_password: row.get("has_password"),
            is_staff: row.get("is_staff"),
            is_temporary: row.get("is_temporary"),
            is_confirmed: row.get("is_confirmed"),
            is_invalid: row.get("is_invalid"),
            noplay: row.get("noplay"),
            cod_accepted: row.get("cod_accepted"),
            send_newsletter: row.get("send_newsletter"),
            use_grapevine: row.get("use_grapevine"),
            accessibility_mode: row.get("accessibility_mode"),
            name_recognition: row.get("name_recognition"),
            multiplayer_worlds: row.get("multiplayer_worlds"),
            link_id: row.get("link_id"),
            token_generation: row.get("token_generation"),
            date_joined: row.get("date_joined"),
        }
    }
}

/// What an account starts with.
#[derive(Default)]
pub struct NewUser<'a> {
    pub email: &'a str,
    pub name: Option<&'a str>,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub password_hash: Option<&'a str>,
    pub is_staff: bool,
    pub is_temporary: bool,
    pub send_newsletter: bool,
}

/// An account as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    pub id: i64,
    pub key: String,
    pub email: String,
    /// The username; empty when none was chosen.
    pub name: String,
    pub first_name: String,
    pub last_name: String,
    /// Whether logging in with a password is possible.
    pub has_password: bool,
    pub is_admin: bool,
    pub is_staff: bool,
    pub is_temporary: bool,
    pub is_confirmed: bool,
    pub is_invalid: bool,
    pub cod_accepted: bool,
    pub num_players: i64,
    /// RFC 3339.
    pub date_joined: String,
    /// Month/day.
    pub date_joined_str: String,
    pub send_newsletter: bool,
    pub use_grapevine: bool,
    /// Plain-text layout of the game.
    pub accessibility_mode: bool,
    pub name_recognition: bool,
    pub multiplayer_worlds: bool,
}

/// What an address or a name is compared by, independent of the database's locale.
pub fn key(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A mail address that mail can be sent to.
///
/// # Errors
/// 400 `{email: [...]}`
pub fn valid_email(text: &str) -> Result<&str, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AppError::field("email", "Please give your mail address."));
    }
    let plain = text.len() <= EMAIL_MAX && text.is_ascii() && !text.contains(['"', '<', '>', '[', ']']);
    if !plain || text.parse::<lettre::Address>().is_err() {
        return Err(AppError::field("email", "This is not a mail address."));
    }
    Ok(text)
}

/// A username; None for a blank one.
///
/// # Errors
/// 400 under the name of the field.
pub fn valid_username<'a>(field: &str, text: &'a str) -> Result<Option<&'a str>, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().count() > USERNAME_MAX {
        return Err(AppError::field(field, format!("A username has at most {USERNAME_MAX} characters.")));
    }
    if !text.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c)) {
        return Err(AppError::field(field, "A username has letters, digits, spaces, dots, dashes and underscores."));
    }
    Ok(Some(text))
}

/// A first or last name.
///
/// # Errors
/// 400 under the name of the field.
pub fn valid_person_name<'a>(field: &str, text: &'a str) -> Result<&'a str, AppError> {
    let text = text.trim();
    if text.chars().count() > PERSON_NAME_MAX || text.chars().any(char::is_control) {
        return Err(AppError::field(field, format!("A name has at most {PERSON_NAME_MAX} characters.")));
    }
    Ok(text)
}

/// What a write that met an existing address or name is told.
pub fn taken(error: Error, name_field: &str) -> AppError {
    match violated_constraint(&error) {
        Some("app_user_email") => {
            AppError::field("email", "There is an account with this address. Ask for a login link to get in.")
        }
        Some("app_user_name") => AppError::field(name_field, "This username is taken."),
        _ => error.into(),
    }
}

/// The account of the token.
#[utoipa::path(get, path = "/user/", tag = "account", responses((status = 200, body = UserView)),
               security(("bearer" = [])))]
async fn show(State(app): State<App>, user: User) -> Result<Json<UserView>, AppError> {
    let client = app.db.get().await?;
    client.execute("update app_user set last_seen = now() where id = $1", &[&user.id]).await?;
    Ok(Json(user.view(&client).await?))
}

/// What of an account its owner may change; what is missing stays.
#[derive(Deserialize, ToSchema)]
struct Change {
    /// Empty takes the username away.
    name: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    send_newsletter: Option<bool>,
    accessibility_mode: Option<bool>,
    use_grapevine: Option<bool>,
    name_recognition: Option<bool>,
}

/// Changes the account of the token.
#[utoipa::path(put, path = "/user/", tag = "account", request_body = Change, responses((status = 200, body = UserView)),
               security(("bearer" = [])))]
async fn change(State(app): State<App>, user: User, Body(change): Body<Change>) -> Result<Json<UserView>, AppError> {
    let name = match &change.name {
        Some(name) => valid_username("name", name)?.map(str::to_owned),
        None => user.name,
    };
    let first_name = change.first_name.as_deref().map(|n| valid_person_name("first_name", n)).transpose()?;
    let last_name = change.last_name.as_deref().map(|n| valid_person_name("last_name", n)).transpose()?;
    let client = app.db.get().await?;
    let sql = format!(
        "update app_user set name = $2, name_key = $3, first_name = coalesce($4, first_name),
                last_name = coalesce($5, last_name), send_newsletter = coalesce($6, send_newsletter),
                accessibility_mode = coalesce($7, accessibility_mode), use_grapevine = coalesce($8, use_grapevine),
                name_recognition = coalesce($9, name_recognition)
         where id = $1 returning {COLUMNS}"
    );
    let row = client
        .query_one(
            &sql,
            &[
                &user.id,
                &name,
                &name.as_deref().map(key),
                &first_name,
                &last_name,
                &change.send_newsletter,
                &change.accessibility_mode,
                &change.use_grapevine,
                &change.name_recognition,
            ],
        )
        .await
        .map_err(|error| taken(error, "name"))?;
    Ok(Json(User::of_row(&row).view(&client).await?))
}

#[derive(Deserialize, ToSchema)]
struct NewPassword {
    /// The password until now; needed where there is one.
    #[serde(default)]
    current: String,
    password: String,
}

/// Sets or changes the password. Every other session ends; the answer is a new one.
#[utoipa::path(put, path = "/user/password/", tag = "account", request_body = NewPassword,
               responses((status = 200, body = Session)),
               security(("bearer" = [])))]
async fn set_password(
    State(app): State<App>,
    user: User,
    Body(new): Body<NewPassword>,
) -> Result<Json<Session>, AppError> {
    if user.is_temporary {
        return Err(AppError::non_field("Guests have no password. Save your account first."));
    }
    app.throttles.logins_by_account.check(user.id)?;
    if user.has_password {
        // No connection is held while hashes are computed.
        let sql = "select password_hash from app_user where id = $1";
        let row = app.db.get().await?.query_one(sql, &[&user.id]).await?;
        if !app.passwords.verify(&new.current, row.get(0)).await? {
            return Err(AppError::field("current", "This is not your password."));
        }
    }
    let hash = app.passwords.hash(&new.password, &user.email).await?;
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    transaction.execute("update app_user set password_hash = $2 where id = $1", &[&user.id, &hash]).await?;
    auth::end_sessions(&transaction, user.id).await?;
    let user = User::by_id(&transaction, user.id).await?.ok_or_else(AppError::login_required)?;
    let session = auth::begin_session(&app, &transaction, &user).await?;
    transaction.commit().await?;
    if let Err(error) = app.mail.send(password_letter(&user.email)).await {
        tracing::warn!(?error, user = user.id, "could not tell of a new password");
    }
    Ok(Json(session))
}

/// Notes that the code of conduct was accepted.
#[utoipa::path(post, path = "/auth/acceptcodeofconduct/", tag = "account", responses((status = 201, body = UserView)),
               security(("bearer" = [])))]
async fn accept_conduct(
    State(app): State<App>,
    user: User,
) -> Result<(axum::http::StatusCode, Json<UserView>), AppError> {
    let client = app.db.get().await?;
    let sql = format!("update app_user set cod_accepted = true where id = $1 returning {COLUMNS}");
    let user = User::of_row(&client.query_one(&sql, &[&user.id]).await?);
    Ok((axum::http::StatusCode::CREATED, Json(user.view(&client).await?)))
}
