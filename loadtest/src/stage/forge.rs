//! The Forge as the stage plays it: just what a Nexus needs to run its worlds for invented players. It registers the
//! nexus, hands it keys, templates and leases, answers its errands, each id once, and keeps the characters that leave,
//! all over the same internal HTTP.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::anyhow;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use realms::config::Secret;
use realms::forge::loaders;
use realms::forge::tokens::Tokens;
use realms::link::{self, BODY_BYTES_MAX, Link, LinkError, Refusal};
use realms::world::character::{Account, Character, PlayerConfig, PlayerId};
use realms::world::internal::*;
use realms::world::template::{RoomId, Templates, WorldId};
use serde_json::json;
use tokio::sync::watch;

use super::people::{character, name};
use crate::plan::Seat;

/// The first of the worlds that run here; the others follow it.
pub const SPAWN: WorldId = 5000;
/// Ids for mobs and items start here; those of players stay below.
const IDS_START: i64 = 1 << 31;

/// What the stage's Forge knows.
pub struct Forge {
    pub token: Secret,
    pub tokens: Tokens,
    pub templates: Arc<Templates>,
    encoded: Vec<u8>,
    /// Of the templates, as hexadecimal.
    pub hash: String,
    seed: u64,
    worlds: usize,
    next_ids: AtomicI64,
    nexus: OnceLock<Mutex<Link>>,
    known: Mutex<Known>,
    registered: watch::Sender<Option<Register>>,
}

#[derive(Default)]
struct Known {
    /// Who left a world: how often that was, and with what.
    characters: HashMap<PlayerId, (i64, Character)>,
    /// What each errand asked, and how it was answered.
    errands: HashMap<(WorldId, ErrandId), (Errand, Answer)>,
}

impl Forge {
    /// # Errors
    /// The templates cannot be encoded, or no key can be made in `keys`.
    pub fn new(templates: Templates, keys: &Path, seed: u64, worlds: usize) -> anyhow::Result<Arc<Self>> {
        let encoded = templates.encode()?;
        Ok(Arc::new(Self {
            token: Secret::generate(),
            tokens: Tokens::open(keys).map_err(|error| anyhow!("{error}"))?,
            hash: realms::world::set::hash(&encoded),
            templates: Arc::new(templates),
            encoded,
            seed,
            worlds,
            next_ids: AtomicI64::new(IDS_START),
            nexus: OnceLock::new(),
            known: Mutex::default(),
            registered: watch::Sender::new(None),
        }))
    }

    /// The worlds that run here.
    pub fn spawns(&self) -> impl Iterator<Item = WorldId> + use<> {
        (SPAWN..).take(self.worlds)
    }

    /// What comes when a nexus has registered.
    pub fn registrations(&self) -> watch::Receiver<Option<Register>> {
        self.registered.subscribe()
    }

    /// The way to the nexus that registered last.
    ///
    /// # Errors
    /// None has.
    pub fn nexus(&self) -> Result<Link, LinkError> {
        let link = self.nexus.get().ok_or_else(|| LinkError::Unreachable("no nexus has registered".into()))?;
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

    fn lease(&self, spawn: WorldId) -> Lease {
        Lease {
            spawn,
            root: self.templates.world.id,
            epoch: 1,
            name: self.templates.world.config.name.clone(),
            templates: self.hash.clone(),
            ids: self.grant(),
            image: None,
            seed: self.seed.wrapping_add((spawn - SPAWN).cast_unsigned()),
        }
    }

    /// Starts another world, beside those that always run.
    ///
    /// # Errors
    /// The nexus does not.
    pub async fn start_world(&self, spawn: WorldId) -> Result<(), LinkError> {
        self.nexus()?.post::<serde_json::Value>("worlds/start", &self.lease(spawn)).await.map(|_| ())
    }

    /// Stops it; its image is let go.
    ///
    /// # Errors
    /// The nexus does not.
    pub async fn stop_world(&self, spawn: WorldId) -> Result<(), LinkError> {
        self.nexus()?
            .post::<Saved>(&format!("worlds/{spawn}/stop"), &StopOrder { epoch: 1, moves: false })
            .await
            .map(|_| ())
    }

    fn grant(&self) -> (i64, i64) {
        let start = self.next_ids.fetch_add(ID_BLOCK, Ordering::Relaxed);
        (start, start + ID_BLOCK)
    }

    /// The same errand gets the same answer, for ever.
    async fn answer(&self, call: ErrandCall) -> Result<Answer, Refused> {
        let key = (call.spawn, call.id);
        if let Some((asked, answer)) = self.known().errands.get(&key) {
            return if *asked == call.errand { Ok(answer.clone()) } else { Err(Refused::Content) };
        }
        let population = match &call.errand {
            Errand::RunLoaders(query) if !query.initial => self.population(call.spawn).await?,
            _ => Population::default(),
        };
        let mut known = self.known();
        let answer = match &call.errand {
            Errand::RunLoaders(query) => {
                let holds = |conditions: &str| loaders::facts_hold(conditions, &query.facts);
                Answer::Load(loaders::plan(&self.templates, &population, query, holds))
            }
            Errand::SaveCharacter { character, .. } => {
                let (version, kept) =
                    known.characters.entry(character.id).or_insert_with(|| (0, (**character).clone()));
                *version += 1;
                *kept = (**character).clone();
                Answer::Saved { version: *version }
            }
            Errand::GrantIds => {
                let (start, end) = self.grant();
                Answer::Ids { start, end }
            }
            Errand::Whois { .. } => Answer::Whois { found: None },
        };
        let (_, answer) = known.errands.entry(key).or_insert((call.errand, answer));
        Ok(answer.clone())
    }

    async fn population(&self, spawn: WorldId) -> Result<Population, Refused> {
        let away = |error: LinkError| Refused::Away(error.to_string());
        self.nexus().map_err(away)?.get(&format!("worlds/{spawn}/population")).await.map_err(away)
    }

    /// Announces one player's entry into a world: as the character was kept, or new in this room.
    ///
    /// # Errors
    /// The nexus refuses, or is not there.
    pub async fn announce(&self, spawn: WorldId, player: PlayerId, room: RoomId) -> Result<Seat, LinkError> {
        self.present(&self.ticket(spawn, player, room)).await
    }

    /// The ticket of such an entry.
    pub fn ticket(&self, spawn: WorldId, player: PlayerId, room: RoomId) -> Ticket {
        let (version, character) = self.character(player).unwrap_or_else(|| (0, character(player, room)));
        Ticket {
            spawn,
            epoch: 1,
            account: Account { id: player, name: name(player), is_confirmed: true, ..Account::default() },
            character,
            config: PlayerConfig { idle_logout: false, ..PlayerConfig::default() },
            version,
            expires: i64::MAX,
        }
    }

    /// Hands a ticket to the nexus; the seat that it is for.
    ///
    /// # Errors
    /// The nexus refuses, or is not there.
    pub async fn present(&self, ticket: &Ticket) -> Result<Seat, LinkError> {
        let _: serde_json::Value = self.nexus()?.post("enter", ticket).await?;
        let token = self.tokens.access(ticket.account.id, 0).map_err(|error| LinkError::Broken(error.to_string()))?;
        Ok(Seat { player: ticket.character.id, token, listens: false })
    }

    /// Has a world cut now, and its image brought here.
    ///
    /// # Errors
    /// The nexus is not there.
    pub async fn save(&self, spawn: WorldId) -> Result<Saved, LinkError> {
        self.nexus()?.post(&format!("worlds/{spawn}/save"), &json!({})).await
    }

    /// How often a character has left a world, and what it was then.
    pub fn character(&self, player: PlayerId) -> Option<(i64, Character)> {
        self.known().characters.get(&player).cloned()
    }

    /// Everyone who has left a world at least once, as they left it last.
    pub fn characters(&self) -> Vec<Character> {
        self.known().characters.values().map(|(_, character)| character.clone()).collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an errand gets no answer.
enum Refused {
    /// Its id is known with another content.
    Content,
    /// Not now.
    Away(String),
}

async fn register(State(forge): State<Arc<Forge>>, Json(register): Json<Register>) -> Response {
    let link = match Link::new(&register.url, &forge.token) {
        Ok(link) => link,
        Err(error) => return Refusal::response(StatusCode::BAD_REQUEST, "malformed", error.to_string()),
    };
    let place = forge.nexus.get_or_init(|| Mutex::new(link.clone()));
    *place.lock().unwrap_or_else(PoisonError::into_inner) = link;
    let leases = forge.spawns().map(|spawn| forge.lease(spawn)).collect();
    let registered = Registered { keys: forge.tokens.public_keys(), leases, stale: Vec::new() };
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
    let id = call.id;
    match forge.answer(call).await {
        Ok(answer) => Json(ErrandReply { id, answer }).into_response(),
        Err(Refused::Content) => {
            Refusal::response(StatusCode::CONFLICT, "content", "This errand is known with another content.")
        }
        Err(Refused::Away(error)) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"error": error, "code": "away"}))).into_response()
        }
    }
}

async fn image(UrlPath(_): UrlPath<WorldId>, Json(save): Json<ImageSave>) -> Json<Saved> {
    Json(Saved { incarnation: save.incarnation, seq: save.seq, characters: save.characters.len() as u32 })
}
