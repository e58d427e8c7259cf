//! Root worlds in Postgres: manifests in (`apply`) and out (`export`), and their compiled template sets. Apply is one
//! transaction: it changes everything that was asked for or nothing. A slug keeps its id for ever, also when the thing is
//! removed and comes back. What compiles is stored; what does not compile never is.

mod ids;
mod rows;
mod write;

use std::collections::BTreeMap;

use deadpool_postgres::{GenericClient, Transaction};
use serde::Serialize;
use time::OffsetDateTime;

use super::pushes::{self, Notice};
use super::{AppError, Db, spawns};
use crate::world::check;
use crate::world::compile::compile;
use crate::world::kinds::DocumentKind;
use crate::world::manifest::{Located, Problem, Severity, canonical};
use crate::world::set::{self, SET_VERSION};
use crate::world::spec::Document;
use crate::world::template::WorldId;

/// How to apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Remove what the world has and the documents do not.
    pub prune: bool,
    /// The account that a new world belongs to; None is the operator.
    pub author: Option<i64>,
    /// Work everything out, and change nothing.
    pub dry_run: bool,
}

/// What apply did, as (kind, slug) in canonical order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub world: WorldId,
    pub created: Vec<(DocumentKind, String)>,
    pub changed: Vec<(DocumentKind, String)>,
    pub removed: Vec<(DocumentKind, String)>,
    pub unchanged: usize,
    /// Hex of the hash of the template set.
    pub templates: String,
    pub warnings: Vec<Problem>,
}

#[derive(Debug, thiserror::Error)]
pub enum WorldsError {
    /// The documents are wrong, each problem with its place where that is known; nothing was changed.
    #[error("{}", lines(.0))]
    Problems(Vec<Problem>),
    #[error("there is no world `{0}`")]
    Unknown(String),
    #[error("the database: {0}")]
    Database(String),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl From<tokio_postgres::Error> for WorldsError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()))
    }
}

impl From<deadpool_postgres::PoolError> for WorldsError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Database(error.to_string())
    }
}

impl WorldsError {
    fn problem(message: impl Into<String>) -> Self {
        Self::Problems(vec![Problem::error("", 0, message)])
    }
}

/// One thing of a world: as it is in the database, as it shall be.
struct Thing {
    /// None where it has never been there.
    id: Option<i64>,
    /// None where it is not there now.
    before: Option<Document>,
    /// None where it shall be removed.
    after: Option<Located>,
}

type Things = BTreeMap<(DocumentKind, String), Thing>;

/// Adds and changes what the documents say, of one world; removes only with `prune`. A new multiplayer world gets its
/// spawn. Running spawns get the new templates from the Forge that hears of it.
pub async fn apply(db: &Db, documents: &[Located], options: ApplyOptions) -> Result<Applied, WorldsError> {
    let slug = world_slug(documents)?;
    let mut client = db.get().await?;
    let transaction = client.transaction().await?;
    transaction.execute("select pg_advisory_xact_lock(hashtext('world'), hashtext($1))", &[&slug]).await?;
    let world = transaction.query_opt("select id, templates from world where slug = $1", &[&slug]).await?;
    let id: Option<WorldId> = world.as_ref().map(|row| row.get("id"));
    let mut things = rows::read(&transaction, id, &slug).await?;
    merge(&mut things, documents, options.prune)?;
    let applied = carry_out(&transaction, id, &slug, things, options).await?;
    let before: Option<String> = world.and_then(|row| row.get("templates"));
    if options.dry_run {
        return Ok(applied);
    }
    if before.as_deref() != Some(&applied.templates) {
        pushes::notify(&transaction, &Notice::Templates { world: applied.world }).await?;
        pushes::notify(&transaction, &Notice::World { world: applied.world }).await?;
    }
    transaction.commit().await?;
    Ok(applied)
}

/// The one world that the documents are of.
fn world_slug(documents: &[Located]) -> Result<String, WorldsError> {
    let mut found: Option<&str> = None;
    for located in documents {
        let named = match &located.document {
            Document::World { metadata, .. } => Some(metadata.slug.as_str()),
            other => other.metadata().world.as_deref(),
        };
        match (found, named) {
            (Some(found), Some(named)) if found != named => {
                let text = format!("the documents are of two worlds, `{found}` and `{named}`; apply one at a time");
                return Err(WorldsError::Problems(vec![located.problem(Severity::Error, "metadata", text)]));
            }
            (None, Some(_)) => found = named,
            _ => {}
        }
    }
    found.map(str::to_owned).ok_or_else(|| {
        WorldsError::problem("no document names its world; add the `world` document, or `world` to a metadata")
    })
}

/// Lays the documents over what is there.
fn merge(things: &mut Things, documents: &[Located], prune: bool) -> Result<(), WorldsError> {
    if prune {
        for ((kind, _), thing) in things.iter_mut() {
            if *kind != DocumentKind::World {
                thing.after = None;
            }
        }
    }
    let mut seen = BTreeMap::new();
    for located in documents {
        let mut located = located.clone();
        let key = (located.document.kind(), located.document.slug().to_owned());
        if seen.insert(key.clone(), ()).is_some() {
            let text = "another document has this kind and slug";
            return Err(WorldsError::Problems(vec![located.problem(Severity::Error, "metadata.slug", text)]));
        }
        located.document.metadata_mut().world = None;
        let thing = things.entry(key).or_insert(Thing { id: None, before: None, after: None });
        thing.after = Some(located);
    }
    Ok(())
}

async fn carry_out(
    transaction: &Transaction<'_>,
    id: Option<WorldId>,
    slug: &str,
    mut things: Things,
    options: ApplyOptions,
) -> Result<Applied, WorldsError> {
    let wanted: Vec<Located> = things.values().filter_map(|thing| thing.after.clone()).collect();
    let (errors, warnings): (Vec<Problem>, Vec<Problem>) =
        check::check(&wanted).into_iter().partition(|problem| problem.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(WorldsError::Problems(errors));
    }
    let all = canonical(&wanted.into_iter().map(|located| located.document).collect::<Vec<_>>());
    for document in &all {
        // Under the same keys as before: canonical form changes neither kind nor slug.
        if let Some(thing) = things.get_mut(&(document.kind(), document.slug().to_owned())) {
            thing.after = Some(document.clone().into());
        }
    }
    let mut applied = Applied { warnings, ..Applied::default() };
    for (key, thing) in &things {
        match (&thing.before, &thing.after) {
            (None, Some(_)) => applied.created.push(key.clone()),
            (Some(_), None) => applied.removed.push(key.clone()),
            (Some(before), Some(after)) if *before != after.document => applied.changed.push(key.clone()),
            (Some(_), Some(_)) => applied.unchanged += 1,
            (None, None) => {}
        }
    }
    let numbers = ids::assign(transaction, id, &things).await?;
    let templates = compile(&all, &numbers).map_err(WorldsError::Problems)?;
    let bytes = templates.encode().map_err(|error| WorldsError::problem(error.to_string()))?;
    applied.templates = set::hash(&bytes);
    applied.world = templates.world.id;
    if !options.dry_run {
        write::write(transaction, &numbers, slug, &things, &applied, options.author).await?;
        write::set(transaction, applied.world, &applied.templates, &bytes).await?;
        if templates.world.config.is_multiplayer {
            spawns::create(transaction, applied.world, true).await?;
        }
    }
    Ok(applied)
}

/// Every document of a world, in canonical form.
pub async fn export(db: &Db, slug: &str) -> Result<Vec<Document>, WorldsError> {
    let client = db.get().await?;
    let row = client.query_opt("select id from world where slug = $1", &[&slug]).await?;
    let row = row.ok_or_else(|| WorldsError::Unknown(slug.to_owned()))?;
    let things = rows::read(&client, Some(row.get(0)), slug).await?;
    let documents: Vec<Document> = things.into_values().filter_map(|thing| thing.before).collect();
    Ok(canonical(&documents))
}

/// A root world, for operators.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorldCard {
    pub id: WorldId,
    pub slug: String,
    pub name: String,
    pub is_multiplayer: bool,
    pub is_archived: bool,
    pub rooms: i64,
    pub characters: i64,
    #[serde(with = "time::serde::rfc3339")]
    pub changed: OffsetDateTime,
    pub spawns: Vec<SpawnCard>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpawnCard {
    pub id: WorldId,
    pub lifecycle: String,
    pub nexus: Option<String>,
    pub players: i32,
}

/// Every root world with its spawns that are not asleep, and the shared one in any state.
pub async fn list(db: &Db) -> Result<Vec<WorldCard>, AppError> {
    let client = db.get().await?;
    let worlds = client
        .query(
            "select id, slug, name, is_multiplayer, is_archived, changed_ts,
                 (select count(*) from room where world_id = w.id and removed_ts is null) as rooms,
                 (select count(*) from player where root_id = w.id and pending_deletion_ts is null) as characters
             from world w order by slug",
            &[],
        )
        .await?;
    let spawns = client
        .query(
            "select id, world_id, lifecycle, nexus, players from spawn
             where is_shared or lifecycle not in ('new', 'stopped') order by id",
            &[],
        )
        .await?;
    let card = |row: &tokio_postgres::Row| {
        let id: WorldId = row.get("id");
        let of_world = spawns.iter().filter(|spawn| spawn.get::<_, WorldId>("world_id") == id);
        WorldCard {
            id,
            slug: row.get("slug"),
            name: row.get("name"),
            is_multiplayer: row.get("is_multiplayer"),
            is_archived: row.get("is_archived"),
            rooms: row.get("rooms"),
            characters: row.get("characters"),
            changed: row.get("changed_ts"),
            spawns: of_world
                .map(|spawn| SpawnCard {
                    id: spawn.get("id"),
                    lifecycle: spawn.get("lifecycle"),
                    nexus: spawn.get("nexus"),
                    players: spawn.get("players"),
                })
                .collect(),
        }
    };
    Ok(worlds.iter().map(card).collect())
}

/// The shared spawn of a world by its slug, or of a spawn's own number: what `realms world start|stop` names.
pub async fn find_spawn(db: &Db, name: &str) -> Result<Option<WorldId>, AppError> {
    let client = db.get().await?;
    let number: i64 = name.parse().unwrap_or(-1);
    let row = client
        .query_opt(
            "select s.id from spawn s join world w on w.id = s.world_id
             where (w.slug = $1 and s.is_shared) or s.id = $2 limit 1",
            &[&name, &number],
        )
        .await?;
    Ok(row.map(|row| row.get(0)))
}

/// Hides a world from every list and lets nobody in; it can be brought back. Refused while a spawn of it runs.
pub async fn archive(db: &Db, slug: &str, archived: bool) -> Result<(), spawns::Declined> {
    let mut client = db.get().await?;
    let transaction = client.transaction().await?;
    let row = transaction.query_opt("select id from world where slug = $1 for update", &[&slug]).await?;
    let row = row.ok_or_else(|| spawns::Declined::new(format!("There is no world `{slug}`.")))?;
    let world: WorldId = row.get(0);
    let running = transaction
        .query_opt("select 1 from spawn where world_id = $1 and lifecycle not in ('new', 'stopped') limit 1", &[&world])
        .await?;
    if archived && running.is_some() {
        return Err(spawns::Declined::new("The world is running; stop it first."));
    }
    transaction.execute("update world set is_archived = $2 where id = $1", &[&world, &archived]).await?;
    pushes::notify(&transaction, &Notice::World { world }).await?;
    transaction.commit().await?;
    Ok(())
}

/// Compiles worlds again whose stored set is of another version of the format: after an upgrade of the platform.
pub async fn recompile_old(db: &Db) -> Result<(), WorldsError> {
    let client = db.get().await?;
    let rows = client
        .query(
            "select w.slug from world w join template_set t on t.hash = w.templates
             where get_byte(t.bytes, 0) <> $1",
            &[&i32::from(SET_VERSION)],
        )
        .await?;
    drop(client);
    for row in rows {
        let slug: String = row.get(0);
        let documents: Vec<Located> = export(db, &slug).await?.into_iter().map(Located::from).collect();
        match apply(db, &documents, ApplyOptions::default()).await {
            Ok(_) => tracing::info!(world = %slug, "a world was compiled for this version"),
            Err(error) => tracing::error!(world = %slug, %error, "a world does not compile with this version"),
        }
    }
    Ok(())
}
