use std::path::Path;

use super::*;
use crate::world::check::check;
use crate::world::compile::{Ids, compile};
use crate::world::kinds::*;
use crate::world::manifest::{Located, canonical, read, write};

fn imported() -> Imported {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/circle");
    crate::folder::import_circle(&folder).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn room(world: &Imported, vnum: i64) -> RoomSpec {
    let suffix = format!("-{vnum}");
    let found = world.documents.iter().find_map(|document| match document {
        Document::Room { metadata, spec } if metadata.slug.ends_with(&suffix) => Some((**spec).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no room {vnum}"))
}

fn item(world: &Imported, vnum: i64) -> ItemSpec {
    let suffix = format!("-{vnum}");
    let found = world.documents.iter().find_map(|document| match document {
        Document::Item { metadata, spec } if metadata.slug.ends_with(&suffix) => Some((**spec).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no item {vnum}"))
}

fn mob(world: &Imported, vnum: i64) -> MobSpec {
    let suffix = if vnum == 703 { "703".to_owned() } else { format!("-{vnum}") };
    let found = world.documents.iter().find_map(|document| match document {
        Document::Mob { metadata, spec } if metadata.slug.ends_with(&suffix) => Some((**spec).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no mob {vnum}"))
}

#[test]
fn the_whole_is_a_world_that_compiles_and_reads_back() {
    let world = imported();
    let located: Vec<Located> = world.documents.iter().cloned().map(Located::from).collect();
    assert_eq!(check(&located), []);
    compile(&world.documents, &Ids::sequential(&world.documents)).unwrap();
    let back: Vec<Document> =
        read(&write(&world.documents).unwrap()).unwrap().into_iter().map(|at| at.document).collect();
    assert_eq!(canonical(&back), canonical(&world.documents));
}

#[test]
fn rooms_keep_what_they_say() {
    let world = imported();
    let toll = room(&world, 700);
    assert_eq!(toll.name, "The Toll House");
    assert_eq!(
        toll.description,
        "You stand before a counter of planed planks. Coins have worn a hollow into the middle of it.\nA ladder goes up through a hatch."
    );
    assert_eq!(room(&world, 701).description, "Wind. Mail goes to keeper@bridge.");
    assert_eq!(room(&world, 702).description, "     |  river  |\n     |   ~~    |\n     |_________|");
    assert_eq!(toll.flags, [RoomFlag::Peaceful]);
    assert!(toll.notes.contains("flags: private"), "{}", toll.notes);
    assert_eq!(room(&world, 703).flags, [RoomFlag::NoRoam]);
    assert_eq!(
        (room(&world, 720).room_type, room(&world, 720).description.as_str()),
        (RoomType::Shallow, "It was typed on another machine.")
    );
    assert!(room(&world, 721).notes.contains("sector: underwater"));
    assert_eq!(room(&world, 790).zone, "elsewhere-99999");
    let words: Vec<Vec<String>> = toll.details.iter().map(|detail| detail.words.clone()).collect();
    assert_eq!(words, [vec!["counter".to_owned(), "planks".into()], vec!["hollow".to_owned()]]);
}

#[test]
fn exits_lead_or_are_kept() {
    let world = imported();
    let toll = room(&world, 700);
    let gate = toll.exits[&Direction::North].door().unwrap();
    assert_eq!((gate.name.as_str(), gate.state, gate.key.as_deref()), ("gate", DoorState::Locked, Some("oak-key-705")));
    assert_eq!(toll.exits[&Direction::North].look(), "The bridge begins there.");
    assert_eq!(room(&world, 701).exits[&Direction::South].door().unwrap().state, DoorState::Closed);
    assert_eq!(toll.exits[&Direction::Up].door().unwrap().state, DoorState::Open, "no reset says otherwise");
    assert_eq!(toll.exits.len(), 2);
    for kept in [
        "exit east to room 9999: not imported",
        "exit south to room -1: leads nowhere",
        "looking south: A wall.",
        "exit northwest to room 701",
    ] {
        assert!(toll.notes.contains(kept), "{kept}\n{}", toll.notes);
    }
    let report = &world.report;
    assert_eq!((report.count(OUTSIDE), report.count(report::NOWHERE), report.count(report::DIAGONAL)), (1, 1, 1));
    assert_eq!(report.kept[OUTSIDE][0], Kept { record: "room 700".into(), text: "east to 9999".into() });
    assert_eq!((report.count(report::DOOR_TRAITS), report.count(report::DOOR_KEYS)), (2, 1));
    assert_eq!((report.made["rooms"], report.made["exits"], report.islands), (8, 8, 4));
    assert_eq!(room(&world, 702).at[1] - toll.at[1], 2);
    assert_eq!(room(&world, 703).at[2], 1);
}

#[test]
fn mobs_are_clamped_and_keep_their_numbers() {
    let world = imported();
    let keeper = mob(&world, 700);
    assert_eq!(
        (keeper.name.as_str(), keeper.level, keeper.gender, keeper.roaming),
        ("the toll keeper", 20, Gender::Male, Roaming::Static)
    );
    assert!(
        keeper.notes.contains("33 9 -9 6d6+330 5d5+5") && keeper.notes.contains("level 33 before it was clamped"),
        "{}",
        keeper.notes
    );
    assert!(
        keeper.notes.contains("Str: 18")
            && keeper.notes.contains("trigger 701 as a draft: Greeting (mob, type 0 g 60, on north south)\nsay Toll.")
    );
    let goose = mob(&world, 701);
    assert_eq!(
        (goose.level, goose.aggression, goose.roaming, goose.mob_type),
        (1, Aggression::Players, Roaming::Zone, MobType::Beast)
    );
    assert!(mob(&world, 702).assists);
    let ghost = mob(&world, 703);
    assert_eq!((ghost.name.as_str(), ghost.level, ghost.aggression), ("somebody", 1, Aggression::Friendly));
    assert_eq!(world.report.count(LEVELS), 1);
}

#[test]
fn objects_become_what_they_are() {
    let world = imported();
    let pike = item(&world, 700);
    assert_eq!(
        (pike.name.as_str(), pike.item_type, pike.equipment_type),
        ("a guard's pike", ItemType::Equippable, Some(EquipmentType::Weapon1h))
    );
    assert_eq!((pike.level, pike.weapon_type, pike.hit_msg_third.as_str()), (20, Some(WeaponType::Polearm), "pierces"));
    assert_eq!(pike.description, "The blade has a notch.");
    assert_eq!(pike.details[0].words, ["notch"]);
    assert_eq!(pike.stats[&Attribute::Strength], 3);
    assert!(
        pike.notes.contains("affects hit roll by 2") && pike.notes.contains("weight 12, rent 15"),
        "{}",
        pike.notes
    );
    let bread = item(&world, 701);
    assert_eq!((bread.item_type, bread.food_value, bread.is_pickable, bread.cost), (ItemType::Food, 24, true, 4));
    let chest = item(&world, 702);
    assert_eq!((chest.item_type, chest.is_pickable), (ItemType::Container, false));
    let mail = item(&world, 703);
    assert_eq!((mail.equipment_type, mail.stats[&Attribute::HealthMax]), (Some(EquipmentType::Body), 15));
    assert!(mail.notes.contains("action: It clinks.") && mail.notes.contains("affect flags: bit 2"), "{}", mail.notes);
    assert_eq!((item(&world, 704).item_type, item(&world, 705).item_type), (ItemType::Light, ItemType::Key));
    assert!(item(&world, 707).is_boat);
    assert_eq!(item(&world, 708).equipment_type, Some(EquipmentType::Waist));
    assert_eq!(item(&world, 709).item_type, ItemType::Consumable);
}

#[test]
fn resets_become_nested_loaders() {
    let world = imported();
    let loaders: Vec<(&str, &LoaderSpec)> = world
        .documents
        .iter()
        .filter_map(|document| match document {
            Document::Loader { metadata, spec } => Some((metadata.slug.as_str(), &**spec)),
            _ => None,
        })
        .collect();
    let [(slug, loader)] = loaders[..] else { panic!("{loaders:?}") };
    assert_eq!((slug, loader.zone.as_str()), ("resets-7", "toll-bridge-7"));
    let rule = |rule: &RuleSpec| {
        let what = rule.mob.as_deref().or(rule.item.as_deref()).unwrap_or_default();
        let into = rule.room.as_deref().or(rule.rule.as_deref()).unwrap_or_default();
        format!("{} {what} {into} {}", rule.name.as_deref().unwrap_or("-"), rule.copies)
    };
    let rules: Vec<String> = loader.rules.iter().map(rule).collect();
    assert_eq!(
        rules,
        [
            "load-1 toll-keeper-700 toll-house-700 1",
            "- oak-key-705 load-1 1",
            "load-3 bridge-guard-702 on-the-bridge-701 1",
            "- guard-s-pike-700 load-3 1",
            "- bridge-guard-702 on-the-bridge-701 2",
            "- goose-701 far-bank-702 1",
            "load-7 iron-chest-702 loft-703 1",
            "- blue-potion-709 load-7 2",
            "- raft-707 mill-720 1",
        ]
    );
    let report = &world.report;
    assert_eq!(report.count(RESETS_LIMITED), 2, "the fourth guard and her pike: {:?}", report.kept);
    assert_eq!(report.count(report::RESETS_UNCHAINED), 1);
    // A potion into a loaf, a lantern nowhere, an object and a mob that are not there, a gift to that mob, a door
    // where none is, and what the shop sells.
    assert_eq!(report.count(RESETS_LOST), 7, "{:?}", report.kept[RESETS_LOST]);
    assert_eq!((report.count(report::RESETS_REMOVE), report.count(report::RESETS_SCRIPT)), (1, 2));
}

#[test]
fn shops_become_merchants() {
    let world = imported();
    let keeper = mob(&world, 700);
    let merchant = keeper.merchant.unwrap();
    assert_eq!(merchant.profit_percent, 150);
    let stock: Vec<(&str, u32)> = merchant.stock.iter().map(|line| (line.item.as_str(), line.num)).collect();
    assert_eq!(stock, [("loaf-of-rye-701", 6), ("blue-potion-709", 5)]);
    assert!(
        keeper.notes.contains("buys: 5, TRASH bread") && keeper.notes.contains("hours: 0 28 0 0"),
        "{}",
        keeper.notes
    );
    assert_eq!(world.report.count(report::SHOPS_ALONE), 1);
}

#[test]
fn scripts_and_quests_are_drafts() {
    let world = imported();
    let report = &world.report;
    assert_eq!(
        (report.count(TRIGGERS), report.count(TRIGGERS_ALONE), report.count(report::TRIGGERS_MISSING)),
        (3, 1, 1)
    );
    assert!(room(&world, 700).notes.contains("%send% %actor% Nobody crosses for nothing."));
    let zone = world.documents.iter().find_map(|document| match document {
        Document::Zone { metadata, spec } if metadata.slug == "toll-bridge-7" => Some(spec),
        _ => None,
    });
    let zone = zone.unwrap();
    assert!(
        zone.notes.contains("trigger 703 as a draft: Left Alone")
            && zone.notes.contains("reset command: V 2 0 1 700 toll"),
        "{}",
        zone.notes
    );
    assert_eq!(zone.respawn_wait, 1_200);
    assert!(mob(&world, 700).notes.contains("quest 700 as a draft:\nThe Lost Penny"));
    assert_eq!(report.count(QUESTS), 1);
    let text = report.to_string();
    assert!(text.contains("4 islands") && text.contains("  room 700: east to 9999\n"), "{text}");
}

#[test]
fn a_number_used_twice_is_reported() {
    let file = |path: &str, name: &str| Source { path: path.into(), text: format!("#1\n{name}~\n~\n1 0 0\nS\n$\n") };
    let world = import(&[file("a.wld", "First"), file("b.wld", "Second")]).unwrap();
    assert_eq!(room(&world, 1).name, "Second");
    assert_eq!(world.report.kept[report::DOUBLES], [Kept { record: "b.wld".into(), text: "room 1: First".into() }]);
}

#[test]
fn malformed_files_name_their_line() {
    let said = |path: &str, text: &str| {
        let sources = [Source { path: path.into(), text: text.into() }];
        import(&sources).err().map(|problems| problems[0].to_string()).unwrap_or_default()
    };
    let cases = [
        ("x.wld", "#1\nA Room~\nNo end\n", "x.wld:3: the description of a room does not end"),
        ("x.wld", "#1\nA Room~\n~\n1 0! 0\nS\n", "x.wld:4: room #1: expected zone, flags and sector, found `1 0! 0`"),
        ("x.wld", "#1\nA Room~\n~\n1 0 0\nX\n", "x.wld:5: room #1: expected `D`, `E` or `S`, found `X`"),
        ("x.wld", "#1\nA Room~\n~\n1 0 0\nD12\n", "x.wld:5: `D12` is no direction from D0 to D9"),
        ("x.wld", "#1\nA Room~\n~\n1 0 0\nD0\n~\n~\n0 1\nS\n", "x.wld:8: expected 3 numbers for an exit"),
        ("x.wld", "#1\nA Room~\n~\n1 0 0\n", "x.wld:5: the file ends where `S`, the end of a room should stand"),
        ("x.wld", "room\n", "x.wld:1: expected `#` and a number, or `$`, found `room`"),
        (
            "x.mob",
            "#1\na~\nb~\nc~\nd~\n0 0 0 0 0 0 0 0 0 E\n1 2 3 1d1+1 1d1+1\n1 1\n8 8 1\n#2\n",
            "x.mob:10: mob #1 does not end with `E`",
        ),
        ("x.obj", "#1\na~\nb~\nc~\nd~\n5 0 0\n1 2 3\n", "x.obj:7: expected 4 numbers for the values of an object"),
        (
            "x.obj",
            "#1\na~\nb~\nc~\nd~\n5 0 0\n1 2 3 4\n1 1 1\nQ\n",
            "x.obj:9: object #1: expected `E`, `A`, `T`, `#` or `$`, found `Q`",
        ),
        ("x.zon", "#1\na~\nb~\n1 2\n", "x.zon:4: zone #1: expected bottom, top, lifespan and mode"),
        ("x.zon", "#1\na~\nb~\n1 2 3 4\nZ 0 1 2\n", "x.zon:5: zone #1: `Z 0 1 2` is no reset command"),
        ("x.shp", "#1~\n1\n", "x.shp:1: not a shop file of CircleMUD v3.0"),
        ("x.wld", "$\n", "no room here"),
    ];
    for (path, text, expected) in cases {
        let found = said(path, text);
        assert!(found.starts_with(expected), "{text:?}\n{found}\n{expected}");
    }
}

proptest::proptest! {
    #[test]
    fn no_file_breaks_it(
        text in proptest::prelude::any::<String>(),
        lines in "((#1|a~|~|0 0 0|1 2 3 4 5 6|D0|E|S|T 1|M 0 1 1 1|-1|[$]|CircleMUD v3.0)\n){0,30}",
    ) {
        for kind in FOLDERS {
            for text in [&text, &lines] {
                let _ = import(&[Source { path: format!("x.{kind}"), text: text.clone() }]);
            }
        }
    }
}
