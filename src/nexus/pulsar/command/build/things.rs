//! Bringing things and mobs into the world, taking them out, and letting the loaders do it.

use crate::nexus::message::view::{ActorView, ItemsData, Named};
use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::command::items::{self, CARRIED_MAX};
use crate::nexus::pulsar::command::select::{self, Selector};
use crate::nexus::pulsar::record::{MobId, Place, Who};
use crate::nexus::pulsar::script::{self, Doer};
use crate::nexus::pulsar::turn::Turn;
use crate::nexus::pulsar::{beat, equip, load, see};
use crate::world::character::ItemId;
use crate::world::template::{RoomId, Scope};

use super::{BuildCommand, Call};

/// Mobs and items of a world, above which nobody loads more by hand or script.
pub const MOBS_MAX: usize = 50_000;
pub const ITEMS_MAX: usize = 500_000;
/// Mobs that one resync restores.
pub const RESYNC_MAX: usize = 5_000;

pub static LOAD: BuildCommand = BuildCommand {
    names: &["/load"],
    rank: 2,
    in_scripts: true,
    format: "/load <item|mob> <template> [command]",
    description: "Make an item or a mob of a template, by its id or slug. A mob does the command at once.",
    examples: &["/load item brass-key", "/load mob 12 say I am here"],
    run: load,
};

pub static PURGE: BuildCommand = BuildCommand {
    names: &["/purge"],
    rank: 2,
    in_scripts: true,
    format: "/purge [all|items|mobs|<target>]",
    description: "Take mobs and things in the room out of the world, with all they have. What is persistent stays unless it is named.",
    examples: &["/purge", "/purge mobs", "/purge wolf"],
    run: purge,
};

pub static RESYNC: BuildCommand = BuildCommand {
    names: &["/resync"],
    rank: 3,
    in_scripts: false,
    format: "/resync <item|mob> <template|all>",
    description: "Make live items or mobs as their templates have them now; mobs get all their strength back.",
    examples: &["/resync mob wolf", "/resync mob all"],
    run: resync,
};

pub static REPOP: BuildCommand = BuildCommand {
    names: &["/repop"],
    rank: 2,
    in_scripts: true,
    format: "/repop [zone|world]",
    description: "Let the loaders of the zone, or of the world, bring at once what is missing, whatever they wait for.",
    examples: &["/repop", "/repop world"],
    run: repop,
};

fn load(turn: &mut Turn, call: &Call) {
    let mut words = call.rest.splitn(3, char::is_whitespace);
    let (Some(kind), Some(template)) = (words.next().filter(|word| !word.is_empty()), words.next()) else {
        return call.usage(turn);
    };
    let command = words.next().unwrap_or("").trim();
    match kind {
        "item" => load_item(turn, call, template),
        "mob" => load_mob(turn, call, template, command),
        _ => call.refuse(turn, "invalid_type", "Template type must be item or mob."),
    }
}

fn load_item(turn: &mut Turn, call: &Call, text: &str) {
    let templates = turn.world.templates.clone();
    let id: Option<i64> = text.parse().ok();
    let Some(template) = templates.items.values().find(|item| Some(item.id) == id || item.slug == text) else {
        return call.refuse(turn, "invalid_template", format!("No item template has the id or slug {text}."));
    };
    let room = script::room_of(turn, call.course.doer, call.course.audience);
    let holder = call.who().filter(|who| turn.world.carried(*who).len() < CARRIED_MAX);
    let Some(place) = holder.map(Place::Carried).or(room.map(Place::Room)) else {
        return call.refuse(turn, "invalid_room", "This needs a room to happen in.");
    };
    if turn.world.items.len() >= ITEMS_MAX {
        return call.refuse(turn, "full", "The world holds as many things as it can.");
    }
    let Some(item) = equip::make_item(turn.world, template.id, place, None) else {
        return call.refuse(turn, "no_ids", "Nothing new can be made just now. Try again in a moment.");
    };
    let text = format!("You wave your hands, and {} appears!", template.name);
    show(turn, call, room, text, vec![item], matches!(place, Place::Room(_)));
}

fn load_mob(turn: &mut Turn, call: &Call, text: &str, command: &str) {
    let templates = turn.world.templates.clone();
    let id: Option<i64> = text.parse().ok();
    let Some(template) = templates.mobs.values().find(|mob| Some(mob.id) == id || mob.slug == text) else {
        return call.refuse(turn, "invalid_template", format!("No mob template has the id or slug {text}."));
    };
    let Some(room) = call.room(turn) else { return };
    if turn.world.mobs.len() >= MOBS_MAX {
        return call.refuse(turn, "full", "The world holds as many mobs as it can.");
    }
    let Some(mob) = load::spawn_mob(turn, template.id, room, None, None) else {
        return call.refuse(turn, "no_ids", "Nobody new can be made just now. Try again in a moment.");
    };
    call.done(turn, format!("You wave your hands, and {} appears!", template.name));
    if !command.is_empty() {
        let course = call.course.within(Doer::Char(Who::Mob(mob)), Scope::Room(room));
        let errors = script::line(turn, &course, command);
        script::report(turn, &course, errors);
    }
}

/// Shows whoever did it what they have now, and the room what lies in it.
fn show(turn: &mut Turn, call: &Call, room: Option<RoomId>, text: String, items: Vec<ItemId>, is_in_room: bool) {
    let views = turn.world.item_views(&items);
    let data = ItemsData { actor: None, items: views, room: None, target: None, source: None };
    if let Some(player) = call.player() {
        let actor = turn.world.actor(player).map(|actor| ActorView::Own(Box::new(actor)));
        let room = room.and_then(|room| turn.world.room_view(room, player));
        let text = if call.by_script { String::new() } else { text };
        let data = ItemsData { actor, room, ..data.clone() };
        turn.tell(player, Frame::new(format!("cmd.{}.success", call.command), text, Data::Items(Box::new(data))));
    }
    if let Some(room) = room.filter(|_| is_in_room) {
        let own: Vec<_> = call.player().into_iter().collect();
        items::tell_others(turn, room, &own, format!("notification.{}", call.command), String::new(), data);
    }
}

fn purge(turn: &mut Turn, call: &Call) {
    let Some(room) = call.room(turn) else { return };
    let mobs: Vec<MobId> = turn.world.chars_in(room).iter().filter_map(|who| who.mob()).collect();
    let lying = turn.world.rooms.get(room).map(|row| row.items.clone()).unwrap_or_default();
    let passing: Vec<ItemId> = lying
        .iter()
        .copied()
        .filter(|id| !items::template_of(turn, *id).is_some_and(|template| template.is_persistent))
        .collect();
    let (mobs, things, text) = match call.rest {
        "" | "all" => (mobs, passing, "The world feels a little cleaner.".to_owned()),
        "items" => (Vec::new(), passing, "You purge all items in the room.".to_owned()),
        "mobs" => (mobs, Vec::new(), "You purge all mobs in the room.".to_owned()),
        target => {
            let Some((mobs, things)) = meant(turn, call, target, &mobs, &lying) else {
                return call.refuse(turn, "invalid_target", "Incorrect purge target.");
            };
            let name = match (mobs.first(), things.first()) {
                (Some(mob), _) => turn.name(Who::Mob(*mob)),
                (None, Some(item)) => items::item_name(turn, *item),
                (None, None) => "nothing".into(),
            };
            (mobs, things, format!("You purge {name} from this world."))
        }
    };
    for mob in mobs {
        let actor = Named::called(see::mob_key(mob), turn.name(Who::Mob(mob)), String::new());
        let at = turn.world.room_of(Who::Mob(mob)).unwrap_or(room);
        turn.tell_room(at, &[], Frame::new("notification./purge.exit", "", Data::Exit { actor, direction: None }));
        load::destroy_mob(turn.world, mob);
    }
    for item in &things {
        turn.world.destroy_item(*item);
    }
    show(turn, call, Some(room), text, Vec::new(), true);
}

/// What a target means: mobs of the room, else what one carries, else what lies there.
fn meant(
    turn: &Turn,
    call: &Call,
    target: &str,
    mobs: &[MobId],
    lying: &[ItemId],
) -> Option<(Vec<MobId>, Vec<ItemId>)> {
    if let Some(Who::Mob(own)) = call.who()
        && matches!(target, "self" | "me")
    {
        return Some((vec![own], Vec::new()));
    }
    if let Some(id) = target.strip_prefix("mob.").and_then(|id| id.parse().ok()) {
        return turn.world.mobs.contains(id).then(|| (vec![id], Vec::new()));
    }
    let carried = call.who().map(|who| turn.world.carried(who).to_vec()).unwrap_or_default();
    if let Some(id) = target.strip_prefix("item.").and_then(|id| id.parse::<ItemId>().ok()) {
        return (carried.contains(&id) || lying.contains(&id)).then(|| (Vec::new(), vec![id]));
    }
    // A word means all that bear it; with a number before it, that one.
    let selector = match Selector::parse(target) {
        Selector::Nth(1, word) if !target.contains('.') => Selector::AllOf(word),
        other => other,
    };
    let world = &*turn.world;
    let words = |id: MobId| {
        let mob = world.mobs.get(id).and_then(|mob| world.templates.mobs.get(&mob.template));
        mob.map_or(&[][..], |template| &template.keywords)
    };
    let found = selector.pick(mobs.iter().copied(), |id| id, words);
    if !found.is_empty() {
        return Some((found, Vec::new()));
    }
    let own = select::items(world, &selector, &carried);
    let found = if own.is_empty() { select::items(world, &selector, lying) } else { own };
    (!found.is_empty()).then_some((Vec::new(), found))
}

fn resync(turn: &mut Turn, call: &Call) {
    let (kind, which) = super::super::split_word(call.rest);
    if which.is_empty() {
        return call.usage(turn);
    }
    let templates = turn.world.templates.clone();
    let id: Option<i64> = which.parse().ok();
    let is_known = match kind {
        "item" => which == "all" || templates.items.values().any(|item| Some(item.id) == id || item.slug == which),
        "mob" => which == "all" || templates.mobs.values().any(|mob| Some(mob.id) == id || mob.slug == which),
        _ => return call.refuse(turn, "invalid_type", "Template type must be item or mob."),
    };
    if !is_known {
        return call.refuse(turn, "invalid_template", format!("No {kind} template has the id or slug {which}."));
    }
    let is_meant = |template: i64, slug: &str| which == "all" || Some(template) == id || slug == which;
    if kind == "item" {
        // An item is nothing but its template and where it is: it follows its template by itself.
        let is_one = |item: &&crate::nexus::pulsar::record::Item| {
            templates.items.get(&item.template).is_some_and(|template| is_meant(template.id, &template.slug))
        };
        let count = turn.world.items.values().filter(is_one).count();
        return call.done(turn, format!("Items as their templates have them: {count}."));
    }
    let mobs: Vec<MobId> = turn
        .world
        .mobs
        .iter()
        .filter(|(_, mob)| templates.mobs.get(&mob.template).is_some_and(|t| is_meant(t.id, &t.slug)))
        .map(|(id, _)| id)
        .take(RESYNC_MAX)
        .collect();
    for id in &mobs {
        let stats = turn.world.mobs.get(*id).and_then(|mob| templates.mobs.get(&mob.template)).map(|t| t.stats);
        if let (Some(stats), Some(mob)) = (stats, turn.world.mobs.edit(*id)) {
            (mob.health, mob.mana, mob.stamina) = (stats.health_max, stats.mana_max, stats.stamina_max);
        }
        turn.world.judge_mob(*id);
    }
    call.done(turn, format!("Mobs as their templates have them, and at their best: {}.", mobs.len()));
}

fn repop(turn: &mut Turn, call: &Call) {
    let zones: Vec<i64> = match call.rest {
        "world" => {
            if !call.may(turn, 3) {
                return;
            }
            turn.world.templates.zones.keys().copied().collect()
        }
        "" | "zone" => {
            let here = match call.course.audience {
                Scope::Zone(zone) => Some(zone),
                _ => script::room_of(turn, call.course.doer, call.course.audience)
                    .and_then(|room| turn.world.zone_of(room)),
            };
            here.into_iter().collect()
        }
        _ => return call.usage(turn),
    };
    let templates = turn.world.templates.clone();
    for zone in &zones {
        turn.world.zone_resets.remove(*zone);
    }
    for loader in templates.loaders.values().filter(|loader| zones.contains(&loader.zone)) {
        turn.world.loader_runs.remove(loader.id);
    }
    beat::ask_for_loads(turn);
    call.done(turn, "The loaders look for what is missing.");
}
