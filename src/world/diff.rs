//! What an apply would change: which documents come, go or differ, and in which fields.
//! Made for people to read before they say yes.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::kinds::DocumentKind;
use super::manifest::{canonical, subject};
use super::spec::Document;

/// Characters of a value that are shown.
const SHOWN_CHARS_MAX: usize = 60;

/// One document that is not the same before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub kind: DocumentKind,
    pub slug: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Created,
    Changed(Vec<FieldChange>),
    /// Not among the new documents. An apply leaves it alone unless it prunes.
    Missing,
}

/// A field with its values in short; None is the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// The differences in canonical order. Spelling and order do not count.
pub fn diff(before: &[Document], after: &[Document]) -> Vec<Change> {
    let (before, after) = (canonical(before), canonical(after));
    let by_name = |documents: &[Document]| -> BTreeMap<(DocumentKind, String), Value> {
        documents.iter().map(|d| ((d.kind(), d.slug().to_owned()), spec_of(d))).collect()
    };
    let (before, after) = (by_name(&before), by_name(&after));
    let mut changes = Vec::new();
    let mut names: Vec<&(DocumentKind, String)> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let what = match (before.get(name), after.get(name)) {
            (None, _) => What::Created,
            (_, None) => What::Missing,
            (Some(old), Some(new)) => {
                let mut fields = Vec::new();
                compare("spec", Some(old), Some(new), &mut fields);
                if fields.is_empty() {
                    continue;
                }
                What::Changed(fields)
            }
        };
        changes.push(Change { kind: name.0, slug: name.1.clone(), what });
    }
    changes
}

fn spec_of(document: &Document) -> Value {
    // A document of ours is always a mapping with a spec.
    serde_json::to_value(document)
        .ok()
        .and_then(|mut value| value.get_mut("spec").map(Value::take))
        .unwrap_or(Value::Null)
}

fn compare(field: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<FieldChange>) {
    match (before, after) {
        (a, b) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                compare(&format!("{field}.{key}"), a.get(key), b.get(key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.iter().chain(b).any(Value::is_object) => {
            for index in 0..a.len().max(b.len()) {
                compare(&format!("{field}.{index}"), a.get(index), b.get(index), found);
            }
        }
        (a, b) => found.push(FieldChange { field: field.to_owned(), before: a.map(short), after: b.map(short) }),
    }
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text,
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = subject(self.kind, &self.slug);
        match &self.what {
            What::Created => write!(f, "+ {name}"),
            What::Missing => write!(f, "- {name}"),
            What::Changed(fields) => {
                write!(f, "~ {name}")?;
                for change in fields {
                    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(default)".into());
                    write!(f, "\n    {}: {} -> {}", change.field, shown(&change.before), shown(&change.after))?;
                }
                Ok(())
            }
        }
    }
}

/// The changes line by line, and their number. `prunes` says whether missing documents go.
pub fn describe(changes: &[Change], prunes: bool) -> String {
    let mut text: String =
        changes.iter().filter(|c| prunes || c.what != What::Missing).map(|change| format!("{change}\n")).collect();
    let count = |of: fn(&What) -> bool| changes.iter().filter(|change| of(&change.what)).count();
    let (created, changed, missing) = (
        count(|what| *what == What::Created),
        count(|what| matches!(what, What::Changed(_))),
        count(|what| *what == What::Missing),
    );
    text.push_str(&match (created + changed + missing, missing, prunes) {
        (0, ..) => "Nothing changes.".to_owned(),
        (_, 0, _) => format!("{created} created, {changed} changed."),
        (_, _, true) => format!("{created} created, {changed} changed, {missing} removed."),
        (_, _, false) => format!("{created} created, {changed} changed; {missing} not in the files stay as they are."),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::fixture;

    #[test]
    fn the_same_world_does_not_differ() {
        let mut again = fixture::documents();
        again.reverse();
        assert_eq!(diff(&fixture::documents(), &again), []);
        assert_eq!(describe(&[], false), "Nothing changes.");
    }

    #[test]
    fn changes_name_their_fields() {
        let before = fixture::documents();
        let mut after = before.clone();
        after.retain(|document| document.slug() != "punt");
        for document in &mut after {
            match document {
                Document::Room { metadata, spec } if metadata.slug == "lane" => {
                    spec.exits.shift_remove(&crate::world::kinds::Direction::North);
                    spec.details[0].words.push("rose".into());
                    spec.description = "Mud. ".repeat(40);
                }
                Document::Mob { metadata, .. } if metadata.slug == "dog" => metadata.slug = "mastiff".into(),
                _ => {}
            }
        }
        let changes = diff(&before, &after);
        let text = describe(&changes, true);
        let mud = "Mud. ".repeat(12);
        assert_eq!(
            text,
            format!(
                "~ room `lane`\n    spec.description: Hedges lean in from both sides. -> {mud}\u{2026}\n    \
                 spec.details.0.words: [\"hedges\",\"hedge\"] -> [\"hedges\",\"hedge\",\"rose\"]\n    \
                 spec.exits.north: ford -> (default)\n- item `punt`\n- mob `dog`\n+ mob `mastiff`\n\
                 1 created, 1 changed, 2 removed."
            )
        );
        let careful = describe(&changes, false);
        assert!(careful.ends_with("1 created, 1 changed; 2 not in the files stay as they are."), "{careful}");
        assert!(!careful.contains("punt"));
    }
}
