//! Fights beside what scripts can show: what goes along with a character, crowds, and limits.

use super::rig::{Rig, character};
use crate::nexus::pulsar::beat::BEAT_CHUNK;
use crate::nexus::pulsar::combat::{FOES_MAX, GRUDGES_MAX};
use crate::nexus::pulsar::instruction::Instruction;
use crate::nexus::pulsar::leave::save_of;
use crate::nexus::pulsar::record::{Ask, Who};
use crate::nexus::pulsar::skill::cooldown;
use crate::nexus::pulsar::skill::effect::EFFECTS_MAX;
use crate::nexus::pulsar::sound;
use crate::world::character::{Account, Character, SavedEffect};
use crate::world::internal::Errand;
use crate::world::kinds::*;

fn sound_of(rig: &Rig) {
    assert_eq!(sound::problems(&rig.world), Vec::<String>::new());
}

fn able(id: i64, name: &str) -> Character {
    let mut able = character(id, name);
    able.is_initialised = true;
    for code in ["veil", "hex", "quicken", "whistle"] {
        able.prowess.skills.push((code.into(), String::new()));
    }
    able
}

#[test]
fn what_works_on_someone_stands_still_while_they_are_away() {
    let mut rig = Rig::new();
    rig.enter(able(1, "Mara"), Account { id: 1, ..Account::default() });
    rig.text(1, "veil");
    rig.wait(1_100);
    rig.text(1, "whistle");
    for line in ["autoflee 40", "focus rat", "hotkey 5 veil"] {
        rig.text(1, line);
    }
    rig.wait(4_000);
    assert_eq!(rig.world.mobs.len(), 1, "a dog has come");
    let (whistle, until) = {
        let left = cooldown::left(&rig.world, Who::Player(1), "whistle");
        (left, rig.world.auras.get(1).unwrap().effects[0].until - rig.now)
    };
    let session = rig.session(1);
    rig.give(Instruction::Quit { player: 1, session });
    sound_of(&rig);
    assert!(rig.world.mobs.is_empty(), "who was summoned does not stay alone");
    assert!(rig.world.auras.is_empty() && rig.world.cooldowns.is_empty());
    let gone = rig.world.errands.iter().find_map(|(id, open)| match &open.what {
        Ask::Forge(Errand::SaveCharacter { character, .. }) => Some((id, (**character).clone())),
        _ => None,
    });
    let (errand, gone) = gone.unwrap();
    rig.world.errands.remove(errand);
    assert_eq!((gone.prowess.autoflee, gone.prowess.focus.as_str()), (40, "rat"));
    let kinds: Vec<EffectKind> = gone.prowess.effects.iter().map(|effect| effect.kind).collect();
    assert_eq!(kinds, [EffectKind::Invisibility]);

    // A long time later.
    rig.wait(500_000);
    rig.world.departed.remove(1);
    rig.enter(gone, Account { id: 1, ..Account::default() });
    sound_of(&rig);
    let back = rig.world.players.get(1).unwrap();
    assert_eq!((back.autoflee, back.focus.as_str(), back.skills["veil"].as_str()), (40, "rat", "5"));
    let left = cooldown::left(&rig.world, Who::Player(1), "whistle");
    // As of the last turns before and after.
    assert!(left <= whistle && left + 2_000 > whistle, "{left} of {whistle}");
    let effect = &rig.world.auras.get(1).unwrap().effects[0];
    assert!((effect.until - rig.now).abs_diff(until) < 50);
    assert!(rig.world.char_view(Who::Player(1)).unwrap().is_invisible);
    rig.wait(30_000);
    assert!(!rig.world.char_view(Who::Player(1)).unwrap().is_invisible, "and it wears off");
    sound_of(&rig);
}

#[test]
fn what_the_forge_gets_now_and_then_says_the_same() {
    let mut rig = Rig::new();
    rig.enter(able(1, "Mara"), Account { id: 1, ..Account::default() });
    rig.text(1, "quicken");
    rig.wait(3_000);
    let (_, records) = rig.world.records();
    let read = |key: &[u8]| records.iter().find(|(own, _)| own == key).map(|(_, value)| value.clone());
    let from_records = crate::nexus::pulsar::image::character_of(1, rig.world.meta.now, read);
    assert_eq!(from_records, save_of(&rig.world, 1));
    assert_eq!(from_records.unwrap().prowess.effects.len(), 1);
}

#[test]
fn a_crowd_fights_in_several_turns_of_one_beat_and_each_strikes_once() {
    let mut rig = Rig::new();
    rig.world.meta.is_fresh = false;
    let pairs = BEAT_CHUNK as i64 - 50;
    for id in 1..=pairs {
        rig.enter_new(id, &format!("Guest{id}"));
    }
    for id in 1..=pairs {
        let mob = rig.make_mob("hound", "green");
        // Nobody dies of the first rounds.
        rig.world.set_health(Who::Mob(mob), 1_000_000);
        rig.world.set_health(Who::Player(id), 1_000_000);
        rig.text(id, &format!("kill mob.{mob}"));
    }
    sound_of(&rig);
    rig.sent.clear();
    let before = rig.now;
    rig.wait(2_000);
    assert!(rig.world.meta.now > before);
    for id in 1..=pairs {
        let own = rig.sent.iter().filter(|(to, frame)| {
            *to == id
                && frame.kind == "notification.combat.attack"
                && frame.text().starts_with("You ")
                && !frame.text().starts_with("You dodge")
                || *to == id && frame.text().contains("dodges your attack")
        });
        assert_eq!(own.count(), 1, "strokes of guest {id}");
    }
    sound_of(&rig);
}

#[test]
fn so_many_fight_one_and_no_more() {
    let mut rig = Rig::new();
    rig.make_mob("hound", "green");
    for id in 1..=FOES_MAX as i64 + 1 {
        rig.enter_new(id, &format!("Guest{id}"));
        rig.text(id, "kill hound");
    }
    let last = FOES_MAX as i64 + 1;
    assert!(!rig.world.is_fighting(Who::Player(last)));
    let heard = rig.heard(last).into_iter().rfind(|(_, text)| !text.is_empty()).unwrap();
    assert_eq!(heard, ("cmd.kill.error".into(), "There are too many in this fight already.".into()));
    let hound = rig.mobs("hound")[0];
    assert_eq!(rig.world.mobs.get(hound).unwrap().grudges.len(), GRUDGES_MAX);
    sound_of(&rig);
}

#[test]
fn effects_are_so_many_and_the_oldest_gives_way() {
    let mut rig = Rig::new();
    let mut mara = able(1, "Mara");
    for nth in 0..EFFECTS_MAX as i32 + 3 {
        mara.prowess.effects.push(SavedEffect {
            kind: EffectKind::Buff,
            skill: format!("old-{nth}"),
            is_friendly: true,
            damage_type: DamageType::Magical,
            amount: 0,
            modifiers: Vec::new(),
            duration: 600_000,
            remaining: 600_000,
        });
    }
    rig.enter(mara, Account { id: 1, ..Account::default() });
    assert_eq!(rig.world.auras.get(1).unwrap().effects.len(), EFFECTS_MAX);
    rig.text(1, "quicken");
    let effects = &rig.world.auras.get(1).unwrap().effects;
    assert_eq!((effects.len(), effects[0].skill.as_str()), (EFFECTS_MAX, "old-1"));
    assert_eq!(effects.last().unwrap().kind, EffectKind::Haste);
    sound_of(&rig);
}

#[test]
fn the_slot_of_a_dead_mob_is_free_and_so_is_that_of_what_it_left() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    let rat = rig.make_mob("rat", "green");
    rig.world.mobs.edit(rat).unwrap().rule = Some(77);
    rig.world.reindex();
    assert_eq!(rig.world.index.rules[&77], 1);
    rig.text(1, "kill rat");
    rig.world.set_health(Who::Mob(rat), 1);
    rig.wait(8_000);
    assert!(!rig.world.mobs.contains(rat));
    assert!(!rig.world.index.rules.contains_key(&77));
    sound_of(&rig);
}

#[test]
fn whoever_is_taken_out_of_the_world_leaves_no_fight_behind() {
    let mut rig = Rig::new();
    rig.enter_new(1, "Mara");
    rig.enter_new(2, "Bob");
    rig.make_mob("hound", "green");
    rig.text(1, "kill hound");
    rig.text(2, "kill hound");
    rig.give(Instruction::Expel { player: 1, text: "Out.".into() });
    sound_of(&rig);
    assert!(rig.world.is_fighting(Who::Player(2)));
    rig.give(Instruction::Expel { player: 2, text: "Out.".into() });
    sound_of(&rig);
    assert!(rig.world.fights.is_empty());
}
