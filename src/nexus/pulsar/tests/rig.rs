//! A world on a bench: instructions in, frames out, and the Mob node's part played at once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::nexus::message::Frame;
use crate::nexus::pulsar::instruction::{Instruction, Reply, Stay, What};
use crate::nexus::pulsar::record::{Ask, Meta, OpenErrand, Place, Who};
use crate::nexus::pulsar::turn::{self, Audit, Out, Output, Sets};
use crate::nexus::pulsar::world::World;
use crate::nexus::pulsar::{beat, equip, load};
use crate::nexus::timings::Due;
use crate::world::character::{Account, Character, PlayerConfig, PlayerId};
use crate::world::fixture;
use crate::world::kinds::*;
use crate::world::template::{RoomId, Templates};

/// The fixture's set, compiled once.
pub fn templates() -> Arc<Templates> {
    static SET: OnceLock<Arc<Templates>> = OnceLock::new();
    SET.get_or_init(|| Arc::new(fixture::templates())).clone()
}

/// An empty world of the fixture, its clocks wound up.
pub fn world() -> World {
    world_of(templates())
}

/// The same, of any set, which it knows as "fixture".
pub fn world_of(templates: Arc<Templates>) -> World {
    let meta = Meta {
        spawn: 1001,
        root: 1000,
        name: "Test".into(),
        epoch: 1,
        incarnation: 1,
        seq: 0,
        now: 0,
        rng: rand_pcg::Pcg64Mcg::new(7),
        next_arrival: 1,
        ids: (1 << 30, (1 << 30) + (1 << 24)),
        ids_next: None,
        templates: "fixture".into(),
        facts: Default::default(),
        asleep: Default::default(),
        engine: "test".into(),
        is_fresh: true,
        is_stopped: false,
        beats: 0,
        trouble: Vec::new(),
    };
    let mut world = World::empty(meta, templates);
    beat::wind_up(&mut world);
    world
}

/// A new character at its best.
pub fn character(id: PlayerId, name: &str) -> Character {
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

/// Template sets by name.
#[derive(Default)]
pub struct Named(pub BTreeMap<String, Arc<Templates>>);

impl Sets for Named {
    fn set(&self, hash: &str) -> Option<Arc<Templates>> {
        self.0.get(hash).cloned()
    }
}

/// One turn of a log.
pub struct Logged {
    pub at: u64,
    pub what: What,
    pub outs: Vec<String>,
    pub hash: [u8; 32],
}

/// Everything of an output that anyone could notice, as text.
pub fn written(outs: &[Out]) -> Vec<String> {
    let text = |out: &Out| match out {
        Out::Message(message) => {
            let frame = message.frame.json();
            assert_eq!(frame, serde_json::to_string(&*message.frame).unwrap(), "both ways to encode a frame");
            format!("{:?} {frame}", message.to)
        }
        other => format!("{other:?}"),
    };
    outs.iter().map(text).collect()
}

pub struct Rig {
    pub world: World,
    pub sets: Named,
    /// What was sent since it was last taken, in order.
    pub sent: Vec<(PlayerId, Arc<Frame>)>,
    /// Errands for the Forge since they were last taken.
    pub errands: Vec<OpenErrand>,
    /// Players whose sockets were let go.
    pub detached: Vec<PlayerId>,
    /// What builders did.
    pub audits: Vec<Audit>,
    /// The socket of each player.
    pub sessions: BTreeMap<PlayerId, u64>,
    next_session: u64,
    /// The number of the last message to each player.
    numbers: BTreeMap<PlayerId, u64>,
    /// The bench's own clock, in world milliseconds; a world's moves with its turns only.
    pub now: u64,
    /// Every turn with an effect: when, what, what came out of it, and the hash after it.
    pub log: Vec<Logged>,
    /// Whether turns are logged.
    pub logs: bool,
    /// Whether reactions are answered as soon as they are asked for.
    pub reacts: bool,
}

impl Default for Rig {
    fn default() -> Self {
        Self::new()
    }
}

impl Rig {
    pub fn new() -> Self {
        Self {
            world: world(),
            sets: Named::default(),
            sent: Vec::new(),
            errands: Vec::new(),
            detached: Vec::new(),
            audits: Vec::new(),
            sessions: BTreeMap::new(),
            next_session: 100,
            numbers: BTreeMap::new(),
            now: 0,
            log: Vec::new(),
            logs: false,
            reacts: true,
        }
    }

    /// Applies one turn; true if it had an effect.
    pub fn apply(&mut self, at: u64, what: What) -> bool {
        let mut out = Output::default();
        let logged = self.logs.then(|| what.clone());
        let before = self.logs.then(|| self.world.hash());
        let effective = turn::apply(&mut self.world, at, what, &self.sets, &mut out);
        if let Some(before) = before.filter(|_| !effective) {
            assert!(self.world.hash() == before, "a turn without effect changes nothing");
            assert!(out.outs.iter().all(|out| matches!(out, Out::Reject { .. })), "nor is anyone told of it");
        }
        if let Some(what) = logged.filter(|_| effective) {
            self.log.push(Logged { at, what, outs: written(&out.outs), hash: self.world.hash() });
        }
        self.spread(out.outs);
        effective
    }

    /// Something happens in a turn of its own that no instruction stands for.
    pub fn happen(&mut self, does: impl FnOnce(&mut turn::Turn)) {
        let mut out = Output::default();
        self.world.meta.seq += 1;
        self.world.ordinal = 0;
        does(&mut turn::Turn::new(&mut self.world, &mut out));
        self.spread(out.outs);
    }

    fn spread(&mut self, outs: Vec<Out>) {
        let mut reactions = Vec::new();
        for out in outs {
            match out {
                Out::Message(message) => {
                    for (player, number) in &message.to {
                        // One who came in anew is counted for anew.
                        let last = self.numbers.insert(*player, *number).unwrap_or(0);
                        assert!(*number == last + 1 || *number == 1, "message {number} after {last}");
                    }
                    self.sent.extend(message.to.iter().map(|(player, _)| (*player, message.frame.clone())));
                }
                Out::Reject { session, frame } => {
                    let player = self.sessions.iter().find(|(_, s)| **s == session).map_or(0, |(player, _)| *player);
                    self.sent.push((player, frame));
                }
                Out::Errand(errand) => match &errand.what {
                    Ask::React { lines, .. } if self.reacts => {
                        let lines = (0..).zip(lines.clone()).filter(|(_, line)| !line.trim().is_empty()).collect();
                        reactions.push((errand.id, lines));
                    }
                    _ => self.errands.push(errand),
                },
                Out::Detach { player } => self.detached.push(player),
                Out::Audit(audit) => self.audits.push(*audit),
                Out::Attach { player, welcome, .. } => {
                    self.sent.push((player, Frame::welcome("a way back".into(), &welcome).into()));
                }
                Out::Stopped => {}
            }
        }
        for (errand, lines) in reactions {
            self.give(Instruction::Answered { errand, answer: Reply::Reaction { lines } });
        }
    }

    /// Ten milliseconds later, an instruction from outside.
    pub fn give(&mut self, instruction: Instruction) -> bool {
        self.wait(10);
        self.apply(self.now, What::Given(instruction))
    }

    /// Lets time pass; what is due in it happens.
    pub fn wait(&mut self, millis: u64) {
        let until = self.now + millis;
        while let Some(due) = self.world.timings.pop(until) {
            if let Due::Own { due, arrival } = due {
                self.apply(due, What::Timer(arrival));
            }
        }
        self.now = until;
    }

    /// Brings a character in through a new socket.
    pub fn enter(&mut self, character: Character, account: Account) {
        let (player, config) = (character.id, PlayerConfig::default());
        let bytes = postcard::to_stdvec(&character).unwrap();
        self.next_session += 1;
        let session = self.next_session;
        self.sessions.insert(player, session);
        self.give(Instruction::Stage { stage: session, part: 0, parts: 1, bytes });
        let connect = Instruction::Connect { player, session, stage: Some(session), version: 0, account, config };
        self.give(connect);
    }

    pub fn enter_new(&mut self, id: PlayerId, name: &str) {
        self.enter(character(id, name), Account { id, name: name.to_lowercase(), ..Account::default() });
    }

    /// A new socket for a character that is in the world.
    pub fn link(&mut self, player: PlayerId, resume: bool) {
        self.next_session += 1;
        let session = self.next_session;
        self.sessions.insert(player, session);
        let account = self.world.players.get(player).map(|p| p.account.clone()).unwrap_or_default();
        let config = self.world.players.get(player).map(|p| p.config).unwrap_or_default();
        let presence = self.world.presences.get(player).filter(|_| resume);
        let instruction = match presence.map(|presence| (presence.entered, presence.messages)) {
            Some((entered, last)) => {
                let stay = Stay { account: account.id, incarnation: self.world.meta.incarnation, entered };
                Instruction::Resume { player, session, stay, last }
            }
            None => Instruction::Connect { player, session, stage: None, version: 0, account, config },
        };
        self.give(instruction);
    }

    pub fn session(&self, player: PlayerId) -> u64 {
        self.sessions.get(&player).copied().unwrap_or(0)
    }

    pub fn unlink(&mut self, player: PlayerId) -> bool {
        let session = self.session(player);
        self.give(Instruction::Unlink { player, session })
    }

    pub fn text(&mut self, player: PlayerId, text: &str) -> bool {
        self.numbered(player, None, text)
    }

    pub fn numbered(&mut self, player: PlayerId, n: Option<u64>, text: &str) -> bool {
        let session = self.session(player);
        self.give(Instruction::Text { player, session, n, text: text.into() })
    }

    /// What one player was sent since the last time, as (type, text).
    pub fn heard(&mut self, player: PlayerId) -> Vec<(String, String)> {
        let sent = std::mem::take(&mut self.sent);
        let heard = sent.iter().filter(|(to, _)| *to == player);
        let heard = heard.map(|(_, frame)| (frame.kind.to_string(), frame.text().into_owned())).collect();
        self.sent = sent.into_iter().filter(|(to, _)| *to != player).collect();
        heard
    }

    // ---- the stage before the play ----

    pub fn room(&self, slug: &str) -> RoomId {
        let found = self.world.templates.rooms.values().find(|room| room.slug == slug);
        found.unwrap_or_else(|| panic!("no room {slug}")).id
    }

    pub fn item_template(&self, slug: &str) -> i64 {
        let found = self.world.templates.items.values().find(|item| item.slug == slug);
        found.unwrap_or_else(|| panic!("no item {slug}")).id
    }

    pub fn mob_template(&self, slug: &str) -> i64 {
        let found = self.world.templates.mobs.values().find(|mob| mob.slug == slug);
        found.unwrap_or_else(|| panic!("no mob {slug}")).id
    }

    pub fn make_item(&mut self, slug: &str, place: Place) -> i64 {
        let template = self.item_template(slug);
        equip::make_item(&mut self.world, template, place, None).expect("an id")
    }

    pub fn make_mob(&mut self, slug: &str, room: &str) -> i64 {
        let (template, room) = (self.mob_template(slug), self.room(room));
        let mut out = Output::default();
        self.world.meta.seq += 1;
        self.world.ordinal = 0;
        let mut turn = turn::Turn::new(&mut self.world, &mut out);
        let mob = load::spawn_mob(&mut turn, template, room, None, None).expect("an id");
        // What it does about its coming is a part of the stage too.
        let asked: Vec<_> =
            self.world.errands.iter().map(|(id, _)| id).filter(|id| id.seq == self.world.meta.seq).collect();
        asked.into_iter().for_each(|id| drop(self.world.errands.remove(id)));
        // Nobody saw the stage being set.
        self.numbers.extend(self.world.presences.iter().map(|(player, presence)| (player, presence.messages)));
        mob
    }

    /// The items of a template, oldest first.
    pub fn items(&self, slug: &str) -> Vec<i64> {
        let template = self.item_template(slug);
        self.world.items.iter().filter(|(_, item)| item.template == template).map(|(id, _)| id).collect()
    }

    pub fn mobs(&self, slug: &str) -> Vec<i64> {
        let template = self.mob_template(slug);
        self.world.mobs.iter().filter(|(_, mob)| mob.template == template).map(|(id, _)| id).collect()
    }

    pub fn carry(&mut self, player: PlayerId, slug: &str) -> i64 {
        self.make_item(slug, Place::Carried(Who::Player(player)))
    }
}
