//! What the system knows of a process: CPU time and memory, from `/proc`. Signals to processes that the harness started,
//! and the leash that ends them with it, also when it is killed and while they are halted.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// User and system time of all its threads.
    pub cpu_ms: f64,
    pub rss_mib: f64,
}

/// None where the process has ended.
pub fn usage(pid: u32) -> Option<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, also blanks and parentheses: fields are counted from its end.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = rss.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(Usage {
        cpu_ms: ticks as f64 * 1000.0 / rustix::param::clock_ticks_per_second() as f64,
        rss_mib: kib / 1024.0,
    })
}

/// The sum over several.
pub fn usage_of(pids: &[u32]) -> Usage {
    pids.iter().filter_map(|pid| usage(*pid)).fold(Usage::default(), |sum, one| Usage {
        cpu_ms: sum.cpu_ms + one.cpu_ms,
        rss_mib: sum.rss_mib + one.rss_mib,
    })
}

/// From here on this process ends with the thread that started it.
///
/// # Errors
/// The system refuses.
pub fn leash() -> anyhow::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Becomes another program, on the leash of the one that started this.
///
/// # Errors
/// The program cannot be started; otherwise this does not return.
pub fn become_leashed(program: &Path, args: &[OsString]) -> anyhow::Result<u8> {
    leash()?;
    let error = std::process::Command::new(program).args(args).exec();
    Err(anyhow::Error::new(error).context(format!("cannot start {}", program.display())))
}

/// Sends a signal to a process of ours; one that has ended does not mind.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_uses_something() {
        let usage = super::usage(std::process::id()).unwrap();
        assert!(usage.rss_mib > 0.5 && usage.cpu_ms >= 0.0);
        assert!(super::usage(u32::MAX).is_none());
    }
}
