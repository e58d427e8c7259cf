//! Skills as commands: the list, the words that use them, learning, forgetting, and the keys of the skill bar.

use std::sync::Arc;

use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::skill::Skill;

use super::super::condition;
use super::super::record::Who;
use super::super::skill::{self, KEYS, cooldown, deed};
use super::super::turn::Turn;
use super::super::world::World;
use super::{Command, Input, split_word};

/// Skills that one may have learned at once.
pub const LEARNED_MAX: usize = 40;

pub static SKILLS: Command = Command {
    names: &["skills"],
    group: "Combat",
    format: "skills",
    description: "See what you can do, on which key, and what it costs. A skill's name is a command of its own.",
    examples: &["skills", "bash wolf", "1"],
    run: list,
};

pub static CAST: Command = Command {
    names: &["cast"],
    group: "Combat",
    format: "cast <skill> [someone]",
    description: "Use a skill. Its name alone does the same.",
    examples: &["cast heal bob", "cast spike"],
    run: cast,
};

pub static LEARN: Command = Command {
    names: &["learn"],
    group: "Combat",
    format: "learn [skill]",
    description: "Learn a skill, from someone here who teaches it where it has teachers.",
    examples: &["learn", "learn whirl"],
    run: learn,
};

pub static FORGET: Command = Command {
    names: &["forget"],
    group: "Combat",
    format: "forget <skill>",
    description: "Forget a skill that you have learned.",
    examples: &["forget whirl"],
    run: forget,
};

pub static HOTKEY: Command = Command {
    names: &["hotkey"],
    group: "Combat",
    format: "hotkey <1-9 or 0> <skill | none>",
    description: "Put a skill on a key of your own choice.",
    examples: &["hotkey 1 bash", "hotkey 1 none"],
    run: hotkey,
};

/// A word that is a key, or begins the name of a skill that the player knows; true if it was one.
pub fn run(turn: &mut Turn, player: PlayerId, word: &str, rest: &str) -> bool {
    let Some(skill) = meant(turn.world, player, word) else { return false };
    deed::by_player(turn, player, &skill, rest);
    true
}

fn meant(world: &World, player: PlayerId, word: &str) -> Option<Arc<Skill>> {
    if world.templates.skills.is_empty() || word.is_empty() {
        return None;
    }
    if KEYS.contains(&word) {
        return world.hotkeys(player).into_iter().find(|(key, _)| *key == word).map(|(_, skill)| skill);
    }
    let row = world.players.get(player)?;
    if let Some(skill) = world.templates.skills.get(word).filter(|skill| skill::knows(row, skill)) {
        return Some(skill.clone());
    }
    let known = world.templates.skills.values().filter(|skill| skill::knows(row, skill));
    known.filter(|skill| skill.code.starts_with(word)).min_by_key(|skill| (skill.level, &skill.code)).cloned()
}

fn list(turn: &mut Turn, player: PlayerId, _: &Input) {
    let known = turn.world.known_skills(player);
    if known.is_empty() {
        return turn.refuse(player, "skills", "none", "You have no skills yet.");
    }
    let keys = turn.world.hotkeys(player);
    let stats = turn.world.stats_of(player).unwrap_or_default();
    let mut text = String::from("You can do this:");
    for skill in &known {
        let key = keys.iter().find(|(_, other)| other.code == skill.code).map_or(" ", |(key, _)| key);
        let cost = match deed::cost(skill, &stats) {
            0 => String::new(),
            cost => format!("  {cost} {}", skill.cost_type),
        };
        let left = cooldown::left(turn.world, Who::Player(player), &skill.code);
        let wait = if left > 0 { format!("  (in {} s)", left.div_ceil(1_000)) } else { String::new() };
        text.push_str(&format!("\n[{key}] {:<14}{cost}{wait}", skill.code));
        if !skill.help.is_empty() {
            text.push_str(&format!("\n    {}", skill.help));
        }
    }
    let known = known.iter().map(|skill| (&**skill).into()).collect();
    let hotkeys = keys.into_iter().map(|(key, skill)| (key.to_owned(), skill.code.clone())).collect();
    turn.tell(player, Frame::new("cmd.skills.success", text, Data::SkillList { known, hotkeys }));
}

fn cast(turn: &mut Turn, player: PlayerId, input: &Input) {
    let (word, rest) = split_word(input.rest);
    if word.is_empty() {
        return turn.refuse(player, "cast", "invalid_args", "Cast what?");
    }
    if !run(turn, player, &word.to_lowercase(), rest) {
        turn.refuse(player, "cast", "unknown_skill", format!("You do not know {word}."));
    }
}

/// The mobs here who teach a skill, or anything.
fn is_taught_here(turn: &Turn, player: PlayerId, code: &str) -> bool {
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return false };
    turn.world.chars_in(room).iter().any(|who| {
        let Who::Mob(id) = who else { return false };
        let template = turn.world.mobs.get(*id).and_then(|mob| turn.world.templates.mobs.get(&mob.template));
        template.is_some_and(|template| {
            template.teaches.iter().any(|own| own == code)
                && condition::holds(&template.teaching_conditions, turn.world, player)
        })
    })
}

fn has_teachers(turn: &Turn, code: &str) -> bool {
    turn.world.templates.mobs.values().any(|mob| mob.teaches.iter().any(|own| own == code))
}

/// Why a player cannot learn a skill here and now.
fn may_learn(turn: &Turn, player: PlayerId, skill: &Skill) -> Result<(), (&'static str, String)> {
    let Some(row) = turn.world.players.get(player) else { return Err(("invalid_target", String::new())) };
    if skill.is_core || row.skills.contains_key(&skill.code) {
        return Err(("known", format!("{} is nothing that you would have to learn.", skill.name)));
    }
    if !skill::suits(row, skill) {
        return Err(("unsuited", format!("{} is beyond you.", skill.name)));
    }
    if !is_taught_here(turn, player, &skill.code) && has_teachers(turn, &skill.code) {
        return Err(("no_teacher", format!("Nobody here teaches you {}.", skill.name)));
    }
    if !condition::holds(&skill.learn_conditions, turn.world, player) {
        return Err(("requires", format!("You cannot learn {} yet.", skill.name)));
    }
    if row.skills.len() >= LEARNED_MAX {
        return Err(("full", "You have learned as much as one can keep in mind; forget something first.".into()));
    }
    Ok(())
}

fn learn(turn: &mut Turn, player: PlayerId, input: &Input) {
    let code = input.rest.trim().to_lowercase();
    if code.is_empty() {
        let skills: Vec<_> = turn.world.templates.skills.values().cloned().collect();
        let open: Vec<String> = skills
            .iter()
            .filter(|skill| may_learn(turn, player, skill).is_ok())
            .map(|skill| format!("\n{:<14}{}", skill.code, skill.help).trim_end().to_owned())
            .collect();
        if open.is_empty() {
            return turn.refuse(player, "learn", "none", "There is nothing to be learned here.");
        }
        return turn.print(player, "cmd.learn.success", format!("You could learn:{}", open.concat()));
    }
    let Some(skill) = turn.world.templates.skills.get(&code).cloned() else {
        let code: String = code.chars().take(40).collect();
        return turn.refuse(player, "learn", "unknown_skill", format!("There is no skill called {code}."));
    };
    if let Err((code, text)) = may_learn(turn, player, &skill) {
        return turn.refuse(player, "learn", code, text);
    }
    if let Some(row) = turn.world.players.edit(player) {
        row.skills.insert(skill.code.clone(), String::new());
    }
    changed(turn, player, "cmd.learn.success", format!("You have learned {}.", skill.name));
}

fn forget(turn: &mut Turn, player: PlayerId, input: &Input) {
    let code = input.rest.trim().to_lowercase();
    let is_core = turn.world.templates.skills.get(&code).is_some_and(|skill| skill.is_core);
    let knows = turn.world.players.get(player).is_some_and(|row| row.skills.contains_key(&code));
    if is_core || !knows {
        return turn.refuse(player, "forget", "unknown_skill", "That is nothing that you have learned.");
    }
    let name = turn.world.templates.skills.get(&code).map_or_else(|| code.clone(), |skill| skill.name.clone());
    if let Some(row) = turn.world.players.edit(player) {
        row.skills.remove(&code);
    }
    changed(turn, player, "cmd.forget.success", format!("You have forgotten {name}."));
}

fn hotkey(turn: &mut Turn, player: PlayerId, input: &Input) {
    let words = input.words();
    let (Some(key), Some(word)) = (words.first().filter(|key| KEYS.contains(key)), words.get(1)) else {
        return turn.refuse(player, "hotkey", "invalid_args", "As in: hotkey 1 bash. Keys are 1 to 9 and 0.");
    };
    let chosen = match word.eq_ignore_ascii_case("none") {
        true => None,
        false => match meant(turn.world, player, &word.to_lowercase()).filter(|_| !KEYS.contains(word)) {
            Some(skill) => Some(skill),
            None => return turn.refuse(player, "hotkey", "unknown_skill", format!("You do not know {word}.")),
        },
    };
    let core: Vec<String> =
        turn.world.templates.skills.values().filter(|s| s.is_core).map(|s| s.code.clone()).collect();
    if let Some(row) = turn.world.players.edit(player) {
        for own in row.skills.values_mut().filter(|own| own == key) {
            own.clear();
        }
        if let Some(skill) = &chosen {
            row.skills.insert(skill.code.clone(), (*key).to_owned());
        }
        // What is known anyway needs no line without a key.
        row.skills.retain(|code, own| !own.is_empty() || !core.contains(code));
    }
    let text = match chosen {
        Some(skill) => format!("{} is on key {key} now.", skill.name),
        None => format!("Key {key} is free to be given away."),
    };
    changed(turn, player, "cmd.hotkey.success", text);
}

/// What a player can do is otherwise now: the client gets it anew.
fn changed(turn: &mut Turn, player: PlayerId, kind: &'static str, text: String) {
    if let Some(actor) = turn.world.actor(player) {
        turn.tell(player, Frame::new(kind, text, Data::Own { actor: Box::new(actor) }));
    }
}
