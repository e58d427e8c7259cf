use proptest::prelude::*;

use super::*;

fn no_fact<'a>(_: &str) -> Option<&'a str> {
    None
}

fn facts<'a>(name: &str) -> Option<&'a str> {
    match name {
        "season" => Some("Summer"),
        "grain" => Some("3.5"),
        _ => None,
    }
}

fn marks<'a>(name: &str) -> Option<&'a str> {
    match name {
        "sworn" => Some("Yes"),
        "debts" => Some("2"),
        _ => None,
    }
}

fn counts(what: Count<'_>) -> i64 {
    match what {
        Count::Currency("tokens") => 7,
        Count::Standing("guild") => 100,
        Count::Carried("loaf") | Count::Carried("sea-chest") => 2,
        Count::Worn("cap") | Count::ItemsInRoom("bin") | Count::MobsInRoom("dog") | Count::PlayersInRoom => 1,
        _ => 0,
    }
}

fn outcome(text: &str) -> Outcome {
    let keywords = ["wolf".to_owned()];
    let actor = Actor {
        name: "Ada Vane",
        level: 5,
        archetype: Archetype::Mage,
        gender: Gender::Female,
        core_faction: Some("villagers"),
        health: 50,
        health_max: 100,
        gold: 10,
        medals: 1,
        is_mob: false,
        is_following: false,
        is_fighting: true,
        target_keywords: &keywords,
        has_weapon: true,
        weapon_type: Some(WeaponType::Staff),
        has_shield: false,
        mark: &marks,
        count: &counts,
    };
    Condition::parse(text).unwrap().evaluate(&View { actor: Some(actor), fact: &facts })
}

#[test]
fn every_atom_can_hold() {
    for text in [
        "",
        "archetype mage",
        "core_faction villagers",
        "currency tokens 7",
        "currency gold 10",
        "currency medals 1",
        "fact_check season summer",
        "fact_above grain 3",
        "fact_above grain 3.499",
        "gender female",
        "gold 10",
        "gold_above 9",
        "has_weapon",
        "health 50",
        "health_below 51",
        "in_combat",
        "in_combat wolf",
        "item_in_eq cap",
        "item_in_inv loaf",
        "item_in_inv loaf 2",
        "item_in_inv sea-chest",
        "item_in_room bin",
        "level 5",
        "level_above 4",
        "level_below 6",
        "name ada",
        "name ADA VANE",
        "marked sworn yes",
        "mark_above debts 1",
        "medals 1",
        "mob_in_room dog 1",
        "player_in_room",
        "standing guild 100",
        "standing_above guild 99",
        "wields_weapon_type staff",
    ] {
        assert_eq!(outcome(text), Outcome { holds: true, detail: String::new() }, "{text}");
    }
}

#[test]
fn every_atom_says_why_it_fails() {
    for (text, detail) in [
        ("archetype warrior", "You are not a warrior."),
        ("archetype assassin", "You are not an assassin."),
        ("core_faction outlaws", "You are not of this core faction."),
        ("currency tokens 8", "Not enough tokens."),
        ("fact_check moon full", "Fact is not set."),
        ("fact_check season winter", "Fact differs."),
        ("fact_above grain 3.5", "Fact is not above 3.5."),
        ("fact_above season 3", "Fact is not above 3."),
        ("gender male", "You are female."),
        ("gold 11", "Not enough gold."),
        ("gold_above 10", "Not enough gold."),
        ("has_shield", "No shield equipped."),
        ("health 51", "Not enough health."),
        ("health_below 50", "Health is too high."),
        ("in_combat dog", "Not in combat against target."),
        ("is_following", "Not following anyone."),
        ("is_mob", "You are not a mob."),
        ("item_in_eq loaf", "Item not equipped."),
        ("item_in_inv loaf 3", "Items not in inventory."),
        ("item_in_room loaf", "Required item is not in the room."),
        ("level 6", "You are not level 6."),
        ("level_above 5", "You are not above level 5."),
        ("level_below 5", "You are not below level 5."),
        ("name bob", "Name does not match."),
        ("marked free yes", "Player is not marked."),
        ("marked sworn no", "Mark differs."),
        ("mark_above debts 2", "Mark is not above 2."),
        ("medals 2", "Not enough medals."),
        ("mob_in_room wolf", "Mob is not in room."),
        ("quest_complete shoe", "You have not completed that quest."),
        ("standing guild 101", "Faction standing too low."),
        ("standing_above guild 100", "Faction standing too low."),
        ("wields_weapon_type axe", "You are not wielding an axe."),
    ] {
        assert_eq!(outcome(text), Outcome { holds: false, detail: detail.into() }, "{text}");
    }
}

#[test]
fn operators_bind_and_the_last_reason_counts() {
    assert!(outcome("level 9 or gold 1 and has_weapon").holds);
    assert!(!outcome("(level 9 or gold 1) and has_shield").holds);
    assert!(outcome("not level 9 and not (has_shield)").holds);
    assert_eq!(outcome("level 9 and gold 99 and has_weapon").detail, "Not enough gold.");
    assert_eq!(outcome("level 9 or has_shield").detail, "", "with `or` there is no one reason");
    assert_eq!(outcome("not has_weapon").detail, "");
}

#[test]
fn only_facts_hold_for_a_world() {
    let view = |fact| View { actor: None, fact };
    let holds = |text| Condition::parse(text).unwrap().evaluate(&view(&facts)).holds;
    assert!(holds("fact_check season summer") && !holds("level 1") && !holds("player_in_room"));
    assert!(!Condition::parse("fact_check season summer").unwrap().evaluate(&view(&no_fact)).holds);
    assert!(Condition::parse("not fact_check a b or fact_above c 1").unwrap().is_about_facts());
    assert!(!Condition::parse("fact_check a b and level 1").unwrap().is_about_facts());
}

#[test]
fn references_are_listed() {
    let condition =
        Condition::parse("item_in_inv loaf 2 and (mob_in_room dog or not standing guild 3) and currency gold 1")
            .unwrap();
    assert_eq!(
        condition.references(),
        [(DocumentKind::Item, "loaf"), (DocumentKind::Mob, "dog"), (DocumentKind::Faction, "guild")]
    );
}

#[test]
fn mistakes_are_placed() {
    for (text, column, message) in [
        ("levle 5", 1, "Invalid condition name 'levle'; did you mean `level`?"),
        ("gold 1 and level", 12, "Insufficient number of arguments to 'level'"),
        ("level 5 gold 3", 9, "'gold' is one argument too many for 'level'; is an `and` missing?"),
        ("level five", 7, "'five' is not a whole number"),
        ("fact_above a b", 14, "'b' is not a number"),
        ("gender blue", 8, "'blue' is not one of male, female, non_binary"),
        ("level 5 and", 12, "a condition is missing"),
        ("and level 5", 1, "a condition is missing before 'and'"),
        ("(level 5", 1, "a parenthesis that does not close"),
        ("level 5)", 8, "')' is not expected here"),
    ] {
        assert_eq!(Condition::parse(text), Err(ConditionError { column, message: message.into() }), "{text}");
    }
    assert!(Condition::parse(&"not ".repeat(200)).unwrap_err().message.contains("nested more than"));
    assert!(Condition::parse(&"x".repeat(1_001)).unwrap_err().message.contains("more than 1000"));
}

#[test]
fn numbers_have_three_places() {
    for (text, expected) in
        [("3", Some(3_000)), ("-0.5", Some(-500)), ("1.23456", Some(1_234)), ("x", None), ("", None), ("1e3", None)]
    {
        assert_eq!(thousandths(text), expected, "{text}");
    }
    assert_eq!((shown(-500), shown(3_000), shown(1_230)), ("-0.5".into(), "3".into(), "1.23".into()));
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in any::<String>(), grammar in "(level|name|and|or|not|5|[ ()]){0,60}") {
        for text in [&text, &grammar] {
            if let Ok(condition) = Condition::parse(text) {
                let _ = condition.evaluate(&View { actor: None, fact: &facts });
            }
        }
    }
}
