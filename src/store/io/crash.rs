//! What a power loss leaves of a [`MemoryIo`]: contents as of each file's last sync, names as of each directory's
//! last sync, and of everything later nothing, all, or a part that chance picks sector by sector.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::memory::{Disk, MemoryIo, Node, Op, put};

/// The unit that a disk writes whole.
const SECTOR_BYTES: usize = 512;

/// What becomes of changes that no sync covers.
#[derive(Clone, Copy, Debug)]
pub enum Loss {
    /// Kept, all of them: the process died, the machine did not.
    Nothing,
    /// Lost, all of them.
    Unsynced,
    /// Each sector of each write is kept or lost by the seed's chance, and now and then torn itself; of the names a first
    /// part is kept.
    Torn(u64),
}

impl MemoryIo {
    /// A new tree as the loss leaves it when power fails right after the first `operations` of this one.
    pub fn crash(&self, operations: usize, loss: Loss) -> MemoryIo {
        let disk = self.disk();
        let mut after = Platter::new(&disk, loss);
        for op in &disk.log[..operations.min(disk.log.len())] {
            after.apply(op);
        }
        let (files, names) = after.settle();
        MemoryIo::from_disk(files, names, disk.dirs.clone())
    }
}

/// What has reached the disk, and what only the operating system knows of.
struct Platter {
    loss: Loss,
    chance: Chance,
    files: Vec<Vec<u8>>,
    unsynced: Vec<Vec<Op>>,
    names: BTreeMap<PathBuf, Node>,
    unsynced_names: Vec<Op>,
}

impl Platter {
    fn new(disk: &Disk, loss: Loss) -> Self {
        let chance = Chance(if let Loss::Torn(seed) = loss { seed } else { 0 });
        let mut files = disk.base_files.clone();
        files.resize(disk.files.len(), Vec::new());
        let unsynced = vec![Vec::new(); files.len()];
        Self { loss, chance, files, unsynced, names: disk.base_names.clone(), unsynced_names: Vec::new() }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Write { node, .. } | Op::Truncate { node, .. } => self.unsynced[*node].push(op.clone()),
            Op::SyncData { node } => {
                for op in std::mem::take(&mut self.unsynced[*node]) {
                    change(&mut self.files[*node], &op);
                }
            }
            // The kernel takes pages whose write failed for clean: no later sync brings them to the disk.
            Op::SyncFailed { node } => {
                let ops = std::mem::take(&mut self.unsynced[*node]);
                lose(&mut self.files[*node], &ops, self.loss, &mut self.chance);
            }
            Op::Create { .. } | Op::Rename { .. } | Op::Remove { .. } => self.unsynced_names.push(op.clone()),
            Op::SyncDir { dir } => {
                for op in std::mem::take(&mut self.unsynced_names) {
                    if touches(&op, dir) {
                        rename(&mut self.names, &op);
                    } else {
                        self.unsynced_names.push(op);
                    }
                }
            }
        }
    }

    fn settle(mut self) -> (Vec<Vec<u8>>, BTreeMap<PathBuf, Node>) {
        let kept = match self.loss {
            Loss::Nothing => self.unsynced_names.len(),
            Loss::Unsynced => 0,
            Loss::Torn(_) => self.chance.below(self.unsynced_names.len() + 1),
        };
        self.unsynced_names[..kept].iter().for_each(|op| rename(&mut self.names, op));
        for (file, ops) in self.files.iter_mut().zip(&self.unsynced) {
            lose(file, ops, self.loss, &mut self.chance);
        }
        (self.files, self.names)
    }
}

/// Applies what is left of operations that no sync covers.
fn lose(file: &mut Vec<u8>, ops: &[Op], loss: Loss, chance: &mut Chance) {
    for op in ops {
        match loss {
            Loss::Nothing => change(file, op),
            Loss::Unsynced => {}
            Loss::Torn(_) => tear(file, op, chance),
        }
    }
}

fn change(file: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { offset, bytes, .. } => put(file, bytes, *offset),
        Op::Truncate { size, .. } => file.resize(*size as usize, 0),
        _ => {}
    }
}

fn tear(file: &mut Vec<u8>, op: &Op, chance: &mut Chance) {
    match op {
        Op::Write { offset, bytes, .. } => {
            // Sectors lie at fixed places of the file, wherever the write begins.
            let mut at = 0;
            while at < bytes.len() {
                let place = *offset as usize + at;
                let end = (at + SECTOR_BYTES - place % SECTOR_BYTES).min(bytes.len());
                match chance.below(16) {
                    0 => put(file, &bytes[at..at + chance.below(end - at)], place as u64),
                    1..8 => {}
                    _ => put(file, &bytes[at..end], place as u64),
                }
                at = end;
            }
        }
        op if chance.below(2) == 0 => change(file, op),
        _ => {}
    }
}

fn touches(op: &Op, dir: &Path) -> bool {
    match op {
        Op::Create { path, .. } | Op::Remove { path } => path.parent() == Some(dir),
        Op::Rename { from, to } => from.parent() == Some(dir) || to.parent() == Some(dir),
        _ => false,
    }
}

fn rename(names: &mut BTreeMap<PathBuf, Node>, op: &Op) {
    match op {
        Op::Create { path, node } => {
            names.insert(path.clone(), *node);
        }
        Op::Remove { path } => {
            names.remove(path);
        }
        Op::Rename { from, to } => {
            if let Some(node) = names.remove(from) {
                names.insert(to.clone(), node);
            }
        }
        _ => {}
    }
}

/// A small generator (splitmix64), so that a seed names a crash for ever.
pub struct Chance(pub u64);

impl Chance {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.draw() % end as u64) as usize
    }
}
