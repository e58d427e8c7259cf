//! The whole platform in one process: private servers, Forge, Nexus, Herald, one public port. Forge and Nexus still talk HTTP,
//! over unix sockets: one path, not two.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::options::{self, Addresses, Limits, Stores};
use super::places::{DataLock, Places};
use super::programs::PostgresPrograms;
use super::{FirstRun, PlayError, Postgres, Redis, door, programs};
use crate::config::{self, Config, Secret};
use crate::forge::Forge;
use crate::nexus::Nexus;
use crate::probe::{self, Probe};
use crate::serve::{self, Bounds, Listener};

/// A part that does not stop in this time is left to the end of the process.
const STOP_TIME_MAX: Duration = Duration::from_secs(60);

const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A platform that is open for visitors.
pub struct Platform {
    /// Where visitors reach it.
    pub url: String,
    /// What was made because this was the first run.
    pub first: FirstRun,
    probe: Probe,
    public: JoinHandle<()>,
    nexus: JoinHandle<()>,
    forge: JoinHandle<()>,
    internal: Vec<JoinHandle<()>>,
    servers: Servers,
    stops: Stops,
    _lock: DataLock,
}

/// The private servers that run.
pub struct Servers {
    pub stores: Stores,
    postgres: Option<Postgres>,
    private_redis: Option<Redis>,
}

/// What each stage of stopping cancels, the first stage first.
#[derive(Default)]
struct Stops {
    public: CancellationToken,
    nexus: CancellationToken,
    forge: CancellationToken,
}

impl Servers {
    /// Starts what the settings do not name: Postgres always, Redis where it is installed.
    ///
    /// # Errors
    /// A private server does not start.
    pub async fn start(config: &Config, places: &Places) -> Result<Self, PlayError> {
        let postgres = async {
            match config.database() {
                Some(_) => Ok(None),
                None => Postgres::start(places).await.map(Some),
            }
        };
        let redis = async {
            match config.redis() {
                config::Redis::Unset => Redis::start(places).await,
                _ => Ok(None),
            }
        };
        let (postgres, private_redis) = tokio::join!(postgres, redis);
        let (postgres, private_redis) = (postgres?, private_redis?);
        let database = match (&postgres, config.database()) {
            (Some(postgres), _) => postgres.url(),
            (None, Some(url)) => url.clone(),
            (None, None) => return Err(PlayError::new("no database is set")),
        };
        let redis = match (config.redis(), &private_redis) {
            (config::Redis::At(url), _) => Some(url.clone()),
            (_, Some(redis)) => Some(Secret::new(redis.url())),
            (config::Redis::Off, None) => None,
            (config::Redis::Unset, None) => {
                tracing::info!(
                    "Redis is not installed; play goes on without its mirror. To have it, type: {}",
                    programs::install_redis()
                );
                None
            }
        };
        Ok(Self { stores: Stores { database, redis }, postgres, private_redis })
    }

    /// Postgres's own programs, where it is private.
    pub fn programs(&self) -> Option<&PostgresPrograms> {
        self.postgres.as_ref().map(Postgres::programs)
    }

    pub async fn stop(self) {
        if let Some(redis) = self.private_redis {
            redis.stop().await;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

impl Platform {
    /// Opens the platform for visitors.
    ///
    /// # Errors
    /// One line that says what is in the way. Nothing is left running then.
    pub async fn open(config: &Config, limits: Limits) -> Result<Self, PlayError> {
        let begun = Instant::now();
        serve::raise_file_limit();
        let places = Places::open(&config.data_dir())?;
        let lock = places.lock()?;
        // The ports first: a taken one should not cost a start of Postgres.
        let public = Listener::tcp(config.public_addr(), "PORT").await?.within(options::bounds(config, &limits)?);
        let addr = public.addr().unwrap_or_else(|| config.public_addr());
        let internal_tcp = Listener::tcp(config.internal_addr(), "INTERNAL_ADDR").await?.within(Bounds::inside());
        let token = options::service_token(config, true)?;
        let servers = Servers::start(config, &places).await?;
        tracing::debug!(took = ?begun.elapsed(), "the private servers run");

        let probe = Probe::default();
        let forge_ready = probe.latch("forge");
        let forge = Forge::open(options::forge(config, limits.clone(), &servers.stores, token.clone(), addr)).await?;
        let first = FirstRun::prepare(forge.app(), config).await?;
        let (forge_path, nexus_path) = (places.socket("forge.sock"), places.socket("nexus.sock"));
        let (forge_socket, nexus_socket) = (Listener::unix(&forge_path)?, Listener::unix(&nexus_path)?);
        let addresses = Addresses {
            forge: format!("unix:{}", forge_path.display()),
            nexus: format!("unix:{}", nexus_path.display()),
            ws_uri: String::new(),
        };
        let redis = servers.stores.redis.clone();
        let nexus = Nexus::open(options::nexus(config, &limits, redis, token, addresses)?).await?;
        probe.watch("nexus", nexus.readiness());
        forge_ready.set(true);
        let router = door::public(config, &probe, forge.public(), nexus.public())?;

        let stops = Stops::default();
        let both = forge.internal().merge(nexus.internal()).merge(probe::metrics());
        let internal = vec![
            tokio::spawn(forge_socket.serve(forge.internal(), stops.forge.clone())),
            tokio::spawn(nexus_socket.serve(nexus.internal(), stops.forge.clone())),
            tokio::spawn(internal_tcp.serve(both, stops.forge.clone())),
        ];
        let forge = tokio::spawn(forge.run(stops.forge.clone()));
        let nexus = tokio::spawn(nexus.run(stops.nexus.clone()));
        let public = tokio::spawn(public.serve(router, stops.public.clone()));
        tracing::debug!(took = ?begun.elapsed(), "open");
        let url = config.public_url(addr);
        places.write_url(&url);
        Ok(Self { url, first, probe, public, nexus, forge, internal, servers, stops, _lock: lock })
    }

    /// Waits until visitors can come in: the nexus has its worlds back and the Forge knows it.
    pub async fn ready(&self) {
        while !self.probe.waiting().is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Ends when a part ended that should run as long as the platform.
    pub async fn broken(&mut self) -> &'static str {
        tokio::select! {
            _ = &mut self.nexus => "the Nexus",
            _ = &mut self.forge => "the Forge",
            _ = &mut self.public => "the public listener",
        }
    }

    /// Stops everything in order: visitors, worlds, Forge, private servers.
    pub async fn stop(self) {
        // The worlds first: players are told, and the Forge is still there for their last words.
        self.stops.nexus.cancel();
        self.stops.public.cancel();
        ended("the Nexus", self.nexus).await;
        ended("the public listener", self.public).await;
        self.stops.forge.cancel();
        ended("the Forge", self.forge).await;
        for listener in self.internal {
            ended("an internal listener", listener).await;
        }
        self.servers.stop().await;
    }
}

/// Waits for a part that was told to stop; one that ended before has nothing more to say.
async fn ended(name: &str, part: JoinHandle<()>) {
    if part.is_finished() {
        return;
    }
    match tokio::time::timeout(STOP_TIME_MAX, part).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "{name} ended badly"),
        Err(_) => tracing::error!("{name} does not stop"),
    }
}
