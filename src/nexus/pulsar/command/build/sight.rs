//! What builders see that players do not: what things are made of, where they are, why triggers do what they do, and
//! what went wrong.

use crate::nexus::pulsar::command::items;
use crate::nexus::pulsar::record::{GateId, Place, Who};
use crate::nexus::pulsar::see;
use crate::nexus::pulsar::trigger::why;
use crate::nexus::pulsar::turn::Turn;
use crate::world::template::RoomId;

use super::{BuildCommand, Call, TABLE};

/// Things that one search shows.
pub const FOUND_MAX: usize = 25;

pub static STAT: BuildCommand = BuildCommand {
    names: &["/stat"],
    rank: 1,
    in_scripts: false,
    format: "/stat [someone or something]",
    description: "See what the room, or someone or something in it, is made of.",
    examples: &["/stat", "/stat miller", "/stat sack"],
    run: stat,
};

pub static FIND: BuildCommand = BuildCommand {
    names: &["/find"],
    rank: 1,
    in_scripts: false,
    format: "/find <slug>",
    description: "See where the mobs and items of a template are.",
    examples: &["/find wolf"],
    run: find,
};

pub static WHY: BuildCommand = BuildCommand {
    names: &["/why"],
    rank: 1,
    in_scripts: false,
    format: "/why <what one would type>",
    description: "See which triggers were considered for a command here and now, and why each would run or not. Nothing happens.",
    examples: &["/why pull lever"],
    run: explain,
};

pub static TRACE: BuildCommand = BuildCommand {
    names: &["/trace"],
    rank: 1,
    in_scripts: false,
    format: "/trace on|off",
    description: "Be told what triggers and reactions make of all you do.",
    examples: &["/trace on"],
    run: trace,
};

pub static TROUBLE: BuildCommand = BuildCommand {
    names: &["/trouble"],
    rank: 1,
    in_scripts: false,
    format: "/trouble [clear]",
    description: "See what went wrong in scripts, the newest last; or begin a new list.",
    examples: &["/trouble", "/trouble clear"],
    run: trouble,
};

pub static PING: BuildCommand = BuildCommand {
    names: &["/ping"],
    rank: 1,
    in_scripts: false,
    format: "/ping",
    description: "See the world's own numbers.",
    examples: &["/ping"],
    run: ping,
};

pub static HELP: BuildCommand = BuildCommand {
    names: &["/help"],
    rank: 1,
    in_scripts: false,
    format: "/help [command]",
    description: "See the commands of builders that you may use, or how one is used.",
    examples: &["/help", "/help load"],
    run: help,
};

fn stat(turn: &mut Turn, call: &Call) {
    let Some(room) = call.room(turn) else { return };
    let lines = if call.rest.is_empty() || call.rest == "room" {
        of_room(turn, room)
    } else if let Some(who) = call.look_for(turn, call.rest) {
        of_someone(turn, who)
    } else if let Some(item) = thing(turn, call, room) {
        of_item(turn, item)
    } else {
        return call.refuse(turn, "invalid_target", "Target not found.");
    };
    call.done(turn, lines.join("\n"));
}

fn thing(turn: &Turn, call: &Call, room: RoomId) -> Option<i64> {
    use crate::nexus::pulsar::command::select::{self, Selector};
    let mut near = turn.world.rooms.get(room).map(|row| row.items.clone()).unwrap_or_default();
    near.extend(call.who().into_iter().flat_map(|who| turn.world.carried(who).to_vec()));
    if let Some(player) = call.player().and_then(|player| turn.world.players.get(player)) {
        near.extend(player.worn.values());
    }
    select::items(turn.world, &Selector::parse(call.rest), &near).first().copied()
}

fn of_room(turn: &Turn, id: RoomId) -> Vec<String> {
    let world = &*turn.world;
    let Some(room) = world.templates.rooms.get(&id) else { return Vec::new() };
    let zone = world.templates.zones.get(&room.zone).map_or("", |zone| zone.slug.as_str());
    let shown = world.templates.watch().shown(id, room.zone).count();
    let mut lines = vec![
        format!("{} ({}, {}), zone {zone}, at {:?}, {}", room.name, room.slug, room.key, room.at, room.room_type),
        format!(
            "Here: {} people and mobs, {} things. Checks {}, get triggers {}, triggers with an action {shown}.",
            world.chars_in(id).len(),
            world.rooms.get(id).map_or(0, |row| row.items.len()),
            room.checks.len(),
            room.on_get.len(),
        ),
    ];
    lines.extend(gates(turn, id));
    lines
}

fn of_someone(turn: &Turn, who: Who) -> Vec<String> {
    let world = &*turn.world;
    match who {
        Who::Player(id) => {
            let (Some(row), Some(presence)) = (world.players.get(id), world.presences.get(id)) else {
                return Vec::new();
            };
            let room = world.templates.rooms.get(&presence.room).map_or("", |room| room.slug.as_str());
            vec![
                format!("{} ({}), level {} {}, in {room}", row.name, see::player_key(id), row.level, row.archetype),
                format!(
                    "Health {}, mana {}, stamina {}, gold {}, {} things, {} worn, state {}",
                    row.health,
                    presence.mana,
                    presence.stamina,
                    row.gold,
                    row.items.len(),
                    row.worn.len(),
                    row.state
                ),
                format!("Builder rank {}, marks {}", row.account.rank(), row.marks.len()),
            ]
        }
        Who::Mob(id) => {
            let Some(row) = world.mobs.get(id) else { return Vec::new() };
            let Some(template) = world.templates.mobs.get(&row.template) else { return Vec::new() };
            let room = world.templates.rooms.get(&row.room).map_or("", |room| room.slug.as_str());
            let rule = row.rule.map_or_else(|| "no rule".to_owned(), |rule| format!("rule {rule}"));
            let reactions = world.templates.watch().mobs.get(&row.template).map_or(0, Vec::len);
            let mut lines = vec![
                format!(
                    "{} ({}), template {} ({}), {rule}, in {room}",
                    template.name,
                    see::mob_key(id),
                    template.slug,
                    template.id
                ),
                format!(
                    "Level {}, health {}/{}, mana {}, stamina {}, gold {}, {} things, {} worn",
                    template.level,
                    row.health,
                    template.stats.health_max,
                    row.mana,
                    row.stamina,
                    row.gold,
                    row.items.len(),
                    row.worn.len()
                ),
                format!(
                    "Reactions {reactions}, of which {} wait",
                    row.gates.iter().filter(|(_, until)| *until > world.meta.now).count()
                ),
            ];
            lines.extend(gates(turn, id));
            lines
        }
    }
}

fn of_item(turn: &Turn, id: i64) -> Vec<String> {
    let world = &*turn.world;
    let Some(row) = world.items.get(id) else { return Vec::new() };
    let Some(template) = items::template_of(turn, id) else { return Vec::new() };
    let rule = row.rule.map_or_else(|| "no rule".to_owned(), |rule| format!("rule {rule}"));
    let mut lines = vec![format!(
        "{} ({}), template {} ({}), {}, {rule}, {}, holds {}",
        template.name,
        see::item_key(id),
        template.slug,
        template.id,
        template.item_type,
        place(turn, row.place),
        row.items.len()
    )];
    lines.extend(gates(turn, id));
    lines
}

fn place(turn: &Turn, place: Place) -> String {
    match place {
        Place::Room(room) => {
            let room = turn.world.templates.rooms.get(&room);
            format!("in {}", room.map_or("no room", |room| room.slug.as_str()))
        }
        Place::Carried(who) => format!("with {}", turn.name(who)),
        Place::Worn(who, slot) => format!("worn by {} ({slot})", turn.name(who)),
        Place::Inside(item) => format!("inside {}", see::item_key(item)),
    }
}

/// The triggers that wait for this place, mob or item.
fn gates(turn: &Turn, of: i64) -> Vec<String> {
    let world = &*turn.world;
    let first = GateId { of, trigger: i64::MIN };
    let own = world.gates.after(first).take_while(|(gate, _)| gate.of == of).take(FOUND_MAX);
    own.filter(|(_, until)| until.0 > world.meta.now)
        .map(|(gate, until)| {
            let slug =
                world.templates.triggers.get(&gate.trigger).map_or("a trigger that is gone", |t| t.slug.as_str());
            match until.0 {
                u64::MAX => format!("{slug}: done for ever"),
                until => format!("{slug}: waits {} s", (until - world.meta.now).div_ceil(1000)),
            }
        })
        .collect()
}

fn find(turn: &mut Turn, call: &Call) {
    if call.rest.is_empty() {
        return call.usage(turn);
    }
    let world = &*turn.world;
    let templates = &world.templates;
    let mob = templates.mobs.values().find(|mob| mob.slug == call.rest);
    let item = templates.items.values().find(|item| item.slug == call.rest);
    let mut lines = Vec::new();
    let mut all = 0;
    if let Some(template) = mob {
        for (id, row) in world.mobs.iter().filter(|(_, row)| row.template == template.id) {
            all += 1;
            if lines.len() < FOUND_MAX {
                let room = templates.rooms.get(&row.room).map_or("no room", |room| room.slug.as_str());
                lines.push(format!("{} in {room}", see::mob_key(id)));
            }
        }
    }
    if let Some(template) = item {
        for (id, row) in world.items.iter().filter(|(_, row)| row.template == template.id) {
            all += 1;
            if lines.len() < FOUND_MAX {
                lines.push(format!("{} {}", see::item_key(id), place(turn, row.place)));
            }
        }
    }
    if mob.is_none() && item.is_none() {
        return call.refuse(turn, "invalid_template", format!("No mob or item template has the slug {}.", call.rest));
    }
    lines.insert(0, format!("{all} of {}:", call.rest));
    if all + 1 > lines.len() {
        lines.push("and more".into());
    }
    call.done(turn, lines.join("\n"));
}

fn explain(turn: &mut Turn, call: &Call) {
    let Some(player) = call.player().filter(|_| !call.rest.is_empty()) else { return call.usage(turn) };
    let lines = why::explain(turn, player, call.rest);
    call.done(turn, lines.join("\n"));
}

fn trace(turn: &mut Turn, call: &Call) {
    let is_on = match call.rest {
        "on" => true,
        "off" => false,
        _ => return call.usage(turn),
    };
    if let Some(row) = call.player().and_then(|player| turn.world.players.edit(player)) {
        row.is_tracing = is_on;
    }
    call.done(turn, if is_on { "You are told what triggers do." } else { "You are told no more." });
}

fn trouble(turn: &mut Turn, call: &Call) {
    match call.rest {
        "clear" => {
            turn.world.meta.trouble.clear();
            call.done(turn, "The list is empty now.");
        }
        "" => {
            let list = turn.world.meta.trouble.join("\n");
            call.done(turn, if list.is_empty() { "Nothing went wrong.".to_owned() } else { list });
        }
        _ => call.usage(turn),
    }
}

fn ping(turn: &mut Turn, call: &Call) {
    let world = &*turn.world;
    let text = format!(
        "World {} of {}: {} s of world time, {} turns, {} players, {} mobs, {} items, {} timings, {} zones awake, {} gates",
        world.meta.spawn,
        world.templates.world.slug,
        world.meta.now / 1000,
        world.meta.seq,
        world.players.len(),
        world.mobs.len(),
        world.items.len(),
        world.waiting.len(),
        world.index.awake.len(),
        world.gates.len(),
    );
    call.done(turn, text);
}

fn help(turn: &mut Turn, call: &Call) {
    if call.rest.is_empty() {
        let own = TABLE.iter().filter(|command| command.rank <= call.course.rank);
        let names: Vec<&str> = own.flat_map(|command| command.names).copied().collect();
        return call.done(turn, format!("Commands of builders of rank {}: {}", call.course.rank, names.join(" ")));
    }
    let word = format!("/{}", call.rest.trim_start_matches('/'));
    let Some((command, _)) = super::find(&word) else {
        return call.refuse(turn, "unknown_cmd", format!("Unknown command: {word}"));
    };
    let mut text = format!("{}\n{} Rank {}.", command.format, command.description, command.rank);
    for example in command.examples {
        text.push_str(&format!("\n  {example}"));
    }
    call.done(turn, text);
}
