//! The Forge: the long-term store. Accounts, tokens, the lobby and characters, worlds and their spawns,
//! the registry of nexuses. REST under `/api/v1/`, the Forge socket under `/ws/forge/`, internal calls
//! under `/internal/`. Stateless: any number of replicas share one Postgres. It never decides anything in a running world.

pub mod accounts;
pub mod api;
pub mod auth;
pub mod bans;
pub mod body;
pub mod characters;
pub mod enter;
pub mod errands;
pub mod error;
pub mod guests;
pub mod images;
pub mod internal;
pub mod jobs;
pub mod loaders;
pub mod lobby;
pub mod login;
pub mod login_legacy;
pub mod mail;
pub mod names;
pub mod operator;
pub mod passwords;
pub mod players;
pub mod population;
pub mod pushes;
pub mod registry;
mod reset;
pub mod roots;
pub mod socket;
pub mod spawns;
pub mod summary;
mod sweep;
pub mod tending;
pub mod throttle;
pub mod tokens;
pub mod views;
pub mod web;
pub mod world_page;
pub mod worlds;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

pub use crate::store::postgres::Db;
pub use error::AppError;

use crate::address::TrustedProxies;
use crate::config::Secret;
use crate::store::mirror::Mirror;
use crate::store::postgres::{self, DatabaseError};
use mail::Mail;
use passwords::Passwords;
use population::TemplateSets;
use pushes::Pushes;
use registry::Links;
use throttle::Throttles;
use tokens::{KeysError, Tokens};

/// What the platform calls itself, in mails and texts.
pub const PLATFORM_NAME: &str = "Realms";

/// How to open a Forge.
#[derive(Clone, Debug)]
pub struct Options {
    /// A Postgres address; it may hold a password.
    pub database: Secret,
    /// Where clients reach the platform, without a slash at the end: base of login links.
    pub public_url: String,
    pub mail: MailOptions,
    /// PEM files of Ed25519 keys; one is made when there is none.
    pub keys_dir: PathBuf,
    /// Shared by Forge and nexuses.
    pub service_token: Secret,
    /// Whether people may play without an account.
    pub guests: bool,
    /// Id or slug of the world that guests get; None takes the first public one.
    pub intro_world: Option<String>,
    /// Address of the mirror.
    pub redis: Option<String>,
    /// Networks whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<String>,
    pub limits: Limits,
    /// Where clients reach the game socket of nexuses that name no address of their own.
    pub ws_uri: String,
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct MailOptions {
    /// `smtp://` or `smtps://` with credentials; None writes `.eml` files.
    pub smtp_url: Option<Secret>,
    /// Sender, as `Name <address>`.
    pub from: String,
    /// Where `.eml` files go.
    pub dir: PathBuf,
    /// Whether the link of a mail that was written to a file is printed on standard output.
    pub print_links: bool,
}

/// How much one visitor may ask for.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests by address, and by account, sustained.
    pub requests_per_second: u32,
    /// The same at once.
    pub requests_burst: u32,
    /// Login mails to one mailbox; five times as many from one address.
    pub mails_per_minute: u32,
    /// Attempts to log in to one account; three times as many from one address.
    pub logins_per_minute: u32,
    /// Accounts and guests made from one address.
    pub accounts_per_minute: u32,
    /// Characters made by one account.
    pub characters_per_minute: u32,
    /// Characters of one account in one world.
    pub characters_per_world: u32,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Seconds until a request that is still unanswered is given up.
    pub request_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            requests_burst: 200,
            mails_per_minute: 2,
            logins_per_minute: 10,
            accounts_per_minute: 10,
            characters_per_minute: 10,
            characters_per_world: 30,
            body_bytes: 64 * 1024,
            request_seconds: 20,
        }
    }
}

/// Why a Forge does not open; each text is one line.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("{0}")]
    Options(String),
    #[error("the system gives no random bytes")]
    Chance,
}

/// What handlers work with; cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

pub struct Inner {
    pub db: Db,
    pub options: Options,
    pub tokens: Tokens,
    pub passwords: Passwords,
    pub mail: Mail,
    pub throttles: Throttles,
    pub proxies: TrustedProxies,
    /// To nexuses.
    pub links: Links,
    /// None without Redis.
    pub mirror: Option<Mirror>,
    pub template_sets: TemplateSets,
    pub pushes: Pushes,
    /// Cancelled when the Forge stops; its sockets then close.
    pub closing: CancellationToken,
}

impl Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

pub struct Forge {
    app: App,
}

/// Sweep of throttles and of what has expired.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

impl Forge {
    /// Migrates the database and reads or makes the signing keys.
    ///
    /// # Errors
    /// See [`ForgeError`]; nothing is half open afterwards.
    pub async fn open(options: Options) -> Result<Self, ForgeError> {
        let proxies = TrustedProxies::parse(&options.trusted_proxies).map_err(ForgeError::Options)?;
        let tokens = Tokens::open(&options.keys_dir)?;
        let mail = Mail::open(&options.mail)?;
        let passwords = Passwords::new().map_err(|_| ForgeError::Chance)?;
        let throttles = Throttles::new(&options.limits);
        let links = Links::new(options.service_token.clone());
        let mirror = options.redis.as_deref().map(Mirror::open).transpose();
        let mirror = mirror.map_err(|e| ForgeError::Options(format!("REDIS_URL is not usable: {e}")))?;
        let db = postgres::open(options.database.expose()).await?;
        let inner = Inner {
            db,
            options,
            tokens,
            passwords,
            mail,
            throttles,
            proxies,
            links,
            mirror,
            template_sets: TemplateSets::default(),
            pushes: Pushes::default(),
            closing: CancellationToken::new(),
        };
        Ok(Self { app: App(Arc::new(inner)) })
    }

    /// For the operator's tools and for tests.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// `/api/v1/...` and `/ws/forge/`.
    pub fn public(&self) -> Router {
        let (routes, _) = api::routes().split_for_parts();
        let socket = Router::new()
            .route("/ws/forge/", get(socket::upgrade))
            .route("/ws/forge", get(socket::upgrade))
            .with_state(self.app.clone());
        web::serve(&self.app, routes).merge(socket)
    }

    /// `/internal/...`, for holders of the service token.
    pub fn internal(&self) -> Router {
        internal::router(self.app.clone())
    }

    /// Keeps house until the token is cancelled.
    pub async fn run(self, shutdown: CancellationToken) {
        tokio::join!(
            self.sweep(shutdown.clone()),
            pushes::listen(self.app.clone(), shutdown.clone()),
            tending::look_after(self.app.clone(), shutdown),
        );
        self.app.closing.cancel();
    }

    async fn sweep(&self, shutdown: CancellationToken) {
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = sweep.tick() => sweep::run(&self.app).await,
            }
        }
    }
}
