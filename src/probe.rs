//! What other machines ask a running program: is it alive (`/healthz`), may it get visitors (`/readyz`), what are its
//! numbers (`/metrics`, on the internal listener only). Readiness is a set of named parts; all must be ready.

mod recorder;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::{Router, routing::get};
use serde_json::json;

pub use recorder::BUCKETS_SECONDS;
use recorder::{Numbers, Reading};

type Check = Box<dyn Fn() -> bool + Send + Sync>;

/// The readiness of a program.
#[derive(Clone, Default)]
pub struct Probe(Arc<Mutex<BTreeMap<&'static str, Check>>>);

/// One part's word in the readiness of its program; not ready until it is set.
#[derive(Clone, Debug)]
pub struct Latch(Arc<AtomicBool>);

impl Latch {
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }
}

impl Probe {
    /// A new latch, not set yet.
    pub fn latch(&self, name: &'static str) -> Latch {
        let latch = Latch(Arc::default());
        let word = latch.clone();
        self.watch(name, move || word.0.load(Ordering::Acquire));
        latch
    }

    /// A part that is asked each time; what it does must be quick.
    pub fn watch(&self, name: &'static str, ready: impl Fn() -> bool + Send + Sync + 'static) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Box::new(ready));
    }

    /// The parts that are not ready.
    pub fn waiting(&self) -> Vec<&'static str> {
        let latches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latches.iter().filter(|(_, ready)| !ready()).map(|(name, _)| *name).collect()
    }

    /// `/healthz` and `/readyz`.
    pub fn router(&self) -> Router {
        let probe = self.clone();
        Router::new()
            .route("/healthz", get(|| async { Json(json!({"alive": true})) }))
            .route("/readyz", get(move || async move { probe.answer() }))
    }

    fn answer(&self) -> Response {
        let waiting = self.waiting();
        let status = if waiting.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(json!({"ready": waiting.is_empty(), "waiting_for": waiting}))).into_response()
    }
}

/// Starts to keep the process's numbers: what is counted before goes nowhere. A second call changes nothing.
pub fn start() {
    reading();
}

/// `/metrics`, for the internal listener.
pub fn metrics() -> Router {
    let reading = reading();
    let kind = [(axum::http::header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Router::new().route("/metrics", get(move || async move { (kind, reading.render()) }))
}

fn reading() -> &'static Reading {
    static READING: OnceLock<Reading> = OnceLock::new();
    READING.get_or_init(|| {
        let (numbers, reading) = Numbers::new();
        // Another recorder can only be there in a test; the numbers then go there.
        let _ = metrics::set_global_recorder(numbers);
        reading
    })
}
