//! Turns that panic, as a bug would have them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::nexus::pulsar::instruction::Instruction;

static LAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// From now on every turn of this line, or of this clock (`beat`, `tic`), panics.
pub fn lay(word: &str) {
    LAID.lock().unwrap_or_else(PoisonError::into_inner).insert(word.to_owned());
}

/// No longer.
pub fn clear(word: &str) {
    LAID.lock().unwrap_or_else(PoisonError::into_inner).remove(word);
}

pub fn meet(instruction: &Instruction) {
    let word = match instruction {
        Instruction::Text { text, .. } => text,
        Instruction::ScriptLine { line, .. } => line,
        Instruction::Beat => "beat",
        Instruction::Tic => "tic",
        _ => return,
    };
    let is_laid = LAID.lock().unwrap_or_else(PoisonError::into_inner).contains(word);
    assert!(!is_laid, "a bomb goes off: {word}");
}
