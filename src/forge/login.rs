//! The ways in: login links by mail, passwords, signing up, keeping a guest's account, refreshing tokens.
//! Of a link only the hash is stored; it works once and for a quarter of an hour.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use deadpool_postgres::GenericClient;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{self, NewUser, User, UserView, valid_email, valid_person_name, valid_username};
use super::auth::{self, ClientAddress, Session};
use super::body::Body;
use super::mail::login_letter;
use super::tokens::random_secret;
use super::{App, AppError};
use crate::store::postgres::violated_constraint;

pub const LINK_LIFETIME: Duration = Duration::minutes(15);
/// What is longer is no token of ours and not hashed.
const LINK_TOKEN_BYTES_MAX: usize = 128;
const LINK_REFUSED: &str = "This login link is not valid any more. Ask for a new one; only the newest works, once.";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(request_link))
        .routes(routes!(confirm_link))
        .routes(routes!(sign_up))
        .routes(routes!(save_guest))
        .routes(routes!(log_in))
        .routes(routes!(refresh))
}

pub(super) type Created<T> = (StatusCode, Json<T>);

/// `{}`
#[derive(Default, Serialize, ToSchema)]
pub(super) struct Nothing {}

#[derive(Deserialize, ToSchema)]
pub(super) struct EmailForm {
    #[serde(default)]
    pub email: String,
}

/// Mails a login link; an unknown address becomes an account.
#[utoipa::path(post, path = "/auth/email/request/", tag = "auth", request_body = EmailForm,
               responses((status = 201, body = Nothing)))]
async fn request_link(
    State(app): State<App>,
    address: ClientAddress,
    Body(form): Body<EmailForm>,
) -> Result<Created<Nothing>, AppError> {
    ask_for_link(&app, address, &form.email).await
}

#[derive(Deserialize, ToSchema)]
struct TokenForm {
    #[serde(default)]
    token: String,
}

/// Logs in with the token of a login link.
#[utoipa::path(post, path = "/auth/email/confirm/", tag = "auth", request_body = TokenForm,
               responses((status = 201, body = Session)))]
async fn confirm_link(
    State(app): State<App>,
    address: ClientAddress,
    Body(form): Body<TokenForm>,
) -> Result<Created<Session>, AppError> {
    app.throttles.logins_by_address.check(address.key())?;
    use_link(&app, "token", &form.token).await
}

#[derive(Deserialize, ToSchema)]
struct SignUp {
    #[serde(default)]
    email: String,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    send_newsletter: Option<bool>,
    /// May be set now or later, or never.
    #[serde(default)]
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct SignedUp {
    user: UserView,
    login_link_sent: bool,
}

/// Makes an account and mails its first login link.
#[utoipa::path(post, path = "/auth/signup/", tag = "auth", request_body = SignUp,
               responses((status = 201, body = SignedUp)))]
async fn sign_up(
    State(app): State<App>,
    address: ClientAddress,
    Body(form): Body<SignUp>,
) -> Result<Created<SignedUp>, AppError> {
    let email = valid_email(&form.email)?;
    let name = valid_username("username", form.username.as_deref().unwrap_or_default())?;
    let first_name = valid_person_name("first_name", form.first_name.as_deref().unwrap_or_default())?;
    let last_name = valid_person_name("last_name", form.last_name.as_deref().unwrap_or_default())?;
    app.throttles.accounts_by_address.check(address.key())?;
    throttle_mail(&app, address, email)?;
    let hash = match form.password.as_deref().filter(|p| !p.is_empty()) {
        Some(password) => Some(app.passwords.hash(password, email).await?),
        None => None,
    };
    let client = app.db.get().await?;
    let new = NewUser {
        email,
        name,
        first_name,
        last_name,
        password_hash: hash.as_deref(),
        send_newsletter: form.send_newsletter.unwrap_or_default(),
        ..NewUser::default()
    };
    let user = User::create(&client, &new).await?;
    mail_link(&app, &client, &user, true).await?;
    Ok((StatusCode::CREATED, Json(SignedUp { user: user.view(&client).await?, login_link_sent: true })))
}

#[derive(Serialize, ToSchema)]
struct Saved {
    #[serde(flatten)]
    session: Session,
    login_link_sent: bool,
}

/// Turns a guest into an account with an address, characters and all.
#[utoipa::path(post, path = "/auth/save/", tag = "auth", request_body = SignUp,
               responses((status = 201, body = Saved)),
               security(("bearer" = [])))]
async fn save_guest(
    State(app): State<App>,
    address: ClientAddress,
    user: User,
    Body(form): Body<SignUp>,
) -> Result<Created<Saved>, AppError> {
    if !user.is_temporary {
        return Err(AppError::non_field("This account is yours already."));
    }
    let email = valid_email(&form.email)?;
    let name = valid_username("username", form.username.as_deref().unwrap_or_default())?;
    throttle_mail(&app, address, email)?;
    let client = app.db.get().await?;
    let name_key = name.map(accounts::key);
    client
        .execute(
            "update app_user set email = $2, email_key = $3, name = $4, name_key = $5, send_newsletter = $6,
                    is_temporary = false
             where id = $1",
            &[&user.id, &email, &accounts::key(email), &name, &name_key, &form.send_newsletter.unwrap_or_default()],
        )
        .await
        .map_err(|error| accounts::taken(error, "username"))?;
    let user = User::by_id(&client, user.id).await?.ok_or_else(AppError::login_required)?;
    mail_link(&app, &client, &user, true).await?;
    let session = auth::begin_session(&app, &client, &user).await?;
    Ok((StatusCode::CREATED, Json(Saved { session, login_link_sent: true })))
}

#[derive(Deserialize, ToSchema)]
struct LogIn {
    #[serde(default)]
    email: String,
    /// Without one, a login link is mailed.
    #[serde(default)]
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum LoggedIn {
    In(Box<Session>),
    /// A link is on its way.
    Mailed(Nothing),
}

/// Logs in with a password, or mails a link where none is given.
#[utoipa::path(post, path = "/auth/login/", tag = "auth", request_body = LogIn,
               responses((status = 201, body = LoggedIn)))]
async fn log_in(
    State(app): State<App>,
    address: ClientAddress,
    Body(form): Body<LogIn>,
) -> Result<Created<LoggedIn>, AppError> {
    let Some(password) = form.password.as_deref().filter(|p| !p.is_empty()) else {
        let (status, Json(nothing)) = ask_for_link(&app, address, &form.email).await?;
        return Ok((status, Json(LoggedIn::Mailed(nothing))));
    };
    let email = valid_email(&form.email)?;
    app.throttles.logins_by_address.check(address.key())?;
    app.throttles.logins_by_account.check(accounts::key(email))?;
    // The connection goes back before the hash is computed: a storm of logins must not hold them all.
    let row = {
        let client = app.db.get().await?;
        let sql = "select id, password_hash from app_user where email_key = $1 and not is_temporary";
        client.query_opt(sql, &[&accounts::key(email)]).await?
    };
    let hash = row.as_ref().and_then(|row| row.get::<_, Option<String>>(1));
    let fits = app.passwords.verify(password, hash.as_deref()).await?;
    let Some(row) = row.filter(|_| fits) else {
        return Err(AppError::non_field("Mail address and password do not go together."));
    };
    let client = app.db.get().await?;
    let user = User::by_id(&client, row.get(0)).await?.ok_or_else(AppError::login_required)?;
    let session = auth::begin_session(&app, &client, &user).await?;
    Ok((StatusCode::CREATED, Json(LoggedIn::In(Box::new(session)))))
}

#[derive(Deserialize, ToSchema)]
struct RefreshForm {
    #[serde(default)]
    refresh: String,
}

#[derive(Serialize, ToSchema)]
struct Refreshed {
    access: String,
    /// Replaces the one that was used, which is worth nothing now.
    refresh: String,
}

/// A new access token for a refresh token, which works once.
#[utoipa::path(post, path = "/auth/refresh/", tag = "auth", request_body = RefreshForm,
               responses((status = 200, body = Refreshed)))]
async fn refresh(State(app): State<App>, Body(form): Body<RefreshForm>) -> Result<Json<Refreshed>, AppError> {
    let (access, refresh) = auth::rotate(&app, &form.refresh).await?;
    Ok(Json(Refreshed { access, refresh }))
}

pub(super) async fn ask_for_link(app: &App, address: ClientAddress, email: &str) -> Result<Created<Nothing>, AppError> {
    let email = valid_email(email)?;
    throttle_mail(app, address, email)?;
    let client = app.db.get().await?;
    let (user, is_new) = match User::by_email(&client, email).await? {
        Some(user) => (user, false),
        None => {
            app.throttles.accounts_by_address.check(address.key())?;
            (find_or_create(&client, email).await?, true)
        }
    };
    // Those whose mail comes back, or who are banned, get the same answer and no mail.
    if !user.is_invalid && !user.noplay && !user.is_temporary {
        mail_link(app, &client, &user, is_new).await?;
    }
    Ok((StatusCode::CREATED, Json(Nothing {})))
}

/// Two requests for a new address may come at once: one makes the account, the other finds it.
async fn find_or_create(client: &impl GenericClient, email: &str) -> Result<User, AppError> {
    match User::create(client, &NewUser { email, ..NewUser::default() }).await {
        Err(AppError::Fields(fields)) if fields.iter().any(|(field, _)| field == "email") => {
            User::by_email(client, email).await?.ok_or_else(|| AppError::Conflict("Please try again.".into()))
        }
        made => made,
    }
}

fn throttle_mail(app: &App, address: ClientAddress, email: &str) -> Result<(), AppError> {
    app.throttles.mails_by_account.check(accounts::key(email))?;
    app.throttles.mails_by_address.check(address.key())
}

async fn mail_link(app: &App, client: &impl GenericClient, user: &User, is_new: bool) -> Result<(), AppError> {
    let link = make_link(app, client, user.id).await?;
    app.mail.send(login_letter(&user.email, &link, LINK_LIFETIME.whole_minutes(), is_new)).await
}

/// A fresh login link of an account; those before it are void.
pub async fn make_link(app: &App, client: &impl GenericClient, user_id: i64) -> Result<String, AppError> {
    let token = random_secret();
    let hash = link_hash(&token);
    let expires = OffsetDateTime::now_utc() + LINK_LIFETIME;
    let void = "update login_link set voided_ts = now() where user_id = $1 and used_ts is null and voided_ts is null";
    client.execute(void, &[&user_id]).await?;
    let insert = "insert into login_link (token_hash, user_id, expires_ts) values ($1, $2, $3)";
    client.execute(insert, &[&hash, &user_id, &expires]).await.map_err(|error| {
        match violated_constraint(&error) {
            // The account was deleted meanwhile.
            Some("login_link_user_id_fkey") => AppError::NotFound,
            _ => error.into(),
        }
    })?;
    Ok(format!("{}/login-link/{token}", app.options.public_url))
}

pub(super) async fn use_link(app: &App, field: &str, token: &str) -> Result<Created<Session>, AppError> {
    let refused = || AppError::field(field, LINK_REFUSED);
    let token = token.trim();
    if token.is_empty() || token.len() > LINK_TOKEN_BYTES_MAX {
        return Err(refused());
    }
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    let row = transaction
        .query_opt(
            "update login_link set used_ts = now()
             where token_hash = $1 and used_ts is null and voided_ts is null and expires_ts > now() returning user_id",
            &[&link_hash(token)],
        )
        .await?
        .ok_or_else(refused)?;
    let user_id: i64 = row.get(0);
    transaction
        .execute("update app_user set is_confirmed = true, last_seen = now() where id = $1", &[&user_id])
        .await?;
    let user = User::by_id(&transaction, user_id).await?.ok_or_else(refused)?;
    let session = auth::begin_session(app, &transaction, &user).await?;
    transaction.commit().await?;
    Ok((StatusCode::CREATED, Json(session)))
}

fn link_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
