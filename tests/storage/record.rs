//! Records what this process does to the files below one folder. sled has no layer for its input and output, so the
//! functions of libc that `std` and sled call for it are defined here anew: the linker prefers these to the library's.
//! Each makes its system call itself, and notes it down while a recording is on.
//!
//! Holds for Linux with glibc. [`stop`] compares the record with the folder, so that a call which goes past it is found.

use std::collections::HashMap;
use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};
use std::os::fd::{BorrowedFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::{Errno, Result};

use crate::platter::{Image, Loss, Platter};

/// A file, whatever its name.
pub type Node = usize;

/// One change, in the order in which they took effect. Paths are those below the folder.
#[derive(Clone, Debug)]
pub enum Op {
    Mkdir { path: PathBuf },
    Rmdir { path: PathBuf },
    Create { path: PathBuf, node: Node },
    Write { node: Node, offset: u64, bytes: Arc<[u8]> },
    Truncate { node: Node, size: u64 },
    Sync { node: Node },
    SyncDir { path: PathBuf },
    Rename { from: PathBuf, to: PathBuf },
    Unlink { path: PathBuf },
}

impl std::fmt::Display for Op {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Op::Write { node, offset, bytes } => write!(out, "{} bytes at {offset} of file {node}", bytes.len()),
            other => write!(out, "{other:?}"),
        }
    }
}

/// Everything that happened below a folder, and what was there before.
pub struct Record {
    pub base: Image,
    pub ops: Vec<Op>,
}

/// A file that is changed through memory, and need not outlive a loss of power: it is left out.
pub const MAPPED: &str = "turn";

static ON: AtomicBool = AtomicBool::new(false);
static RECORDING: Mutex<Option<Recording>> = Mutex::new(None);

/// Device and inode.
type Identity = (u64, u64);

struct Recording {
    root: PathBuf,
    base: Image,
    ops: Vec<Op>,
    nodes: HashMap<Identity, Node>,
    dirs: HashMap<Identity, PathBuf>,
    made: usize,
}

/// Begins to record below a folder. The files in it are the first nodes, in order; the next one that is made gets the
/// number `next`, or a higher one. One recording at a time.
pub fn start(root: &Path, next: Node) {
    let root = root.canonicalize().unwrap();
    let base = Image::read(&root);
    let mut nodes = HashMap::new();
    for (node, path) in base.files.keys().enumerate() {
        nodes.insert(identity(&root.join(path)), node);
    }
    let mut dirs: HashMap<Identity, PathBuf> =
        base.dirs.iter().map(|path| (identity(&root.join(path)), path.clone())).collect();
    dirs.insert(identity(&root), PathBuf::new());
    let made = base.files.len().max(next);
    let before = recording().replace(Recording { root, base, ops: Vec::new(), nodes, dirs, made });
    assert!(before.is_none(), "another recording is on");
    ON.store(true, Ordering::SeqCst);
}

/// How many changes were recorded so far.
pub fn position() -> usize {
    recording().as_ref().map_or(0, |recording| recording.ops.len())
}

/// Ends the recording, which must give the folder as it is now.
pub fn stop() -> Record {
    ON.store(false, Ordering::SeqCst);
    let Recording { root, base, ops, .. } = recording().take().unwrap();
    let mut platter = Platter::new(&base);
    ops.iter().for_each(|op| platter.apply(op));
    assert!(platter.crash(Loss::Nothing, 0) == Image::read(&root), "a change was not recorded");
    Record { base, ops }
}

fn recording() -> MutexGuard<'static, Option<Recording>> {
    RECORDING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(path: &Path) -> Identity {
    let stat = rustix::fs::lstat(path).unwrap();
    (stat.st_dev, stat.st_ino)
}

/// Makes a call. While recording, call and note are one step, so that the order of the record is one that happened.
fn call<T>(make: impl FnOnce() -> Result<T>, note: impl FnOnce(&mut Recording, &T)) -> Result<T> {
    if !ON.load(Ordering::SeqCst) {
        return make();
    }
    let mut recording = recording();
    let result = make()?;
    if let Some(recording) = recording.as_mut() {
        note(recording, &result);
    }
    Ok(result)
}

impl Recording {
    fn node(&self, fd: BorrowedFd<'_>) -> Option<Node> {
        let stat = rustix::fs::fstat(fd).ok()?;
        self.nodes.get(&(stat.st_dev, stat.st_ino)).copied()
    }

    fn inner(&self, path: &CStr) -> Option<PathBuf> {
        let path = Path::new(OsStr::from_bytes(path.to_bytes()));
        path.strip_prefix(&self.root).ok().map(Path::to_path_buf)
    }

    fn opened(&mut self, path: &CStr, fd: BorrowedFd<'_>, flags: OFlags) {
        let (Some(path), Ok(stat)) = (self.inner(path), rustix::fs::fstat(fd)) else { return };
        if path.ends_with(MAPPED) {
            return;
        }
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return;
        }
        let identity = (stat.st_dev, stat.st_ino);
        if let Some(&node) = self.nodes.get(&identity) {
            if flags.contains(OFlags::TRUNC) {
                self.ops.push(Op::Truncate { node, size: 0 });
            }
            return;
        }
        let node = self.made;
        self.made += 1;
        self.nodes.insert(identity, node);
        self.ops.push(Op::Create { path, node });
    }

    fn synced(&mut self, fd: BorrowedFd<'_>) {
        let Ok(stat) = rustix::fs::fstat(fd) else { return };
        let identity = (stat.st_dev, stat.st_ino);
        if let Some(&node) = self.nodes.get(&identity) {
            self.ops.push(Op::Sync { node });
        } else if let Some(path) = self.dirs.get(&identity) {
            self.ops.push(Op::SyncDir { path: path.clone() });
        }
    }

    fn written(&mut self, fd: BorrowedFd<'_>, offset: u64, bytes: &[u8]) {
        if let Some(node) = self.node(fd) {
            self.ops.push(Op::Write { node, offset, bytes: bytes.into() });
        }
    }
}

/// The inode of a name that goes may soon be another file's.
fn forget(path: &CStr) -> Option<Identity> {
    let stat = rustix::fs::lstat(path).ok()?;
    (stat.st_nlink == 1).then_some((stat.st_dev, stat.st_ino))
}

// ---- what the linker puts in the place of libc's ----

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
}

/// A result as libc gives it: -1, and the number of the error where libc keeps it.
fn given<T, R: From<i8>>(result: Result<T>, value: impl FnOnce(T) -> R) -> R {
    result.map(value).unwrap_or_else(|error| {
        // SAFETY: libc gives a pointer to this thread's own number.
        unsafe { *__errno_location() = error.raw_os_error() };
        R::from(-1)
    })
}

/// # Safety
/// The file is open for the time of the call, as every caller of libc promises.
unsafe fn file<'a>(fd: c_int) -> Result<BorrowedFd<'a>> {
    if fd < 0 { Err(Errno::BADF) } else { Ok(unsafe { BorrowedFd::borrow_raw(fd) }) }
}

/// # Safety
/// As for `write(2)`.
unsafe fn slice<'a>(bytes: *const c_void, count: usize) -> &'a [u8] {
    if count == 0 { &[] } else { unsafe { std::slice::from_raw_parts(bytes.cast(), count) } }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    let (path, flags) = (unsafe { CStr::from_ptr(path) }, OFlags::from_bits_retain(flags.cast_unsigned()));
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(mode) } else { Mode::empty() };
    let opened = call(
        || rustix::fs::open(path, flags, mode),
        |recording, fd| recording.opened(path, std::os::fd::AsFd::as_fd(fd), flags),
    );
    given(opened, IntoRawFd::into_raw_fd)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mkdir(path: *const c_char, mode: c_uint) -> c_int {
    let path = unsafe { CStr::from_ptr(path) };
    let made = call(
        || rustix::fs::mkdir(path, Mode::from_raw_mode(mode)),
        |recording, ()| {
            if let Some(inner) = recording.inner(path) {
                recording.dirs.insert(identity(&recording.root.join(&inner)), inner.clone());
                recording.ops.push(Op::Mkdir { path: inner });
            }
        },
    );
    given(made, |()| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rmdir(path: *const c_char) -> c_int {
    let path = unsafe { CStr::from_ptr(path) };
    let removed = call(
        || rustix::fs::rmdir(path),
        |recording, ()| {
            if let Some(path) = recording.inner(path) {
                recording.dirs.retain(|_, dir| *dir != path);
                recording.ops.push(Op::Rmdir { path });
            }
        },
    );
    given(removed, |()| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let (from, to) = unsafe { (CStr::from_ptr(from), CStr::from_ptr(to)) };
    let renamed = call(
        || {
            let gone = forget(to);
            rustix::fs::rename(from, to).map(|()| gone)
        },
        |recording, gone| {
            if let (Some(from), Some(to)) = (recording.inner(from), recording.inner(to)) {
                gone.map(|identity| recording.nodes.remove(&identity));
                recording.ops.push(Op::Rename { from, to });
            }
        },
    );
    given(renamed, |_| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    let path = unsafe { CStr::from_ptr(path) };
    let removed = call(
        || {
            let gone = forget(path);
            rustix::fs::unlink(path).map(|()| gone)
        },
        |recording, gone| {
            if let Some(path) = recording.inner(path) {
                gone.map(|identity| recording.nodes.remove(&identity));
                recording.ops.push(Op::Unlink { path });
            }
        },
    );
    given(removed, |_| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize {
    let written = unsafe { file(fd) }.and_then(|fd| {
        let bytes = unsafe { slice(bytes, count) };
        call(
            || rustix::io::write(fd, bytes),
            |recording, count| {
                if recording.node(fd).is_some()
                    && let Ok(end) = rustix::fs::seek(fd, SeekFrom::Current(0))
                {
                    recording.written(fd, end - *count as u64, &bytes[..*count]);
                }
            },
        )
    });
    given(written, usize::cast_signed)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn pwrite64(fd: c_int, bytes: *const c_void, count: usize, offset: i64) -> isize {
    let written = unsafe { file(fd) }.and_then(|fd| {
        let (bytes, offset) = (unsafe { slice(bytes, count) }, offset.cast_unsigned());
        call(
            || rustix::io::pwrite(fd, bytes, offset),
            |recording, count| recording.written(fd, offset, &bytes[..*count]),
        )
    });
    given(written, usize::cast_signed)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn ftruncate64(fd: c_int, size: i64) -> c_int {
    let truncated = unsafe { file(fd) }.and_then(|fd| {
        let size = size.cast_unsigned();
        call(
            || rustix::fs::ftruncate(fd, size),
            |recording, ()| {
                if let Some(node) = recording.node(fd) {
                    recording.ops.push(Op::Truncate { node, size });
                }
            },
        )
    });
    given(truncated, |()| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    let synced =
        unsafe { file(fd) }.and_then(|fd| call(|| rustix::fs::fsync(fd), |recording, ()| recording.synced(fd)));
    given(synced, |()| 0)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    let synced =
        unsafe { file(fd) }.and_then(|fd| call(|| rustix::fs::fdatasync(fd), |recording, ()| recording.synced(fd)));
    given(synced, |()| 0)
}

/// Neither the cache of a disk nor the size of a file is made durable by it: it promises nothing, and is left out.
#[unsafe(no_mangle)]
unsafe extern "C" fn sync_file_range(_fd: c_int, _offset: i64, _count: i64, _flags: c_uint) -> c_int {
    0
}
