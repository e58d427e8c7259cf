//! Makes worlds of any size from a seed, as manifests: rooms on a grid in zones of a hundred, mobs and items with their
//! loaders. Players of such a world do not tire, and nothing is loaded a second time, so that nothing but the players'
//! own doing changes how many things there are. The same numbers and seed give the same text.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use indexmap::IndexMap;
use realms::world::compile::{Ids, compile};
use realms::world::kinds::*;
use realms::world::manifest::{self, Problem};
use realms::world::spec::*;
use realms::world::template::Templates;

use crate::persona::Dice;

/// Rooms along one side of a zone.
const ZONE_SIDE: usize = 10;
/// A loader's rule brings at most so many.
const COPIES_MAX: usize = 15;
/// Kinds of mobs and of items.
const MOB_KINDS: usize = 12;
const ITEM_KINDS: usize = 12;
/// One in so many kinds of mobs roams.
const ROAMING_ONE_IN: usize = 4;

const GROUND: [&str; 6] = ["gravel", "flagstones", "packed earth", "planks", "wet sand", "short grass"];
const SIGHT: [&str; 6] = [
    "a row of lamps",
    "a dry fountain",
    "bales under a tarpaulin",
    "a wall with a painted eye",
    "two benches",
    "a cart without wheels",
];
const SOUND: [&str; 6] = [
    "Somewhere a shutter bangs.",
    "Water runs below.",
    "Gulls quarrel overhead.",
    "It is quiet.",
    "A hammer rings twice.",
    "Someone hums.",
];
const BEASTS: [&str; MOB_KINDS] =
    ["gull", "hound", "clerk", "porter", "heron", "goat", "sweeper", "cat", "warden", "rat", "peddler", "crow"];
const THINGS: [&str; ITEM_KINDS] =
    ["rope", "ledger", "lantern", "net", "bucket", "oar", "spoon", "crate", "hook", "bell", "kettle", "coin"];

/// What a world is to have.
#[derive(Args, Clone, Debug)]
pub struct WorldOptions {
    /// Rooms, on a grid
    #[arg(long, default_value_t = 100)]
    pub rooms: usize,
    /// Mobs, spread over the rooms
    #[arg(long, default_value_t = 100)]
    pub mobs: usize,
    /// Items on the ground, spread over the rooms
    #[arg(long, default_value_t = 100)]
    pub items: usize,
    /// Where chance begins; the same seed gives the same world and the same players
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `loadtest world`: writes a world as manifests
#[derive(Args, Clone, Debug)]
pub struct WorldCommand {
    #[command(flatten)]
    pub world: WorldOptions,
    /// The folder to write
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

impl WorldCommand {
    /// # Errors
    /// The folder cannot be written.
    pub fn run(&self) -> anyhow::Result<()> {
        let files = manifest::write(&documents(&self.world)).map_err(|problem| anyhow::anyhow!("{problem}"))?;
        realms::folder::write_manifests(&self.folder, &files)
            .with_context(|| format!("cannot write {}", self.folder.display()))?;
        println!(
            "{}: {} rooms, {} mobs, {} items",
            self.folder.display(),
            self.world.rooms,
            self.world.mobs,
            self.world.items
        );
        Ok(())
    }
}

/// The templates of a generated world, or of one in a folder.
///
/// # Errors
/// What is wrong with the manifests, all of it.
pub fn templates(options: &WorldOptions, folder: Option<&std::path::Path>) -> anyhow::Result<Templates> {
    let documents = match folder {
        Some(folder) => {
            let sources = realms::folder::read_manifests(folder).map_err(|problems| text(&problems))?;
            let located = manifest::read(&sources).map_err(|problems| text(&problems))?;
            located.into_iter().map(|located| located.document).collect()
        }
        None => documents(options),
    };
    compile(&documents, &Ids::sequential(&documents)).map_err(|problems| text(&problems))
}

fn text(problems: &[Problem]) -> anyhow::Error {
    anyhow::anyhow!(problems.iter().take(20).map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// The documents of a generated world.
pub fn documents(options: &WorldOptions) -> Vec<Document> {
    let mut dice = Dice::new(options.seed);
    let rooms = options.rooms.max(1);
    let width = (rooms as f64).sqrt().ceil() as usize;
    let at = |nth: usize| (nth % width, nth / width);
    let zone_of = |nth: usize| {
        let (x, y) = at(nth);
        format!("block-{}-{}", x / ZONE_SIDE, y / ZONE_SIDE)
    };
    let slug = |nth: usize| {
        let (x, y) = at(nth);
        format!("room-{x}-{y}")
    };
    let money = CurrencySpec { name: "gold".into(), is_default: true };
    let money = Document::Currency { metadata: named("gold"), spec: Box::new(money) };
    let mut documents = vec![world(options, slug(0)), money];
    let mut zones: IndexMap<String, Vec<usize>> = IndexMap::new();
    for nth in 0..rooms {
        zones.entry(zone_of(nth)).or_default().push(nth);
        let (x, y) = at(nth);
        let mut exits = IndexMap::new();
        let mut way = |direction, there: Option<usize>| {
            if let Some(there) = there.filter(|there| *there < rooms) {
                exits.insert(direction, ExitSpec::Room(slug(there)));
            }
        };
        way(Direction::North, Some(nth + width));
        way(Direction::East, (x + 1 < width).then_some(nth + 1));
        way(Direction::South, nth.checked_sub(width));
        way(Direction::West, x.checked_sub(1).map(|_| nth - 1));
        documents.push(room(&mut dice, slug(nth), zone_of(nth), (x, y), exits));
    }
    documents.extend(zones.keys().map(|zone| Document::Zone {
        metadata: named(zone),
        spec: Box::new(ZoneSpec {
            name: format!("Block {}", &zone["block-".len()..]),
            respawn_wait: -1,
            ..ZoneSpec::default()
        }),
    }));
    documents.extend(BEASTS.iter().enumerate().map(|(nth, name)| mob(&mut dice, nth, name)));
    documents.extend(THINGS.iter().map(|name| item(name)));
    documents.extend(equipment());
    let (mobs, items) = (spread(options.mobs, rooms), spread(options.items, rooms));
    for (zone, rooms) in &zones {
        let mut rules = Vec::new();
        for nth in rooms {
            let kinds = dice.draw() as usize;
            rules.extend(load(mobs(*nth), kinds, MOB_KINDS, |kind, copies| RuleSpec {
                mob: Some(BEASTS[kind].into()),
                ..rule(slug(*nth), copies)
            }));
            rules.extend(load(items(*nth), kinds, ITEM_KINDS, |kind, copies| RuleSpec {
                item: Some(THINGS[kind].into()),
                ..rule(slug(*nth), copies)
            }));
        }
        documents.extend(loaders(zone, rules));
    }
    documents
}

/// How many of `count` come into the nth of `rooms`.
fn spread(count: usize, rooms: usize) -> impl Fn(usize) -> usize {
    move |nth| count / rooms + usize::from(nth < count % rooms)
}

/// Rules for `count` things of changing kinds.
fn load(count: usize, first: usize, kinds: usize, rule: impl Fn(usize, u32) -> RuleSpec) -> Vec<RuleSpec> {
    let chunks = count.div_ceil(COPIES_MAX);
    let copies = |nth: usize| (count - nth * COPIES_MAX).min(COPIES_MAX) as u32;
    (0..chunks).map(|nth| rule((first % kinds + nth) % kinds, copies(nth))).collect()
}

fn rule(room: Slug, copies: u32) -> RuleSpec {
    RuleSpec { name: None, mob: None, item: None, room: Some(room), zone: None, rule: None, copies }
}

/// Loaders of a zone, each with as many rules as one may have.
fn loaders(zone: &str, rules: Vec<RuleSpec>) -> Vec<Document> {
    let chunks = rules.chunks(manifest::ENTRIES_MAX / 2).enumerate();
    let loader = |(nth, rules): (usize, &[RuleSpec])| Document::Loader {
        metadata: named(&format!("{zone}-{nth}")),
        spec: Box::new(LoaderSpec {
            zone: zone.into(),
            name: format!("Everything of {zone}"),
            description: String::new(),
            respawn_wait: None,
            conditions: String::new(),
            is_group: false,
            rules: rules.to_vec(),
        }),
    };
    chunks.map(loader).collect()
}

fn named(slug: &str) -> Metadata {
    Metadata { slug: slug.into(), world: None }
}

fn world(options: &WorldOptions, start: Slug) -> Document {
    let spec = WorldSpec {
        name: format!("Grid of {}", options.rooms),
        description: "A world without a story, made to be walked by machines.".into(),
        starting_room: start.clone(),
        death_room: start,
        is_public: true,
        ..WorldSpec::default()
    };
    Document::World { metadata: named("grid"), spec: Box::new(spec) }
}

fn room(
    dice: &mut Dice,
    slug: Slug,
    zone: Slug,
    (x, y): (usize, usize),
    exits: IndexMap<Direction, ExitSpec>,
) -> Document {
    let mut pick = |from: &[&'static str]| dice.pick(from).copied().unwrap_or_default();
    let description = format!(
        "The ground here is {}. To one side stands {}, and behind it the way goes on between low houses whose doors are shut. {}",
        pick(&GROUND),
        pick(&SIGHT),
        pick(&SOUND)
    );
    Document::Room {
        metadata: named(&slug),
        spec: Box::new(RoomSpec {
            zone,
            name: format!("Corner {x}, {y}"),
            at: [x as i32, y as i32, 0],
            room_type: RoomType::Road,
            description,
            exits,
            details: Vec::new(),
            flags: Vec::new(),
            color: String::new(),
            checks: Vec::new(),
            on_get: Vec::new(),
            hint: String::new(),
            notes: String::new(),
        }),
    }
}

fn mob(dice: &mut Dice, nth: usize, name: &str) -> Document {
    let roams = nth.is_multiple_of(ROAMING_ONE_IN);
    let spec = MobSpec {
        name: format!("a {name}"),
        level: 1 + dice.below(5) as u32,
        roaming: if roams { Roaming::Zone } else { Roaming::Static },
        roam_chance: if roams { 10 } else { 0 },
        ..MobSpec::default()
    };
    Document::Mob { metadata: named(name), spec: Box::new(spec) }
}

fn item(name: &str) -> Document {
    Document::Item {
        metadata: named(name),
        spec: Box::new(ItemSpec { name: format!("a {name}"), ..ItemSpec::default() }),
    }
}

/// What every player starts with: a badge that keeps them on their feet, and a pebble to carry about.
fn equipment() -> Vec<Document> {
    let badge = ItemSpec {
        name: "a runner's badge".into(),
        item_type: ItemType::Equippable,
        equipment_type: Some(EquipmentType::Accessory),
        stats: [(Attribute::StaminaMax, 100_000), (Attribute::StaminaRegen, 100_000)].into_iter().collect(),
        ..ItemSpec::default()
    };
    let start = |item: &str| Document::StartingEquipment {
        metadata: named(&format!("start-{item}")),
        spec: Box::new(StartingEquipmentSpec { item: item.into(), archetype: None, num: 1 }),
    };
    vec![
        Document::Item { metadata: named("badge"), spec: Box::new(badge) },
        item("pebble"),
        start("badge"),
        start("pebble"),
    ]
}

/// # Errors
/// The numbers cannot be had.
pub fn check(options: &WorldOptions) -> anyhow::Result<()> {
    if options.rooms == 0 || options.rooms > manifest::DOCUMENTS_MAX / 2 {
        bail!("a world has 1 to {} rooms", manifest::DOCUMENTS_MAX / 2);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_world_compiles_and_is_the_same_each_time() {
        let options = WorldOptions { rooms: 130, mobs: 1000, items: 37, seed: 5 };
        let set = templates(&options, None).unwrap();
        assert_eq!(set.rooms.len(), 130);
        let planned = set.loaders.values().flat_map(|loader| &loader.rules).map(|rule| rule.copies).sum::<u32>();
        assert_eq!(planned, 1037);
        assert_eq!(set.encode().unwrap(), templates(&options, None).unwrap().encode().unwrap());
        // Every way leads back.
        for room in set.rooms.values() {
            for direction in Direction::ALL {
                if let Some(exit) = room.exit(*direction) {
                    assert_eq!(set.rooms[&exit.to].exit(direction.opposite()).unwrap().to, room.id);
                }
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_world() {
        let options = WorldOptions { rooms: 12, mobs: 5, items: 40, seed: 2 };
        let folder = tempfile::tempdir().unwrap();
        WorldCommand { world: options.clone(), folder: folder.path().into() }.run().unwrap();
        let read = templates(&options, Some(folder.path())).unwrap();
        assert_eq!(read.encode().unwrap(), templates(&options, None).unwrap().encode().unwrap());
    }
}
