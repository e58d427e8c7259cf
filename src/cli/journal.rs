//! `realms journal …`: looks at the journal of the nexus on this machine without changing it.

use std::fmt::Write as _;

use super::JournalCommand;
use super::console::table;
use crate::config::Config;
use crate::play::PlayError;
use crate::store::io::RealIo;
use crate::store::journal::{self, JournalError, Report};

/// # Errors
/// There is no journal, it cannot be read, or (`verify`) a start would refuse it.
pub fn run(config: &Config, command: &JournalCommand) -> Result<(), PlayError> {
    let folder = config.nexus_dir();
    let (tail, history) = (folder.join("journal"), folder.join("history"));
    if !tail.is_dir() {
        let text = format!("there is no journal in {}: DATA_DIR and NEXUS_NAME say where one is", tail.display());
        return Err(PlayError::new(text));
    }
    let failed = |error: JournalError| PlayError::new(error.to_string());
    match command {
        JournalCommand::Verify => report(&journal::verify(&tail, &RealIo).map_err(failed)?),
        JournalCommand::Dump => Ok(()),
    }
}

fn report(report: &Report) -> Result<(), PlayError> {
    let segments: Vec<Vec<String>> = report
        .segments
        .iter()
        .map(|segment| {
            let range = segment.range.map_or("-".to_owned(), |(first, last)| format!("{first} to {last}"));
            let numbers = [segment.number, segment.bytes, segment.frames, segment.turns];
            numbers.iter().map(ToString::to_string).chain([range]).collect()
        })
        .collect();
    table(&["segment", "bytes", "frames", "turns", "sequences"], &segments);
    match report.chain {
        Some((first, last)) => println!("\nA start takes the frames {first} to {last}:"),
        None => println!("\nA start takes no frame."),
    }
    for world in &report.worlds {
        println!("  world {}: {} turns, {} to {}", world.spawn, world.turns, world.first, world.last);
    }
    if let Some(torn) = report.torn {
        println!("Frame {torn} was cut off by a crash while it was written; nobody was shown what is in it.");
    }
    match &report.damage {
        Some(damage) => Err(PlayError::new(format!("the journal is damaged: {damage}"))),
        None => Ok(()),
    }
}
