//! Finds the programs of others that the platform runs, and says what to type where one is missing.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PlayError;

/// Where distributions put Postgres's own programs; `*` is a version.
const POSTGRES_PLACES: [&str; 5] = [
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
];
/// What we run of them. A folder with some of them is no installation.
const POSTGRES_PROGRAMS: [&str; 4] = ["initdb", "postgres", "pg_dump", "pg_restore"];
/// The system's package manager: a program that shows it is there, and how it installs Postgres and Redis.
const PACKAGES: [(&str, &str, &str); 6] = [
    ("apt-get", "sudo apt-get install postgresql", "sudo apt-get install redis-server"),
    ("dnf", "sudo dnf install postgresql-server", "sudo dnf install valkey"),
    ("pacman", "sudo pacman -S postgresql", "sudo pacman -S valkey"),
    ("zypper", "sudo zypper install postgresql-server", "sudo zypper install redis"),
    ("apk", "sudo apk add postgresql", "sudo apk add redis"),
    ("brew", "brew install postgresql@17", "brew install redis"),
];

/// Postgres's programs, all of one version.
#[derive(Clone, Debug)]
pub struct PostgresPrograms {
    folder: PathBuf,
}

impl PostgresPrograms {
    /// The newest installed version, or the one that made the cluster in `cluster`: versions do not read each other's.
    ///
    /// # Errors
    /// None is installed, or none of the cluster's version.
    pub fn find(cluster: &Path) -> Result<Self, PlayError> {
        let mut found: Vec<(u32, PathBuf)> = folders()
            .into_iter()
            .filter(|folder| POSTGRES_PROGRAMS.iter().all(|name| folder.join(name).is_file()))
            .filter_map(|folder| Some((major(&folder)?, folder)))
            .collect();
        found.sort_by_key(|(major, _)| *major);
        let made_by = std::fs::read_to_string(cluster.join("PG_VERSION")).ok();
        let Some(made_by) = made_by.as_deref().map(str::trim) else {
            let newest = found.pop();
            return newest.map(|(_, folder)| Self { folder }).ok_or_else(|| {
                PlayError::new(format!(
                    "Postgres is not installed. Type: {}   (or set DATABASE_URL to one that runs)",
                    to_install(|(_, postgres, _)| postgres)
                ))
            });
        };
        // Of two with one version, the distribution's own rather than what stands on the search path.
        let same = found.into_iter().rev().find(|(major, _)| major.to_string() == made_by);
        same.map(|(_, folder)| Self { folder }).ok_or_else(|| {
            PlayError::new(format!(
                "{} was made by Postgres {made_by}, which is not installed: install that version, \
                 or take a backup with it and restore the backup into a new DATA_DIR",
                cluster.display()
            ))
        })
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Postgres's tools for a server that is not ours: from the search path, else the newest installed.
///
/// # Errors
/// It is not installed.
pub fn postgres_tool(name: &str) -> Result<PathBuf, PlayError> {
    let mut found: Vec<PathBuf> = folders().into_iter().filter(|folder| folder.join(name).is_file()).collect();
    found.sort_by_key(|folder| major(folder));
    found.pop().map(|folder| folder.join(name)).ok_or_else(|| {
        PlayError::new(format!("{name} is not installed. Type: {}", to_install(|(_, postgres, _)| postgres)))
    })
}

/// The Redis server, or Valkey's, which is the same for us.
pub fn redis() -> Option<PathBuf> {
    ["redis-server", "valkey-server"].iter().find_map(|name| on_path(name))
}

/// What to type to have Redis.
pub fn install_redis() -> &'static str {
    to_install(|(_, _, redis)| redis)
}

fn to_install(which: impl Fn(&(&str, &'static str, &'static str)) -> &'static str) -> &'static str {
    let here = PACKAGES.iter().find(|(manager, _, _)| on_path(manager).is_some());
    which(here.unwrap_or(&PACKAGES[0]))
}

fn on_path(name: &str) -> Option<PathBuf> {
    search_path().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn search_path() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    // Services are often started without these.
    folders.extend(["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from));
    folders
}

/// Folders that may hold Postgres's programs.
fn folders() -> Vec<PathBuf> {
    let mut folders = search_path();
    for place in POSTGRES_PLACES {
        let (before, after) = place.split_once('*').unwrap_or((place, ""));
        let (parent, start) = before.rsplit_once('/').unwrap_or(("", before));
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(start) {
                folders.push(entry.path().join(after.trim_start_matches('/')));
            }
        }
    }
    folders.dedup();
    folders
}

/// The major version of the Postgres in `folder`, as in "postgres (PostgreSQL) 15.14 (Debian …)".
fn major(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg(OsStr::new("--version")).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split('.').next()?.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}
