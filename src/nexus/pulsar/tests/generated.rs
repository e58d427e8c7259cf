//! Worlds that nobody would build: rooms at random with ways that lead anywhere, doors that are locked on one side,
//! things of every kind with the names that commands ask for, creatures that roam and react, loaders that load all of
//! it. They go through the same reader, checks and compiler as a builder's.

use std::fmt::Write;

use crate::store::io::crash::Chance;
use crate::world::compile::{Ids, compile};
use crate::world::manifest::{self, Source};
use crate::world::spec::Document;
use crate::world::template::Templates;

const WAYS: [&str; 6] = ["north", "south", "east", "west", "up", "down"];
const ROOM_TYPES: [&str; 10] =
    ["road", "city", "indoor", "field", "mountain", "forest", "desert", "water", "shallow", "trail"];
const FLAGS: [&str; 7] = ["peaceful", "no_quit", "dark", "no_roam", "no_load", "landmark", "shop"];
/// The names by which the plays' commands ask.
const NOUNS: [&str; 10] =
    ["pebble", "sack", "loaf", "knife", "cap", "bin", "a brass key", "lantern", "sword", "shield"];
const MAKES: [&str; 12] = [
    "type: inert",
    "type: trash",
    "type: container, capacity: 2",
    "type: food, food_value: 9, food_type: health",
    "type: food, food_value: 30",
    "type: key",
    "type: light",
    "type: equippable, equipment_type: head, stats: {constitution: 2, health_max: 5}",
    "type: equippable, equipment_type: weapon_1h, weapon_type: sword",
    "type: equippable, equipment_type: weapon_2h, weapon_type: staff",
    "type: equippable, equipment_type: shield, armor_class: heavy",
    "type: equippable, equipment_type: body, armor_class: heavy, stats: {stamina_max: 10}",
];
const SCRIPTS: [&str; 5] = [
    "say Good day, {{ actor }}.",
    "emote looks up.",
    "say One. && emote counts.",
    "yell Who goes there?",
    "/echo Dust falls from {{ actor_data.level }} beams.",
];

struct Writer {
    chance: Chance,
    text: String,
    rooms: u64,
    zones: u64,
    items: u64,
    mobs: u64,
}

/// A world of this seed.
pub fn templates(seed: u64) -> Templates {
    let documents = documents(seed);
    compile(&documents, &Ids::sequential(&documents)).unwrap_or_else(|problems| {
        panic!("seed {seed}: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

fn documents(seed: u64) -> Vec<Document> {
    let mut chance = Chance(seed.wrapping_mul(2).wrapping_add(1));
    let mut upto = |most: u64| 1 + chance.draw() % most;
    let (rooms, zones, items, mobs) = (upto(20), upto(4), upto(16), upto(6));
    let mut writer = Writer { chance, text: String::new(), rooms, zones, items, mobs };
    writer.world();
    let source = Source { path: format!("seed {seed}"), text: writer.text };
    let located = manifest::read(std::slice::from_ref(&source)).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}\n{}", problems.join("\n"), source.text)
    });
    located.into_iter().map(|located| located.document).collect()
}

impl Writer {
    fn below(&mut self, most: u64) -> u64 {
        self.chance.draw() % most
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }

    fn one_of(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len() as u64) as usize]
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    fn begin(&mut self, kind: &str, slug: &str) {
        self.line("---");
        self.line(&format!("kind: {kind}\nmetadata: {{slug: {slug}}}\nspec:"));
    }

    fn world(&mut self) {
        let (start, death, gold) = (self.below(self.rooms), self.below(self.rooms), self.below(60));
        self.line("kind: world\nmetadata: {slug: anywhere}\nspec:");
        self.line("  name: Anywhere\n  facts: {season: summer}");
        self.line(&format!("  starting_room: r{start}\n  death_room: r{death}\n  starting_gold: {gold}"));
        self.begin("currency", "gold");
        self.line("  name: gold\n  is_default: true");
        self.begin("social", "nod");
        self.line("  targetless_self: You nod.\n  targetless_other: \"{actor} nods.\"");
        for zone in 0..self.zones {
            let wait = self.below(3) as i64 * 60 - 1;
            self.begin("zone", &format!("z{zone}"));
            self.line(&format!("  name: Zone {zone}\n  respawn_wait: {wait}"));
        }
        (0..self.items).for_each(|item| self.item(item));
        (0..self.rooms).for_each(|room| self.room(room));
        (0..self.mobs).for_each(|mob| self.mob(mob));
        for loader in 0..self.below(5) {
            self.loader(loader);
        }
    }

    fn item(&mut self, item: u64) {
        let (make, cost, level) = (self.one_of(&MAKES), self.below(50), 1 + self.below(3));
        let noun = NOUNS[item as usize % NOUNS.len()];
        let boat = if self.one_in(5) { ", is_boat: true" } else { "" };
        let fixed = if self.one_in(6) { ", is_pickable: false" } else { "" };
        self.begin("item", &format!("i{item}"));
        self.line(&format!("  {{name: {noun}, {make}, cost: {cost}, level: {level}{boat}{fixed}}}"));
        if make.contains("container") && item > 0 && self.one_in(2) {
            // What is in it comes before it, so that nothing is in itself.
            let inside = self.below(item);
            self.text.truncate(self.text.trim_end().len() - 1);
            self.line(&format!(", inventory: [{{item: i{inside}, probability: 60}}]}}"));
        }
    }

    fn room(&mut self, room: u64) {
        let (kind, zone) = (self.one_of(&ROOM_TYPES), self.below(self.zones));
        let (x, y, z) = (room % 5, room / 5 % 3, room / 15);
        self.begin("room", &format!("r{room}"));
        self.line(&format!("  zone: z{zone}\n  name: Room {room}\n  at: [{x}, {y}, {z}]\n  type: {kind}"));
        self.line("  description: Four walls, or fewer.");
        let mut exits = Vec::new();
        for way in WAYS {
            if !self.one_in(2) {
                continue;
            }
            let to = self.below(self.rooms);
            let name = self.one_of(&["gate", "door", "hatch", "trapdoor"]);
            let state = self.one_of(&["open", "closed", "locked"]);
            let key = if self.one_in(2) { format!(", key: i{}", self.below(self.items)) } else { String::new() };
            exits.push(match self.below(3) {
                0 => format!("{way}: {{to: r{to}, door: {{name: {name}, state: {state}{key}}}}}"),
                _ => format!("{way}: r{to}"),
            });
        }
        self.line(&format!("  exits: {{{}}}", exits.join(", ")));
        let flags: Vec<&str> = FLAGS.into_iter().filter(|_| self.one_in(8)).collect();
        self.line(&format!("  flags: [{}]", flags.join(", ")));
    }

    fn mob(&mut self, mob: u64) {
        let name = if mob == 0 { "Gregor" } else { self.one_of(&["a dog", "a guard", "the other Gregor"]) };
        let (level, roam) = (1 + self.below(5), self.below(101));
        let roaming = self.one_of(&["static", "zone", "all"]);
        let aggression = self.one_of(&["passive", "normal", "players", "all", "friendly"]);
        self.begin("mob", &format!("m{mob}"));
        self.line(&format!("  name: {name}\n  level: {level}\n  roaming: {roaming}\n  roam_chance: {roam}"));
        self.line(&format!("  aggression: {aggression}"));
        if self.one_in(2) {
            let item = self.below(self.items);
            self.line(&format!("  inventory: [{{item: i{item}, probability: 70, copies: 2}}]"));
        }
        let events: Vec<&str> = ["enter", "say", "receive"].into_iter().filter(|_| self.one_in(2)).collect();
        if !events.is_empty() {
            self.line("  reactions:");
        }
        for event in events {
            let (script, gate) = (self.one_of(&SCRIPTS), self.below(4) as i64 * 5 - 5);
            let matcher = match event {
                "say" => "    match: hello or good",
                "receive" => "    match: pebble or loaf",
                _ => "",
            };
            let conditions = self.one_of(&["", "    conditions: level 1", "    conditions: fact_check season winter"]);
            self.line(&format!("  - event: {event}\n    gate_delay: {gate}\n    script: '{script}'"));
            self.line(matcher);
            self.line(conditions);
        }
    }

    fn loader(&mut self, loader: u64) {
        let zone = self.below(self.zones);
        let wait = self.one_of(&["0", "-1", "30"]);
        self.begin("loader", &format!("l{loader}"));
        self.line(&format!("  zone: z{zone}\n  name: Loader {loader}\n  respawn_wait: {wait}\n  rules:"));
        let copies = 1 + self.below(4);
        let mob = self.below(self.mobs);
        self.line(&format!("  - {{name: first, mob: m{mob}, zone: z{zone}, copies: {copies}}}"));
        for _ in 0..self.below(4) {
            let (item, copies) = (self.below(self.items), 1 + self.below(3));
            let place = if self.one_in(3) { "rule: first".into() } else { format!("zone: z{zone}") };
            self.line(&format!("  - {{item: i{item}, {place}, copies: {copies}}}"));
        }
    }
}
