//! Manifests as documents: those in a folder, and the starter world's, which are in the program.

use std::borrow::Cow;
use std::path::Path;

use super::PlayError;
use crate::folder;
use crate::world::manifest::{self, Located, Problem, Source};

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
    let files = folder::read_manifests(folder).map_err(|problems| refused(&problems))?;
    manifest::read(&files).map_err(|problems| refused(&problems))
}

/// The documents of the world that a new platform starts with.
///
/// # Errors
/// The program was built without it.
pub fn starter() -> Result<Vec<Located>, PlayError> {
    let source = |path: Cow<'static, str>| {
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
    manifest::read(&files).map_err(|problems| refused(&problems))
}

/// One text of several problems, each on a line.
pub fn refused(problems: &[Problem]) -> PlayError {
    let mut lines: Vec<String> = problems.iter().take(SHOWN_MAX).map(ToString::to_string).collect();
    if problems.len() > SHOWN_MAX {
        lines.push(format!("… and {} more", problems.len() - SHOWN_MAX));
    }
    PlayError::new(format!("nothing was done:\n{}", lines.join("\n")))
}
