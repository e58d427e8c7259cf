//! What the operator's tools work with: the database of the platform, whether it runs or not. A running platform's
//! private Postgres is used as it is; a stopped one's is started for the time of the tool.

use crate::config::{Config, Secret};
use crate::play::{DataLock, Places, PlayError, Servers, running};

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

    /// Stops what was started for the tool.
    pub async fn close(self) {
        if let Some(servers) = self.servers {
            servers.stop().await;
        }
        drop(self.lock);
    }
}
