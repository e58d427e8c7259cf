//! The Nexus's half of `/internal/`: what the Forge orders and asks, behind the service token.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::config::Secret;
use crate::link::{self, BODY_BYTES_MAX, Refusal};
use crate::world::character::PlayerId;
use crate::world::internal::{Lease, Order, StopOrder, Ticket};
use crate::world::template::WorldId;

use super::Shared;
use super::background::lock;
use super::drive::Arrival;
use super::pulsar::instruction::Instruction;
use super::trace::TraceOrder;
use super::worlds::WorldError;

/// Everything under `/internal/`.
pub fn router(shared: Arc<Shared>, token: Secret) -> Router {
    Router::new()
        .route("/internal/enter", post(enter))
        .route("/internal/worlds/start", post(start))
        .route("/internal/worlds/{spawn}/stop", post(stop))
        .route("/internal/worlds/{spawn}/save", post(save))
        .route("/internal/worlds/{spawn}/unpark", post(unpark))
        .route("/internal/worlds/{spawn}/instruct", post(instruct))
        .route("/internal/worlds/{spawn}/population", get(population))
        .route("/internal/worlds/{spawn}/hash", get(hash))
        .route("/internal/worlds", get(list))
        .route("/internal/trace", post(follow))
        .route("/internal/trace/{player}", get(reports))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(token, link::guard))
        .with_state(shared)
}

fn unknown(spawn: WorldId) -> Response {
    Refusal::response(StatusCode::NOT_FOUND, "unknown_world", format!("This nexus does not run world {spawn}."))
}

fn failed(error: &WorldError) -> Response {
    match error {
        WorldError::Unknown(spawn) => unknown(*spawn),
        WorldError::Parked(..) | WorldError::NotParked(_) => {
            Refusal::response(StatusCode::CONFLICT, "parked", error.to_string())
        }
        other => {
            tracing::error!(error = %other, "an order of the Forge failed");
            Refusal::response(StatusCode::SERVICE_UNAVAILABLE, "failed", other.to_string())
        }
    }
}

fn done() -> Response {
    Json(json!({})).into_response()
}

async fn enter(State(shared): State<Arc<Shared>>, Json(ticket): Json<Ticket>) -> Response {
    let spawn = ticket.spawn;
    let epoch = lock(&shared.worlds.epochs).get(&spawn).copied();
    match epoch {
        None => return unknown(spawn),
        Some(epoch) if epoch != ticket.epoch => {
            return Refusal::response(StatusCode::CONFLICT, "epoch", "The lease is another by now.");
        }
        Some(_) => {}
    }
    if shared.sessions.announce(ticket) {
        done()
    } else {
        let text = "Too many people are entering at this moment. Please try again shortly.";
        Refusal::response(StatusCode::CONFLICT, "closed", text)
    }
}

async fn start(State(shared): State<Arc<Shared>>, Json(lease): Json<Lease>) -> Response {
    match shared.worlds.start(&lease).await {
        Ok(()) => done(),
        Err(error) => failed(&error),
    }
}

async fn stop(State(shared): State<Arc<Shared>>, Path(spawn): Path<WorldId>, Json(order): Json<StopOrder>) -> Response {
    match shared.worlds.stop(spawn, &order).await {
        Ok(saved) => Json(saved).into_response(),
        Err(error) => failed(&error),
    }
}

async fn save(State(shared): State<Arc<Shared>>, Path(spawn): Path<WorldId>) -> Response {
    match shared.worlds.save(spawn).await {
        Ok(saved) => Json(saved).into_response(),
        Err(error) => failed(&error),
    }
}

async fn unpark(State(shared): State<Arc<Shared>>, Path(spawn): Path<WorldId>) -> Response {
    match shared.worlds.unpark(spawn).await {
        Ok(seq) => Json(json!({"seq": seq})).into_response(),
        Err(error) => failed(&error),
    }
}

async fn instruct(State(shared): State<Arc<Shared>>, Path(spawn): Path<WorldId>, Json(order): Json<Order>) -> Response {
    if !lock(&shared.worlds.epochs).contains_key(&spawn) {
        return unknown(spawn);
    }
    let instruction = match order {
        Order::Expel { player, text } => Instruction::Expel { player, text },
        Order::SetMuted { player, muted } => Instruction::SetMuted { player, muted },
        Order::SetConfig { player, config } => Instruction::SetConfig { player, config },
        Order::Broadcast { text } => Instruction::Broadcast { text },
        Order::Templates { hash } => {
            if let Err(error) = shared.worlds.fetch_set(&hash).await {
                return failed(&error);
            }
            Instruction::Templates { hash }
        }
    };
    shared.inward.internal(spawn, instruction).await;
    done()
}

async fn population(State(shared): State<Arc<Shared>>, Path(spawn): Path<WorldId>) -> Response {
    match shared.inward.ask(|done| Arrival::Population { spawn, done }).await {
        Some(population) => Json(population).into_response(),
        None => unknown(spawn),
    }
}

/// The hash of a world's state and the sequence that it is of: two nexuses with the same have the same world.
async fn hash(State(shared): State<Arc<Shared>>, Path(spawn): Path<WorldId>) -> Response {
    match shared.inward.ask(|done| Arrival::Hash { spawn, done }).await {
        Some((seq, hash)) => {
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            Json(json!({"seq": seq, "hash": hash})).into_response()
        }
        None => unknown(spawn),
    }
}

async fn list(State(shared): State<Arc<Shared>>) -> Response {
    let worlds: Vec<WorldId> = lock(&shared.worlds.epochs).keys().copied().collect();
    Json(json!({"worlds": worlds})).into_response()
}

/// Follows the commands of a player for a while; for an operator.
async fn follow(State(shared): State<Arc<Shared>>, Json(order): Json<TraceOrder>) -> Response {
    match shared.tracer.follow(order) {
        Ok(()) => done(),
        Err(refused) => Refusal::response(StatusCode::CONFLICT, "refused", refused.to_string()),
    }
}

#[derive(serde::Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

/// What was reported of a player that is or was followed.
async fn reports(
    State(shared): State<Arc<Shared>>,
    Path(player): Path<PlayerId>,
    Query(After { after }): Query<After>,
) -> Response {
    match shared.tracer.reports(player, after) {
        Some(reports) => Json(reports).into_response(),
        None => Refusal::response(StatusCode::NOT_FOUND, "unknown_player", "This player is not followed."),
    }
}
