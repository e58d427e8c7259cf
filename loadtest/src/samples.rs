//! Frames as the engine really sent them, a bounded number of each type: the baselines send the same bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::persona::Dice;

/// Samples kept of one type.
const SAMPLES_MAX: usize = 128;
/// Types of which samples are kept: those that a baseline has to send.
const KINDS: [&str; 6] = [
    "cmd.move.success",
    "cmd.look.success",
    "cmd.say.success",
    "notification.movement.exit",
    "notification.movement.enter",
    "notification.cmd.say.success",
];

/// Frames by type. Each frame that came had the same chance to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    pub frames: BTreeMap<String, Vec<String>>,
    seen: BTreeMap<String, u64>,
}

impl Samples {
    pub fn offer(&mut self, kind: &str, frame: &str, dice: &mut Dice) {
        if !KINDS.contains(&kind) {
            return;
        }
        let seen = self.seen.entry(kind.to_owned()).or_default();
        *seen += 1;
        let frames = self.frames.entry(kind.to_owned()).or_default();
        if frames.len() < SAMPLES_MAX {
            frames.push(frame.to_owned());
        } else if let Some(place) = frames.get_mut(dice.below(*seen as usize)) {
            frame.clone_into(place);
        }
    }

    /// Takes over what another worker kept.
    pub fn add(&mut self, other: Self) {
        for (kind, frames) in other.frames {
            let kept = self.frames.entry(kind).or_default();
            kept.extend(frames);
            kept.truncate(SAMPLES_MAX);
        }
    }

    /// Whether there is a sample of everything that a baseline sends.
    pub fn is_complete(&self) -> bool {
        KINDS.iter().all(|kind| self.frames.get(*kind).is_some_and(|frames| !frames.is_empty()))
    }

    /// Made-up frames of usual size, for trying a baseline without a recording.
    pub fn invented() -> Self {
        let frame = |kind: &str, bytes: usize| {
            let frame = serde_json::json!({"type": kind, "text": "x".repeat(bytes), "data": {}});
            vec![frame.to_string()]
        };
        let sizes = [3000, 3000, 200, 150, 900, 250];
        let frames = KINDS.iter().zip(sizes).map(|(kind, bytes)| ((*kind).to_owned(), frame(kind, bytes)));
        Self { frames: frames.collect(), seen: BTreeMap::new() }
    }
}
