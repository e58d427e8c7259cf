//! A world's history told once more, turn by turn from the journal and apart from the nexus: what everyone was shown
//! follows from it, and what the world was at each moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use realms::nexus::pulsar::instruction::{Applied, Instruction, What};
use realms::nexus::pulsar::turn::{self, Out, Output};
use realms::nexus::pulsar::world::World;
use realms::nexus::recover::read_turn;
use realms::nexus::worlds::TemplateSets;
use realms::world::character::PlayerId;

use crate::ledger;

/// What a character's socket would have been sent.
#[derive(Clone, Debug)]
pub enum Told {
    /// From here on to a new socket.
    Attached,
    Frame(String),
}

pub struct Chronicle {
    pub world: World,
    sets: Arc<TemplateSets>,
    /// What was told to whom since it was looked at last.
    pub told: BTreeMap<PlayerId, Vec<Told>>,
}

impl Chronicle {
    /// Begins with a world as a disk had it.
    pub fn new(world: World, sets: Arc<TemplateSets>) -> Self {
        Self { world, sets, told: BTreeMap::new() }
    }

    /// Goes on to the turn `last`. `hashes` are what the live nexus said its world was after some of them. What is wrong
    /// with the history comes back.
    pub fn follow(&mut self, journal: &[(u64, Vec<u8>)], last: u64, hashes: &BTreeMap<u64, String>) -> Vec<String> {
        let mut problems = Vec::new();
        self.told.clear();
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
                Out::Attach { player, .. } => self.told.entry(player).or_default().push(Told::Attached),
                Out::Message(message) => {
                    let frame = serde_json::to_string(&message.frame).unwrap();
                    for (player, _) in message.to {
                        self.told.entry(player).or_default().push(Told::Frame(frame.clone()));
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

    /// Holds what a character's connections were shown against what was told. Each connection saw what its socket was
    /// sent, from its beginning on, without a gap; how far is up to the network.
    pub fn witness(&self, player: PlayerId, connections: &[Vec<String>]) -> Vec<String> {
        let told = self.told.get(&player).map_or(&[][..], Vec::as_slice);
        let mut sockets: Vec<Vec<&str>> = Vec::new();
        for one in told {
            match (one, sockets.last_mut()) {
                (Told::Attached, _) => sockets.push(Vec::new()),
                (Told::Frame(frame), Some(socket)) => socket.push(frame),
                // Nobody was attached yet: it went nowhere.
                (Told::Frame(_), None) => {}
            }
        }
        let mut problems = Vec::new();
        let mut at = 0;
        for shown in connections.iter().filter(|shown| !shown.is_empty()) {
            // A socket whose client heard nothing before the end may lie between two that did.
            let fits = |socket: &Vec<&str>| socket.len() >= shown.len() && socket.iter().zip(shown).all(|(a, b)| a == b);
            match sockets[at..].iter().position(fits) {
                Some(further) => at += further + 1,
                None => problems.push(difference(player, shown, sockets.get(at))),
            }
        }
        problems
    }
}

fn difference(player: PlayerId, shown: &[String], told: Option<&Vec<&str>>) -> String {
    let nothing = Vec::new();
    let told = told.unwrap_or(&nothing);
    let same = told.iter().zip(shown).take_while(|(a, b)| a == b).count();
    let start = |frame: Option<&str>| frame.map(|frame| frame.chars().take(400).collect::<String>());
    format!(
        "player {player} was shown {} frames; the history agrees with the first {same} of them, and then has {:?} where \
         the player saw {:?}",
        shown.len(),
        start(told.get(same).copied()),
        start(shown.get(same).map(String::as_str)),
    )
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
