//! `realms world …`: worlds as they are in the Forge and as manifests in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::console::{confirm, difference, table};
use super::{Tools, WorldCommand};
use crate::config::Config;
use crate::forge::worlds::{self, ApplyOptions};
use crate::forge::{App, spawns};
use crate::play::{PlayError, manifests};
use crate::world::check;
use crate::world::kinds::DocumentKind;
use crate::world::manifest::{self, Located, Severity};
use crate::world::spec::Document;

/// Players in a world that the operator stops are told this long before.
const STOP_NOTICE: Duration = Duration::ZERO;

type Texts = BTreeMap<(DocumentKind, String), String>;

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
pub fn lint(folder: &Path) -> Result<(), PlayError> {
    let documents = manifests::read(folder)?;
    let problems = check::check(&documents);
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
        WorldCommand::Lint { folder } => lint(folder),
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
        Ok(documents) => texts(&documents)?,
        Err(worlds::WorldsError::Unknown(_)) => Texts::new(),
        Err(error) => return Err(error.into()),
    };
    let wanted: Vec<Document> = documents.iter().map(|located| located.document.clone()).collect();
    let after = texts(&manifest::canonical(&wanted))?;
    let text = |texts: &Texts, key: &(DocumentKind, String)| texts.get(key).cloned().unwrap_or_default();
    for key in &planned.created {
        println!("+ {}", manifest::subject(key.0, &key.1));
    }
    for key in &planned.changed {
        println!("~ {}", manifest::subject(key.0, &key.1));
        print!("{}", difference(&text(&before, key), &text(&after, key)));
    }
    for key in &planned.removed {
        println!("- {}", manifest::subject(key.0, &key.1));
    }
    let count = planned.created.len() + planned.changed.len() + planned.removed.len();
    if count == 0 {
        println!("Nothing changes: the world is as the folder says.");
    } else {
        let (made, changed, removed) = (planned.created.len(), planned.changed.len(), planned.removed.len());
        println!("{made} to make, {changed} to change, {removed} to remove, {} as they are.", planned.unchanged);
    }
    Ok(Changes { count, is_new: before.is_empty() })
}

/// Each document as it would be written.
fn texts(documents: &[Document]) -> Result<Texts, PlayError> {
    let one = |document: &Document| {
        let text = manifest::write_one(document).map_err(|problem| PlayError::new(problem.to_string()))?;
        Ok(((document.kind(), document.slug().to_owned()), text))
    };
    documents.iter().map(one).collect()
}

async fn export(app: &App, slug: &str, folder: &Path) -> Result<(), PlayError> {
    let documents = worlds::export(&app.db, slug).await?;
    let files = manifest::write(&documents).map_err(|problem| PlayError::new(problem.to_string()))?;
    let failed = |error: std::io::Error| PlayError::new(format!("cannot write into {}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    if fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(PlayError::new(format!("{} is not empty: export into a new folder", folder.display())));
    }
    for file in &files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, &file.text).map_err(failed)?;
    }
    println!("{} documents in {} files in {}.", documents.len(), files.len(), folder.display());
    Ok(())
}

async fn find(app: &App, name: &str) -> Result<i64, PlayError> {
    let unknown = || PlayError::new(format!("there is no world {name}; realms world list shows them"));
    worlds::find_spawn(&app.db, name).await?.ok_or_else(unknown)
}
