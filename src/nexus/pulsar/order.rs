//! What comes from outside: staged payloads, answers to errands, and orders of the Forge.

use crate::nexus::message::view::{WhoisFaction, WhoisView};
use crate::nexus::message::{Data, Frame};
use crate::world::character::{PlayerConfig, PlayerId};
use crate::world::internal::{Answer, Errand, ErrandId, WhoisCard};

use super::instruction::{Instruction, Reply};
use super::record::{Ask, Staged, Stamp};
use super::turn::{Sets, Turn};
use super::{load, react};

/// Bytes of a staged payload at the most.
pub const STAGED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A part of a payload; parts come in order.
pub fn stage(turn: &mut Turn, stage: u64, part: u16, parts: u16, bytes: &[u8]) -> bool {
    if part == 0 {
        turn.world.staged.insert(stage, Staged::default());
    }
    let Some(staged) = turn.world.staged.edit(stage) else { return false };
    if staged.parts != part || part >= parts || staged.bytes.len() + bytes.len() > STAGED_BYTES_MAX {
        turn.world.staged.remove(stage);
        return true;
    }
    staged.bytes.extend_from_slice(bytes);
    staged.parts += 1;
    true
}

/// The answer to an errand closes it. One to an errand that is not open changes nothing.
pub fn answered(turn: &mut Turn, id: ErrandId, answer: Reply) -> bool {
    let Some(open) = turn.world.errands.get(id) else {
        if let Reply::Plan { stage } = answer {
            return turn.world.staged.remove(stage).is_some();
        }
        return false;
    };
    match (open.what.clone(), answer) {
        (Ask::Forge(Errand::SaveCharacter { character, release: true }), Reply::Forge(Answer::Saved { version })) => {
            turn.world.errands.remove(id);
            turn.world.departed.insert(character.id, Stamp(version.max(0) as u64));
        }
        (Ask::Forge(_), Reply::Forge(answer)) => {
            turn.world.errands.remove(id);
            forge_answered(turn, answer);
        }
        (Ask::Forge(_), Reply::Plan { stage }) => load::begin(turn, id, stage),
        (Ask::React { mob, reaction, actor, said, depth, .. }, Reply::Reaction { lines }) => {
            turn.world.errands.remove(id);
            react::answered(turn, mob, reaction, react::Cause { actor, said, depth }, lines);
        }
        (Ask::Whois { asker, name }, Reply::Forge(Answer::Whois { found })) => {
            turn.world.errands.remove(id);
            whois(turn, asker, &name, found);
        }
        (Ask::Whois { asker, name }, Reply::Forge(Answer::Refused { .. })) => {
            turn.world.errands.remove(id);
            whois(turn, asker, &name, None);
        }
        // An answer of another kind than the question leaves it open.
        _ => return false,
    }
    true
}

fn forge_answered(turn: &mut Turn, answer: Answer) {
    match answer {
        Answer::Ids { start, end } if start < end => {
            if turn.world.meta.ids.0 >= turn.world.meta.ids.1 {
                turn.world.meta.ids = (start, end);
            } else {
                turn.world.meta.ids_next = Some((start, end));
            }
        }
        Answer::Ids { .. } | Answer::Saved { .. } | Answer::Refused { .. } => {}
        // These come staged or under another question.
        Answer::Load(_) | Answer::Whois { .. } => {}
    }
}

fn whois(turn: &mut Turn, asker: PlayerId, name: &str, found: Option<WhoisCard>) {
    let Some(card) = found else {
        return turn.refuse(asker, "whois", "invalid_target", format!("Nobody by the name of {name} is known here."));
    };
    let faction = card.core_faction.as_deref().and_then(|code| turn.world.templates.factions.get(code));
    let view = WhoisView {
        id: card.id,
        name: card.name,
        title: card.title,
        level: card.level,
        gender: card.gender.as_str(),
        archetype: card.archetype.as_str(),
        core_faction: faction.map_or_else(|| "none".into(), |f| f.name.clone()),
        description: card.description,
        factions: faction
            .map(|f| WhoisFaction { id: f.id, name: f.name.clone(), rank: String::new() })
            .into_iter()
            .collect(),
        is_online: false,
    };
    let text = super::command::social_life::whois_text(&view);
    turn.tell(asker, Frame::new("cmd.whois.success", text, Data::Whois { player: view }));
}

pub fn set_muted(turn: &mut Turn, player: PlayerId, muted: bool) -> bool {
    match turn.world.players.edit(player) {
        Some(row) => row.is_muted = muted,
        None => return false,
    }
    true
}

pub fn set_config(turn: &mut Turn, player: PlayerId, config: PlayerConfig) -> bool {
    match turn.world.players.edit(player) {
        Some(row) => row.config = config,
        None => return false,
    }
    true
}

pub fn broadcast(turn: &mut Turn, text: &str) -> bool {
    let players: Vec<PlayerId> = turn.world.players.iter().map(|(id, _)| id).collect();
    turn.tell_all(players, Frame::new("notification.broadcast", text, Data::Empty {}));
    true
}

pub fn epoch(turn: &mut Turn, epoch: i64) -> bool {
    let changed = turn.world.meta.epoch != epoch;
    turn.world.meta.epoch = epoch;
    changed
}

/// Switches to another set. Whoever stands in a room that is gone comes to the start.
pub fn templates(turn: &mut Turn, hash: &str, sets: &dyn Sets) -> bool {
    if turn.world.meta.templates == hash {
        return false;
    }
    let Some(set) = sets.set(hash) else { return false };
    turn.world.meta.templates = hash.to_owned();
    let before = std::mem::replace(&mut turn.world.templates, set);
    load::resettle(turn, &before);
    turn.world.schedule(0, Instruction::Renew { after: PlayerId::MIN });
    true
}
