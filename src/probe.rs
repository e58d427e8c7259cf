//! What other machines ask a running program: is it alive (`/healthz`), may it get visitors (`/readyz`), what are its
//! numbers (`/metrics`, on the internal listener only). Readiness is a set of named parts; all must be ready.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::{Router, routing::get};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::json;

/// Buckets of every histogram, in seconds.
const BUCKETS_SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.25, 1.0, 4.0, 16.0];
/// How often old samples are folded into their histograms.
const UPKEEP: Duration = Duration::from_secs(5);

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

/// `/metrics`, for the internal listener. The first call starts the recorder of the process.
pub fn metrics() -> Router {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = RECORDER.get_or_init(|| {
        let recorder =
            PrometheusBuilder::new().set_buckets(&BUCKETS_SECONDS).expect("there are buckets").build_recorder();
        let handle = recorder.handle();
        // Another recorder can only be there in a test; its numbers then go there.
        let _ = metrics::set_global_recorder(recorder);
        let upkeep = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        });
        handle
    });
    Router::new().route("/metrics", get(move || async move { handle.render() }))
}
