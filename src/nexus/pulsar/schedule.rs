//! Facts of the world that change by themselves: every so many seconds of world time, or by the clock on the wall.

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use crate::world::kinds::FactSelection;
use crate::world::script::{Change, Clock, Cron, Of, Place, Text, Variable};
use crate::world::template::{FactSchedule, Scope};

use super::react;
use super::record::Stamp;
use super::turn::Turn;

/// Facts of one world.
pub const FACTS_MAX: usize = 1_000;
/// Characters of a fact's or mark's name, and of its value.
pub const FACT_CHARS_MAX: usize = 100;

/// A Beat has passed: what is due by world time changes. A schedule begins to count when the world first sees it.
pub fn beat(turn: &mut Turn) {
    let templates = turn.world.templates.clone();
    let now = turn.world.meta.now;
    for schedule in templates.fact_schedules.values().filter(|schedule| schedule.every > 0) {
        let wait = schedule.every.unsigned_abs().saturating_mul(1000);
        match turn.world.fact_changes.get(schedule.id).map(|stamp| stamp.0) {
            None => drop(turn.world.fact_changes.insert(schedule.id, Stamp(now))),
            Some(last) if last.saturating_add(wait) <= now => {
                turn.world.fact_changes.insert(schedule.id, Stamp(now));
                change(turn, schedule);
            }
            Some(_) => {}
        }
    }
}

/// The clock on the wall shows this minute (since 1970, UTC): what is due by it changes, once.
pub fn clock(turn: &mut Turn, minute: u64) -> bool {
    let templates = turn.world.templates.clone();
    let shown = Clock::of(minute);
    let mut has_changed = false;
    for schedule in templates.fact_schedules.values().filter(|schedule| !schedule.cron.is_empty()) {
        let is_due = Cron::parse(&schedule.cron).is_ok_and(|cron| cron.is_at(&shown));
        let is_done = turn.world.fact_changes.get(schedule.id).is_some_and(|stamp| stamp.0 >= minute);
        if is_due && !is_done {
            turn.world.fact_changes.insert(schedule.id, Stamp(minute));
            change(turn, schedule);
            has_changed = true;
        }
    }
    has_changed
}

fn change(turn: &mut Turn, schedule: &FactSchedule) {
    let old = turn.world.meta.facts.get(&schedule.fact).cloned();
    let values = &schedule.values;
    let Some(first) = values.first() else { return };
    let new = match schedule.selection {
        FactSelection::First => first,
        FactSelection::Cycle => {
            let at = values.iter().position(|value| Some(value) == old.as_ref());
            at.and_then(|at| values.get(at + 1)).unwrap_or(first)
        }
        FactSelection::Random => &values[turn.world.roll(values.len() as u32) as usize],
    };
    if old.as_ref() == Some(new) {
        return;
    }
    let text = Text::parse(&schedule.message, Place::FactChange).unwrap_or_default();
    let message = text.fill(|name| match name {
        Variable::Change(Change::Fact) => schedule.fact.clone(),
        Variable::Change(Change::OldValue) => old.clone().unwrap_or_default(),
        Variable::Change(Change::NewValue) => new.clone(),
        Variable::Name(Of::World) => turn.world.templates.world.config.name.clone(),
        Variable::Fact(fact) => turn.world.meta.facts.get(fact).cloned().unwrap_or_default(),
        _ => String::new(),
    });
    set_fact(turn, &schedule.fact, new);
    if !message.trim().is_empty() {
        let players: Vec<PlayerId> = turn.world.players.iter().map(|(id, _)| id).collect();
        turn.tell_all(players, Frame::new("write.game", capitalized(message.trim()), Data::Empty {}));
    }
    react::notify(turn, Scope::World, None, &format!("{} {new}", schedule.fact));
}

/// Sets a fact of the world. False if there are too many already.
pub fn set_fact(turn: &mut Turn, name: &str, value: &str) -> bool {
    let facts = &mut turn.world.meta.facts;
    if facts.len() >= FACTS_MAX && !facts.contains_key(name) {
        return false;
    }
    facts.insert(name.to_owned(), value.to_owned());
    true
}
