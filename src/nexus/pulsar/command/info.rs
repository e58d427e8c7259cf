//! What a player can find out about the own character, the ways out, and the commands; and dice.

use std::collections::BTreeMap;

use crate::nexus::message::view::{ExitView, HelpData, InventoryView, StatsView};
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::kinds::*;

use super::super::record::Who;
use super::super::see;
use super::super::turn::Turn;
use super::{Command, Input, TABLE, find};

pub static INVENTORY: Command = Command {
    names: &["inventory"],
    group: "Information",
    format: "inventory",
    description: "See what you carry.",
    examples: &["inventory"],
    run: inventory,
};

pub static EQUIPMENT: Command = Command {
    names: &["equipment"],
    group: "Information",
    format: "equipment",
    description: "See what you wear and wield.",
    examples: &["equipment"],
    run: equipment,
};

pub static STATS: Command = Command {
    names: &["stats", "score"],
    group: "Information",
    format: "stats",
    description: "See the numbers of your character.",
    examples: &["stats"],
    run: stats,
};

pub static EXITS: Command = Command {
    names: &["exits"],
    group: "Movement",
    format: "exits",
    description: "See where the ways from here lead.",
    examples: &["exits"],
    run: exits,
};

pub static HELP: Command = Command {
    names: &["help"],
    group: "Information",
    format: "help [command]",
    description: "See all commands, or how one of them is used.",
    examples: &["help", "help get"],
    run: help,
};

pub static ROLL: Command = Command {
    names: &["roll"],
    group: "Basic",
    format: "roll [sides | XdY | XdY+Z]",
    description: "Roll dice for everyone to see. Up to 100 dice with up to 100 sides.",
    examples: &["roll", "roll 20", "roll 3d6+2"],
    run: roll,
};

fn inventory(turn: &mut Turn, player: PlayerId, _: &Input) {
    let Some(row) = turn.world.players.get(player) else { return };
    let items = turn.world.item_views(&row.items);
    let gold = row.gold;
    let mut text = String::from("You are carrying:");
    if items.is_empty() {
        text.push_str("\nNothing.");
    }
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for item in &items {
        match counts.iter_mut().find(|(name, _)| *name == item.name) {
            Some((_, count)) => *count += 1,
            None => counts.push((&item.name, 1)),
        }
    }
    for (name, count) in counts {
        text.push('\n');
        text.push_str(name);
        if count > 1 {
            text.push_str(&format!(" ({count})"));
        }
    }
    let currency = turn.world.templates.currencies.values().find(|c| c.is_default);
    text.push_str(&format!("\n{}: {gold}", currency.map_or("Gold", |c| &c.name)));
    let actor = InventoryView { key: see::player_key(player), inventory: items, gold };
    turn.tell(player, Frame::new("cmd.inventory.success", text, Data::Inventory { actor }));
}

fn equipment(turn: &mut Turn, player: PlayerId, _: &Input) {
    let Some(actor) = turn.world.actor(player) else { return };
    let mut text = String::from("You are wearing:");
    for slot in Slot::ALL {
        if let Some(item) = actor.equipment.get(slot.as_str()) {
            text.push_str(&format!("\n{:<10} {}", slot.as_str(), item.name));
        }
    }
    if actor.equipment.is_empty() {
        text.push_str("\nNothing.");
    }
    turn.tell(player, Frame::new("cmd.equipment.success", text, Data::Equipment { equipment: actor.equipment }));
}

fn stats(turn: &mut Turn, player: PlayerId, _: &Input) {
    let (Some(actor), Some(row)) = (turn.world.actor(player), turn.world.players.get(player)) else { return };
    let stats = turn.world.player_stats(row);
    let calling = match row.archetype {
        Archetype::Classless => String::new(),
        archetype => format!(" {archetype}"),
    };
    let text = [
        format!("{}, level {}{calling}", see::display_name(&actor.name, &actor.title), actor.level),
        format!("Experience {} ({} to the next level)", actor.experience, actor.experience_needed),
        format!(
            "Health {}/{}   Mana {}/{}   Stamina {}/{}",
            actor.health, actor.health_max, actor.mana, actor.mana_max, actor.stamina, actor.stamina_max
        ),
        format!(
            "Constitution {}   Strength {}   Dexterity {}   Intelligence {}",
            actor.constitution, actor.strength, actor.dexterity, actor.intelligence
        ),
        format!(
            "Attack power {}   Spell power {}   Weapon damage {}",
            actor.attack_power, actor.spell_power, actor.damage
        ),
        format!(
            "Armor {} ({:.1} %)   Dodge {} ({:.1} %)   Crit {} ({:.1} %)   Resilience {} ({:.1} %)",
            actor.armor,
            actor.armor_perc,
            actor.dodge,
            actor.dodge_perc,
            actor.crit,
            actor.crit_perc,
            actor.resilience,
            actor.resilience_perc
        ),
    ]
    .join("\n");
    turn.tell(player, Frame::new("cmd.stats.success", text, Data::Stats { stats: StatsView(stats) }));
}

fn exits(turn: &mut Turn, player: PlayerId, _: &Input) {
    let Some(id) = turn.world.room_of(Who::Player(player)) else { return };
    let Some(room) = turn.world.templates.rooms.get(&id).cloned() else { return };
    let mut views = BTreeMap::new();
    let mut text = String::from("Ways from here:");
    for direction in Direction::ALL {
        let Some(exit) = room.exit(*direction) else { continue };
        let state = turn.world.door_state(id, *direction);
        let beyond = turn.world.templates.rooms.get(&exit.to);
        let name = match (state, &exit.door) {
            (Some(DoorState::Closed | DoorState::Locked), Some(door)) => format!("a closed {}", door.name),
            _ => beyond.map_or_else(|| "somewhere".into(), |room| room.name.clone()),
        };
        text.push_str(&format!("\n{:<6} {name}", direction.as_str()));
        views.insert(direction.as_str(), ExitView { id: exit.to, name });
    }
    if views.is_empty() {
        text.push_str("\nNone that you can see.");
    }
    turn.tell(player, Frame::new("cmd.exits.success", text, Data::Exits(views)));
}

fn help(turn: &mut Turn, player: PlayerId, input: &Input) {
    let word = input.rest.to_lowercase();
    if word.is_empty() {
        let mut text = String::from("Commands (help <command> tells more):");
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for command in TABLE {
            match groups.iter_mut().find(|(group, _)| *group == command.group) {
                Some((_, names)) => names.push(command.names[0]),
                None => groups.push((command.group, vec![command.names[0]])),
            }
        }
        for (group, names) in groups {
            text.push_str(&format!("\n{group}: {}", names.join(", ")));
        }
        text.push_str("\nThings are chosen by word: all, all.shell, 2.shell.");
        let commands = TABLE.iter().map(|command| command.topic()).collect();
        return turn
            .tell(player, Frame::new("cmd.help.success", text, Data::Help(HelpData { command: None, commands })));
    }
    let Some(command) = find(&word) else {
        return turn.refuse(player, "help", "unknown_cmd", format!("Unknown command: {word}"));
    };
    let mut text = format!("{}\n{}", command.format, command.description);
    for example in command.examples {
        text.push_str(&format!("\n  {example}"));
    }
    let data = HelpData { command: Some(command.topic()), commands: Vec::new() };
    turn.tell(player, Frame::new("cmd.help.success", text, Data::Help(data)));
}

/// Dice, and sides of each, at the most.
pub const DICE_MAX: u32 = 100;

/// Dice, sides, and what is done with the sum.
type Dice = (u32, u32, Option<(char, i64)>);

fn parse_dice(text: &str) -> Option<Dice> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    if text.is_empty() {
        return Some((1, 6, None));
    }
    let (dice, tail) = match text.find(['+', '-', '*', '/']) {
        Some(at) => (&text[..at], Some(&text[at..])),
        None => (&text[..], None),
    };
    let (count, sides) = match dice.split_once('d') {
        Some(("", sides)) => (1, sides.parse().ok()?),
        Some((count, sides)) => (count.parse().ok()?, sides.parse().ok()?),
        None => (1, dice.parse().ok()?),
    };
    let tail = match tail {
        Some(tail) => Some((tail.chars().next()?, tail[1..].parse::<i64>().ok().filter(|n| *n < 1_000_000)?)),
        None => None,
    };
    let valid = (1..=DICE_MAX).contains(&count) && (1..=DICE_MAX).contains(&sides);
    let divides_by_nothing = matches!(tail, Some(('/', 0)));
    (valid && !divides_by_nothing).then_some((count, sides, tail))
}

fn roll(turn: &mut Turn, player: PlayerId, input: &Input) {
    let Some((count, sides, tail)) = parse_dice(input.rest) else {
        let text = "Roll what? For example: roll 20, roll 3d6+2 (at most 100 dice with 100 sides).";
        return turn.refuse(player, "roll", "invalid_args", text);
    };
    let sum: i64 = (0..count).map(|_| i64::from(turn.world.roll(sides)) + 1).sum();
    let (outcome, suffix) = match tail {
        Some(('+', n)) => (sum + n, format!("+{n}")),
        Some(('-', n)) => (sum - n, format!("-{n}")),
        Some(('*', n)) => (sum * n, format!("*{n}")),
        Some((_, n)) => (sum / n, format!("/{n}")),
        None => (sum, String::new()),
    };
    let die = format!("{count}d{sides}{suffix}");
    let name = turn.name(Who::Player(player));
    let actor = turn.world.named(Who::Player(player));
    let data = Data::Rolled { actor, die: die.clone(), outcome };
    turn.tell(player, Frame::new("cmd.roll.success", format!("You roll {die}: {outcome}"), data.clone()));
    if let Some(room) = turn.world.room_of(Who::Player(player)) {
        let text = format!("{name} rolls {die}: {outcome}");
        turn.tell_room(room, &[player], Frame::new("notification.cmd.roll.success", text, data));
    }
}

#[cfg(test)]
mod tests {
    use super::parse_dice;

    #[test]
    fn dice_are_read_within_their_caps() {
        assert_eq!(parse_dice(""), Some((1, 6, None)));
        assert_eq!(parse_dice("20"), Some((1, 20, None)));
        assert_eq!(parse_dice("3d6 + 2"), Some((3, 6, Some(('+', 2)))));
        assert_eq!(parse_dice("2d4/2"), Some((2, 4, Some(('/', 2)))));
        for bad in ["101d6", "1d101", "0", "d0", "x", "2d6/0", "1d6+", "3d", "1d6+99999999"] {
            assert_eq!(parse_dice(bad), None, "{bad}");
        }
    }
}
