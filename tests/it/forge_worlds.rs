//! Worlds in and out of Postgres: apply, export, prune, archives.

use realms::forge::worlds::{self, ApplyOptions, WorldsError};
use realms::world::kinds::DocumentKind;
use realms::world::manifest::{Located, Source, canonical};
use realms::world::set;
use realms::world::spec::Document;
use realms::world::template::Templates;

use crate::forge_worlds_rig::{Rig, mill, more, read};

fn plain(documents: &[Located]) -> Vec<Document> {
    canonical(&documents.iter().map(|located| located.document.clone()).collect::<Vec<_>>())
}

async fn templates(rig: &Rig, hash: &str) -> Templates {
    let client = rig.database.client().await;
    let row = client.query_one("select bytes from template_set where hash = $1", &[&hash]).await.unwrap();
    assert_eq!(set::hash(row.get(0)), hash);
    Templates::decode(row.get(0)).unwrap()
}

#[tokio::test]
async fn what_was_applied_is_exported_in_canonical_form() {
    let rig = Rig::new().await;
    let applied = rig.mill().await;
    assert_eq!(applied.created.len(), mill().len());
    assert_eq!((applied.changed.len(), applied.removed.len(), applied.unchanged), (0, 0, 0));
    let exported = worlds::export(&rig.app.db, "mill").await.unwrap();
    assert_eq!(exported, plain(&mill()));

    let again: Vec<Located> = exported.into_iter().map(Located::from).collect();
    let second = rig.apply(&again, true).await.unwrap();
    assert_eq!((second.created.len(), second.changed.len(), second.removed.len()), (0, 0, 0));
    assert_eq!(second.unchanged, again.len());
    assert_eq!(second.templates, applied.templates, "the same world has the same hash");
}

#[tokio::test]
async fn a_new_multiplayer_world_gets_its_one_spawn_and_its_templates() {
    let rig = Rig::new().await;
    let applied = rig.mill().await;
    rig.mill().await;
    assert_eq!(rig.number("select count(*) from spawn where is_shared and lifecycle = 'new'").await, 1);
    let set = templates(&rig, &applied.templates).await;
    assert_eq!((set.world.id, set.world.slug.as_str()), (applied.world, "mill"));
    assert!(applied.world >= 1000 && set.rooms.keys().all(|id| *id >= 20_000));
    let bytes = rig.link().get_bytes(&format!("templates/{}", applied.templates)).await.unwrap();
    assert_eq!(set::hash(&bytes), applied.templates);
    assert!(rig.number("select count(*) from room_exit e join room r on r.id = e.target_id").await > 0);
    let list = worlds::list(&rig.app.db).await.unwrap();
    assert_eq!((list[0].slug.as_str(), list[0].spawns.len()), ("mill", 1));
}

#[tokio::test]
async fn ids_stay_with_their_slugs_through_changes_removals_and_returns() {
    let rig = Rig::new().await;
    let first = templates(&rig, &rig.mill().await.templates).await;
    let shrug = "kind: social\nmetadata: {slug: shrug, world: mill}\nspec: {priority: 7, targetless_self: You shrug., targetless_other: '{actor} shrugs.'}\n";
    let changed = rig.apply(&more(shrug), false).await.unwrap();
    assert_eq!(changed.changed, [(DocumentKind::Social, "shrug".to_owned())]);
    assert_ne!(changed.templates, set::hash(&first.encode().unwrap()));

    let without: Vec<Located> = mill().into_iter().filter(|d| d.document.slug() != "shrug").collect();
    let pruned = rig.apply(&without, true).await.unwrap();
    assert_eq!(pruned.removed, [(DocumentKind::Social, "shrug".to_owned())]);
    assert!(!templates(&rig, &pruned.templates).await.socials.contains_key("shrug"));
    assert_eq!(worlds::export(&rig.app.db, "mill").await.unwrap(), plain(&without));

    let back = rig.apply(&mill(), false).await.unwrap();
    assert_eq!(back.created, [(DocumentKind::Social, "shrug".to_owned())]);
    assert_eq!(templates(&rig, &back.templates).await, first, "every id is what it was");
}

#[tokio::test]
async fn without_prune_nothing_is_removed() {
    let rig = Rig::new().await;
    rig.mill().await;
    let world: Vec<Located> = mill().into_iter().filter(|d| d.document.kind() == DocumentKind::World).collect();
    let applied = rig.apply(&world, false).await.unwrap();
    assert_eq!((applied.removed.len(), applied.unchanged), (0, mill().len()));
}

#[tokio::test]
async fn rooms_may_change_places_and_rules_keep_their_ids() {
    let rig = Rig::new().await;
    let before = templates(&rig, &rig.mill().await.templates).await;
    let mut documents = mill();
    let at = |documents: &[Located], slug: &str| {
        documents.iter().position(|d| d.document.kind() == DocumentKind::Room && d.document.slug() == slug).unwrap()
    };
    let (chapel, shop) = (at(&documents, "chapel"), at(&documents, "shop"));
    let (mut places, mut rules) = (Vec::new(), Vec::new());
    for index in [chapel, shop] {
        if let Document::Room { spec, .. } = &documents[index].document {
            places.push(spec.at);
        }
    }
    for (index, place) in [chapel, shop].into_iter().zip(places.into_iter().rev()) {
        if let Document::Room { spec, .. } = &mut documents[index].document {
            spec.at = place;
        }
    }
    for located in &mut documents {
        if let Document::Loader { spec, metadata } = &mut located.document
            && metadata.slug == "village-people"
        {
            spec.rules.reverse();
            spec.rules[0].copies = 4;
            rules = spec.rules.clone();
        }
    }
    let after = templates(&rig, &rig.apply(&documents, false).await.unwrap().templates).await;
    let rule_ids = |set: &Templates| {
        let loader = set.loaders.values().find(|loader| loader.slug == "village-people").unwrap();
        loader.rules.iter().map(|rule| rule.id).collect::<Vec<_>>()
    };
    let mut reversed = rule_ids(&before);
    reversed.reverse();
    assert_eq!(rule_ids(&after), reversed);
    assert_eq!(rules.len(), 3);
}

#[tokio::test]
async fn a_fault_anywhere_refuses_the_whole_and_names_its_place() {
    let rig = Rig::new().await;
    rig.mill().await;
    let before = worlds::export(&rig.app.db, "mill").await.unwrap();
    let text = "kind: zone\nmetadata: {slug: fen, world: mill}\nspec: {name: The Fen}\n---\nkind: room\nmetadata: {slug: bog, world: mill}\nspec:\n  zone: fen\n  name: A Bog\n  at: [50, 50, 0]\n  description: Wet.\n  exits:\n    north: nowhere\n";
    let WorldsError::Problems(problems) = rig.apply(&more(text), false).await.unwrap_err() else {
        panic!("no problems")
    };
    assert_eq!((problems[0].file.as_str(), problems[0].line), ("more.yaml", 13), "{}", problems[0]);
    assert!(problems[0].to_string().contains("nowhere"));
    assert_eq!(worlds::export(&rig.app.db, "mill").await.unwrap(), before);

    let two = [mill(), more("kind: zone\nmetadata: {slug: fen, world: other}\nspec: {name: The Fen}\n")].concat();
    assert!(rig.apply(&two, false).await.unwrap_err().to_string().contains("two worlds"));
    let nameless = more("kind: zone\nmetadata: {slug: fen}\nspec: {name: The Fen}\n");
    assert!(rig.apply(&nameless, false).await.unwrap_err().to_string().contains("no document names its world"));
    let unknown = more("kind: zone\nmetadata: {slug: fen, world: other}\nspec: {name: The Fen}\n");
    assert!(matches!(rig.apply(&unknown, false).await, Err(WorldsError::Problems(_))));
    assert!(matches!(worlds::export(&rig.app.db, "other").await, Err(WorldsError::Unknown(_))));
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let rig = Rig::new().await;
    let options = ApplyOptions { dry_run: true, ..ApplyOptions::default() };
    let told = worlds::apply(&rig.app.db, &mill(), options).await.unwrap();
    assert_eq!(told.created.len(), mill().len());
    assert_eq!(rig.number("select count(*) from world").await, 0);
}

#[tokio::test]
async fn two_applies_at_once_end_in_one_world() {
    let rig = Rig::new().await;
    let documents = mill();
    let (a, b) = tokio::join!(rig.apply(&documents, false), rig.apply(&documents, false));
    assert_eq!(a.unwrap().templates, b.unwrap().templates);
    assert_eq!(rig.number("select count(*) from world").await, 1);
}

#[tokio::test]
async fn an_archived_world_stays_on_the_shelf() {
    let rig = Rig::new().await;
    rig.mill().await;
    worlds::archive(&rig.app.db, "mill", true).await.unwrap();
    assert!(worlds::list(&rig.app.db).await.unwrap()[0].is_archived);
    assert!(worlds::archive(&rig.app.db, "nowhere", true).await.is_err());
}

/// Some thousands of rooms go in and out by a handful of statements.
#[tokio::test]
async fn a_large_world_applies() {
    let rig = Rig::new().await;
    let side = 65;
    let mut text = String::from(
        "kind: world\nmetadata: {slug: plain}\nspec: {name: The Plain, starting_room: r-0-0, death_room: r-0-0}\n---\nkind: currency\nmetadata: {slug: gold}\nspec: {name: gold, is_default: true}\n---\nkind: zone\nmetadata: {slug: all}\nspec: {name: All}\n",
    );
    for x in 0..side {
        for y in 0..side {
            let east = (x + 1) % side;
            text += &format!(
                "---\nkind: room\nmetadata: {{slug: r-{x}-{y}}}\nspec:\n  zone: all\n  name: Field {x} {y}\n  at: [{x}, {y}, 0]\n  description: Grass, and more of it to the east.\n  exits: {{east: r-{east}-{y}}}\n"
            );
        }
    }
    for n in 0..2000 {
        text += &format!(
            "---\nkind: item\nmetadata: {{slug: stone-{n}}}\nspec: {{name: a stone, type: inert, level: 1}}\n"
        );
    }
    let documents = read(&[Source { path: "plain.yaml".into(), text }]);
    let started = std::time::Instant::now();
    let applied = rig.apply(&documents, false).await.unwrap();
    println!("applied {} documents in {:?}", documents.len(), started.elapsed());
    assert_eq!(applied.created.len(), side * side + 2000 + 3);
    assert_eq!(rig.number("select count(*) from room_exit").await, (side * side) as i64);
}
