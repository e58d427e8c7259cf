//! The machine that a run was made on, so that its figures can be compared with those of others.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

/// Syncs whose median is taken.
const SYNCS: usize = 200;
const SYNC_BYTES: usize = 4096;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    pub processor: String,
    pub cores: usize,
    pub memory_gib: f64,
    pub kernel: String,
    /// Of the folder in which the journal was.
    pub file_system: String,
    pub is_memory_file_system: bool,
    /// Median of writing 4 KiB within a file and syncing it.
    pub fdatasync_ms: f64,
    /// Load average of the last minute before the run: other work on the machine makes figures worse.
    pub load_before: f64,
    pub when: String,
}

impl Machine {
    /// Looks at this machine, and at the disk of `dir`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn look(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let (file_system, is_memory_file_system) = file_system(dir)?;
        let now = std::process::Command::new("date").args(["-u", "+%Y-%m-%d %H:%M:%S UTC"]).output();
        Ok(Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".into()),
            cores: std::thread::available_parallelism().map_or(1, Into::into),
            memory_gib: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
                .map_or(0.0, |kib| (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            file_system,
            is_memory_file_system,
            fdatasync_ms: fdatasync(dir)?,
            load_before: std::fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|text| text.split_whitespace().next()?.parse().ok())
                .unwrap_or_default(),
            when: now.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default(),
        })
    }

    /// One line for people.
    pub fn describe(&self) -> String {
        format!(
            "{} x {}, {} GiB, Linux {}, {}, fdatasync {:.2} ms (median), load {:.2} before, {}",
            self.cores,
            self.processor,
            self.memory_gib,
            self.kernel,
            self.file_system,
            self.fdatasync_ms,
            self.load_before,
            self.when
        )
    }
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Its name, and whether what is written there lives in memory alone.
fn file_system(dir: &Path) -> anyhow::Result<(String, bool)> {
    let kind = rustix::fs::statfs(dir)?.f_type as u64 & 0xffff_ffff;
    let (name, memory) = match kind {
        0x0102_1994 => ("tmpfs", true),
        0x8584_58f6 => ("ramfs", true),
        0xef53 => ("ext4", false),
        0x5846_5342 => ("xfs", false),
        0x9123_683e => ("btrfs", false),
        0x2fc1_2fc1 => ("zfs", false),
        0x794c_7630 => ("overlayfs", false),
        _ => return Ok((format!("file system {kind:#x}"), false)),
    };
    Ok((name.into(), memory))
}

fn fdatasync(dir: &Path) -> anyhow::Result<f64> {
    let mut file: File = tempfile::tempfile_in(dir)?;
    file.write_all(&vec![0; SYNC_BYTES * 16])?;
    file.sync_all()?;
    let mut times: Vec<f64> = Vec::with_capacity(SYNCS);
    for nth in 0..SYNCS {
        file.seek(SeekFrom::Start((nth % 16 * SYNC_BYTES) as u64))?;
        let begun = Instant::now();
        file.write_all(&[nth as u8; SYNC_BYTES])?;
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[SYNCS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_told_from_memory() {
        assert!(file_system(Path::new("/dev/shm")).is_ok_and(|(_, memory)| memory));
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::look(dir.path()).unwrap();
        assert!(machine.cores > 0 && machine.fdatasync_ms > 0.0, "{}", machine.describe());
    }
}
