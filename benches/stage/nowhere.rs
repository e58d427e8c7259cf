//! A disk that takes everything at once and keeps nothing: the journal frames and checksums as ever, and waits for nobody.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use realms::store::io::{Io, IoFile, Lock};

pub struct Nowhere;

#[derive(Default)]
struct Gone(AtomicU64);

impl Io for Nowhere {
    fn create_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, _: &Path) -> io::Result<Box<dyn IoFile>> {
        Ok(Box::new(Gone::default()))
    }

    fn open(&self, _: &Path) -> io::Result<Box<dyn IoFile>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Lock> {
        Ok(Box::new(()))
    }
}

impl IoFile for Gone {
    fn size(&self) -> io::Result<u64> {
        Ok(self.0.load(Ordering::Relaxed))
    }

    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Ok(0)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.fetch_max(offset + bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.0.store(size, Ordering::Relaxed);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
}
