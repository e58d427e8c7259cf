//! Files of history: a head that says what is in it, and a compressed body. Written under another name, synced, and
//! renamed, so that a file under its own name is whole. Head and body carry checksums: whatever changed since is found.
//!
//! ```text
//! magic [4] | length of the head u32 LE | crc32 of the head u32 LE | head (postcard) | body (gzip)
//! ```

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::io::{Io, IoFile};

/// What a file under way is called until it is whole.
pub const UNFINISHED: &str = ".new";
/// A head is small; more is damage.
const HEAD_BYTES_MAX: u32 = 16 * 1024 * 1024;
const FIXED_BYTES: usize = 12;
const BUFFER_BYTES: usize = 64 * 1024;

/// Why a file cannot be read; each names it.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    #[error("{} cannot be read: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is damaged: {detail}", path.display())]
    Damaged { path: PathBuf, detail: String },
}

impl PackedError {
    pub fn damaged(path: &Path, detail: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_path_buf(), detail: detail.into() }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { path, source }
    }
}

/// Writes a file whose body is what `fill` writes; gives its size. One of that name is replaced.
pub fn write<H: Serialize>(
    io: &dyn Io,
    dir: &Path,
    name: &str,
    magic: [u8; 4],
    head: &H,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    let fresh = dir.join(format!("{name}{UNFINISHED}"));
    match io.remove(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let written = write_fresh(io, &fresh, magic, head, fill);
    match written {
        Ok(size) => {
            io.rename(&fresh, &dir.join(name))?;
            io.sync_dir(dir)?;
            Ok(size)
        }
        Err(error) => {
            // Its space is somebody else's, now that it will not be whole.
            let _ = io.remove(&fresh);
            Err(error)
        }
    }
}

fn write_fresh<H: Serialize>(
    io: &dyn Io,
    path: &Path,
    magic: [u8; 4],
    head: &H,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<u64> {
    let head = postcard::to_stdvec(head).map_err(io::Error::other)?;
    let mut out = Out { file: io.create(path)?, at: 0 };
    out.write_all(&magic)?;
    out.write_all(&(head.len() as u32).to_le_bytes())?;
    out.write_all(&crc32fast::hash(&head).to_le_bytes())?;
    out.write_all(&head)?;
    let mut body = GzEncoder::new(BufWriter::with_capacity(BUFFER_BYTES, out), Compression::fast());
    fill(&mut body)?;
    let out = body.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    out.file.sync_data()?;
    Ok(out.at)
}

/// The head alone.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn head<H: DeserializeOwned>(io: &dyn Io, path: &Path, magic: [u8; 4]) -> Result<H, PackedError> {
    open(io, path, magic).map(|(head, _)| head)
}

/// Head and body. Damage in the body is an error of the reader; it must be read to its end to be known to be sound.
///
/// # Errors
/// As of [`head`].
pub fn open<H: DeserializeOwned>(
    io: &dyn Io,
    path: &Path,
    magic: [u8; 4],
) -> Result<(H, impl Read + use<H>), PackedError> {
    let mut file = In { file: io.open(path).map_err(PackedError::io(path))?, at: 0 };
    let mut fixed = [0; FIXED_BYTES];
    file.read_exact(&mut fixed).map_err(|error| broken(path, &error))?;
    let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let (length, checksum) = (number(4), number(8));
    if fixed[..4] != magic || length > HEAD_BYTES_MAX {
        return Err(PackedError::damaged(path, "it does not begin as such a file does"));
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes).map_err(|error| broken(path, &error))?;
    if crc32fast::hash(&bytes) != checksum {
        return Err(PackedError::damaged(path, "its head does not match its checksum"));
    }
    let head =
        postcard::from_bytes(&bytes).map_err(|error| PackedError::damaged(path, format!("its head: {error}")))?;
    Ok((head, GzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, file))))
}

/// An error while the body of a file is read: nearly always damage.
pub fn broken(path: &Path, error: &io::Error) -> PackedError {
    PackedError::damaged(path, error.to_string())
}

/// Appends to a file.
struct Out {
    file: Box<dyn IoFile>,
    at: u64,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads a file from front to back.
struct In {
    file: Box<dyn IoFile>,
    at: u64,
}

impl Read for In {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(bytes, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::io::crash::Loss;
    use crate::store::io::memory::{Faults, MemoryIo};

    const MAGIC: [u8; 4] = *b"RJX1";

    fn dir() -> &'static Path {
        Path::new("/history")
    }

    fn put(io: &MemoryIo, name: &str, body: &[u8]) -> io::Result<u64> {
        write(io, dir(), name, MAGIC, &("head".to_owned(), 7u64), |out| out.write_all(body))
    }

    fn get(io: &MemoryIo, name: &str) -> Result<Vec<u8>, PackedError> {
        let path = dir().join(name);
        let (head, mut body): ((String, u64), _) = open(io, &path, MAGIC)?;
        assert_eq!(head, ("head".to_owned(), 7));
        let mut bytes = Vec::new();
        body.read_to_end(&mut bytes).map_err(|error| broken(&path, &error))?;
        Ok(bytes)
    }

    fn disk() -> MemoryIo {
        let io = MemoryIo::new();
        io.create_dir(dir()).unwrap();
        io
    }

    #[test]
    fn a_file_is_whole_or_not_there_whenever_power_fails() {
        let io = disk();
        put(&io, "a", b"old").unwrap();
        let old = io.operations();
        put(&io, "a", &[9; 200_000]).unwrap();
        for operations in 0..=io.operations() {
            for loss in [Loss::Nothing, Loss::Unsynced, Loss::Torn(operations as u64)] {
                let after = io.crash(operations, loss);
                match get(&after, "a") {
                    Ok(bytes) => assert!(bytes == b"old" || bytes == [9; 200_000]),
                    Err(error) => assert!(operations < old, "{operations} {loss:?}: {error}"),
                }
            }
        }
    }

    #[test]
    fn every_changed_byte_is_found_and_the_file_is_named() {
        let io = disk();
        put(&io, "a", b"some content that is here and here and here").unwrap();
        let size = io.open(&dir().join("a")).unwrap().size().unwrap();
        for at in 0..size as usize {
            // Flags and times in gzip's own head mean nothing to us.
            let copy = io.crash(io.operations(), Loss::Nothing);
            copy.corrupt(&dir().join("a"), |bytes| bytes[at] ^= 4);
            match get(&copy, "a") {
                Ok(bytes) => assert_eq!(bytes, b"some content that is here and here and here", "byte {at}"),
                Err(error) => assert!(error.to_string().starts_with("/history/a is damaged: "), "{error}"),
            }
        }
    }

    #[test]
    fn what_could_not_be_written_leaves_nothing_behind() {
        let io = disk();
        io.set_faults(Faults { free_bytes: Some(100), ..Faults::default() });
        let noise: Vec<u8> = (0..4096u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        assert_eq!(put(&io, "a", &noise).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(io.list(dir()).unwrap().is_empty());
    }
}
