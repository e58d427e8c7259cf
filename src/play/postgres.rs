//! The private Postgres: made on the first run, kept in `DATA_DIR/postgres`, reached through a unix socket in a folder
//! that is closed to other users, and over no network. It knows nothing of what the database holds.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio_postgres::NoTls;

use super::PlayError;
use super::child::{Kept, Recipe, living_in};
use super::places::{Places, tail};
use super::programs::PostgresPrograms;
use crate::config::Secret;

const FOLDER: &str = "postgres";
/// Role and database have one name.
const ROLE: &str = "realms";
/// A start after a crash reads the log of the last minutes; longer than this and something is wrong.
const READY_TIME_MAX: Duration = Duration::from_secs(300);
const LOOK_AGAIN: Duration = Duration::from_millis(15);
/// A server that another process starts right now is waited for.
const OTHERS_TIME_MAX: Duration = Duration::from_secs(20);
/// Bytes of its log that an error quotes.
const QUOTED_BYTES: u64 = 600;
/// For one machine with one platform: small, and every commit on disk.
const SETTINGS: [&str; 14] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "max_connections=64",
    "shared_buffers=64MB",
    "max_wal_size=512MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "jit=off",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "logging_collector=off",
    "log_min_messages=warning",
];

/// A private Postgres that runs.
#[derive(Debug)]
pub struct Postgres {
    kept: Kept,
    programs: PostgresPrograms,
    sockets: PathBuf,
}

impl Postgres {
    /// Makes the cluster if there is none, starts it, and makes the database.
    ///
    /// # Errors
    /// Postgres is missing, of another version than the cluster, or does not start; one line with what it said.
    pub async fn start(places: &Places) -> Result<Self, PlayError> {
        let cluster = places.data().join(FOLDER);
        let (programs, sockets) = {
            let places = places.clone();
            blocking(move || prepare(&places)).await?
        };
        let recipe = Recipe {
            name: "postgres",
            program: programs.program("postgres"),
            args: arguments(&cluster, &sockets),
            signs: vec![cluster.join("postmaster.pid"), sockets.join(".s.PGSQL.5432.lock")],
            folder: cluster,
            process: "postgres",
            user: places.servant().cloned(),
            log: places.log("postgres"),
            // Disconnects clients and ends; SIGTERM would wait for them.
            stop: Signal::INT,
        };
        let log = recipe.log.clone();
        let kept = recipe.keep().await?;
        let postgres = Self { kept, programs, sockets };
        postgres.wait_until_ready(&log).await?;
        postgres.make_database(ROLE).await?;
        Ok(postgres)
    }

    /// The address of the platform's database.
    pub fn url(&self) -> Secret {
        url(&self.sockets, ROLE)
    }

    pub fn programs(&self) -> &PostgresPrograms {
        &self.programs
    }

    pub async fn stop(self) {
        self.kept.stop().await;
    }

    async fn wait_until_ready(&self, log: &Path) -> Result<(), PlayError> {
        let until = Instant::now() + READY_TIME_MAX;
        loop {
            if answers(&self.sockets).await {
                return Ok(());
            }
            let ends = self.kept.ends();
            if ends.count > 0 || Instant::now() > until {
                let how = if ends.count > 0 { ends.last } else { "no answer".to_owned() };
                return Err(PlayError::new(format!(
                    "the private Postgres does not start ({how}); {} says: {}",
                    log.display(),
                    tail(log, QUOTED_BYTES).trim().replace('\n', " | ")
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn make_database(&self, name: &str) -> Result<(), PlayError> {
        let failed = |error: tokio_postgres::Error| PlayError::new(format!("the private Postgres: {error}"));
        let address = url(&self.sockets, "postgres");
        let (client, connection) = tokio_postgres::connect(address.expose(), NoTls).await.map_err(failed)?;
        let pump = tokio::spawn(connection);
        let there = client.query_opt("select 1 from pg_database where datname = $1", &[&name]).await.map_err(failed)?;
        if there.is_none() {
            client.batch_execute(&format!("create database \"{name}\"")).await.map_err(failed)?;
        }
        drop(client);
        pump.abort();
        Ok(())
    }
}

/// The address of the private Postgres that a running platform keeps in `places`, waiting a little for one that starts.
pub async fn running(places: &Places) -> Option<Secret> {
    let cluster = places.data().join(FOLDER);
    let until = Instant::now() + OTHERS_TIME_MAX;
    while Instant::now() < until {
        // Its lines: process, cluster, start, port, folder of the socket, addresses, memory, status.
        let text = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
        let sockets = text.lines().nth(4).map(PathBuf::from);
        if let Some(sockets) = sockets.filter(|_| !living_in(&cluster, "postgres").is_empty())
            && answers(&sockets).await
        {
            return Some(url(&sockets, ROLE));
        }
        if !cluster.exists() {
            return None;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    None
}

/// Finds the programs and makes the cluster when there is none.
fn prepare(places: &Places) -> Result<(PostgresPrograms, PathBuf), PlayError> {
    let cluster = places.data().join(FOLDER);
    let programs = PostgresPrograms::find(&cluster)?;
    let sockets = places.servants_sockets(FOLDER)?;
    if !cluster.join("PG_VERSION").exists() {
        make_cluster(places, &programs, &cluster)?;
    }
    places.servants_folder(FOLDER)?;
    Ok((programs, sockets))
}

/// Made aside and moved into place, so that a start that was cut off leaves nothing half made.
fn make_cluster(places: &Places, programs: &PostgresPrograms, cluster: &Path) -> Result<(), PlayError> {
    let failed = |text: String| PlayError::new(format!("cannot make the private Postgres's cluster: {text}"));
    let nursery = places.servants_folder("postgres.new")?;
    let made = nursery.join("cluster");
    if made.exists() {
        fs::remove_dir_all(&made).map_err(|error| failed(format!("{}: {error}", made.display())))?;
    }
    let mut command = Command::new(programs.program("initdb"));
    command.arg("--pgdata").arg(&made).args(["--username", ROLE, "--encoding=UTF8", "--locale=C"]);
    // Who can open the socket in its closed folder is us.
    command.args(["--auth-local=trust", "--auth-host=reject"]);
    command.current_dir(&nursery).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    command.stdin(Stdio::null());
    if let Some(user) = places.servant() {
        command.uid(user.uid).gid(user.gid);
    }
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | ")));
    }
    if cluster.exists() {
        // An empty folder, or one that somebody began by hand: never ours to delete when it holds anything.
        fs::remove_dir(cluster)
            .map_err(|error| failed(format!("{} is there and holds no cluster: {error}", cluster.display())))?;
    }
    fs::rename(&made, cluster).map_err(|error| failed(error.to_string()))?;
    let _ = fs::remove_dir(&nursery);
    Ok(())
}

fn arguments(cluster: &Path, sockets: &Path) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec!["-D".into(), cluster.into()];
    let mut folder = OsString::from("unix_socket_directories=");
    folder.push(sockets);
    for setting in SETTINGS.map(OsString::from).into_iter().chain([folder]) {
        args.extend(["-c".into(), setting]);
    }
    args
}

async fn answers(sockets: &Path) -> bool {
    let address = url(sockets, "postgres");
    let Ok((client, connection)) = tokio_postgres::connect(address.expose(), NoTls).await else { return false };
    let pump = tokio::spawn(connection);
    let answered = client.simple_query("select 1").await.is_ok();
    drop(client);
    pump.abort();
    answered
}

/// An address that tokio-postgres and Postgres's own tools read alike.
fn url(sockets: &Path, database: &str) -> Secret {
    let mut folder = String::new();
    for byte in sockets.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => folder.push(char::from(*byte)),
            _ => folder.push_str(&format!("%{byte:02X}")),
        }
    }
    Secret::new(format!("postgresql://{ROLE}@{folder}:5432/{database}"))
}

/// Runs what blocks where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlayError> + Send + 'static,
) -> Result<T, PlayError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(PlayError::new(error.to_string())))
}
