//! `realms nexus …`: what is known of the nexuses, and giving one up.

use super::console::{confirm, table};
use super::{NexusCommand, Tools};
use crate::config::Config;
use crate::forge::{App, Db, registry, spawns};
use crate::play::PlayError;

/// # Errors
/// No such nexus, the answer is no, or the database fails.
pub async fn run(config: &Config, command: &NexusCommand) -> Result<(), PlayError> {
    let tools = Tools::open(config).await?;
    let done = match tools.forge().await {
        Ok(forge) => match command {
            NexusCommand::List => list(&forge.app().db).await,
            NexusCommand::Trace { player, time } => super::trace::run(&tools, forge.app(), player, *time).await,
            NexusCommand::Drain { name, undo } => drain(forge.app(), name, *undo).await,
            NexusCommand::Forget { name, yes } => forget(&forge.app().db, name, *yes).await,
            NexusCommand::Unpark { world, yes } => unpark(forge.app(), world, *yes).await,
        },
        Err(error) => Err(error),
    };
    tools.close().await;
    done
}

async fn list(db: &Db) -> Result<(), PlayError> {
    let rows: Vec<Vec<String>> = registry::list(db)
        .await?
        .into_iter()
        .map(|nexus| {
            let state = match (nexus.is_alive, nexus.is_draining) {
                (false, _) => "silent",
                (true, true) => "drained",
                (true, false) => "alive",
            };
            let worlds: Vec<String> = nexus.worlds.iter().map(ToString::to_string).collect();
            let players = nexus.players.to_string();
            vec![nexus.name, state.to_owned(), players, worlds.join(" "), nexus.engine, nexus.url]
        })
        .collect();
    table(&["nexus", "state", "players", "worlds", "engine", "address"], &rows);
    Ok(())
}

async fn drain(app: &App, name: &str, undo: bool) -> Result<(), PlayError> {
    let unknown = || PlayError::new(format!("there is no nexus {name}; realms nexus list shows them"));
    if !registry::set_draining(&app.db, name, !undo).await? {
        return Err(unknown());
    }
    if undo {
        println!("Nexus {name} gets worlds again.");
        return Ok(());
    }
    let all = registry::list(&app.db).await?;
    let worlds = all.into_iter().find(|nexus| nexus.name == name).ok_or_else(unknown)?.worlds;
    let mut left = 0;
    for spawn in &worlds {
        let begun = std::time::Instant::now();
        match spawns::move_away(app, *spawn).await {
            Ok(to) => println!("World {spawn} is on {to}, after {:.1} s.", begun.elapsed().as_secs_f64()),
            Err(declined) => {
                left += 1;
                println!("World {spawn} stays: {declined}");
            }
        }
    }
    match left {
        0 => println!("Nexus {name} has no worlds, and gets none until it is started again."),
        _ => return Err(PlayError::new(format!("{left} of {} worlds are still on nexus {name}", worlds.len()))),
    }
    Ok(())
}

async fn unpark(app: &App, world: &str, yes: bool) -> Result<(), PlayError> {
    let spawn = super::world::find(app, world).await?;
    println!("The turns since the world's last cut stay in the nexus's folder `quarantine`, but happen no more.");
    confirm(&format!("Start world {spawn} without them?"), yes)?;
    let seq = spawns::unpark(app, spawn).await.map_err(|declined| PlayError::new(declined.to_string()))?;
    println!("World {spawn} runs again as of its turn {seq}.");
    Ok(())
}

async fn forget(db: &Db, name: &str, yes: bool) -> Result<(), PlayError> {
    let unknown = || PlayError::new(format!("there is no nexus {name}; realms nexus list shows them"));
    let lost = registry::forget(db, name, true).await?.ok_or_else(unknown)?;
    for world in &lost {
        let from = match world.image {
            Some(image) => format!("starts again from its image of {image}"),
            None => "starts afresh: it was never saved".to_owned(),
        };
        println!("world {} ({}) {from}.", world.spawn, world.name);
        if !world.players.is_empty() {
            println!("  Lost since then is what happened to: {}", world.players.join(", "));
        }
    }
    println!(
        "Whatever else happened in these worlds since is lost for good. If the nexus comes back, its copies are not used."
    );
    confirm(&format!("Give up nexus {name}?"), yes)?;
    registry::forget(db, name, false).await?.ok_or_else(unknown)?;
    println!("Nexus {name} is forgotten.");
    Ok(())
}
