//! The settings: one struct, each with a default, from a TOML file, the environment and flags, the later ones winning.
//! An unknown key in the file, or a value that cannot be read, is an error that names where it stands.
//! Secrets come from the environment or a file, never from a flag (other users of a machine see flags), and are never shown.

mod load;
mod secret;
mod table;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};

pub use load::{ConfigError, Loaded, load};
pub use secret::Secret;
pub use table::{markdown, shown};

/// Where data goes when nothing is said: in the folder from which the platform is started.
const DATA_DIR_HERE: &str = "data";
/// The same for root in a folder which only root can enter: the private Postgres runs as another user.
const DATA_DIR_OF_ROOT: &str = "/var/lib/realms";

/// 16 TiB: more is a slip of the finger.
const HISTORY_MIB_MAX: u64 = 16 * 1024 * 1024;

/// Settings of the platform. In the file a setting has the name of its field; in the environment it is in capitals.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// A TOML file with settings
    #[arg(long, env = "REALMS_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Address on which the public port listens
    #[arg(long, env = "BIND", value_name = "ADDRESS", default_value = "127.0.0.1", global = true)]
    pub bind: IpAddr,

    /// The public port: Herald, REST and the websockets; 0 takes any free port
    #[arg(long, env = "PORT", value_name = "PORT", default_value = "8000", global = true)]
    pub port: u16,

    /// Where visitors reach the platform, without a slash at the end; used in login links and the address of the game
    /// socket. Default: http://localhost:PORT
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", value_parser = url, global = true)]
    pub public_url: Option<String>,

    /// Address and port of /internal/ and /metrics. Keep it from the public. Default: 127.0.0.1 and PORT + 1
    #[arg(long, env = "INTERNAL_ADDR", value_name = "ADDRESS:PORT", global = true)]
    pub internal_addr: Option<SocketAddr>,

    /// Folder of everything that is kept. Default: data, below the current folder (/var/lib/realms for root in a folder
    /// that only root can enter)
    #[arg(long, env = "DATA_DIR", value_name = "FOLDER", global = true)]
    pub data_dir: Option<PathBuf>,

    /// Postgres, as postgres://user:password@host/database. Default of `realms play`: a private one in DATA_DIR
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub database_url: Option<Secret>,

    /// A file that holds DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", global = true)]
    pub database_url_file: Option<PathBuf>,

    /// Redis, as redis://host:port; "off" goes without. Default of `realms play`: a private one in DATA_DIR
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub redis_url: Option<Secret>,

    /// A file that holds REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE", value_name = "FILE", global = true)]
    pub redis_url_file: Option<PathBuf>,

    /// Mail server, as smtps://user:password@host. Default: mail is written to DATA_DIR/mail and its links to the console
    #[arg(long, env = "SMTP_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub smtp_url: Option<Secret>,

    /// A file that holds SMTP_URL
    #[arg(long, env = "SMTP_URL_FILE", value_name = "FILE", global = true)]
    pub smtp_url_file: Option<PathBuf>,

    /// Sender of mail
    #[arg(long, env = "MAIL_FROM", value_name = "MAIL", default_value = "Realms <realms@localhost>", global = true)]
    pub mail_from: String,

    /// Addresses of proxies, as 10.0.0.0/8, whose X-Forwarded-For is believed; several with commas between them
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NETS", value_delimiter = ',', value_parser = net, global = true)]
    pub trusted_proxies: Vec<String>,

    /// Whether visitors may play without an account of their own
    #[arg(long, env = "GUESTS", value_name = "BOOL", default_value = "false", num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set, global = true)]
    pub guests: bool,

    /// Id or slug of the world that guests enter. Default: the first public one
    #[arg(long, env = "INTRO_WORLD", value_name = "WORLD", global = true)]
    pub intro_world: Option<String>,

    /// When messages go out: "strict" after what they show is on disk, "relaxed" up to one group earlier
    #[arg(long, env = "DURABILITY", value_name = "HOW", default_value = "strict", value_enum, global = true)]
    pub durability: Durability,

    /// MiB of the past that a nexus keeps on its disk, for `realms replay`; 0 keeps none
    #[arg(long, env = "HISTORY_MIB", value_name = "MIB", default_value = "1024", global = true,
          value_parser = clap::value_parser!(u64).range(..=HISTORY_MIB_MAX))]
    pub history_mib: u64,

    /// What Forge and Nexus show each other. Default of `realms play`: made once and kept in the folder of keys
    #[arg(long, env = "SERVICE_TOKEN", hide_env_values = true, value_name = "TOKEN", global = true)]
    pub service_token: Option<Secret>,

    /// A file that holds SERVICE_TOKEN
    #[arg(long, env = "SERVICE_TOKEN_FILE", value_name = "FILE", global = true)]
    pub service_token_file: Option<PathBuf>,

    /// Folder of the keys that sign access tokens; made when missing. Default: DATA_DIR/keys
    #[arg(long, env = "KEYS_DIR", value_name = "FOLDER", global = true)]
    pub keys_dir: Option<PathBuf>,

    /// Name of the nexus: what it holds is bound to this name and to its folder DATA_DIR/nexus/NAME
    #[arg(long, env = "NEXUS_NAME", value_name = "NAME", default_value = "main", value_parser = name, global = true)]
    pub nexus_name: String,

    /// Where the nexus reaches the Forge's internal address
    #[arg(long, env = "FORGE_URL", value_name = "URL", default_value = "http://127.0.0.1:8001", global = true)]
    pub forge_url: String,

    /// Where the Forge reaches the nexus's internal address. Default: http://INTERNAL_ADDR
    #[arg(long, env = "NEXUS_URL", value_name = "URL", global = true)]
    pub nexus_url: Option<String>,

    /// Where clients reach the game socket. Default: /ws/game/cmd below PUBLIC_URL
    #[arg(long, env = "WS_URI", value_name = "URL", global = true)]
    pub ws_uri: Option<String>,

    /// Mail address of the owner, whose account `realms play` makes on its first run
    #[arg(long, env = "OWNER_EMAIL", value_name = "MAIL", default_value = "owner@localhost", global = true)]
    pub owner_email: String,

    /// Folder of the world that the first run applies; "none" applies nothing. Default: Low Water
    #[arg(long, env = "STARTER_WORLD", value_name = "FOLDER", global = true)]
    pub starter_world: Option<String>,

    /// Folder of Herald's built files. Default: those in the program
    #[arg(long, env = "HERALD_DIR", value_name = "FOLDER", global = true)]
    pub herald_dir: Option<PathBuf>,

    /// What is logged, as in "info,realms::forge=debug"; what builders do in play is logged under `audit`
    #[arg(long, env = "LOG", value_name = "FILTER", default_value = "info", global = true)]
    pub log: String,

    /// How it is logged
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT", default_value = "human", value_enum, global = true)]
    pub log_format: LogFormat,
}

/// When messages go out relative to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// After everything that they show is on disk.
    #[default]
    Strict,
    /// As soon as the group that they belong to is written, before it is synced.
    Relaxed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The folder of everything that is kept, absolute where the current folder is known.
    pub fn data_dir(&self) -> PathBuf {
        let chosen = self.data_dir.clone().unwrap_or_else(default_data_dir);
        std::path::absolute(&chosen).unwrap_or(chosen)
    }

    pub fn keys_dir(&self) -> PathBuf {
        self.keys_dir.clone().unwrap_or_else(|| self.data_dir().join("keys"))
    }

    pub fn nexus_dir(&self) -> PathBuf {
        self.data_dir().join("nexus").join(&self.nexus_name)
    }

    pub fn history_bytes(&self) -> u64 {
        self.history_mib * 1024 * 1024
    }

    /// Address of the public listener.
    pub fn public_addr(&self) -> SocketAddr {
        SocketAddr::new(self.bind, self.port)
    }

    /// Address of the internal listener: the port after the public one on loopback, unless set.
    pub fn internal_addr(&self) -> SocketAddr {
        let port = if self.port == 0 { 0 } else { self.port.checked_add(1).unwrap_or(self.port - 1) };
        self.internal_addr.unwrap_or(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// Where visitors reach the platform; `bound` is the address that the listener got.
    pub fn public_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            None if bound.ip().is_loopback() || bound.ip().is_unspecified() => {
                format!("http://localhost:{}", bound.port())
            }
            None => format!("http://{bound}"),
        }
    }

    /// Where clients reach the game socket; `bound` is the address that the public listener got.
    pub fn ws_uri(&self, bound: SocketAddr) -> String {
        if let Some(uri) = &self.ws_uri {
            return uri.clone();
        }
        let url = self.public_url(bound);
        let rest = url.strip_prefix("http").unwrap_or(&url);
        format!("ws{rest}/ws/game/cmd")
    }

    /// The database that is set, if one is.
    pub fn database(&self) -> Option<&Secret> {
        self.database_url.as_ref().filter(|url| !url.is_empty())
    }

    /// What is set about Redis.
    pub fn redis(&self) -> Redis<'_> {
        match &self.redis_url {
            Some(url) if url.matches("off") => Redis::Off,
            Some(url) if !url.is_empty() => Redis::At(url),
            _ => Redis::Unset,
        }
    }

    /// Reads the `*_FILE` settings into the settings that they stand for.
    ///
    /// # Errors
    /// A file cannot be read, or both a setting and its file are given.
    fn read_secret_files(&mut self) -> Result<(), String> {
        let pairs = [
            ("DATABASE_URL", &mut self.database_url, &self.database_url_file),
            ("REDIS_URL", &mut self.redis_url, &self.redis_url_file),
            ("SMTP_URL", &mut self.smtp_url, &self.smtp_url_file),
            ("SERVICE_TOKEN", &mut self.service_token, &self.service_token_file),
        ];
        for (name, secret, file) in pairs {
            let Some(path) = file else { continue };
            if secret.as_ref().is_some_and(|secret| !secret.is_empty()) {
                return Err(format!("both {name} and {name}_FILE are set: leave one out"));
            }
            *secret = Some(Secret::read(path).map_err(|error| format!("{name}_FILE: {error}"))?);
        }
        Ok(())
    }
}

/// What is set about Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redis<'a> {
    Unset,
    Off,
    At(&'a Secret),
}

/// `data` here, or the system's place when root works in a folder that nobody else can enter.
fn default_data_dir() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    if rustix::process::geteuid().is_root() && !here.join(DATA_DIR_HERE).exists() && !all_may_enter(&here) {
        return DATA_DIR_OF_ROOT.into();
    }
    DATA_DIR_HERE.into()
}

fn all_may_enter(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    folder.ancestors().all(|dir| std::fs::metadata(dir).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// An address of the web without a slash at its end.
fn url(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("must start with http:// or https://, as in https://play.example.org".to_owned()),
    }
}

/// A name that is safe in a path and a Redis key.
fn name(text: &str) -> Result<String, String> {
    let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 63 || !text.chars().all(fine) || text.starts_with('-') {
        return Err("must be 1 to 63 of a-z, 0-9 and -, not starting with -".to_owned());
    }
    Ok(text.to_owned())
}

/// A network as `address/bits`, or a single address.
fn net(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| "must be an address or a network as 10.0.0.0/8".to_owned())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.map(str::parse::<u8>) {
        None => Ok(format!("{address}/{most}")),
        Some(Ok(bits)) if bits <= most => Ok(format!("{address}/{bits}")),
        Some(_) => Err(format!("the number after / must be 0 to {most}")),
    }
}
