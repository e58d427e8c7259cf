//! What the benchmarks have in common: a world with people in it, without sockets and disk.

use std::time::Duration;

use realms::nexus::pulsar::instruction::{Instruction, What};
use realms::nexus::pulsar::record::Meta;
use realms::nexus::pulsar::turn::{self, NoSets, Output};
use realms::nexus::pulsar::world::World;
use realms::world::character::{Account, Character, PlayerConfig, PlayerId};
use realms::world::kinds::*;
use realms::world::spec::*;

/// CPU time of this thread: on a machine that others use too it says more than a clock.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Who plays has no need of rest.
const TIRELESS: i32 = 100_000;

pub fn named(slug: String) -> Metadata {
    Metadata { slug, world: None }
}

/// What every world here has: money, a badge against tiredness, and a pebble.
pub fn things(start: Slug) -> Vec<Document> {
    let world =
        WorldSpec { name: "Bench".into(), starting_room: start.clone(), death_room: start, ..WorldSpec::default() };
    let money = CurrencySpec { name: "gold".into(), is_default: true };
    let badge = ItemSpec {
        name: "a badge".into(),
        item_type: ItemType::Equippable,
        equipment_type: Some(EquipmentType::Accessory),
        stats: [(Attribute::StaminaMax, TIRELESS), (Attribute::StaminaRegen, TIRELESS)].into_iter().collect(),
        ..ItemSpec::default()
    };
    let pebble = ItemSpec { name: "a pebble".into(), ..ItemSpec::default() };
    let start = |item: &str| Document::StartingEquipment {
        metadata: named(format!("start-{item}")),
        spec: Box::new(StartingEquipmentSpec { item: item.into(), archetype: None, num: 1 }),
    };
    vec![
        Document::World { metadata: named("bench".into()), spec: Box::new(world) },
        Document::Currency { metadata: named("gold".into()), spec: Box::new(money) },
        Document::Item { metadata: named("badge".into()), spec: Box::new(badge) },
        Document::Item { metadata: named("pebble".into()), spec: Box::new(pebble) },
        start("badge"),
        start("pebble"),
    ]
}

pub fn meta() -> Meta {
    Meta {
        spawn: 5000,
        root: 1000,
        name: "Bench".into(),
        epoch: 1,
        incarnation: 1,
        seq: 0,
        now: 0,
        rng: rand_pcg::Pcg64Mcg::new(7),
        next_arrival: 1,
        ids: (1 << 31, 1 << 40),
        ids_next: None,
        templates: "bench".into(),
        facts: Default::default(),
        asleep: Default::default(),
        engine: "bench".into(),
        is_fresh: false,
        is_stopped: false,
        beats: 0,
        trouble: Vec::new(),
    }
}

/// A world with so many people.
pub struct Bench {
    pub world: World,
    pub out: Output,
    pub people: PlayerId,
}

impl Bench {
    /// One turn; what came out of it stays until the next.
    pub fn apply(&mut self, instruction: Instruction) -> bool {
        self.out.outs.clear();
        let now = self.world.meta.now;
        turn::apply(&mut self.world, now, What::Given(instruction), &NoSets, &mut self.out)
    }

    /// A line of the player whose turn it is.
    pub fn line(&self, nth: usize, text: &str) -> Instruction {
        let player = 1 + (nth as PlayerId) % self.people;
        Instruction::Text { player, session: player as u64, n: None, text: text.to_owned() }
    }
}

/// A new character comes in through a socket of its own number.
pub fn enter(bench: &mut Bench, player: PlayerId, room: i64) {
    let bytes = postcard::to_stdvec(&character(player, room)).expect("a character has bytes");
    let stage = player as u64;
    bench.apply(Instruction::Stage { stage, part: 0, parts: 1, bytes });
    bench.apply(Instruction::Connect {
        player,
        session: stage,
        stage: Some(stage),
        version: 0,
        account: Account { id: player, ..Account::default() },
        config: PlayerConfig::default(),
    });
}

fn character(id: PlayerId, room: i64) -> Character {
    Character {
        id,
        name: format!("Player{id}"),
        title: String::new(),
        description: String::new(),
        level: 1,
        archetype: Archetype::Warrior,
        gender: Gender::Female,
        experience: 0,
        health: None,
        mana: None,
        stamina: Some(TIRELESS),
        gold: 0,
        glory: 0,
        medals: 0,
        currencies: Vec::new(),
        is_immortal: false,
        is_muted: false,
        room: Some(room),
        core_faction: None,
        factions: Vec::new(),
        viewed_rooms: Vec::new(),
        aliases: Vec::new(),
        marks: Vec::new(),
        mute_list: Vec::new(),
        is_initialised: false,
        items: Vec::new(),
        prowess: Default::default(),
    }
}
