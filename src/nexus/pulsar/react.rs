//! Reactions: what a mob does when something happens to it or near it. A match opens an errand to the Mob node, which
//! writes the script out; conditions and gates are evaluated here when it answers. A mob that dies does all of it at once.

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::kinds::*;
use crate::world::matcher::Spoken;
use crate::world::template::{RoomId, Scope, Target};
use crate::world::watch::Watched;

use super::record::{Ask, MobId, Who};
use super::script::{self, Course, Doer};
use super::trigger::{gate, is_within, places};
use super::turn::Turn;
use super::{beat, condition};

/// Lines of one reaction at the most; the rest is left out.
pub const REACTION_LINES_MAX: usize = 64;
/// Mobs that one notice to many reaches.
pub const NOTIFIED_MAX: usize = 256;

/// What a reaction is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Whoever caused it.
    pub actor: Option<Who>,
    /// What was said, given or done.
    pub said: String,
    /// How many scripts caused one another up to here.
    pub depth: u8,
}

/// A player came into a room, from nowhere that matters.
pub fn entered(turn: &mut Turn, player: PlayerId, room: RoomId) {
    entered_from(turn, player, room, Some(room));
}

/// A player came into a room from another; from none, into the world.
pub fn entered_from(turn: &mut Turn, player: PlayerId, room: RoomId, from: Option<RoomId>) {
    near(turn, ReactionEvent::Enter, player, room, "");
    places::happened(turn, ReactionEvent::Enter, player, room, from, "");
}

/// A player came into the world.
pub fn connected(turn: &mut Turn, player: PlayerId, room: RoomId) {
    near(turn, ReactionEvent::Connect, player, room, "");
    places::happened(turn, ReactionEvent::Connect, player, room, None, "");
}

/// A player said something in a room.
pub fn said(turn: &mut Turn, player: PlayerId, room: RoomId, text: &str) {
    // What a script makes someone say is nobody's word.
    if turn.script.is_none() {
        near(turn, ReactionEvent::Say, player, room, text);
        places::happened(turn, ReactionEvent::Say, player, room, None, text);
    }
}

/// A player gave a mob a thing; its name is what the reaction matches.
pub fn received(turn: &mut Turn, player: PlayerId, _room: RoomId, mob: MobId, item: &str) {
    on(turn, ReactionEvent::Receive, mob, Some(Who::Player(player)), item);
}

/// A mob came into being.
pub fn appeared(turn: &mut Turn, mob: MobId, room: RoomId) {
    let Some(template) = turn.world.mobs.get(mob).and_then(|m| turn.world.templates.mobs.get(&m.template)) else {
        return;
    };
    if template.is_invisible {
        return;
    }
    let name = template.name.clone();
    if turn.world.players_in(room).next().is_none() {
        return;
    }
    if let Some(actor) = turn.world.char_view(Who::Mob(mob)) {
        let text = format!("{} has arrived.", crate::world::keywords::capitalized(&name));
        let Some(room_ref) = turn.world.room_ref(room) else { return };
        let data = Data::Enter { actor, direction: None, room: room_ref };
        turn.tell_room(room, &[], Frame::new("notification.movement.enter", text, data));
    }
}

/// What a mob does about something that happened to it: everything of domain.md 4.1 comes through here. `actor` is
/// whoever caused it, `said` what `match` is held against. `death` has to be told while the mob is still in its room.
pub fn on(turn: &mut Turn, event: ReactionEvent, mob: MobId, actor: Option<Who>, said: &str) {
    let fits = |watched: &Watched, spoken: &Spoken| match event {
        ReactionEvent::Receive => watched.matcher.matches_exact(said),
        _ => watched.matcher.matches_spoken(spoken),
    };
    consider(turn, event, mob, actor, said, &fits);
}

/// A mob's health went down, in points: reactions whose per cent it fell below.
pub fn hurt(turn: &mut Turn, mob: MobId, actor: Option<Who>, before: i32, after: i32) {
    let Some(row) = turn.world.mobs.get(mob) else { return };
    let Some(template) = turn.world.templates.mobs.get(&row.template) else { return };
    let most = i64::from(template.stats.health_max.max(1));
    let fell_below = |percent: u32| {
        let line = i64::from(percent) * most;
        i64::from(before) * 100 >= line && i64::from(after) * 100 < line
    };
    consider(turn, ReactionEvent::Health, mob, actor, "", &|watched, _| fell_below(watched.measure));
}

/// A Beat has passed for a mob that is awake.
pub fn beat(turn: &mut Turn, mob: MobId) {
    let beats = turn.world.meta.beats;
    consider(turn, ReactionEvent::Periodic, mob, None, "", &|watched, _| places::is_time(watched, beats, mob));
}

/// Mobs and places of an audience get a notice.
pub fn notify(turn: &mut Turn, audience: Scope, actor: Option<Who>, said: &str) {
    let index = &turn.world.index;
    let mobs: Vec<MobId> = match audience {
        Scope::Room(room) => turn.world.chars_in(room).iter().filter_map(|who| who.mob()).collect(),
        Scope::Zone(zone) if index.awake.contains_key(&zone) => {
            index.attentive.get(&zone).into_iter().flatten().copied().take(NOTIFIED_MAX).collect()
        }
        Scope::Zone(_) => Vec::new(),
        Scope::World => beat::next_mobs(&index.awake, &index.attentive, MobId::MIN),
    };
    for mob in mobs {
        on(turn, ReactionEvent::Notify, mob, actor, said);
    }
    let zone = match audience {
        Scope::Room(room) => turn.world.zone_of(room),
        Scope::Zone(zone) => Some(zone),
        Scope::World => None,
    };
    let templates = turn.world.templates.clone();
    places::notified(turn, actor, said, |scope| match (audience, scope) {
        (Scope::World, _) => true,
        (Scope::Zone(zone), Scope::Room(room)) => templates.ground().zones.get(&room) == Some(&zone),
        (Scope::Zone(zone), Scope::Zone(of)) => zone == of,
        (Scope::Room(room), scope) => is_within(scope, room, zone),
        (Scope::Zone(_), Scope::World) => true,
    });
}

/// What the mobs of a room do about it.
fn near(turn: &mut Turn, event: ReactionEvent, player: PlayerId, room: RoomId, said: &str) {
    let mobs: Vec<MobId> = turn.world.chars_in(room).iter().filter_map(|who| who.mob()).collect();
    for mob in mobs {
        on(turn, event, mob, Some(Who::Player(player)), said);
    }
}

type Fits<'a> = &'a dyn Fn(&Watched, &Spoken) -> bool;

fn consider(turn: &mut Turn, event: ReactionEvent, mob: MobId, actor: Option<Who>, said: &str, fits: Fits) {
    let templates = turn.world.templates.clone();
    let Some((template, room)) = turn.world.mobs.get(mob).map(|row| (row.template, row.room)) else { return };
    let Some(reactions) = templates.watch().mobs.get(&template) else { return };
    let depth = turn.script.as_ref().map_or(0, |running| running.course.depth) + 1;
    let zone = turn.world.zone_of(room);
    let spoken = Spoken::of(said);
    for watched in reactions.iter().filter(|watched| watched.rule.event == Some(event)) {
        if !is_within(watched.rule.scope, room, zone) {
            continue;
        }
        let verdict = match (fits(watched, &spoken), is_open(turn, mob, watched)) {
            (false, _) => "does not match",
            (true, false) => "its gate is shut",
            (true, true) => "matches",
        };
        traced(turn, actor, mob, watched, verdict);
        if verdict != "matches" {
            continue;
        }
        let cause = Cause { actor, said: said.to_owned(), depth };
        if event == ReactionEvent::Death {
            // There is nobody left to come back to.
            let lines = watched.rule.script.iter().map(|line| (0, line.clone())).collect();
            happen(turn, mob, watched, cause, lines);
            continue;
        }
        turn.ask(Ask::React {
            mob,
            reaction: watched.gate,
            actor,
            said: cause.said,
            depth,
            lines: watched.rule.script.iter().take(REACTION_LINES_MAX).cloned().collect(),
        });
    }
}

fn is_open(turn: &Turn, mob: MobId, watched: &Watched) -> bool {
    let now = turn.world.meta.now;
    let gates = turn.world.mobs.get(mob).map_or(&[][..], |mob| &mob.gates);
    gates.iter().all(|(gate, until)| *gate != watched.gate || *until <= now)
}

/// The Mob node has written a reaction out: it happens if its conditions and its gate still allow.
pub fn answered(turn: &mut Turn, mob: MobId, reaction: i64, cause: Cause, lines: Vec<(u32, String)>) {
    let templates = turn.world.templates.clone();
    let Some(row) = turn.world.mobs.get(mob) else { return };
    let reactions = templates.watch().mobs.get(&row.template);
    let Some(watched) = reactions.and_then(|all| all.iter().find(|watched| watched.gate == reaction)) else { return };
    happen(turn, mob, watched, cause, lines);
}

fn happen(turn: &mut Turn, mob: MobId, watched: &Watched, cause: Cause, lines: Vec<(u32, String)>) {
    if !is_open(turn, mob, watched) {
        return traced(turn, cause.actor, mob, watched, "its gate has been shut by now");
    }
    // What nobody caused is about the mob itself.
    let outcome = condition::outcome(&watched.condition, turn.world, cause.actor.or(Some(Who::Mob(mob))));
    if !outcome.holds {
        let why = format!("its conditions do not hold: {}", places::or_unsaid(&outcome.detail));
        return traced(turn, cause.actor, mob, watched, &why);
    }
    let Some(room) = turn.world.room_of(Who::Mob(mob)) else { return };
    traced(turn, cause.actor, mob, watched, "runs");
    let now = turn.world.meta.now;
    let until = gate::closing(now, watched.rule.gate_delay);
    if let Some(mob) = turn.world.mobs.edit_unseen(mob) {
        mob.gates.retain(|(gate, until)| *gate != watched.gate && *until > now);
        mob.gates.extend(until.map(|until| (watched.gate, until)));
    }
    let name = match watched.rule.target {
        Some(Target::Mob(_)) if watched.gate < 0 => watched.rule.slug.clone(),
        _ => format!("trigger {}", watched.rule.slug),
    };
    let course = Course {
        doer: Doer::Char(Who::Mob(mob)),
        actor: cause.actor,
        audience: Scope::Room(room),
        depth: cause.depth,
        name,
        said: cause.said,
        rank: script::SAVED,
    };
    for (beats, text) in lines {
        if beats == 0 {
            let errors = script::line(turn, &course, &text);
            script::report(turn, &course, errors);
        } else {
            script::later(turn, &course, u64::from(beats), text);
        }
    }
}

fn traced(turn: &mut Turn, actor: Option<Who>, mob: MobId, watched: &Watched, verdict: &str) {
    if let Some(Who::Player(player)) = actor
        && turn.world.players.get(player).is_some_and(|row| row.is_tracing)
    {
        let (name, slug, event) = (turn.name(Who::Mob(mob)), &watched.rule.slug, places::event_name(watched));
        places::trace(turn, player, &format!("{name}, {slug} on {event}: {verdict}"));
    }
}
