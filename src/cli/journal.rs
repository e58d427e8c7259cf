//! `realms journal …`: looks at journal and history of the nexus on this machine, beside it or without it, and changes
//! nothing.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::ops::ControlFlow;
use std::path::Path;

use super::JournalCommand;
use super::console::{pipe, table};
use crate::config::Config;
use crate::nexus::recover;
use crate::nexus::replay::{wall, words};
use crate::play::PlayError;
use crate::store::history;
use crate::store::io::look::LookIo;
use crate::store::journal::{self, JournalError, Past, Report, Seen, WorldRange};

/// # Errors
/// There is no journal, it cannot be read, or (`verify`) a start would refuse it or a file of history is damaged.
pub fn run(config: &Config, command: &JournalCommand) -> Result<(), PlayError> {
    let folder = config.nexus_dir();
    let (tail, kept) = (folder.join("journal"), folder.join("history"));
    if !tail.is_dir() {
        let text = format!("there is no journal in {}: DATA_DIR and NEXUS_NAME say where one is", tail.display());
        return Err(PlayError::new(text));
    }
    match command {
        JournalCommand::Verify => {
            let told = report(&journal::verify(&tail, &LookIo).map_err(failed)?);
            told.and(verify_history(&kept))
        }
        JournalCommand::Dump { world, hex } => dump(&tail, &kept, world.as_deref(), *hex),
    }
}

fn failed(error: JournalError) -> PlayError {
    PlayError::new(error.to_string())
}

fn dump(tail: &Path, kept: &Path, world: Option<&str>, hex: bool) -> Result<(), PlayError> {
    let spawn = match world.map(|text| text.strip_prefix("world.").unwrap_or(text).parse::<i64>()) {
        None => None,
        Some(Ok(spawn)) => Some(spawn),
        Some(Err(_)) => return Err(PlayError::new("--world takes the number of a running copy: realms world list")),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    pipe(writeln!(out, "written frame world incarnation/seq at_ms instruction{}", if hex { " bytes" } else { "" }))?;
    let past = Past::open(tail, kept, &LookIo).map_err(failed)?;
    let mut ended = Ok(());
    let wanted = |range: &WorldRange| spawn.is_none_or(|spawn| range.spawn == spawn);
    let troubles = past.each(wanted, |seen| {
        if spawn.is_some_and(|spawn| seen.turn.spawn != spawn) {
            return ControlFlow::Continue(());
        }
        ended = pipe(writeln!(out, "{}", line(&seen, hex)));
        if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    ended?;
    pipe(out.flush())?;
    match troubles.map_err(failed)?.as_slice() {
        [] => Ok(()),
        troubles => Err(PlayError::new(troubles.join("; "))),
    }
}

fn line(seen: &Seen<'_>, hex: bool) -> String {
    let Seen { frame, turn, .. } = seen;
    let (at, words) = match recover::read_turn(turn.bytes) {
        Ok(applied) => (applied.at.to_string(), words::of_turn(&applied)),
        Err(error) => ("?".to_owned(), format!("(cannot be read: {error})")),
    };
    let (written, sequence) = (wall(frame.written), frame.sequence);
    let mut line = format!("{written} {sequence} {} {}/{} {at} {words}", turn.spawn, turn.incarnation, turn.seq);
    if hex {
        line.push(' ');
        for byte in turn.bytes {
            let _ = write!(line, "{byte:02x}");
        }
    }
    line
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

/// Reads all of history, and says what can be replayed.
fn verify_history(kept: &Path) -> Result<(), PlayError> {
    let survey = history::survey(&LookIo, kept).map_err(|error| PlayError::new(error.to_string()))?;
    let (segments, images, mib) = (survey.segments.len(), survey.images.len(), survey.bytes.div_ceil(1024 * 1024));
    println!("\nHistory: {segments} segments, {images} images, {} template sets; {mib} MiB.", survey.sets.len());
    let rows: Vec<Vec<String>> = survey
        .images
        .iter()
        .map(|(_, head)| {
            let about = &head.about;
            let at = format!("{}/{}", head.incarnation, head.seq);
            vec![about.spawn.to_string(), about.name.clone(), at, wall(about.written), about.engine.clone()]
        })
        .collect();
    if !rows.is_empty() {
        println!("Worlds can be replayed from these images on:");
        table(&["world", "name", "incarnation/seq", "written", "engine"], &rows);
    }
    match history::check(&LookIo, kept, &survey).as_slice() {
        [] => Ok(()),
        damaged => Err(PlayError::new(damaged.join("; "))),
    }
}
