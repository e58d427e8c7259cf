//! What is missing, damaged, of another engine or of another world is said, with its place; the rest is still told.

use super::*;

/// Three images with a few segments after each.
fn played() -> Live {
    let mut live = Live::new();
    let mut chance = Chance(3);
    live.begin();
    for _ in 0..3 {
        for _ in 0..6 {
            live.play(75, &mut chance);
            live.cut(false);
        }
        live.image();
    }
    live.play(20, &mut chance);
    assert!(live.files(".segment").len() > 4);
    live
}

fn text<T>(result: Result<T, ReplayError>) -> String {
    result.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn a_damaged_segment_is_named_and_later_moments_are_still_replayed() {
    let live = played();
    let segment = live.files(".segment")[1].clone();
    let head = crate::store::journal::kept::head(&LookIo, &segment).unwrap();
    change(&segment, |bytes| bytes.last_mut().map(|byte| *byte ^= 1).unwrap());
    let inside = (head.worlds[0].first + head.worlds[0].last) / 2;
    let images = live.past().survey_images();
    assert!(
        images[0] < head.worlds[0].first && images[1] > head.worlds[0].last,
        "the damage lies in the first stretch"
    );

    let refused = text(live.replay(&inside.to_string()));
    let from = format!("turns {} to {} of world 1001 are missing: ", head.worlds[0].first, head.worlds[0].last);
    assert!(
        refused.starts_with(&from) && refused.contains(&format!("{} is damaged: ", segment.display())),
        "{refused}"
    );
    let before = head.worlds[0].first - 1;
    let mut fine = live.replay(&before.to_string()).unwrap();
    assert_eq!(fine.world.hash(), live.lived[&(1, before)].0);
    let mut whole = live.whole().unwrap();
    assert_eq!(whole.world.hash(), live.lived[&live.at()].0);
    assert!(whole.gaps.len() == 1 && whole.gaps[0] == refused, "{:?}", whole.gaps);
}

#[test]
fn a_missing_segment_is_a_gap_with_its_turns() {
    let live = played();
    let segment = live.files(".segment")[1].clone();
    let range = crate::store::journal::kept::head(&LookIo, &segment).unwrap().worlds[0];
    std::fs::remove_file(&segment).unwrap();
    let refused = text(live.replay(&range.last.to_string()));
    let place = format!(
        "turns {} to {} of world 1001 are missing: turn {} comes next, at 20",
        range.first,
        range.last,
        range.last + 1
    );
    assert!(refused.starts_with(&place) && refused.contains(", frame "), "{refused}");
    assert!(refused.contains(live.files(".segment")[1].to_str().unwrap()), "{refused}");
}

#[test]
fn a_damaged_image_is_named_and_the_whole_goes_on_behind_it() {
    let live = played();
    let images = live.files(".image");
    change(&images[0], |bytes| *bytes.last_mut().unwrap() ^= 1);
    let refused = text(live.replay("5"));
    assert!(refused.starts_with(&format!("{} is damaged: ", images[0].display())), "{refused}");
    let mut whole = live.whole().unwrap();
    assert_eq!(whole.world.hash(), live.lived[&live.at()].0);
    assert_eq!(whole.gaps, [refused]);
}

#[test]
fn another_engines_part_is_refused_with_its_version() {
    let mut live = Live::new();
    live.begin();
    live.play(10, &mut Chance(1));
    live.cut(false);
    let loaded = live.state.load(SPAWN).unwrap().unwrap();
    let now = quarantine::now();
    let templates = live.rig.world.meta.templates.clone();
    let about = About { spawn: SPAWN, name: "Test".into(), now: 0, written: now, engine: "0.0.9".into(), templates };
    live.history.keep_image(about, &loaded).unwrap();
    let refused = text(live.replay(&live.at().1.to_string()));
    assert!(refused.contains("was run by engine 0.0.9: replay it with that version of realms, this is "), "{refused}");
    assert!(live.replay("3").is_ok(), "what this one ran is replayed");
}

#[test]
fn moments_and_worlds_that_are_not_there_are_refused_with_what_is() {
    let mut live = Live::new();
    let empty = text(KeptPast::open(live.path(), &LookIo));
    assert!(empty.starts_with("no image of a world is kept in ") && empty.contains("HISTORY_MIB"), "{empty}");
    live.begin();
    live.play(10, &mut Chance(1));
    let last = live.at().1;
    let late = text(live.replay(&(last + 1).to_string()));
    assert!(late.starts_with(&format!("history of world 1001 ends at 1/{last} (20")), "{late}");
    assert!(text(live.replay("7/1")).contains("has no incarnation 7 in history; it has 1"));
    let past = live.past();
    assert_eq!(text(past.world("1002")), "no image of world 1002 is kept here; history has 1001 (Test)");
    for name in ["1001", "world.1001", "test"] {
        assert_eq!(past.world(name).unwrap(), SPAWN);
    }
    std::fs::remove_dir_all(live.path().join("journal")).unwrap();
    assert!(text(KeptPast::open(live.path(), &LookIo)).contains("could not read"));
}

#[test]
fn a_new_incarnation_goes_on_from_its_own_image() {
    let mut live = Live::new();
    let mut chance = Chance(8);
    live.begin();
    live.play(30, &mut chance);
    let old = live.at();
    live.begin_anew();
    live.play(30, &mut chance);
    let new = live.at();
    assert_eq!(new.0, old.0 + 1);
    let mut now = live.replay("2100-01-01T00:00:00Z").unwrap();
    assert_eq!(now.world.hash(), live.lived[&new].0);
    let mut before = live.replay(&format!("{}/{}", old.0, old.1)).unwrap();
    assert_eq!(before.world.hash(), live.lived[&old].0);
    let mut whole = live.whole().unwrap();
    assert_eq!((whole.world.hash(), whole.gaps, whole.turns), (live.lived[&new].0, vec![], live.lived.len() as u64));
    // Without the image of its begin, the first turns of an incarnation lead from nowhere.
    std::fs::remove_file(&live.files(".image")[1]).unwrap();
    let refused = text(live.past().replay(Request { spawn: SPAWN, until: Until::End, whole: false }, None));
    assert!(refused.starts_with("world 1001 began again as incarnation 2 at 20"), "{refused}");
}

#[test]
fn a_switch_of_templates_is_replayed_with_the_set_that_history_keeps() {
    let mut live = Live::new();
    live.begin();
    let mut chance = Chance(4);
    live.play(20, &mut chance);
    let other = live.add_set(&Arc::new(loads::other_templates(&rig::templates())));
    live.rig.give(Instruction::Templates { hash: other.clone() });
    live.play(60, &mut chance);
    let mut whole = live.whole().unwrap();
    assert_eq!(whole.world.hash(), live.lived[&live.at()].0);
    assert_eq!(whole.world.meta.templates, other);
    let file = live.path().join("history").join(format!("{other}.set"));
    std::fs::remove_file(&file).unwrap();
    let refused = text(live.replay("999999999ms"));
    assert!(refused.contains(&format!("the template set {other} is not at hand")), "{refused}");
}

#[test]
fn a_turn_that_panicked_is_left_out_again_and_its_quarantine_is_named() {
    let mut live = Live::new();
    live.rig.enter_new(1, "Mara");
    live.begin();
    live.type_in(1, "north");
    // A Beat panicked: its timing gave way to another, and the turn is in quarantine.
    let beat = live.rig.world.waiting.iter().find(|(_, row)| row.instruction == Instruction::Beat).unwrap().0;
    live.rig.give(Instruction::Skip { timer: Some(beat) });
    live.flush();
    let (incarnation, seq) = live.at();
    let label = quarantine::Label {
        kind: "turn".into(),
        spawn: SPAWN,
        incarnation,
        seq,
        at: 5,
        engine: ENGINE.into(),
        reason: "index out of bounds".into(),
    };
    let dir = live.path().join("quarantine");
    quarantine::Quarantine::open(&dir, Arc::new(RealIo)).unwrap().keep(&label, b"turn").unwrap();
    live.rig.wait(10_000);
    live.type_in(1, "south");
    let mut replayed = live.whole().unwrap();
    assert_eq!(replayed.world.hash(), live.lived[&live.at()].0);
    assert!(!replayed.world.waiting.contains(beat), "that Beat is left out, and another takes its place");
    // It touched nobody, so it is no part of a story; who asks for the turn is told where it is.
    let kept = live.past();
    let known = kept.skipped(SPAWN);
    assert_eq!(
        known[&(incarnation, seq)],
        "it is in quarantine, in 00000001-1001-turn.quarantine: index out of bounds"
    );
}

#[test]
fn a_replay_that_is_not_the_live_run_says_where_it_begins_to_differ() {
    let mut live = Live::new();
    live.rig.enter_new(1, "Mara");
    live.begin();
    live.type_in(1, "north");
    live.cut(false);
    let same = live.at();
    live.type_in(1, "south");
    // Something that no turn did.
    live.rig.world.players.edit(1).unwrap().gold += 1;
    live.type_in(1, "say hm");
    live.cut(false);
    live.image();
    let differs = live.at();
    live.type_in(1, "say ho");
    live.cut(false);
    let whole = live.whole().unwrap();
    assert_eq!((whole.compared.same, whole.compared.last_same), (1, Some(same)));
    let difference = whole.compared.differs.unwrap();
    assert_eq!((difference.incarnation, difference.seq), differs);
    assert_eq!(difference.records, ["player 1"]);
}

#[test]
fn nothing_is_changed_by_looking() {
    let live = played();
    let look = |dir: &str| -> BTreeMap<PathBuf, Vec<u8>> {
        let files = std::fs::read_dir(live.path().join(dir)).unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
    };
    let before = (look("journal"), look("history"));
    live.whole().unwrap();
    live.story("player.1");
    assert!(before == (look("journal"), look("history")));
    let refused = crate::store::io::Io::create(&LookIo, &live.path().join("x")).err().unwrap();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
}
