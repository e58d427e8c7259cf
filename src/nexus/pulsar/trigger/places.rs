//! What happens in places without a mob: event triggers of rooms, zones and the world. Whoever caused the event does
//! what the script says; of notices and of time, the place itself.

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::kinds::ReactionEvent;
use crate::world::matcher::Spoken;
use crate::world::template::{RoomId, Scope};
use crate::world::watch::Watched;

use super::{gate, is_within, place_of};
use crate::nexus::pulsar::condition;
use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::script::{self, Course, Doer};
use crate::nexus::pulsar::turn::Turn;

/// Something happened in a room that its places may answer. `from` is the room where a player who comes was before.
pub fn happened(
    turn: &mut Turn,
    event: ReactionEvent,
    player: PlayerId,
    room: RoomId,
    from: Option<RoomId>,
    said: &str,
) {
    let zone = turn.world.zone_of(room);
    let left = from.and_then(|from| turn.world.zone_of(from));
    each(turn, event, Some(Who::Player(player)), said, |scope| {
        // One comes into a zone from another, and into the world from nowhere.
        let is_new = match (event, scope) {
            (ReactionEvent::Enter, Scope::Zone(_)) => left != zone,
            (ReactionEvent::Enter, Scope::World) => from.is_none(),
            _ => true,
        };
        is_new && is_within(scope, room, zone)
    });
}

/// A Beat has passed: what happens every so many seconds in places that are awake.
pub fn beat(turn: &mut Turn) {
    let templates = turn.world.templates.clone();
    let (beats, awake) = (turn.world.meta.beats, turn.world.index.awake.clone());
    for watched in &templates.watch().places {
        if watched.rule.event != Some(ReactionEvent::Periodic) || !is_time(watched, beats, 0) {
            continue;
        }
        let is_awake = match watched.rule.scope {
            Scope::Room(room) => turn.world.zone_of(room).is_some_and(|zone| awake.contains_key(&zone)),
            Scope::Zone(zone) => awake.contains_key(&zone),
            Scope::World => !awake.is_empty(),
        };
        if is_awake {
            one(turn, watched, None, "");
        }
    }
}

/// Has a measured time come with this Beat? Different ones come at different times.
pub fn is_time(watched: &Watched, beats: u64, phase: i64) -> bool {
    let period = u64::from(watched.measure).div_ceil(2).max(1);
    beats.wrapping_add(phase.unsigned_abs()).is_multiple_of(period)
}

/// Every place whose scope is one of these gets a notice.
pub fn notified(turn: &mut Turn, actor: Option<Who>, said: &str, is_meant: impl Fn(Scope) -> bool) {
    each(turn, ReactionEvent::Notify, actor, said, is_meant);
}

fn each(turn: &mut Turn, event: ReactionEvent, actor: Option<Who>, said: &str, is_meant: impl Fn(Scope) -> bool) {
    let templates = turn.world.templates.clone();
    let places = &templates.watch().places;
    if places.is_empty() {
        return;
    }
    let spoken = Spoken::of(said);
    for watched in places.iter().filter(|watched| watched.rule.event == Some(event)) {
        if is_meant(watched.rule.scope) && watched.matcher.matches_spoken(&spoken) {
            one(turn, watched, actor, said);
        }
    }
}

fn one(turn: &mut Turn, watched: &Watched, actor: Option<Who>, said: &str) {
    let rule = &watched.rule;
    let of = place_of(turn.world, rule.scope);
    let outcome = condition::outcome(&watched.condition, turn.world, actor);
    let is_open = gate::until(turn.world, of, rule.id).is_none_or(|until| until <= turn.world.meta.now);
    if let Some(Who::Player(player)) = actor {
        let verdict = match (outcome.holds, is_open) {
            (true, true) => "runs".to_owned(),
            (false, _) => format!("its conditions do not hold ({})", or_unsaid(&outcome.detail)),
            (_, false) => "its gate is shut".to_owned(),
        };
        trace(turn, player, &format!("trigger {} on {}: {verdict}", rule.slug, event_name(watched)));
    }
    if !outcome.holds || !is_open {
        return;
    }
    gate::shut(turn.world, of, rule.id, rule.gate_delay);
    let depth = turn.script.as_ref().map_or(0, |running| running.course.depth) + 1;
    // Notices and time come from nobody, whoever may have sent them.
    let is_own = !matches!(rule.event, Some(ReactionEvent::Notify | ReactionEvent::Periodic));
    let doer = actor.filter(|_| is_own).map_or(Doer::Place, Doer::Char);
    let name = format!("trigger {}", rule.slug);
    let course = Course { doer, actor, audience: rule.scope, depth, name, said: said.to_owned(), rank: script::SAVED };
    let errors = script::run(turn, course.clone(), &rule.script);
    script::report(turn, &course, errors);
}

pub fn event_name(watched: &Watched) -> &'static str {
    watched.rule.event.map_or("a command", ReactionEvent::as_str)
}

pub fn or_unsaid(detail: &str) -> &str {
    if detail.is_empty() { "it has `or` or `not`, so no single reason" } else { detail }
}

/// Tells a builder who wants to know.
pub fn trace(turn: &mut Turn, player: PlayerId, text: &str) {
    if turn.world.players.get(player).is_some_and(|row| row.is_tracing) {
        turn.tell(player, Frame::new("cmd./trace.note", format!("[trace] {text}"), Data::Empty {}));
    }
}
