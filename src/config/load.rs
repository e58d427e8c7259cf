//! Reads the settings of a program. The file only changes the defaults of the flags, so that one parser reads them all
//! and the order is the natural one: default, file, environment, flag.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Parser};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::Config;

/// Settings whose values are secret: never from a flag, never shown.
pub(super) const SECRETS: [&str; 4] = ["database_url", "redis_url", "smtp_url", "service_token"];
/// A settings file may be this long.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Tables that a settings file may have: the limits of Forge and Nexus, which no flag sets.
const SECTIONS: [&str; 2] = ["forge_limits", "nexus_limits"];

/// Why the settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Flags or environment; also carries `--help` and `--version`, which clap prints.
    #[error(transparent)]
    Flags(#[from] clap::Error),
    /// One line that says what is wrong where.
    #[error("{0}")]
    Wrong(String),
}

impl ConfigError {
    /// Prints it and ends the process: status 0 for help, 2 for a mistake.
    pub fn exit(self) -> ! {
        match self {
            Self::Flags(error) => error.exit(),
            Self::Wrong(text) => {
                eprintln!("realms: {text}");
                std::process::exit(2);
            }
        }
    }
}

/// The command line of a program with where each setting came from.
#[derive(Debug)]
pub struct Loaded<C> {
    pub cli: C,
    pub matches: ArgMatches,
    /// Settings that the file gave, with the file's name and line.
    pub from_file: BTreeMap<String, String>,
    /// The file's name and text, where there is one.
    file: Option<(String, String)>,
}

impl<C> Loaded<C> {
    /// A table of the settings file, or its default where there is no such table.
    ///
    /// # Errors
    /// An unknown key or a bad value in it, with file and line.
    pub fn section<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, ConfigError> {
        let Some((file, text)) = &self.file else { return Ok(T::default()) };
        let wrong = |error: toml::de::Error| {
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            ConfigError::Wrong(format!("{file}:{line}: {name}: {}", error.message().replace('\n', " ")))
        };
        let mut tables = DeTable::parse(text).map_err(wrong)?.into_inner();
        match tables.remove(name) {
            Some(table) => T::deserialize(ValueDeserializer::from(table)).map_err(wrong),
            None => Ok(T::default()),
        }
    }
}

/// Reads the command line `args` (with the program's name), the environment and the file that they name.
///
/// # Errors
/// What clap refuses, a file that cannot be read, an unknown key or a bad value in it, a secret as a flag.
pub fn load<C: Parser>(
    args: impl IntoIterator<Item = OsString>,
    config: impl Fn(&mut C) -> &mut Config,
) -> Result<Loaded<C>, ConfigError> {
    let args: Vec<OsString> = args.into_iter().collect();
    let mut command = C::command();
    let mut from_file = BTreeMap::new();
    let mut file = None;
    if let Some(path) = config_file(&args) {
        let text = read_file(&path)?;
        let name = path.display().to_string();
        for setting in settings_in(&name, &text)? {
            command = command.mut_arg(&setting.key, |arg| arg.default_values(setting.values));
            from_file.insert(setting.key, setting.place);
        }
        file = Some((name, text));
    }
    let matches = command.try_get_matches_from(args)?;
    if let Some(flag) = SECRETS.iter().find(|id| matches.value_source(id) == Some(ValueSource::CommandLine)) {
        let name = flag.to_uppercase();
        return Err(ConfigError::Wrong(format!(
            "--{} is not taken as a flag, other users of this machine could read it: set {name} or {name}_FILE",
            flag.replace('_', "-")
        )));
    }
    let mut cli = C::from_arg_matches(&matches)?;
    config(&mut cli).read_secret_files().map_err(ConfigError::Wrong)?;
    Ok(Loaded { cli, matches, from_file, file })
}

/// The file that a flag or the environment names. Found before the real parse, whose defaults it changes.
fn config_file(args: &[OsString]) -> Option<PathBuf> {
    let mut args = args.iter().skip(1);
    while let Some(arg) = args.next() {
        if arg == "--config" {
            return args.next().map(PathBuf::from);
        }
        if let Some(path) = arg.to_str().and_then(|arg| arg.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    std::env::var_os("REALMS_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

struct FileSetting {
    key: String,
    values: Vec<String>,
    /// `file:line`
    place: String,
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    let name = path.display();
    let unreadable = |error| ConfigError::Wrong(format!("cannot read the settings file {name}: {error}"));
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > FILE_BYTES_MAX {
        let text = format!("{name} is too long for settings: {length} bytes, at most {FILE_BYTES_MAX}");
        return Err(ConfigError::Wrong(text));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

/// The settings in a file's text, each checked by the parser of its flag.
fn settings_in(name: &str, text: &str) -> Result<Vec<FileSetting>, ConfigError> {
    let wrong = ConfigError::Wrong;
    let at = |offset: usize| format!("{name}:{}", line_of(text, offset));
    let table = DeTable::parse(text)
        .map_err(|error| wrong(format!("{}: {}", at(error.span().map_or(0, |span| span.start)), error.message())))?;

    let known = Config::augment_args(Command::new("settings"));
    let mut settings = Vec::new();
    for (key, value) in table.get_ref() {
        let place = at(key.span().start);
        let key: &str = key.get_ref().as_ref();
        if SECTIONS.contains(&key) && value.get_ref().is_table() {
            continue;
        }
        if key == "config" || !known.get_arguments().any(|arg| arg.get_id() == key) {
            return Err(wrong(format!("{place}: unknown setting \"{key}\"{}", resembling(&known, key))));
        }
        let values = values_of(value.get_ref()).ok_or_else(|| {
            wrong(format!("{place}: {key} must be a text, a number, true or false, or a list of texts"))
        })?;
        check(&known, key, &values).map_err(|error| wrong(format!("{place}: {key}: {error}")))?;
        settings.push(FileSetting { key: key.to_owned(), values, place });
    }
    Ok(settings)
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn values_of(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(values) => {
            values.iter().map(|value| scalar_of(value.get_ref())).collect::<Option<Vec<String>>>()
        }
        value => Some(vec![scalar_of(value)?]),
    }
}

fn scalar_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Reads one setting alone, so that what is wrong is known to be this one. Secrets are not quoted.
fn check(known: &Command, key: &str, values: &[String]) -> Result<(), String> {
    let alone = known.clone().no_binary_name(true).mut_args(|arg| {
        let arg = arg.env(None::<&str>);
        if arg.get_id() == key { arg.default_values(values.to_vec()) } else { arg }
    });
    let Err(error) = alone.try_get_matches_from(Vec::<OsString>::new()) else { return Ok(()) };
    if SECRETS.contains(&key) {
        return Err("cannot be read".to_owned());
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    Err(first.trim_start_matches("error: ").to_owned())
}

/// "; did you mean …?" where a known setting is at most two letters away.
fn resembling(known: &Command, key: &str) -> String {
    let best = known.get_arguments().map(|arg| arg.get_id().as_str()).min_by_key(|id| distance(id, key));
    match best {
        Some(id) if distance(id, key) <= 2 => format!("; did you mean \"{id}\"?"),
        _ => "; docs/operators.md lists them".to_owned(),
    }
}

/// How many letters must be changed, added or left out to make `b` of `a`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let swap = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = swap.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
