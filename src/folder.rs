//! Worlds as folders on disk: reads manifests and Circle files into texts, writes texts into a
//! folder. What the texts mean is `world`'s, which does no I/O.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::world::circle::{self, Imported};
use crate::world::manifest::{FILE_BYTES_MAX, Problem, Source};

/// Files of one folder, folders within it included.
pub const FILES_MAX: usize = 10_000;
/// Folders within one another.
pub const FOLDERS_DEEP_MAX: usize = 8;

/// One file, or every `.yaml` and `.yml` file below a folder in the order of their paths.
/// Hidden files and folders are left out; links to folders are not followed.
pub fn read_manifests(path: &Path) -> Result<Vec<Source>, Vec<Problem>> {
    let is_yaml = |path: &Path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let files = list(path, &is_yaml).map_err(|problem| vec![problem])?;
    if files.is_empty() {
        return Err(vec![Problem::error(shown(path), 0, "no manifest here: no file ends with .yaml or .yml")]);
    }
    let (mut sources, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        match read_bytes(&file) {
            Err(problem) => problems.push(problem),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => sources.push(Source { path: shown(&file), text }),
                Err(error) => {
                    let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count() as u32;
                    problems.push(Problem::error(shown(&file), line, "not UTF-8 text"));
                }
            },
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}

/// Writes the texts below the folder, making it where it is missing. Files of the same name are replaced.
pub fn write_manifests(folder: &Path, files: &[Source]) -> io::Result<()> {
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &file.text)?;
    }
    Ok(())
}

/// A Circle world's folder (`wld/`, `mob/`, `obj/`, `zon/`, `shp/`, `trg/`, `qst/`) as documents and a report.
pub fn import_circle(folder: &Path) -> Result<Imported, Vec<Problem>> {
    let mut sources = Vec::new();
    for kind in circle::FOLDERS {
        let below = folder.join(kind);
        if !below.is_dir() {
            continue;
        }
        let is_kind = |path: &Path| path.extension().is_some_and(|extension| extension == kind);
        for file in list(&below, &is_kind).map_err(|problem| vec![problem])? {
            let bytes = read_bytes(&file).map_err(|problem| vec![problem])?;
            // Circle files are Latin-1: each byte is the character of that number.
            sources.push(Source { path: shown(&file), text: bytes.into_iter().map(char::from).collect() });
        }
    }
    circle::import(&sources)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn unreadable(path: &Path, error: &io::Error) -> Problem {
    Problem::error(shown(path), 0, format!("cannot be read: {error}"))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Problem::error(shown(path), 0, format!("more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn list(path: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>, Problem> {
    let kind = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if kind.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![(path.to_owned(), 1)];
    while let Some((folder, depth)) = folders.pop() {
        let mut entries: Vec<fs::DirEntry> =
            fs::read_dir(&folder).and_then(Iterator::collect).map_err(|error| unreadable(&folder, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let kind = entry.file_type().map_err(|error| unreadable(&path, &error))?;
            if kind.is_dir() && !hidden {
                if depth >= FOLDERS_DEEP_MAX {
                    return Err(Problem::error(shown(&path), 0, format!("folders more than {FOLDERS_DEEP_MAX} deep")));
                }
                folders.push((path, depth + 1));
            } else if !kind.is_dir() && !hidden && wanted(&path) && path.is_file() {
                files.push(path);
            }
        }
    }
    if files.len() > FILES_MAX {
        return Err(Problem::error(shown(path), 0, format!("{} files; {FILES_MAX} is the most", files.len())));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_in_order_and_written_back() {
        let folder = tempfile::tempdir().unwrap();
        let files =
            [("b/two.yml", "2"), ("a.yaml", "1"), ("b/c/three.yaml", "3"), (".git/x.yaml", "no"), ("readme.md", "no")];
        let files = files.map(|(path, text)| Source { path: path.into(), text: text.into() });
        write_manifests(folder.path(), &files).unwrap();
        let read = read_manifests(folder.path()).unwrap();
        let texts: Vec<&str> = read.iter().map(|source| source.text.as_str()).collect();
        assert_eq!(texts, ["1", "3", "2"]);
        assert!(read[0].path.ends_with("/a.yaml"), "{}", read[0].path);
        let one = read_manifests(&folder.path().join("a.yaml")).unwrap();
        assert_eq!(one.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let said = |path: &Path| read_manifests(path).unwrap_err()[0].to_string();
        assert!(said(folder.path()).contains("no manifest here"));
        assert!(said(&folder.path().join("none")).contains("none: cannot be read"));
        fs::write(folder.path().join("x.yaml"), b"a: b\nc: \xff\n").unwrap();
        assert!(said(folder.path()).ends_with("x.yaml:2: not UTF-8 text"));
        let big = fs::File::create(folder.path().join("x.yaml")).unwrap();
        big.set_len(FILE_BYTES_MAX as u64 + 1).unwrap();
        assert!(said(folder.path()).contains("more than 16777216 bytes"));
    }
}
