//! The commands of builders: a table like that of the players' commands. Typed ones go by the builder's rank and are
//! audited; a script of the world may use those that scripts may. Each says what it did to whoever typed it.

mod doors;
mod facts;
mod orders;
mod people;
mod sight;
mod speech;
mod things;
mod travel;

use crate::nexus::message::{Data, Frame};
use crate::nexus::pulsar::record::Who;
use crate::nexus::pulsar::script::{self, Course, Doer};
use crate::nexus::pulsar::turn::{Audit, Out, Turn};
use crate::world::character::PlayerId;
use crate::world::template::{RoomId, Scope};

use super::COMMAND_CHARS_MAX;

/// Letters of a command's name from which on its beginning is enough.
const PREFIX_MIN: usize = 4;
/// Characters of a line that the audit keeps.
const AUDIT_CHARS_MAX: usize = 300;

/// One command of builders.
pub struct BuildCommand {
    /// The first name is the one shown. Each begins with a slash.
    pub names: &'static [&'static str],
    /// The least rank that may type it.
    pub rank: u8,
    /// May scripts use it?
    pub in_scripts: bool,
    pub format: &'static str,
    pub description: &'static str,
    pub examples: &'static [&'static str],
    pub run: fn(&mut Turn, &Call),
}

/// One use of a command.
pub struct Call<'a> {
    /// Who does it, where it reaches, and by what right.
    pub course: Course,
    /// The command's first name.
    pub command: &'static str,
    /// The name that was used, which may decide what it does.
    pub name: &'a str,
    /// The rest of the line, trimmed.
    pub rest: &'a str,
    pub by_script: bool,
}

/// In the order in which beginnings of names are tried.
pub static TABLE: &[&BuildCommand] = &[
    &things::LOAD,
    &things::PURGE,
    &speech::ECHO,
    &orders::CMD,
    &travel::JUMP,
    &things::RESYNC,
    &speech::SEND,
    &speech::SEND_EXCEPT,
    &speech::NOTIFY,
    &travel::TRANSFER,
    &facts::FACT,
    &facts::MARK,
    &doors::OPEN,
    &doors::CLOSE,
    &doors::LOCK,
    &people::REGEN,
    &people::INVISIBLE,
    &people::TAKE,
    &people::AWARD,
    &people::MUTE,
    &people::KICK,
    &things::REPOP,
    &sight::STAT,
    &sight::FIND,
    &sight::WHY,
    &sight::TRACE,
    &sight::TROUBLE,
    &sight::PING,
    &sight::HELP,
];

/// The command with this name, or the first of which a name begins so.
pub fn find(word: &str) -> Option<(&'static BuildCommand, &'static str)> {
    let named = |means: &dyn Fn(&str) -> bool| {
        TABLE.iter().find_map(|command| Some((*command, *command.names.iter().find(|name| means(name))?)))
    };
    let whole = named(&|name| name == word);
    whole.or_else(|| named(&|name| word.len() >= PREFIX_MIN && name.starts_with(word)))
}

/// A player typed it.
pub fn typed(turn: &mut Turn, player: PlayerId, word: &str, rest: &str, line: &str) {
    let shown: String = word.chars().take(COMMAND_CHARS_MAX).collect();
    let Some((command, name)) = find(word) else {
        return turn.refuse(player, &shown, "unknown_cmd", "Unknown builder command.");
    };
    let Some((rank, account, own_name)) =
        turn.world.players.get(player).map(|row| (row.account.rank(), row.account.id, row.name.clone()))
    else {
        return;
    };
    let Some(room) = turn.world.room_of(Who::Player(player)) else { return };
    let allowed = rank >= command.rank;
    turn.out.outs.push(Out::Audit(Box::new(Audit {
        player,
        name: own_name.clone(),
        account,
        room,
        line: line.chars().take(AUDIT_CHARS_MAX).collect(),
        allowed,
    })));
    if !allowed {
        let text = match rank {
            0 => "You do not have permission to use builder commands.".to_owned(),
            _ => format!("{} is for builders of rank {} and above; yours is {rank}.", command.names[0], command.rank),
        };
        return turn.refuse(player, command.names[0], "permission", text);
    }
    let course = Course {
        doer: Doer::Char(Who::Player(player)),
        actor: Some(Who::Player(player)),
        audience: Scope::Room(room),
        depth: 0,
        name: format!("{name} of {own_name}"),
        said: line.to_owned(),
        rank,
    };
    (command.run)(turn, &Call { course, command: command.names[0], name, rest: rest.trim(), by_script: false });
}

/// A script does it.
pub fn by_script(turn: &mut Turn, course: &Course, word: &str, rest: &str) {
    let Some((command, name)) = find(word) else {
        return script::fail(turn, format!("Unknown command: {word}"));
    };
    if !command.in_scripts {
        return script::fail(turn, format!("{} is not for scripts.", command.names[0]));
    }
    if course.rank < command.rank {
        return script::fail(turn, format!("{} is for builders of rank {}.", command.names[0], command.rank));
    }
    let course = course.clone();
    (command.run)(turn, &Call { course, command: command.names[0], name, rest: rest.trim(), by_script: true });
}

impl Call<'_> {
    /// Who does it; none of a place.
    pub fn who(&self) -> Option<Who> {
        match self.course.doer {
            Doer::Char(who) => Some(who),
            Doer::Place => None,
        }
    }

    pub fn player(&self) -> Option<PlayerId> {
        self.who().and_then(Who::player)
    }

    /// Where it is done, or a refusal.
    pub fn room(&self, turn: &mut Turn) -> Option<RoomId> {
        let room = script::room_of(turn, self.course.doer, self.course.audience);
        if room.is_none() {
            self.refuse(turn, "invalid_room", "This needs a room to happen in.");
        }
        room
    }

    pub fn refuse(&self, turn: &mut Turn, code: &'static str, text: impl Into<String>) {
        match self.player() {
            Some(player) => turn.refuse(player, self.command, code, text),
            None => script::fail(turn, text),
        }
    }

    /// The words in which it is used.
    pub fn usage(&self, turn: &mut Turn) {
        let format = TABLE.iter().find(|command| command.names[0] == self.command).map_or("", |command| command.format);
        self.refuse(turn, "invalid_args", format!("Usage: {format}"));
    }

    /// It is done. A script needs no word of it.
    pub fn done(&self, turn: &mut Turn, text: impl Into<String>) {
        if let Some(player) = self.player().filter(|_| !self.by_script) {
            let kind = format!("cmd.{}.success", self.command);
            turn.tell(player, Frame::new(kind, text.into(), Data::Empty {}));
        }
    }

    /// May it reach beyond the room? `rank` is needed for it.
    pub fn may(&self, turn: &mut Turn, rank: u8) -> bool {
        let may = self.course.rank >= rank;
        if !may {
            self.refuse(turn, "permission", format!("That is for builders of rank {rank} and above."));
        }
        may
    }

    /// Someone in the world by name or key; `me` is whoever does it. Players anywhere, mobs in the room or by key.
    pub fn someone(&self, turn: &mut Turn, text: &str) -> Option<Who> {
        let found = self.look_for(turn, text);
        if found.is_none() {
            self.refuse(turn, "invalid_target", "Target not found.");
        }
        found
    }

    fn look_for(&self, turn: &Turn, text: &str) -> Option<Who> {
        let text = text.strip_prefix("mob:").unwrap_or(text);
        if matches!(text, "me" | "self") {
            return self.who();
        }
        let world = &*turn.world;
        if let Some(id) = text.strip_prefix("player.").and_then(|id| id.parse().ok()) {
            return world.players.contains(id).then_some(Who::Player(id));
        }
        if let Some(id) = text.strip_prefix("mob.").and_then(|id| id.parse().ok()) {
            return world.mobs.contains(id).then_some(Who::Mob(id));
        }
        if let Some(player) = world.index.names.get(&text.to_lowercase()) {
            return Some(Who::Player(*player));
        }
        match self.who() {
            Some(who) => super::select::character_for(world, who, text),
            None => {
                let room = script::room_of(turn, self.course.doer, self.course.audience)?;
                let selector = super::select::Selector::parse(text);
                let mobs = world.chars_in(room).iter().filter_map(|who| who.mob());
                let words = |id| {
                    let mob = world.mobs.get(id).and_then(|mob| world.templates.mobs.get(&mob.template));
                    mob.map_or(&[][..], |template| &template.keywords)
                };
                selector.pick(mobs, |id| id, words).first().copied().map(Who::Mob)
            }
        }
    }

    /// A player in the world by name or key, or a refusal.
    pub fn somebody(&self, turn: &mut Turn, text: &str) -> Option<PlayerId> {
        match self.someone(turn, text)? {
            Who::Player(player) => Some(player),
            Who::Mob(_) => {
                self.refuse(turn, "invalid_target", "That is no player.");
                None
            }
        }
    }
}
