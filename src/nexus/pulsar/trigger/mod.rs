//! Triggers: what happens when someone types what no command is (domain.md 4.3), and when something happens in a place.
//! Found by their words (`world::watch`), tried in order, held back by conditions and gates, and explained to builders
//! who ask.

pub mod gate;
pub mod places;
pub mod why;

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::matcher::Spoken;
use crate::world::template::{RoomId, Scope, Target, ZoneId};
use crate::world::watch::Watched;

use super::condition;
use super::record::Who;
use super::script::{self, Course, Doer};
use super::turn::Turn;
use super::world::World;

/// Triggers of one command that are tried.
pub const TRIED_MAX: usize = 50;
/// Triggers that a room looks at for the actions that it shows.
pub const SHOWN_MAX: usize = 32;

/// A trigger that a command meets, and the room, zone, world, item or mob that it meets it at.
pub struct Met<'w> {
    pub watched: &'w Watched,
    pub of: i64,
}

/// What becomes of a trigger that a command meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Runs,
    /// The conditions do not hold: why, as far as it can be said.
    Fails(String),
    /// World milliseconds until it opens; none where it never does.
    Shut(Option<u64>),
}

/// Does a line, if triggers answer to it. False if none does.
pub fn command(turn: &mut Turn, player: PlayerId, line: &str) -> bool {
    let templates = turn.world.templates.clone();
    let spoken = Spoken::of(line);
    let met = met(turn.world, templates.watch().candidates(&spoken), &spoken, player);
    if met.is_empty() {
        return false;
    }
    let (mut said, mut failure, mut has_run) = (Vec::new(), None, false);
    for Met { watched, of } in met {
        let rule = &watched.rule;
        match verdict(turn.world, watched, of, player) {
            Verdict::Fails(detail) => {
                if failure.is_none() {
                    failure = failure_text(watched, detail);
                }
            }
            Verdict::Shut(_) => {
                said.push(GATED.to_owned());
                break;
            }
            Verdict::Runs => {
                has_run = true;
                gate::shut(turn.world, of, rule.id, rule.gate_delay);
                let course = Course {
                    doer: Doer::Char(Who::Player(player)),
                    actor: Some(Who::Player(player)),
                    audience: audience(turn.world, watched, player),
                    depth: 1,
                    name: format!("trigger {}", rule.slug),
                    said: line.to_owned(),
                    rank: script::SAVED,
                };
                let errors = script::run(turn, course, &rule.script);
                said.extend(errors.into_iter().map(|error| format!("Error: {error}")));
            }
        }
        // It may have taken the player out of the world.
        if !turn.world.players.contains(player) {
            return true;
        }
    }
    if !has_run && said.is_empty() {
        said.extend(failure);
    }
    if !said.is_empty() {
        turn.tell(player, Frame::new("cmd.text.trigger", said.join("\n"), Data::Empty {}));
    }
    true
}

const GATED: &str = "More time is needed.";
const FAILED: &str = "Action could not be completed.";

fn failure_text(watched: &Watched, detail: String) -> Option<String> {
    let rule = &watched.rule;
    if !rule.failure_message.is_empty() {
        return Some(rule.failure_message.clone());
    }
    match (rule.show_details_on_failure, detail.is_empty()) {
        (false, _) => None,
        (true, true) => Some(FAILED.to_owned()),
        (true, false) => Some(detail),
    }
}

/// The triggers that a command meets where the player is, in order.
fn met<'w>(world: &World, candidates: Vec<&'w Watched>, spoken: &Spoken, player: PlayerId) -> Vec<Met<'w>> {
    let Some(room) = world.room_of(Who::Player(player)) else { return Vec::new() };
    let zone = world.zone_of(room);
    let here = candidates.into_iter().filter(|watched| is_within(watched.rule.scope, room, zone));
    here.filter(|watched| watched.matcher.matches_spoken(spoken))
        .filter_map(|watched| Some(Met { watched, of: entity(world, watched, room, player)? }))
        .take(TRIED_MAX)
        .collect()
}

/// Is this room in the scope?
pub fn is_within(scope: Scope, room: RoomId, zone: Option<ZoneId>) -> bool {
    match scope {
        Scope::Room(of) => of == room,
        Scope::Zone(of) => Some(of) == zone,
        Scope::World => true,
    }
}

/// What the trigger is met at: the place, or the first such item or mob that the player sees, before others one whose
/// gate is open.
fn entity(world: &World, watched: &Watched, room: RoomId, player: PlayerId) -> Option<i64> {
    let (trigger, now) = (watched.rule.id, world.meta.now);
    let seen: Vec<i64> = match watched.rule.target {
        None => return Some(place_of(world, watched.rule.scope)),
        Some(Target::Item(template)) => {
            let row = world.players.get(player)?;
            let here = world.rooms.get(room).map_or(&[][..], |room| &room.items);
            let all = here.iter().chain(&row.items).chain(row.worn.values()).copied();
            all.filter(|id| world.items.get(*id).is_some_and(|item| item.template == template)).collect()
        }
        Some(Target::Mob(template)) => {
            let sees_all = world.players.get(player)?.is_immortal;
            let hidden = world.templates.mobs.get(&template).is_some_and(|template| template.is_invisible);
            let is_it = |who: &Who| match who {
                Who::Mob(id) if sees_all || !hidden => {
                    world.mobs.get(*id).filter(|mob| mob.template == template).map(|mob| mob.id)
                }
                _ => None,
            };
            world.chars_in(room).iter().filter_map(is_it).collect()
        }
    };
    let open = seen.iter().copied().find(|of| gate::until(world, *of, trigger).is_none_or(|until| until <= now));
    open.or_else(|| seen.first().copied())
}

/// The number of a place among the gates.
pub fn place_of(world: &World, scope: Scope) -> i64 {
    match scope {
        Scope::Room(room) => room,
        Scope::Zone(zone) => zone,
        Scope::World => world.meta.spawn,
    }
}

pub fn verdict(world: &World, watched: &Watched, of: i64, player: PlayerId) -> Verdict {
    let outcome = condition::outcome(&watched.condition, world, Some(Who::Player(player)));
    if !outcome.holds {
        return Verdict::Fails(outcome.detail);
    }
    match gate::until(world, of, watched.rule.id) {
        Some(u64::MAX) => Verdict::Shut(None),
        Some(until) if until > world.meta.now => Verdict::Shut(Some(until - world.meta.now)),
        _ => Verdict::Runs,
    }
}

/// Whom an echo of the script reaches: everyone where the trigger holds; about a thing or a mob, the room.
fn audience(world: &World, watched: &Watched, player: PlayerId) -> Scope {
    match (watched.rule.target, world.room_of(Who::Player(player))) {
        (Some(_), Some(room)) => Scope::Room(room),
        _ => watched.rule.scope,
    }
}

/// What a player can do in a room beside what they always can: labels of triggers that would run.
pub fn actions(world: &World, room: RoomId, player: PlayerId) -> Vec<String> {
    let Some(zone) = world.zone_of(room) else { return Vec::new() };
    let mut labels: Vec<String> = Vec::new();
    for watched in world.templates.watch().shown(room, zone).take(SHOWN_MAX) {
        let label = watched.matcher.label();
        let of = place_of(world, watched.rule.scope);
        if !labels.iter().any(|known| known == label) && verdict(world, watched, of, player) == Verdict::Runs {
            labels.push(label.to_owned());
        }
    }
    labels
}

/// Do rooms like this one show different people different actions?
pub fn shows_actions(world: &World, room: RoomId) -> bool {
    world.zone_of(room).is_some_and(|zone| world.templates.watch().shown(room, zone).next().is_some())
}
