use super::*;
use crate::world::fixture;
use crate::world::formulas;
use crate::world::set::hash;

fn room<'a>(set: &'a Templates, slug: &str) -> &'a Room {
    set.rooms.values().find(|room| room.slug == slug).unwrap()
}

fn item<'a>(set: &'a Templates, slug: &str) -> &'a ItemTemplate {
    set.items.values().find(|item| item.slug == slug).unwrap()
}

fn mob<'a>(set: &'a Templates, slug: &str) -> &'a MobTemplate {
    set.mobs.values().find(|mob| mob.slug == slug).unwrap()
}

#[test]
fn slugs_become_ids_and_keys() {
    let set = fixture::templates();
    let green = room(&set, "green");
    assert_eq!((set.world.id, set.world.slug.as_str()), (1000, "mill"));
    assert_eq!(set.world.starting_room, green.id);
    assert_eq!((green.key.as_str(), green.zone_name.as_str()), (&*format!("room.{}", green.id), "The Village"));
    let north = green.exit(Direction::North).unwrap();
    assert_eq!((north.to, &north.to_key), (room(&set, "lane").id, &format!("room.{}", north.to)));
    assert!(set.rooms.keys().is_sorted() && *set.rooms.keys().next().unwrap() == 20_000);
    let village = set.zones.values().find(|zone| zone.slug == "village").unwrap();
    assert_eq!(village.rooms.len(), 7);
    assert!(village.rooms.is_sorted());
    assert_eq!(set.world.config.facts["grain"], "3");
}

#[test]
fn a_door_stands_on_both_sides_unless_each_has_its_own() {
    let set = fixture::templates();
    let gate = room(&set, "yard").exit(Direction::West).unwrap().door.clone().unwrap();
    assert_eq!(room(&set, "mill").exit(Direction::East).unwrap().door.as_ref(), Some(&gate));
    assert_eq!((gate.default_state, gate.key), (DoorState::Locked, Some(item(&set, "brass-key").id)));
    assert_eq!(room(&set, "mill").exit(Direction::Up).unwrap().door.as_ref().unwrap().name, "hatch");
    assert_eq!(room(&set, "loft").exit(Direction::Down).unwrap().door.as_ref().unwrap().name, "trapdoor");
    let rope = room(&set, "loft").exit(Direction::East).unwrap();
    assert_eq!((rope.door.as_ref(), rope.to), (None, room(&set, "lane").id));
}

#[test]
fn what_builders_leave_out_is_filled_in() {
    let set = fixture::templates();
    let cap = item(&set, "cap");
    assert_eq!((cap.quality, cap.currency.as_str()), (Quality::Imbued, "gold"), "attributes make the quality");
    assert_eq!(cap.ground_description, "A cloth cap lies here.");
    assert_eq!(item(&set, "bin").ground_description, "An ash bin is here.");
    assert_eq!(
        (item(&set, "knife").hit_msg_third.as_str(), item(&set, "flail").hit_msg_third.as_str()),
        ("cuts", "hits")
    );
    assert_eq!(item(&set, "crown").currency, "tokens");
    let dog = mob(&set, "dog");
    assert_eq!((dog.experience, dog.gold, dog.keywords[0].as_str()), (16, 0, "dog"));
    assert_eq!(dog.stats, formulas::suggest_stats(1, Archetype::Warrior, false));
    let bittern = mob(&set, "bittern");
    assert_eq!((bittern.stats.health_max, bittern.stats.stamina_max, bittern.experience), (80, 50, 100));
    let miller = mob(&set, "miller");
    assert_eq!((miller.gold, &miller.reactions[0].script[1][..]), (8, "say The gate is locked for a reason."));
    assert!(miller.keywords.contains(&"guild".to_owned()));
}

#[test]
fn rules_point_at_what_they_fill() {
    let set = fixture::templates();
    let loader = set.loaders.values().find(|loader| loader.slug == "mill-things").unwrap();
    assert_eq!(loader.rules[1].into, Place::Rule(loader.rules[0].id));
    assert_eq!(loader.rules[3].copies, 3);
    let beasts = set.loaders.values().find(|loader| loader.slug == "wood-beasts").unwrap();
    assert_eq!(
        (beasts.respawn_wait, beasts.is_group, &beasts.conditions[..]),
        (Some(30), true, "fact_check season summer")
    );
}

#[test]
fn socials_are_tried_by_priority() {
    assert_eq!(fixture::templates().socials.keys().collect::<Vec<_>>(), ["nod", "shrug"]);
}

#[test]
fn the_order_of_documents_does_not_matter() {
    let (mut documents, ids) = (fixture::documents(), fixture::ids());
    let encoded = compile(&documents, &ids).unwrap().encode().unwrap();
    documents.reverse();
    assert_eq!(Ids::sequential(&documents), ids);
    let again = compile(&documents, &ids).unwrap().encode().unwrap();
    assert_eq!(hash(&encoded), hash(&again));
    assert_eq!(hash(&encoded).len(), 64);
}

#[test]
fn a_set_survives_its_encoding() {
    let set = fixture::templates();
    let encoded = set.encode().unwrap();
    assert_eq!(Templates::decode(&encoded).unwrap(), set);
    assert!(Templates::decode(&[]).is_err() && Templates::decode(&[9, 9]).is_err());
    assert!(Templates::decode(&encoded[..encoded.len() / 2]).is_err());
    assert!(Templates::decode(&[&encoded[..], &[0]].concat()).is_err(), "nothing may follow a set");
}

#[test]
fn what_is_wrong_is_not_compiled() {
    let (mut documents, ids) = (fixture::documents(), fixture::ids());
    documents.retain(|document| document.slug() != "lane");
    let problems = compile(&documents, &ids).unwrap_err();
    assert!(
        problems.iter().any(|p| p.to_string() == "room `green`: spec.exits.north: no room has the slug `lane`"),
        "{problems:?}"
    );
    let problems = compile(&fixture::documents(), &Ids::default()).unwrap_err();
    assert_eq!(problems[0].to_string(), "world `mill` has no id");
}
