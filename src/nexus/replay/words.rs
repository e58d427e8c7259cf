//! Instructions in words that an operator understands.

use crate::nexus::pulsar::instruction::{Act, Applied, Instruction, Reply, What};
use crate::nexus::pulsar::record::Who;
use crate::world::character::PlayerId;
use crate::world::internal::{Answer, ErrandId};

/// Whose doing an instruction is, if it is a player's.
pub fn actor(instruction: &Instruction) -> Option<PlayerId> {
    use Instruction as I;
    match instruction {
        I::Connect { player, .. }
        | I::Unlink { player, .. }
        | I::Text { player, .. }
        | I::Act { player, .. }
        | I::Sync { player, .. }
        | I::Quit { player, .. } => Some(*player),
        _ => None,
    }
}

/// A turn without its world: what a timing of the world's own does stands in the world only.
pub fn of_turn(applied: &Applied) -> String {
    match &applied.what {
        What::Timer(number) => format!("the world's own timing {number}"),
        What::Given(instruction) => of(instruction, &|_| None),
    }
}

/// An instruction; `name` knows the names of players.
pub fn of(instruction: &Instruction, name: &dyn Fn(PlayerId) -> Option<String>) -> String {
    use Instruction as I;
    let who = |player: PlayerId| match name(player) {
        Some(name) => format!("player.{player} ({name})"),
        None => format!("player.{player}"),
    };
    match instruction {
        I::Connect { player, session, account, .. } => {
            format!("{} connects by socket {session} of account {} ({})", who(*player), account.id, account.name)
        }
        I::Resume { player, session, stay, last } => {
            let account = stay.account;
            format!("{} comes back by socket {session} of account {account}, from message {last} on", who(*player))
        }
        I::Unlink { player, session } => format!("{} loses socket {session}", who(*player)),
        I::Text { player, text, .. } => format!("{} types {text:?}", who(*player)),
        I::Act { player, act, .. } => format!("{} does {}", who(*player), action(act)),
        I::Sync { player, .. } => format!("{} asks for everything anew", who(*player)),
        I::Quit { player, .. } => format!("{} quits", who(*player)),
        I::Stage { stage, part, parts, bytes } => {
            format!("part {} of {parts} of what is staged as {stage}, {} bytes", part + 1, bytes.len())
        }
        I::Unstage { stage } => format!("what was staged as {stage} is dropped"),
        I::Answered { errand: id, answer } => format!("{} to errand {}", reply(answer), errand(id)),
        I::Expel { player, text } => format!("the Forge takes {} out: {text:?}", who(*player)),
        I::SetMuted { player, muted: true } => format!("the Forge mutes {}", who(*player)),
        I::SetMuted { player, muted: false } => format!("the Forge lets {} speak again", who(*player)),
        I::SetConfig { player, .. } => format!("{} gets other settings", who(*player)),
        I::Broadcast { text } => format!("to everyone: {text:?}"),
        I::Templates { hash } => format!("the template set changes to {hash}"),
        I::Epoch { epoch } => format!("the lease has epoch {epoch}"),
        I::Beat => "Beat".into(),
        I::BeatOn { stage, after } => format!("Beat goes on with {stage:?} after {after}"),
        I::Tic => "Tic".into(),
        I::ScriptLine { course, line } => format!("{} does {line:?}, by {}", course.doer, course.name),
        I::LoadOn { errand: id, next } => format!("loading goes on at {next}, errand {}", errand(id)),
        I::Stop => "the world stops".into(),
        I::Move => "the world moves to another nexus".into(),
        I::WakeOn { zone, after, .. } => format!("zone {zone} goes on waking after mob.{after}"),
        I::Clock { minute } => format!("the clock on the wall: minute {minute}"),
        I::Decay { item } => format!("the corpse item.{item} has lain long enough"),
        I::EffectEnds { who: on, id } => format!("effect {id} on {} wears off", character(*on)),
        I::CastEnds { who: of, id } => format!("cast {id} of {} is done", character(*of)),
        I::Renew { after } => format!("the players after player.{after} get everything anew"),
        I::Resettle { stage, after } => format!("{stage:?} after {after} are held against the new template set"),
        I::Skip { timer: None } => "a turn that panicked is left out".into(),
        I::Skip { timer: Some(timer) } => format!("a turn that panicked is left out, and timing {timer} with it"),
    }
}

fn character(who: Who) -> String {
    match who {
        Who::Player(id) => format!("player.{id}"),
        Who::Mob(id) => format!("mob.{id}"),
    }
}

fn action(act: &Act) -> String {
    let parts = [
        Some(act.action.clone()),
        act.item_key.clone().or_else(|| act.item_name.clone()),
        act.from_key.as_ref().map(|from| format!("from {from}")),
        act.text.as_ref().map(|text| format!("{text:?}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Forge(Answer::Ids { start, end }) => format!("the Forge grants the ids {start} to {}", end - 1),
        Reply::Forge(Answer::Saved { version }) => format!("the Forge has the character, version {version}: answer"),
        Reply::Forge(Answer::Whois { found: Some(card) }) => format!("the Forge knows {}: answer", card.name),
        Reply::Forge(Answer::Whois { found: None }) => "the Forge knows no such character: answer".into(),
        Reply::Forge(Answer::Refused { code, .. }) => format!("the Forge refuses ({code}): answer"),
        Reply::Forge(Answer::Load(plan)) => format!("the loaders plan {} loads: answer", plan.loads.len()),
        Reply::Plan { stage } => format!("the loaders' plan, staged as {stage}: answer"),
        Reply::Reaction { lines } => format!("a reaction of {} lines: answer", lines.len()),
    }
}

fn errand(id: &ErrandId) -> String {
    format!("{}/{}/{}", id.incarnation, id.seq, id.ordinal)
}
