//! The Forge as the stage plays it: just what a Nexus needs to run one world for invented players. It registers the
//! nexus, hands it keys, templates and a lease, answers its errands and takes its images, all over the same internal HTTP.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, anyhow};
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use realms::config::Secret;
use realms::forge::loaders;
use realms::forge::tokens::Tokens;
use realms::link::{self, BODY_BYTES_MAX, Link, Refusal};
use realms::world::internal::*;
use realms::world::template::{Templates, WorldId};
use serde_json::json;
use tokio::sync::watch;

/// The one world that runs here.
pub const SPAWN: WorldId = 5000;
/// Ids for mobs and items start here; those of players stay below.
const IDS_START: i64 = 1 << 31;

/// What the stage's Forge knows.
pub struct Forge {
    pub token: Secret,
    pub tokens: Tokens,
    pub templates: Arc<Templates>,
    encoded: Vec<u8>,
    hash: String,
    seed: u64,
    next_ids: AtomicI64,
    nexus: OnceLock<Mutex<Link>>,
    versions: Mutex<HashMap<i64, i64>>,
    registered: watch::Sender<Option<Register>>,
}

impl Forge {
    /// # Errors
    /// The templates cannot be encoded, or no key can be made in `keys`.
    pub fn new(templates: Templates, keys: &Path, seed: u64) -> anyhow::Result<Arc<Self>> {
        let encoded = templates.encode()?;
        Ok(Arc::new(Self {
            token: Secret::generate(),
            tokens: Tokens::open(keys).map_err(|error| anyhow!("{error}"))?,
            hash: realms::world::set::hash(&encoded),
            templates: Arc::new(templates),
            encoded,
            seed,
            next_ids: AtomicI64::new(IDS_START),
            nexus: OnceLock::new(),
            versions: Mutex::default(),
            registered: watch::Sender::new(None),
        }))
    }

    /// What comes when a nexus has registered.
    pub fn registrations(&self) -> watch::Receiver<Option<Register>> {
        self.registered.subscribe()
    }

    /// The way to the nexus that registered last.
    ///
    /// # Errors
    /// None has.
    pub fn nexus(&self) -> anyhow::Result<Link> {
        let link = self.nexus.get().context("no nexus has registered")?;
        Ok(link.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/internal/nexus/register", post(register))
            .route("/internal/nexus/heartbeat", post(|| async { Json(json!({})) }))
            .route("/internal/templates/{hash}", get(templates))
            .route("/internal/errands", post(errand))
            .route("/internal/images/{spawn}", post(image))
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .layer(from_fn_with_state(self.token.clone(), link::guard))
            .with_state(self.clone())
    }

    fn lease(&self) -> Lease {
        Lease {
            spawn: SPAWN,
            root: self.templates.world.id,
            epoch: 1,
            name: self.templates.world.config.name.clone(),
            templates: self.hash.clone(),
            ids: self.grant(),
            image: None,
            seed: self.seed,
        }
    }

    fn grant(&self) -> (i64, i64) {
        let start = self.next_ids.fetch_add(ID_BLOCK, Ordering::Relaxed);
        (start, start + ID_BLOCK)
    }

    async fn answer(&self, errand: &Errand) -> Result<Answer, String> {
        Ok(match errand {
            Errand::RunLoaders(query) => {
                let population = if query.initial {
                    Population::default()
                } else {
                    let nexus = self.nexus().map_err(|error| error.to_string())?;
                    let path = format!("worlds/{SPAWN}/population");
                    nexus.get(&path).await.map_err(|error| error.to_string())?
                };
                let holds = |conditions: &str| loaders::facts_hold(conditions, &query.facts);
                Answer::Load(loaders::plan(&self.templates, &population, query, holds))
            }
            Errand::SaveCharacter { character, .. } => {
                let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
                let version = versions.entry(character.id).or_default();
                *version += 1;
                Answer::Saved { version: *version }
            }
            Errand::GrantIds => {
                let (start, end) = self.grant();
                Answer::Ids { start, end }
            }
            Errand::Whois { .. } => Answer::Whois { found: None },
        })
    }

    /// How often this character has been stored.
    pub fn version(&self, player: i64) -> i64 {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.get(&player).copied().unwrap_or_default()
    }
}

async fn register(State(forge): State<Arc<Forge>>, Json(register): Json<Register>) -> Response {
    let link = match Link::new(&register.url, &forge.token) {
        Ok(link) => link,
        Err(error) => return Refusal::response(StatusCode::BAD_REQUEST, "malformed", error.to_string()),
    };
    let place = forge.nexus.get_or_init(|| Mutex::new(link.clone()));
    *place.lock().unwrap_or_else(PoisonError::into_inner) = link;
    let registered = Registered { keys: forge.tokens.public_keys(), leases: vec![forge.lease()], stale: Vec::new() };
    forge.registered.send_replace(Some(register));
    Json(registered).into_response()
}

async fn templates(State(forge): State<Arc<Forge>>, UrlPath(hash): UrlPath<String>) -> Response {
    if hash == forge.hash {
        forge.encoded.clone().into_response()
    } else {
        Refusal::response(StatusCode::NOT_FOUND, "unknown_templates", "There is no such set.")
    }
}

async fn errand(State(forge): State<Arc<Forge>>, Json(call): Json<ErrandCall>) -> Response {
    match forge.answer(&call.errand).await {
        Ok(answer) => Json(ErrandReply { id: call.id, answer }).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"error": error, "code": "away"}))).into_response(),
    }
}

async fn image(UrlPath(_): UrlPath<WorldId>, Json(save): Json<ImageSave>) -> Json<Saved> {
    Json(Saved { incarnation: save.incarnation, seq: save.seq, characters: save.characters.len() as u32 })
}
