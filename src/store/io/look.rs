//! The operating system's files, to be looked at only: for tools beside a running nexus. It opens for reading, takes no
//! lock, and refuses whatever would change something.

use std::fs::File;
use std::io;
use std::path::Path;

use super::{Io, IoFile, Lock, RealFile, RealIo};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct LookIo;

impl Io for LookIo {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() { Ok(()) } else { refused() }
    }

    fn create(&self, _path: &Path) -> io::Result<Box<dyn IoFile>> {
        refused()
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn IoFile>> {
        Ok(Box::new(RealFile(File::open(path)?)))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealIo.list(dir)
    }

    fn rename(&self, _from: &Path, _to: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        refused()
    }

    fn lock(&self, _path: &Path) -> io::Result<Lock> {
        refused()
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::PermissionDenied, "only looking"))
}
