//! What loaders decide from: live counts of a world, and its template set. The counts come from the mirror of the lease's
//! holder, or, without Redis or whenever the mirror does not know, from the nexus itself. Sets are immutable, so a
//! few are kept in memory by their hash.

use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::GenericClient;

use super::App;
use super::internal::InternalError;
use crate::link::LinkError;
use crate::store::mirror::MirrorError;
use crate::world::internal::Population;
use crate::world::template::{Templates, WorldId};

/// Template sets kept in memory; of the largest known world one takes some 20 MiB.
const SETS_KEPT: usize = 8;

/// The live counts of a world under this lease.
pub async fn of(app: &App, nexus: &str, url: &str, spawn: WorldId, epoch: i64) -> Result<Population, InternalError> {
    if let Some(mirror) = &app.mirror {
        match mirror.population(nexus, spawn, epoch).await {
            Ok(population) => return Ok(population),
            Err(MirrorError::Unknown(_)) => {}
            Err(error) => tracing::warn!(spawn, %error, "asking the nexus instead of the mirror"),
        }
    }
    let link = app.links.to(url).map_err(|error| InternalError::Fault(error.to_string()))?;
    link.get(&format!("worlds/{spawn}/population")).await.map_err(|error| match error {
        LinkError::Unreachable(cause) => {
            tracing::warn!(spawn, nexus, cause, "the population of a world cannot be read");
            InternalError::Outage
        }
        other => InternalError::Fault(format!("population of world {spawn} on {nexus}: {other}")),
    })
}

/// Template sets by hash, the most recently used last.
#[derive(Default)]
pub struct TemplateSets(Mutex<Vec<(String, Arc<Templates>)>>);

impl TemplateSets {
    pub async fn get(&self, client: &impl GenericClient, hash: &str) -> Result<Arc<Templates>, InternalError> {
        if let Some(found) = self.recall(hash) {
            return Ok(found);
        }
        let row = client.query_opt("select bytes from template_set where hash = $1", &[&hash]).await?;
        let row = row.ok_or_else(|| InternalError::Fault(format!("template set {hash} is missing")))?;
        let set: Templates = Templates::decode(row.get(0))
            .map_err(|error| InternalError::Fault(format!("template set {hash} cannot be read: {error}")))?;
        let set = Arc::new(set);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= SETS_KEPT {
            kept.remove(0);
        }
        kept.push((hash.to_owned(), set.clone()));
        Ok(set)
    }

    fn recall(&self, hash: &str) -> Option<Arc<Templates>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(known, _)| known == hash)?;
        let entry = kept.remove(at);
        let set = entry.1.clone();
        kept.push(entry);
        Some(set)
    }
}
