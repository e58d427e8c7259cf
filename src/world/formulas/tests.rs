use super::*;

fn item(kind: Option<EquipmentType>, level: u32, class: ArmorClass, stats: &[(Attribute, i32)]) -> ItemTemplate {
    ItemTemplate {
        id: 1,
        slug: "thing".into(),
        name: "a thing".into(),
        keywords: vec![],
        description: String::new(),
        ground_description: String::new(),
        item_type: ItemType::Equippable,
        level,
        quality: Quality::Normal,
        equipment_type: kind,
        armor_class: class,
        weapon_type: None,
        stats: stats.to_vec(),
        cost: 0,
        currency: "gold".into(),
        food_value: 0,
        food_type: FoodType::Stamina,
        is_boat: false,
        is_pickable: true,
        is_persistent: false,
        capacity: 0,
        hit_msg_first: String::new(),
        hit_msg_third: String::new(),
        on_use_cmd: String::new(),
        on_use_description: String::new(),
        on_use_equipped: false,
        details: vec![],
        inventory: vec![],
    }
}

fn ilf_float(level: u32) -> f64 {
    let b = 5.5 * 1.1f64.powi(level.min(16) as i32);
    [1.08, 1.06, 1.04, 1.02].iter().take(level.saturating_sub(16) as usize).fold(b, |f, step| f * step)
}

#[test]
fn the_factor_follows_its_formula_to_the_millionth() {
    for level in 1..=LEVEL_MAX {
        let exact = ilf_float(level) * 1e6;
        assert!((ilf(level) as f64 - exact).abs() <= 0.5 + 1e-6, "level {level}: {} and {exact}", ilf(level));
    }
    assert_eq!(ilf(1), 6_050_000);
    assert_eq!((ilf(0), ilf(99)), (ilf(1), ilf(20)));
}

#[test]
fn ceilings_of_the_table_are_those_of_the_formula() {
    for level in 1..=LEVEL_MAX {
        for hundredths in [100, 200, 300, 400, 1025, 2000, 2500, 5000] {
            // The small step keeps exact integers of the float from rounding up.
            let expected = (ilf_float(level) * hundredths as f64 / 100.0 - 1e-9).ceil() as i32;
            assert_eq!(ilf_ceil(level, hundredths), expected, "level {level} * {hundredths}");
        }
    }
}

#[test]
fn a_new_warrior_is_as_the_rules_say() {
    let s = compute_stats(1, Archetype::Warrior, &[], false);
    assert_eq!((s.constitution, s.strength, s.dexterity, s.intelligence), (19, 25, 7, 7));
    assert_eq!((s.health_max, s.mana_max, s.stamina_max), (63, 14, 100));
    assert_eq!((s.attack_power, s.spell_power, s.crit, s.dodge, s.resilience), (25, 14, 32, 7, 19));
    let mage = compute_stats(1, Archetype::Mage, &[], false);
    assert_eq!((mage.health_max, mage.mana_max), (45, 50));
    let assassin = compute_stats(1, Archetype::Assassin, &[], false);
    assert_eq!(assassin.attack_power, assassin.strength + assassin.dexterity);
}

#[test]
fn equipment_counts() {
    let helmet = item(
        Some(EquipmentType::Head),
        1,
        ArmorClass::Heavy,
        &[(Attribute::Intelligence, 3), (Attribute::StaminaMax, 5)],
    );
    let maul = item(Some(EquipmentType::Weapon2h), 1, ArmorClass::Light, &[(Attribute::Strength, -100)]);
    let s = compute_stats(1, Archetype::Warrior, &[&helmet], false);
    assert_eq!((s.mana_max, s.mana_base, s.stamina_max), (17, 14, 105));
    assert_eq!(s.armor, 30, "6.05 * 1.25 * 4");
    let s = compute_stats(1, Archetype::Warrior, &[&maul], false);
    assert_eq!((s.strength, s.attack_power), (0, 0), "nothing falls below zero");
    assert_eq!(s.spell_power, 21, "two hands: half as much again");
}

#[test]
fn mobs_count_as_dressed_and_elites_are_worse() {
    let s = suggest_stats(10, Archetype::Warrior, false);
    assert_eq!((s.constitution, s.strength, s.dexterity, s.intelligence), (0, 0, 0, 0));
    // boost 147: 74 to constitution, 73 to strength.
    assert_eq!(s.health_max, 2 * (43 + 74) + (58 + 73));
    assert_eq!(s.armor, 147 * 3);
    assert_eq!(s.attack_power, 197, "131 * 1.5");
    let elite = suggest_stats(10, Archetype::Warrior, true);
    assert_eq!((elite.health_max, elite.armor, elite.resilience), (s.health_max * 6, s.armor, s.resilience));
    assert_eq!((elite.attack_power, elite.stamina_max), (s.attack_power * 4, 400));
    assert_eq!(suggest_experience(10, true), 313 * 4);
    let small = suggest_stats(1, Archetype::Classless, false);
    // boost 63: 32 and 31; (2 * 51 + 44) * 15 %.
    assert_eq!(small.health_max, 22);
}

#[test]
fn written_stats_replace_the_suggested() {
    let s = explicit_stats([(Attribute::HealthMax, 12), (Attribute::Dodge, -3)]);
    assert_eq!((s.health_max, s.dodge, s.stamina_max, s.attack_power), (12, 0, 50, 1));
    assert_eq!(explicit_stats([(Attribute::HealthMax, 0)]).health_max, 1, "a mob without health could not live");
}

#[test]
fn experience_makes_levels() {
    for (experience, level) in
        [(-5, 1), (0, 1), (29, 1), (30, 2), (99, 2), (499_999, 19), (500_000, 20), (9_000_000, 20)]
    {
        assert_eq!(level_of_experience(experience), level, "{experience}");
    }
    assert_eq!(experience_progress(2, 50), (20, 50));
    assert_eq!(experience_progress(20, 500_010), (10, 10));
    assert_eq!((mob_experience(1), mob_experience(20)), (16, 1_213));
}

#[test]
fn chances_have_their_floors_and_ceilings() {
    assert_eq!((crit_per_mille(0, 1), crit_per_mille(i32::MAX, 1)), (20, 1_000));
    assert_eq!(crit_per_mille(726, 1), 1_000, "726 / (6.05 * 120) = 1");
    assert_eq!((armor_per_mille(0, 1), armor_per_mille(363, 1), armor_per_mille(1_000_000, 1)), (0, 500, 750));
    assert_eq!(dodge_per_mille(0, 5), 20);
    assert_eq!((resilience_per_mille(0, 5, false), resilience_per_mille(0, 5, true)), (0, 250));
    assert!(armor_per_mille(100, 20) < armor_per_mille(100, 1));
}

#[test]
fn vitals_come_back() {
    let s = compute_stats(1, Archetype::Warrior, &[], false);
    assert_eq!(player_regeneration(&s, CharacterState::Standing), [2, 1, 2]);
    assert_eq!(player_regeneration(&s, CharacterState::Resting), [6, 3, 6]);
    assert_eq!(player_regeneration(&s, CharacterState::Combat), [0, 1, 2]);
    assert_eq!(mob_regeneration(&explicit_stats([]), 4), [2, 1, 2]);
    assert_eq!(
        (movement_cost(RoomType::City), movement_cost(RoomType::Trail), movement_cost(RoomType::Mountain)),
        (1, 2, 4)
    );
}

#[test]
fn pieces_have_prices_budgets_and_qualities() {
    assert_eq!(price(10, Quality::Normal, EquipmentType::Weapon2h), 36, "14.27 * 2.5");
    assert_eq!(price(10, Quality::Enchanted, EquipmentType::Feet), 71);
    assert_eq!(attribute_budget(1, EquipmentType::Head), 152, "6.05 * 1.25 * 20 = 151.25");
    let of = |str| quality(1, EquipmentType::Head, &[(Attribute::Strength, str)]);
    assert_eq!((of(0), of(10), of(19)), (Quality::Normal, Quality::Imbued, Quality::Enchanted));
    let sword = item(Some(EquipmentType::Weapon1h), 1, ArmorClass::Light, &[]);
    assert_eq!((item_damage(&sword), item_armor(&sword)), (8, 0));
    let vest = item(Some(EquipmentType::Body), 1, ArmorClass::Light, &[]);
    assert_eq!((item_damage(&vest), item_armor(&vest)), (0, 8));
}

#[test]
fn hands_and_levels_limit_what_is_worn() {
    let bare = Wearer { level: 1, archetype: Archetype::Mage, knows_heavy_armor: false, weapon: None, offhand: None };
    let light = |kind| item(Some(kind), 1, ArmorClass::Light, &[]);
    let one = light(EquipmentType::Weapon1h);
    assert_eq!(slot_for(bare, &one), Ok(Slot::Weapon));
    assert_eq!(slot_for(bare, &item(None, 1, ArmorClass::Light, &[])), Err(EquipRefusal::NotEquippable));
    assert_eq!(
        slot_for(bare, &item(Some(EquipmentType::Head), 5, ArmorClass::Light, &[])),
        Err(EquipRefusal::LevelTooHigh)
    );
    let plate = item(Some(EquipmentType::Body), 4, ArmorClass::Heavy, &[]);
    assert_eq!(slot_for(bare, &plate), Err(EquipRefusal::HeavyArmor));
    assert_eq!(slot_for(Wearer { archetype: Archetype::Warrior, ..bare }, &plate), Ok(Slot::Body));
    assert_eq!(slot_for(Wearer { knows_heavy_armor: true, ..bare }, &plate), Ok(Slot::Body));
    let armed = Wearer { weapon: Some(EquipmentType::Weapon1h), ..bare };
    assert_eq!(slot_for(armed, &one), Ok(Slot::Weapon));
    assert_eq!(slot_for(Wearer { archetype: Archetype::Assassin, ..armed }, &one), Ok(Slot::Offhand));
    let shielded = Wearer { offhand: Some(EquipmentType::Shield), ..bare };
    assert_eq!(slot_for(shielded, &light(EquipmentType::Weapon2h)), Err(EquipRefusal::HandsFull));
    let two = Wearer { weapon: Some(EquipmentType::Weapon2h), ..bare };
    assert_eq!(slot_for(two, &light(EquipmentType::Shield)), Err(EquipRefusal::HandsFull));
    assert!(may_eat(1, &item(None, 4, ArmorClass::Light, &[])) && !may_eat(1, &item(None, 5, ArmorClass::Light, &[])));
}
