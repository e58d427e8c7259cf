//! `realms world …`: worlds as they are in the Forge and as manifests in a folder.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::console::{confirm, table};
use super::{Tools, WorldCommand};
use crate::config::Config;
use crate::folder;
use crate::forge::worlds::{self, ApplyOptions};
use crate::forge::{App, registry, spawns};
use crate::play::{PlayError, manifests};
use crate::world::manifest::{self, Located, Severity, Source};
use crate::world::spec::Document;
use crate::world::{check, diff, lint};

/// Players in a world that the operator stops are told this long before.
const STOP_NOTICE: Duration = Duration::ZERO;

/// # Errors
/// Wrong manifests, no such world, the answer is no, a nexus that does not answer.
pub async fn run(config: &Config, command: &WorldCommand) -> Result<(), PlayError> {
    let tools = Tools::open(config).await?;
    let done = match tools.forge().await {
        Ok(forge) => carry_out(forge.app(), command).await,
        Err(error) => Err(error),
    };
    tools.close().await;
    done
}

/// Checks manifests and prints what is wrong with them; the error counts them.
///
/// # Errors
/// The folder cannot be read, or an error is in it.
pub fn lint_folder(folder: &Path) -> Result<(), PlayError> {
    let documents = manifests::read(folder)?;
    let mut problems = check::check(&documents);
    if problems.iter().all(|problem| problem.severity != Severity::Error) {
        problems.extend(lint::lint(&documents));
    }
    for problem in &problems {
        println!("{problem}");
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if errors > 0 {
        return Err(PlayError::new(format!("{errors} errors in {}", folder.display())));
    }
    println!("{} documents, {} warnings, no errors.", documents.len(), problems.len());
    Ok(())
}

async fn carry_out(app: &App, command: &WorldCommand) -> Result<(), PlayError> {
    match command {
        WorldCommand::List => list(app).await,
        WorldCommand::Apply { folder, prune, yes } => apply(app, folder, *prune, *yes).await,
        WorldCommand::Diff { folder, prune } => {
            let documents = manifests::read(folder)?;
            show(app, &documents, *prune).await.map(|_| ())
        }
        WorldCommand::Lint { folder } => lint_folder(folder),
        WorldCommand::ImportCircle { from, into } => import_circle(from, into),
        WorldCommand::Export { slug, folder } => export(app, slug, folder).await,
        WorldCommand::Start { name } => {
            let spawn = find(app, name).await?;
            spawns::start(app, spawn, true).await.map_err(|error| PlayError::new(error.0))?;
            println!("World {name} runs.");
            Ok(())
        }
        WorldCommand::Stop { name } => {
            let spawn = find(app, name).await?;
            spawns::stop(app, spawn, STOP_NOTICE).await.map_err(|error| PlayError::new(error.0))?;
            println!("World {name} is stopped.");
            Ok(())
        }
        WorldCommand::Pin { slug, nexus } => {
            if !registry::pin(&app.db, slug, nexus.as_deref()).await? {
                return Err(PlayError::new(format!("there is no world {slug}: see realms world list")));
            }
            match nexus {
                Some(nexus) => println!("World {slug} starts on the nexus {nexus} only, from its next start on."),
                None => println!("World {slug} starts on any nexus."),
            }
            Ok(())
        }
    }
}

async fn list(app: &App) -> Result<(), PlayError> {
    let mut rows = Vec::new();
    for world in worlds::list(&app.db).await? {
        let state = match (world.is_archived, world.spawns.as_slice()) {
            (true, _) => "archived".to_owned(),
            (false, []) => "asleep".to_owned(),
            (false, spawns) => {
                let one = |spawn: &worlds::SpawnCard| {
                    let at = spawn.nexus.as_ref().map(|nexus| format!(" on {nexus}")).unwrap_or_default();
                    format!("{} {}{at}, {} inside", spawn.id, spawn.lifecycle, spawn.players)
                };
                spawns.iter().map(one).collect::<Vec<_>>().join("; ")
            }
        };
        rows.push(vec![world.slug, world.name, world.rooms.to_string(), world.characters.to_string(), state]);
    }
    table(&["slug", "name", "rooms", "characters", "copies"], &rows);
    Ok(())
}

async fn apply(app: &App, folder: &Path, prune: bool, yes: bool) -> Result<(), PlayError> {
    let documents = manifests::read(folder)?;
    let changes = show(app, &documents, prune).await?;
    if changes.count == 0 {
        return Ok(());
    }
    // A world that nobody knows yet harms nobody.
    if !changes.is_new {
        confirm("Change the world?", yes)?;
    }
    let options = ApplyOptions { prune, author: None, dry_run: false };
    let applied = worlds::apply(&app.db, &documents, options).await?;
    let (created, changed, removed) = (applied.created.len(), applied.changed.len(), applied.removed.len());
    println!("World {}: {created} made, {changed} changed, {removed} removed.", applied.world);
    Ok(())
}

struct Changes {
    count: usize,
    is_new: bool,
}

/// Prints what applying the documents would change.
async fn show(app: &App, documents: &[Located], prune: bool) -> Result<Changes, PlayError> {
    let options = ApplyOptions { prune, author: None, dry_run: true };
    let planned = worlds::apply(&app.db, documents, options).await?;
    for warning in &planned.warnings {
        println!("{warning}");
    }
    let slug = documents.iter().find_map(|located| match &located.document {
        Document::World { metadata, .. } => Some(metadata.slug.clone()),
        other => other.metadata().world.clone(),
    });
    let before = match worlds::export(&app.db, slug.as_deref().unwrap_or_default()).await {
        Ok(documents) => documents,
        Err(worlds::WorldsError::Unknown(_)) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let after: Vec<Document> = documents.iter().map(|located| located.document.clone()).collect();
    println!("{}", diff::describe(&diff::diff(&before, &after), prune));
    let count = planned.created.len() + planned.changed.len() + planned.removed.len();
    Ok(Changes { count, is_new: before.is_empty() })
}

async fn export(app: &App, slug: &str, folder: &Path) -> Result<(), PlayError> {
    let documents = worlds::export(&app.db, slug).await?;
    let files = manifest::write(&documents).map_err(|problem| PlayError::new(problem.to_string()))?;
    write(folder, &files)?;
    println!("{} documents in {} files in {}.", documents.len(), files.len(), folder.display());
    Ok(())
}

/// Makes manifests of a Circle world, and a report of what has no counterpart beside them.
///
/// # Errors
/// A file of it is malformed, with file and line; the folder cannot be written.
pub fn import_circle(from: &Path, into: &Path) -> Result<(), PlayError> {
    let imported = folder::import_circle(from).map_err(|problems| manifests::refused(&problems))?;
    let files = manifest::write(&imported.documents).map_err(|problem| PlayError::new(problem.to_string()))?;
    write(into, &files)?;
    let report = into.join("import-report.txt");
    fs::write(&report, imported.report.to_string())
        .map_err(|error| PlayError::new(format!("cannot write {}: {error}", report.display())))?;
    print!("{}", imported.report.summary());
    println!("{} documents in {}; what was kept aside: {}", imported.documents.len(), into.display(), report.display());
    Ok(())
}

/// Into a new or empty folder: what lies there would be taken for the same world.
fn write(into: &Path, files: &[Source]) -> Result<(), PlayError> {
    let failed = |error: std::io::Error| PlayError::new(format!("cannot write into {}: {error}", into.display()));
    fs::create_dir_all(into).map_err(failed)?;
    if fs::read_dir(into).map_err(failed)?.next().is_some() {
        return Err(PlayError::new(format!("{} is not empty: choose a new folder", into.display())));
    }
    folder::write_manifests(into, files).map_err(failed)
}

pub(super) async fn find(app: &App, name: &str) -> Result<i64, PlayError> {
    let unknown = || PlayError::new(format!("there is no world {name}; realms world list shows them"));
    worlds::find_spawn(&app.db, name).await?.ok_or_else(unknown)
}
