//! The one layer through which all of the journal's disk work goes, so that tests can fail any call and rebuild
//! the directory as a power loss at any moment would have left it.
//!
//! [`RealIo`] is the operating system, [`look::LookIo`] the same for reading only. [`memory::MemoryIo`] is a directory in memory that records every operation,
//! fails calls on demand and can be crashed after any of them. Nothing here knows what the bytes mean.

pub mod crash;
pub mod look;
pub mod memory;

use std::any::Any;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Held while a directory is in use; dropping it gives the directory free.
pub type Lock = Box<dyn Any + Send + Sync>;

/// What the journal asks of a file system. Every method is one durable or visible step; none retries.
pub trait Io: Send + Sync {
    /// Makes a directory and its parents, durably; one that exists is fine.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// Makes a new empty file for reading and writing; one that exists is an error.
    fn create(&self, path: &Path) -> io::Result<Box<dyn IoFile>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>>;
    /// Names of the files in a directory, sorted; a directory that is missing has none.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes an exclusive lock on a file, made when missing. `WouldBlock` when another holder has it.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
}

/// An open file. Positions are explicit, so that a handle has no state of its own.
pub trait IoFile: Send + Sync {
    /// Bytes in the file.
    fn size(&self) -> io::Result<u64>;
    /// Reads up to `bytes.len()`; fewer only at the end of the file.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` or fails, perhaps with some of them written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    fn truncate(&self, size: u64) -> io::Result<()>;
    /// Makes the content and the size durable.
    fn sync_data(&self) -> io::Result<()>;
}

/// Reads a whole file.
pub fn read(io: &dyn Io, path: &Path) -> io::Result<Vec<u8>> {
    let file = io.open(path)?;
    let mut bytes = vec![0; usize::try_from(file.size()?).map_err(io::Error::other)?];
    let got = file.read_at(&mut bytes, 0)?;
    bytes.truncate(got);
    Ok(bytes)
}

/// Puts a small file in place so that a crash leaves either nothing, the old content or the new one.
pub fn replace(io: &dyn Io, dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = dir.join(format!("{name}.new"));
    match io.remove(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = io.create(&fresh)?;
    file.write_at(bytes, 0)?;
    file.sync_data()?;
    io.rename(&fresh, &dir.join(name))?;
    io.sync_dir(dir)
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealIo;

impl Io for RealIo {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let above = match dir.parent() {
            Some(above) if above.as_os_str().is_empty() => Path::new("."),
            Some(above) => above,
            None => return Ok(()),
        };
        if !above.is_dir() {
            self.create_dir(above)?;
        }
        match fs::create_dir(dir) {
            Err(error) if !(error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir()) => Err(error),
            // One that is there may have been made just before a crash.
            _ => self.sync_dir(above),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

struct RealFile(File);

impl IoFile for RealFile {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < bytes.len() {
            match self.0.read_at(&mut bytes[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.set_len(size)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}
