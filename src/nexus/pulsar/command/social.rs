//! Socials: the gestures of a world, as its builders wrote them.

use crate::nexus::message::view::Named;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::keywords::capitalized;
use crate::world::kinds::{Gender, ReactionEvent};

use super::super::record::Who;
use super::super::turn::Turn;
use super::super::{react, see};
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
pub fn run(turn: &mut Turn, by: Who, word: &str, rest: &str) -> bool {
    let Some(social) = turn.world.templates.socials.values().find(|s| s.cmd.starts_with(word)).cloned() else {
        return false;
    };
    let Some(room) = turn.world.room_of(by) else { return true };
    let own: Vec<PlayerId> = by.player().into_iter().collect();
    if own.iter().any(|player| turn.world.players.get(*player).is_some_and(|p| p.is_muted)) {
        turn.refuse_to(by, &social.cmd, "muted", "You have lost the right to be expressive for now.");
        return true;
    }
    let actor = part(turn, by);
    let named = turn.world.named(by);
    let target_word = rest.split_whitespace().find(|word| !matches!(*word, "at" | "to" | "the"));
    let kind = "notification.cmd.social.success";
    let Some(target_word) = target_word else {
        if social.targetless_self.is_empty() {
            turn.refuse_to(by, &social.cmd, "invalid_args", format!("{} at whom?", capitalized(&social.cmd)));
            return true;
        }
        let data = Data::Social { actor: named, target: None, cmd: social.cmd.clone() };
        let text = fill(&social.targetless_self, &actor, None);
        turn.tell_all(own.iter().copied(), Frame::new("cmd.social.success", text, data.clone()));
        let text = fill(&social.targetless_other, &actor, None);
        turn.tell_room(room, &own, Frame::new(kind, text, data));
        return true;
    };
    let Some(who) = select::character_for(turn.world, by, target_word) else {
        turn.refuse_to(by, &social.cmd, "invalid_target", format!("You don't see {target_word} here."));
        return true;
    };
    if social.targeted_self.is_empty() || who == by {
        turn.refuse_to(by, &social.cmd, "invalid_target", "That would look odd.");
        return true;
    }
    let target = part(turn, who);
    let target_named = Named::called(see::who_key(who), target.name.clone(), target.name.to_lowercase());
    let data = Data::Social { actor: named, target: Some(target_named), cmd: social.cmd.clone() };
    let text = fill(&social.targeted_self, &actor, Some(&target));
    turn.tell_all(own.iter().copied(), Frame::new("cmd.social.success", text, data.clone()));
    let mut except = own;
    if let Who::Player(other) = who {
        except.push(other);
        let text = fill(&social.targeted_target, &actor, Some(&target));
        turn.tell(other, Frame::new(kind, text, data.clone()));
    }
    let text = fill(&social.targeted_other, &actor, Some(&target));
    turn.tell_room(room, &except, Frame::new(kind, text, data));
    if let (Who::Mob(mob), Who::Player(_), None) = (who, by, &turn.script) {
        react::on(turn, ReactionEvent::Social, mob, Some(by), &social.cmd);
    }
    true
}
