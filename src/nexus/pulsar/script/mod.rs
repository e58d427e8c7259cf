//! Scripts at work. The first line is done at once, each other one a Beat after the one before. Whoever does it (a
//! player, a mob, a place) may do what a script may; nothing that a script does starts a trigger. What it costs is
//! counted by commands, the same in every replay, and what is too much is left out and reported.

mod mob;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::nexus::beat::BEAT_MILLIS;
use crate::nexus::message::{Data, Frame};
use crate::world::character::PlayerId;
use crate::world::script::{self, Step};
use crate::world::template::{RoomId, Scope};

use super::command;
use super::instruction::Instruction;
use super::record::{MobId, Who};
use super::see;
use super::turn::Turn;

pub use mob::{Leaving, go};

/// Commands of scripts of one turn, however many scripts there are in it.
pub const TURN_STEPS_MAX: u32 = 200;
/// Scripts that cause one another, and commands within commands.
pub const SCRIPT_DEPTH_MAX: u8 = 8;
/// Timings that wait in a world; above this, scripts get no further lines.
pub const WAITING_MAX: usize = 20_000;
/// Entries of the builders' list of trouble.
pub const TROUBLE_MAX: usize = 30;
/// Characters of one of them.
pub const TROUBLE_CHARS_MAX: usize = 200;
/// Errors of one line of a script that are reported.
pub const ERRORS_MAX: usize = 5;

/// Who does what a script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Doer {
    Char(Who),
    /// The place of the script itself; it can do what needs nobody.
    Place,
}

impl fmt::Display for Doer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(who) => f.write_str(&see::who_key(*who)),
            Self::Place => f.write_str("the place"),
        }
    }
}

/// A script that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    pub doer: Doer,
    /// Whoever caused it.
    pub actor: Option<Who>,
    /// Whom an echo without an audience of its own reaches; and where it happens, if a place does it.
    pub audience: Scope,
    /// How many scripts and commands caused one another up to here; 1 is the first.
    pub depth: u8,
    /// Whose script it is, for reports.
    pub name: String,
    /// What was typed, said, given or done.
    pub said: String,
    /// The builder's rank that its commands go by; a script of the world may do anything that scripts may.
    pub rank: u8,
}

/// The rank of what was saved with the world: whoever may save it may do all of it.
pub const SAVED: u8 = u8::MAX;

impl Course {
    /// The same one step deeper, for whom and where it may be another.
    pub fn within(&self, doer: Doer, audience: Scope) -> Self {
        Self { doer, audience, depth: self.depth.saturating_add(1), ..self.clone() }
    }
}

/// A script in the middle of one of its commands.
#[derive(Clone, Debug)]
pub struct Running {
    pub course: Course,
    errors: Vec<String>,
}

impl Running {
    /// The command went wrong. The first reason counts.
    pub fn fail(&mut self, text: impl Into<String>) {
        if self.errors.is_empty() {
            self.errors.push(text.into());
        }
    }
}

/// Begins a script: its first line now, the others in their time. What went wrong in the first line comes back.
pub fn run(turn: &mut Turn, course: Course, lines: &[String]) -> Vec<String> {
    let Some((first, rest)) = lines.split_first() else { return Vec::new() };
    // The later lines are set before the first is done: whatever it does to the doer, they were on their way.
    for (beats, text) in (1u64..).zip(rest) {
        later(turn, &course, beats, text.clone());
    }
    line(turn, &course, first)
}

/// One more line so many Beats from now.
pub fn later(turn: &mut Turn, course: &Course, beats: u64, line: String) {
    if turn.world.waiting.len() >= WAITING_MAX {
        return trouble(turn, &course.name, "too much waits already, so its further lines are left out");
    }
    turn.world.schedule(beats * BEAT_MILLIS, Instruction::ScriptLine { course: Box::new(course.clone()), line });
}

/// A later line of a script: its time has come.
pub fn go_on(turn: &mut Turn, course: &Course, text: &str) -> bool {
    let errors = line(turn, course, text);
    report(turn, course, errors);
    true
}

/// Does a line: its commands one after the other. What went wrong comes back, one error of each command.
pub fn line(turn: &mut Turn, course: &Course, text: &str) -> Vec<String> {
    if course.depth > SCRIPT_DEPTH_MAX {
        trouble(turn, &course.name, "scripts caused one another too deep, so this one was left out");
        return vec![format!("more than {SCRIPT_DEPTH_MAX} scripts within one another")];
    }
    let steps = match script::parse_line(text) {
        Ok(steps) => steps,
        // What was saved was checked: this is from another time.
        Err(error) => return vec![error.to_string()],
    };
    let mut errors = Vec::new();
    for step in &steps {
        if turn.steps >= TURN_STEPS_MAX {
            trouble(turn, &course.name, "more commands than one turn may do, so the rest was left out");
            errors.push(format!("more than {TURN_STEPS_MAX} commands at once"));
            break;
        }
        turn.steps += 1;
        let text = match step {
            Step::Do(text) => Some(text),
            Step::Chance { percent, then, otherwise } => {
                if turn.world.chance(*percent) {
                    Some(then)
                } else {
                    otherwise.as_ref()
                }
            }
        };
        let Some(text) = text else { continue };
        let command = text.fill(|name| words::value(turn, course, name));
        let outer = turn.script.replace(Running { course: course.clone(), errors: Vec::new() });
        act(turn, course, command.trim());
        let done = std::mem::replace(&mut turn.script, outer);
        errors.extend(done.into_iter().flat_map(|running| running.errors));
    }
    errors.truncate(ERRORS_MAX);
    errors
}

fn act(turn: &mut Turn, course: &Course, command: &str) {
    if command.is_empty() {
        return;
    }
    let (word, rest) = command::split_word(command);
    let word = word.to_lowercase();
    if word.starts_with('/') {
        return command::build::by_script(turn, course, &word, rest);
    }
    match course.doer {
        Doer::Char(Who::Player(player)) if turn.world.players.contains(player) => {
            command::by_script(turn, player, &word, rest);
        }
        Doer::Char(Who::Mob(mob)) if turn.world.mobs.contains(mob) => mob::act(turn, mob, &word, rest),
        // Whoever began it is gone: so is what they would have done.
        Doer::Char(_) => {}
        Doer::Place => fail(turn, format!("A place cannot {word}.")),
    }
}

/// The command that a script is at went wrong.
pub fn fail(turn: &mut Turn, text: impl Into<String>) {
    if let Some(running) = &mut turn.script {
        running.fail(text);
    }
}

/// Errors of a script: a player hears those of what they do themselves; the others are for the builders.
pub fn report(turn: &mut Turn, course: &Course, errors: Vec<String>) {
    if errors.is_empty() {
        return;
    }
    let is_own = course.actor.map(Doer::Char) == Some(course.doer);
    match course.actor {
        Some(Who::Player(player)) if is_own => {
            let text = errors.iter().map(|error| format!("Error: {error}")).collect::<Vec<_>>().join("\n");
            turn.tell(player, Frame::new("cmd.text.trigger", text, Data::Empty {}));
        }
        _ => {
            for error in errors {
                trouble(turn, &course.name, &error);
            }
        }
    }
}

/// Puts something on the list that builders read. What stands there already comes to its end.
pub fn trouble(turn: &mut Turn, name: &str, text: &str) {
    let entry: String = format!("{name}: {text}").chars().take(TROUBLE_CHARS_MAX).collect();
    let list = &mut turn.world.meta.trouble;
    list.retain(|known| *known != entry);
    list.push(entry);
    if list.len() > TROUBLE_MAX {
        list.remove(0);
    }
}

/// Where something happens.
pub fn room_of(turn: &Turn, doer: Doer, audience: Scope) -> Option<RoomId> {
    match (doer, audience) {
        (Doer::Char(who), _) => turn.world.room_of(who),
        (Doer::Place, Scope::Room(room)) => Some(room),
        (Doer::Place, _) => None,
    }
}

/// The players of an audience, in a stable order. `room` is where it is, for audiences that follow whoever does it.
pub fn hearers(turn: &Turn, audience: Scope) -> Vec<PlayerId> {
    let world = &*turn.world;
    match audience {
        Scope::Room(room) => world.players_in(room).collect(),
        Scope::Zone(zone) => world.index.awake.get(&zone).into_iter().flatten().copied().collect(),
        Scope::World => world.players.iter().map(|(id, _)| id).collect(),
    }
}

/// A mob that does something, as a name that begins a sentence.
pub fn mob_name(turn: &Turn, mob: MobId) -> String {
    crate::world::keywords::capitalized(&turn.name(Who::Mob(mob)))
}
