//! Opening sled so that it neither trips over its own left-overs nor takes us down.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::store::io::{Io, IoFile};

use super::{CACHE_BYTES, StateError, open_error};

/// sled's data file and the directory of values that it keeps apart.
const FILE: &str = "db";
const BLOBS: &str = "blobs";
const SETTINGS: &str = "conf";
const SNAPSHOT: &str = "snap.";
const UNFINISHED: &str = ".generating";
/// Before the name of the snapshot that is kept while sled makes a new one.
const KEPT: &str = "kept.";
const COPY_BYTES: usize = 1024 * 1024;
/// sled's own threads keep its lock for a moment after the last handle is gone.
const LOCK_WAIT: Duration = Duration::from_secs(2);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

pub(super) fn open(dir: &Path, io: &dyn Io) -> Result<(sled::Db, Box<dyn IoFile>), StateError> {
    io.create_dir(dir).map_err(open_error(dir))?;
    tidy_up(dir).map_err(open_error(dir))?;
    // After the death of a process the system may show what is not on the disk yet. sled builds on what it sees, and clears
    // away what that replaces: so it must be durable before.
    sync_all(dir).map_err(open_error(dir))?;
    keep_snapshot(dir).map_err(open_error(dir))?;
    let refused = |reason| StateError::Open { dir: dir.to_path_buf(), reason };
    refuse_blobs(dir).map_err(refused)?;
    let db = match catch_up(dir)? {
        Some(db) => db,
        None => begin(dir).map_err(|error| refused(error.to_string()))?,
    };
    forget_kept(dir).and_then(|()| sync_all(dir)).map_err(open_error(dir))?;
    let file = io.open(&dir.join(FILE)).map_err(open_error(dir))?;
    Ok((db, file))
}

/// Has sled read its log and write its snapshot, and makes that durable, before it opens and clears away what the snapshot
/// does not name: with the old snapshot, which a loss of power may bring back, it would miss that, and throw away what
/// comes after it in the log. Between the two sled looks into its folder of blobs; it stops there when that is a file.
///
/// Gives sled's database where it opens all the same: a new one, without a log.
fn catch_up(dir: &Path) -> Result<Option<sled::Db>, StateError> {
    let blobs = dir.join(BLOBS);
    let to_file = || {
        if blobs.is_dir() {
            fs::remove_dir(&blobs)?;
        }
        File::create(&blobs)
    };
    to_file().map_err(open_error(dir))?;
    let begun = begin(dir);
    fs::remove_file(&blobs).and_then(|()| fs::create_dir(&blobs)).map_err(open_error(dir))?;
    let db = match begun {
        Ok(db) => Some(db),
        Err(Begin::Sled(sled::Error::Io(error))) if error.kind() == io::ErrorKind::NotADirectory => None,
        Err(error) => return Err(StateError::Open { dir: dir.to_path_buf(), reason: error.to_string() }),
    };
    sync_all(dir).map_err(open_error(dir))?;
    Ok(db)
}

#[derive(Debug, thiserror::Error)]
enum Begin {
    #[error("{0}")]
    Sled(sled::Error),
    #[error("sled panicked on its files")]
    Panicked,
}

/// Opens sled. It panics on some damaged files; a broken state must become an error that names its directory.
fn begin(dir: &Path) -> Result<sled::Db, Begin> {
    let config = sled::Config::new().path(dir).flush_every_ms(None).cache_capacity(CACHE_BYTES);
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Err(error)) if is_locked(&error) && Instant::now() < deadline => thread::sleep(LOCK_PAUSE),
            Ok(result) => return result.map_err(Begin::Sled),
            Err(_) => return Err(Begin::Panicked),
        }
    }
}

fn is_locked(error: &sled::Error) -> bool {
    // sled wraps the cause into a text of kind Other.
    matches!(error, sled::Error::Io(error) if error.to_string().contains("could not acquire lock"))
}

/// What a crash left half done.
fn tidy_up(dir: &Path) -> io::Result<()> {
    // sled refuses to open beside a snapshot that it did not finish.
    for name in names(dir)?.iter().filter(|name| name.starts_with(SNAPSHOT) && name.ends_with(UNFINISHED)) {
        fs::remove_file(dir.join(name))?;
    }
    let names = names(dir)?;
    let kept = names.iter().find_map(|name| Some((name, name.strip_prefix(KEPT)?)));
    if let Some((name, snapshot)) = kept
        && newest_snapshot(&names).is_none()
    {
        fs::rename(dir.join(name), dir.join(snapshot))?;
    }
    remove_unfinished_settings(dir)
}

/// sled removes its old snapshot when it has a new one, whose name may not be on the disk yet; without any it loses its log.
/// So the old one is kept under another name meanwhile.
fn keep_snapshot(dir: &Path) -> io::Result<()> {
    forget_kept(dir)?;
    if let Some(snapshot) = newest_snapshot(&names(dir)?) {
        let mut kept = File::create(dir.join(format!("{KEPT}{snapshot}")))?;
        kept.write_all(&fs::read(dir.join(snapshot))?)?;
        kept.sync_all()?;
        File::open(dir)?.sync_all()?;
    }
    Ok(())
}

fn forget_kept(dir: &Path) -> io::Result<()> {
    names(dir)?.iter().filter(|name| name.starts_with(KEPT)).try_for_each(|name| fs::remove_file(dir.join(name)))
}

/// The one that sled takes.
fn newest_snapshot(names: &[String]) -> Option<&String> {
    names.iter().filter(|name| name.starts_with(SNAPSHOT)).max()
}

fn names(dir: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

/// sled does not sync its settings, and refuses torn ones for ever. They are always the same, and durable once the file of
/// commits is there: before that they are made anew.
fn remove_unfinished_settings(dir: &Path) -> io::Result<()> {
    let settings = dir.join(SETTINGS);
    if settings.exists() && !dir.join(super::watermark::FILE).exists() { fs::remove_file(settings) } else { Ok(()) }
}

/// Writes sled's file over itself and syncs it: after a failed sync the system takes pages for clean that are not on the
/// disk, and no later sync would bring them there.
pub(super) fn write_again(dir: &Path, io: &dyn Io) -> io::Result<()> {
    let file = io.open(&dir.join(FILE))?;
    let size = file.size()?;
    let mut bytes = vec![0; COPY_BYTES];
    let mut at = 0;
    while at < size {
        let count = file.read_at(&mut bytes, at)?;
        if count == 0 {
            break;
        }
        file.write_at(&bytes[..count], at)?;
        at += count as u64;
    }
    file.sync_data()
}

/// Values in files of their own are not synced by sled: with chunked values there are none.
pub(super) fn refuse_blobs(dir: &Path) -> Result<(), String> {
    let blobs = dir.join(BLOBS);
    if fs::read_dir(&blobs).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(format!("{} is not empty: these values were never durable", blobs.display()));
    }
    Ok(())
}

/// What sled made while opening (file, configuration, snapshot) and their names become durable.
fn sync_all(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}
