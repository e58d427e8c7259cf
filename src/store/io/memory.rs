//! A directory tree in memory that behaves as [`super::Io`] demands, records every operation that changes it, and
//! fails calls on demand. [`MemoryIo::crash`] (in `crash.rs`) gives the tree that a power loss would have left.
//!
//! Directories themselves count as durable when made; names in them and contents of files do not, until synced.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Io, IoFile, Lock};

/// The identity of a file, kept over renames.
pub type Node = usize;

/// One change, as recorded. A failed sync is recorded as [`Op::SyncFailed`]: what it should have made durable never
/// becomes so by a later sync, as on Linux.
#[derive(Clone, Debug)]
pub enum Op {
    Create { path: PathBuf, node: Node },
    Write { node: Node, offset: u64, bytes: Vec<u8> },
    Truncate { node: Node, size: u64 },
    SyncData { node: Node },
    SyncFailed { node: Node },
    SyncDir { dir: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
    Remove { path: PathBuf },
}

/// What goes wrong, and when. Calls are counted from 1 since [`MemoryIo::set_faults`]: those that change something, and
/// with `reads` all others, too.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// The first call that fails; 0 for none.
    pub fail_at: u64,
    /// How many calls fail from there; `u64::MAX` for all.
    pub fail_count: u64,
    /// A failing write leaves this many bytes behind.
    pub partial_write: usize,
    /// Bytes that files may still grow by; removing a file gives its bytes back. Of a write that does not fit a first
    /// part stays.
    pub free_bytes: Option<u64>,
    /// Opening, listing, reading and locking are counted, and fail, like changes.
    pub reads: bool,
}

#[derive(Default)]
pub(super) struct Disk {
    pub(super) files: Vec<Vec<u8>>,
    pub(super) names: BTreeMap<PathBuf, Node>,
    pub(super) dirs: BTreeSet<PathBuf>,
    pub(super) log: Vec<Op>,
    /// The durable tree before the first recorded operation.
    pub(super) base_files: Vec<Vec<u8>>,
    pub(super) base_names: BTreeMap<PathBuf, Node>,
    locks: BTreeSet<PathBuf>,
    faults: Faults,
    calls: u64,
}

/// See the module. Clones share the tree.
#[derive(Clone, Default)]
pub struct MemoryIo {
    disk: Arc<Mutex<Disk>>,
}

impl MemoryIo {
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn from_disk(files: Vec<Vec<u8>>, names: BTreeMap<PathBuf, Node>, dirs: BTreeSet<PathBuf>) -> Self {
        let (base_files, base_names) = (files.clone(), names.clone());
        let disk = Disk { files, names, dirs, base_files, base_names, ..Disk::default() };
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// Replaces what goes wrong from now on, and counts calls from 1 again.
    pub fn set_faults(&self, faults: Faults) {
        let mut disk = self.disk();
        disk.faults = faults;
        disk.calls = 0;
    }

    /// Calls that changed something, or should have, since the faults were set.
    pub fn calls(&self) -> u64 {
        self.disk().calls
    }

    /// Operations recorded so far.
    pub fn operations(&self) -> usize {
        self.disk().log.len()
    }

    /// The recorded operation with this index.
    pub fn operation(&self, index: usize) -> Option<Op> {
        self.disk().log.get(index).cloned()
    }

    /// Changes bytes behind everybody's back, as a failing disk does: not recorded, not counted.
    pub fn corrupt(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut disk = self.disk();
        if let Some(&node) = disk.names.get(path) {
            change(&mut disk.files[node]);
        }
    }

    /// Writes the tree below `root` to real directories, `root` itself becoming `target`.
    pub fn write_out(&self, root: &Path, target: &Path) -> io::Result<()> {
        let disk = self.disk();
        for (path, &node) in &disk.names {
            if let Ok(inner) = path.strip_prefix(root) {
                let place = target.join(inner);
                std::fs::create_dir_all(place.parent().unwrap_or(target))?;
                std::fs::write(place, &disk.files[node])?;
            }
        }
        Ok(())
    }

    pub(super) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    /// Counts a call; an error when the faults say that it fails.
    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        let Faults { fail_at, fail_count, .. } = self.faults;
        if fail_at > 0 && self.calls >= fail_at && self.calls - fail_at < fail_count {
            return Err(io::Error::other("injected"));
        }
        Ok(())
    }

    /// As [`Disk::call`], for a call that only looks.
    fn look(&mut self) -> io::Result<()> {
        if self.faults.reads { self.call() } else { Ok(()) }
    }

    fn node(&self, path: &Path) -> io::Result<Node> {
        self.names.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&mut self, node: Node, bytes: &[u8], offset: u64) -> io::Result<()> {
        let size = self.files[node].len() as u64;
        let end = offset + bytes.len() as u64;
        let end = self.faults.free_bytes.map_or(end, |free| end.min(size + free));
        let fits = &bytes[..end.saturating_sub(offset) as usize];
        if !fits.is_empty() {
            if let Some(free) = &mut self.faults.free_bytes {
                *free -= end.saturating_sub(size);
            }
            put(&mut self.files[node], fits, offset);
            self.log.push(Op::Write { node, offset, bytes: fits.to_vec() });
        }
        if fits.len() < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

/// Writes into a file's content, filling a gap with zeros.
pub(super) fn put(file: &mut Vec<u8>, bytes: &[u8], offset: u64) {
    let start = offset as usize;
    let end = start + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[start..end].copy_from_slice(bytes);
}

impl Io for MemoryIo {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.look()?;
        for part in dir.ancestors() {
            disk.dirs.insert(part.to_path_buf());
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        let mut disk = self.disk();
        disk.call()?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if !path.parent().is_some_and(|dir| disk.dirs.contains(dir)) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let node = disk.files.len();
        disk.files.push(Vec::new());
        disk.names.insert(path.to_path_buf(), node);
        disk.log.push(Op::Create { path: path.to_path_buf(), node });
        Ok(Box::new(MemoryFile { io: self.clone(), node }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        let mut disk = self.disk();
        disk.look()?;
        let node = disk.node(path)?;
        Ok(Box::new(MemoryFile { io: self.clone(), node }))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
        disk.look()?;
        let here = disk.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(here.filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.call()?;
        let node = disk.node(from)?;
        disk.names.remove(from);
        disk.names.insert(to.to_path_buf(), node);
        disk.log.push(Op::Rename { from: from.to_path_buf(), to: to.to_path_buf() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.call()?;
        let node = disk.node(path)?;
        disk.names.remove(path);
        let size = disk.files[node].len() as u64;
        if let Some(free) = &mut disk.faults.free_bytes {
            *free += size;
        }
        disk.log.push(Op::Remove { path: path.to_path_buf() });
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.call()?;
        disk.log.push(Op::SyncDir { dir: dir.to_path_buf() });
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let mut disk = self.disk();
        disk.look()?;
        if !disk.locks.insert(path.to_path_buf()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(MemoryLock { io: self.clone(), path: path.to_path_buf() }))
    }
}

struct MemoryFile {
    io: MemoryIo,
    node: Node,
}

impl IoFile for MemoryFile {
    fn size(&self) -> io::Result<u64> {
        let mut disk = self.io.disk();
        disk.look()?;
        Ok(disk.files[self.node].len() as u64)
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut disk = self.io.disk();
        disk.look()?;
        let file = &disk.files[self.node];
        let start = (offset as usize).min(file.len());
        let count = bytes.len().min(file.len() - start);
        bytes[..count].copy_from_slice(&file[start..start + count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut disk = self.io.disk();
        if let Err(error) = disk.call() {
            let kept = disk.faults.partial_write.min(bytes.len());
            if kept > 0 {
                disk.write(self.node, &bytes[..kept], offset)?;
            }
            return Err(error);
        }
        disk.write(self.node, bytes, offset)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let mut disk = self.io.disk();
        disk.call()?;
        disk.files[self.node].resize(size as usize, 0);
        disk.log.push(Op::Truncate { node: self.node, size });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.io.disk();
        let result = disk.call();
        let node = self.node;
        disk.log.push(if result.is_ok() { Op::SyncData { node } } else { Op::SyncFailed { node } });
        result
    }
}

struct MemoryLock {
    io: MemoryIo,
    path: PathBuf,
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.io.disk().locks.remove(&self.path);
    }
}
