//! The Forge's half of `/internal/`: what nexuses ask, behind the service token. It reads requests and renders answers;
//! what they mean stands with their subject (registry, errands, images, worlds).

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use deadpool_postgres::PoolError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{App, AppError, errands, images, registry};
use crate::link::{self, BODY_BYTES_MAX, Refusal};
use crate::world::internal::{ErrandCall, Heartbeat, ImageSave, Register};

/// Why an internal call is not answered with what it asked for.
#[derive(Debug)]
pub enum InternalError {
    /// Never, with a code that the caller acts on.
    Refused { status: StatusCode, code: &'static str, text: String },
    /// Not now: 503, ask again.
    Outage,
    /// A fault of ours: 500, logged.
    Fault(String),
}

impl InternalError {
    /// 409: the caller's view of the world is out of date.
    pub fn conflict(code: &'static str, text: impl Into<String>) -> Self {
        Self::Refused { status: StatusCode::CONFLICT, code, text: text.into() }
    }

    pub fn bad_request(text: impl Into<String>) -> Self {
        Self::Refused { status: StatusCode::BAD_REQUEST, code: "malformed", text: text.into() }
    }

    pub fn not_found(code: &'static str, text: impl Into<String>) -> Self {
        Self::Refused { status: StatusCode::NOT_FOUND, code, text: text.into() }
    }
}

impl From<AppError> for InternalError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Unavailable(_) => Self::Outage,
            AppError::Internal(cause) => Self::Fault(cause),
            other => Self::Fault(format!("{other:?}")),
        }
    }
}

impl From<PoolError> for InternalError {
    fn from(error: PoolError) -> Self {
        AppError::from(error).into()
    }
}

impl From<tokio_postgres::Error> for InternalError {
    fn from(error: tokio_postgres::Error) -> Self {
        AppError::from(error).into()
    }
}

impl IntoResponse for InternalError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused { status, code, text } => {
                tracing::warn!(code, %text, "an internal call was refused");
                Refusal::response(status, code, text)
            }
            Self::Outage => {
                Refusal::response(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The database cannot be reached.")
            }
            Self::Fault(cause) => {
                tracing::error!(%cause, "an internal call failed");
                Refusal::response(StatusCode::INTERNAL_SERVER_ERROR, "fault", "The Forge failed; see its log.")
            }
        }
    }
}

/// A JSON body whose faults are refusals in the internal shape.
struct Body<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = InternalError;

    async fn from_request(request: Request, state: &S) -> Result<Self, InternalError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|error| InternalError::Refused {
            status: error.status(),
            code: "body",
            text: format!("The body cannot be read: {}", error.body_text()),
        })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| InternalError::bad_request(error.to_string()))
    }
}

/// `/internal/...` for holders of the service token.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/internal/nexus/register", post(register))
        .route("/internal/nexus/heartbeat", post(heartbeat))
        .route("/internal/errands", post(errand))
        .route("/internal/templates/{hash}", get(templates))
        .route("/internal/images/{spawn}", get(image).post(save_image))
        .fallback(|| async { InternalError::not_found("unknown_path", "There is nothing at this address.") })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(app.options.service_token.clone(), link::guard))
        .with_state(app)
}

type Answer<T> = Result<axum::Json<T>, InternalError>;

fn json<T: Serialize>(value: T) -> axum::Json<T> {
    axum::Json(value)
}

async fn register(State(app): State<App>, Body(body): Body<Register>) -> Answer<crate::world::internal::Registered> {
    registry::register(&app, &body).await.map(json)
}

async fn heartbeat(State(app): State<App>, Body(body): Body<Heartbeat>) -> Answer<serde_json::Value> {
    registry::heartbeat(&app.db, &body).await?;
    Ok(json(serde_json::json!({})))
}

async fn errand(State(app): State<App>, Body(body): Body<ErrandCall>) -> Answer<crate::world::internal::ErrandReply> {
    errands::answer(&app, &body).await.map(json)
}

async fn templates(State(app): State<App>, Path(hash): Path<String>) -> Result<Response, InternalError> {
    let client = app.db.get().await?;
    let row = client.query_opt("select bytes from template_set where hash = $1", &[&hash]).await?;
    let row = row.ok_or_else(|| InternalError::not_found("unknown_templates", format!("No template set {hash}.")))?;
    Ok(octets(row.get("bytes")))
}

async fn image(State(app): State<App>, Path(spawn): Path<i64>) -> Result<Response, InternalError> {
    Ok(octets(images::read(&app.db, spawn).await?))
}

async fn save_image(
    State(app): State<App>,
    Path(spawn): Path<i64>,
    Body(body): Body<ImageSave>,
) -> Answer<crate::world::internal::Saved> {
    if body.spawn != spawn {
        return Err(InternalError::bad_request("The image is of another world than the address."));
    }
    images::save(&app.db, &body).await.map(json)
}

fn octets(bytes: Vec<u8>) -> Response {
    let kind = HeaderValue::from_static("application/octet-stream");
    ([(header::CONTENT_TYPE, kind)], bytes).into_response()
}
