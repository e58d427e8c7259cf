//! Scripts: lines of commands that a trigger or a reaction runs. `&&` chains commands within a line; a command may be
//! `[chance, one command, another]`; `{{ name }}` stands for what is known when it runs. Parsing finds every mistake
//! of form and says where it is; what stands for a name never becomes a command of its own.

mod cron;
mod parse;

use std::fmt;

pub use cron::{Clock, Cron};

/// Lines of one script.
pub const SCRIPT_LINES_MAX: usize = 50;
/// Bytes of one script: a reaction travels to the Mob node and back in one instruction.
pub const SCRIPT_BYTES_MAX: usize = 8_000;
/// Characters of one line.
pub const LINE_CHARS_MAX: usize = 2_000;
/// Commands of one line.
pub const LINE_STEPS_MAX: usize = 32;

/// A parsed script. Blank lines are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub lines: Vec<Line>,
}

/// The commands of one line, in order.
pub type Line = Vec<Step>;

/// One command, or one of two by chance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Do(Text),
    /// In `percent` of a hundred cases the first; else the second, if there is one.
    Chance {
        percent: u32,
        then: Text,
        otherwise: Option<Text>,
    },
}

/// A text with names that stand for something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Plain(String),
    Name(Variable),
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// `actor`, `self`, `room`, `zone`, `world`: a name.
    Name(Of),
    /// `actor_key`, `self_key`, `room_key`.
    Key(Of),
    /// `actor.they` and the like.
    Pronoun(Of, Pronoun),
    /// `actor_data.level` and the like.
    Number(Number),
    /// `actor_marks.NAME`
    Mark(String),
    /// `facts.NAME`
    Fact(String),
    /// `text`: what was said, given or typed.
    Said,
    /// `fact`, `old_value`, `new_value`: of a fact that changes.
    Change(Change),
}

/// Whom or what a name is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Whoever caused it.
    Actor,
    /// Whoever does it.
    Own,
    Room,
    Zone,
    World,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pronoun {
    They,
    Them,
    Their,
    Themself,
}

/// Numbers of whoever caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Level,
    Experience,
    Health,
    HealthMax,
    Mana,
    Stamina,
    Gold,
    Glory,
    Medals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Fact,
    OldValue,
    NewValue,
}

/// Where a text stands, and so which names are known in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Script,
    /// What is told when a fact changes.
    FactChange,
}

/// Where a script cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// From 1; 1 of a text of one line.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at line {}, character {})", self.message, self.line, self.column)
    }
}

impl std::error::Error for ScriptError {}

impl Script {
    /// # Errors
    /// The first thing that cannot be read.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        if text.len() > SCRIPT_BYTES_MAX {
            let message = format!("{} bytes; a script may have {SCRIPT_BYTES_MAX}", text.len());
            return Err(ScriptError { line: 1, column: 1, message });
        }
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.trim().is_empty() {
                continue;
            }
            if lines.len() == SCRIPT_LINES_MAX {
                let message = format!("more than {SCRIPT_LINES_MAX} lines");
                return Err(ScriptError { line: number, column: 1, message });
            }
            lines.push(parse::line(line).map_err(|(column, message)| ScriptError { line: number, column, message })?);
        }
        Ok(Self { lines })
    }
}

/// One line of a script.
///
/// # Errors
/// The first thing that cannot be read.
pub fn parse_line(line: &str) -> Result<Line, ScriptError> {
    parse::line(line).map_err(|(column, message)| ScriptError { line: 1, column, message })
}

impl Text {
    /// # Errors
    /// A name that is not known, or braces that do not end.
    pub fn parse(text: &str, place: Place) -> Result<Self, ScriptError> {
        parse::text(text, 1, place).map_err(|(column, message)| ScriptError { line: 1, column, message })
    }

    /// The text with what its names stand for.
    pub fn fill(&self, mut value: impl FnMut(&Variable) -> String) -> String {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Plain(text) => filled.push_str(text),
                Part::Name(name) => filled.push_str(&value(name)),
            }
        }
        filled
    }

    /// The marks and facts that it names.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name),
            Part::Plain(_) => None,
        })
    }
}

#[cfg(test)]
mod tests;
