//! The one error of REST handlers. It renders itself in the wire's shapes: validation as arrays by field,
//! everything else as `{"detail": text}`. What went wrong inside is logged, never shown.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use deadpool_postgres::PoolError;
use serde_json::{Map, Value, json};

use crate::store::postgres;
use crate::token::TokenError;

/// Shown where the platform itself failed.
pub const INTERNAL_TEXT: &str = "Something went wrong on our side. It has been noted; please try again.";
/// Shown while the database cannot be reached.
pub const UNAVAILABLE_TEXT: &str = "The platform is catching its breath. Please try again in a moment.";

#[derive(Debug)]
pub enum AppError {
    /// 400 `{"field": ["text"], ...}`
    Fields(Vec<(String, String)>),
    /// 400 `["text"]`
    List(String),
    /// 401; the text, and the code of a token failure where there is one.
    Unauthorized(String, Option<&'static str>),
    /// 403
    Forbidden(String),
    /// 404
    NotFound,
    /// 409: true when asked, no longer true when done.
    Conflict(String),
    /// 410
    Gone(String),
    /// 413
    TooLarge { limit_bytes: usize },
    /// 429, with the seconds after which it is worth trying again.
    Throttled { text: String, seconds: u64 },
    /// 503
    Unavailable(String),
    /// 500, with what the log should say.
    Internal(String),
}

impl AppError {
    /// One field, one text.
    pub fn field(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Fields(vec![(name.into(), text.into())])
    }

    /// A text about the request as a whole.
    pub fn non_field(text: impl Into<String>) -> Self {
        Self::field("non_field_errors", text)
    }

    pub fn forbidden() -> Self {
        Self::Forbidden("You do not have permission to do that.".into())
    }

    pub fn login_required() -> Self {
        Self::Unauthorized("Please log in first.".into(), None)
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Fields(_) | Self::List(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(..) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Gone(_) => StatusCode::GONE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> Value {
        match self {
            Self::Fields(fields) => {
                let mut body = Map::new();
                for (name, text) in fields {
                    let texts = body.entry(name.clone()).or_insert_with(|| json!([]));
                    if let Value::Array(texts) = texts {
                        texts.push(json!(text));
                    }
                }
                Value::Object(body)
            }
            Self::List(text) => json!([text]),
            Self::Unauthorized(text, Some(code)) => {
                json!({"detail": text, "code": code, "messages": [{"token_type": "access", "message": text}]})
            }
            Self::Unauthorized(text, None)
            | Self::Forbidden(text)
            | Self::Conflict(text)
            | Self::Gone(text)
            | Self::Throttled { text, .. }
            | Self::Unavailable(text) => json!({"detail": text}),
            Self::NotFound => json!({"detail": "Not found."}),
            Self::TooLarge { limit_bytes } => {
                json!({"detail": format!("That is too much at once: at most {} KiB.", limit_bytes / 1024)})
            }
            Self::Internal(_) => json!({"detail": INTERNAL_TEXT}),
        }
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        if let Self::Internal(cause) = &self {
            tracing::error!(%cause, "a request failed");
        }
        let mut response = (self.status(), Json(self.body())).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized(..) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"api\""));
            }
            Self::Throttled { seconds, .. } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        response
    }
}

impl From<TokenError> for AppError {
    fn from(error: TokenError) -> Self {
        let text = match error {
            TokenError::Expired => "Your session has expired. Please log in again.",
            TokenError::Invalid | TokenError::WrongType => "Your session is not valid. Please log in again.",
        };
        Self::Unauthorized(text.into(), Some("token_not_valid"))
    }
}

impl From<PoolError> for AppError {
    fn from(error: PoolError) -> Self {
        if postgres::is_outage(&error) {
            tracing::warn!(%error, "the database cannot be reached");
            return Self::Unavailable(UNAVAILABLE_TEXT.into());
        }
        Self::Internal(error.to_string())
    }
}

impl From<tokio_postgres::Error> for AppError {
    fn from(error: tokio_postgres::Error) -> Self {
        if postgres::is_connection_lost(&error) {
            tracing::warn!(%error, "the database went away");
            return Self::Unavailable(UNAVAILABLE_TEXT.into());
        }
        // The server's own text may quote values; its code and constraint do not.
        let cause = match error.as_db_error() {
            Some(e) => format!("database error {} {}: {}", e.code().code(), e.constraint().unwrap_or("-"), e.message()),
            None => error.to_string(),
        };
        Self::Internal(cause)
    }
}
