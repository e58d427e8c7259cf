//! What builders hear of fights: a mob's reactions to the begin and the end of its fights, to its wounds and its death.

use crate::world::kinds::ReactionEvent;

use super::super::react;
use super::super::record::{MobId, Who};
use super::super::turn::Turn;

/// The fight of `who` begins, with `other`.
pub fn fight_begins(turn: &mut Turn, who: Who, other: Who) {
    if let Who::Mob(mob) = who {
        react::on(turn, ReactionEvent::CombatEnter, mob, Some(other), "");
    }
}

/// The fight of `who` is over.
pub fn fight_ends(turn: &mut Turn, who: Who) {
    let Who::Mob(mob) = who else { return };
    // Whoever it fought last is the one that its reaction is about.
    let last = turn.world.mobs.get(mob).and_then(|mob| mob.grudges.last().copied());
    let last = last.filter(|player| turn.world.players.contains(*player)).map(Who::Player);
    react::on(turn, ReactionEvent::CombatExit, mob, last, "");
}

/// `who` lost so many points of health by `from`.
pub fn hurt(turn: &mut Turn, who: Who, from: Who, points: i32) {
    let Who::Mob(mob) = who else { return };
    if let Some(after) = turn.world.mobs.get(mob).map(|row| row.health) {
        react::hurt(turn, mob, Some(from), after.saturating_add(points), after);
    }
}

/// A mob dies: it does what it has to do at once, for later there is nobody who could.
pub fn dies(turn: &mut Turn, mob: MobId, killer: Option<Who>) {
    react::on(turn, ReactionEvent::Death, mob, killer, "");
}
