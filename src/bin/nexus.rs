//! A Nexus as a program of its own, beside a Forge that runs elsewhere.

use std::process::ExitCode;

use clap::Parser;
use realms::config::{Config, Loaded};
use realms::nexus::Nexus;
use realms::play::options::{self, Addresses};
use realms::play::{Limits, Places};
use realms::probe::{self, Probe};
use realms::serve::{self, Bounds, Listener};
use realms::{program, shutdown};

/// The engine of Realms: runs worlds, and serves their players the game socket
#[derive(Parser, Debug)]
#[command(name = "nexus", version, max_term_width = 110)]
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
    let addr = public.addr().unwrap_or_else(|| config.public_addr());
    let inner = internal.addr().unwrap_or_else(|| config.internal_addr());
    let addresses = Addresses {
        forge: config.forge_url.clone(),
        nexus: config.nexus_url.clone().unwrap_or_else(|| format!("http://{inner}")),
        ws_uri: config.ws_uri(addr),
    };
    let token = options::service_token(config, false)?;
    let options = options::nexus(config, &limits, options::redis_set(config), token, addresses)?;
    let nexus = Nexus::open(options).await?;
    let probe = Probe::default();
    probe.watch("nexus", nexus.readiness());
    let router = nexus.public().merge(probe.router());
    let inside = nexus.internal().merge(probe::metrics()).merge(probe.router());
    tracing::info!("the Nexus {} is open on {addr}", config.nexus_name);
    tokio::join!(
        public.serve(router, shutdown.clone()),
        internal.serve(inside, shutdown.clone()),
        nexus.run(shutdown.clone())
    );
    Ok(())
}
