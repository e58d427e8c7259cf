//! What an import did, and what of the original has no counterpart: counted by kind and listed
//! record by record. Nothing is dropped without a line here.

use std::collections::BTreeMap;
use std::fmt;

/// What became of one thing that the format knows and ours does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// As in "room 3001".
    pub record: String,
    pub text: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was made: "rooms", "exits", and so on.
    pub made: BTreeMap<&'static str, usize>,
    /// Parts of the map that no exit connects.
    pub islands: usize,
    /// By what it is, in words.
    pub kept: BTreeMap<&'static str, Vec<Kept>>,
}

pub const DOUBLES: &str = "records whose number another one has (one of the two is left out)";
pub const OUTSIDE: &str = "exits that lead outside of what was imported (kept in the notes)";
pub const NOWHERE: &str = "exits that lead nowhere (kept in the notes)";
pub const DIAGONAL: &str = "exits in a diagonal direction (kept in the notes)";
pub const SECOND_EXIT: &str = "second exits in one direction (kept in the notes)";
pub const DOOR_TRAITS: &str = "doors that were pickproof or hidden (kept in the notes)";
pub const DOOR_KEYS: &str = "doors whose key was not imported (kept in the notes)";
pub const ONE_SIDED_DOORS: &str = "doors on one side of a way, which stand on both now";
pub const ROOM_FLAGS: &str = "rooms with flags without a counterpart (kept in the notes)";
pub const SECTORS: &str = "rooms of a sector without a counterpart (the original kept in the notes)";
pub const DETAILS: &str = "extra descriptions whose words another one has (kept in the notes)";
pub const HOMELESS: &str = "rooms outside of every zone's numbers (put into a zone of their own)";
pub const LEVELS: &str = "mobs above level 20 (clamped, the original kept in the notes)";
pub const MOB_TRAITS: &str = "mobs with traits without a counterpart (kept in the notes)";
pub const ITEM_TRAITS: &str = "objects with traits without a counterpart (kept in the notes)";
pub const WEIGHTS: &str = "weights and rents of all objects (kept in the notes)";
pub const ITEM_AFFECTS: &str = "objects with affects without a counterpart (kept in the notes)";
pub const TRIGGERS: &str = "triggers kept as drafts (in the notes of what they were attached to)";
pub const TRIGGERS_ALONE: &str = "triggers attached to nothing imported (kept as drafts in the notes of their zone)";
pub const TRIGGERS_MISSING: &str = "attachments of triggers that were not imported (kept in the notes)";
pub const TOO_LONG: &str = "texts for which the notes had no room (kept here alone)";
pub const QUESTS: &str = "quests kept as drafts (in the notes of their giver)";
pub const SHOPS: &str = "shops' prices, hours and words (kept in the notes of their keeper)";
pub const SHOPS_ALONE: &str = "shops whose keeper was not imported (left out)";
pub const ZONE_TRAITS: &str = "zones' builders, flags and reset modes (kept in the notes)";
pub const RESETS_LOST: &str = "reset commands that name something not imported (left out)";
pub const RESETS_UNCHAINED: &str = "reset commands that depended on a load and no longer do";
pub const RESETS_LIMITED: &str = "loads beyond the limit that the world sets (left out)";
pub const RESETS_REMOVE: &str =
    "reset commands that removed objects (not needed: a loader never makes more than its copies)";
pub const RESETS_SCRIPT: &str = "reset commands for triggers and variables (kept in the notes of the zone)";

impl Report {
    pub fn made(&mut self, what: &'static str, count: usize) {
        *self.made.entry(what).or_default() += count;
    }

    pub fn keep(&mut self, what: &'static str, record: impl Into<String>, text: impl Into<String>) {
        self.kept.entry(what).or_default().push(Kept { record: record.into(), text: text.into() });
    }

    /// How many of one kind were kept.
    pub fn count(&self, what: &str) -> usize {
        self.kept.get(what).map_or(0, Vec::len)
    }

    /// The numbers alone, one line each.
    pub fn summary(&self) -> String {
        let made: Vec<String> = self.made.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let mut text = format!("{}\n{} islands\n", made.join(", "), self.islands);
        for (what, kept) in &self.kept {
            text.push_str(&format!("{:>6} {what}\n", kept.len()));
        }
        text
    }
}

/// The summary, then every record.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        for (what, kept) in &self.kept {
            write!(f, "\n{what}:\n")?;
            for Kept { record, text } in kept {
                writeln!(f, "  {record}: {text}")?;
            }
        }
        Ok(())
    }
}
