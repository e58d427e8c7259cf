//! The Forge as a program of its own, beside nexuses that run elsewhere.

use std::process::ExitCode;

use anyhow::Context;
use axum::Router;
use clap::Parser;
use realms::config::{Config, Loaded};
use realms::forge::Forge;
use realms::play::{Limits, Places, door, options};
use realms::probe::{self, Probe};
use realms::serve::{self, Bounds, Listener};
use realms::{program, shutdown};

/// The long-term store of Realms: accounts, worlds, characters; serves Herald too
#[derive(Parser, Debug)]
#[command(name = "forge", version, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    config: Config,
}

fn main() -> ExitCode {
    program::main(|cli: &mut Cli| &mut cli.config, run)
}

async fn run(loaded: Loaded<Cli>) -> anyhow::Result<()> {
    let config = &loaded.cli.config;
    let shutdown = shutdown::on_signals()?;
    serve::raise_file_limit();
    let limits = Limits::read(&loaded)?;
    Places::open(&config.data_dir())?;
    let public = Listener::tcp(config.public_addr(), "PORT").await?.within(options::bounds(config, &limits)?);
    let internal = Listener::tcp(config.internal_addr(), "INTERNAL_ADDR").await?.within(Bounds::inside());
    let database = config.database().context("the Forge needs a Postgres: set DATABASE_URL")?;
    let token = options::service_token(config, false)?;
    let addr = public.addr().unwrap_or_else(|| config.public_addr());

    let probe = Probe::default();
    let ready = probe.latch("forge");
    let stores = options::Stores { database: database.clone(), redis: options::redis_set(config) };
    let forge = Forge::open(options::forge(config, limits, &stores, token, addr)).await?;
    let router = door::public(config, &probe, forge.public(), Router::new())?;
    let inner = forge.internal().merge(probe::metrics()).merge(probe.router());
    ready.set(true);
    tracing::info!("the Forge is open on {addr}");
    tokio::join!(
        public.serve(router, shutdown.clone()),
        internal.serve(inner, shutdown.clone()),
        forge.run(shutdown.clone())
    );
    Ok(())
}
