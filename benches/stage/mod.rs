//! What the benchmarks play on: a world of rooms on a grid with mobs and people in it, without sockets and disk.

pub mod mixed;
pub mod nowhere;

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use realms::nexus::pulsar::beat;
use realms::nexus::pulsar::instruction::{Instruction, What};
use realms::nexus::pulsar::load;
use realms::nexus::pulsar::record::Meta;
use realms::nexus::pulsar::turn::{self, NoSets, Output};
use realms::nexus::pulsar::world::World;
use realms::world::character::{Account, Character, PlayerConfig, PlayerId};
use realms::world::compile::{Ids, compile};
use realms::world::kinds::*;
use realms::world::spec::*;
use realms::world::template::Templates;

/// CPU time of this thread: on a machine that others use too it says more than a clock.
pub fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Rooms along one side of the grid.
const SIDE: i32 = 10;
/// Who plays has no need of rest.
const TIRELESS: i32 = 100_000;

fn named(slug: String) -> Metadata {
    Metadata { slug, world: None }
}

/// A hundred rooms, one kind of mob, a badge against tiredness and a pebble.
pub fn templates() -> Arc<Templates> {
    let slug = |x: i32, y: i32| format!("room-{x}-{y}");
    let world =
        WorldSpec { name: "Bench".into(), starting_room: slug(0, 0), death_room: slug(0, 0), ..WorldSpec::default() };
    let zone = ZoneSpec { name: "Grid".into(), respawn_wait: -1, ..ZoneSpec::default() };
    let money = CurrencySpec { name: "gold".into(), is_default: true };
    let mob = MobSpec { name: "a gull".into(), ..MobSpec::default() };
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
    let mut documents = vec![
        Document::World { metadata: named("bench".into()), spec: Box::new(world) },
        Document::Zone { metadata: named("grid".into()), spec: Box::new(zone) },
        Document::Currency { metadata: named("gold".into()), spec: Box::new(money) },
        Document::Mob { metadata: named("gull".into()), spec: Box::new(mob) },
        Document::Item { metadata: named("badge".into()), spec: Box::new(badge) },
        Document::Item { metadata: named("pebble".into()), spec: Box::new(pebble) },
        start("badge"),
        start("pebble"),
    ];
    for (x, y) in (0..SIDE).flat_map(|x| (0..SIDE).map(move |y| (x, y))) {
        let mut exits = IndexMap::new();
        for direction in &Direction::ALL[..4] {
            let [east, north, _] = direction.step();
            let (there_x, there_y) = (x + east, y + north);
            if (0..SIDE).contains(&there_x) && (0..SIDE).contains(&there_y) {
                exits.insert(*direction, ExitSpec::Room(slug(there_x, there_y)));
            }
        }
        let spec = RoomSpec {
            zone: "grid".into(),
            name: format!("Corner {x}, {y}"),
            at: [x, y, 0],
            room_type: RoomType::Road,
            description: "Two streets meet between low houses. A pump stands here, and a bench that nobody sits on."
                .into(),
            exits,
            details: Vec::new(),
            flags: Vec::new(),
            color: String::new(),
            notes: String::new(),
        };
        documents.push(Document::Room { metadata: named(slug(x, y)), spec: Box::new(spec) });
    }
    let ids = Ids::sequential(&documents);
    Arc::new(compile(&documents, &ids).unwrap_or_else(|problems| panic!("{problems:?}")))
}

/// A world with so many people and mobs, spread over its rooms.
pub struct Bench {
    pub world: World,
    pub out: Output,
    pub people: PlayerId,
}

impl Bench {
    pub fn new(people: usize, mobs: usize) -> Self {
        let set = templates();
        let rooms: Vec<_> = set.rooms.keys().copied().collect();
        let meta = Meta {
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
        };
        let mut world = World::empty(meta, set.clone());
        beat::wind_up(&mut world);
        let mut bench = Self { world, out: Output::default(), people: people as PlayerId };
        if let Some(mob) = set.mobs.keys().next() {
            for nth in 0..mobs {
                let mut turn = turn::Turn { world: &mut bench.world, out: &mut bench.out };
                load::spawn_mob(&mut turn, *mob, rooms[nth % rooms.len()], None, None);
            }
        }
        for id in 1..=people as PlayerId {
            bench.enter(id, rooms[id as usize % rooms.len()]);
        }
        bench.out.outs.clear();
        bench
    }

    fn enter(&mut self, player: PlayerId, room: i64) {
        let character = character(player, room);
        let bytes = postcard::to_stdvec(&character).expect("a character has bytes");
        let stage = player as u64;
        self.apply(Instruction::Stage { stage, part: 0, parts: 1, bytes });
        self.apply(Instruction::Connect {
            player,
            session: stage,
            stage: Some(stage),
            version: 0,
            account: Account { id: player, ..Account::default() },
            config: PlayerConfig::default(),
        });
    }

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
    }
}
