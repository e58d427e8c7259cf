//! Words of one's own for commands.

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;

use super::super::see;
use super::super::turn::Turn;
use super::{Command, Input, split_word};

/// Aliases of one character at the most.
pub const ALIASES_MAX: usize = 50;
/// Characters of what an alias stands for.
pub const REPLACEMENT_CHARS_MAX: usize = 200;
/// Characters of an alias.
pub const ALIAS_CHARS_MAX: usize = 20;

pub static ALIAS: Command = Command {
    names: &["alias"],
    group: "Basic",
    format: "alias [word [commands | none]]",
    description: "Make a word of your own for a command, or for several with ; between them. \
                  What you type after it goes to the last of them.",
    examples: &["alias", "alias gc get all corpse", "alias home up;north", "alias gc none"],
    run: alias,
};

fn alias(turn: &mut Turn, player: PlayerId, input: &Input) {
    let (word, replacement) = split_word(input.rest);
    let word = word.to_lowercase();
    if word.is_empty() {
        return list(turn, player);
    }
    if replacement.is_empty() {
        let known = turn.world.players.get(player).and_then(|p| p.aliases.get(&word));
        let text = match known {
            Some(replacement) => format!("{word} stands for: {replacement}"),
            None => format!("{word} stands for nothing."),
        };
        return turn.print(player, "cmd.alias.note", text);
    }
    if replacement.eq_ignore_ascii_case("none") {
        let had = turn.world.players.edit(player).and_then(|p| p.aliases.remove(&word)).is_some();
        let text = if had { format!("{word} stands for nothing now.") } else { format!("{word} stood for nothing.") };
        return told(turn, player, text);
    }
    if word.chars().count() > ALIAS_CHARS_MAX || word == "alias" || word == "quit" {
        return turn.refuse(player, "alias", "invalid_args", "That word cannot be an alias.");
    }
    if replacement.chars().count() > REPLACEMENT_CHARS_MAX {
        let text = format!("An alias can stand for at most {REPLACEMENT_CHARS_MAX} characters.");
        return turn.refuse(player, "alias", "invalid_args", text);
    }
    let Some(row) = turn.world.players.edit(player) else { return };
    if row.aliases.len() >= ALIASES_MAX && !row.aliases.contains_key(&word) {
        let text = format!("You have {ALIASES_MAX} aliases, and cannot have more.");
        return turn.refuse(player, "alias", "full", text);
    }
    row.aliases.insert(word.clone(), replacement.to_owned());
    told(turn, player, format!("{word} stands for: {replacement}"));
}

fn list(turn: &mut Turn, player: PlayerId) {
    let Some(row) = turn.world.players.get(player) else { return };
    let mut text = String::from("Your aliases:");
    if row.aliases.is_empty() {
        text.push_str("\nNone. For example: alias gc get all corpse");
    }
    for (word, replacement) in &row.aliases {
        text.push_str(&format!("\n{word}: {replacement}"));
    }
    told(turn, player, text);
}

fn told(turn: &mut Turn, player: PlayerId, text: String) {
    let aliases = turn.world.players.get(player).map(|p| see::alias_views(&p.aliases)).unwrap_or_default();
    turn.tell(player, Frame::new("cmd.alias.success", text, Data::Aliases { aliases }));
}
