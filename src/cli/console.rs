//! Talking with the person at the console: questions and tables.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::play::PlayError;

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

/// Whoever reads may have had enough: that ends a tool, and is no mistake.
///
/// # Errors
/// The output cannot be written.
pub fn pipe(written: io::Result<()>) -> Result<(), PlayError> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(PlayError::new(format!("cannot write: {error}"))),
        Ok(()) => Ok(()),
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
