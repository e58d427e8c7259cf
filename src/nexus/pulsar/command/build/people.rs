//! What builders and scripts do to people: strength, sight, purses, and the door.

use crate::nexus::message::view::{ActorView, ItemsData, Named};
use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::command::split_word;
use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::turn::Turn;
use crate::nexus::pulsar::{connect, leave};
use crate::world::character::{ItemId, PlayerId};
use crate::world::keywords::capitalized;

use super::{BuildCommand, Call};

pub static REGEN: BuildCommand = BuildCommand {
    names: &["/regen"],
    rank: 2,
    in_scripts: true,
    format: "/regen [someone]",
    description: "Give someone all their strength back.",
    examples: &["/regen", "/regen mara"],
    run: regen,
};

pub static INVISIBLE: BuildCommand = BuildCommand {
    names: &["/invisible"],
    rank: 1,
    in_scripts: false,
    format: "/invisible",
    description: "Be seen by nobody but those who see everything; or be seen again.",
    examples: &["/invisible"],
    run: invisible,
};

pub static TAKE: BuildCommand = BuildCommand {
    names: &["/take"],
    rank: 2,
    in_scripts: true,
    format: "/take <player> <item template> [number]",
    description: "Take things of a template from what a player carries, and out of the world: all of the number, or nothing.",
    examples: &["/take mara brass-key", "/take mara pebble 3"],
    run: take,
};

pub static AWARD: BuildCommand = BuildCommand {
    names: &["/award"],
    rank: 3,
    in_scripts: true,
    format: "/award <player> <gold|glory|medals|currency> <number>",
    description: "Give a player money or honour; a number below nothing takes it, as far as there is any.",
    examples: &["/award mara gold 10", "/award mara tokens -1"],
    run: award,
};

pub static MUTE: BuildCommand = BuildCommand {
    names: &["/mute"],
    rank: 3,
    in_scripts: false,
    format: "/mute <player>",
    description: "Take a player's voice away, or give it back.",
    examples: &["/mute mara"],
    run: mute,
};

pub static KICK: BuildCommand = BuildCommand {
    names: &["/kick"],
    rank: 4,
    in_scripts: false,
    format: "/kick <player> [text]",
    description: "Send a player out of the world. What they have is kept for them.",
    examples: &["/kick mara Come back tomorrow."],
    run: kick,
};

fn regen(turn: &mut Turn, call: &Call) {
    let name = if call.rest.is_empty() { "me" } else { call.rest };
    let Some(who) = call.someone(turn, name) else { return };
    match who {
        Who::Player(player) => {
            let Some(stats) = turn.world.stats_of(player) else { return };
            if let Some(row) = turn.world.players.edit(player) {
                row.health = row.health.max(stats.health_max);
            }
            if let Some(presence) = turn.world.presences.edit(player) {
                presence.mana = presence.mana.max(stats.mana_max);
                presence.stamina = presence.stamina.max(stats.stamina_max);
            }
            let actor = Box::new(turn.world.actor_patch(player));
            turn.tell(player, Frame::new("notification.regen", "", Data::Actor { actor }));
        }
        Who::Mob(mob) => {
            let template = turn.world.mobs.get(mob).and_then(|row| turn.world.templates.mobs.get(&row.template));
            let Some(stats) = template.map(|template| template.stats) else { return };
            if let Some(row) = turn.world.mobs.edit(mob) {
                (row.health, row.mana, row.stamina) = (stats.health_max, stats.mana_max, stats.stamina_max);
            }
            turn.world.judge_mob(mob);
        }
    }
    let name = turn.name(who);
    call.done(turn, format!("{} is at their best.", capitalized(&name)));
}

fn invisible(turn: &mut Turn, call: &Call) {
    let Some(player) = call.player() else { return };
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let Some(row) = turn.world.players.edit(player) else { return };
    row.is_invisible = !row.is_invisible;
    let hidden = row.is_invisible;
    let Some(actor) = turn.world.char_view(Who::Player(player)) else { return };
    let sees_all = |turn: &Turn, id: &PlayerId| turn.world.players.get(*id).is_some_and(|row| row.is_immortal);
    let others: Vec<PlayerId> = turn.world.players_in(room).filter(|id| *id != player && !sees_all(turn, id)).collect();
    let frame = match (hidden, turn.world.room_ref(room)) {
        (true, _) => {
            let data = Data::Exit { actor: Named::Seen(actor), direction: None };
            Frame::new("notification./invisible.exit", "", data)
        }
        (false, Some(room)) => {
            Frame::new("notification./invisible.enter", "", Data::Enter { actor, direction: None, room })
        }
        (false, None) => return,
    };
    turn.tell_all(others, frame);
    connect::who_changed(turn);
    call.done(turn, if hidden { "Nobody sees you now." } else { "You are seen again." });
}

fn take(turn: &mut Turn, call: &Call) {
    let words: Vec<&str> = call.rest.split_whitespace().collect();
    let (name, slug, count) = match words[..] {
        [name, slug] => (name, slug, Some(1)),
        [name, slug, count] => (name, slug, count.parse::<usize>().ok().filter(|count| *count > 0)),
        _ => return call.usage(turn),
    };
    let Some(count) = count else { return call.usage(turn) };
    let Some(player) = call.somebody(turn, name) else { return };
    let world = &*turn.world;
    let id: Option<i64> = slug.parse().ok();
    let is_meant = |item: &&ItemId| {
        let template = world.items.get(**item).and_then(|item| world.templates.items.get(&item.template));
        template.is_some_and(|template| template.slug == slug || Some(template.id) == id)
    };
    let found: Vec<ItemId> = world.carried(Who::Player(player)).iter().filter(is_meant).take(count).copied().collect();
    if found.len() < count {
        return call.refuse(turn, "missing_item", "Items not in inventory.");
    }
    let items = turn.world.item_views(&found);
    for item in found {
        turn.world.destroy_item(item);
    }
    let actor = turn.world.actor(player).map(|actor| ActorView::Own(Box::new(actor)));
    let data = ItemsData { actor, items, room: None, target: None, source: None };
    turn.tell(player, Frame::new("affect.inventory.remove", "", Data::Items(Box::new(data))));
    call.done(turn, "Taken.");
}

fn award(turn: &mut Turn, call: &Call) {
    let words: Vec<&str> = call.rest.split_whitespace().collect();
    let [name, what, number] = words[..] else { return call.usage(turn) };
    let Ok(number) = number.parse::<i64>() else { return call.usage(turn) };
    let is_currency = turn.world.templates.currencies.contains_key(what);
    if !matches!(what, "gold" | "glory" | "medals") && !is_currency {
        return call.refuse(turn, "invalid_args", format!("There is no {what} here."));
    }
    let Some(player) = call.somebody(turn, name) else { return };
    if let Some(row) = turn.world.players.edit(player) {
        let purse = match what {
            "gold" => &mut row.gold,
            "glory" => &mut row.glory,
            "medals" => &mut row.medals,
            code => row.currencies.entry(code.to_owned()).or_default(),
        };
        *purse = purse.saturating_add(number).max(0);
    }
    let Some(actor) = turn.world.actor(player) else { return };
    let data = ItemsData {
        actor: Some(ActorView::Own(Box::new(actor))),
        items: Vec::new(),
        room: None,
        target: None,
        source: None,
    };
    turn.tell(player, Frame::new("affect.award", "", Data::Items(Box::new(data))));
    call.done(turn, "Given.");
}

fn mute(turn: &mut Turn, call: &Call) {
    if call.rest.is_empty() {
        return call.usage(turn);
    }
    let Some(player) = call.somebody(turn, call.rest) else { return };
    let Some(row) = turn.world.players.edit(player) else { return };
    row.is_muted = !row.is_muted;
    let (name, muted) = (row.name.clone(), row.is_muted);
    call.done(turn, format!("{name} {}.", if muted { "is muted" } else { "can speak again" }));
}

fn kick(turn: &mut Turn, call: &Call) {
    let (name, text) = split_word(call.rest);
    if name.is_empty() {
        return call.usage(turn);
    }
    let Some(player) = call.somebody(turn, name) else { return };
    if call.player() == Some(player) {
        return call.refuse(turn, "invalid_target", "Type quit to leave yourself.");
    }
    let name = turn.name(Who::Player(player));
    let text = if text.is_empty() { "A builder sends you out of the world." } else { text };
    leave::expel(turn, player, text);
    call.done(turn, format!("{name} is out of the world."));
}
