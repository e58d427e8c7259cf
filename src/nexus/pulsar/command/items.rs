//! Taking, leaving, putting and giving things.

use std::collections::BTreeMap;

use crate::nexus::message::view::{ActorView, ItemsData};
use crate::nexus::message::{Data, Frame};
use crate::world::character::{ItemId, PlayerId};
use crate::world::keywords::capitalized;
use crate::world::kinds::*;
use crate::world::template::{ItemTemplate, RoomId};

use super::super::record::{Place, Who};
use super::super::turn::Turn;
use super::super::world::World;
use super::super::{connect, equip, react, transport, trigger};
use super::select::{self, Selector};
use super::{Command, Input};

/// Things that a character carries at the most, worn ones aside.
pub const CARRIED_MAX: usize = 200;
/// Things in a container whose builder set no capacity.
pub const CAPACITY_DEFAULT: usize = 100;
/// Containers inside containers at the most.
pub const NESTING_MAX: usize = 4;

pub static GET: Command = Command {
    names: &["get", "take"],
    group: "Items",
    format: "get <item> [container]",
    description: "Pick something up, or take it out of something.",
    examples: &["get rope", "get all", "get all.coin", "get bread basket"],
    run: get,
};

pub static DROP: Command = Command {
    names: &["drop"],
    group: "Items",
    format: "drop <item>",
    description: "Put something down.",
    examples: &["drop rope", "drop all.shell"],
    run: drop,
};

pub static PUT: Command = Command {
    names: &["put"],
    group: "Items",
    format: "put <item> [in] <container>",
    description: "Put something into a container.",
    examples: &["put bread basket", "put all in chest"],
    run: put,
};

pub static GIVE: Command = Command {
    names: &["give"],
    group: "Items",
    format: "give <item> [to] <someone>",
    description: "Hand something to someone who is here.",
    examples: &["give shoe child", "give 5 gold to mara"],
    run: give,
};

pub fn template_of(turn: &Turn, item: ItemId) -> Option<std::sync::Arc<ItemTemplate>> {
    turn.world.items.get(item).and_then(|item| turn.world.templates.items.get(&item.template)).cloned()
}

fn holds_things(turn: &Turn, item: ItemId) -> bool {
    template_of(turn, item)
        .is_some_and(|t| matches!(t.item_type, ItemType::Container | ItemType::Corpse | ItemType::Trash))
}

/// Does the player carry or wear a boat?
pub fn has_boat(world: &World, player: PlayerId) -> bool {
    let Some(row) = world.players.get(player) else { return false };
    row.items.iter().chain(row.worn.values()).any(|id| {
        let template = world.items.get(*id).and_then(|item| world.templates.items.get(&item.template));
        template.is_some_and(|t| t.is_boat)
    })
}

pub fn item_name(turn: &Turn, item: ItemId) -> String {
    if let Some(own) = turn.world.items.get(item).and_then(|item| item.own.as_ref()) {
        return own.name.clone();
    }
    template_of(turn, item).map_or_else(|| "something".into(), |t| t.name.clone())
}

/// The words without filler.
fn arguments<'a>(input: &Input<'a>, filler: &[&str]) -> Vec<&'a str> {
    input.words().into_iter().filter(|word| !filler.contains(word)).collect()
}

fn get(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = arguments(input, &["from", "the"]);
    let Some(what) = words.first() else {
        return turn.refuse(player, "get", "invalid_args", "Get what?");
    };
    let selector = Selector::parse(what);
    if input.words().last().is_some_and(|word| word.eq_ignore_ascii_case("from")) {
        return turn.refuse(player, "get", "missing_container", "From where?");
    }
    match words.get(1) {
        None => get_from_room(turn, player, &selector),
        Some(container) => get_from_container(turn, player, &selector, container),
    }
}

fn get_from_room(turn: &mut Turn, player: PlayerId, selector: &Selector) {
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let here = turn.world.rooms.get(room).map(|r| r.items.clone()).unwrap_or_default();
    if here.is_empty() {
        return turn.refuse(player, "get", "empty_room", "There is nothing here to take.");
    }
    let found = select::items(turn.world, selector, &here);
    if found.is_empty() {
        return turn.refuse(player, "get", "item_not_found", format!("You don't see a {} here.", selector.word()));
    }
    let pickable: Vec<ItemId> =
        found.into_iter().filter(|id| template_of(turn, *id).is_some_and(|t| t.is_pickable)).collect();
    if pickable.is_empty() {
        let (code, text) = match selector.is_plural() {
            true => ("empty_room", "There is nothing here to take."),
            false => ("invalid_target", "You cannot take that."),
        };
        return turn.refuse(player, "get", code, text);
    }
    take(turn, player, room, pickable, None, false);
}

fn get_from_container(turn: &mut Turn, player: PlayerId, selector: &Selector, container: &str) {
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let wanted = Selector::parse(container);
    if wanted.is_plural() {
        return turn.refuse(player, "get", "invalid_container", "Specify a single container.");
    }
    let Some(holder) = find_container(turn, player, room, &wanted) else {
        return refuse_container(turn, player, room, "get", &wanted);
    };
    let inside = turn.world.items.get(holder).map(|item| item.items.clone()).unwrap_or_default();
    if is_bare(turn.world, holder) {
        return turn.refuse(player, "get", "empty_container", "It is empty.");
    }
    let money = *selector == Selector::All || *selector == Selector::Nth(1, &money_word(turn.world));
    if money && turn.world.items.get(holder).is_some_and(|item| item.gold > 0) {
        let found = if *selector == Selector::All { inside } else { Vec::new() };
        return take(turn, player, room, found, Some(holder), true);
    }
    let found = select::items(turn.world, selector, &inside);
    if found.is_empty() {
        let text = format!("You don't see a {} in {}.", selector.word(), item_name(turn, holder));
        return turn.refuse(player, "get", "item_not_found", text);
    }
    take(turn, player, room, found, Some(holder), false);
}

/// Containers in the room first, then carried ones.
fn find_container(turn: &Turn, player: PlayerId, room: RoomId, wanted: &Selector) -> Option<ItemId> {
    let mut near = turn.world.rooms.get(room).map(|r| r.items.clone()).unwrap_or_default();
    near.extend(turn.world.carried(Who::Player(player)));
    let containers: Vec<ItemId> = near.into_iter().filter(|id| holds_things(turn, *id)).collect();
    select::items(turn.world, wanted, &containers).first().copied()
}

fn refuse_container(turn: &mut Turn, player: PlayerId, room: RoomId, command: &str, wanted: &Selector) {
    let mut near = turn.world.rooms.get(room).map(|r| r.items.clone()).unwrap_or_default();
    near.extend(turn.world.carried(Who::Player(player)));
    if !select::items(turn.world, wanted, &near).is_empty() {
        return turn.refuse(player, command, "invalid_container", "That is not a container.");
    }
    if near.iter().any(|id| holds_things(turn, *id)) {
        let text = format!("You don't see a {} here.", wanted.word());
        return turn.refuse(player, command, "missing_container", text);
    }
    turn.refuse(player, command, "no_containers", "You don't see any containers here.");
}

/// Is nothing in it, not even coins?
pub fn is_bare(world: &World, holder: ItemId) -> bool {
    world.items.get(holder).is_none_or(|item| item.items.is_empty() && item.gold == 0)
}

/// Everything out of a corpse.
pub fn loot(turn: &mut Turn, player: PlayerId, room: RoomId, corpse: ItemId) {
    if is_bare(turn.world, corpse) {
        return turn.refuse(player, "loot", "empty_container", "It is empty.");
    }
    let inside = turn.world.items.get(corpse).map(|item| item.items.clone()).unwrap_or_default();
    take(turn, player, room, inside, Some(corpse), true);
}

/// The word for coins in this world.
fn money_word(world: &World) -> String {
    let default = world.templates.currencies.values().find(|currency| currency.is_default);
    default.map_or_else(|| "gold".into(), |currency| currency.name.to_lowercase())
}

/// Coins out of something come to the player.
fn take_coins(turn: &mut Turn, player: PlayerId, holder: ItemId) -> i64 {
    let Some(row) = turn.world.items.edit_when(holder, |item| item.gold > 0) else { return 0 };
    let gold = std::mem::take(&mut row.gold);
    if let Some(row) = turn.world.players.edit(player) {
        row.gold = row.gold.saturating_add(gold);
    }
    gold
}

fn take(turn: &mut Turn, player: PlayerId, room: RoomId, items: Vec<ItemId>, from: Option<ItemId>, coins: bool) {
    let coins = from.filter(|_| coins).map_or(0, |holder| take_coins(turn, player, holder));
    let free = CARRIED_MAX.saturating_sub(turn.world.carried(Who::Player(player)).len());
    if free == 0 && coins == 0 {
        return turn.refuse(player, "get", "full", "You cannot carry any more.");
    }
    let left = items.len().saturating_sub(free);
    let name = turn.name(Who::Player(player));
    let (mut own, mut others) = (Vec::new(), Vec::new());
    let taken: Vec<ItemId> = items.into_iter().take(free).collect();
    if let Some(holder) = from.filter(|_| coins > 0) {
        let (word, holder) = (money_word(turn.world), item_name(turn, holder));
        own.push(format!("You get {coins} {word} from {holder}."));
        others.push(format!("{name} gets some {word} from {holder}."));
    }
    for item in &taken {
        let thing = item_name(turn, *item);
        let source = from.map(|holder| format!(" from {}", item_name(turn, holder))).unwrap_or_default();
        own.push(format!("You get {thing}{source}."));
        others.push(format!("{name} gets {thing}{source}."));
        turn.world.move_item(*item, Place::Carried(Who::Player(player)));
        auto_wear(turn, player, *item, &mut own);
    }
    if left > 0 {
        own.push("You cannot carry any more.".into());
    }
    let source = from.and_then(|holder| turn.world.item_view(holder));
    report(turn, player, room, "get", taken.clone(), (own, others), |data| data.source = source);
    transport::taken(turn, player, room, &taken);
}

/// Worlds may have new equipment worn at once where the slot is free.
fn auto_wear(turn: &mut Turn, player: PlayerId, item: ItemId, lines: &mut Vec<String>) {
    if !turn.world.templates.world.config.auto_equip {
        return;
    }
    let Some(template) = template_of(turn, item) else { return };
    let Ok(slot) = equip::slot_for(turn.world, player, &template) else { return };
    if turn.world.players.get(player).is_some_and(|p| !p.worn.contains_key(&slot)) {
        turn.world.move_item(item, Place::Worn(Who::Player(player), slot));
        // What can be reached may have grown, and then there is something to recover.
        connect::clamp_vitals(turn.world, player);
        lines.push(format!("You {} {}.", if slot == Slot::Weapon { "wield" } else { "wear" }, template.name));
    }
}

fn drop(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = arguments(input, &["the"]);
    let Some(what) = words.first() else {
        return turn.refuse(player, "drop", "invalid_args", "Drop what?");
    };
    let Some(found) = carried(turn, player, "drop", what) else { return };
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let name = turn.name(Who::Player(player));
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for item in &found {
        let thing = item_name(turn, *item);
        own.push(format!("You drop {thing}."));
        others.push(format!("{name} drops {thing}."));
        turn.world.move_item(*item, Place::Room(room));
    }
    report(turn, player, room, "drop", found, (own, others), |_| {});
}

/// What a player means of what they carry, or a refusal.
pub fn carried(turn: &mut Turn, player: PlayerId, command: &str, what: &str) -> Option<Vec<ItemId>> {
    let own = turn.world.carried(Who::Player(player)).to_vec();
    if own.is_empty() {
        turn.refuse(player, command, "empty_inventory", "You aren't carrying anything.");
        return None;
    }
    let selector = Selector::parse(what);
    let found = select::items(turn.world, &selector, &own);
    if found.is_empty() {
        let text = format!("You don't seem to have a {}.", selector.word());
        turn.refuse(player, command, "item_not_found", text);
        return None;
    }
    Some(found)
}

fn put(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = arguments(input, &["in", "into", "the"]);
    let Some(what) = words.first() else {
        return turn.refuse(player, "put", "missing_item", "Put what?");
    };
    let Some(container) = words.get(1) else {
        return turn.refuse(player, "put", "missing_container", "Put where?");
    };
    let Some(mut found) = carried(turn, player, "put", what) else { return };
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let wanted = Selector::parse(container);
    if wanted.is_plural() {
        return turn.refuse(player, "put", "invalid_container", "Specify a single container.");
    }
    let Some(holder) = find_container(turn, player, room, &wanted) else {
        return refuse_container(turn, player, room, "put", &wanted);
    };
    if template_of(turn, holder).is_some_and(|template| template.item_type == ItemType::Corpse) {
        return turn.refuse(player, "put", "invalid_container", "Leave the dead what is theirs.");
    }
    if found == [holder] {
        return turn.refuse(player, "put", "invalid_target", "You cannot put an item inside itself.");
    }
    found.retain(|item| *item != holder);
    let Some(template) = template_of(turn, holder) else { return };
    if let Some(refusal) = nesting(turn, &found, holder) {
        return turn.refuse(player, "put", "invalid_target", refusal);
    }
    let destroys = template.item_type == ItemType::Trash;
    let capacity = if template.capacity == 0 { CAPACITY_DEFAULT } else { template.capacity as usize };
    let held = turn.world.items.get(holder).map_or(0, |item| item.items.len());
    let room_left = if destroys { usize::MAX } else { capacity.saturating_sub(held) };
    if room_left == 0 {
        return turn.refuse(player, "put", "full", format!("{} is full.", capitalized(&template.name)));
    }
    let full = found.len() > room_left;
    found.truncate(room_left);
    let views: Vec<_> = found.iter().filter_map(|id| turn.world.item_view(*id)).collect();
    let name = turn.name(Who::Player(player));
    let (mut own, mut others) = (Vec::new(), Vec::new());
    for item in &found {
        let thing = item_name(turn, *item);
        own.push(format!("You put {thing} in {}.", template.name));
        others.push(format!("{name} puts {thing} in {}.", template.name));
        if destroys {
            turn.world.destroy_item(*item);
        } else {
            turn.world.move_item(*item, Place::Inside(holder));
        }
    }
    if destroys {
        own.push("It is gone for good.".into());
    }
    if full {
        own.push(format!("{} is full.", capitalized(&template.name)));
    }
    let target = turn.world.item_view(holder);
    report(turn, player, room, "put", Vec::new(), (own, others), |data| {
        data.target = target;
        data.items = views;
    });
}

/// Why these things cannot go into that container.
fn nesting(turn: &Turn, items: &[ItemId], holder: ItemId) -> Option<&'static str> {
    let mut outer = Some(holder);
    let mut depth = 1;
    while let Some(id) = outer {
        if items.contains(&id) {
            return Some("You cannot place a container inside itself.");
        }
        outer = turn.world.items.get(id).and_then(|item| match item.place {
            Place::Inside(next) => Some(next),
            _ => None,
        });
        depth += 1;
    }
    let deepest = items.iter().map(|item| depth_of(turn, *item, 0)).max().unwrap_or(0);
    (depth + deepest > NESTING_MAX + 1).then_some("That would be too many containers inside each other.")
}

fn depth_of(turn: &Turn, item: ItemId, above: usize) -> usize {
    if above > NESTING_MAX {
        return 0;
    }
    let inside = turn.world.items.get(item).map_or(&[][..], |item| &item.items);
    inside.iter().map(|inner| 1 + depth_of(turn, *inner, above + 1)).max().unwrap_or(0)
}

fn give(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = arguments(input, &["to", "the"]);
    if let [amount, currency, to] = words[..]
        && let Ok(amount) = amount.parse::<i64>()
    {
        return give_money(turn, player, amount, currency, to);
    }
    let Some(what) = words.first() else {
        return turn.refuse(player, "give", "missing_item", "Give what?");
    };
    let Some(to) = words.get(1) else {
        return turn.refuse(player, "give", "invalid_args", "Give it to whom?");
    };
    let Some(mut found) = carried(turn, player, "give", what) else { return };
    let Some(other) = other_here(turn, player, to) else { return };
    if let Who::Player(friend) = other {
        let free = CARRIED_MAX.saturating_sub(turn.world.carried(Who::Player(friend)).len());
        if free == 0 {
            let text = format!("{} cannot carry any more.", turn.name(other));
            return turn.refuse(player, "give", "full", text);
        }
        found.truncate(free);
    }
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let (own_name, their_name) = (turn.name(Who::Player(player)), turn.name(other));
    let views: Vec<_> = found.iter().filter_map(|id| turn.world.item_view(*id)).collect();
    let (mut own, mut others, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let names: Vec<String> = found.iter().map(|item| item_name(turn, *item)).collect();
    for (item, thing) in found.iter().zip(&names) {
        own.push(format!("You give {thing} to {their_name}."));
        others.push(format!("{own_name} gives {thing} to {their_name}."));
        theirs.push(format!("{own_name} gives you {thing}."));
        turn.world.move_item(*item, Place::Carried(other));
    }
    let except = match other {
        Who::Player(friend) => {
            let data = ItemsData {
                actor: turn.world.actor(friend).map(|actor| ActorView::Own(Box::new(actor))),
                items: views.clone(),
                room: None,
                target: None,
                source: None,
            };
            let frame = Frame::new("notification.cmd.give.success", theirs.join("\n"), Data::Items(Box::new(data)));
            turn.tell(friend, frame);
            vec![friend]
        }
        Who::Mob(_) => Vec::new(),
    };
    report_except(turn, player, room, "give", (own, others), &except, |data| data.items = views);
    if let Who::Mob(mob) = other {
        for name in &names {
            react::received(turn, player, room, mob, name);
        }
    }
}

/// Someone in the room who is not the player, or a refusal.
fn other_here(turn: &mut Turn, player: PlayerId, to: &str) -> Option<Who> {
    match select::character(turn.world, player, to) {
        None => {
            turn.refuse(player, "give", "invalid_target", format!("You don't see {to} here."));
            None
        }
        Some(other) if other == Who::Player(player) => {
            turn.refuse(player, "give", "invalid_target", "You already have it.");
            None
        }
        other => other,
    }
}

fn give_money(turn: &mut Turn, player: PlayerId, amount: i64, currency: &str, to: &str) {
    let default = turn.world.templates.currencies.values().find(|c| c.is_default);
    let names: Vec<String> =
        default.map(|c| vec![c.code.clone(), c.name.to_lowercase()]).unwrap_or_else(|| vec!["gold".into()]);
    let shown = default.map_or_else(|| "gold".into(), |c| c.name.to_lowercase());
    let asked = currency.to_lowercase();
    if !names.iter().any(|name| *name == asked || name.trim_end_matches('s') == asked) && asked != "gold" {
        return turn.refuse(player, "give", "invalid_args", format!("There is no money called {currency} here."));
    }
    if amount <= 0 {
        return turn.refuse(player, "give", "invalid_args", "Give how much?");
    }
    let Some(other) = other_here(turn, player, to) else { return };
    if turn.world.players.get(player).is_none_or(|p| p.gold < amount) {
        return turn.refuse(player, "give", "not_enough", format!("You don't have that much {shown}."));
    }
    if let Some(row) = turn.world.players.edit(player) {
        row.gold -= amount;
    }
    match other {
        Who::Player(friend) => {
            if let Some(row) = turn.world.players.edit(friend) {
                row.gold = row.gold.saturating_add(amount);
            }
        }
        Who::Mob(mob) => {
            if let Some(row) = turn.world.mobs.edit(mob) {
                row.gold = row.gold.saturating_add(amount);
            }
        }
    }
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let (own_name, their_name) = (turn.name(Who::Player(player)), turn.name(other));
    let own = vec![format!("You give {amount} {shown} to {their_name}.")];
    let mut except = Vec::new();
    if let Who::Player(friend) = other {
        let data = ItemsData {
            actor: turn.world.actor(friend).map(|actor| ActorView::Own(Box::new(actor))),
            items: Vec::new(),
            room: None,
            target: None,
            source: None,
        };
        let text = format!("{own_name} gives you {amount} {shown}.");
        turn.tell(friend, Frame::new("notification.cmd.give.success", text, Data::Items(Box::new(data))));
        except.push(friend);
    }
    let others = vec![format!("{own_name} gives some {shown} to {their_name}.")];
    report_except(turn, player, room, "give", (own, others), &except, |_| {});
}

/// Tells the player and the room what was done, with what has to be refreshed.
pub fn report(
    turn: &mut Turn,
    player: PlayerId,
    room: RoomId,
    command: &'static str,
    items: Vec<ItemId>,
    lines: (Vec<String>, Vec<String>),
    fill: impl FnOnce(&mut ItemsData),
) {
    let views = turn.world.item_views(&items);
    report_except(turn, player, room, command, lines, &[], |data| {
        data.items = views;
        fill(data);
    });
}

fn report_except(
    turn: &mut Turn,
    player: PlayerId,
    room: RoomId,
    command: &'static str,
    (own, others): (Vec<String>, Vec<String>),
    except: &[PlayerId],
    fill: impl FnOnce(&mut ItemsData),
) {
    let mut data = ItemsData {
        actor: turn.world.actor(player).map(|actor| ActorView::Own(Box::new(actor))),
        items: Vec::new(),
        room: turn.world.room_view(room, player),
        target: None,
        source: None,
    };
    fill(&mut data);
    let (items, target, source) = (data.items.clone(), data.target.clone(), data.source.clone());
    turn.tell(player, Frame::new(format!("cmd.{command}.success"), own.join("\n"), Data::Items(Box::new(data))));
    if others.is_empty() || turn.world.players.get(player).is_some_and(|p| p.is_invisible) {
        return;
    }
    let mut deaf = vec![player];
    deaf.extend(except);
    let kind = format!("notification.cmd.{command}.success");
    let actor = ActorView::Other(turn.world.named(Who::Player(player)));
    let data = ItemsData { actor: Some(actor), items, room: None, target, source };
    tell_others(turn, room, &deaf, kind, others.join("\n"), data);
}

/// Tells the players of a room, but for some, what became of things, and shows each the room as they see it.
pub fn tell_others(turn: &mut Turn, room: RoomId, except: &[PlayerId], kind: String, text: String, data: ItemsData) {
    let hearers = turn.world.players_in(room).filter(|other| !except.contains(other));
    // Who sees the invisible has another view of the room; the others share one, unless one sees only themselves, or
    // each can do something else there.
    let is_personal = trigger::shows_actions(turn.world, room);
    let mut views: BTreeMap<(bool, Option<PlayerId>), Vec<PlayerId>> = BTreeMap::new();
    for hearer in hearers {
        let Some(row) = turn.world.players.get(hearer) else { continue };
        let alone = (is_personal || row.is_invisible && !row.is_immortal).then_some(hearer);
        views.entry((row.is_immortal, alone)).or_default().push(hearer);
    }
    for hearers in views.into_values() {
        let data = ItemsData { room: turn.world.room_view(room, hearers[0]), ..data.clone() };
        turn.tell_all(hearers, Frame::new(kind.clone(), text.clone(), Data::Items(Box::new(data))));
    }
}
