//! The data directory: who holds it, what lies where, and the short folder for sockets, whose paths the system
//! limits to about a hundred bytes. It makes folders; it never deletes what is kept.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use super::PlayError;

/// Bytes of a socket's path; the system's limit is 108 with the closing zero, 104 on others than Linux.
const SOCKET_PATH_BYTES_MAX: usize = 100;
/// Users that may run the private servers when we are root, the first that exists.
const SERVANTS: [&str; 2] = ["postgres", "nobody"];

/// A user of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// The data directory and the folder of its sockets.
#[derive(Clone, Debug)]
pub struct Places {
    data: PathBuf,
    sockets: PathBuf,
    /// Who runs the private servers; None: ourselves.
    servant: Option<User>,
}

/// Held by the one process that uses a data directory; freed with the process, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

impl Places {
    /// Makes the data directory and the folders in it.
    ///
    /// # Errors
    /// It cannot be made; its private servers' user cannot reach it.
    pub fn open(data: &Path) -> Result<Self, PlayError> {
        private_folder(data, 0o711).map_err(|error| cannot("make the data directory", data, &error))?;
        // The servers report their folders without symbolic links.
        let data = fs::canonicalize(data).map_err(|error| cannot("use the data directory", data, &error))?;
        for name in ["keys", "logs", "mail", "nexus", "run"] {
            let path = data.join(name);
            private_folder(&path, 0o700).map_err(|error| cannot("make", &path, &error))?;
        }
        let servant = if rustix::process::geteuid().is_root() { Some(servant()?) } else { None };
        let sockets = socket_folder(&data)?;
        Ok(Self { data, sockets, servant })
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Who runs the private servers; None: ourselves.
    pub fn servant(&self) -> Option<&User> {
        self.servant.as_ref()
    }

    /// Where a private server's own output goes.
    pub fn log(&self, name: &str) -> PathBuf {
        self.data.join("logs").join(format!("{name}.log"))
    }

    /// A folder in the data directory that belongs to the private servers' user.
    ///
    /// # Errors
    /// It cannot be made, or that user cannot reach it.
    pub fn servants_folder(&self, name: &str) -> Result<PathBuf, PlayError> {
        let path = self.data.join(name);
        self.give(&path)?;
        self.check_reach(&path)?;
        Ok(path)
    }

    /// A short folder for the sockets of a private server, closed to others.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn servants_sockets(&self, name: &str) -> Result<PathBuf, PlayError> {
        let path = self.sockets.join(name);
        self.give(&path)?;
        Ok(path)
    }

    /// The path of a socket of our own: in the data directory, or in the short folder where that is too deep.
    pub fn socket(&self, name: &str) -> PathBuf {
        let path = self.data.join("run").join(name);
        if path.as_os_str().len() <= SOCKET_PATH_BYTES_MAX { path } else { self.sockets.join(name) }
    }

    /// Notes where visitors reach the running platform, for the tools beside it.
    pub fn write_url(&self, url: &str) {
        if let Err(error) = fs::write(self.url_path(), url) {
            tracing::warn!(%error, "the tools will not know the platform's address");
        }
    }

    /// Where visitors reach the running platform, if it said so.
    pub fn read_url(&self) -> Option<String> {
        fs::read_to_string(self.url_path()).ok().filter(|url| url.starts_with("http"))
    }

    fn url_path(&self) -> PathBuf {
        self.data.join("run").join("url")
    }

    /// Takes the data directory for this process.
    ///
    /// # Errors
    /// Another process has it.
    pub fn lock(&self) -> Result<DataLock, PlayError> {
        self.try_lock()?.ok_or_else(|| {
            let holder = fs::read_to_string(self.lock_path()).unwrap_or_default();
            let holder = match holder.trim().parse::<u32>() {
                Ok(pid) => format!(" (process {pid})"),
                Err(_) => String::new(),
            };
            PlayError::new(format!(
                "the data directory {} is in use by a running platform{holder}: stop that one, \
                 or choose another with DATA_DIR",
                self.data.display()
            ))
        })
    }

    /// Takes the data directory if it is free; None: another process has it.
    ///
    /// # Errors
    /// The lock's file cannot be opened.
    pub fn try_lock(&self) -> Result<Option<DataLock>, PlayError> {
        let path = self.lock_path();
        let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(|error| cannot("open", &path, &error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(cannot("lock", &path, &error.into())),
        }
        // For people only: the lock is the file's, not its text.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Some(DataLock { _file: file }))
    }

    fn lock_path(&self) -> PathBuf {
        self.data.join("lock")
    }

    /// Makes a folder and gives it to the private servers' user.
    fn give(&self, path: &Path) -> Result<(), PlayError> {
        private_folder(path, 0o700).map_err(|error| cannot("make", path, &error))?;
        if let Some(user) = &self.servant {
            std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
                .map_err(|error| cannot("give away", path, &error))?;
        }
        Ok(())
    }

    /// The private servers' user must be able to enter `path`; the error names what is in its way and what helps.
    fn check_reach(&self, path: &Path) -> Result<(), PlayError> {
        let Some(user) = &self.servant else { return Ok(()) };
        let enters = |folder: &Path| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", "cd \"$1\"", "sh"]).arg(folder).current_dir("/");
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.uid(user.uid).gid(user.gid).status().is_ok_and(|status| status.success())
        };
        if enters(path) {
            return Ok(());
        }
        let wall = path.ancestors().filter(|folder| !enters(folder)).last().unwrap_or(path);
        Err(PlayError::new(format!(
            "Postgres does not run as root, and the user {} that runs it cannot enter {}: \
             choose another place, as DATA_DIR=/var/lib/realms, or type: chmod o+x {}",
            user.name,
            wall.display(),
            wall.display()
        )))
    }
}

/// The first of the users that exist and are made for this.
fn servant() -> Result<User, PlayError> {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            Some(User { name: name.to_owned(), uid, gid })
        })
    };
    SERVANTS.iter().find_map(|name| find(name)).ok_or_else(|| {
        PlayError::new(
            "Postgres does not run as root, and there is neither a user postgres nor nobody to run it: \
             start the platform as another user, or set DATABASE_URL",
        )
    })
}

/// A short folder that is a function of the data directory, so that one platform always has the same.
fn socket_folder(data: &Path) -> Result<PathBuf, PlayError> {
    let uid = rustix::process::geteuid().as_raw();
    let hash = Sha256::digest(data.as_os_str().as_bytes());
    let short: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    // Root's own runtime folder is closed to the user that runs the private servers.
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| uid != 0 && path.is_dir());
    let system = (uid == 0 && Path::new("/run").is_dir()).then(|| PathBuf::from("/run"));
    let path = own.or(system).unwrap_or_else(|| "/tmp".into()).join(format!("realms-{uid}-{short}"));
    private_folder(&path, 0o711).map_err(|error| cannot("make", &path, &error))?;
    // In a folder that all may write to, somebody else may have been first.
    let meta = fs::symlink_metadata(&path).map_err(|error| cannot("look at", &path, &error))?;
    if !meta.is_dir() || meta.uid() != uid || meta.mode() & 0o022 != 0 {
        return Err(PlayError::new(format!(
            "{} is not a folder of ours: somebody else made it; remove it and start again",
            path.display()
        )));
    }
    Ok(path)
}

/// Makes a folder with its parents; an existing one keeps its mode.
fn private_folder(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
        // The umask may have taken more than we asked for.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
    }
}

/// The last `bytes` of a file as text, for an error that quotes a log.
pub fn tail(path: &Path, bytes: u64) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        io::Seek::seek(&mut file, io::SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut text = Vec::new();
        file.take(bytes).read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    read().unwrap_or_default()
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> PlayError {
    PlayError::new(format!("cannot {what} {}: {error}", path.display()))
}
