//! Manifests as files: those in a folder, and the starter world's, which are in the program.

use std::fs;
use std::path::Path;

use super::PlayError;
use crate::world::manifest::{self, FILE_BYTES_MAX, Located, Problem, Source};

/// Files of one world.
const FILES_MAX: usize = 20_000;
/// Folders below the world's are read to this depth.
const DEPTH_MAX: usize = 8;
/// Problems that an error lists.
const SHOWN_MAX: usize = 20;

#[derive(rust_embed::Embed)]
#[folder = "worlds/low-water/"]
#[allow_missing = true]
struct LowWater;

/// The documents in a folder, in the order of their paths.
///
/// # Errors
/// The folder or a file cannot be read; a file is not what a manifest is, with file and line.
pub fn read(folder: &Path) -> Result<Vec<Located>, PlayError> {
    let mut files = Vec::new();
    collect(folder, "", DEPTH_MAX, &mut files)?;
    if files.is_empty() {
        return Err(PlayError::new(format!("there are no manifests (*.yaml) in {}", folder.display())));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    located(&files)
}

/// The documents of the world that a new platform starts with.
///
/// # Errors
/// The program was built without it.
pub fn starter() -> Result<Vec<Located>, PlayError> {
    let source = |path: std::borrow::Cow<'static, str>| {
        if !path.ends_with(".yaml") {
            return None;
        }
        let text = String::from_utf8(LowWater::get(&path)?.data.into_owned()).ok()?;
        Some(Source { path: path.into_owned(), text })
    };
    let files: Vec<Source> = LowWater::iter().filter_map(source).collect();
    if files.is_empty() {
        return Err(PlayError::new("this program was built without its starter world"));
    }
    located(&files)
}

fn located(files: &[Source]) -> Result<Vec<Located>, PlayError> {
    manifest::read(files).map_err(|problems| refused(&problems))
}

/// One text of several problems, each on a line.
pub fn refused(problems: &[Problem]) -> PlayError {
    let mut lines: Vec<String> = problems.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    if problems.len() > SHOWN_MAX {
        lines.push(format!("… and {} more", problems.len() - SHOWN_MAX));
    }
    PlayError::new(format!("the manifests are wrong:\n{}", lines.join("\n")))
}

fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<Source>) -> Result<(), PlayError> {
    let failed =
        |path: &Path, error: std::io::Error| PlayError::new(format!("cannot read {}: {error}", path.display()));
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let entry = entry.map_err(|error| failed(folder, error))?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') {
            continue;
        }
        let meta = fs::metadata(&path).map_err(|error| failed(&path, error))?;
        let name = format!("{prefix}{name}");
        if meta.is_dir() && depth > 0 {
            collect(&path, &format!("{name}/"), depth - 1, files)?;
        } else if meta.is_file() && (name.ends_with(".yaml") || name.ends_with(".yml")) {
            if meta.len() > FILE_BYTES_MAX as u64 || files.len() == FILES_MAX {
                let text = format!("{}: more than {FILE_BYTES_MAX} bytes or {FILES_MAX} files", path.display());
                return Err(PlayError::new(text));
            }
            let text = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
            files.push(Source { path: name, text });
        }
    }
    Ok(())
}
