//! What the operator's tools work with: the database of the platform, whether it runs or not. A running platform's
//! private Postgres is used as it is; a stopped one's is started for the time of the tool.

use crate::config::{Config, Secret};
use crate::forge::Forge;
use crate::play::options::{self, Stores};
use crate::play::{DataLock, Limits, Places, PlayError, PostgresPrograms, Servers, running};

/// The platform's stores, for one tool.
pub struct Tools {
    pub config: Config,
    pub places: Places,
    pub database: Secret,
    /// Held when the platform does not run on this data directory.
    lock: Option<DataLock>,
    servers: Option<Servers>,
}

impl Tools {
    /// Finds or starts the database.
    ///
    /// # Errors
    /// The private Postgres does not start, or a platform that is about to start does not get ready.
    pub async fn open(config: &Config) -> Result<Self, PlayError> {
        let places = Places::open(&config.data_dir())?;
        let lock = places.try_lock()?;
        if let Some(database) = config.database() {
            return Ok(Self { config: config.clone(), places, database: database.clone(), lock, servers: None });
        }
        if lock.is_none() {
            let database = running(&places).await.ok_or_else(|| {
                PlayError::new("the platform is starting or stopping, its Postgres does not answer: try again")
            })?;
            return Ok(Self { config: config.clone(), places, database, lock, servers: None });
        }
        // A tool has no use for the mirror.
        let mut alone = config.clone();
        alone.redis_url = Some(Secret::new("off"));
        let servers = Servers::start(&alone, &places).await?;
        let database = servers.stores.database.clone();
        Ok(Self { config: config.clone(), places, database, lock, servers: Some(servers) })
    }

    /// Whether a platform runs on this data directory.
    pub fn platform_runs(&self) -> bool {
        self.lock.is_none()
    }

    /// The Forge on this database, for what the tools ask of it; it serves nobody.
    ///
    /// # Errors
    /// The database cannot be reached or is of another version; the keys cannot be read.
    pub async fn forge(&self) -> Result<Forge, PlayError> {
        let token = options::service_token(&self.config, true)?;
        let stores = Stores { database: self.database.clone(), redis: None };
        let url = self.public_url();
        let options = options::forge_at(&self.config, Limits::default(), &stores, token, &url, String::new());
        Ok(Forge::open(options).await?)
    }

    /// Postgres's programs of the private server, when it was started for this tool.
    pub fn programs(&self) -> Option<&PostgresPrograms> {
        self.servers.as_ref().and_then(Servers::programs)
    }

    /// Where visitors reach the platform: as set, else as the running one says.
    fn public_url(&self) -> String {
        let running = match &self.config.public_url {
            None if self.platform_runs() => self.places.read_url(),
            _ => None,
        };
        running.unwrap_or_else(|| self.config.public_url(self.config.public_addr()))
    }

    /// Stops what was started for the tool.
    pub async fn close(self) {
        if let Some(servers) = self.servers {
            servers.stop().await;
        }
        drop(self.lock);
    }
}
