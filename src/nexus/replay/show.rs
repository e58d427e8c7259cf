//! A world as it was at a moment, for people and as JSON: who is where with what.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::nexus::pulsar::record::{Mob, Player, Who};
use crate::nexus::pulsar::see::{item_key, mob_key, player_key, room_key};
use crate::nexus::pulsar::world::World;
use crate::world::character::ItemId;
use crate::world::template::RoomId;

use super::names::Names;

/// Rooms that a text lists; JSON has all.
const ROOMS_SHOWN_MAX: usize = 100;
/// Things listed of one place; JSON has all.
const THINGS_SHOWN_MAX: usize = 40;
/// Containers in containers that a text looks into.
const DEPTH_MAX: usize = 4;

/// Who is where with what.
pub fn text(world: &World) -> String {
    let gone = BTreeMap::new();
    let names = Names { world, gone: &gone };
    let mut text = format!(
        "{} players, {} mobs, {} items; {} open errands, {} timings\n",
        world.players.len(),
        world.mobs.len(),
        world.items.len(),
        world.errands.len(),
        world.waiting.len(),
    );
    for (_, player) in world.players.iter() {
        player_text(&names, player, &mut text);
    }
    let rooms: Vec<RoomId> = world
        .rooms
        .iter()
        .filter(|(_, row)| !row.items.is_empty() || row.chars.iter().any(|who| matches!(who, Who::Mob(_))))
        .map(|(id, _)| id)
        .collect();
    for room in rooms.iter().take(ROOMS_SHOWN_MAX) {
        room_text(&names, *room, &mut text);
    }
    if rooms.len() > ROOMS_SHOWN_MAX {
        let _ =
            writeln!(text, "\nand {} more rooms with something in them; --json has all", rooms.len() - ROOMS_SHOWN_MAX);
    }
    text
}

fn player_text(names: &Names<'_>, player: &Player, text: &mut String) {
    let _ = writeln!(text, "\n{}", names.who(Who::Player(player.id)));
    if let Some(presence) = names.world.presences.get(player.id) {
        let played = match presence.session {
            Some(session) => format!("played by socket {session}"),
            None => "linkless".into(),
        };
        let _ = writeln!(text, "  in {}, {played}", names.room(presence.room));
        let _ = writeln!(
            text,
            "  level {}, health {}, mana {}, stamina {}, gold {}",
            player.level, player.health, presence.mana, presence.stamina, player.gold
        );
    }
    for (slot, item) in &player.worn {
        let _ = writeln!(text, "  wears {} ({slot})", with_contents(names, *item, 0));
    }
    things("carries", names, &player.items, text);
}

fn room_text(names: &Names<'_>, room: RoomId, text: &mut String) {
    let Some(row) = names.world.rooms.get(room) else { return };
    let _ = writeln!(text, "\n{}", names.room(room));
    let mobs = row.chars.iter().filter_map(|who| match who {
        Who::Mob(id) => names.world.mobs.get(*id),
        Who::Player(_) => None,
    });
    for mob in mobs.clone().take(THINGS_SHOWN_MAX) {
        let _ = writeln!(text, "  {}{}", names.mob(mob), mob_text(names, mob));
    }
    let more = mobs.count().saturating_sub(THINGS_SHOWN_MAX);
    if more > 0 {
        let _ = writeln!(text, "  and {more} more mobs");
    }
    things("there lies", names, &row.items, text);
}

fn mob_text(names: &Names<'_>, mob: &Mob) -> String {
    let mut has: Vec<String> =
        mob.worn.iter().map(|(slot, item)| format!("{} ({slot})", with_contents(names, *item, 0))).collect();
    has.extend(mob.items.iter().map(|item| with_contents(names, *item, 0)));
    has.extend((mob.gold > 0).then(|| format!("{} gold", mob.gold)));
    has.truncate(THINGS_SHOWN_MAX);
    if has.is_empty() { String::new() } else { format!(", with {}", has.join(", ")) }
}

fn things(how: &str, names: &Names<'_>, items: &[ItemId], text: &mut String) {
    for item in items.iter().take(THINGS_SHOWN_MAX) {
        let _ = writeln!(text, "  {how} {}", with_contents(names, *item, 0));
    }
    if items.len() > THINGS_SHOWN_MAX {
        let _ = writeln!(text, "  and {} more things", items.len() - THINGS_SHOWN_MAX);
    }
}

fn with_contents(names: &Names<'_>, item: ItemId, depth: usize) -> String {
    let own = names.item(item);
    let inside = names.world.items.get(item).map_or(&[][..], |row| &row.items);
    if inside.is_empty() || depth == DEPTH_MAX {
        return own;
    }
    let shown = inside.iter().take(THINGS_SHOWN_MAX).map(|item| with_contents(names, *item, depth + 1));
    let mut list = shown.collect::<Vec<_>>().join(", ");
    if inside.len() > THINGS_SHOWN_MAX {
        let _ = write!(list, " and {} more", inside.len() - THINGS_SHOWN_MAX);
    }
    format!("{own} holding [{list}]")
}

/// Everything that is state, but for the generator's numbers and the bytes of what is staged.
pub fn everything(world: &World) -> Value {
    let gone = BTreeMap::new();
    let names = Names { world, gone: &gone };
    let meta = &world.meta;
    let template = |kind: &str, id: i64, name: Option<&str>| json!({"key": format!("{kind}.{id}"), "name": name});
    let rooms = world.rooms.iter().map(|(id, row)| {
        let name = world.templates.rooms.get(&id).map(|room| room.name.as_str());
        (room_key(id), with(row, "name", json!(name)))
    });
    let mobs = world.mobs.iter().map(|(id, row)| {
        let name = world.templates.mobs.get(&row.template).map(|mob| mob.name.as_str());
        (mob_key(id), with(row, "template", template("mob_template", row.template, name)))
    });
    let items = world.items.iter().map(|(id, row)| {
        let name = world.templates.items.get(&row.template).map(|item| item.name.as_str());
        (item_key(id), with(row, "template", template("item_template", row.template, name)))
    });
    let players = world.players.iter().map(|(id, row)| {
        let presence = world.presences.get(id).map_or(Value::Null, to_json);
        let row = with(row, "presence", presence);
        let viewed = world.viewed.get(id).map_or(Value::Null, |viewed| to_json(&viewed.rooms));
        (player_key(id), with(&row, "viewed_rooms", viewed))
    });
    let staged = world.staged.iter().map(|(stage, row)| {
        (stage.to_string(), json!({"bytes": row.bytes.len(), "parts": row.parts, "made": row.made}))
    });
    json!({
        "meta": {
            "key": format!("world.{}", meta.spawn), "root": meta.root, "name": meta.name, "epoch": meta.epoch,
            "incarnation": meta.incarnation, "seq": meta.seq, "now": meta.now, "next_arrival": meta.next_arrival,
            "ids": meta.ids, "ids_next": meta.ids_next, "templates": meta.templates, "facts": meta.facts,
            "asleep": meta.asleep.iter().map(|(zone, since)| (zone.to_string(), since)).collect::<BTreeMap<_, _>>(),
            "engine": meta.engine, "is_fresh": meta.is_fresh, "is_stopped": meta.is_stopped,
        },
        "rooms": rooms.collect::<Map<_, _>>(),
        "mobs": mobs.collect::<Map<_, _>>(),
        "items": items.collect::<Map<_, _>>(),
        "players": players.collect::<Map<_, _>>(),
        "timings": world.waiting.iter().map(|(number, row)| (number.to_string(), json!({
            "due": row.due, "does": super::words::of(&row.instruction, &|id| names.player(id)),
        }))).collect::<Map<_, _>>(),
        "errands": world.errands.iter().map(|(_, row)| to_json(row)).collect::<Vec<_>>(),
        "zone_resets": stamps(world.zone_resets.iter()),
        "loader_runs": stamps(world.loader_runs.iter()),
        "departed": stamps(world.departed.iter()),
        "staged": staged.collect::<Map<_, _>>(),
    })
}

fn stamps<'a>(rows: impl Iterator<Item = (i64, &'a crate::nexus::pulsar::record::Stamp)>) -> Map<String, Value> {
    rows.map(|(id, stamp)| (id.to_string(), json!(stamp.0))).collect()
}

fn to_json<T: Serialize>(row: &T) -> Value {
    serde_json::to_value(row).unwrap_or(Value::Null)
}

fn with<T: Serialize>(row: &T, name: &str, value: Value) -> Value {
    let mut row = to_json(row);
    if let Value::Object(fields) = &mut row {
        fields.insert(name.to_owned(), value);
    }
    row
}
