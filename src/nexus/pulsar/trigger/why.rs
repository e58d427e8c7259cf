//! Why a command does what it does: every trigger that was considered for it, and what became of each.

use crate::nexus::pulsar::command;
use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::turn::Turn;
use crate::nexus::pulsar::world::World;
use crate::world::character::PlayerId;
use crate::world::matcher::Spoken;
use crate::world::template::{Scope, Target, Trigger};
use crate::world::watch::Watched;

use super::places::or_unsaid;
use super::{TRIED_MAX, Verdict, entity, is_within, verdict};

/// Triggers that an explanation names; how many more there are is said.
pub const LINES_MAX: usize = 40;

/// What triggers would make of a line that this player types here and now. Nothing happens by it.
pub fn explain(turn: &Turn, player: PlayerId, line: &str) -> Vec<String> {
    let world = &*turn.world;
    let (word, _) = command::split_word(line);
    let word = word.to_lowercase();
    if let Some(known) = command::find(&word) {
        return vec![format!("\"{word}\" is the command `{}`, and triggers are not asked.", known.names[0])];
    }
    if let Some(social) = world.templates.socials.keys().find(|social| social.starts_with(&word)) {
        let mut lines = vec![format!("\"{word}\" is the gesture `{social}`, unless a trigger answers first.")];
        lines.extend(considered(world, player, line));
        return lines;
    }
    considered(world, player, line)
}

fn considered(world: &World, player: PlayerId, line: &str) -> Vec<String> {
    let Some(room) = world.room_of(Who::Player(player)) else { return Vec::new() };
    let zone = world.zone_of(room);
    let templates = world.templates.clone();
    let watch = templates.watch();
    let spoken = Spoken::of(line);
    let found = watch.candidates(&spoken);
    let in_scope = watch.commands.iter().filter(|watched| is_within(watched.rule.scope, room, zone)).count();
    let (mut lines, mut tried, mut shut, mut near) = (Vec::new(), 0, false, 0);
    for watched in &found {
        let is_here = is_within(watched.rule.scope, room, zone);
        near += usize::from(is_here);
        let verdict = if !is_here {
            "it holds elsewhere".to_owned()
        } else if !watched.matcher.matches_spoken(&spoken) {
            format!("`{}` does not match", watched.rule.matcher)
        } else if let Some(of) = entity(world, watched, room, player) {
            tried += 1;
            if shut {
                "it matches, but a gate before it stops everything".to_owned()
            } else if tried > TRIED_MAX {
                format!("it matches, but only {TRIED_MAX} are tried")
            } else {
                match verdict(world, watched, of, player) {
                    Verdict::Runs => format!("runs, {} lines", watched.rule.script.len()),
                    Verdict::Fails(detail) => format!("its conditions do not hold: {}", or_unsaid(&detail)),
                    Verdict::Shut(until) => {
                        shut = true;
                        match until {
                            Some(millis) => format!("its gate is shut for {} s more", millis.div_ceil(1000)),
                            None => "its gate is shut for ever".to_owned(),
                        }
                    }
                }
            }
        } else {
            format!("it matches, but {} is not in sight", target(world, watched))
        };
        lines.push(format!("{} ({}): {verdict}", watched.rule.slug, place(world, &watched.rule)));
    }
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    if more > 0 {
        lines.push(format!("{more} more have one of the words."));
    }
    lines
        .push(format!("{} of the {in_scope} command triggers that hold here have none of the words.", in_scope - near));
    lines
}

/// Where a trigger holds, and what it is about.
fn place(world: &World, rule: &Trigger) -> String {
    let templates = &world.templates;
    let place = match rule.scope {
        Scope::Room(room) => templates.rooms.get(&room).map(|room| format!("room {}", room.slug)),
        Scope::Zone(zone) => templates.zones.get(&zone).map(|zone| format!("zone {}", zone.slug)),
        Scope::World => Some("world".to_owned()),
    };
    let place = place.unwrap_or_else(|| "nowhere".into());
    match rule.target {
        None => place,
        Some(Target::Item(item)) => match templates.items.get(&item) {
            Some(item) => format!("{place}, item {}", item.slug),
            None => place,
        },
        Some(Target::Mob(mob)) => match templates.mobs.get(&mob) {
            Some(mob) => format!("{place}, mob {}", mob.slug),
            None => place,
        },
    }
}

fn target(world: &World, watched: &Watched) -> String {
    let slug = match watched.rule.target {
        Some(Target::Item(item)) => world.templates.items.get(&item).map(|item| item.slug.clone()),
        Some(Target::Mob(mob)) => world.templates.mobs.get(&mob).map(|mob| mob.slug.clone()),
        None => None,
    };
    slug.unwrap_or_else(|| "what it is about".into())
}
