//! Power losses of the state: sessions of `store/state.rs` and sled are recorded call by call, folders are rebuilt as a
//! power loss at some moment could have left them, and opened again. All that was acknowledged has to be there, what was
//! under way whole or not at all, and the state has to go on.
//!
//! An executable of its own, because it takes the place of some functions of libc.

mod failing;
mod nexus;
mod oracle;
mod platter;
mod record;
mod rig;
mod state;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use realms::store::io::crash::Chance;
use realms::store::state::State;

use platter::{Image, Loss, Platter};
use record::Op;
use state::{Model, Session, place};

/// Power losses in all. More of them with `REALMS_CASES=20000`, others with `REALMS_SEED=100`. What sled's threads do at once
/// happens in another order each time: a seed names a session and what is lost of it, but not every byte.
const CASES: usize = 2000;
/// Sessions that these are shared out to.
const SESSIONS: usize = 4;

/// A folder in memory where there is one: what a test loses needs no disk.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap()
}

/// One at a time within a process: the recording is one.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many power losses.
fn cases() -> usize {
    number("REALMS_CASES").map_or(CASES, |cases| cases as usize)
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays a session, and loses power at moments of it.
fn lose_power(number_of_session: u64) {
    let _alone = alone();
    let seed = number("REALMS_SEED").unwrap_or(0) + number_of_session;
    let cases = cases() / SESSIONS;
    let dir = folder();
    let session = Session::play(dir.path(), seed);
    println!("session {seed}: {} steps, {} changes", session.steps.len(), session.record.ops.len());
    let mut chance = Chance(seed);
    let mut moments: Vec<(usize, u64)> = (0..cases).map(|_| (session.moment(&mut chance), chance.draw())).collect();
    moments.sort_unstable();
    let mut platter = Platter::new(&session.record.base);
    let mut applied = 0;
    for (moment, seed) in moments {
        session.record.ops[applied..moment].iter().for_each(|op| platter.apply(op));
        applied = moment;
        let loss = Loss::draw(&mut Chance(seed));
        let (before, under_way) = session.at(moment);
        let what = under_way.map_or("the end", |step| step.what.as_str());
        println!("after {moment} changes, in {what}, seed {seed:#x}: {loss:?}");
        let allowed = [before, under_way].into_iter().flatten().map(|step| step.model.shown()).collect();
        let (from, to) = (before.map_or(0, |step| step.begun), under_way.map_or(moment, |step| step.done));
        shown_on_failure(&session.record.ops[from..to], from, || hold(&platter, loss, allowed, seed));
    }
}

/// Prints the changes around a moment when what follows fails.
fn shown_on_failure(ops: &[Op], first: usize, act: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(act)) {
        println!("changes from {} on:", first + 1);
        ops.iter().enumerate().for_each(|(at, op)| println!("{:>6} {op}", first + at + 1));
        resume_unwind(panic);
    }
}

/// Opens what is left, which must be one of the allowed; goes on with it, and sometimes loses power once more meanwhile.
fn hold(platter: &Platter, loss: Loss, mut allowed: Vec<Model>, seed: u64) {
    let shown = platter.crash(loss, seed);
    let dir = folder();
    shown.write(dir.path());
    if loss != Loss::Nothing && !seed.is_multiple_of(4) {
        go_on(dir.path(), &allowed);
        return;
    }
    // Where only the process died, nothing has become durable by that.
    let mut platter = if loss == Loss::Nothing { platter.restarted() } else { Platter::new(&shown) };
    record::start(dir.path(), platter.nodes());
    let (found, opened, after) = go_on(dir.path(), &allowed);
    let record = record::stop();
    let mut chance = Chance(!seed);
    let moment = chance.below(record.ops.len() + 1);
    record.ops[..moment].iter().for_each(|op| platter.apply(op));
    let loss = Loss::draw(&mut chance);
    println!("  then after {moment} of {} changes: {loss:?}", record.ops.len());
    if moment >= opened {
        allowed = vec![found];
    }
    if moment == record.ops.len() {
        allowed.clear();
    }
    allowed.push(after);
    let dir = folder();
    platter.crash(loss, !seed).write(dir.path());
    shown_on_failure(&record.ops, 0, || drop(go_on(dir.path(), &allowed)));
}

/// What was found, when it had been opened, and what is there after one more cut.
fn go_on(root: &Path, allowed: &[Model]) -> (Model, usize, Model) {
    let mut state = State::open(&place(root)).unwrap_or_else(|error| kept(root, &error.to_string()));
    let opened = record::position();
    let found = Model::of(&state).unwrap_or_else(|error| kept(root, &error.to_string()));
    if !allowed.contains(&found) {
        let differences: Vec<String> = allowed.iter().map(|model| model.difference(&found)).collect();
        kept(root, &differences.join(", or "));
    }
    state.commit(&found.next_cut(1000)).unwrap_or_else(|error| kept(root, &error.to_string()));
    let after = Model::of(&state).unwrap_or_else(|error| kept(root, &error.to_string()));
    (found, opened, after)
}

/// Fails, and keeps what was found for whoever looks into it.
fn kept(root: &Path, what: &str) -> ! {
    let place = std::env::temp_dir().join(format!("realms-power-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&place);
    std::fs::create_dir_all(&place).unwrap();
    Image::read(root).write(&place);
    panic!("{what}. What was left (and opened since) is in {}", place.display());
}

#[test]
fn sled_keeps_what_was_acknowledged_1() {
    lose_power(1);
}

#[test]
fn sled_keeps_what_was_acknowledged_2() {
    lose_power(2);
}

#[test]
fn sled_keeps_what_was_acknowledged_3() {
    lose_power(3);
}

#[test]
fn sled_keeps_what_was_acknowledged_4() {
    lose_power(4);
}
