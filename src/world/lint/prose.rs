//! The texts as texts: that there are some, and that none says what another said.

use std::collections::BTreeMap;

use super::{World, error, marker, place, warning};
use crate::world::check::shown_texts;
use crate::world::keywords::words_of;
use crate::world::manifest::{Located, Problem};
use crate::world::spec::*;

/// Shorter sentences may recur ("It is dark.").
const WORDS_MIN: usize = 5;

/// Rooms, mobs and items without a description.
pub(super) fn nothing_written(world: &World<'_>) -> Vec<Problem> {
    let mut findings = Vec::new();
    for at in world.documents {
        match &at.document {
            Document::Room { spec, .. } if spec.description.trim().is_empty() => {
                findings.push(error(at, "spec.description", "a room needs a description"));
            }
            Document::Item { spec, .. } if spec.description.trim().is_empty() => {
                findings.push(warning(at, "spec.description", "nothing is seen when one looks at it"));
            }
            Document::Mob { spec, .. } if spec.description.trim().is_empty() => {
                findings.push(warning(at, "spec.description", "nothing is seen when one looks at it"));
            }
            _ => {}
        }
    }
    findings
}

/// Sentences that stand in two places.
pub(super) fn said_twice(world: &World<'_>) -> Vec<Problem> {
    let mut seen: BTreeMap<String, &Located> = BTreeMap::new();
    let mut findings = Vec::new();
    for at in world.documents {
        let (texts, notes) = shown_texts(&at.document);
        if marker(notes, "refrain").is_some() {
            continue;
        }
        for (field, text) in texts {
            for sentence in sentences(text) {
                let words: Vec<String> = words_of(sentence).collect();
                if words.len() < WORDS_MIN {
                    continue;
                }
                match seen.get(&words.join(" ")) {
                    Some(first) => {
                        let message = format!("\u{201c}{}\u{201d} also stands in {}", sentence.trim(), place(first));
                        findings.push(error(at, field.clone(), message));
                    }
                    None => {
                        seen.insert(words.join(" "), at);
                    }
                }
            }
        }
    }
    findings
}

/// A text cut after `.`, `!`, `?`.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?'])
}
