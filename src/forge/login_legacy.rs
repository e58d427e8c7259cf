//! Calls that older clients know: other names of the ways in, and what this platform does not have and says so.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::{User, UserView};
use super::auth::{ClientAddress, Session};
use super::body::Body;
use super::login::{Created, EmailForm, Nothing, ask_for_link, use_link};
use super::{App, AppError, PLATFORM_NAME};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(google_login))
        .routes(routes!(google_save))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(confirm_email))
        .routes(routes!(resend_confirmation))
        .routes(routes!(patrons))
        .routes(routes!(patrons_of_tier))
}

fn no_google() -> AppError {
    AppError::non_field(format!(
        "{PLATFORM_NAME} is not set up for Google accounts here. Ask for a login link instead."
    ))
}

/// Not configured here; says so.
#[utoipa::path(post, path = "/auth/google/login/", tag = "auth", responses((status = 400)))]
async fn google_login() -> AppError {
    no_google()
}

/// Not configured here; says so.
#[utoipa::path(post, path = "/auth/google/save/", tag = "auth", responses((status = 400)))]
async fn google_save() -> AppError {
    no_google()
}

/// The older name of asking for a link.
#[utoipa::path(post, path = "/auth/forgotpassword/", tag = "auth", request_body = EmailForm,
               responses((status = 201, body = Nothing)))]
async fn forgot_password(
    State(app): State<App>,
    address: ClientAddress,
    Body(form): Body<EmailForm>,
) -> Result<Created<Nothing>, AppError> {
    ask_for_link(&app, address, &form.email).await
}

/// Gone: passwords are set when logged in.
#[utoipa::path(post, path = "/auth/resetpassword/", tag = "auth", responses((status = 410)))]
async fn reset_password() -> AppError {
    AppError::Gone("Passwords are not reset this way any more. Log in by mail and set one in your account.".into())
}

#[derive(Deserialize, ToSchema)]
struct CodeForm {
    #[serde(default)]
    code: String,
}

/// The older name of logging in by link.
#[utoipa::path(post, path = "/auth/confirmemail/", tag = "auth", request_body = CodeForm,
               responses((status = 201, body = Session)))]
async fn confirm_email(
    State(app): State<App>,
    address: ClientAddress,
    Body(form): Body<CodeForm>,
) -> Result<Created<Session>, AppError> {
    app.throttles.logins_by_address.check(address.key())?;
    use_link(&app, "code", &form.code).await
}

/// Mails another link to the account of the token.
#[utoipa::path(post, path = "/auth/resendconfirmation/", tag = "auth", responses((status = 201, body = Nothing)),
               security(("bearer" = [])))]
async fn resend_confirmation(
    State(app): State<App>,
    address: ClientAddress,
    user: User,
) -> Result<Created<Nothing>, AppError> {
    if user.is_temporary {
        return Err(AppError::non_field("A guest has no mail address. Save your account first."));
    }
    ask_for_link(&app, address, &user.email).await
}

#[derive(Serialize, ToSchema)]
struct Patrons {
    data: Vec<UserView>,
}

/// Nobody pays here: always empty.
#[utoipa::path(get, path = "/users/patrons/", tag = "auth", responses((status = 200, body = Patrons)))]
async fn patrons() -> Json<Patrons> {
    Json(Patrons { data: Vec::new() })
}

/// Nobody pays here: always empty.
#[utoipa::path(get, path = "/users/patrons/{tier}/", tag = "auth", params(("tier" = String, Path)),
               responses((status = 200, body = Patrons)))]
async fn patrons_of_tier() -> Json<Patrons> {
    Json(Patrons { data: Vec::new() })
}
