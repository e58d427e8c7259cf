//! What is known: facts of the world, and marks of players.

use std::collections::BTreeMap;

use crate::nexus::pulsar::react;
use crate::nexus::pulsar::schedule::{self, FACT_CHARS_MAX};
use crate::nexus::pulsar::turn::Turn;
use crate::world::template::Scope;

use super::{BuildCommand, Call};

/// Marks of one player.
pub const MARKS_MAX: usize = 500;
/// Facts or marks that one list shows.
pub const LISTED_MAX: usize = 100;

pub static FACT: BuildCommand = BuildCommand {
    names: &["/fact", "/facts", "/setfact", "/clearfact", "/incfact"],
    rank: 1,
    in_scripts: true,
    format: "/fact list | get <name> | set <name> <value> | add <name> <number> | clear <name>",
    description: "See the world's facts; change them (rank 3). Those who wait for the notice `name value` get it.",
    examples: &["/fact list", "/fact set tide high", "/fact add visitors 1"],
    run: fact,
};

pub static MARK: BuildCommand = BuildCommand {
    names: &["/mark", "/unmark", "/incmark", "/marks"],
    rank: 2,
    in_scripts: true,
    format: "/mark <player> <name> <value> | /unmark <player> <name> | /incmark <player> <name> [number] | /marks <player>",
    description: "Mark a player, take a mark away, add to one, or see all of them.",
    examples: &["/mark mara oath sworn", "/unmark mara oath", "/incmark mara visits", "/marks mara"],
    run: mark,
};

fn fact(turn: &mut Turn, call: &Call) {
    let verb = match call.name {
        "/facts" => "list",
        "/setfact" => "set",
        "/clearfact" => "clear",
        "/incfact" => "add",
        _ => "",
    };
    let line = if verb.is_empty() { call.rest.to_owned() } else { format!("{verb} {}", call.rest) };
    let words: Vec<&str> = line.split_whitespace().collect();
    match words[..] {
        [] | ["list"] => {
            let facts = turn.world.meta.facts.clone();
            call.done(turn, listed("Facts", &facts));
        }
        ["get", name] => match turn.world.meta.facts.get(name).cloned() {
            Some(value) => call.done(turn, format!("{name} is {value}.")),
            None => call.refuse(turn, "invalid_target", format!("Fact {name} is not set.")),
        },
        ["set", name, value] => set(turn, call, name, value),
        ["add", name] => add(turn, call, name, "1"),
        ["add", name, number] => add(turn, call, name, number),
        ["clear", name] => {
            if !call.may(turn, 3) {
                return;
            }
            match turn.world.meta.facts.remove(name) {
                Some(_) => call.done(turn, format!("{name} is no longer known.")),
                None => call.refuse(turn, "invalid_target", format!("Fact {name} is not set.")),
            }
        }
        _ => call.usage(turn),
    }
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= FACT_CHARS_MAX
}

fn set(turn: &mut Turn, call: &Call, name: &str, value: &str) {
    if !call.may(turn, 3) {
        return;
    }
    if !is_short(name) || !is_short(value) {
        return call.refuse(turn, "invalid_args", format!("At most {FACT_CHARS_MAX} characters each."));
    }
    let is_new = turn.world.meta.facts.get(name).is_none_or(|old| old != value);
    if !schedule::set_fact(turn, name, value) {
        return call.refuse(turn, "full", format!("The world has {} facts already.", schedule::FACTS_MAX));
    }
    call.done(turn, format!("{name} is {value}."));
    if is_new {
        react::notify(turn, Scope::World, call.course.actor, &format!("{name} {value}"));
    }
}

fn add(turn: &mut Turn, call: &Call, name: &str, number: &str) {
    let old = turn.world.meta.facts.get(name).map_or(Some(0), |old| old.parse::<i64>().ok());
    match sum(old, number) {
        Some(sum) => set(turn, call, name, &sum.to_string()),
        None => call.refuse(turn, "invalid_args", "Only whole numbers can be added."),
    }
}

fn sum(old: Option<i64>, number: &str) -> Option<i64> {
    old?.checked_add(number.parse().ok()?)
}

fn mark(turn: &mut Turn, call: &Call) {
    let words: Vec<&str> = call.rest.split_whitespace().collect();
    let (Some(player), form) = (words.first(), (call.name, &words[1.min(words.len())..])) else {
        return call.usage(turn);
    };
    let Some(player) = call.somebody(turn, player) else { return };
    let marks = turn.world.players.get(player).map(|row| row.marks.clone()).unwrap_or_default();
    let text = match form {
        ("/marks", []) => return call.done(turn, listed("Marks", &marks)),
        ("/mark", [name, value]) => put(turn, call, player, &marks, name, (*value).to_owned()),
        ("/unmark", [name]) => {
            if let Some(row) = turn.world.players.edit(player).filter(|row| row.marks.contains_key(*name)) {
                row.marks.remove(*name);
            }
            Some(format!("{name} is taken away."))
        }
        ("/incmark", [name, rest @ ..]) if rest.len() < 2 => {
            let old = marks.get(*name).map_or(Some(0), |old| old.parse().ok());
            match sum(old, rest.first().unwrap_or(&"1")) {
                Some(sum) => put(turn, call, player, &marks, name, sum.to_string()),
                None => return call.refuse(turn, "invalid_args", "Only whole numbers can be added."),
            }
        }
        _ => return call.usage(turn),
    };
    if let Some(text) = text {
        call.done(turn, text);
    }
}

fn put(
    turn: &mut Turn,
    call: &Call,
    player: i64,
    marks: &BTreeMap<String, String>,
    name: &str,
    value: String,
) -> Option<String> {
    if !is_short(name) || !is_short(&value) {
        call.refuse(turn, "invalid_args", format!("At most {FACT_CHARS_MAX} characters each."));
        return None;
    }
    if marks.len() >= MARKS_MAX && !marks.contains_key(name) {
        call.refuse(turn, "full", format!("They have {MARKS_MAX} marks already."));
        return None;
    }
    let text = format!("{name} is {value}.");
    if let Some(row) = turn.world.players.edit(player) {
        row.marks.insert(name.to_owned(), value);
    }
    Some(text)
}

fn listed(title: &str, of: &BTreeMap<String, String>) -> String {
    if of.is_empty() {
        return format!("{title}: none.");
    }
    let mut text = format!("{title}:");
    for (name, value) in of.iter().take(LISTED_MAX) {
        text.push_str(&format!("\n{name} {value}"));
    }
    if of.len() > LISTED_MAX {
        text.push_str(&format!("\nand {} more", of.len() - LISTED_MAX));
    }
    text
}
