//! A trial: people play on a stage in rounds. A round ends with the nexus, and then everything that anybody was shown is
//! held against what the disk says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use loadtest::persona::Dice;
use loadtest::stage::{Stage, StageOptions};
use realms::nexus::worlds::TemplateSets;
use realms::world::character::PlayerId;
use realms::world::template::WorldId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::chronicle::Chronicle;
use crate::client::{Client, Door, Pulse};
use crate::disk::Disk;
use crate::ledger::Ledger;
use crate::{oracle, place, town};

/// How long people think when they are calm.
const PAUSE: Duration = Duration::from_millis(30);
const PLAYERS_OF_A_WORLD: i64 = 8;
/// Gold that a character begins with in the town, and that the mobs of a town have together.
const GOLD: (i64, i64) = (60, 7);

/// What the live nexus said its worlds were: world, turn, hash.
pub type Hashes = BTreeMap<WorldId, BTreeMap<u64, String>>;

/// What rounds came to.
#[derive(Debug, Default)]
pub struct Sum {
    pub frames: usize,
    pub answers: u64,
    pub refusals: u64,
    /// Commands that were on their way when a round ended.
    pub open: usize,
    /// Hashes of the live worlds that were compared.
    pub hashes: usize,
    pub turns: u64,
    /// Returns of clients, and those of them that more was missed at than is kept.
    pub returns: u64,
    pub snapshots: usize,
}

pub struct Trial {
    pub stage: Stage,
    pub clients: Vec<Client>,
    pub chronicles: BTreeMap<WorldId, Chronicle>,
    ledger: Ledger,
    hashes: Hashes,
    /// See [`Disk::floors`]: as they were when the nexus was started last.
    floors: BTreeMap<PlayerId, u64>,
    pub sum: Sum,
}

/// People who play.
pub struct Playing {
    clients: Vec<JoinHandle<Client>>,
    asking: JoinHandle<Hashes>,
    over: CancellationToken,
    pub pulse: Arc<Pulse>,
}

impl Playing {
    /// Panics when somebody's play has ended although the nexus is there.
    pub fn undisturbed(&self) {
        let gone = self.clients.iter().filter(|client| client.is_finished()).count();
        assert_eq!(gone, 0, "players lost the nexus");
    }

    /// Waits for so many more frames, and that nobody minds whatever is done meanwhile.
    pub async fn goes_on(&self, frames: u64) {
        self.pulse.wait(frames).await;
        self.undisturbed();
    }
}

impl Trial {
    /// Puts a stage up, with players for its first two worlds. What the disk says before anybody plays is where the
    /// histories begin: for that the nexus is killed once.
    pub async fn begin(options: StageOptions) -> Self {
        let seed = options.seed;
        let mut stage = Stage::open(options, town()).await.unwrap();
        stage.kill().await.unwrap();
        let sets = Arc::new(TemplateSets::default());
        sets.put(&stage.forge.hash, stage.forge.templates.clone());
        let disk = Disk::read(&stage.data(), &place());
        assert!(disk.worlds.keys().copied().eq(stage.forge.spawns()), "{:?}", disk.worlds.keys());
        let chronicles =
            disk.worlds.into_iter().map(|(spawn, world)| (spawn, Chronicle::new(world, sets.clone()))).collect();
        let start = stage.forge.templates.world.starting_room;
        let seats = stage.forge.spawns().take(2).flat_map(|spawn| (0..PLAYERS_OF_A_WORLD).map(move |_| spawn));
        let clients = (1..).zip(seats).map(|(player, spawn)| Client::new(spawn, player, start, seed)).collect();
        stage.start_again().await.unwrap();
        let (ledger, hashes, floors) = (Ledger::default(), Hashes::new(), BTreeMap::new());
        Self { stage, clients, chronicles, ledger, hashes, floors, sum: Sum::default() }
    }

    /// From here on nobody leaves the world, and nobody loses the connection by themselves.
    pub fn stay(&mut self) {
        self.clients.iter_mut().for_each(|client| client.leaves = None);
    }

    /// From here on people take their time: there is something else to see than load.
    pub fn calm(&mut self) {
        self.clients.iter_mut().for_each(|client| client.pause = PAUSE);
    }

    /// A round begins.
    pub fn play(&mut self) -> Playing {
        let pulse = Arc::new(Pulse::default());
        let door = Door { forge: self.stage.forge.clone(), socket: self.stage.socket.clone(), pulse: pulse.clone() };
        let clients = self.clients.drain(..).map(|client| tokio::spawn(client.play(door.clone()))).collect();
        let over = CancellationToken::new();
        let asking = tokio::spawn(ask_hashes(door, over.clone()));
        Playing { clients, asking, over, pulse }
    }

    /// The round is over: the nexus has ended, in whatever way.
    pub async fn ended(&mut self, playing: Playing) {
        playing.over.cancel();
        self.hashes = playing.asking.await.unwrap();
        self.sum.hashes += self.hashes.values().map(BTreeMap::len).sum::<usize>();
        for client in playing.clients {
            let client = client.await.unwrap();
            self.sum.open += client.open.len();
            self.clients.push(client);
        }
    }

    /// Holds everything that is known against the disk of a nexus that does not run.
    pub fn look(&mut self) -> Result<Disk, String> {
        let mut disk = Disk::read(&self.stage.data(), &place());
        let mut problems = Vec::new();
        for (spawn, chronicle) in &mut self.chronicles {
            let Some(world) = disk.worlds.get_mut(spawn) else {
                problems.push(format!("world {spawn} is gone"));
                continue;
            };
            let said = |problem: String| format!("world {spawn}: {problem}");
            let hashes = self.hashes.remove(spawn).unwrap_or_default();
            if let Some((last, _)) = hashes.last_key_value()
                && *last > world.meta.seq
            {
                problems.push(said(format!("it was at turn {last}, and is at {}", world.meta.seq)));
            }
            let journal = disk.journal.remove(spawn).unwrap_or_default();
            let before = chronicle.world.meta.seq;
            problems.extend(chronicle.follow(&journal, world.meta.seq, &hashes).into_iter().map(said));
            self.sum.turns += chronicle.world.meta.seq - before;
            if chronicle.world.hash() != world.hash() {
                problems.push(said("cut and tail give another world than its whole history".into()));
            }
            for client in self.clients.iter_mut().filter(|client| client.spawn == *spawn) {
                let floor = self.floors.get(&client.player).copied().unwrap_or_default();
                problems.extend(chronicle.witness(client, floor).into_iter().map(said));
                self.sum.snapshots += client.gaps.len();
                self.sum.frames += client.shown.len();
                client.shown.clear();
                client.gaps.clear();
            }
        }
        self.floors = disk.floors.clone();
        let kept = self.stage.forge.characters();
        problems.extend(self.ledger.audit(&disk.worlds, &kept, &self.clients, GOLD));
        problems.extend(oracle::judge(&disk.worlds, &kept, &self.clients));
        let log = self.stage.log();
        problems.extend(log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).map(Into::into));
        if problems.is_empty() { Ok(disk) } else { Err(problems.join("\n")) }
    }

    /// As [`Self::look`], when nobody has played since: only to know what the next start finds.
    pub fn look_again(&mut self) {
        self.floors = Disk::read(&self.stage.data(), &place()).floors;
    }

    /// Kills the nexus in the middle of a round, and looks.
    pub async fn kill_and_look(&mut self, playing: Playing) -> Result<Disk, String> {
        playing.undisturbed();
        self.stage.kill().await.unwrap();
        self.ended(playing).await;
        self.look()
    }

    /// Prints what it came to. Without play and without anything to compare nothing was tried.
    pub fn end(mut self) {
        self.sum.answers = self.clients.iter().map(|client| client.answers).sum();
        self.sum.returns = self.clients.iter().map(|client| client.returns).sum();
        self.sum.refusals = self.clients.iter().map(|client| client.refusals).sum();
        println!("{:?}", self.sum);
        assert!(self.sum.answers > 0 && self.sum.hashes > 0 && self.sum.turns > 0, "{:?}", self.sum);
        assert!(self.sum.refusals * 2 < self.sum.answers, "{:?}", self.sum);
    }
}

/// Asks the live nexus for the hashes of its worlds until it is over.
async fn ask_hashes(door: Door, over: CancellationToken) -> Hashes {
    let mut dice = Dice::new(5);
    let mut hashes = Hashes::new();
    let asking = async {
        let nexus = door.forge.nexus().unwrap();
        loop {
            for spawn in door.forge.spawns() {
                let Ok(said) = nexus.get::<serde_json::Value>(&format!("worlds/{spawn}/hash")).await else { return };
                let (seq, hash) = (said["seq"].as_u64().unwrap(), said["hash"].as_str().unwrap().to_owned());
                let before = hashes.entry(spawn).or_default().insert(seq, hash.clone());
                assert!(before.is_none_or(|before| before == hash), "two worlds {spawn} at turn {seq}");
            }
            tokio::time::sleep(Duration::from_millis(20 + dice.below(80) as u64)).await;
        }
    };
    tokio::select! {
        () = asking => {}
        () = over.cancelled() => {}
    }
    hashes
}
