//! `realms play` as a process of its own, on a temporary data directory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Under a loaded machine everything takes its time; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A folder for one platform's data, open to the user that runs its Postgres.
pub struct Home {
    dir: TempDir,
}

/// A running platform; stopped when it is dropped.
pub struct Platform {
    child: Child,
    pub port: u16,
    /// What it printed until it was open.
    pub said: Vec<String>,
    /// Holds the reader of its output, so that it never writes to a closed pipe.
    _more: mpsc::Receiver<String>,
}

impl Home {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        Self { dir }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// `realms` with these arguments on this home's data, with nothing of the tester's environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = realms(args);
        command.env("DATA_DIR", self.path()).env("PORT", "0").env("STARTER_WORLD", "none");
        command
    }

    /// Starts the platform and waits until it says that it is open.
    pub fn open(&self) -> Platform {
        self.open_with(|_| {})
    }

    pub fn open_with(&self, more: impl FnOnce(&mut Command)) -> Platform {
        let mut command = self.command(&["play"]);
        command.stdout(Stdio::piped()).stderr(Stdio::inherit());
        more(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let mut said = Vec::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = lines.recv_timeout(left).expect("the platform opens");
            said.push(line);
            if said.last().is_some_and(|line| line.contains("Ctrl-C")) {
                break;
            }
        }
        let address =
            said.iter().find_map(|line| line.split_once("http://localhost:")).expect("it prints its address").1;
        let port = address.split('/').next().unwrap().parse().unwrap();
        Platform { child, port, said, _more: lines }
    }

    /// Runs a tool to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Processes that run in a folder of this home's data.
    pub fn living_in(&self, folder: &str) -> Vec<u32> {
        let folder = std::fs::canonicalize(self.path()).unwrap().join(folder);
        let pids = std::fs::read_dir("/proc").unwrap().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)).collect()
    }

    /// The process of the private Postgres that the others belong to.
    pub fn postmaster(&self) -> u32 {
        let text = std::fs::read_to_string(self.path().join("postgres/postmaster.pid")).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }
}

impl Platform {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Status and body of a GET.
    pub fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
    }

    /// Status and body of a POST of JSON.
    pub fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.post_from("127.0.0.1", path, body)
    }

    /// As [`Self::post`], of a visitor who comes over a proxy.
    pub fn post_from(&self, address: &str, path: &str, body: &str) -> (u16, String) {
        let length = body.len();
        self.ask(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
             X-Forwarded-For: {address}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Asks it to stop, and waits; the exit code.
    pub fn stop(mut self) -> Option<i32> {
        signal(self.child.id(), Signal::TERM);
        self.child.wait().unwrap().code()
    }

    /// Ends this process alone, with no chance to do anything about it.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            signal(self.child.id(), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// The program without the tester's environment.
pub fn realms(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_realms"));
    command.args(args).env_clear().stdin(Stdio::null());
    for name in ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

pub fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = kill_process(pid, signal);
}

/// Waits until something holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn file(path: &Path, content: &str) -> String {
    std::fs::write(path, content).unwrap();
    path.display().to_string()
}

pub fn lines_of(output: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}
