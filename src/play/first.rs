//! What a new platform starts with: the owner's account and a world. Neither is touched again afterwards.

use std::path::Path;

use super::{PlayError, manifests};
use crate::config::Config;
use crate::forge::worlds::{self, ApplyOptions};
use crate::forge::{App, AppError, operator};

/// What the first run made, to be told on the console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstRun {
    /// Logs in as the owner, once.
    pub owner_link: Option<String>,
    /// Rooms of the world that was applied.
    pub world: Option<String>,
}

impl FirstRun {
    /// Makes what is missing: the owner's account if there is none, the starter world if there is no world at all.
    ///
    /// # Errors
    /// A bad OWNER_EMAIL or STARTER_WORLD; the database fails.
    pub async fn prepare(app: &App, config: &Config) -> Result<Self, PlayError> {
        let mut first = Self::default();
        match operator::find_user(app, &config.owner_email).await {
            Err(AppError::NotFound) => {
                let made = operator::create_user(app, &config.owner_email, true).await;
                made.map_err(|error| {
                    PlayError::new(format!("OWNER_EMAIL={}: {}", config.owner_email, PlayError::from(error)))
                })?;
                first.owner_link = Some(operator::login_link(app, &config.owner_email).await?);
            }
            found => drop(found?),
        }
        let starter = config.starter_world.as_deref();
        if starter == Some("none") || !worlds::list(&app.db).await?.is_empty() {
            return Ok(first);
        }
        let documents = match starter {
            Some(folder) => manifests::read(Path::new(folder))?,
            None => manifests::starter()?,
        };
        let applied = worlds::apply(&app.db, &documents, ApplyOptions::default()).await?;
        tracing::info!(world = applied.world, documents = documents.len(), "the starter world is there");
        first.world = Some(format!("world {}", applied.world));
        Ok(first)
    }
}
