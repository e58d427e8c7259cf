//! The heart at work on the small world: people come, walk, talk, take, leave.

use std::sync::Arc;

use super::instruction::{Instruction, What};
use super::record::Meta;
use super::turn::{self, NoSets, Out, Output};
use super::world::World;
use crate::world::character::{Account, Character, PlayerConfig};
use crate::world::fixture;
use crate::world::kinds::*;

pub fn world() -> World {
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
    };
    let mut world = World::empty(meta, Arc::new(fixture::templates()));
    super::beat::wind_up(&mut world);
    world
}

fn character(id: i64, name: &str) -> Character {
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
    }
}

fn give(world: &mut World, instruction: Instruction) -> Vec<String> {
    let mut out = Output::default();
    let at = world.meta.now + 10;
    turn::apply(world, at, What::Given(instruction), &NoSets, &mut out);
    out.outs
        .iter()
        .filter_map(|out| match out {
            Out::Message(message) => Some(format!("{:?} {}: {}", message.to, message.frame.kind, message.frame.text)),
            _ => None,
        })
        .collect()
}

fn enter(world: &mut World, id: i64, name: &str) -> Vec<String> {
    let bytes = postcard::to_stdvec(&character(id, name)).unwrap();
    give(world, Instruction::Stage { stage: id as u64, part: 0, parts: 1, bytes });
    give(
        world,
        Instruction::Connect {
            player: id,
            session: id as u64,
            stage: Some(id as u64),
            version: 0,
            account: Account { id, ..Account::default() },
            config: PlayerConfig::default(),
        },
    )
}

fn type_in(world: &mut World, id: i64, text: &str) -> Vec<String> {
    give(world, Instruction::Text { player: id, session: id as u64, n: None, text: text.into() })
}

#[test]
fn two_people_meet_and_talk_and_one_leaves() {
    let mut world = world();
    let seen = enter(&mut world, 1, "Mara");
    assert!(seen.iter().any(|line| line.contains("cmd.state.sync.success")), "{seen:#?}");
    let seen = enter(&mut world, 2, "Bob");
    assert!(seen.iter().any(|line| line.contains("Bob has arrived.")), "{seen:#?}");
    let seen = type_in(&mut world, 1, "say hello there");
    assert!(seen[0].contains("You say 'hello there'"), "{seen:#?}");
    assert!(seen[1].contains("Mara says 'hello there'"), "{seen:#?}");
    for line in
        ["look", "exits", "inventory", "equipment", "stats", "help", "who", "socials", "north", "south", "east", "west"]
    {
        let seen = type_in(&mut world, 1, line);
        println!("{line}: {seen:#?}");
        assert!(!seen.is_empty());
    }
    give(&mut world, Instruction::Quit { player: 2, session: 2 });
    assert!(!world.players.contains(2));
    assert_eq!(world.errands.len(), 1, "the traveller waits for the Forge");
    let hash = world.hash();
    let (meta, records) = world.records();
    let again =
        World::restore(&meta, records.iter().map(|(k, v)| (k.as_slice(), v.as_slice())), world.templates.clone());
    assert_eq!(again.unwrap().hash(), hash);
}
