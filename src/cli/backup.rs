//! `realms backup` and `realms restore`: Postgres and every world of one point in time. Running nexuses first save their
//! worlds' images into Postgres, each in one transaction with its characters; one dump then holds all of it.
//! A restore replaces nothing before the new database is whole, and deletes nothing of the old.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_postgres::config::Host;
use tokio_postgres::{Client, NoTls};

use super::Tools;
use super::console::confirm;
use crate::config::{Config, Secret};
use crate::forge::registry;
use crate::link::Link;
use crate::play::{PlayError, options, postgres_tool};
use crate::store::postgres;
use crate::world::internal::Saved;

/// A nexus may take this long to save one world.
const SAVE_TIME_MAX: Duration = Duration::from_secs(120);
const RESTORING: &str = "restoring";
const BEFORE: &str = "before_restore";

/// Writes everything to `file`, which holds the old content or the whole new one.
///
/// # Errors
/// A running nexus does not save its worlds; pg_dump fails.
pub async fn backup(config: &Config, file: &Path) -> Result<(), PlayError> {
    let tools = Tools::open(config).await?;
    let done = match save_worlds(&tools).await {
        Ok(worlds) => dump(&tools, file).await.map(|bytes| (worlds, bytes)),
        Err(error) => Err(error),
    };
    tools.close().await;
    let (worlds, bytes) = done?;
    println!("{} holds everything: {worlds} running worlds saved, {bytes} bytes.", file.display());
    Ok(())
}

/// Puts the content of `file` in the place of the database.
///
/// # Errors
/// The platform runs; the file is no backup; Postgres refuses. The old database is untouched then.
pub async fn restore(config: &Config, file: &Path, yes: bool) -> Result<(), PlayError> {
    let tools = Tools::open(config).await?;
    if tools.platform_runs() {
        return Err(PlayError::new("the platform is running: stop it before a restore"));
    }
    let done = put_back(&tools, file, yes).await;
    tools.close().await;
    done
}

/// Asks every nexus that is alive to save its worlds; how many were saved.
async fn save_worlds(tools: &Tools) -> Result<usize, PlayError> {
    let forge = tools.forge().await?;
    let token = options::service_token(&tools.config, false)?;
    let mut saved = 0;
    for nexus in registry::list(&forge.app().db).await? {
        if !nexus.is_alive {
            if !nexus.worlds.is_empty() && tools.platform_runs() {
                eprintln!("nexus {} is silent: its worlds are kept as they were last saved", nexus.name);
            }
            continue;
        }
        if !tools.platform_runs() && nexus.url.starts_with("unix:") {
            // Stopped a moment ago: it saved its worlds as it went, and what came after is on its own disk.
            continue;
        }
        let link = Link::new(&nexus.url, &token).map_err(|error| PlayError::new(error.to_string()))?;
        let link = link.patient(SAVE_TIME_MAX);
        for spawn in nexus.worlds {
            let answer: Result<Saved, _> = link.post(&format!("worlds/{spawn}/save"), &()).await;
            answer
                .map_err(|error| PlayError::new(format!("nexus {} did not save world {spawn}: {error}", nexus.name)))?;
            saved += 1;
        }
    }
    Ok(saved)
}

async fn dump(tools: &Tools, file: &Path) -> Result<u64, PlayError> {
    let failed = |error: std::io::Error| PlayError::new(format!("cannot write {}: {error}", file.display()));
    let mut name = file.file_name().ok_or_else(|| PlayError::new("a backup needs a file's name"))?.to_owned();
    name.push(".part");
    let part = file.with_file_name(name);
    // It holds password hashes and mail addresses.
    let output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
    let mut command = tool(tools, "pg_dump", &database_name(&tools.database)?)?;
    command.args(["--format=custom", "--no-owner", "--no-privileges"]).stdout(output.try_clone().map_err(failed)?);
    if let Err(error) = finish(command, "pg_dump").await {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    output.sync_all().map_err(failed)?;
    fs::rename(&part, file).map_err(failed)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    fs::metadata(file).map(|meta| meta.len()).map_err(failed)
}

async fn put_back(tools: &Tools, file: &Path, yes: bool) -> Result<(), PlayError> {
    let name = database_name(&tools.database)?;
    let (fresh, old) = (format!("{name}_{RESTORING}"), format!("{name}_{BEFORE}"));
    check_backup(tools, file, &name).await?;
    let admin = connect(&tools.database, "postgres").await?;
    let others = "select count(*) from pg_stat_activity where datname = $1";
    let others: i64 = admin.query_one(others, &[&name]).await.map_err(database)?.get(0);
    if others > 0 {
        return Err(PlayError::new(format!(
            "{others} connections to the database {name} are open: stop every Forge before a restore"
        )));
    }
    confirm(&format!("Replace the database {name} and all running worlds by what {} holds?", file.display()), yes)?;

    drop_database(&admin, &fresh).await?;
    admin.batch_execute(&format!("create database \"{fresh}\" template template0")).await.map_err(database)?;
    let mut command = tool(tools, "pg_restore", &fresh)?;
    command.args(["--exit-on-error", "--no-owner", "--no-privileges", "--dbname", &fresh]).arg(file);
    let filled = match finish(command, "pg_restore").await {
        Ok(()) => free_worlds(tools, &fresh).await,
        Err(error) => Err(error),
    };
    if let Err(error) = filled {
        drop_database(&admin, &fresh).await?;
        return Err(error);
    }
    // The folders first: worlds that run on from them would not fit the new database. If this ends here, the old
    // database stays and its worlds start from their images.
    let aside = set_nexuses_aside(tools)?;
    drop_database(&admin, &old).await?;
    let swap = format!(
        "begin; alter database \"{name}\" rename to \"{old}\"; alter database \"{fresh}\" rename to \"{name}\"; commit"
    );
    admin.batch_execute(&swap).await.map_err(database)?;
    println!("Restored. The database as it was is kept as {old}.");
    if let Some(aside) = aside {
        println!("What the nexus held is kept in {}.", aside.display());
    }
    Ok(())
}

async fn drop_database(admin: &Client, name: &str) -> Result<(), PlayError> {
    admin.batch_execute(&format!("drop database if exists \"{name}\" with (force)")).await.map_err(database)
}

/// A file that pg_restore can read and that lists our tables.
async fn check_backup(tools: &Tools, file: &Path, name: &str) -> Result<(), PlayError> {
    File::open(file).map_err(|error| PlayError::new(format!("cannot read {}: {error}", file.display())))?;
    let mut command = tool(tools, "pg_restore", name)?;
    command.arg("--list").arg(file).stdout(Stdio::piped());
    let listed = tokio::task::spawn_blocking(move || command.output()).await;
    let output = listed.map_err(|error| PlayError::new(error.to_string()))?;
    let output = output.map_err(|error| PlayError::new(format!("cannot run pg_restore: {error}")))?;
    let list = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !list.contains(" app_user ") || !list.contains(" refinery_schema_history ") {
        return Err(PlayError::new(format!("{} is no backup of a platform", file.display())));
    }
    Ok(())
}

/// Brings the restored database to this version, and takes its worlds from nexuses whose folders hold another time.
async fn free_worlds(tools: &Tools, fresh: &str) -> Result<(), PlayError> {
    let db =
        postgres::open(&address(&tools.database, fresh)?).await.map_err(|error| PlayError::new(error.to_string()))?;
    let mut done = Ok(());
    match registry::list(&db).await {
        Ok(nexuses) => {
            for nexus in nexuses {
                if let Err(error) = registry::forget(&db, &nexus.name, false).await {
                    done = Err(error.into());
                }
            }
        }
        Err(error) => done = Err(error.into()),
    }
    db.close();
    done
}

/// Moves the nexuses' folders aside, so that worlds start from the images that were restored.
fn set_nexuses_aside(tools: &Tools) -> Result<Option<PathBuf>, PlayError> {
    let folder = tools.places.data().join("nexus");
    if fs::read_dir(&folder).map_or(true, |mut entries| entries.next().is_none()) {
        return Ok(None);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let aside = tools.places.data().join(format!("nexus.before-restore-{now}"));
    fs::rename(&folder, &aside)
        .map_err(|error| PlayError::new(format!("cannot move {} aside: {error}", folder.display())))?;
    Ok(Some(aside))
}

/// One of Postgres's own tools, its connection in its environment: arguments can be read by everybody.
fn tool(tools: &Tools, name: &str, database: &str) -> Result<Command, PlayError> {
    let program = match tools.programs() {
        Some(programs) => programs.program(name),
        None => postgres_tool(name)?,
    };
    let config = parse(&tools.database)?;
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env("PGDATABASE", database).env("PGCONNECT_TIMEOUT", "10");
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => command.env("PGHOST", host),
        Some(Host::Unix(folder)) => command.env("PGHOST", folder),
        None => command.env("PGHOST", "localhost"),
    };
    if let Some(port) = config.get_ports().first() {
        command.env("PGPORT", port.to_string());
    }
    if let Some(user) = config.get_user() {
        command.env("PGUSER", user);
    }
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).into_owned());
    }
    Ok(command)
}

async fn finish(mut command: Command, name: &str) -> Result<(), PlayError> {
    command.stderr(Stdio::piped());
    let run =
        tokio::task::spawn_blocking(move || command.spawn().and_then(std::process::Child::wait_with_output)).await;
    let output = run.map_err(|error| PlayError::new(error.to_string()))?;
    let output = output.map_err(|error| PlayError::new(format!("cannot run {name}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(PlayError::new(format!("{name} failed: {}", said.trim().replace('\n', " | "))))
}

async fn connect(url: &Secret, database_name: &str) -> Result<Client, PlayError> {
    let mut config = parse(url)?;
    config.dbname(database_name);
    let (client, connection) = config.connect(NoTls).await.map_err(database)?;
    tokio::spawn(connection);
    Ok(client)
}

fn parse(url: &Secret) -> Result<tokio_postgres::Config, PlayError> {
    url.expose().parse().map_err(|_| PlayError::new("DATABASE_URL is not a valid Postgres address"))
}

fn database_name(url: &Secret) -> Result<String, PlayError> {
    let config = parse(url)?;
    let name = config.get_dbname().or(config.get_user()).unwrap_or("postgres").to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match name.chars().all(plain) && name.len() <= 40 {
        true => Ok(name),
        false => Err(PlayError::new("backups need a database whose name is of at most 40 letters, digits, _ and -")),
    }
}

/// The same server with another database, as key=value pairs.
fn address(url: &Secret, database: &str) -> Result<String, PlayError> {
    let config = parse(url)?;
    let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    let mut pairs = vec![format!("dbname={}", quoted(database))];
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => pairs.push(format!("host={}", quoted(host))),
        Some(Host::Unix(folder)) => pairs.push(format!("host={}", quoted(&folder.display().to_string()))),
        None => pairs.push("host=localhost".to_owned()),
    }
    if let Some(port) = config.get_ports().first() {
        pairs.push(format!("port={port}"));
    }
    if let Some(user) = config.get_user() {
        pairs.push(format!("user={}", quoted(user)));
    }
    if let Some(password) = config.get_password() {
        pairs.push(format!("password={}", quoted(&String::from_utf8_lossy(password))));
    }
    Ok(pairs.join(" "))
}

fn database(error: tokio_postgres::Error) -> PlayError {
    let text = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    PlayError::new(format!("the database: {text}"))
}
