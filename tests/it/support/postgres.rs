//! A fresh database per test, copied from a migrated template, on a real Postgres.
//! `REALMS_TEST_DATABASE_URL` names a server to use (`./test` starts one for the whole run);
//! without it, each test process starts its own and takes it along when it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

/// Held by whoever makes or copies the template.
const TEMPLATE_LOCK: i64 = 0x7265_616c_6d73;
/// What the folders of servers begin with; the process that they belong to follows.
const LEFTOVERS: &str = "realms-test-pg-";
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A database of one test; dropped with it.
pub struct TestDatabase {
    pub url: String,
    name: String,
}

impl TestDatabase {
    /// An own database with this version's schema.
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let template = format!("realms_template_{:08x}", schema_hash());
        let name = format!("realms_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let admin = connect("postgres").await;
        admin.execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.unwrap();
        let there = admin.query_opt("select 1 from pg_database where datname = $1", &[&template]).await.unwrap();
        if there.is_none() {
            let making = format!("{template}_making");
            admin.batch_execute(&format!("drop database if exists {making} with (force)")).await.unwrap();
            admin.batch_execute(&format!("create database {making}")).await.unwrap();
            realms::store::postgres::migrate(&address(&making)).await.unwrap();
            // The server may still be ending the migration's connection.
            let rename = format!("alter database {making} rename to {template}");
            until_ok(|| admin.batch_execute(&rename)).await;
        }
        let copy = format!("create database {name} template {template}");
        until_ok(|| admin.batch_execute(&copy)).await;
        Self { url: address(&name), name }
    }

    /// A connection of its own, to look behind the platform's back.
    pub async fn client(&self) -> tokio_postgres::Client {
        connect(&self.name).await
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let drop = format!("drop database if exists {} with (force)", self.name);
        // Tests drop inside their runtime, which must not block on another one: a thread of its own.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move { drop_quietly(&drop).await });
        });
        let _ = work.join();
    }
}

async fn drop_quietly(statement: &str) {
    if let Ok((client, connection)) = tokio_postgres::connect(&address("postgres"), NoTls).await {
        tokio::spawn(connection);
        let _ = client.batch_execute(statement).await;
    }
}

async fn connect(database: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&address(database), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn until_ok<F: Future<Output = Result<(), tokio_postgres::Error>>>(mut attempt: impl FnMut() -> F) {
    let started = Instant::now();
    while let Err(error) = attempt().await {
        assert!(started.elapsed() < READY_WITHIN, "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Of the migrations: another schema gets another template.
fn schema_hash() -> u32 {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations");
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut text = Vec::new();
    for file in files {
        text.extend(std::fs::read(file).unwrap());
    }
    crc32fast::hash(&text)
}

/// The address of a database on the test server, in key=value form.
fn address(database: &str) -> String {
    format!("{} dbname={database}", server())
}

fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| match std::env::var("REALMS_TEST_DATABASE_URL") {
        Ok(url) => from_url(&url),
        Err(_) => start(),
    })
}

/// An address without its database, in key=value form.
fn from_url(url: &str) -> String {
    let config: tokio_postgres::Config = url.parse().expect("REALMS_TEST_DATABASE_URL is a Postgres address");
    let mut parts = Vec::new();
    match config.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => parts.push(format!("host={host}")),
        Some(tokio_postgres::config::Host::Unix(path)) => parts.push(format!("host={}", path.display())),
        None => parts.push("host=localhost".into()),
    }
    if let Some(port) = config.get_ports().first() {
        parts.push(format!("port={port}"));
    }
    parts.push(format!("user={}", config.get_user().unwrap_or("postgres")));
    if let Some(password) = config.get_password() {
        parts.push(format!("password='{}'", String::from_utf8_lossy(password)));
    }
    parts.join(" ")
}

/// Starts a server that dies with this process.
fn start() -> String {
    sweep_leftovers();
    let dir = make_cluster(&std::process::id().to_string());
    serve(&dir);
    address_in(&dir)
}

/// A server of one test's own, which may be stopped and started again.
pub struct OwnPostgres {
    dir: PathBuf,
    running: Option<(u32, JoinHandle<()>)>,
}

impl OwnPostgres {
    pub fn start() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        sweep_leftovers();
        let dir = make_cluster(&format!("{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let running = Some(serve(&dir));
        Self { dir, running }
    }

    /// The address of its one database, as a setting has it.
    pub fn url(&self) -> String {
        let folder = self.dir.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{folder}:5432/postgres")
    }

    /// Stops it, whoever is connected; returns when it is gone.
    pub fn stop(&mut self) {
        if let Some((pid, server)) = self.running.take() {
            super::platform::signal(pid, rustix::process::Signal::INT);
            server.join().unwrap();
        }
    }

    pub fn start_again(&mut self) {
        self.running = Some(serve(&self.dir));
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn make_cluster(name: &str) -> PathBuf {
    let root = rustix::process::geteuid().is_root();
    let dir = std::env::temp_dir().join(format!("{LEFTOVERS}{name}"));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir(&dir).unwrap();
    if root {
        let owned = Command::new("chown").arg("postgres").arg(&dir).status().unwrap();
        assert!(owned.success(), "chown failed");
    }
    let mut init = unprivileged(&binaries().join("initdb"), root);
    init.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "-N", "-D"]).arg(dir.join("data"));
    let made = init.stdout(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    dir
}

/// Starts the server of a cluster and waits until it answers; its process, and a thread that ends with it.
fn serve(dir: &Path) -> (u32, JoinHandle<()>) {
    let mut serve = unprivileged(&binaries().join("postgres"), rustix::process::geteuid().is_root());
    serve.arg("-D").arg(dir.join("data")).arg("-k").arg(dir);
    for setting in ["listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200"] {
        serve.arg("-c").arg(setting);
    }
    serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(dir.join("log")).unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    // A parent-death signal follows the thread that started the child: one that ends with it.
    let thread = std::thread::Builder::new().name("test-postgres".into()).spawn(move || {
        let mut child = serve.spawn().expect("postgres starts");
        let _ = tell.send(child.id());
        let _ = child.wait();
    });
    wait_until_ready(&address_in(dir), dir);
    (told.recv().unwrap(), thread.unwrap())
}

fn address_in(dir: &Path) -> String {
    format!("host={} user=postgres", dir.display())
}

fn unprivileged(program: &Path, root: bool) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    }
    command.arg(program).current_dir("/");
    command
}

fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions.flatten().map(|v| v.path().join("bin")).filter(|p| p.join("initdb").exists()).collect()
        })
        .unwrap_or_default();
    found.sort();
    found.pop().expect("Postgres is installed (Debian: apt-get install postgresql)")
}

fn wait_until_ready(address: &str, dir: &Path) {
    let address = format!("{address} dbname=postgres");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(until_ok(|| async { tokio_postgres::connect(&address, NoTls).await.map(|_| ()) }));
    })
    .join()
    .unwrap_or_else(|_| panic!("no Postgres: {}", std::fs::read_to_string(dir.join("log")).unwrap_or_default()));
}

/// Directories of processes that are gone.
fn sweep_leftovers() {
    for entry in std::fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(LEFTOVERS)?.split('.').next());
        let pid = id.and_then(|id| id.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
