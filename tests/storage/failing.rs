//! The disk of a nexus fails, in several ways, while people play: they are refused clearly, see nothing that is not on the
//! disk, and play on when it is well again, with nothing lost of what they saw.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use realms::nexus::Disk;
use realms::store::io::{Io, IoFile, Lock, RealIo};

use crate::oracle::{Life, recovered};
use crate::rig::{Heard, Player, Rig, journal, prepare};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Fault {
    None,
    /// Every call that changes something.
    Everything,
    /// Syncs: what was written is visible, and not durable.
    Syncs,
    /// Nothing is made or written, for want of space.
    Space,
}

/// Real files, and faults that can be switched.
#[derive(Clone, Default)]
struct Failing(Arc<AtomicU8>);

struct FailingFile(Box<dyn IoFile>, Failing);

impl Failing {
    fn set(&self, fault: Fault) {
        self.0.store(fault as u8, Ordering::SeqCst);
    }

    fn change(&self, needs_space: bool) -> io::Result<()> {
        match self.0.load(Ordering::SeqCst) {
            fault if fault == Fault::Everything as u8 => Err(io::Error::other("injected")),
            fault if fault == Fault::Space as u8 && needs_space => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.change(false)?;
        if self.0.load(Ordering::SeqCst) == Fault::Syncs as u8 { Err(io::Error::other("injected")) } else { Ok(()) }
    }
}

impl Io for Failing {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(true)?;
        RealIo.create_dir(dir)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        self.change(true)?;
        Ok(Box::new(FailingFile(RealIo.create(path)?, self.clone())))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        Ok(Box::new(FailingFile(RealIo.open(path)?, self.clone())))
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealIo.list(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(false)?;
        RealIo.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(false)?;
        RealIo.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.sync()?;
        RealIo.sync_dir(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        RealIo.lock(path)
    }
}

impl IoFile for FailingFile {
    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(bytes, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.change(true)?;
        self.0.write_at(bytes, offset)
    }
    fn truncate(&self, size: u64) -> io::Result<()> {
        self.1.change(false)?;
        self.0.truncate(size)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.1.sync()?;
        self.0.sync_data()
    }
}

/// The disk fails for so long: more than two Beats.
const FAILS_FOR: Duration = Duration::from_millis(5000);
/// A Beat may become due when it begins to fail, and a late wake is not made up for beyond a quarter of a second.
const CLOCK_SLACK: Duration = Duration::from_millis(2250);
/// Whoever waits longer for a refusal, or for the end of it, waits in vain.
const TURN_MAX: Duration = Duration::from_secs(60);

async fn people_play_while_the_disk_fails(fault: Fault) {
    let dir = crate::folder();
    let place = dir.path().join("main");
    let cut = prepare(&place);
    let failing = Failing::default();
    let mut rig = Rig::open(&place, Disk { io: Arc::new(failing.clone()), journal: journal() }).await;
    let mut ann = rig.enter(1, "Ann").await;
    let mut bob = rig.enter(2, "Bob").await;
    ann.until("notification.movement.enter").await;
    let mut rounds = Vec::new();
    // It may be that the journal looks after its file, and finds it failing, before anybody says anything: once more then.
    while rounds.last().is_none_or(|round: &Round| round.waited == 0) {
        assert!(rounds.len() < 10, "nothing was ever under way when the disk failed");
        rounds.push(round(rounds.len(), fault, &failing, &mut ann, &mut bob).await);
    }
    rig.cut().await;
    let (ann_seen, bob_seen) = (ann.seen, bob.seen);
    rig.stop().await;

    let life = Life::of(&cut, &place);
    let mut world = recovered(&place).unwrap().unwrap();
    let moment = life.check(&mut world);
    assert_eq!(
        (moment.messages[&1], moment.messages[&2]),
        (ann_seen, bob_seen),
        "numbered messages, and those received"
    );
    for round in rounds {
        let at = |text: &str| life.at(&format!("say {text}"));
        let passed = Duration::from_millis(at(&round.last) - at(&round.first));
        let may = round.took - round.stood + CLOCK_SLACK;
        assert!(
            passed <= may,
            "the clock went on: {passed:?} of world time, {:?} stood of {:?}",
            round.stood,
            round.took
        );
    }
}

/// One time that the disk failed.
struct Round {
    first: String,
    last: String,
    /// Commands that were taken and not shown while the disk failed.
    waited: usize,
    /// From before the first to after the last, and how long of that everybody was refused.
    took: Duration,
    stood: Duration,
}

/// Ann talks to Bob while the disk begins to fail, fails, and is well again.
async fn round(number: usize, fault: Fault, failing: &Failing, ann: &mut Player, bob: &mut Player) -> Round {
    let begun = Instant::now();
    let mut said = Vec::new();
    let mut next = || {
        said.push(format!("{number} {}", said.len()));
        (said.len(), said[said.len() - 1].clone())
    };
    let (_, first) = next();
    assert_eq!(ann.types(&format!("say {first}")).await.kind, "cmd.say.success");
    assert_eq!(hears_saying(bob).await, first);

    failing.set(fault);
    let mut refused = 0;
    let mut since = None;
    while since.is_none_or(|since: Instant| since.elapsed() < FAILS_FOR) {
        assert!(begun.elapsed() < TURN_MAX, "nobody is refused");
        ann.gives(&format!("say {}", next().1)).await;
        while let Some(heard) = ann.hears(Duration::from_millis(20)).await {
            assert_refusal(&heard);
            refused += 1;
            since.get_or_insert_with(Instant::now);
        }
    }
    let stood = since.map_or(Duration::ZERO, |since| since.elapsed());
    assert_eq!(bob.hears(Duration::from_millis(20)).await, None, "he is shown what is not on the disk");

    failing.set(Fault::None);
    let mut granted = Vec::new();
    let last = loop {
        assert!(begun.elapsed() < TURN_MAX, "it does not go on");
        let (count, last) = next();
        ann.gives(&format!("say {last}")).await;
        // The first was granted before.
        while 1 + granted.len() + refused < count {
            let answer = ann.hears(TURN_MAX).await.unwrap_or_else(|| panic!("{last} has no answer"));
            match answer.kind.as_str() {
                "error" => {
                    assert_refusal(&answer);
                    refused += 1;
                }
                "cmd.say.success" => granted.push(saying(&answer)),
                other => panic!("{other}"),
            }
        }
        if granted.last() == Some(&last) {
            break last;
        }
    };
    // What waited was said first. Bob hears it once, and the last, and nothing of what was refused.
    let waited = granted.len() - 1;
    assert_eq!(granted[..waited], said[1..1 + waited]);
    for text in &granted {
        assert_eq!(hears_saying(bob).await, *text);
    }
    Round { first, last, waited, took: begun.elapsed(), stood }
}

fn assert_refusal(heard: &Heard) {
    assert_eq!((heard.kind.as_str(), heard.code.as_str()), ("error", "unavailable"), "{heard:?}");
    assert!(heard.text.contains("nothing can be kept safe at the moment"), "{heard:?}");
}

/// What Ann says to Bob next.
async fn hears_saying(bob: &mut Player) -> String {
    saying(&bob.until("notification.cmd.say.success").await)
}

fn saying(heard: &Heard) -> String {
    heard.text.split('\'').nth(1).unwrap_or(&heard.text).to_owned()
}

fn play(fault: Fault) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(people_play_while_the_disk_fails(fault));
}

#[test]
fn play_goes_on_when_every_call_failed() {
    play(Fault::Everything);
}

#[test]
fn play_goes_on_when_syncs_failed() {
    play(Fault::Syncs);
}

#[test]
fn play_goes_on_when_the_disk_was_full() {
    play(Fault::Space);
}
