//! The settings as tables: for the operators' document, which a test holds equal to [`markdown`], and for `realms config`.

use clap::parser::ValueSource;
use clap::{Arg, Args, Command};

use super::load::SECRETS;
use super::{Config, Loaded};

/// All settings as a table of Markdown.
pub fn markdown() -> String {
    let mut text = String::from("| setting | environment | default | meaning |\n|---|---|---|---|\n");
    for arg in Config::augment_args(Command::new("settings")).get_arguments() {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let (meaning, told) = match help.split_once(" Default") {
            Some((meaning, rest)) => (meaning.trim_end_matches('.'), rest.trim_start_matches([':', ' '])),
            None => (help.as_str(), ""),
        };
        let default = match default_of(arg) {
            Some(value) => format!("`{value}`"),
            None => told.replace("of `realms play`: ", "in `play`: "),
        };
        text.push_str(&format!("| `{}` | `{}` | {default} | {meaning} |\n", arg.get_id(), environment_of(arg)));
    }
    text
}

/// The settings in force, one a line as `name = value  # from where`, secrets masked.
pub fn shown<C>(loaded: &Loaded<C>) -> String {
    let mut text = String::new();
    for arg in Config::augment_args(Command::new("settings")).get_arguments() {
        let id = arg.get_id().as_str();
        let values: Vec<String> = loaded
            .matches
            .try_get_raw(id)
            .ok()
            .flatten()
            .map(|values| values.map(|value| value.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        if values.is_empty() {
            text.push_str(&format!("# {id} is not set\n"));
            continue;
        }
        let value = if SECRETS.contains(&id) { "(secret)".to_owned() } else { values.join(",") };
        let from = match loaded.matches.value_source(id) {
            Some(ValueSource::CommandLine) => "flag".to_owned(),
            Some(ValueSource::EnvVariable) => format!("environment, {}", environment_of(arg)),
            _ => loaded.from_file.get(id).cloned().unwrap_or_else(|| "default".to_owned()),
        };
        text.push_str(&format!("{id} = {value:?}  # {from}\n"));
    }
    text
}

fn default_of(arg: &Arg) -> Option<String> {
    let values: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

fn environment_of(arg: &Arg) -> String {
    arg.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
