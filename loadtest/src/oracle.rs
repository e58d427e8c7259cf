//! Is what players see right while the load is on? Every acknowledged utterance must have reached every listener in its
//! room once, and each speaker's in order. Listeners never move, and are there from before the first word until after the
//! last, so that there is no doubt about who should have heard what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Problems that are written out; the rest is counted.
const PROBLEMS_SHOWN: usize = 5;

/// Who said what where, and who heard it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Room, speaker: the numbers of the utterances that the server acknowledged, in order.
    pub said: BTreeMap<String, BTreeMap<i64, Vec<u32>>>,
    /// Speaker: numbers of utterances that were never answered; they may have been heard.
    pub open: BTreeMap<i64, Vec<u32>>,
    pub listeners: Vec<Listener>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    pub player: i64,
    pub room: String,
    /// Speaker: numbers in the order in which they came.
    pub heard: BTreeMap<i64, Vec<u32>>,
}

/// What the check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Utterances times listeners that were compared.
    pub checked: u64,
    pub missing: u64,
    pub twice_or_out_of_order: u64,
    /// Heard in a room in which it was not said.
    pub astray: u64,
    pub problems: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.missing + self.twice_or_out_of_order + self.astray == 0
    }

    pub fn add(&mut self, other: Self) {
        self.checked += other.checked;
        self.missing += other.missing;
        self.twice_or_out_of_order += other.twice_or_out_of_order;
        self.astray += other.astray;
        self.problems.extend(other.problems);
        self.problems.truncate(PROBLEMS_SHOWN);
    }

    fn problem(&mut self, text: String) {
        if self.problems.len() < PROBLEMS_SHOWN {
            self.problems.push(text);
        }
    }
}

impl Talk {
    pub fn add(&mut self, other: Self) {
        for (room, speakers) in other.said {
            self.said.entry(room).or_default().extend(speakers);
        }
        self.open.extend(other.open);
        self.listeners.extend(other.listeners);
    }

    pub fn acknowledged(&mut self, room: &str, speaker: i64, number: u32) {
        match self.said.get_mut(room) {
            Some(speakers) => speakers.entry(speaker).or_default().push(number),
            None => drop(self.said.insert(room.to_owned(), BTreeMap::from([(speaker, vec![number])]))),
        }
    }

    /// Holds what was heard against what was said.
    pub fn judge(&self) -> Verdict {
        let mut verdict = Verdict::default();
        let nothing = BTreeMap::new();
        for listener in &self.listeners {
            let said = self.said.get(&listener.room).unwrap_or(&nothing);
            for (speaker, numbers) in said {
                let heard = listener.heard.get(speaker).map_or(&[][..], Vec::as_slice);
                verdict.checked += numbers.len() as u64;
                let missing = numbers.iter().filter(|number| !heard.contains(number)).count() as u64;
                if missing > 0 {
                    verdict.missing += missing;
                    verdict.problem(format!(
                        "player {} in {} missed {missing} of {} utterances of player {speaker}",
                        listener.player,
                        listener.room,
                        numbers.len()
                    ));
                }
            }
            for (speaker, heard) in &listener.heard {
                let wrong = heard.windows(2).filter(|pair| pair[0] >= pair[1]).count() as u64;
                if wrong > 0 {
                    verdict.twice_or_out_of_order += wrong;
                    verdict.problem(format!("player {} heard player {speaker} twice or out of order", listener.player));
                }
                let known = said.get(speaker).map_or(&[][..], Vec::as_slice);
                let open = self.open.get(speaker).map_or(&[][..], Vec::as_slice);
                let astray = heard.iter().filter(|n| !known.contains(n) && !open.contains(n)).count() as u64;
                if astray > 0 {
                    verdict.astray += astray;
                    verdict.problem(format!(
                        "player {} in {} heard {astray} utterances of player {speaker} from elsewhere",
                        listener.player, listener.room
                    ));
                }
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(said: &[u32], heard: &[u32]) -> Talk {
        let mut talk = Talk::default();
        said.iter().for_each(|number| talk.acknowledged("room.1", 7, *number));
        let heard = BTreeMap::from([(7, heard.to_vec())]);
        talk.listeners.push(Listener { player: 1, room: "room.1".into(), heard });
        talk
    }

    #[test]
    fn what_was_said_is_heard_once_and_in_order() {
        assert!(talk(&[1, 2, 5], &[1, 2, 5]).judge().is_clean());
        assert_eq!(talk(&[1, 2, 5], &[1, 5]).judge().missing, 1);
        assert_eq!(talk(&[1, 2], &[1, 2, 2]).judge().twice_or_out_of_order, 1);
        assert_eq!(talk(&[1, 2], &[2, 1]).judge().twice_or_out_of_order, 1);
        assert_eq!(talk(&[1], &[1, 3]).judge().astray, 1);
    }

    #[test]
    fn an_utterance_without_an_answer_may_be_heard_or_not() {
        let mut open = talk(&[1], &[1, 2]);
        open.open.insert(7, vec![2]);
        assert!(open.judge().is_clean());
        let mut open = talk(&[1], &[1]);
        open.open.insert(7, vec![2]);
        assert!(open.judge().is_clean());
    }
}
