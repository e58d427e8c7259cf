//! A whole nexus on a folder of its own, its threads running, with players who speak to it past the sockets. There is no
//! Forge: its worlds are on its disk, and it does without.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use realms::config::{Durability, Secret};
use realms::nexus::drive::Arrival;
use realms::nexus::game::Outbound;
use realms::nexus::outbox::Outbox;
use realms::nexus::pulsar::beat;
use realms::nexus::pulsar::instruction::Instruction;
use realms::nexus::pulsar::record::Meta;
use realms::nexus::pulsar::world::World;
use realms::nexus::{Disk, Limits, Nexus, Options, Queues, Shared};
use realms::store::journal::JournalOptions;
use realms::store::state::{Cut, State};
use realms::world::character::{Account, Character, PlayerConfig, PlayerId};
use realms::world::compile::{Ids, compile};
use realms::world::kinds::*;
use realms::world::manifest::{self, Source};
use realms::world::set;
use realms::world::spec::Document;
use realms::world::template::{Templates, WorldId};
use tokio_util::sync::CancellationToken;

pub const SPAWN: WorldId = 1001;
const SEGMENT_BYTES: u64 = 32 * 1024;
/// No answer takes so long, however busy the machine is.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// The world of the fixture.
pub fn templates() -> Arc<Templates> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/world");
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let names = ["world.yaml", "rooms.yaml", "items.yaml", "mobs.yaml", "skills.yaml", "loaders.yaml"];
    let sources: Vec<Source> = names.iter().map(|name| Source { path: (*name).to_owned(), text: text(name) }).collect();
    let documents: Vec<Document> =
        manifest::read(&sources).unwrap().into_iter().map(|located| located.document).collect();
    Arc::new(compile(&documents, &Ids::sequential(&documents)).unwrap())
}

/// Puts a new world on the disk, as its start from a lease would. Gives its records at that moment, and its meta.
pub fn prepare(dir: &Path) -> Cut {
    let templates = templates();
    let bytes = templates.encode().unwrap();
    let hash = set::hash(&bytes);
    let meta = Meta {
        spawn: SPAWN,
        root: 1000,
        name: "Mill".into(),
        epoch: 1,
        incarnation: 1 << 20,
        seq: 0,
        now: 0,
        rng: rand_pcg::Pcg64Mcg::new(7),
        next_arrival: 1,
        ids: (1 << 30, (1 << 30) + (1 << 24)),
        ids_next: None,
        templates: hash.clone(),
        facts: Default::default(),
        asleep: Default::default(),
        engine: realms::nexus::worlds::ENGINE.into(),
        is_fresh: false,
        is_stopped: false,
        beats: 0,
        trouble: Vec::new(),
    };
    let mut world = World::empty(meta, templates);
    beat::wind_up(&mut world);
    let head = world.begin_cut(true);
    while !world.drain_cut(usize::MAX) {}
    let (meta, incarnation, seq) = (head.meta, head.incarnation, head.seq);
    let cut = Cut { spawn: SPAWN, meta, incarnation, seq, changes: world.take_cut().owned(), full: true };
    std::fs::create_dir_all(dir).unwrap();
    let mut state = State::open(&dir.join("state")).unwrap();
    state.put_blob(&key_of(&hash), &bytes).unwrap();
    state.commit(&cut).unwrap();
    cut
}

/// A small journal.
pub fn journal() -> JournalOptions {
    JournalOptions { segment_bytes: SEGMENT_BYTES, total_bytes: 16 * SEGMENT_BYTES, ..JournalOptions::default() }
}

fn key_of(hash: &str) -> [u8; 32] {
    std::array::from_fn(|at| u8::from_str_radix(&hash[2 * at..2 * at + 2], 16).unwrap())
}

/// A nexus that runs.
pub struct Rig {
    pub shared: Arc<Shared>,
    shutdown: CancellationToken,
    runs: tokio::task::JoinHandle<()>,
    next_session: u64,
}

impl Rig {
    /// Opens what is in the folder.
    pub async fn open(dir: &Path, disk: Disk) -> Self {
        let options = Options {
            name: "main".into(),
            data_dir: dir.to_owned(),
            // Nobody is there.
            forge_url: format!("unix:{}", dir.join("forge.sock").display()),
            own_url: "http://127.0.0.1:1".into(),
            ws_uri: String::new(),
            service_token: Secret::new("none"),
            redis: None,
            // Everything is kept.
            history_bytes: 1 << 40,
            durability: Durability::Strict,
            limits: Limits::default(),
            trusted_proxies: Default::default(),
        };
        let nexus = Nexus::open_on(options, disk, Queues::default()).await.unwrap();
        let (shared, shutdown) = (nexus.shared(), CancellationToken::new());
        let runs = tokio::spawn(nexus.run(shutdown.clone()));
        Self { shared, shutdown, runs, next_session: 7_000_000 }
    }

    /// Brings a new character in.
    pub async fn enter(&mut self, id: PlayerId, name: &str) -> Player {
        self.next_session += 1;
        let session = self.next_session;
        let outbox = Arc::new(Outbox::default());
        self.shared.outward.send(vec![Outbound::Open { session, outbox: outbox.clone() }]).unwrap();
        let bytes = postcard::to_stdvec(&character(id, name)).unwrap();
        let account = Account { id, name: name.to_lowercase(), ..Account::default() };
        let stage = Instruction::Stage { stage: session, part: 0, parts: 1, bytes };
        self.shared.inward.internal(SPAWN, stage).await;
        let config = PlayerConfig::default();
        let connect = Instruction::Connect { player: id, session, stage: Some(session), version: 0, account, config };
        self.shared.inward.internal(SPAWN, connect).await;
        let shared = self.shared.clone();
        let mut player = Player { id, session, shared, outbox, frames: VecDeque::new(), seen: 0 };
        player.until("cmd.state.sync.success").await;
        player
    }

    /// Has the world cut, and waits until that is stored.
    pub async fn cut(&self) {
        self.shared.inward.ask(|done| Arrival::Cut { spawn: SPAWN, done }).await.unwrap();
    }

    /// Stops it as a signal would.
    pub async fn stop(self) {
        self.shutdown.cancel();
        drop(self.shared);
        self.runs.await.unwrap();
    }
}

/// Someone who plays.
pub struct Player {
    pub id: PlayerId,
    session: u64,
    shared: Arc<Shared>,
    outbox: Arc<Outbox>,
    frames: VecDeque<serde_json::Value>,
    /// Number of the last message.
    pub seen: u64,
}

/// A frame as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    pub kind: String,
    pub text: String,
    /// The code of a refusal.
    pub code: String,
}

impl Player {
    /// Types a line, and does not wait for what comes of it.
    pub async fn gives(&self, text: &str) {
        let instruction = Instruction::Text { player: self.id, session: self.session, n: None, text: text.to_owned() };
        self.shared.inward.give(SPAWN, self.session, instruction).await;
    }

    /// The next frame, if one comes in time.
    pub async fn hears(&mut self, wait: Duration) -> Option<Heard> {
        while self.frames.is_empty() {
            let mut bytes = Vec::new();
            if !tokio::time::timeout(wait, self.outbox.take(&mut bytes, &mut Vec::new())).await.ok()? {
                return None;
            }
            self.frames = texts(&bytes);
        }
        let frame = self.frames.pop_front()?;
        let part = |of: &serde_json::Value| of.as_str().unwrap_or_default().to_owned();
        // A refusal of the engine itself belongs to no world, and has no number.
        self.seen = frame["seq"].as_u64().unwrap_or(self.seen);
        Some(Heard { kind: part(&frame["type"]), text: part(&frame["text"]), code: part(&frame["data"]["code"]) })
    }

    /// Reads on until a frame of this type; gives it.
    pub async fn until(&mut self, kind: &str) -> Heard {
        loop {
            let heard = self.hears(ANSWER_MAX).await.unwrap_or_else(|| panic!("no {kind} came"));
            if heard.kind == kind {
                return heard;
            }
        }
    }

    /// Types a line, and reads on until its answer.
    pub async fn types(&mut self, text: &str) -> Heard {
        self.gives(text).await;
        loop {
            let heard = self.hears(ANSWER_MAX).await.unwrap_or_else(|| panic!("no answer to {text}"));
            if heard.kind.starts_with("cmd.") {
                return heard;
            }
        }
    }
}

/// The text frames of a server's bytes.
fn texts(mut bytes: &[u8]) -> VecDeque<serde_json::Value> {
    let mut found = VecDeque::new();
    while let [kind, length, rest @ ..] = bytes {
        let (length, rest) = match length {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            length => (usize::from(*length), rest),
        };
        if kind & 0xf == 1 {
            found.push_back(serde_json::from_slice(&rest[..length]).unwrap());
        }
        bytes = &rest[length..];
    }
    found
}

fn character(id: PlayerId, name: &str) -> Character {
    Character {
        id,
        name: name.into(),
        title: String::new(),
        description: String::new(),
        level: 1,
        archetype: Archetype::Warrior,
        gender: Gender::Female,
        experience: 0,
        health: None,
        mana: None,
        stamina: None,
        gold: 0,
        glory: 0,
        medals: 0,
        currencies: vec![],
        is_immortal: false,
        is_muted: false,
        room: None,
        core_faction: None,
        factions: vec![],
        viewed_rooms: vec![],
        aliases: vec![],
        marks: vec![],
        mute_list: vec![],
        is_initialised: false,
        items: vec![],
        prowess: Default::default(),
    }
}
