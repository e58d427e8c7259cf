//! Socials: the gestures of a world, as its builders wrote them.

use crate::nexus::message::view::Named;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use crate::world::kinds::Gender;

use super::super::record::Who;
use super::super::see;
use super::super::turn::Turn;
use super::{Command, Input, select};

pub static SOCIALS: Command = Command {
    names: &["socials"],
    group: "Communication",
    format: "socials",
    description: "See the gestures of this world. Each is a command of its own, alone or at someone.",
    examples: &["socials", "nod", "nod mara"],
    run: list,
};

fn list(turn: &mut Turn, player: PlayerId, _: &Input) {
    let names: Vec<&str> = turn.world.templates.socials.keys().map(String::as_str).collect();
    let text = if names.is_empty() {
        "This world has no gestures of its own. emote does what you write.".into()
    } else {
        format!("Gestures: {}", names.join(", "))
    };
    turn.print(player, "cmd.socials.success", text);
}

/// Who is who in a text.
struct Part {
    name: String,
    gender: Gender,
}

fn part(turn: &Turn, who: Who) -> Part {
    let gender = match who {
        Who::Player(id) => turn.world.players.get(id).map(|p| p.gender),
        Who::Mob(id) => {
            turn.world.mobs.get(id).and_then(|m| turn.world.templates.mobs.get(&m.template)).map(|t| t.gender)
        }
    };
    Part { name: turn.name(who), gender: gender.unwrap_or(Gender::NonBinary) }
}

/// Fills `{actor}`, `{target}` and their pronouns in.
fn fill(text: &str, actor: &Part, target: Option<&Part>) -> String {
    let mut text = text.to_owned();
    for (role, part) in [("actor", Some(actor)), ("target", target)] {
        let Some(part) = part else { continue };
        let (they, them, their, themself) = part.gender.pronouns();
        let words =
            [("", part.name.as_str()), (".they", they), (".them", them), (".their", their), (".themself", themself)];
        for (suffix, word) in words {
            text = text.replace(&format!("{{{role}{suffix}}}"), word);
        }
    }
    capitalized(&text)
}

/// Does a gesture, if there is one whose name begins so. False if there is none.
pub fn run(turn: &mut Turn, player: PlayerId, word: &str, rest: &str) -> bool {
    let Some(social) = turn.world.templates.socials.values().find(|s| s.cmd.starts_with(word)).cloned() else {
        return false;
    };
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return true };
    if turn.world.players.get(player).is_some_and(|p| p.is_muted) {
        turn.refuse(player, &social.cmd, "muted", "You have lost the right to be expressive for now.");
        return true;
    }
    let actor = part(turn, Who::Player(player));
    let named = turn.world.named(Who::Player(player));
    let target_word = rest.split_whitespace().find(|word| !matches!(*word, "at" | "to" | "the"));
    let kind = "notification.cmd.social.success";
    let Some(target_word) = target_word else {
        if social.targetless_self.is_empty() {
            turn.refuse(player, &social.cmd, "invalid_args", format!("{} at whom?", capitalized(&social.cmd)));
            return true;
        }
        let data = Data::Social { actor: named, target: None, cmd: social.cmd.clone() };
        let text = fill(&social.targetless_self, &actor, None);
        turn.tell(player, Frame::new("cmd.social.success", text, data.clone()));
        let text = fill(&social.targetless_other, &actor, None);
        turn.tell_room(room, &[player], Frame::new(kind, text, data));
        return true;
    };
    let Some(who) = select::character(turn.world, player, target_word) else {
        turn.refuse(player, &social.cmd, "invalid_target", format!("You don't see {target_word} here."));
        return true;
    };
    if social.targeted_self.is_empty() || who == Who::Player(player) {
        turn.refuse(player, &social.cmd, "invalid_target", "That would look odd.");
        return true;
    }
    let target = part(turn, who);
    let target_named = Named::called(see::who_key(who), target.name.clone(), target.name.to_lowercase());
    let data = Data::Social { actor: named, target: Some(target_named), cmd: social.cmd.clone() };
    let text = fill(&social.targeted_self, &actor, Some(&target));
    turn.tell(player, Frame::new("cmd.social.success", text, data.clone()));
    let mut except = vec![player];
    if let Who::Player(other) = who {
        except.push(other);
        let text = fill(&social.targeted_target, &actor, Some(&target));
        turn.tell(other, Frame::new(kind, text, data.clone()));
    }
    let text = fill(&social.targeted_other, &actor, Some(&target));
    turn.tell_room(room, &except, Frame::new(kind, text, data));
    true
}
