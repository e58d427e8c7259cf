//! Skills that take time: begun, broken off, done. Whoever casts does not strike meanwhile.

use std::sync::Arc;

use crate::nexus::message::view::CastView;
use crate::nexus::message::{Data, Frame};
use crate::world::keywords::capitalized;
use crate::world::skill::Skill;

use super::super::combat::rows::Cast;
use super::super::instruction::Instruction;
use super::super::record::Who;
use super::super::turn::Turn;
use super::deed;

/// Begins to cast.
pub fn begin(turn: &mut Turn, who: Who, skill: &Arc<Skill>, target: Who) {
    let id = turn.world.schedule_numbered(skill.cast_time, |id| Instruction::CastEnds { who, id });
    turn.world.auras.edit_or_default(who.id()).cast = Some(Cast { id, skill: skill.code.clone(), target });
    let data =
        CastView { skill: skill.code.clone(), duration: skill.cast_time as f64 / 1_000.0, method: "cast", expires: id };
    let name = &skill.name;
    let mut except = Vec::new();
    if let Who::Player(player) = who {
        turn.tell(player, Frame::new("cmd.cast.success", format!("You begin to cast {name}."), Data::Cast(data)));
        except.push(player);
    }
    if let Some(room) = turn.world.room_of(who) {
        let text = format!("{} begins to cast {name}.", capitalized(&turn.name(who)));
        turn.tell_room(room, &except, Frame::new("notification.cast", text, Data::Empty {}));
    }
}

/// What someone casts comes to nothing.
pub fn interrupt(turn: &mut Turn, who: Who, why: &str) {
    if take(turn, who, None).is_some()
        && let Who::Player(player) = who
    {
        turn.print(player, "affect.cast.interrupt", why);
    }
}

fn take(turn: &mut Turn, who: Who, id: Option<u64>) -> Option<Cast> {
    let casts = turn.world.auras.get(who.id())?.cast.as_ref()?;
    if id.is_some_and(|id| id != casts.id) {
        return None;
    }
    let aura = turn.world.auras.edit(who.id())?;
    let cast = aura.cast.take()?;
    if aura.effects.is_empty() {
        turn.world.auras.remove(who.id());
    }
    turn.world.waiting.remove(cast.id);
    Some(cast)
}

/// The time is up.
pub fn done(turn: &mut Turn, who: Who, id: u64) -> bool {
    let Some(cast) = take(turn, who, Some(id)) else { return true };
    if let Some(skill) = turn.world.templates.skills.get(&cast.skill).cloned() {
        deed::finish(turn, who, &skill, cast.target);
    }
    true
}
