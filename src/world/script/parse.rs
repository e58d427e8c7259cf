//! The parser of lines and of texts with names in them. Errors are a column and a message.

use super::*;
use crate::world::manifest::suggestion;

type Fault = (usize, String);

/// What is known by a name alone.
const NAMES: [&str; 33] = [
    "actor",
    "actor_key",
    "actor.they",
    "actor.them",
    "actor.their",
    "actor.themself",
    "actor_data.level",
    "actor_data.experience",
    "actor_data.health",
    "actor_data.health_max",
    "actor_data.mana",
    "actor_data.stamina",
    "actor_data.gold",
    "actor_data.glory",
    "actor_data.medals",
    "self",
    "self_key",
    "self.they",
    "self.them",
    "self.their",
    "self.themself",
    "room",
    "room_key",
    "zone",
    "world",
    "text",
    "actor_marks.NAME",
    "facts.NAME",
    "actor_name",
    "self_name",
    "fact",
    "old_value",
    "new_value",
];

#[cfg(test)]
pub(super) const NAMES_FOR_TESTS: [&str; 33] = NAMES;

/// A line: commands between `&&`.
pub(super) fn line(line: &str) -> Result<Line, Fault> {
    let chars: Vec<char> = line.chars().collect();
    if chars.len() > LINE_CHARS_MAX {
        return Err((LINE_CHARS_MAX, format!("more than {LINE_CHARS_MAX} characters in one line")));
    }
    let mut steps = Vec::new();
    let mut at = 0;
    loop {
        while chars.get(at).is_some_and(|c| c.is_whitespace()) {
            at += 1;
        }
        let (step, after) = if chars.get(at) == Some(&'[') { chance(&chars, at)? } else { plain(&chars, at)? };
        steps.push(step);
        if steps.len() > LINE_STEPS_MAX {
            return Err((at + 1, format!("more than {LINE_STEPS_MAX} commands in one line")));
        }
        if after >= chars.len() {
            return Ok(steps);
        }
        at = after + 2;
    }
}

fn is_chain(chars: &[char], at: usize) -> bool {
    chars.get(at) == Some(&'&') && chars.get(at + 1) == Some(&'&')
}

/// A command up to the next `&&`, and where that or the end is.
fn plain(chars: &[char], start: usize) -> Result<(Step, usize), Fault> {
    let end = (start..chars.len()).find(|at| is_chain(chars, *at)).unwrap_or(chars.len());
    let command: String = chars[start..end].iter().collect();
    let command = command.trim_end();
    if command.is_empty() {
        return Err((start + 1, "a command is missing".into()));
    }
    Ok((Step::Do(text(command, start + 1, Place::Script)?), end))
}

/// `[chance, one command, another]` from its bracket on, and where the next `&&` or the end is.
fn chance(chars: &[char], open: usize) -> Result<(Step, usize), Fault> {
    let mut parts: Vec<(String, usize)> = Vec::new();
    let mut at = open + 1;
    loop {
        let (part, column, after) = choice(chars, at, open)?;
        parts.push((part, column));
        at = after + 1;
        if chars[after] == ']' {
            break;
        }
    }
    let [(percent, column), choices @ ..] = &parts[..] else { return Err((open + 1, CHANCE_FORM.into())) };
    let percent = percent.parse::<u32>().ok().filter(|percent| *percent <= 100);
    let Some(percent) = percent else { return Err((*column, "the chance is a whole number from 0 to 100".into())) };
    if choices.is_empty() || choices.len() > 2 {
        return Err((open + 1, CHANCE_FORM.into()));
    }
    if let Some((_, column)) = choices.iter().find(|(command, _)| command.is_empty()) {
        return Err((*column, "a command is missing".into()));
    }
    let mut texts = Vec::new();
    for (command, column) in choices {
        texts.push(text(command, *column, Place::Script)?);
    }
    let mut texts = texts.into_iter();
    let then = texts.next().unwrap_or_default();
    while chars.get(at).is_some_and(|c| c.is_whitespace()) {
        at += 1;
    }
    if at < chars.len() && !is_chain(chars, at) {
        return Err((at + 1, "after `]` there is only `&&`, or nothing".into()));
    }
    Ok((Step::Chance { percent, then, otherwise: texts.next() }, at))
}

const CHANCE_FORM: &str =
    "a choice is `[chance, command]` or `[chance, command, other command]`; a command with a comma stands in quotes";

/// One part of a choice, its column, and where the comma or bracket after it is.
fn choice(chars: &[char], start: usize, open: usize) -> Result<(String, usize, usize), Fault> {
    let unended = || (open + 1, "a `[` that does not end".to_owned());
    let mut at = start;
    while chars.get(at).is_some_and(|c| c.is_whitespace()) {
        at += 1;
    }
    let first = at;
    let mut part = String::new();
    if chars.get(at) == Some(&'"') {
        at += 1;
        loop {
            match chars.get(at).ok_or_else(unended)? {
                '"' => break,
                '\\' => {
                    at += 1;
                    part.push(*chars.get(at).ok_or_else(unended)?);
                }
                c => part.push(*c),
            }
            at += 1;
        }
        at += 1;
        while chars.get(at).is_some_and(|c| c.is_whitespace()) {
            at += 1;
        }
        return match chars.get(at).ok_or_else(unended)? {
            ',' | ']' => Ok((part, first + 2, at)),
            _ => Err((at + 1, "after a quoted command there is `,` or `]`".into())),
        };
    }
    loop {
        match chars.get(at).ok_or_else(unended)? {
            ',' | ']' => return Ok((part.trim_end().to_owned(), first + 1, at)),
            c => part.push(*c),
        }
        at += 1;
    }
}

/// A text whose first character has this column.
pub(super) fn text(text: &str, column: usize, place: Place) -> Result<Text, Fault> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut column = column;
    while let Some((before, after)) = rest.split_once("{{") {
        let open = column + before.chars().count();
        let Some((name, behind)) = after.split_once("}}") else { return Err((open, "`{{` without `}}`".into())) };
        if !before.is_empty() {
            parts.push(Part::Plain(before.to_owned()));
        }
        let Some(variable) = variable(name.trim(), place) else {
            let known = NAMES.iter().copied().filter(|known| variable_of(known, place));
            let close = suggestion(name.trim(), known);
            return Err((open, format!("nothing is known as `{{{{ {} }}}}`{close}", name.trim())));
        };
        parts.push(Part::Name(variable));
        column = open + name.chars().count() + 4;
        rest = behind;
    }
    if !rest.is_empty() {
        parts.push(Part::Plain(rest.to_owned()));
    }
    Ok(Text { parts })
}

fn variable_of(name: &str, place: Place) -> bool {
    variable(name, place).is_some()
}

fn variable(name: &str, place: Place) -> Option<Variable> {
    if place == Place::FactChange {
        return Some(match name {
            "fact" => Variable::Change(Change::Fact),
            "old_value" => Variable::Change(Change::OldValue),
            "new_value" => Variable::Change(Change::NewValue),
            "world" => Variable::Name(Of::World),
            _ => return Some(Variable::Fact(key(name, "facts.")?)),
        });
    }
    Some(match name {
        "actor" | "actor_name" => Variable::Name(Of::Actor),
        "self" | "self_name" => Variable::Name(Of::Own),
        "room" => Variable::Name(Of::Room),
        "zone" => Variable::Name(Of::Zone),
        "world" => Variable::Name(Of::World),
        "actor_key" => Variable::Key(Of::Actor),
        "self_key" => Variable::Key(Of::Own),
        "room_key" => Variable::Key(Of::Room),
        "text" => Variable::Said,
        _ => {
            if let Some(form) = name.strip_prefix("actor.") {
                Variable::Pronoun(Of::Actor, pronoun(form)?)
            } else if let Some(form) = name.strip_prefix("self.") {
                Variable::Pronoun(Of::Own, pronoun(form)?)
            } else if let Some(number) = name.strip_prefix("actor_data.") {
                Variable::Number(number_of(number)?)
            } else if let Some(mark) = key(name, "actor_marks.") {
                Variable::Mark(mark)
            } else {
                Variable::Fact(key(name, "facts.")?)
            }
        }
    })
}

/// What comes after the prefix, as the key of a mark or fact.
fn key(name: &str, prefix: &str) -> Option<String> {
    let key = name.strip_prefix(prefix)?;
    let is_key = !key.is_empty() && !key.chars().any(|c| c.is_whitespace() || matches!(c, '{' | '}'));
    is_key.then(|| key.to_owned())
}

fn pronoun(form: &str) -> Option<Pronoun> {
    Some(match form {
        "they" => Pronoun::They,
        "them" => Pronoun::Them,
        "their" => Pronoun::Their,
        "themself" => Pronoun::Themself,
        _ => return None,
    })
}

fn number_of(name: &str) -> Option<Number> {
    Some(match name {
        "level" => Number::Level,
        "experience" => Number::Experience,
        "health" => Number::Health,
        "health_max" => Number::HealthMax,
        "mana" => Number::Mana,
        "stamina" => Number::Stamina,
        "gold" => Number::Gold,
        "glory" => Number::Glory,
        "medals" => Number::Medals,
        _ => return None,
    })
}
