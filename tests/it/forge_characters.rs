//! Whole characters into Postgres and back.

use deadpool_postgres::Pool;
use realms::forge::characters::{load, store};
use realms::world::character::{Character, Prowess, SavedEffect, SavedItem, SavedPlace};
use realms::world::kinds::{Archetype, Attribute, DamageType, EffectKind, Gender, Slot};
use realms::world::skill::Modifier;
use serde_json::json;

use crate::support::forge::TestForge;

/// A Forge with a world of two rooms and an item template, and the ids of two characters in it.
async fn setting() -> (TestForge, [i64; 2], [i64; 2], i64) {
    let forge = TestForge::new().await;
    let world = forge.world("open", json!({})).await;
    let (_, token) = forge.account("ann@example.org").await;
    let mut players = [0; 2];
    for (player, name) in players.iter_mut().zip(["Ann", "Bea"]) {
        let made = forge.post("lobby/worlds/open/chars/", &token, json!({"name": name})).await.expect(201);
        *player = made["id"].as_i64().unwrap();
    }
    let client = forge.database.client().await;
    let zone = "insert into zone (world_id, slug, name, spec) values ($1, 'z', 'Z', '{}') returning id";
    let zone: i64 = client.query_one(zone, &[&world]).await.unwrap().get(0);
    let mut rooms = [0; 2];
    for (x, room) in (0i32..).zip(rooms.iter_mut()) {
        let sql = "insert into room (world_id, slug, x, zone_id, name, room_type, y, z, spec)
                   values ($1, $2, $3, $4, 'R', 'indoor', 0, 0, '{}') returning id";
        *room = client.query_one(sql, &[&world, &format!("r{x}"), &x, &zone]).await.unwrap().get(0);
    }
    let item = "insert into item_template (world_id, slug, name, item_type, level, spec)
                values ($1, 'bag', 'a bag', 'container', 1, '{}') returning id";
    let template: i64 = client.query_one(item, &[&world]).await.unwrap().get(0);
    (forge, players, rooms, template)
}

const FIRST_ITEM: i64 = 1 << 30;

fn item(id: i64, template: i64, place: SavedPlace) -> SavedItem {
    SavedItem { id: FIRST_ITEM + id, template, place, label: String::new() }
}

fn inside(id: i64) -> SavedPlace {
    SavedPlace::Inside(FIRST_ITEM + id)
}

fn full(id: i64, rooms: [i64; 2], template: i64) -> Character {
    let text = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    Character {
        id,
        name: "Ann".into(),
        title: "the Tall".into(),
        description: "She has \"quotes\", ünïcode and 🌊.".into(),
        level: 7,
        archetype: Archetype::Assassin,
        gender: Gender::NonBinary,
        experience: 123_456_789_012,
        health: Some(63),
        mana: Some(0),
        stamina: None,
        gold: -3,
        glory: 4,
        medals: 5,
        currencies: vec![("shells".into(), 12), ("favours".into(), 1)],
        is_immortal: false,
        is_muted: true,
        room: Some(rooms[1]),
        core_faction: Some("human".into()),
        factions: vec![("guild".into(), 150), ("crown".into(), -20)],
        viewed_rooms: vec![rooms[1], rooms[0]],
        aliases: vec![text("z", "say zzz"), text("a", "north;south")],
        marks: vec![text("met_witch", "yes"), text("debt", "")],
        mute_list: vec!["Eve".into(), "Bob".into()],
        is_initialised: true,
        items: vec![
            item(1, template, SavedPlace::Worn(Slot::Weapon)),
            item(5, template, SavedPlace::Inventory),
            item(3, template, inside(5)),
            item(2, template, inside(3)),
            SavedItem { label: "mine".into(), ..item(4, template, inside(3)) },
        ],
        prowess: Prowess {
            autoflee: 30,
            focus: "wolf".into(),
            skills: vec![text("whirl", "3"), text("bash", "")],
            cooldowns: vec![("whirl".into(), 12_345)],
            effects: vec![SavedEffect {
                kind: EffectKind::Debuff,
                skill: "hex".into(),
                is_friendly: false,
                damage_type: DamageType::Magical,
                amount: 0,
                modifiers: vec![Modifier { attribute: Attribute::Dodge, percent: 50, plus: -3 }],
                duration: 9_000,
                remaining: 4_321,
            }],
        },
    }
}

async fn save(db: &Pool, character: &Character) -> bool {
    let mut client = db.get().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let stored = store(&transaction, character).await.unwrap();
    transaction.commit().await.unwrap();
    stored
}

async fn read(db: &Pool, id: i64) -> Character {
    load(&db.get().await.unwrap(), id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_character_comes_back_as_it_was_bags_in_bags_and_all() {
    let (forge, [ann, _], rooms, template) = setting().await;
    let db = &forge.forge.app().db;
    let fresh = read(db, ann).await;
    assert!(!fresh.is_initialised && fresh.items.is_empty() && fresh.health.is_none() && fresh.level == 1);
    let mut character = full(ann, rooms, template);
    assert!(save(db, &character).await);
    assert_eq!(read(db, ann).await, character);
    // Again, changed: out of the bag that is then gone, other orders, things removed.
    character.items = vec![
        item(2, template, SavedPlace::Inventory),
        item(9, template, SavedPlace::Inventory),
        item(4, template, inside(9)),
    ];
    character.aliases.reverse();
    character.marks.pop();
    character.currencies[0].1 = 0;
    character.viewed_rooms.reverse();
    character.mute_list.clear();
    character.core_faction = None;
    assert!(save(db, &character).await);
    assert_eq!(read(db, ann).await, character);
    assert!(save(db, &character).await);
    assert_eq!(read(db, ann).await, character);
}

#[tokio::test]
async fn a_thing_given_away_changes_hands_in_whatever_order_the_two_are_saved() {
    let (forge, [ann, bea], rooms, template) = setting().await;
    let db = &forge.forge.app().db;
    let mut giver = full(ann, rooms, template);
    let mut taker = Character { name: "Bea".into(), items: Vec::new(), ..full(bea, rooms, template) };
    save(db, &giver).await;
    // The bag with what is in it, taker first.
    taker.items = giver.items.split_off(1);
    save(db, &taker).await;
    save(db, &giver).await;
    assert_eq!((read(db, ann).await, read(db, bea).await), (giver.clone(), taker.clone()));
    // And back, giver first.
    let bag = std::mem::take(&mut taker.items);
    save(db, &taker).await;
    giver.items.extend(bag);
    save(db, &giver).await;
    assert_eq!((read(db, ann).await, read(db, bea).await), (giver, taker));
}

#[tokio::test]
async fn a_save_with_oddities_keeps_what_can_be_kept() {
    let (forge, [ann, _], rooms, template) = setting().await;
    let db = &forge.forge.app().db;
    let mut character = full(ann, rooms, template);
    character.items =
        vec![item(1, template, inside(77)), item(2, template, SavedPlace::Inventory), item(2, template, inside(1))];
    character.aliases = vec![("a".into(), "one".into()), ("a".into(), "two\0".into())];
    character.title = "the\0 Tall".into();
    character.viewed_rooms = vec![rooms[0], rooms[0]];
    assert!(save(db, &character).await);
    let kept = read(db, ann).await;
    assert_eq!(kept.items.len(), 2);
    assert_eq!(kept.items[0].place, SavedPlace::Inventory);
    assert_eq!((kept.aliases.len(), kept.aliases[0].1.as_str(), kept.title.as_str()), (1, "one", "the Tall"));
    assert_eq!(kept.viewed_rooms, [rooms[0]]);
    assert!(!save(db, &Character { id: 999_999, ..character }).await);
}
