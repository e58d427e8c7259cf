//! A private server as a child process: started by a thread of its own, started again when it dies alone, stopped in
//! order. The thread lives as long as the child, because the system ties "kill it when its parent dies" to the
//! thread that started it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::sync::watch;

use super::PlayError;
use super::places::User;

/// Wait before starting again what died, doubled each time.
const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// What ran this long had a good start: its next pause is the first again.
const GOOD_RUN: Duration = Duration::from_secs(60);
/// A log longer than this is set aside when its server starts.
const LOG_BYTES_MAX: u64 = 8 << 20;
/// A server that does not stop is told more sharply after this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often the system is asked whether a foreign process is gone.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How to start a server, and how to end it.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub name: &'static str,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// Its data directory: where it runs, and how a survivor of an earlier platform is known.
    pub folder: PathBuf,
    /// What its process is called.
    pub process: &'static str,
    pub user: Option<User>,
    pub log: PathBuf,
    /// Asks it to end soon and well.
    pub stop: Signal,
    /// Files by which it says that it lives; what a killed one left is removed when none lives.
    pub signs: Vec<PathBuf>,
}

/// A server that is kept running until it is stopped.
#[derive(Debug)]
pub struct Kept {
    shared: Arc<Shared>,
    ended: watch::Receiver<Ends>,
    thread: Option<std::thread::JoinHandle<()>>,
    stop: Signal,
}

/// How often the server ended by itself, and how last.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    pub count: u32,
    pub last: String,
    /// The thread that kept it is done.
    stopped: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Only while the process is not reaped, so that no signal meets a stranger with its number.
    pid: Option<Pid>,
    stopping: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recipe {
    /// Ends survivors of an earlier platform, starts the server and keeps it running.
    ///
    /// # Errors
    /// A survivor does not end; the program cannot be started; the thread cannot.
    pub async fn keep(self) -> Result<Kept, PlayError> {
        let (stop, name) = (self.stop, self.name);
        let shared = Arc::new(Shared::default());
        let (ends, ended) = watch::channel(Ends::default());
        let (started, first) = tokio::sync::oneshot::channel();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("keep-{name}"))
            .spawn(move || self.run(&theirs, &ends, started))
            .map_err(|error| PlayError::new(format!("cannot start a thread to keep {name}: {error}")))?;
        let kept = Kept { shared, ended, thread: Some(thread), stop };
        match first.await {
            Ok(Ok(())) => Ok(kept),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(PlayError::new(format!("the thread that keeps {name} ended"))),
        }
    }

    fn run(
        self,
        shared: &Shared,
        ends: &watch::Sender<Ends>,
        started: tokio::sync::oneshot::Sender<Result<(), PlayError>>,
    ) {
        let mut started = Some(started);
        let mut pause = PAUSE_FIRST;
        loop {
            let begun = Instant::now();
            let how = match self.clear().and_then(|()| self.start(shared)) {
                Ok(None) => break,
                Ok(Some(child)) => {
                    if let Some(started) = started.take() {
                        let _ = started.send(Ok(()));
                    }
                    wait_for(child, shared)
                }
                Err(error) => match started.take() {
                    Some(started) => {
                        let _ = started.send(Err(error));
                        break;
                    }
                    None => error.to_string(),
                },
            };
            if shared.state().stopping {
                break;
            }
            ends.send_modify(|ends| {
                ends.count += 1;
                ends.last.clone_from(&how);
            });
            pause = if begun.elapsed() >= GOOD_RUN { PAUSE_FIRST } else { pause };
            tracing::warn!("the private {} ended ({how}); starting it again in {pause:?}", self.name);
            if !rest(shared, pause) {
                break;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        ends.send_modify(|ends| ends.stopped = true);
    }

    /// Starts the process unless it should stop.
    fn start(&self, shared: &Shared) -> Result<Option<Child>, PlayError> {
        let failed = |error: io::Error| {
            PlayError::new(format!("cannot start {} ({}): {error}", self.name, self.program.display()))
        };
        let log = open_log(&self.log).map_err(failed)?;
        let mut command = Command::new(&self.program);
        command.args(&self.args).current_dir(&self.folder).process_group(0);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(failed)?).stderr(log);
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        die_with_us(&mut command, self.stop);
        let mut state = shared.state();
        if state.stopping {
            return Ok(None);
        }
        let child = command.spawn().map_err(failed)?;
        state.pid = Some(Pid::from_child(&child));
        Ok(Some(child))
    }

    /// Ends what an earlier platform left running in the server's folder: our lock says that it belongs to nobody.
    fn clear(&self) -> Result<(), PlayError> {
        let signals = [self.stop, Signal::QUIT, Signal::KILL];
        for (nth, signal) in signals.into_iter().enumerate() {
            let left = living_in(&self.folder, self.process);
            if left.is_empty() {
                self.clear_signs();
                return Ok(());
            }
            if nth == 0 {
                tracing::info!("ending the {} that an earlier run left", self.name);
            }
            for pid in heads(&left) {
                let _ = kill_process(pid, signal);
            }
            let until = Instant::now() + PATIENCE;
            while Instant::now() < until {
                if living_in(&self.folder, self.process).is_empty() {
                    self.clear_signs();
                    return Ok(());
                }
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        let left = living_in(&self.folder, self.process);
        Err(PlayError::new(format!(
            "a {} of an earlier run still holds {} and does not end: kill process {}",
            self.name,
            self.folder.display(),
            left.iter().map(|pid| pid.as_raw_nonzero().to_string()).collect::<Vec<_>>().join(", ")
        )))
    }

    /// A dead process whose number is still taken, by a stranger or because nobody reaped it, would be believed alive.
    fn clear_signs(&self) {
        // Elsewhere these files are all that is known of a survivor.
        if cfg!(target_os = "linux") {
            for sign in &self.signs {
                let _ = fs::remove_file(sign);
            }
        }
    }
}

impl Kept {
    /// How often it ended by itself so far.
    pub fn ends(&self) -> Ends {
        self.ended.borrow().clone()
    }

    /// Stops it for good, gently at first.
    pub async fn stop(mut self) {
        for signal in [self.stop, Signal::QUIT, Signal::KILL] {
            self.tell(signal);
            let stopped = self.ended.wait_for(|ends| ends.stopped);
            if tokio::time::timeout(PATIENCE, stopped).await.is_ok() {
                break;
            }
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn tell(&self, signal: Signal) {
        let mut state = self.shared.state();
        state.stopping = true;
        self.shared.changed.notify_all();
        if let Some(pid) = state.pid {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Kept {
    /// A start that failed half-way leaves nothing running.
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        for signal in [self.stop, Signal::QUIT, Signal::KILL] {
            self.tell(signal);
            let until = Instant::now() + PATIENCE;
            while !self.ended.borrow().stopped && Instant::now() < until {
                std::thread::sleep(LOOK_AGAIN);
            }
        }
        let _ = thread.join();
    }
}

/// Waits until the process ends, and reaps it only when nobody can signal it any more.
fn wait_for(mut child: Child, shared: &Shared) -> String {
    let pid = Pid::from_child(&child);
    // NOWAIT leaves it to be reaped below.
    while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {}
    let mut state = shared.state();
    state.pid = None;
    match child.wait() {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

/// Rests before the next start; false when it should stop instead.
fn rest(shared: &Shared, pause: Duration) -> bool {
    let state = shared.state();
    let waited = shared.changed.wait_timeout_while(state, pause, |state| !state.stopping);
    !waited.unwrap_or_else(PoisonError::into_inner).0.stopping
}

fn open_log(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_BYTES_MAX) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

/// Lets the system signal the child when we die, however we die.
#[cfg(target_os = "linux")]
fn die_with_us(command: &mut Command, signal: Signal) {
    let parent = rustix::process::getpid();
    let arm = move || {
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        // We may have died between fork and here.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    };
    // SAFETY: between fork and exec `arm` only makes system calls; it neither allocates nor locks. It runs after the
    // change of user, which would disarm it.
    unsafe { command.pre_exec(arm) };
}

#[cfg(not(target_os = "linux"))]
fn die_with_us(_: &mut Command, _: Signal) {}

/// Processes called `process` that run in `folder`.
#[cfg(target_os = "linux")]
pub fn living_in(folder: &Path, process: &str) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let ours = |pid: &i32| {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let called = fs::read_to_string(proc.join("comm")).is_ok_and(|name| name.starts_with(process));
        called && fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == folder)
    };
    pids.filter(ours).filter_map(Pid::from_raw).collect()
}

/// Elsewhere the server's own file of its process number is all we have.
#[cfg(not(target_os = "linux"))]
pub fn living_in(folder: &Path, process: &str) -> Vec<Pid> {
    let text = fs::read_to_string(folder.join("postmaster.pid")).unwrap_or_default();
    let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw) else {
        return Vec::new();
    };
    let asked = Command::new("ps").args(["-o", "comm=", "-p", &pid.as_raw_nonzero().to_string()]).output();
    let called = asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(process));
    if called { vec![pid] } else { Vec::new() }
}

/// Those whose parent is not among them: the others end with theirs.
fn heads(pids: &[Pid]) -> Vec<Pid> {
    let parent = |pid: Pid| {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
        let after = stat.rsplit_once(')')?.1;
        after.split_whitespace().nth(1)?.parse::<i32>().ok().and_then(Pid::from_raw)
    };
    pids.iter().copied().filter(|pid| !parent(*pid).is_some_and(|parent| pids.contains(&parent))).collect()
}
