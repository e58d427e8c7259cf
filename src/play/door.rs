//! What stands behind the public port: Forge, Nexus, Herald and the probes, with the headers that guard a browser.

use axum::Router;
use axum::body::Body;
use axum::http::{Response, StatusCode, header::CONTENT_TYPE};
use tower_http::catch_panic::CatchPanicLayer;

use super::PlayError;
use crate::config::Config;
use crate::herald::{self, Herald};
use crate::probe::Probe;

/// The router of the public port.
///
/// # Errors
/// HERALD_DIR is set and cannot be read.
pub fn public(config: &Config, probe: &Probe, forge: Router, nexus: Router) -> Result<Router, PlayError> {
    let herald = match &config.herald_dir {
        Some(folder) => Herald::from_dir(folder)
            .map_err(|error| PlayError::new(format!("cannot read HERALD_DIR {}: {error}", folder.display())))?,
        None => Herald::built(),
    };
    let all = herald.behind(forge.merge(nexus).merge(probe.router()));
    Ok(herald::guarded(all.layer(CatchPanicLayer::custom(|_| our_fault()))))
}

/// In the shape of the REST errors. What panicked is in the log.
fn our_fault() -> Response<Body> {
    let mut response = Response::new(Body::from("{\"detail\":\"Something broke on our side.\"}"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, "application/json".parse().expect("a valid header"));
    response
}
