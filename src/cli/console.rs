//! Talking with the person at the console: questions, tables, and what changed between two texts.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::play::PlayError;

/// Longer texts are compared as a whole: the comparison takes time and memory by the product of their lines.
const COMPARED_LINES_MAX: usize = 2000;
/// Unchanged lines shown around a change.
const AROUND: usize = 2;

/// Asks on a terminal. Without one nobody can answer: `--yes` must have said it.
///
/// # Errors
/// The answer is no, or there is nobody to ask.
pub fn confirm(question: &str, yes: bool) -> Result<(), PlayError> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(PlayError::new("nothing was changed: there is no terminal to ask on, add --yes"));
    }
    print!("{question} [y/N] ");
    let _ = io::stdout().flush();
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(PlayError::new("nothing was changed")),
    }
}

/// Prints rows under a heading, each column as wide as its widest cell.
pub fn table(heading: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([heading[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let print = |cells: &mut dyn Iterator<Item = &str>| {
        let line: String = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        println!("{}", line.trim_end());
    };
    print(&mut heading.iter().copied());
    for row in rows {
        print(&mut row.iter().map(String::as_str));
    }
}

/// The lines that differ, `-` before those of the first text and `+` before those of the second, with a few around them.
pub fn difference(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if old.len() > COMPARED_LINES_MAX || new.len() > COMPARED_LINES_MAX {
        return format!("  ({} lines before, {} after)\n", old.len(), new.len());
    }
    let marked = marked(&old, &new);
    let changed: Vec<usize> = (0..marked.len()).filter(|i| marked[*i].0 != ' ').collect();
    let near = |i: usize| {
        let next = changed.partition_point(|at| *at < i);
        changed.get(next).is_some_and(|at| at - i <= AROUND) || (next > 0 && i - changed[next - 1] <= AROUND)
    };
    let mut text = String::new();
    let mut gap = false;
    for (i, (mark, line)) in marked.iter().enumerate() {
        if near(i) {
            text.push_str(&format!("  {mark} {line}\n"));
            gap = false;
        } else if !gap {
            text.push_str("    …\n");
            gap = true;
        }
    }
    text
}

/// All lines of both, in order, each marked as kept, removed or added; as many kept as possible.
fn marked<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    // common[i][j]: how many lines old[i..] and new[j..] can keep.
    let mut common = vec![vec![0u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::with_capacity(old.len().max(new.len()));
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push((' ', old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            lines.push(('-', old[i]));
            i += 1;
        } else {
            lines.push(('+', new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_shown() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let after = "a\nb\nc\nX\ne\nf\ng\nh\n";
        assert_eq!(difference(before, after), "    …\n    b\n    c\n  - d\n  + X\n    e\n    f\n    g\n  + h\n");
        assert_eq!(difference("", "a\n"), "  + a\n");
    }
}
