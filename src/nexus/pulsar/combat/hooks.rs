//! What builders hear of fights: a mob's reactions to the begin and the end of its fights, to its wounds and its death.

use crate::world::character::PlayerId;
use crate::world::kinds::ReactionEvent;

use super::super::record::{MobId, Who};
use super::super::turn::Turn;
use super::super::{condition, react};

/// The fight of `who` begins, with `other`.
pub fn fight_begins(turn: &mut Turn, who: Who, other: Who) {
    if let (Who::Mob(mob), Who::Player(player)) = (who, other) {
        trigger(turn, mob, player, ReactionEvent::CombatEnter);
    }
}

/// The fight of `who` is over.
pub fn fight_ends(turn: &mut Turn, who: Who) {
    let Who::Mob(mob) = who else { return };
    // Whoever it fought last is the one that its reaction is about.
    let last = turn.world.mobs.get(mob).and_then(|mob| mob.grudges.last().copied());
    if let Some(player) = last.filter(|player| turn.world.players.contains(*player)) {
        trigger(turn, mob, player, ReactionEvent::CombatExit);
    }
}

/// `who` was hurt by `from`.
pub fn hurt(turn: &mut Turn, who: Who, from: Who) {
    if let (Who::Mob(mob), Who::Player(player)) = (who, from) {
        trigger(turn, mob, player, ReactionEvent::Health);
    }
}

fn trigger(turn: &mut Turn, mob: MobId, player: PlayerId, event: ReactionEvent) {
    let template = turn.world.mobs.get(mob).and_then(|row| turn.world.templates.mobs.get(&row.template));
    let listens = template.is_some_and(|template| template.reactions.iter().any(|reaction| reaction.event == event));
    if !listens {
        return;
    }
    if let Some(room) = turn.world.room_of(Who::Mob(mob)) {
        react::trigger(turn, player, room, Some(mob), event, None);
    }
}

/// A mob dies: it does what it has to do at once, for later there is nobody who could.
pub fn dies(turn: &mut Turn, mob: MobId, killer: Option<Who>) {
    let template = turn.world.mobs.get(mob).and_then(|row| turn.world.templates.mobs.get(&row.template)).cloned();
    let Some(template) = template else { return };
    let Some(Who::Player(player)) = killer else { return };
    for reaction in template.reactions.iter().filter(|reaction| reaction.event == ReactionEvent::Death) {
        if !condition::holds(&reaction.conditions, turn.world, player) {
            continue;
        }
        for line in reaction.script.iter().take(react::REACTION_LINES_MAX) {
            react::line(turn, mob, line);
        }
    }
}
