//! What a power loss leaves of recorded files: contents as of each file's last sync, names as of each folder's, and of
//! everything later nothing, all, or what chance picks within what file systems and disks allow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use realms::store::io::crash::Chance;

use crate::record::{MAPPED, Node, Op};

/// What disks write whole, as a rule.
const SECTOR_BYTES: usize = 512;

/// Folders and files with their contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    pub dirs: BTreeSet<PathBuf>,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Image {
    /// What is below a folder.
    pub fn read(root: &Path) -> Self {
        let mut image = Self::default();
        let mut open = vec![PathBuf::new()];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(root.join(&dir)).unwrap() {
                let entry = entry.unwrap();
                let path = dir.join(entry.file_name());
                if entry.file_type().unwrap().is_dir() {
                    image.dirs.insert(path.clone());
                    open.push(path);
                } else if !path.ends_with(MAPPED) {
                    image.files.insert(path.clone(), std::fs::read(entry.path()).unwrap());
                }
            }
        }
        image
    }

    /// Makes it below an empty folder.
    pub fn write(&self, root: &Path) {
        // Parents sort before what is in them.
        self.dirs.iter().for_each(|dir| std::fs::create_dir(root.join(dir)).unwrap());
        self.files.iter().for_each(|(path, bytes)| std::fs::write(root.join(path), bytes).unwrap());
    }
}

/// What becomes of changes that no sync covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Kept, all of them: the process died, the machine did not.
    Nothing,
    /// Lost, all of them.
    Everything,
    /// Kept in order up to one of them, which is torn within a sector or between two; names likewise.
    Suffix,
    /// Each sector of each write is kept by a chance of so many in eight, and so is each change of size; of the names a
    /// first part is kept.
    Sectors(usize),
    /// As before for whole writes; also each change of a name is kept or lost by itself.
    Writes(usize),
}

impl Loss {
    pub fn draw(chance: &mut Chance) -> Self {
        match chance.below(12) {
            0 => Loss::Nothing,
            1 => Loss::Everything,
            2..5 => Loss::Suffix,
            5..9 => Loss::Sectors(1 + chance.below(7)),
            _ => Loss::Writes(1 + chance.below(7)),
        }
    }
}

/// What has reached the disk, and what only the operating system knows of.
pub struct Platter {
    files: Vec<File>,
    names: Names,
    unsynced_names: Vec<Op>,
}

#[derive(Clone, Default)]
struct File {
    durable: Vec<u8>,
    unsynced: Vec<Op>,
}

#[derive(Clone, Default)]
struct Names {
    dirs: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, Node>,
}

impl Platter {
    /// Everything of the image is durable. Its files are the first nodes, in order.
    pub fn new(base: &Image) -> Self {
        let file = |bytes: &Vec<u8>| File { durable: bytes.clone(), unsynced: Vec::new() };
        let files = base.files.values().map(file).collect();
        let names = base.files.keys().cloned().zip(0..).collect();
        Self { files, names: Names { dirs: base.dirs.clone(), files: names }, unsynced_names: Vec::new() }
    }

    /// The same system for a new recording of what it shows: the files that it shows are the first nodes, in order.
    pub fn restarted(&self) -> Self {
        let mut shown = self.names.clone();
        self.unsynced_names.iter().for_each(|op| shown.change(op));
        let visible = shown.files.iter().filter(|(path, _)| shown.is_reached(path));
        let mut order: Vec<Node> = visible.map(|(_, node)| *node).collect();
        let hidden = (0..self.files.len()).filter(|node| !order.contains(node)).collect::<Vec<_>>();
        order.extend(hidden);
        let renumbered = |node: &mut Node| *node = order.iter().position(|old| old == node).unwrap_or(*node);
        let mut names = self.names.clone();
        names.files.values_mut().for_each(renumbered);
        let mut unsynced_names = self.unsynced_names.clone();
        for op in &mut unsynced_names {
            if let Op::Create { node, .. } = op {
                renumbered(node);
            }
        }
        Self { files: order.iter().map(|node| self.files[*node].clone()).collect(), names, unsynced_names }
    }

    /// Files that were ever made.
    pub fn nodes(&self) -> usize {
        self.files.len()
    }

    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Write { node, .. } | Op::Truncate { node, .. } => self.files[*node].unsynced.push(op.clone()),
            Op::Sync { node } => {
                let file = &mut self.files[*node];
                file.unsynced.iter().for_each(|op| change(&mut file.durable, op));
                file.unsynced.clear();
            }
            Op::Create { node, .. } => {
                self.files.resize(*node + 1, File::default());
                self.unsynced_names.push(op.clone());
            }
            Op::Mkdir { .. } | Op::Rmdir { .. } | Op::Rename { .. } | Op::Unlink { .. } => {
                self.unsynced_names.push(op.clone())
            }
            Op::SyncDir { path } => {
                let names = &mut self.names;
                self.unsynced_names.retain(|op| {
                    let here = touches(op, path);
                    if here {
                        names.change(op);
                    }
                    !here
                });
            }
        }
    }

    /// What is there after a power loss now. The seed decides by chance what is left to it.
    pub fn crash(&self, loss: Loss, seed: u64) -> Image {
        let mut chance = Chance(seed);
        let mut names = self.names.clone();
        let first = chance.below(self.unsynced_names.len() + 1);
        for (at, op) in self.unsynced_names.iter().enumerate() {
            let kept = match loss {
                Loss::Nothing => true,
                Loss::Everything => false,
                Loss::Suffix | Loss::Sectors(_) => at < first,
                Loss::Writes(kept) => chance.below(8) < kept,
            };
            if kept {
                names.change(op);
            }
        }
        let contents: Vec<Vec<u8>> = self.files.iter().map(|file| file.after(loss, &mut chance)).collect();
        let dirs = names.dirs.iter().filter(|dir| names.is_reached(dir)).cloned().collect();
        let reached = names.files.iter().filter(|(path, _)| names.is_reached(path));
        Image { dirs, files: reached.map(|(path, node)| (path.clone(), contents[*node].clone())).collect() }
    }
}

impl File {
    fn after(&self, loss: Loss, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        let last = chance.below(self.unsynced.len() + 1);
        for (at, op) in self.unsynced.iter().enumerate() {
            match loss {
                Loss::Nothing => change(&mut bytes, op),
                Loss::Everything => {}
                Loss::Suffix if at < last => change(&mut bytes, op),
                Loss::Suffix if at == last => tear(&mut bytes, op, chance),
                Loss::Suffix => {}
                Loss::Sectors(kept) => scatter(&mut bytes, op, kept, chance),
                Loss::Writes(kept) if chance.below(8) < kept => change(&mut bytes, op),
                Loss::Writes(_) => {}
            }
        }
        bytes
    }
}

/// Keeps a first part of a write.
fn tear(file: &mut Vec<u8>, op: &Op, chance: &mut Chance) {
    if let Op::Write { offset, bytes, .. } = op {
        let mut kept = chance.below(bytes.len() + 1);
        if chance.below(2) == 0 {
            kept -= (*offset as usize + kept) % SECTOR_BYTES % (kept + 1);
        }
        put(file, &bytes[..kept], *offset);
    }
}

/// Keeps some sectors of a write; they lie at fixed places of the file, wherever the write begins.
fn scatter(file: &mut Vec<u8>, op: &Op, kept: usize, chance: &mut Chance) {
    let Op::Write { offset, bytes, .. } = op else {
        if chance.below(8) < kept {
            change(file, op);
        }
        return;
    };
    let mut at = 0;
    while at < bytes.len() {
        let place = *offset as usize + at;
        let end = (at + SECTOR_BYTES - place % SECTOR_BYTES).min(bytes.len());
        if chance.below(8) < kept {
            put(file, &bytes[at..end], place as u64);
        }
        at = end;
    }
}

fn change(file: &mut Vec<u8>, op: &Op) {
    match op {
        Op::Write { offset, bytes, .. } => put(file, bytes, *offset),
        Op::Truncate { size, .. } => file.resize(*size as usize, 0),
        _ => {}
    }
}

fn put(file: &mut Vec<u8>, bytes: &[u8], offset: u64) {
    let start = offset as usize;
    let end = start + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[start..end].copy_from_slice(bytes);
}

fn touches(op: &Op, dir: &Path) -> bool {
    match op {
        Op::Create { path, .. } | Op::Unlink { path } | Op::Mkdir { path } | Op::Rmdir { path } => {
            path.parent() == Some(dir)
        }
        Op::Rename { from, to } => from.parent() == Some(dir) || to.parent() == Some(dir),
        _ => false,
    }
}

impl Names {
    fn change(&mut self, op: &Op) {
        match op {
            // A name is one thing, also where an earlier change of it was lost.
            Op::Mkdir { path } => {
                self.files.remove(path);
                self.dirs.insert(path.clone());
            }
            Op::Create { path, node } => {
                self.dirs.remove(path);
                self.files.insert(path.clone(), *node);
            }
            Op::Rmdir { path } => drop(self.dirs.remove(path)),
            Op::Unlink { path } => drop(self.files.remove(path)),
            Op::Rename { from, to } => {
                if let Some(node) = self.files.remove(from) {
                    self.files.insert(to.clone(), node);
                }
            }
            _ => {}
        }
    }

    /// A name is there only if all folders above it are.
    fn is_reached(&self, path: &Path) -> bool {
        path.ancestors().skip(1).all(|dir| dir.as_os_str().is_empty() || self.dirs.contains(dir))
    }
}
