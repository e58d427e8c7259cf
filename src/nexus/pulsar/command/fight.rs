//! Fighting: attacking, getting away, taking what is left, and whom one means.

use crate::nexus::message::{Data, Frame};
use crate::world::character::{ItemId, PlayerId};
use crate::world::kinds::*;

use super::super::combat::{self, flee};
use super::super::record::Who;
use super::super::skill::effect;
use super::super::turn::Turn;
use super::{Command, Input, items, select};

pub static KILL: Command = Command {
    names: &["kill", "attack"],
    group: "Combat",
    format: "kill [someone]",
    description: "Attack someone, or turn to another enemy. From then on you strike with every round.",
    examples: &["kill wolf", "kill 2.wolf"],
    run: kill,
};

pub static FLEE: Command = Command {
    names: &["flee"],
    group: "Combat",
    format: "flee",
    description: "Try to get away from a fight, through any way that is open.",
    examples: &["flee"],
    run: |turn, player, _| {
        flee::attempt(turn, player, false);
    },
};

pub static AUTOFLEE: Command = Command {
    names: &["autoflee"],
    group: "Combat",
    format: "autoflee [per cent | off]",
    description: "Flee by yourself when you have less than so many per cent of your health.",
    examples: &["autoflee 30", "autoflee off"],
    run: autoflee,
};

pub static LOOT: Command = Command {
    names: &["loot"],
    group: "Combat",
    format: "loot [corpse]",
    description: "Take everything out of a corpse.",
    examples: &["loot", "loot wolf"],
    run: loot,
};

pub static FOCUS: Command = Command {
    names: &["focus"],
    group: "Combat",
    format: "focus <someone | none>",
    description: "Say whom you mean when you attack or use a skill without naming anyone.",
    examples: &["focus wolf", "focus none"],
    run: focus,
};

fn kill(turn: &mut Turn, player: PlayerId, input: &Input) {
    let me = Who::Player(player);
    let focus = turn.world.players.get(player).map(|row| row.focus.clone()).unwrap_or_default();
    let word = input.rest.split_whitespace().next().unwrap_or(&focus).to_owned();
    if word.is_empty() {
        return turn.refuse(player, "kill", "invalid_args", "Attack whom?");
    }
    let Some(target) = select::character(turn.world, player, &word) else {
        return turn.refuse(player, "kill", "invalid_target", format!("You don't see {word} here."));
    };
    if let Err((code, text)) = combat::may_attack(turn.world, me, target) {
        return turn.refuse(player, "kill", code, text);
    }
    if turn.world.target_of(me) == Some(target) {
        return turn.refuse(player, "kill", "fighting", "You are doing what you can!");
    }
    if effect::is_helpless(turn.world, me) {
        return turn.refuse(player, "kill", "helpless", "You can do nothing.");
    }
    if !combat::attack(turn, me, target) {
        turn.refuse(player, "kill", "too_many", "There are too many in this fight already.");
    }
}

fn autoflee(turn: &mut Turn, player: PlayerId, input: &Input) {
    let Some(now) = turn.world.players.get(player).map(|row| row.autoflee) else { return };
    let wanted = match input.rest.trim_end_matches('%').trim() {
        "" => None,
        "off" | "none" => Some(0),
        text => match text.parse::<u32>() {
            Ok(percent) if percent <= 100 => Some(percent),
            _ => return turn.refuse(player, "autoflee", "invalid_args", "A number from 0 to 100, or off."),
        },
    };
    if let Some(percent) = wanted
        && let Some(row) = turn.world.players.edit(player)
    {
        row.autoflee = percent;
    }
    let text = match wanted.unwrap_or(now) {
        0 => "You do not flee by yourself.".to_owned(),
        percent => format!("You flee by yourself below {percent} % of your health."),
    };
    turn.print(player, "cmd.autoflee.success", text);
}

fn loot(turn: &mut Turn, player: PlayerId, input: &Input) {
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let here = turn.world.rooms.get(room).map(|row| row.items.clone()).unwrap_or_default();
    let is_corpse = |item: &ItemId| items::template_of(turn, *item).is_some_and(|t| t.item_type == ItemType::Corpse);
    let corpses: Vec<ItemId> = here.into_iter().filter(is_corpse).collect();
    let found = match input.rest.split_whitespace().next() {
        // The freshest that holds anything, or else the freshest.
        None => corpses.iter().rev().find(|corpse| !items::is_bare(turn.world, **corpse)).or(corpses.last()).copied(),
        Some(word) => select::items(turn.world, &select::Selector::parse(word), &corpses).first().copied(),
    };
    match found {
        Some(corpse) => items::loot(turn, player, room, corpse),
        None => turn.refuse(player, "loot", "missing_container", "There is no corpse here like that."),
    }
}

/// Characters of what one means, at the most.
const FOCUS_CHARS_MAX: usize = 40;

fn focus(turn: &mut Turn, player: PlayerId, input: &Input) {
    let word: String = input.rest.split_whitespace().next().unwrap_or("").chars().take(FOCUS_CHARS_MAX).collect();
    if word.is_empty() {
        return turn.refuse(player, "focus", "invalid_args", "Focus on whom? `focus none` forgets them.");
    }
    let focus = if word.eq_ignore_ascii_case("none") { String::new() } else { word.to_lowercase() };
    if let Some(row) = turn.world.players.edit(player) {
        row.focus = focus.clone();
    }
    let text = if focus.is_empty() { "You focus on nobody.".to_owned() } else { format!("You focus on {focus}.") };
    turn.tell(player, Frame::new("cmd.focus.success", text, Data::Focus { focus }));
}
