//! Whatever people do: the same instructions give the same world and the same messages; a world that is
//! read back from its records, or from a cut written in slices while it runs, goes on the same; and what
//! must always hold of a world holds after every turn.

mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::rig::{Logged, Named, Rig, character, templates, world_of, written};
use super::{generated, loads};
use crate::nexus::pulsar::image::CutHead;
use crate::nexus::pulsar::instruction::{Instruction, Reply};
use crate::nexus::pulsar::record::Ask;
use crate::nexus::pulsar::sound;
use crate::nexus::pulsar::turn::{self, Output};
use crate::nexus::pulsar::world::World;
use crate::world::character::{Account, Character, PlayerId};
use crate::world::internal::{Answer, Errand};
use crate::world::kinds::{Archetype, DeathMode};
use crate::world::template::Templates;
use ledger::Ledger;

const PEOPLE: [&str; 3] = ["Mara", "Bob", "Carl"];

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Text(PlayerId, String),
    Numbered(PlayerId, u64, String),
    Enter(PlayerId),
    Unlink(PlayerId),
    Link(PlayerId, bool),
    Quit(PlayerId),
    Wait(u64),
    Mute(PlayerId, bool),
    Forge,
    Switch(bool),
    Broadcast,
}

const VERBS: &[&str] = &[
    "north",
    "south",
    "east",
    "west",
    "up",
    "down",
    "n",
    "s",
    "e",
    "w",
    "look",
    "get all",
    "get pebble",
    "get 2.pebble",
    "get sack",
    "get loaf sack",
    "get all sack",
    "get knife from sack",
    "drop all",
    "drop loaf",
    "drop all.pebble",
    "drop sack",
    "put pebble sack",
    "put all sack",
    "put all bin",
    "put sack 2.sack",
    "give pebble bob",
    "give loaf mara",
    "give 3 gold carl",
    "give 50 gold mara",
    "give loaf gregor",
    "give all mara",
    "give 2 gold gregor",
    "wear all",
    "wear cap",
    "wield knife",
    "remove all",
    "remove cap",
    "eat loaf",
    "open gate",
    "unlock gate",
    "close door",
    "open door",
    "open hatch",
    "open trapdoor",
    "lock gate",
    "say hello",
    "say good day",
    "yell Ho",
    "emote yawns.",
    "tell bob Hm",
    "tell mara Hm",
    "reply Yes",
    "chat Well",
    "roll 3d6",
    "rest",
    "stand",
    "alias gl get loaf",
    "alias gl none",
    "gl",
    "nod",
    "nod mara",
    "shrug",
    "who",
    "whois zoe",
    "stats",
    "inventory",
    "quit",
    "flarp",
    "pull root",
    "tug root",
    "lift stone",
    "listen",
    "ring bell",
    "stumble",
    "shake sack",
    "scratch dog",
    "nod dog",
    "/jump hollow",
    "/jump green",
    "/jump ford",
    "/jump bob",
    "/load mob wolf",
    "/load mob dog say Wuff.",
    "/load item sack",
    "/load item pebble",
    "/purge",
    "/purge mobs",
    "/purge pebble",
    "/echo Ho",
    "/wecho Ho",
    "/fact set season winter",
    "/fact set season summer",
    "/fact add grain 1",
    "/mark bob oath sworn",
    "/notify world supper",
    "/notify acorn",
    "/cmd dog -- [40, north, south] && get all && drop all",
    "/cmd dog -- give pebble mara",
    "/cmd zone -- /echo Hm && look",
    "/transfer bob hollow",
    "/transfer mara green",
    "/repop",
    "/open gate",
    "/lock gate",
    "/regen bob",
    "/take bob pebble 1",
    "/resync mob all",
    "/trace on",
    "/why pull root",
    "/invisible",
    "/trouble",
    "kill rat",
    "kill 2.rat",
    "kill wolf",
    "kill hound",
    "kill dog",
    "kill bob",
    "kill mara",
    "attack wrestler",
    "flee",
    "loot",
    "loot rat",
    "get all corpse",
    "get gold corpse",
    "put pebble corpse",
    "focus rat",
    "autoflee 50",
    "autoflee off",
    "bash",
    "1",
    "2 rat",
    "3",
    "quickstrike rat",
    "sneak",
    "skills",
    "learn whirl",
    "learn hex",
    "learn lull",
    "learn veil",
    "learn whistle",
    "learn wash",
    "learn salve",
    "whirl rat",
    "hex rat",
    "hex bob",
    "lull rat",
    "lull mara",
    "veil",
    "whistle",
    "wash mara",
    "salve",
    "forget hex",
    "hotkey 3 bash",
];

/// Who is there from the beginning, to be fought.
const MOBS: &[(&str, &str)] = &[
    ("rat", "green"),
    ("rat", "green"),
    ("rat", "green"),
    ("rat", "lane"),
    ("rat", "yard"),
    ("hound", "green"),
    ("hound", "lane"),
    ("champion", "yard"),
    ("wolf", "ford"),
    ("wolf", "ford"),
    ("dog", "chapel"),
];

fn person() -> impl Strategy<Value = PlayerId> {
    1..=PEOPLE.len() as i64
}

fn verb() -> impl Strategy<Value = String> {
    prop::sample::select(VERBS).prop_map(str::to_owned)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        60 => (person(), verb()).prop_map(|(player, text)| Step::Text(player, text)),
        5 => (person(), 1..6u64, verb()).prop_map(|(player, n, text)| Step::Numbered(player, n, text)),
        8 => person().prop_map(Step::Enter),
        3 => person().prop_map(Step::Unlink),
        4 => (person(), any::<bool>()).prop_map(|(player, resume)| Step::Link(player, resume)),
        2 => person().prop_map(Step::Quit),
        12 => prop_oneof![0..5_000u64, Just(61_000u64), Just(310_000u64)].prop_map(Step::Wait),
        1 => (person(), any::<bool>()).prop_map(|(player, muted)| Step::Mute(player, muted)),
        10 => Just(Step::Wait(2_000)),
        12 => Just(Step::Forge),
        1 => any::<bool>().prop_map(Step::Switch),
        1 => Just(Step::Broadcast),
    ]
}

/// The world with what stands outside of it: the Forge's copies of the characters.
struct Town {
    rig: Rig,
    stored: BTreeMap<PlayerId, (Character, i64)>,
}

/// Where a play takes place: the sets under the names "fixture" and "other", between which it may switch.
#[derive(Clone)]
struct Stage(Arc<Templates>, Arc<Templates>, &'static [(&'static str, &'static str)]);

impl Stage {
    /// The small world of the tests, and the same without the mill.
    fn fixture() -> Self {
        let mut other = loads::other_templates(&templates());
        // Other mobs wait for other things there.
        other.triggers.retain(|_, trigger| !matches!(&*trigger.slug, "wolf-patient" | "dog-hears-of-it" | "pull-root"));
        // Dying costs everything there.
        other.world.config.death_mode = DeathMode::LoseAll;
        Self(templates(), Arc::new(other), MOBS)
    }

    /// A world that chance built, and what the next seed builds in its place.
    fn generated(seed: u64) -> Self {
        Self(Arc::new(generated::templates(seed)), Arc::new(generated::templates(seed + 1)), &[])
    }

    fn sets(&self) -> Named {
        Named(BTreeMap::from([("fixture".to_owned(), self.0.clone()), ("other".to_owned(), self.1.clone())]))
    }

    /// The world as a play begins with it.
    fn world(&self) -> World {
        let mut rig = Rig::new();
        rig.world = world_of(self.0.clone());
        rig.world.meta.facts.insert("season".into(), "summer".into());
        for (mob, room) in self.2 {
            rig.make_mob(mob, room);
        }
        rig.world
    }
}

impl Town {
    fn new(stage: &Stage) -> Self {
        let mut rig = Rig::new();
        rig.world = stage.world();
        rig.sets = stage.sets();
        rig.logs = true;
        let stored = (1..).zip(PEOPLE).map(|(id, name)| {
            let mut person = character(id, name);
            if id == 2 {
                person.archetype = Archetype::Assassin;
            }
            (id, (person, 0))
        });
        Self { rig, stored: stored.collect() }
    }

    fn take(&mut self, step: &Step) {
        let rig = &mut self.rig;
        match step {
            Step::Text(player, text) => drop(rig.text(*player, text)),
            Step::Numbered(player, n, text) => drop(rig.numbered(*player, Some(*n), text)),
            Step::Enter(player) => {
                if rig.world.players.contains(*player) {
                    return;
                }
                let (character, version) = self.stored[player].clone();
                let being_saved = rig.world.errands.iter().any(|(_, open)| is_save_of(&open.what, *player));
                // The Forge does not let in whom it is still waiting for.
                if !being_saved && rig.world.departed.get(*player).is_none_or(|stamp| stamp.0 as i64 <= version) {
                    // One of them is a builder.
                    let account =
                        Account { id: *player, is_builder: *player == 3, builder_rank: 4, ..Account::default() };
                    rig.enter(character, account);
                }
            }
            Step::Unlink(player) => drop(rig.unlink(*player)),
            Step::Link(player, resume) => {
                if rig.world.players.contains(*player) {
                    rig.link(*player, *resume);
                }
            }
            Step::Quit(player) => {
                let session = rig.session(*player);
                rig.give(Instruction::Quit { player: *player, session });
            }
            Step::Wait(millis) => rig.wait(*millis),
            Step::Mute(player, muted) => {
                rig.give(Instruction::SetMuted { player: *player, muted: *muted });
            }
            Step::Switch(other) => {
                rig.give(Instruction::Templates { hash: if *other { "other" } else { "fixture" }.into() });
            }
            Step::Broadcast => drop(rig.give(Instruction::Broadcast { text: "Hear!".into() })),
            Step::Forge => self.forge(),
        }
    }

    /// The Forge answers what is open.
    fn forge(&mut self) {
        loads::answer(&mut self.rig);
        let open: Vec<_> = self.rig.world.errands.iter().map(|(id, open)| (id, open.what.clone())).collect();
        for (errand, what) in open {
            let answer = match what {
                Ask::Forge(Errand::SaveCharacter { character, release: true }) => {
                    let version = self.stored[&character.id].1 + 1;
                    self.stored.insert(character.id, (*character, version));
                    Answer::Saved { version }
                }
                Ask::Whois { .. } => Answer::Whois { found: None },
                _ => continue,
            };
            self.rig.give(Instruction::Answered { errand, answer: Reply::Forge(answer) });
        }
    }
}

fn is_save_of(ask: &Ask, player: PlayerId) -> bool {
    matches!(ask, Ask::Forge(Errand::SaveCharacter { character, release: true }) if character.id == player)
}

// ---- what must always hold ----

/// Every problem that the world has.
fn problems(world: &World) -> Vec<String> {
    let mut wrong = sound::problems(world);
    let loading: BTreeSet<u64> = world
        .errands
        .iter()
        .filter_map(|(_, open)| match open.what {
            Ask::Loading { stage } => Some(stage),
            _ => None,
        })
        .collect();
    let staged: BTreeSet<u64> = world.staged.iter().map(|(stage, _)| stage).filter(|stage| *stage >= 1 << 40).collect();
    if loading != staged && !loading.is_empty() {
        wrong.push(format!("plans {loading:?}, staged {staged:?}"));
    }
    wrong
}

/// How a world that ran differs from itself read back: in its rows, or in the indexes that these give.
fn reading_problems(ran: &World, fresh: &World) -> Vec<String> {
    let mut wrong = Vec::new();
    fn full<K: Ord + Clone, V: Ord + Clone>(map: &BTreeMap<K, BTreeSet<V>>) -> BTreeMap<K, BTreeSet<V>> {
        map.iter().filter(|(_, set)| !set.is_empty()).map(|(k, v)| (k.clone(), v.clone())).collect()
    }
    let (a, b) = (&ran.index, &fresh.index);
    for (name, same) in [
        ("names", a.names == b.names),
        ("rules", a.rules == b.rules),
        ("awake", a.awake == b.awake),
        ("linkless", a.linkless == b.linkless),
        ("roamers", full(&a.roamers) == full(&b.roamers)),
        ("tired mobs", full(&a.tired_mobs) == full(&b.tired_mobs)),
        ("attentive mobs", full(&a.attentive) == full(&b.attentive)),
        ("timings", ran.timings.next_due() == fresh.timings.next_due()),
        // That nothing was forgotten in the records shows here: their hash would forget it too.
        ("meta", ran.meta == fresh.meta),
        ("rooms", ran.rooms.iter().eq(fresh.rooms.iter())),
        ("mobs", ran.mobs.iter().eq(fresh.mobs.iter())),
        ("items", ran.items.iter().eq(fresh.items.iter())),
        ("players", ran.players.iter().eq(fresh.players.iter())),
        ("presences", ran.presences.iter().eq(fresh.presences.iter())),
        ("viewed", ran.viewed.iter().eq(fresh.viewed.iter())),
        ("waiting", ran.waiting.iter().eq(fresh.waiting.iter())),
        ("errands", ran.errands.iter().eq(fresh.errands.iter())),
        ("zone resets", ran.zone_resets.iter().eq(fresh.zone_resets.iter())),
        ("loader runs", ran.loader_runs.iter().eq(fresh.loader_runs.iter())),
        ("staged", ran.staged.iter().eq(fresh.staged.iter())),
        ("departed", ran.departed.iter().eq(fresh.departed.iter())),
        ("gates", ran.gates.iter().eq(fresh.gates.iter())),
        ("fact changes", ran.fact_changes.iter().eq(fresh.fact_changes.iter())),
        ("fights", ran.fights.iter().eq(fresh.fights.iter())),
        ("auras", ran.auras.iter().eq(fresh.auras.iter())),
        ("cooldowns", ran.cooldowns.iter().eq(fresh.cooldowns.iter())),
    ] {
        if !same {
            wrong.push(format!("{name}: not what was read back; the indexes are {a:?} and {b:?}"));
        }
    }
    for (id, _) in ran.players.iter().filter(|(id, _)| ran.is_tired(*id)) {
        if !a.tired_players.contains(&id) {
            wrong.push(format!("player {id} is tired and not known to be"));
        }
    }
    wrong
}

pub fn read_back(world: &mut World) -> World {
    let (meta, records) = world.records();
    let records = records.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
    World::restore(&meta, records, world.templates.clone()).expect("what was written can be read")
}

// ---- the plays ----

fn run(stage: &Stage, steps: &[Step]) -> Vec<Logged> {
    let mut town = Town::new(stage);
    for (id, _) in (1..).zip(PEOPLE) {
        town.take(&Step::Enter(id));
    }
    town.take(&Step::Wait(150));
    town.take(&Step::Forge);
    for step in steps {
        let before = Ledger::of(&town.rig.world);
        town.take(step);
        let world = &mut town.rig.world;
        let wrong = problems(world);
        assert!(wrong.is_empty(), "after {step:?}: {wrong:#?}");
        before.balance(world, step);
        let fresh = read_back(world);
        let wrong = reading_problems(world, &fresh);
        assert!(wrong.is_empty(), "after {step:?}: {wrong:#?}");
    }
    town.rig.log
}

pub fn apply(world: &mut World, turn: &Logged, sets: &Named) {
    let mut out = Output::default();
    let effective = turn::apply(world, turn.at, turn.what.clone(), sets, &mut out);
    assert!(effective, "{:?} had an effect the first time", turn.what);
    assert_eq!(written(&out.outs), turn.outs, "what came of {:?}", turn.what);
    assert_eq!(world.hash(), turn.hash, "the world after {:?}", turn.what);
}

/// More of them with `REALMS_CASES=1000`.
fn cases() -> ProptestConfig {
    let cases = std::env::var("REALMS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    ProptestConfig { cases, max_shrink_iters: 400, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_same_instructions_give_the_same_world_whenever_it_is_read_back(
        steps in prop::collection::vec(step(), 1..70),
        slices in prop::collection::vec(1..40usize, 1..20),
    ) {
        all_the_same(&Stage::fixture(), &steps, slices);
    }

    #[test]
    fn so_they_do_in_any_world(
        seed in any::<u32>(),
        steps in prop::collection::vec(step(), 1..70),
        slices in prop::collection::vec(1..40usize, 1..20),
    ) {
        all_the_same(&Stage::generated(u64::from(seed)), &steps, slices);
    }
}

fn all_the_same(stage: &Stage, steps: &[Step], slices: Vec<usize>) {
    let log = run(stage, steps);
    let sets = stage.sets();
    // Again, from the beginning.
    let mut again = stage.world();
    // Read back from its records before every turn.
    let mut reborn = stage.world();
    // Cut in slices of some size between turns.
    let mut cut = Cutting::new(stage.world(), slices);
    for turn in &log {
        apply(&mut again, turn, &sets);
        reborn = read_back(&mut reborn);
        apply(&mut reborn, turn, &sets);
        cut.turn(turn, &sets);
    }
}

/// A world that is cut while it runs; each complete cut is read back and compared.
struct Cutting {
    world: World,
    slices: Vec<usize>,
    at: usize,
    /// The cut in progress: its head, the hash at its moment, and whether it replaces everything.
    head: Option<(CutHead, [u8; 32], bool)>,
    stored: BTreeMap<Vec<u8>, Vec<u8>>,
    cuts: usize,
}

impl Cutting {
    fn new(world: World, slices: Vec<usize>) -> Self {
        Self { world, slices, at: 0, head: None, stored: BTreeMap::new(), cuts: 0 }
    }

    fn turn(&mut self, turn: &Logged, sets: &Named) {
        self.at += 1;
        let slice = self.slices[self.at % self.slices.len()];
        if self.head.is_none() {
            let (hash, full) = (self.world.hash(), self.cuts == 0 || slice == 7);
            self.head = Some((self.world.begin_cut(full), hash, full));
        }
        let complete = self.world.drain_cut(slice);
        if complete && let Some((head, hash, full)) = self.head.take() {
            if full {
                self.stored.clear();
            }
            for (key, value) in self.world.take_cut().iter() {
                match value {
                    Some(value) => self.stored.insert(key.to_vec(), value.to_vec()),
                    None => self.stored.remove(key),
                };
            }
            self.cuts += 1;
            let records = self.stored.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
            let name = crate::nexus::pulsar::image::read_meta(&head.meta).unwrap().templates;
            let mut back = World::restore(&head.meta, records, sets.0[&name].clone()).unwrap();
            assert!(back.hash() == hash, "a cut is the world as it was when the cut began");
        }
        apply(&mut self.world, turn, sets);
    }
}
