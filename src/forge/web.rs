//! What every request of the public REST passes: CORS, a request id, a trace without secrets, the throttle by address,
//! a time limit, a net under panics; and on the way out, errors in the wire's shape whoever made them.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;
use tower::ServiceBuilder;
use tower::util::MapRequestLayer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};
use tower_http::timeout::TimeoutLayer;
use tracing::Instrument;

use super::auth::ClientAddress;
use super::error::{INTERNAL_TEXT, UNAVAILABLE_TEXT};
use super::tokens::random_id;
use super::{App, AppError};

/// Where the REST of the Forge is.
pub const BASE: &str = "/api/v1";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PLAYER_ID: HeaderName = HeaderName::from_static("x-player-id");
/// Browsers ask again after this time.
const PREFLIGHT_AGE: Duration = Duration::from_secs(3600);

/// The path that the client asked, before routing took parts of it away.
#[derive(Clone)]
pub struct AskedPath(pub String);

/// Routes with a slash at their end, served below [`BASE`] with and without it.
pub fn serve(app: &App, routes: Router<App>) -> Router {
    let limits = &app.options.limits;
    let inner = routes
        .fallback(|| async { AppError::NotFound })
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .with_state(app.clone());
    let inner = ServiceBuilder::new().layer(MapRequestLayer::new(with_slash)).service(inner);
    let request_time = Duration::from_secs(limits.request_seconds.max(1));
    Router::new().nest_service(BASE, inner).layer(
        ServiceBuilder::new()
            .layer(cors())
            .layer(middleware::from_fn(trace))
            .layer(middleware::from_fn_with_state(app.clone(), throttle))
            .layer(CatchPanicLayer::new())
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, request_time)),
    )
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, PLAYER_ID])
        .expose_headers([REQUEST_ID])
        .max_age(PREFLIGHT_AGE)
}

/// `/lobby` becomes `/lobby/`.
fn with_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    if path.ends_with('/') {
        return request;
    }
    let path = match request.uri().query() {
        Some(query) => format!("{path}/?{query}"),
        None => format!("{path}/"),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(path).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request
}

/// Names the request, notes how it went, and gives every error the wire's shape. The query is not noted: it may hold tokens.
async fn trace(mut request: Request, next: Next) -> Response {
    let id = random_id();
    let path = request.uri().path().to_owned();
    let span = tracing::info_span!("request", %id, method = %request.method(), path = %path.escape_debug());
    request.extensions_mut().insert(AskedPath(path));
    async move {
        let started = Instant::now();
        let mut response = shaped(next.run(request).await);
        tracing::debug!(status = response.status().as_u16(), ms = started.elapsed().as_millis() as u64, "answered");
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        response
    }
    .instrument(span)
    .await
}

async fn throttle(State(app): State<App>, request: Request, next: Next) -> Response {
    let address = ClientAddress::of(request.extensions(), request.headers(), &app);
    match app.throttles.requests.check(address.key()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Errors that came from below the handlers (routing, time limit, panics) as JSON.
fn shaped(response: Response) -> Response {
    let status = response.status();
    let json = response.headers().get(CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"application/json"));
    if json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let text = match status {
        StatusCode::METHOD_NOT_ALLOWED => "This address does not do that.",
        StatusCode::NOT_FOUND => "Not found.",
        StatusCode::SERVICE_UNAVAILABLE => UNAVAILABLE_TEXT,
        status if status.is_server_error() => INTERNAL_TEXT,
        _ => "This request cannot be understood.",
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Json(json!({"detail": text})).into_response().into_body();
    Response::from_parts(parts, Body::new(body))
}
