//! The folder of history: what worlds were before. It holds the journal's old segments, images of worlds at moments
//! between them, the template sets that these name, and marks of the live run. It is bounded in bytes, and trimmed so
//! that every segment in it is preceded by an image of a world whose turns it holds: what is kept can be replayed.
//!
//! Every file is written whole under another name first. It never decides when an image is due: that is the engine's.

mod image;
mod marks;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::io::Io;
use crate::store::journal::kept::{self, KeptHead};
use crate::store::journal::{Lent, Turn, WorldRange};
use crate::store::packed::{self, PackedError};
use crate::store::state::Loaded;

pub use image::{About, ImageHead};
pub use marks::Mark;

use marks::Marks;

const SET_MAGIC: [u8; 4] = *b"RJS1";
const SET_SUFFIX: &str = ".set";
/// An image may take this part of the bound at the most: else it would leave no room for the turns after it.
pub const IMAGE_PART_MAX: u64 = 4;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("the folder of history {} cannot be used: {source}", dir.display())]
    Folder { dir: PathBuf, source: io::Error },
    #[error("{0}")]
    File(#[from] PackedError),
    #[error("an image of {bytes} bytes is more than a quarter of the {max} that history may have")]
    ImageTooLarge { bytes: u64, max: u64 },
    #[error("\"{0}\" is no name of a template set")]
    Name(String),
}

/// A file of history.
struct Kept<H> {
    path: PathBuf,
    head: H,
    bytes: u64,
}

/// See the module. One thread of the nexus has it; readers open the files for themselves.
pub struct History {
    io: Arc<dyn Io>,
    dir: PathBuf,
    journal: [u8; 16],
    bytes_max: u64,
    /// In order of their frames.
    segments: Vec<Kept<KeptHead>>,
    /// In the order in which they were made.
    images: Vec<Kept<ImageHead>>,
    sets: BTreeMap<String, u64>,
    marks: Marks,
    /// Damaged, or of a journal that is gone: the first to go.
    strange: Vec<(PathBuf, u64)>,
    next_image: u64,
    kept_to: u64,
}

impl History {
    /// Opens the folder, made when missing, for the segments of one journal. `bytes_max` bounds all files together; for
    /// a moment there may be one more.
    ///
    /// # Errors
    /// The folder cannot be made or read. A damaged file in it is no error.
    pub fn open(dir: &Path, io: Arc<dyn Io>, journal: [u8; 16], bytes_max: u64) -> Result<History, HistoryError> {
        let failed = |source| HistoryError::Folder { dir: dir.to_path_buf(), source };
        io.create_dir(dir).map_err(failed)?;
        for name in io.list(dir).map_err(failed)?.iter().filter(|name| name.ends_with(packed::UNFINISHED)) {
            forget(&*io, &dir.join(name));
        }
        let marks = Marks::open(dir, io.clone()).map_err(failed)?;
        let mut history = History {
            dir: dir.to_path_buf(),
            journal,
            bytes_max,
            segments: Vec::new(),
            images: Vec::new(),
            sets: BTreeMap::new(),
            marks,
            strange: Vec::new(),
            next_image: 1,
            kept_to: 0,
            io,
        };
        history.look().map_err(failed)?;
        Ok(history)
    }

    fn look(&mut self) -> io::Result<()> {
        for path in kept::files(&*self.io, &self.dir)? {
            let bytes = self.io.open(&path)?.size()?;
            match kept::head(&*self.io, &path) {
                Ok(head) if head.journal == self.journal => self.segments.push(Kept { path, head, bytes }),
                _ => self.strange.push((path, bytes)),
            }
        }
        for path in image::files(&*self.io, &self.dir)? {
            let bytes = self.io.open(&path)?.size()?;
            match image::head(&*self.io, &path) {
                Ok(head) => {
                    self.next_image = self.next_image.max(head.number + 1);
                    if head.journal == self.journal {
                        self.images.push(Kept { path, head, bytes });
                        continue;
                    }
                    self.strange.push((path, bytes));
                }
                Err(_) => self.strange.push((path, bytes)),
            }
        }
        for name in self.io.list(&self.dir)? {
            if let Some(set) = name.strip_suffix(SET_SUFFIX) {
                self.sets.insert(set.to_owned(), self.io.open(&self.dir.join(&name))?.size()?);
            }
        }
        self.segments.sort_by_key(|segment| segment.head.first);
        self.images.sort_by_key(|image| image.head.number);
        self.kept_to = self.segments.iter().map(|segment| segment.head.last).max().unwrap_or(0);
        Ok(())
    }

    /// The last frame that was kept: a lent segment that ends there or before is here already.
    pub fn kept_to(&self) -> u64 {
        self.kept_to
    }

    /// Copies a lent segment. `named` is asked of every turn for a template set that it names. Gives the head, and the
    /// size of the file.
    ///
    /// # Errors
    /// It cannot be read or written; then these turns are missing here.
    pub fn keep_segment(
        &mut self,
        lent: &Lent,
        named: impl FnMut(&Turn<'_>) -> Option<String>,
    ) -> Result<(KeptHead, u64), HistoryError> {
        let (head, bytes) = kept::keep(&*self.io, &self.dir, lent, &self.journal, named)?;
        let path = self.dir.join(kept::file_name(head.first, head.last));
        self.kept_to = self.kept_to.max(head.last);
        self.segments.retain(|segment| segment.path != path);
        self.segments.push(Kept { path, head: head.clone(), bytes });
        Ok((head, bytes))
    }

    /// Keeps a world as of a cut.
    ///
    /// # Errors
    /// It cannot be written, or is too large for the bound.
    pub fn keep_image(&mut self, about: About, loaded: &Loaded) -> Result<ImageHead, HistoryError> {
        let head = ImageHead {
            journal: self.journal,
            number: self.next_image,
            about,
            incarnation: loaded.incarnation,
            seq: loaded.seq,
            count: loaded.count,
            digest: loaded.digest,
            check: loaded.check(),
        };
        let written = image::write(&*self.io, &self.dir, &head, loaded);
        let (path, bytes) = written.map_err(|source| PackedError::Io { path: self.dir.clone(), source })?;
        if bytes > self.bytes_max / IMAGE_PART_MAX {
            forget(&*self.io, &path);
            return Err(HistoryError::ImageTooLarge { bytes, max: self.bytes_max });
        }
        self.next_image += 1;
        self.images.push(Kept { path, head: head.clone(), bytes });
        Ok(head)
    }

    pub fn has_set(&self, name: &str) -> bool {
        self.sets.contains_key(name)
    }

    /// Keeps a template set under its name.
    ///
    /// # Errors
    /// It cannot be written, or the name is none.
    pub fn keep_set(&mut self, name: &str, bytes: &[u8]) -> Result<(), HistoryError> {
        let file = set_file(name).ok_or_else(|| HistoryError::Name(name.to_owned()))?;
        let length = bytes.len() as u64;
        let written = packed::write(&*self.io, &self.dir, &file, SET_MAGIC, &length, |out| out.write_all(bytes));
        let size = written.map_err(|source| PackedError::Io { path: self.dir.join(&file), source })?;
        self.sets.insert(name.to_owned(), size);
        Ok(())
    }

    /// Notes a cut of the live run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn mark(&mut self, mark: &Mark) -> Result<(), HistoryError> {
        self.marks.put(mark).map_err(|source| HistoryError::Folder { dir: self.dir.clone(), source })
    }

    /// The last image of a world, with its size.
    pub fn last_image(&self, spawn: i64) -> Option<(&ImageHead, u64)> {
        let image = self.images.iter().rfind(|image| image.head.about.spawn == spawn)?;
        Some((&image.head, image.bytes))
    }

    /// How far the segments go on without a gap behind a turn of a world.
    pub fn unbroken_to(&self, spawn: i64, incarnation: u64, seq: u64) -> u64 {
        let ranges = self.segments.iter().flat_map(|segment| &segment.head.worlds);
        ranges
            .filter(|range| is_behind(range, spawn, incarnation, seq))
            .fold(seq, |to, range| if range.first <= to + 1 { to.max(range.last) } else { to })
    }

    /// Bytes of the segments that hold turns of a world behind this one.
    pub fn bytes_after(&self, spawn: i64, incarnation: u64, seq: u64) -> u64 {
        let behind = |range: &WorldRange| is_behind(range, spawn, incarnation, seq);
        self.segments.iter().filter(|segment| segment.head.worlds.iter().any(behind)).map(|segment| segment.bytes).sum()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let segments: u64 = self.segments.iter().map(|segment| segment.bytes).sum();
        let images: u64 = self.images.iter().map(|image| image.bytes).sum();
        let strange: u64 = self.strange.iter().map(|(_, bytes)| bytes).sum();
        segments + images + strange + self.sets.values().sum::<u64>() + self.marks.bytes()
    }

    pub fn bytes_max(&self) -> u64 {
        self.bytes_max
    }

    /// Removes what nothing needs, and beyond the bound the oldest image with what only it needs, as often as it takes.
    /// `sets` are template sets that are in use now. Gives the worlds that lost an image.
    pub fn trim(&mut self, sets: &BTreeSet<String>) -> BTreeSet<i64> {
        let mut lost = BTreeSet::new();
        loop {
            self.drop_unneeded(sets);
            if self.bytes() <= self.bytes_max {
                return lost;
            }
            if let Some((path, _)) = self.strange.pop() {
                forget(&*self.io, &path);
            } else if !self.images.is_empty() {
                // The image first: were there a crash now, its segments would be without one and go at the next look.
                let image = self.images.remove(0);
                forget(&*self.io, &image.path);
                lost.insert(image.head.about.spawn);
            } else {
                return lost;
            }
        }
    }

    fn drop_unneeded(&mut self, in_use: &BTreeSet<String>) {
        let Self { io, dir, segments, images, sets, marks, .. } = self;
        let is_needed = |range: &WorldRange| {
            let mut images = images.iter().map(|image| &image.head);
            images.any(|head| is_behind(range, head.about.spawn, head.incarnation, head.seq))
        };
        segments.retain(|segment| {
            let needed = segment.head.worlds.iter().any(is_needed);
            if !needed {
                forget(&**io, &segment.path);
            }
            needed
        });
        let named: BTreeSet<&String> = segments
            .iter()
            .flat_map(|segment| &segment.head.names)
            .chain(images.iter().map(|image| &image.head.about.templates))
            .chain(in_use)
            .collect();
        sets.retain(|name, _| {
            let needed = named.contains(name);
            if !needed {
                forget(&**io, &dir.join(format!("{name}{SET_SUFFIX}")));
            }
            needed
        });
        marks.trim(images.iter().map(|image| image.head.about.written).min().unwrap_or(0));
    }
}

/// Does this range hold turns behind that one?
fn is_behind(range: &WorldRange, spawn: i64, incarnation: u64, seq: u64) -> bool {
    range.spawn == spawn && range.incarnation == incarnation && range.last > seq
}

/// What a folder of history holds, for those who look at it from outside.
#[derive(Debug, Default)]
pub struct Survey {
    pub segments: Vec<(PathBuf, KeptHead)>,
    pub images: Vec<(PathBuf, ImageHead)>,
    pub sets: Vec<String>,
    pub marks: Vec<Mark>,
    pub bytes: u64,
    /// Files that cannot be read; each text names its file.
    pub damaged: Vec<String>,
}

/// Looks at a folder of history; one that is missing is empty. Takes no lock and changes nothing.
///
/// # Errors
/// The folder cannot be read. A damaged file in it is no error.
pub fn survey(io: &dyn Io, dir: &Path) -> Result<Survey, HistoryError> {
    let failed = |source| HistoryError::Folder { dir: dir.to_path_buf(), source };
    let mut survey = Survey { marks: marks::read(io, dir).map_err(failed)?, ..Survey::default() };
    for name in io.list(dir).map_err(failed)? {
        survey.bytes += io.open(&dir.join(&name)).and_then(|file| file.size()).unwrap_or(0);
        survey.sets.extend(name.strip_suffix(SET_SUFFIX).map(str::to_owned));
    }
    for path in kept::files(io, dir).map_err(failed)? {
        match kept::head(io, &path) {
            Ok(head) => survey.segments.push((path, head)),
            Err(error) => survey.damaged.extend(unless_gone(error)),
        }
    }
    for path in image::files(io, dir).map_err(failed)? {
        match image::head(io, &path) {
            Ok(head) => survey.images.push((path, head)),
            Err(error) => survey.damaged.extend(unless_gone(error)),
        }
    }
    survey.segments.sort_by_key(|(_, head)| head.first);
    survey.images.sort_by_key(|(_, head)| head.number);
    Ok(survey)
}

/// Reads every file of a survey to its end; what is wrong with them.
pub fn check(io: &dyn Io, dir: &Path, survey: &Survey) -> Vec<String> {
    let segments = survey.segments.iter().filter_map(|(path, _)| kept::check(io, path).err());
    let images = survey.images.iter().filter_map(|(path, _)| image::read(io, path).err());
    let sets = survey.sets.iter().filter_map(|name| read_set(io, dir, name).err());
    let found = segments.chain(images).chain(sets).filter_map(unless_gone);
    survey.damaged.iter().cloned().chain(found).collect()
}

/// The world of an image, proven.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn read_image(io: &dyn Io, path: &Path) -> Result<(ImageHead, Loaded), PackedError> {
    image::read(io, path)
}

/// A template set; None where it is not kept.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn read_set(io: &dyn Io, dir: &Path, name: &str) -> Result<Option<Vec<u8>>, PackedError> {
    let Some(file) = set_file(name) else { return Ok(None) };
    let path = dir.join(file);
    let (length, mut body): (u64, _) = match packed::open(io, &path, SET_MAGIC) {
        Err(PackedError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes).map_err(|error| packed::broken(&path, &error))?;
    if bytes.len() as u64 != length {
        return Err(PackedError::damaged(&path, "it is shorter or longer than it was"));
    }
    Ok(Some(bytes))
}

/// What was trimmed away since the folder was listed is not damaged.
fn unless_gone(error: PackedError) -> Option<String> {
    match &error {
        PackedError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => None,
        _ => Some(error.to_string()),
    }
}

/// A set's name comes from the wire: it becomes a file's name only if it looks like one of ours.
fn set_file(name: &str) -> Option<String> {
    let fine =
        !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    fine.then(|| format!("{name}{SET_SUFFIX}"))
}

/// Removes a file whose presence harms nobody.
fn forget(io: &dyn Io, path: &Path) {
    if let Err(error) = io.remove(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a file of history that is no longer needed stays");
    }
}
