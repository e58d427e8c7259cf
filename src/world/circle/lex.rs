//! The lexical layer of Circle files: lines, tilde strings, numbers and flags.

use crate::world::manifest::{Problem, Source};

/// Walks the lines of one file.
pub struct Lines<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
    /// Index of the next line.
    at: usize,
}

impl<'a> Lines<'a> {
    pub fn new(source: &'a Source) -> Self {
        let lines = source.text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).collect();
        Self { file: &source.path, lines, at: 0 }
    }

    /// A problem of the line that was read last.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::error(self.file, self.at as u32, message)
    }

    /// The next line that is neither blank nor a comment (`*`).
    pub fn line(&mut self) -> Option<&'a str> {
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            if !line.trim().is_empty() && !line.starts_with('*') {
                return Some(line);
            }
        }
        None
    }

    pub fn expect(&mut self, what: &str) -> Result<&'a str, Problem> {
        self.line().ok_or_else(|| self.problem(format!("the file ends where {what} should stand")))
    }

    /// What the next line would be.
    pub fn peek(&self) -> Option<&'a str> {
        self.lines[self.at.min(self.lines.len())..]
            .iter()
            .find(|line| !line.trim().is_empty() && !line.starts_with('*'))
            .copied()
    }

    /// Lines up to one whose last character is `~`, joined with line breaks. Blank and `*` lines count here.
    pub fn string(&mut self, what: &str) -> Result<String, Problem> {
        let first = self.at;
        let mut text = String::new();
        while let Some(line) = self.lines.get(self.at) {
            self.at += 1;
            if let Some(last) = line.trim_end().strip_suffix('~') {
                text.push_str(last);
                return Ok(text);
            }
            text.push_str(line);
            text.push('\n');
        }
        self.at = first + 1;
        Err(self.problem(format!("{what} does not end: no line after this one ends with `~`")))
    }

    /// The numbers at the beginning of the next line; what follows them is a comment.
    pub fn numbers(&mut self, what: &str, least: usize) -> Result<Vec<i64>, Problem> {
        let line = self.expect(what)?;
        let numbers = leading_numbers(line);
        if numbers.len() < least {
            return Err(self.problem(format!("expected {least} numbers for {what}, found `{}`", line.trim())));
        }
        Ok(numbers)
    }

    /// The number of a record, from `#123` or `#123~`; None where the records end.
    pub fn record(&mut self) -> Result<Option<i64>, Problem> {
        let Some(line) = self.line() else { return Ok(None) };
        let line = line.trim();
        if line.starts_with('$') {
            return Ok(None);
        }
        let number = line.strip_prefix('#').map(|rest| rest.trim_end_matches('~').trim());
        match number.and_then(|number| number.parse().ok()) {
            Some(number) => Ok(Some(number)),
            None => Err(self.problem(format!("expected `#` and a number, or `$`, found `{line}`"))),
        }
    }
}

fn leading_numbers(line: &str) -> Vec<i64> {
    line.split_whitespace().map_while(|word| word.parse().ok()).collect()
}

/// A decimal number, or letters: a to z are bits 0 to 25, A to F bits 26 to 31.
pub fn flags(word: &str) -> Option<u64> {
    if let Ok(number) = word.parse::<i64>() {
        return Some(u64::from(number as u32));
    }
    word.chars().try_fold(0, |flags, c| {
        let bit = match c {
            'a'..='z' => c as u32 - 'a' as u32,
            'A'..='F' => 26 + c as u32 - 'A' as u32,
            _ => return None,
        };
        Some(flags | 1u64 << bit)
    })
}

/// The names of the set bits; those without a name by their number.
pub fn flag_names(flags: u64, names: &[&str]) -> Vec<String> {
    (0..64)
        .filter(|bit| flags >> bit & 1 == 1)
        .map(|bit| match names.get(bit) {
            Some(name) if !name.is_empty() => (*name).to_owned(),
            _ => format!("bit {bit}"),
        })
        .collect()
}
