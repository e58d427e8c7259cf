//! The engine's parts, each by itself and in one thread: `cargo bench --bench parts`, or some of them with a word of
//! their names after `--`. A hundred rooms, five hundred people, one thread, no sockets.

#[path = "stage/mixed.rs"]
mod mixed;
#[path = "stage/nowhere.rs"]
mod nowhere;
mod stage;
#[path = "stage/town.rs"]
mod town;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use mixed::{Line, Plan};
use realms::nexus::game::{Inward, Outbound, Outward};
use realms::nexus::message::{Message, Recipients};
use realms::nexus::meters::Tally;
use realms::nexus::outbox::Outbox;
use realms::nexus::pulsar::instruction::Instruction;
use realms::nexus::pulsar::turn::{Out, Return, Welcome};
use realms::nexus::pulsar::world::World;
use realms::nexus::resume::{Pass, Seal};
use realms::nexus::timings::Timings;
use realms::store::io::RealIo;
use realms::store::journal::{Group, Journal, JournalOptions};

const PEOPLE: usize = 500;
/// Turns between two looks at the clock.
const BLOCK_TURNS: usize = 5_000;

fn main() {
    divan::main();
}

/// One turn of each command, messages built and not encoded.
#[divan::bench(args = [
    "look", "look pebble", "look player7", "north", "say good evening", "yell good evening", "emote waits",
    "tell player7 hello", "reply hello", "chat hello", "inventory", "equipment", "exits", "stats", "who", "whois player7",
    "help", "help get", "roll 3d6", "rest", "alias g get pebble", "socials", "open gate", "eat pebble", "nonsense",
])]
fn turn(bencher: Bencher, text: &str) {
    let mut bench = town::with(PEOPLE, 100);
    let back = if text == "north" { "south" } else { text };
    let mut nth = 0;
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        // One round there and one round back, so that walkers do not end at a wall.
        let text = if (nth / PEOPLE).is_multiple_of(2) { text } else { back };
        let instruction = bench.line(nth, text);
        nth += 1;
        bench.apply(instruction)
    });
}

/// A thousand triggers hold where the player is. The figure to hold against 50 µs a command.
#[divan::bench(args = ["pull the lever number777", "pull the lever", "nonsense"])]
fn match_among_a_thousand_triggers(bencher: Bencher, text: &str) {
    let mut bench = town::with(PEOPLE, 100);
    town::triggers(&mut bench, 1_000, |nth| format!("pull the lever number{nth}"));
    let mut nth = 0;
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        let instruction = bench.line(nth, text);
        nth += 1;
        bench.apply(instruction)
    });
}

/// The same where every one of the thousand fits the words, and the conditions of none hold.
#[divan::bench]
fn match_all_of_a_thousand_triggers(bencher: Bencher) {
    let mut bench = town::with(PEOPLE, 100);
    town::triggers(&mut bench, 1_000, |nth| format!("pull lever or turn wheel{nth}"));
    let mut nth = 0;
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        let instruction = bench.line(nth, "pull lever");
        nth += 1;
        bench.apply(instruction)
    });
}

/// What one undoes the other: two turns.
#[divan::bench(args = ["drop pebble, get pebble", "remove badge, wear badge", "rest, stand"])]
fn turns_there_and_back(bencher: Bencher, texts: &str) {
    let (there, back) = texts.split_once(", ").expect("two of them");
    let mut bench = town::with(PEOPLE, 100);
    let mut nth = 0;
    bencher.counter(ItemsCount::new(2u32)).bench_local(|| {
        let (there, back) = (bench.line(nth, there), bench.line(nth, back));
        nth += 1;
        bench.apply(there) & bench.apply(back)
    });
}

/// The mixed load in process, through the heap, Pulsar and the journal's frames and checksums, up to the write: 70 %
/// moves, 20 % looks, 10 % says. The figure to hold against 500,000 turns a second.
#[divan::bench]
fn mixed_into_the_journal(bencher: Bencher) {
    let bench = town::with(PEOPLE, 100);
    let mut plan = Plan::new(&bench);
    let line = RefCell::new(Line::new(bench));
    bencher
        .counter(ItemsCount::new(BLOCK_TURNS))
        .with_inputs(|| plan.next(&line.borrow().bench, BLOCK_TURNS))
        .bench_local_refs(|deeds| line.borrow_mut().run(deeds));
    let line = line.borrow();
    if line.turns > 0 {
        let each = |sum: u64| sum as f64 / line.turns as f64;
        eprintln!(
            "a turn: {:.2} messages to {:.2} recipients, {:.0} bytes of journal; {:.2} % refused",
            each(line.messages),
            each(line.recipients),
            each(line.journaled),
            100.0 * each(line.refusals)
        );
        let mut cpu = line.cpu.clone();
        cpu.sort_by(f64::total_cmp);
        let at = |part: usize| (cpu[cpu.len() * part / 100], 1e6 / cpu[cpu.len() * part / 100]);
        let ((best, best_rate), (median, median_rate)) = (at(0), at(50));
        eprintln!(
            "CPU time of a turn: {best:.0} ns in the best block, {median:.0} ns in the median one; {best_rate:.0} and {median_rate:.0} thousand turns a second"
        );
    }
}

/// A round of five hundred players against five hundred mobs in a hundred rooms, messages built and not encoded. The
/// figure to hold against 3 µs a fighter.
#[divan::bench]
fn fight_round(bencher: Bencher) {
    let bench = RefCell::new(town::with(PEOPLE, PEOPLE));
    town::brawl(&mut bench.borrow_mut());
    bencher
        .counter(ItemsCount::new(2 * PEOPLE))
        .with_inputs(|| town::heal(&mut bench.borrow_mut()))
        .bench_local_values(|()| town::round(&mut bench.borrow_mut()));
}

/// What a frame costs to encode; it is encoded once for all its recipients.
#[divan::bench(args = ["look", "north", "say good evening", "inventory", "who"])]
fn encode(bencher: Bencher, text: &str) {
    let mut bench = town::with(PEOPLE, 100);
    let instruction = bench.line(1, text);
    bench.apply(instruction);
    let frames: Vec<_> = bench
        .out
        .outs
        .iter()
        .filter_map(|out| match out {
            Out::Message(message) => Some(message.frame.clone()),
            _ => None,
        })
        .collect();
    let bytes: usize = frames.iter().map(|frame| frame.json().len()).sum();
    let bencher = bencher.counter(ItemsCount::new(frames.len())).counter(BytesCount::new(bytes));
    bencher.bench_local(|| frames.iter().map(|frame| frame.json().len()).sum::<usize>());
}

/// The outward game: one frame to so many outboxes; encoded once, kept and handed out to each with its number.
#[divan::bench(args = [1, 5, 50, 500])]
fn fan_out(bencher: Bencher, people: usize) {
    const MESSAGES: usize = 50;
    let mut bench = town::with(PEOPLE, 100);
    let instruction = bench.line(1, "north");
    bench.apply(instruction);
    let frame = bench.out.outs.iter().find_map(|out| match out {
        Out::Message(message) => Some(message.frame.clone()),
        _ => None,
    });
    let frame = frame.expect("one who moves is told");
    let (inward, _arrivals, _) = Inward::new(1, 1);
    let bencher = bencher.counter(ItemsCount::new(MESSAGES * people));
    bencher
        .with_inputs(|| {
            let (sender, receiver) = crossbeam_channel::unbounded();
            let (errands, _) = tokio::sync::mpsc::channel(1);
            let seal = Arc::new(Seal::new(&[7; 32]));
            let outward = Outward::new(receiver, errands.clone(), errands, inward.clone(), seal, HashMap::new());
            let back = Some(Return { last: 0, newest: 0, last_n: 0 });
            let begin = (1..=people as u64).flat_map(|session| {
                let pass = Pass { player: session as i64, spawn: 5000, account: 1, incarnation: 1, entered: 1 };
                let welcome = Welcome { resumed: true, back };
                let opened = Outbound::Open { session, outbox: Arc::new(Outbox::default()) };
                [opened, Outbound::Attach { session, pass, welcome }]
            });
            sender.send(begin.collect()).expect("it waits");
            let message = |nth: usize| {
                let to: Recipients = (1..=people as i64).map(|player| (player, nth as u64 + 1)).collect();
                Outbound::Message(Message { to, frame: frame.clone() })
            };
            sender.send((0..MESSAGES).map(message).collect()).expect("it waits");
            outward
        })
        .bench_local_values(Outward::run);
}

/// A command's way through a heap that holds so many others.
#[divan::bench(args = [100, 10_000, 1_000_000])]
fn heap(bencher: Bencher, waiting: u64) {
    let mut timings = Timings::default();
    (0..waiting).for_each(|nth| timings.wait(1_000_000 + nth * 37 % 100_000, nth));
    let mut now = 0;
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        now += 1;
        timings.give(now.min(900_000), Instruction::Beat);
        timings.pop(now)
    });
}

/// One group written and synced on this disk: what strict durability costs a group, whatever is in it.
#[divan::bench(args = [1, 16, 256])]
fn journal_group(bencher: Bencher, turns: u64) {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let (mut journal, _) =
        Journal::open(dir.path(), Arc::new(RealIo), JournalOptions::default()).expect("a new journal opens");
    let mut seq = 0;
    bencher.counter(ItemsCount::new(turns)).bench_local(|| {
        let mut group = Group::new();
        for _ in 0..turns {
            seq += 1;
            group.push(5000, 1, seq, &[7; 60]).expect("there is room");
        }
        let number = journal.append(&group).expect("the disk takes it");
        journal.covered(5000, 1, seq);
        number
    });
}

/// A cut of a whole world of people and mobs, encoded.
#[divan::bench(args = [1_000, 10_000, 100_000])]
fn cut(bencher: Bencher, mobs: usize) {
    let mut bench = town::with(100, mobs);
    bencher.counter(ItemsCount::new(mobs)).bench_local(|| {
        bench.world.begin_cut(true);
        while !bench.world.drain_cut(1024) {}
        bench.world.take_cut().len()
    });
}

/// A world made again from the records of a cut: what recovery does before it replays the tail.
#[divan::bench(args = [1_000, 10_000, 100_000])]
fn restore(bencher: Bencher, mobs: usize) {
    let mut bench = town::with(100, mobs);
    let (meta, records) = bench.world.records();
    let set = bench.world.templates.clone();
    bencher.counter(ItemsCount::new(records.len())).bench_local(|| {
        let records = records.iter().map(|(key, value)| (key.as_slice(), value.as_slice()));
        World::restore(&meta, records, set.clone()).expect("its own records").meta.seq
    });
}

/// What measuring a turn adds to it: one look at the clock and two additions.
#[divan::bench]
fn tally(bencher: Bencher) {
    let mut tally = Tally::default();
    let mut begun = std::time::Instant::now();
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| begun = tally.turn(2, begun));
}
