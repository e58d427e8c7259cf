//! The limits of scripts and triggers, each with what it protects; and what must outlive a restart.

use std::sync::Arc;

use super::rig::{Rig, templates};
use super::same::read_back;
use crate::nexus::pulsar::instruction::Instruction;
use crate::nexus::pulsar::record::{Ask, Place, Who};
use crate::nexus::pulsar::script::{
    Course, Doer, SAVED, SCRIPT_DEPTH_MAX, TROUBLE_CHARS_MAX, TROUBLE_MAX, TURN_STEPS_MAX, WAITING_MAX, trouble,
};
use crate::world::character::Account;
use crate::world::kinds::ReactionEvent;
use crate::world::template::{Scope, Target, Trigger};

fn trigger(id: i64, matcher: &str, script: &[&str]) -> Trigger {
    Trigger {
        id: 1_000 + id,
        slug: format!("own-{id}"),
        scope: Scope::World,
        target: None,
        event: None,
        matcher: matcher.into(),
        conditions: String::new(),
        script: script.iter().map(|line| (*line).to_owned()).collect(),
        show_details_on_failure: false,
        failure_message: String::new(),
        display_action: false,
        gate_delay: 0,
        order: id as i32,
        is_active: true,
    }
}

/// Mara on the green, in the fixture with these triggers beside its own.
fn with(triggers: Vec<Trigger>) -> Rig {
    let mut rig = Rig::new();
    rig.world.meta.is_fresh = false;
    let mut set = (*templates()).clone();
    for trigger in triggers {
        set.triggers.insert(trigger.id, Arc::new(trigger));
    }
    rig.world.templates = Arc::new(set);
    rig.enter_new(1, "Mara");
    rig.sent.clear();
    rig
}

fn texts(rig: &mut Rig) -> Vec<String> {
    rig.heard(1).into_iter().map(|(_, text)| text).filter(|text| !text.is_empty()).collect()
}

fn troubles(rig: &Rig, what: &str) -> usize {
    rig.world.meta.trouble.iter().filter(|text| text.contains(what)).count()
}

#[test]
fn a_turn_has_only_so_much_fuel() {
    let line = vec!["/echo x"; 30].join(" && ");
    let mut rig = with((0..9).map(|id| trigger(id, "flood", &[&line])).collect());
    rig.text(1, "flood");
    let said = texts(&mut rig);
    assert_eq!(said.iter().filter(|text| *text == "x").count(), TURN_STEPS_MAX as usize);
    let last = said.last().unwrap();
    assert!(last.contains("Error: more than 200 commands at once"), "{last}");
    assert!(troubles(&rig, "more commands than one turn may do") > 0, "the builders know of it");
    // The next turn has its own.
    rig.text(1, "flood");
    assert_eq!(texts(&mut rig).iter().filter(|text| *text == "x").count(), TURN_STEPS_MAX as usize);
}

#[test]
fn reactions_cause_one_another_only_so_deep() {
    let mut ping = trigger(1, "ping", &["emote hops. && /notify ping"]);
    ping.event = Some(ReactionEvent::Notify);
    ping.target = Some(Target::Mob(Rig::new().mob_template("dog")));
    let mut rig = with(vec![ping, trigger(2, "begin", &["/notify ping"])]);
    rig.make_mob("dog", "green");
    rig.text(1, "begin");
    rig.wait(1_000);
    let hops = texts(&mut rig).iter().filter(|text| text.contains("hops")).count();
    // The player's own script is the first.
    assert_eq!(hops, usize::from(SCRIPT_DEPTH_MAX) - 1);
    assert_eq!(troubles(&rig, "too deep"), 1, "{:?}", rig.world.meta.trouble);
    let open = rig.world.errands.iter().filter(|(_, open)| matches!(open.what, Ask::React { .. })).count();
    assert_eq!(open, 0, "nothing is left open");
}

#[test]
fn scripts_start_no_triggers_and_their_words_no_reactions() {
    let mut rig = with(vec![trigger(1, "begin", &["begin && ring bell && say hello && /cmd me -- begin"])]);
    rig.make_mob("miller", "green");
    rig.text(1, "begin");
    rig.wait(3_000);
    let said = texts(&mut rig);
    assert_eq!(said[0], "You say 'hello'");
    assert!(said[1].starts_with("Error: Unknown command: begin\nError: Unknown command: ring"), "{said:?}");
    assert_eq!(said.len(), 2, "the miller answers to hello, but not to a script: {said:?}");
    rig.text(1, "say hello");
    assert!(texts(&mut rig).iter().any(|text| text.contains("Good day")));
}

#[test]
fn lines_wait_only_while_there_is_room_for_them() {
    let mut rig = with(vec![trigger(1, "begin", &["/echo one", "/echo two"])]);
    let course = Course {
        doer: Doer::Place,
        actor: None,
        audience: Scope::World,
        depth: 1,
        name: "filler".into(),
        said: String::new(),
        rank: SAVED,
    };
    while rig.world.waiting.len() < WAITING_MAX {
        let line = Instruction::ScriptLine { course: Box::new(course.clone()), line: "/fact list".into() };
        rig.world.schedule(3_600_000, line);
    }
    rig.text(1, "begin");
    rig.wait(5_000);
    assert_eq!(texts(&mut rig), ["one"]);
    assert_eq!(troubles(&rig, "too much waits already"), 1);
}

#[test]
fn chance_is_the_worlds_own() {
    let mut rig = with(vec![
        trigger(1, "always", &["[100, /echo yes, /echo no]"]),
        trigger(2, "never", &["[0, /echo yes, /echo no]"]),
        trigger(3, "nothing", &["[0, /echo yes]"]),
        trigger(4, "perhaps", &["[30, /echo yes, /echo no]"]),
    ]);
    for (text, said) in [("always", vec!["yes"]), ("never", vec!["no"]), ("nothing", vec![])] {
        rig.text(1, text);
        assert_eq!(texts(&mut rig), said, "{text}");
    }
    for _ in 0..1_000 {
        rig.text(1, "perhaps");
    }
    let yes = texts(&mut rig).iter().filter(|text| *text == "yes").count();
    assert!((240..=360).contains(&yes), "{yes} of a thousand at 30 in a hundred");
}

#[test]
fn gates_outlive_a_restart_and_end_with_their_thing() {
    let mut once = trigger(1, "once", &["/echo done"]);
    once.gate_delay = -1;
    let mut touch = trigger(2, "touch sack", &["/echo touched"]);
    touch.gate_delay = 3_600;
    touch.target = Some(Target::Item(Rig::new().item_template("sack")));
    let mut rig = with(vec![once, touch]);
    let green = rig.room("green");
    rig.make_item("sack", Place::Room(green));
    for text in ["once", "touch sack"] {
        rig.text(1, text);
    }
    assert_eq!(texts(&mut rig), ["done", "touched"]);
    rig.world = read_back(&mut rig.world);
    for text in ["once", "touch sack"] {
        rig.text(1, text);
    }
    assert_eq!(texts(&mut rig), ["More time is needed.", "More time is needed."]);
    assert_eq!(rig.world.gates.len(), 2);
    let sack = rig.items("sack")[0];
    rig.world.destroy_item(sack);
    assert_eq!(rig.world.gates.len(), 1, "no more than what is there can have gates");
}

#[test]
fn a_script_under_way_outlives_a_restart_and_whoever_began_it() {
    let mut rig = with(vec![trigger(1, "begin", &["/echo one", "/echo {{ actor }} two", "say Never."])]);
    rig.text(1, "begin");
    rig.world = read_back(&mut rig.world);
    rig.wait(2_000);
    assert_eq!(texts(&mut rig), ["one", "Mara two"]);
    let session = rig.session(1);
    rig.give(Instruction::Quit { player: 1, session });
    rig.wait(10_000);
    assert!(rig.world.waiting.iter().all(|(_, timing)| !matches!(timing.instruction, Instruction::ScriptLine { .. })));
}

#[test]
fn what_builders_do_is_audited_and_what_they_may_not_do_too() {
    let mut rig = with(Vec::new());
    let account = Account { id: 9, is_builder: true, builder_rank: 1, ..Account::default() };
    rig.enter(super::rig::character(2, "Bob"), account);
    rig.text(1, "/wecho Ha");
    rig.text(2, "/jump hollow");
    rig.text(2, "/wecho Ha");
    rig.text(2, "look");
    let audits: Vec<_> = rig.audits.iter().map(|a| (a.player, &*a.name, a.account, &*a.line, a.allowed)).collect();
    assert_eq!(
        audits,
        [
            (1, "Mara", 1, "/wecho Ha", false),
            (2, "Bob", 9, "/jump hollow", true),
            // It may be typed by rank 1, but not reach so far.
            (2, "Bob", 9, "/wecho Ha", true),
        ]
    );
}

#[test]
fn the_list_of_trouble_has_an_end() {
    let mut rig = with(Vec::new());
    rig.happen(|turn| {
        for nth in 0..TROUBLE_MAX + 5 {
            trouble(turn, "a trigger", &format!("{nth} {}", "long ".repeat(100)));
        }
        trouble(turn, "again", "the same");
        trouble(turn, "again", "the same");
    });
    let list = &rig.world.meta.trouble;
    assert_eq!(list.len(), TROUBLE_MAX);
    assert!(list.iter().all(|text| text.chars().count() <= TROUBLE_CHARS_MAX));
    assert_eq!(list.last().unwrap(), "again: the same");
    assert_eq!(troubles(&rig, "the same"), 1);
}

#[test]
fn what_a_mob_has_learnt_to_do_it_does_when_the_templates_change() {
    let mut rig = with(Vec::new());
    rig.make_mob("dog", "green");
    let mut set = (*rig.world.templates).clone();
    let mut clock = trigger(1, "2", &["emote ticks."]);
    clock.event = Some(ReactionEvent::Periodic);
    clock.target = Some(Target::Mob(rig.mob_template("dog")));
    set.triggers.insert(clock.id, Arc::new(clock));
    let notify = set.triggers.values().find(|trigger| trigger.slug == "dog-hears-of-it").unwrap().id;
    set.triggers.swap_remove(&notify);
    rig.sets.0.insert("other".into(), Arc::new(set));
    rig.give(Instruction::Templates { hash: "other".into() });
    rig.wait(4_500);
    assert!(texts(&mut rig).iter().filter(|text| text.contains("ticks")).count() >= 2);
    let who = rig.world.chars_in(rig.room("green")).iter().filter(|who| matches!(who, Who::Mob(_))).count();
    assert_eq!(who, rig.world.index.attentive.values().map(std::collections::BTreeSet::len).sum::<usize>());
}
