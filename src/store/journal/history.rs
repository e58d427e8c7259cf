//! Old segments, kept as whole files named by their last frame, as long as the setting grants space.

use std::io;
use std::path::Path;

use crate::store::io::Io;

use super::HistoryOptions;
use super::segment::forget_file;

const SUFFIX: &str = ".history";

/// Moves a segment into history and removes the oldest files beyond the limit.
pub(super) fn keep(io: &dyn Io, dir: &Path, path: &Path, history: &HistoryOptions, last: u64) -> io::Result<()> {
    io.rename(path, &history.dir.join(format!("{last:020}{SUFFIX}")))?;
    io.sync_dir(&history.dir)?;
    io.sync_dir(dir)?;
    trim(io, history)
}

/// The files of a history, oldest first.
pub(super) fn files(io: &dyn Io, dir: &Path) -> io::Result<Vec<String>> {
    let mut names = io.list(dir)?;
    names.retain(|name| name.ends_with(SUFFIX));
    Ok(names)
}

fn trim(io: &dyn Io, history: &HistoryOptions) -> io::Result<()> {
    let mut sizes = Vec::new();
    for name in files(io, &history.dir)? {
        let path = history.dir.join(name);
        sizes.push((io.open(&path)?.size()?, path));
    }
    let mut total: u64 = sizes.iter().map(|(size, _)| size).sum();
    for (size, path) in sizes {
        if total <= history.bytes_max {
            break;
        }
        forget_file(io, &path);
        total -= size;
    }
    Ok(())
}
