//! The commands that players type, as a table: names, help, and what each does. Help, completion and
//! the order in which prefixes are tried come from the table.

pub mod alias;
pub mod build;
pub mod doors;
pub mod eat;
pub mod fight;
pub mod info;
pub mod items;
pub mod look;
pub mod posture;
pub mod select;
pub mod skills;
pub mod social;
pub mod social_life;
pub mod speech;
pub mod walk;
pub mod wear;

use std::borrow::Cow;

use crate::nexus::message::view::HelpTopic;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;

use super::instruction::Act;
use super::record::Who;
use super::turn::Turn;
use super::{script, trigger};

/// One command.
pub struct Command {
    /// The first name is the one shown; prefixes of all of them are understood, of first names before others.
    pub names: &'static [&'static str],
    pub group: &'static str,
    pub format: &'static str,
    pub description: &'static str,
    pub examples: &'static [&'static str],
    pub run: fn(&mut Turn, PlayerId, &Input),
}

/// What was typed after the command's name.
pub struct Input<'a> {
    /// The command's own name in the table.
    pub name: &'static str,
    /// The rest of the line, trimmed.
    pub rest: &'a str,
}

impl<'a> Input<'a> {
    /// The words after the command.
    pub fn words(&self) -> Vec<&'a str> {
        self.rest.split_whitespace().collect()
    }
}

/// In the order in which prefixes are tried: the contract's list first, then ours.
pub static TABLE: &[&Command] = &[
    &look::LOOK,
    &info::INVENTORY,
    &info::ROLL,
    &info::HELP,
    &walk::NORTH,
    &walk::EAST,
    &walk::SOUTH,
    &walk::WEST,
    &walk::UP,
    &walk::DOWN,
    &speech::SAY,
    &speech::YELL,
    &speech::EMOTE,
    &items::DROP,
    &items::GET,
    &items::PUT,
    &info::EXITS,
    &info::EQUIPMENT,
    &items::GIVE,
    &wear::WEAR,
    &wear::WIELD,
    &wear::REMOVE,
    &speech::TELL,
    &speech::REPLY,
    &speech::CHAT,
    &social_life::WHO,
    &social_life::WHOIS,
    &info::STATS,
    &posture::REST,
    &posture::STAND,
    &doors::OPEN,
    &doors::CLOSE,
    &doors::LOCK,
    &doors::UNLOCK,
    &eat::EAT,
    &alias::ALIAS,
    &social::SOCIALS,
    &fight::KILL,
    &fight::FLEE,
    &fight::FOCUS,
    &fight::LOOT,
    &fight::AUTOFLEE,
    &skills::CAST,
    &skills::SKILLS,
    &skills::LEARN,
    &skills::FORGET,
    &skills::HOTKEY,
    &QUIT,
];

pub static QUIT: Command = Command {
    names: &["quit"],
    group: "Basic",
    format: "quit",
    description: "Leave the world. Everything you have is kept for you.",
    examples: &["quit"],
    run: |turn, player, _| super::leave::quit(turn, player),
};

impl Command {
    pub fn topic(&self) -> HelpTopic {
        HelpTopic {
            name: self.names[0],
            format: self.format,
            description: self.description,
            examples: self.examples.to_vec(),
            group: self.group,
        }
    }
}

/// The first command whose name begins with `word`, or else one of whose other names does: so `e` is
/// `east` although `examine` comes before it. `quit` has to be written out.
pub fn find(word: &str) -> Option<&'static Command> {
    if word.is_empty() {
        return None;
    }
    let means = |name: &str| name.starts_with(word) && (name != "quit" || word == name);
    let first = TABLE.iter().find(|command| means(command.names[0]));
    first.or_else(|| TABLE.iter().find(|command| command.names.iter().any(|name| means(name)))).copied()
}

/// Characters of an unknown command that a refusal repeats.
pub const COMMAND_CHARS_MAX: usize = 40;

/// How many commands one alias may stand for.
pub const ALIAS_COMMANDS_MAX: usize = 8;

/// A typed line.
pub fn text(turn: &mut Turn, player: PlayerId, line: &str) {
    let line = line.trim();
    let (word, rest) = split_word(line);
    let aliases = turn.world.players.get(player).map(|row| &row.aliases).filter(|aliases| !aliases.is_empty());
    let replacement = aliases.and_then(|aliases| aliases.get(&word.to_lowercase())).cloned();
    match replacement {
        // An alias is not looked up again in its own replacement, so it cannot run in circles.
        Some(replacement) => {
            for (at, part) in replacement.split(';').take(ALIAS_COMMANDS_MAX).enumerate() {
                if !turn.world.players.contains(player) {
                    return;
                }
                let last = at + 1 == replacement.split(';').take(ALIAS_COMMANDS_MAX).count();
                let part = part.trim();
                let whole = if last && !rest.is_empty() { format!("{part} {rest}") } else { part.to_owned() };
                plain(turn, player, &whole);
            }
        }
        None => plain(turn, player, line),
    }
}

fn plain(turn: &mut Turn, player: PlayerId, line: &str) {
    let line = line.trim();
    if line.is_empty() {
        return;
    }
    if let Some(said) = line.strip_prefix('\'') {
        return speech::say(turn, player, said.trim());
    }
    let (word, rest) = split_word(line);
    // Most clients send what was typed in lower case.
    let is_lower = word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    let word = if is_lower { Cow::Borrowed(word) } else { Cow::Owned(word.to_lowercase()) };
    if word.starts_with('/') {
        return build::typed(turn, player, &word, rest, line);
    }
    if let Some(command) = find(&word) {
        return (command.run)(turn, player, &Input { name: command.names[0], rest });
    }
    if trigger::command(turn, player, line)
        || skills::run(turn, player, &word, rest)
        || social::run(turn, Who::Player(player), &word, rest)
    {
        return;
    }
    let data = Data::Echo { original_command: line.to_owned() };
    turn.tell(player, Frame::new("cmd.text.echo", format!("'{line}' means nothing here. Try: help"), data));
}

/// A command that a script makes a player do. Nothing of the player's own comes in between, and no trigger.
pub fn by_script(turn: &mut Turn, player: PlayerId, word: &str, rest: &str) {
    match find(word) {
        Some(command) if command.names[0] == QUIT.names[0] => script::fail(turn, "A script cannot make anyone quit."),
        Some(command) => (command.run)(turn, player, &Input { name: command.names[0], rest }),
        None if social::run(turn, Who::Player(player), word, rest) => {}
        None => script::fail(turn, format!("Unknown command: {word}")),
    }
}

/// A structured command: its item by key, or else its text.
pub fn act(turn: &mut Turn, player: PlayerId, act: &Act) {
    let item = act.item_key.as_deref().filter(|key| key.starts_with("item."));
    let from = act.from_key.as_deref();
    let line = match (act.action.as_str(), item, from) {
        ("get_all_from", Some(container), _) => Some(format!("get all {container}")),
        ("get", _, Some(container)) => {
            let what = item.or(act.item_name.as_deref()).unwrap_or("all");
            Some(format!("get {what} {container}"))
        }
        (action, Some(item), _) if find(action).is_some_and(|c| c.names.contains(&action)) => {
            Some(format!("{action} {item}"))
        }
        _ => act.text.clone(),
    };
    match line {
        Some(line) => plain(turn, player, &line),
        None => turn.refuse(player, &act.action, "unknown_cmd", "That cannot be done here."),
    }
}

/// The first word, and the rest trimmed.
pub fn split_word(line: &str) -> (&str, &str) {
    let line = line.trim();
    line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim_start()))
}
