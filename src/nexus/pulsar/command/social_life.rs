//! Who is here, and who they are.

use std::fmt::Write as _;

use crate::nexus::message::view::{WhoEntry, WhoisFaction, WhoisView};
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;

use super::super::record::Ask;
use super::super::see;
use super::super::turn::Turn;
use super::{Command, Input};

pub static WHO: Command = Command {
    names: &["who"],
    group: "Information",
    format: "who",
    description: "See who is in the world.",
    examples: &["who"],
    run: who,
};

pub static WHOIS: Command = Command {
    names: &["whois"],
    group: "Information",
    format: "whois <name>",
    description: "See what is known of someone, in the world or away.",
    examples: &["whois mara"],
    run: whois,
};

fn who(turn: &mut Turn, player: PlayerId, _: &Input) {
    let (players, all) = turn.world.who_list(player, SHOWN_MAX);
    let mut text = match all {
        1 => String::from("You are alone in the world."),
        n => format!("{n} are in the world:"),
    };
    for WhoEntry { who, is_idle, is_immortal } in &players.entries {
        // Writing into memory does not fail.
        let _ = write!(text, "\n[{:>2}] {}", who.level, who.name);
        if !who.title.is_empty() {
            text.extend([" ", &who.title]);
        }
        for (is, tag) in [
            (*is_immortal, " [ Builder ]"),
            (*is_idle, " (idle)"),
            (who.is_linkless, " (LINKLESS)"),
            (who.is_invisible, " (invisible)"),
        ] {
            if is {
                text.push_str(tag);
            }
        }
    }
    if all > players.entries.len() {
        let _ = write!(text, "\n... and {} more.", all - players.entries.len());
    }
    turn.tell(player, Frame::new("cmd.who.success", text, Data::Who { players }));
}

/// People whom `who` names.
const SHOWN_MAX: usize = 500;

/// Characters of a name at the most.
const NAME_CHARS_MAX: usize = 40;

fn whois(turn: &mut Turn, player: PlayerId, input: &Input) {
    let name: String = input.rest.split_whitespace().next().unwrap_or("").chars().take(NAME_CHARS_MAX).collect();
    if name.is_empty() {
        return turn.refuse(player, "whois", "invalid_args", "Who is whom?");
    }
    let Some(other) = turn.world.index.names.get(&name.to_lowercase()).copied() else {
        // Whoever is not here may be known to the Forge; the answer comes when it comes.
        return turn.ask(Ask::Whois { asker: player, name });
    };
    let Some(row) = turn.world.players.get(other) else { return };
    let faction = row.core_faction.as_deref().and_then(|code| turn.world.templates.factions.get(code));
    let ranks = row.factions.iter().filter_map(|(code, standing)| {
        let faction = turn.world.templates.factions.get(code)?;
        let rank = faction.ranks.iter().filter(|(from, _)| from <= standing).max_by_key(|(from, _)| *from)?;
        Some(WhoisFaction { id: faction.id, name: faction.name.clone(), rank: rank.1.clone() })
    });
    let view = WhoisView {
        id: row.id,
        name: row.name.clone(),
        title: row.title.clone(),
        level: row.level,
        gender: row.gender.as_str(),
        archetype: row.archetype.as_str(),
        core_faction: faction.map_or_else(|| "none".into(), |f| f.name.clone()),
        description: row.description.clone(),
        factions: ranks.collect(),
        is_online: true,
    };
    let text = whois_text(&view);
    turn.tell(player, Frame::new("cmd.whois.success", text, Data::Whois { player: view }));
}

pub fn whois_text(view: &WhoisView) -> String {
    let calling = if view.archetype.is_empty() { String::new() } else { format!(" {}", view.archetype) };
    let mut text = format!("{}, level {}{calling}", see::display_name(&view.name, &view.title), view.level);
    if view.core_faction != "none" {
        text.push_str(&format!("\nOf the {}", view.core_faction));
    }
    for faction in &view.factions {
        text.push_str(&format!("\n{}: {}", faction.name, faction.rank));
    }
    if !view.description.trim().is_empty() {
        text.push('\n');
        text.push_str(view.description.trim_end());
    }
    text.push_str(if view.is_online { "\nIn the world now." } else { "\nNot in the world now." });
    text
}
