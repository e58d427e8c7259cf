//! A world's history told once more, turn by turn from the journal and apart from the nexus: what everyone was shown
//! follows from it, and what the world was at each moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use realms::nexus::pulsar::instruction::{Applied, Instruction, What};
use realms::nexus::pulsar::turn::{self, Out, Output};
use realms::nexus::pulsar::world::World;
use realms::nexus::recover::read_turn;
use realms::nexus::resume::{KEPT_BYTES_MAX, KEPT_MESSAGES_MAX};
use realms::nexus::worlds::TemplateSets;
use realms::world::character::PlayerId;

use crate::client::Client;
use crate::ledger;

pub struct Chronicle {
    pub world: World,
    sets: Arc<TemplateSets>,
    /// By which turn everyone who is here came in.
    stays: BTreeMap<PlayerId, u64>,
    /// What was told to whom in which stay, by number.
    told: BTreeMap<(PlayerId, u64), BTreeMap<u64, Told>>,
}

/// A message: its text without its end, which is its number.
struct Told {
    body: Arc<str>,
    is_snapshot: bool,
}

impl Chronicle {
    /// Begins with a world as a disk had it.
    pub fn new(world: World, sets: Arc<TemplateSets>) -> Self {
        let stays = world.presences.iter().map(|(player, presence)| (player, presence.entered)).collect();
        Self { world, sets, stays, told: BTreeMap::new() }
    }

    /// Goes on to the turn `last`. `hashes` are what the live nexus said its world was after some of them. What is wrong
    /// with the history comes back.
    pub fn follow(&mut self, journal: &[(u64, Vec<u8>)], last: u64, hashes: &BTreeMap<u64, String>) -> Vec<String> {
        let mut problems = Vec::new();
        let begun = self.world.meta.seq;
        if let Some(hash) = hashes.get(&begun) {
            self.compare(hash, &mut problems);
        }
        for (seq, bytes) in journal.iter().filter(|(seq, _)| (begun + 1..=last).contains(seq)) {
            if *seq != self.world.meta.seq + 1 {
                problems.push(format!("turn {seq} does not follow {}", self.world.meta.seq));
                return problems;
            }
            self.turn(read_turn(bytes).unwrap(), &mut problems);
            if let Some(hash) = hashes.get(seq) {
                self.compare(hash, &mut problems);
            }
        }
        if self.world.meta.seq != last {
            problems.push(format!("the journal ends at turn {}, the world is at {last}", self.world.meta.seq));
        }
        problems
    }

    fn turn(&mut self, applied: Applied, problems: &mut Vec<String>) {
        let by_player = match &applied.what {
            What::Given(Instruction::Text { text, .. }) => Some(text.clone()),
            _ => None,
        };
        let before = (self.world.meta.ids, ledger::gold_of(&self.world));
        let mut output = Output::default();
        if !turn::replay(&mut self.world, applied, &*self.sets, &mut output) {
            problems.push(format!("turn {} had an effect, and has none", self.world.meta.seq + 1));
        }
        if let Some(text) = by_player
            && before != (self.world.meta.ids, ledger::gold_of(&self.world))
        {
            problems.push(format!("{text:?} made something out of nothing in turn {}", self.world.meta.seq));
        }
        for out in output.outs {
            match out {
                Out::Attach { player, entered, .. } => drop(self.stays.insert(player, entered)),
                Out::Detach { player } => drop(self.stays.remove(&player)),
                Out::Message(message) => {
                    let mut text = serde_json::to_string(&message.frame).unwrap();
                    text.pop();
                    let body: Arc<str> = text.into();
                    let is_snapshot = message.frame.kind == "cmd.state.sync.success";
                    for (player, number) in message.to {
                        let Some(entered) = self.stays.get(&player) else {
                            problems.push(format!("player {player} is told something, and is not here"));
                            continue;
                        };
                        let told = Told { body: body.clone(), is_snapshot };
                        self.told.entry((player, *entered)).or_default().insert(number, told);
                    }
                }
                _ => {}
            }
        }
    }

    fn compare(&mut self, said: &str, problems: &mut Vec<String>) {
        let hash = hex(&self.world.hash());
        if hash != said {
            problems.push(format!("at turn {} the live world was {said}, and is {hash}", self.world.meta.seq));
        }
    }

    /// Holds what a client was shown against what was told, message by message; and whether each gap that a snapshot filled
    /// had to be one. `floor` is the number up to which the nexus had nothing left of the character's messages.
    pub fn witness(&mut self, client: &Client, floor: u64) -> Vec<String> {
        let mut problems = Vec::new();
        let nothing = BTreeMap::new();
        for shown in &client.shown {
            let told = self.told.get(&(client.player, shown.entered)).unwrap_or(&nothing).get(&shown.number);
            let text = told.map(|told| format!("{},\"seq\":{}}}", told.body, shown.number));
            if text.as_ref() != Some(&shown.frame) {
                let (number, start) = (shown.number, |text: &str| text.chars().take(300).collect::<String>());
                problems.push(format!(
                    "player {} was shown {:?} as message {number}; the history has {:?}",
                    client.player,
                    start(&shown.frame),
                    text.as_deref().map(start),
                ));
            }
        }
        for gap in &client.gaps {
            let told = self.told.get(&(client.player, gap.entered)).unwrap_or(&nothing);
            let missed: Vec<&Told> = told.range(gap.last + 1..=gap.newest).map(|(_, told)| told).collect();
            let bytes: usize = missed.iter().map(|told| told.body.len()).sum();
            let much = missed.len() > KEPT_MESSAGES_MAX || bytes > KEPT_BYTES_MAX;
            if !much && gap.last >= floor && !missed.iter().any(|told| told.is_snapshot) {
                problems.push(format!(
                    "player {} missed {} messages of {bytes} bytes and got a snapshot: {gap:?}, floor {floor}",
                    client.player,
                    missed.len(),
                ));
            }
        }
        // What comes next is what was not shown yet, of this stay.
        let stay = client.stay.as_ref().map(|stay| (stay.entered, stay.last));
        self.told.retain(|(player, entered), _| *player != client.player || stay.is_none_or(|stay| *entered >= stay.0));
        if let Some((entered, last)) = stay
            && let Some(told) = self.told.get_mut(&(client.player, entered))
        {
            *told = told.split_off(&(last + 1));
        }
        problems
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
