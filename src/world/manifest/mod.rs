//! Manifests: YAML documents in and out. [`read`] turns texts into located documents and reports
//! every problem with file, line and field; [`write`] gives the canonical texts of documents, which
//! read back as the same documents. What documents mean together is checked in `check.rs`.

mod read;
mod tree;
mod write;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::kinds::DocumentKind;
use super::spec::Document;
pub use read::read;
pub use tree::Node;
pub use write::{canonical, write, write_one};

/// Bytes of one file.
pub const FILE_BYTES_MAX: usize = 16 << 20;
/// Documents of one world.
pub const DOCUMENTS_MAX: usize = 200_000;
/// Characters of one text.
pub const TEXT_CHARS_MAX: usize = 65_536;
/// Levels of mappings and lists within one document.
pub const DEPTH_MAX: usize = 12;
/// Entries of one mapping or list.
pub const ENTRIES_MAX: usize = 2_048;
/// Reported at once; a file of another format would give thousands.
pub const PROBLEMS_MAX: usize = 200;
/// Bytes of a slug.
pub const SLUG_BYTES_MAX: usize = 64;

/// A text with the name that problems call it by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// A relative path with `/`.
    pub path: String,
    pub text: String,
}

/// A document and where it stands.
#[derive(Clone, Debug)]
pub struct Located {
    pub document: Document,
    pub file: Arc<str>,
    /// 1 is the first; 0 where the document comes from no text.
    pub line: u32,
    node: Option<Arc<Node>>,
}

impl Located {
    /// The line of a field, written as `spec.exits.north` or `spec.rules.2.mob`; of the nearest
    /// enclosing field where it is not in the text.
    pub fn line_of(&self, field: &str) -> u32 {
        self.node.as_ref().map_or(self.line, |node| node.line_of(field))
    }

    /// A problem of one field; an empty field is the document as a whole.
    pub fn problem(&self, severity: Severity, field: impl Into<String>, message: impl Into<String>) -> Problem {
        let field = field.into();
        Problem {
            severity,
            file: self.file.to_string(),
            line: self.line_of(&field),
            subject: subject(self.document.kind(), self.document.slug()),
            field,
            message: message.into(),
        }
    }
}

/// Documents that come from no text, as those of a database.
impl From<Document> for Located {
    fn from(document: Document) -> Self {
        Self { document, file: "".into(), line: 0, node: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
}

/// What is wrong and where; shown to builders as one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub severity: Severity,
    /// Empty where the document comes from no text.
    pub file: String,
    /// 0 is unknown.
    pub line: u32,
    /// As in "room `quay-steps`"; may be empty.
    pub subject: String,
    /// As in "spec.exits.north"; may be empty.
    pub field: String,
    pub message: String,
}

impl Problem {
    pub fn error(file: impl Into<String>, line: u32, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            line,
            subject: String::new(),
            field: String::new(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}:", self.file)?;
            if self.line > 0 {
                write!(f, "{}:", self.line)?;
            }
            f.write_str(" ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        for part in [&self.subject, &self.field].into_iter().filter(|part| !part.is_empty()) {
            write!(f, "{part}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// "room `quay-steps`", as problems name things.
pub fn subject(kind: DocumentKind, slug: &str) -> String {
    format!("{} `{slug}`", kind.as_str().replace('_', " "))
}

/// Whether the text can be a slug: `[a-z0-9][a-z0-9-]*`, at most 64 bytes.
pub fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=SLUG_BYTES_MAX).contains(&bytes.len())
        && bytes[0] != b'-'
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// "; did you mean `x`?" when one of the known names is close, else nothing.
pub fn suggestion<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let limit = (wrong.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .filter(|name| name.len().abs_diff(wrong.len()) <= limit * 4)
        .map(|name| (distance(wrong, name), name))
        .filter(|(distance, name)| *distance <= limit || (wrong.len() >= 4 && name.starts_with(wrong)))
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

/// Insertions, deletions, replacements and swaps of neighbours between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests;
