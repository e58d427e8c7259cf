//! How the engine bears size: memory and Beats of worlds with up to a million mobs, the longest turns, cuts, and
//! recovery beside sled's plain scan. `cargo bench --bench scale`, or some of it: `memory`, `beat`, `turns`, `recovery`
//! after `--`. Times are CPU times of the one thread that works.

#[path = "stage/grid.rs"]
mod grid;
mod stage;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use realms::nexus::pulsar::instruction::{Instruction, Reply, What};
use realms::nexus::pulsar::record::Ask;
use realms::nexus::pulsar::turn::{self, Output, Sets};
use realms::nexus::pulsar::world::World;
use realms::nexus::recover;
use realms::nexus::timings::Due;
use realms::store::state::{Cut, State};
use realms::world::internal::{Errand, LoadPlan, LoaderQuery, PlannedLoad, PlannedPlace, PlannedThing};
use realms::world::template::{RoomId, Templates};
use stage::{Bench, cpu_time};

const MILLION: usize = 1_000_000;
const ROOMS: usize = 10_000;
/// What happens often is measured so often; the longest turn of the quietest round counts.
const ROUNDS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1..3).unwrap_or_default() {
        [what, dir] if what == "--fill" => return fill(Path::new(dir)),
        [what, dir] if what == "--scan" => return plain_scan(Path::new(dir)),
        [what, dir] if what == "--recover" => return recover(Path::new(dir)),
        _ => {}
    }
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    if wanted("memory") {
        memory();
    }
    if wanted("beat") {
        beats();
    }
    if wanted("turns") {
        turns();
    }
    if wanted("recovery") {
        recovery();
    }
}

fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("there is a /proc");
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("a number") * 4096.0
}

/// What a mob costs that nobody is near: rows, indexes, the room's list.
fn memory() {
    println!("\nmemory: what the process grows by");
    let set = grid::templates(ROOMS, false);
    let rooms: Vec<RoomId> = set.rooms.keys().copied().collect();
    let before = resident();
    let mut world = grid::empty(&set);
    grid::populate(&mut world, &rooms, MILLION);
    let grown = resident() - before;
    println!("  1,000,000 mobs in {ROOMS} rooms: {:.0} MiB, {:.0} bytes a mob", grown / MIB, grown / MILLION as f64);
    cut_whole(&mut world, true);
    let grown = resident() - before;
    println!("  after a full cut was written and dropped: {:.0} bytes a mob", grown / MILLION as f64);
    let before = resident();
    grid::litter(&mut world, &rooms, MILLION);
    let grown = resident() - before;
    println!("  1,000,000 items on the ground beside them: {:.0} bytes an item", grown / MILLION as f64);
}

const MIB: f64 = 1024.0 * 1024.0;

fn cut_whole(world: &mut World, full: bool) -> usize {
    world.begin_cut(full);
    while !world.drain_cut(32) {}
    world.take_cut().len()
}

/// A Beat, all its turns, in worlds of which the same part is awake.
fn beats() {
    println!("\nbeat: CPU time of a whole Beat, best and median of 50");
    for mobs in [1_000, 10_000, 100_000, MILLION] {
        for people in [0, 1] {
            // One zone of a hundred rooms has a thousand mobs; whatever else there is lies elsewhere.
            let set = grid::templates(ROOMS, false);
            let mut world = grid::empty(&set);
            let zone = set.zones.values().next().expect("there is a zone").clone();
            let others: Vec<RoomId> = set.rooms.keys().copied().filter(|room| !zone.rooms.contains(room)).collect();
            grid::populate(&mut world, &zone.rooms, 1_000);
            grid::populate(&mut world, &others, mobs - 1_000);
            let mut bench = Bench { world, out: Output::default(), people };
            (1..=people).for_each(|id| stage::enter(&mut bench, id, zone.rooms[0]));
            let mut times: Vec<Duration> = (0..50).map(|_| beat(&mut bench)).collect();
            times.sort_unstable();
            let share = times[25].as_secs_f64() / 2.0 * 100.0;
            println!(
                "  {mobs:>9} mobs, {people} players: {:>8.1?} {:>8.1?}  {share:.4} % of a core",
                times[0], times[25]
            );
        }
    }
}

/// Lets two seconds of the world pass; CPU time.
fn beat(bench: &mut Bench) -> Duration {
    let until = bench.world.meta.now + 2_000;
    let begun = cpu_time();
    while let Some(Due::Own { due, arrival }) = bench.world.timings.pop(until) {
        bench.out.outs.clear();
        turn::apply(&mut bench.world, due, What::Timer(arrival), &turn::NoSets, &mut bench.out);
    }
    cpu_time() - begun
}

/// The longest of each kind, in a world of a million mobs with a thousand players.
struct Longest {
    bench: Bench,
    sets: Known,
    /// Of each kind the longest in each round, and how many there were.
    found: Vec<(String, Vec<Duration>, u64)>,
    round: usize,
}

struct Known([Arc<Templates>; 2]);

impl Sets for Known {
    fn set(&self, hash: &str) -> Option<Arc<Templates>> {
        let at = ["more", "less"].iter().position(|name| *name == hash)?;
        Some(self.0[at].clone())
    }
}

impl Longest {
    fn apply(&mut self, kind: &str, at: u64, what: What) {
        self.bench.out.outs.clear();
        let begun = cpu_time();
        turn::apply(&mut self.bench.world, at, what, &self.sets, &mut self.bench.out);
        self.note(kind, cpu_time() - begun);
    }

    fn give(&mut self, kind: &str, instruction: Instruction) {
        let now = self.bench.world.meta.now;
        self.apply(kind, now, What::Given(instruction));
    }

    /// Lets time pass.
    fn wait(&mut self, kind: &str, millis: u64) {
        let until = self.bench.world.meta.now + millis;
        while let Some(Due::Own { due, arrival }) = self.bench.world.timings.pop(until) {
            let name = self.bench.world.waiting.get(arrival).map(|timing| format!("{:?}", timing.instruction));
            let name = name.unwrap_or_default();
            let name = name.split([' ', '{', '(']).next().unwrap_or_default();
            self.apply(&format!("{kind}{name}"), due, What::Timer(arrival));
        }
        self.bench.world.meta.now = until;
    }

    fn time(&mut self, kind: &str, work: impl FnOnce(&mut World)) {
        let begun = cpu_time();
        work(&mut self.bench.world);
        self.note(kind, cpu_time() - begun);
    }

    fn note(&mut self, kind: &str, took: Duration) {
        let at = self.found.iter().position(|(name, ..)| name == kind).unwrap_or_else(|| {
            self.found.push((kind.to_owned(), Vec::new(), 0));
            self.found.len() - 1
        });
        let (_, longest, count) = &mut self.found[at];
        longest.resize(self.round + 1, Duration::ZERO);
        longest[self.round] = longest[self.round].max(took);
        *count += 1;
    }

    fn cut(&mut self, full: bool) {
        let name = if full { "full cut" } else { "cut of what changed" };
        self.time(&format!("{name}: begin"), |world| drop(world.begin_cut(full)));
        self.time("counts by rule for a cut", |world| {
            drop(world.index.rules.iter().map(|(r, n)| (*r, *n)).collect::<Vec<_>>())
        });
        let mut complete = false;
        while !complete {
            self.time(&format!("{name}: 32 records"), |world| complete = world.drain_cut(32));
        }
        let mut changes = None;
        self.time(&format!("{name}: hand over"), |world| changes = Some(world.take_cut()));
    }
}

fn turns() {
    const PEOPLE: usize = 1_000;
    println!("\nturns: the longest of each kind; {MILLION} mobs, {ROOMS} rooms, {PEOPLE} players");
    let set = grid::templates(ROOMS, false);
    let bench = grid::with_people(&set, MILLION, PEOPLE);
    let sets = Known([grid::templates(ROOMS, true), set.clone()]);
    let mut all = Longest { bench, sets, found: Vec::new(), round: 0 };
    let lines = ["look", "north", "south", "say hello", "chat hello", "yell hello", "who", "get pebble", "drop pebble"];
    for round in 0..ROUNDS {
        all.round = round;
        for line in lines {
            for nth in 0..PEOPLE {
                let instruction = all.bench.line(nth, line);
                all.give(line, instruction);
            }
        }
        all.wait("", 16_000);
        all.cut(false);
        all.cut(true);
    }
    // One who has been everywhere.
    let explorer = 1;
    let rooms: Vec<RoomId> = set.rooms.keys().copied().collect();
    all.bench.world.viewed.edit(explorer).expect("a player").rooms.extend(&rooms);
    for round in 0..ROUNDS {
        all.round = round;
        all.give("sync with a map of 10,000 rooms", Instruction::Sync { player: explorer, session: explorer as u64 });
    }
    for round in 0..ROUNDS {
        all.round = round;
        crowd(&mut all, &rooms);
        loads(&mut all, &set);
        all.give("templates, all kinds of mobs changed", Instruction::Templates { hash: "more".into() });
        all.wait("after templates: ", 4_000);
        all.give("templates, all kinds of mobs changed", Instruction::Templates { hash: "less".into() });
        all.wait("after templates: ", 4_000);
    }
    all.round = 0;
    all.give("broadcast", Instruction::Broadcast { text: "The mill closes.".into() });
    all.give("stop", Instruction::Stop);
    all.wait("", 1);
    println!("  {} players are left after the stop", all.bench.world.players.len());
    // What one round shows and another does not is the machine's doing.
    let quiet = |longest: &[Duration]| longest.iter().copied().filter(|took| !took.is_zero()).min().unwrap_or_default();
    all.found.sort_by_key(|(_, longest, _)| std::cmp::Reverse(quiet(longest)));
    println!("  {:<40} {:>9} {:>9}", "kind", "quietest", "noisiest round, ms");
    for (kind, longest, count) in &all.found {
        let (best, worst) = (quiet(longest), longest.iter().max().copied().unwrap_or_default());
        println!("  {kind:<40} {:>9.3} {:>9.3} of {count}", best.as_secs_f64() * 1e3, worst.as_secs_f64() * 1e3);
    }
    // Worlds are freed on a thread of their own; what that leaves to tidy up comes with the next large allocation.
    std::thread::spawn(move || drop(all.bench)).join().expect("it is freed");
    let begun = cpu_time();
    drop(std::hint::black_box(Vec::<u8>::with_capacity(8 * 1024)));
    println!("  {:<40} {:>9.3}", "allocating after the world was freed", (cpu_time() - begun).as_secs_f64() * 1e3);
}

/// Coming, going and losing one's link where two hundred stand in one room.
fn crowd(all: &mut Longest, rooms: &[RoomId]) {
    let first = 2_001 + all.round as i64 * 200;
    for player in first..first + 199 {
        let stage = player as u64;
        let begun = cpu_time();
        stage::enter(&mut all.bench, player, rooms[500]);
        all.note("enter a crowd (stage and connect)", cpu_time() - begun);
        all.give("unlink", Instruction::Unlink { player, session: stage });
        all.give("sync again", Instruction::Sync { player: 3, session: 3 });
    }
    for player in first..first + 199 {
        all.give("expel from a crowd", Instruction::Expel { player, text: "Go.".into() });
    }
}

/// A plan of loads as the Forge sends it, in parts.
fn loads(all: &mut Longest, set: &Arc<Templates>) {
    let mob = *set.mobs.keys().next().expect("there are mobs");
    let zones: Vec<i64> = set.zones.keys().copied().collect();
    let load = |nth: usize| PlannedLoad {
        loader: 1,
        rule: 77,
        what: PlannedThing::Mob(mob),
        into: PlannedPlace::Zone(zones[nth % zones.len()]),
        cap: 50_000,
    };
    let plan = LoadPlan { zones: zones.clone(), loaders: vec![1], loads: (0..50_000).map(load).collect() };
    let bytes = postcard::to_stdvec(&plan).expect("a plan has bytes");
    let query = LoaderQuery { now: 0, initial: false, zones: Vec::new(), loaders: Vec::new(), facts: Vec::new() };
    let errand = all.bench.world.open_errand(Ask::Forge(Errand::RunLoaders(query))).id;
    let parts: Vec<&[u8]> = bytes.chunks(12 * 1024).collect();
    for (part, bytes) in parts.iter().enumerate() {
        let (part, parts, bytes) = (part as u16, parts.len() as u16, bytes.to_vec());
        all.give("stage a plan", Instruction::Stage { stage: 1 << 40, part, parts, bytes });
    }
    let answer = Reply::Plan { stage: 1 << 40 };
    all.give("begin a plan of 50,000 loads", Instruction::Answered { errand, answer });
    all.cut(false);
    all.wait("of a plan: ", 1);
}

/// A million entities as cuts left them in sled: read by sled alone, and by the engine until the world stands; each in a
/// process of its own, as after a start.
fn recovery() {
    println!("\nrecovery: 800,000 mobs and 200,000 items in {ROOMS} rooms, and 100 players");
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let path = dir.path().to_str().expect("a plain path");
    println!("{}", child(["--fill", path]));
    let mut ratios = Vec::new();
    for _ in 0..5 {
        let measured: Vec<[f64; 2]> =
            [["--scan", path], ["--recover", path]].map(child).iter().map(|line| numbers(line)).collect();
        let [[scan, scan_cpu], [load, load_cpu]] = measured[..] else { panic!("two lines") };
        println!(
            "  plain scan {scan:.2} s ({scan_cpu:.2} s CPU); recovery {load:.2} s ({load_cpu:.2} s CPU of its thread): {:.2} times",
            load / scan
        );
        ratios.push(load / scan);
    }
    ratios.sort_by(f64::total_cmp);
    println!("  {:.2} times (median)", ratios[ratios.len() / 2]);
}

fn child(arguments: [&str; 2]) -> String {
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program).args(arguments).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn numbers(line: &str) -> [f64; 2] {
    let numbers: Vec<f64> = line.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    numbers.try_into().unwrap_or_else(|_| panic!("{line}"))
}

fn fill(dir: &Path) {
    let set = grid::templates(ROOMS, false);
    let mut bench = grid::with_people(&set, 800_000, 100);
    let rooms: Vec<RoomId> = set.rooms.keys().copied().collect();
    grid::litter(&mut bench.world, &rooms, 200_000);
    std::fs::write(dir.join("hash"), bench.world.hash()).expect("a file");
    let mut state = State::open(&dir.join("state")).expect("a new state");
    let begun = Instant::now();
    let head = bench.world.begin_cut(true);
    while !bench.world.drain_cut(1024) {}
    let changes = bench.world.take_cut();
    println!("  the cut encoded in {:.2?}", begun.elapsed());
    let changes = changes.iter().map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))).collect();
    let cut = Cut { spawn: 5000, meta: head.meta, incarnation: 1, seq: head.seq, changes, full: true };
    let begun = Instant::now();
    state.commit(&cut).expect("it is stored");
    println!("  and stored in {:.2?}; {:.0} MiB on disk", begun.elapsed(), state.size_on_disk().unwrap() as f64 / MIB);
}

fn plain_scan(dir: &Path) {
    let config = sled::Config::new().path(dir.join("state")).flush_every_ms(None).cache_capacity(64 * 1024 * 1024);
    let db = config.open().expect("it opens");
    let (begun, cpu) = (Instant::now(), cpu_time());
    let entries = db.iter().map(|entry| entry.expect("it can be read"));
    let touched =
        entries.map(|(key, value)| key.len() + value.iter().map(|byte| usize::from(*byte & 1)).sum::<usize>());
    std::hint::black_box(touched.sum::<usize>());
    println!("{} {}", begun.elapsed().as_secs_f64(), (cpu_time() - cpu).as_secs_f64());
}

fn recover(dir: &Path) {
    let set = grid::templates(ROOMS, false);
    let state = State::open(&dir.join("state")).expect("it opens");
    let (begun, cpu) = (Instant::now(), cpu_time());
    let mut world =
        recover::stored_world(&state, 5000, |_| Ok(set.clone())).expect("it is sound").expect("it is there");
    println!("{} {}", begun.elapsed().as_secs_f64(), (cpu_time() - cpu).as_secs_f64());
    assert_eq!(world.mobs.len() + world.items.len(), MILLION + 200);
    assert!(std::fs::read(dir.join("hash")).is_ok_and(|hash| hash == world.hash()), "it is the same world");
}
