//! What Forge and Nexus are opened with, from the settings.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;

use super::PlayError;
use crate::address::TrustedProxies;
use crate::config::{Config, ConfigError, Loaded, Redis, Secret};
use crate::serve::{Bounds, CONNECTIONS_PER_ADDRESS_MAX};
use crate::{forge, nexus};

const TOKEN_FILE: &str = "service-token";

/// The limits of a program, from the tables of the settings file.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub forge: forge::Limits,
    pub nexus: nexus::Limits,
}

/// Where the stores are.
#[derive(Clone, Debug)]
pub struct Stores {
    pub database: Secret,
    /// None: no mirror.
    pub redis: Option<Secret>,
}

/// The Redis that is set, for programs that have no private one.
pub fn redis_set(config: &Config) -> Option<Secret> {
    match config.redis() {
        Redis::At(url) => Some(url.clone()),
        Redis::Off | Redis::Unset => None,
    }
}

impl Limits {
    /// # Errors
    /// An unknown limit or a bad value, with file and line.
    pub fn read<C>(loaded: &Loaded<C>) -> Result<Self, PlayError> {
        let wrong = |error: ConfigError| PlayError::new(error.to_string());
        let forge = loaded.section("forge_limits").map_err(wrong)?;
        let nexus = loaded.section("nexus_limits").map_err(wrong)?;
        Ok(Self { forge, nexus })
    }
}

/// What visitors may take of the public port.
///
/// # Errors
/// TRUSTED_PROXIES holds what is no network.
pub fn bounds(config: &Config, limits: &Limits) -> Result<Bounds, PlayError> {
    let proxies = TrustedProxies::parse(&config.trusted_proxies).map_err(PlayError::new)?;
    // Each game socket begins as a plain connection.
    let per_address = CONNECTIONS_PER_ADDRESS_MAX.max(limits.nexus.sockets_per_address);
    Ok(Bounds { proxies, per_address, ..Bounds::default() })
}

/// The token that Forge and Nexus show each other: set, or kept in the folder of keys, where `make` says so made there.
///
/// # Errors
/// It cannot be read or made.
pub fn service_token(config: &Config, make: bool) -> Result<Secret, PlayError> {
    if let Some(token) = config.service_token.as_ref().filter(|token| !token.is_empty()) {
        return Ok(token.clone());
    }
    let path = config.keys_dir().join(TOKEN_FILE);
    if path.exists() {
        return Secret::read(&path).map_err(PlayError::new);
    }
    if !make {
        return Err(PlayError::new(format!(
            "Forge and Nexus need one service token: set SERVICE_TOKEN or SERVICE_TOKEN_FILE (there is no {})",
            path.display()
        )));
    }
    let token = Secret::generate();
    let failed = |error: std::io::Error| PlayError::new(format!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(config.keys_dir()).map_err(failed)?;
    // Whole or not at all: a start that is cut off must not leave half a token.
    let making = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&making);
    let file = file.as_mut().map_err(|error| PlayError::new(format!("cannot write {}: {error}", making.display())))?;
    file.write_all(token.expose().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&making, &path).map_err(failed)?;
    Ok(token)
}

/// The Forge's options; `public` is the address that the public listener got.
pub fn forge(config: &Config, limits: Limits, stores: &Stores, token: Secret, public: SocketAddr) -> forge::Options {
    forge_at(config, limits, stores, token, &config.public_url(public), config.ws_uri(public))
}

/// The Forge's options where visitors reach the platform at `url`.
pub fn forge_at(
    config: &Config,
    limits: Limits,
    stores: &Stores,
    token: Secret,
    url: &str,
    ws_uri: String,
) -> forge::Options {
    forge::Options {
        database: stores.database.clone(),
        public_url: url.to_owned(),
        mail: forge::MailOptions {
            smtp_url: config.smtp_url.clone().filter(|url| !url.is_empty()),
            from: config.mail_from.clone(),
            dir: config.data_dir().join("mail"),
            print_links: true,
        },
        keys_dir: config.keys_dir(),
        service_token: token,
        guests: config.guests,
        intro_world: config.intro_world.clone(),
        redis: stores.redis.as_ref().map(|url| url.expose().to_owned()),
        trusted_proxies: config.trusted_proxies.clone(),
        limits: limits.forge,
        ws_uri,
    }
}

/// Where a nexus and its Forge are, for each other and for clients.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub forge: String,
    pub nexus: String,
    /// Empty: the platform's own.
    pub ws_uri: String,
}

/// A nexus's options.
///
/// # Errors
/// TRUSTED_PROXIES holds what is no network.
pub fn nexus(
    config: &Config,
    limits: &Limits,
    redis: Option<Secret>,
    token: Secret,
    addresses: Addresses,
) -> Result<nexus::Options, PlayError> {
    Ok(nexus::Options {
        name: config.nexus_name.clone(),
        data_dir: config.nexus_dir(),
        forge_url: addresses.forge,
        own_url: addresses.nexus,
        ws_uri: addresses.ws_uri,
        service_token: token,
        redis,
        durability: config.durability,
        history_bytes: config.history_bytes(),
        limits: limits.nexus,
        trusted_proxies: TrustedProxies::parse(&config.trusted_proxies).map_err(PlayError::new)?,
    })
}
