//! Who is asking: the extractors that turn a bearer token into an account, and the sessions behind tokens.
//! A refresh token works once. When a used one comes back, somebody has a copy, and its whole family ends.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, OptionalFromRequestParts};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use deadpool_postgres::GenericClient;
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::accounts::{User, UserView};
use super::tokens::{REFRESH_LIFETIME, random_id};
use super::{App, AppError};
use crate::token::{self, TokenType};

pub const BANNED_TEXT: &str = "You have been banned from entering worlds.";

/// What a login answers. `token` is the access token again, under the name that older clients read.
#[derive(Serialize, ToSchema)]
pub struct Session {
    pub access: String,
    pub refresh: String,
    pub token: String,
    pub user: UserView,
}

/// Starts a session of an account: a new family of refresh tokens.
pub async fn begin_session(app: &App, client: &impl GenericClient, user: &User) -> Result<Session, AppError> {
    if user.noplay {
        return Err(AppError::Forbidden(BANNED_TEXT.into()));
    }
    let (access, refresh) = issue(app, client, user.id, user.token_generation, &random_id()).await?;
    Ok(Session { token: access.clone(), access, refresh, user: user.view(client).await? })
}

/// Takes a refresh token and gives the next pair of its family.
///
/// # Errors
/// 401 for one that is unknown, expired, revoked or used; the last ends its family.
pub async fn rotate(app: &App, refresh: &str) -> Result<(String, String), AppError> {
    let claims = app.tokens.check(refresh, TokenType::Refresh)?;
    let refused = || AppError::from(token::TokenError::Invalid);
    let mut client = app.db.get().await?;
    let transaction = client.transaction().await?;
    let user = User::by_id(&transaction, claims.user_id).await?.ok_or_else(refused)?;
    if user.noplay {
        return Err(AppError::Forbidden(BANNED_TEXT.into()));
    }
    if user.token_generation != claims.generation {
        return Err(refused());
    }
    let row = transaction
        .query_opt(
            "select family, used_ts is not null, revoked_ts is not null from refresh_token
             where jti = $1 and user_id = $2 for update",
            &[&claims.jti, &claims.user_id],
        )
        .await?
        .ok_or_else(refused)?;
    let (family, used, revoked): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
    if used || revoked {
        let end = "update refresh_token set revoked_ts = now() where family = $1 and revoked_ts is null";
        transaction.execute(end, &[&family]).await?;
        transaction.commit().await?;
        tracing::warn!(user = claims.user_id, "a used refresh token came back; its sessions were ended");
        return Err(refused());
    }
    transaction.execute("update refresh_token set used_ts = now() where jti = $1", &[&claims.jti]).await?;
    let pair = issue(app, &transaction, user.id, user.token_generation, &family).await?;
    transaction.commit().await?;
    Ok(pair)
}

/// Makes every token of an account that was issued until now worthless.
pub async fn end_sessions(client: &impl GenericClient, user_id: i64) -> Result<(), AppError> {
    let raise = "update app_user set token_generation = token_generation + 1 where id = $1";
    client.execute(raise, &[&user_id]).await?;
    client.execute("delete from refresh_token where user_id = $1", &[&user_id]).await?;
    Ok(())
}

async fn issue(
    app: &App,
    client: &impl GenericClient,
    user_id: i64,
    generation: i32,
    family: &str,
) -> Result<(String, String), AppError> {
    let failed = |e: super::tokens::KeysError| AppError::Internal(e.to_string());
    let jti = random_id();
    let expires = OffsetDateTime::now_utc() + REFRESH_LIFETIME;
    client
        .execute(
            "insert into refresh_token (jti, family, user_id, expires_ts) values ($1, $2, $3, $4)",
            &[&jti, &family, &user_id, &expires],
        )
        .await?;
    let access = app.tokens.access(user_id, generation).map_err(failed)?;
    let refresh = app.tokens.refresh(user_id, generation, &jti).map_err(failed)?;
    Ok((access, refresh))
}

/// The account of an access token. Banned accounts come back too: the caller says what they hear.
///
/// # Errors
/// 401 for a token that is not, or no longer, good.
pub async fn authenticate(app: &App, access: &str) -> Result<User, AppError> {
    let claims = app.tokens.check(access, TokenType::Access)?;
    let client = app.db.get().await?;
    let user = User::by_id(&client, claims.user_id).await?;
    user.filter(|user| user.token_generation == claims.generation).ok_or(token::TokenError::Invalid.into())
}

impl FromRequestParts<App> for User {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let user = <Self as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?;
        user.ok_or_else(AppError::login_required)
    }
}

/// None without an `Authorization` header; a bad one is refused even where none is needed.
impl OptionalFromRequestParts<App> for User {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, AppError> {
        let Some(header) = parts.headers.get(AUTHORIZATION) else { return Ok(None) };
        let token = header.to_str().ok().and_then(token::of_header).ok_or(token::TokenError::Invalid)?;
        let user = authenticate(app, token).await?;
        app.throttles.requests_by_account.check(user.id)?;
        if user.noplay {
            return Err(AppError::Forbidden(BANNED_TEXT.into()));
        }
        Ok(Some(user))
    }
}

/// A member of the staff.
pub struct Staff(pub User);

impl FromRequestParts<App> for Staff {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let user = <User as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if user.is_staff { Ok(Self(user)) } else { Err(AppError::forbidden()) }
    }
}

/// Where the request comes from, behind the proxies that are trusted.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    pub fn of(parts_extensions: &axum::http::Extensions, headers: &axum::http::HeaderMap, app: &App) -> Self {
        // Over a unix socket there is no address: that is this machine.
        let peer = parts_extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |ConnectInfo(peer)| peer.ip());
        let forwarded: Vec<&str> =
            headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
        Self(app.proxies.client(peer, forwarded.into_iter()))
    }

    /// What throttles count by: an IPv6 customer has a whole /64.
    pub fn key(self) -> String {
        crate::address::network(self.0).to_string()
    }
}

impl FromRequestParts<App> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.extensions, &parts.headers, app))
    }
}
