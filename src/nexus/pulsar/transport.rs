//! Going where no exit leads, and not going where one does: journeys by command or script, what rooms check of those
//! who come and go, and what happens when things are taken.

use crate::nexus::message::view::{LookData, MoveData, Named};
use crate::nexus::message::{Data, Frame, Text};
use crate::world::character::{ItemId, PlayerId};
use crate::world::condition::Condition;
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::template::{Room, RoomId};

use super::combat::place;
use super::record::{MobId, Who};
use super::turn::Turn;
use super::{condition, react};

/// What those see who are left behind, and those who are there; and how the traveller's client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journey {
    /// The traveller's frame.
    pub kind: &'static str,
    /// Of the others: the frame's name up to its `.exit` or `.enter`, and what they read after the name.
    pub exit: (&'static str, &'static str),
    pub enter: (&'static str, &'static str),
}

/// By a builder's own will.
pub const JUMP: Journey = Journey {
    kind: "cmd./jump.success",
    exit: ("notification./jump.exit", " vanishes in white light."),
    enter: ("notification./jump.enter", " appears in white light."),
};
/// By somebody else's.
pub const TRANSFER: Journey = Journey {
    kind: "affect.transfer",
    exit: ("notification./transfer.exit", " is gone."),
    enter: ("notification./transfer.enter", " is here, all at once."),
};

/// Brings someone to a room. False if there is no such room or nobody to bring.
pub fn bring(turn: &mut Turn, who: Who, to: RoomId, journey: Journey) -> bool {
    let Some(from) = turn.world.room_of(who) else { return false };
    if !turn.world.templates.rooms.contains_key(&to) {
        return false;
    }
    let is_seen = turn.world.char_view(who).is_some_and(|view| !view.is_invisible);
    if is_seen && let Some(actor) = turn.world.char_view(who) {
        let text = Text::Told { who: actor.clone(), does: journey.exit.1 };
        let own: Vec<PlayerId> = who.player().into_iter().collect();
        let data = Data::Exit { actor: Named::Seen(actor), direction: None };
        turn.tell_room(from, &own, Frame::new(journey.exit.0, text, data));
    }
    match who {
        Who::Player(player) => {
            place::bring(turn, player, to);
        }
        Who::Mob(mob) => move_mob(turn, mob, from, to),
    }
    if let Who::Player(player) = who {
        arrive(turn, player, to, journey);
    }
    if is_seen && let (Some(actor), Some(room)) = (turn.world.char_view(who), turn.world.room_ref(to)) {
        let text = Text::Told { who: actor.clone(), does: journey.enter.1 };
        let own: Vec<PlayerId> = who.player().into_iter().collect();
        turn.tell_room(to, &own, Frame::new(journey.enter.0, text, Data::Enter { actor, direction: None, room }));
    }
    match who {
        Who::Player(player) => react::entered_from(turn, player, to, Some(from)),
        Who::Mob(mob) => react::on(turn, ReactionEvent::NewRoom, mob, None, ""),
    }
    true
}

fn move_mob(turn: &mut Turn, mob: MobId, from: RoomId, to: RoomId) {
    turn.world.shift(Who::Mob(mob), from, to);
    if let Some(mob) = turn.world.mobs.edit_unseen(mob) {
        mob.room = to;
    }
}

/// The traveller sees where they are.
fn arrive(turn: &mut Turn, player: PlayerId, to: RoomId, journey: Journey) {
    let Some(target) = turn.world.room_view(to, player) else { return };
    let text = Text::OfRoom { viewer: player, brief: false };
    let (actor, map) = (turn.world.actor_patch(player), turn.world.map_room(to).into_iter().collect());
    let data = if journey == JUMP {
        Data::LookRoom(Box::new(LookData { actor, target_type: "room", target, map }))
    } else {
        Data::Move(Box::new(MoveData { room: target, actor, direction: "", map, door_states: Vec::new() }))
    };
    turn.tell(player, Frame::new(journey.kind, text, data));
}

/// Why someone may not go from a room to another; none if they may. A check bars whom its conditions fit.
pub fn barred(turn: &Turn, who: Who, from: &Room, to: &Room, direction: Option<Direction>) -> Option<String> {
    let leaving = from.checks.iter().filter(|check| {
        check.prevent != Prevent::Enter && check.direction.is_none_or(|barred| Some(barred) == direction)
    });
    // A direction is one of the ways out.
    let coming = to.checks.iter().filter(|check| check.prevent != Prevent::Exit && check.direction.is_none());
    let check = leaving.chain(coming).find(|check| fits(turn, &check.conditions, who));
    check.map(|check| check.failure_message.clone())
}

fn fits(turn: &Turn, conditions: &str, who: Who) -> bool {
    Condition::parse(conditions).is_ok_and(|condition| condition::outcome(&condition, turn.world, Some(who)).holds)
}

/// A player has taken things up in a room: the room may have something to say to it.
pub fn taken(turn: &mut Turn, player: PlayerId, room: RoomId, items: &[ItemId]) {
    let templates = turn.world.templates.clone();
    let Some(template) = templates.rooms.get(&room).filter(|room| !room.on_get.is_empty()) else { return };
    for trigger in &template.on_get {
        let is_taken =
            items.iter().any(|id| turn.world.items.get(*id).is_some_and(|item| item.template == trigger.item));
        if !is_taken || !fits(turn, &trigger.conditions, Who::Player(player)) {
            continue;
        }
        if !trigger.message.is_empty() {
            turn.print(player, "cmd.text.trigger", capitalized(&trigger.message));
        }
        if let Some(to) = trigger.transport {
            // One journey is enough: what else the room has to say, it says to who is gone.
            bring(turn, Who::Player(player), to, TRANSFER);
            return;
        }
    }
}
