//! The private Redis, for the mirror: in memory only, reached through a unix socket. Play goes on without it.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::PlayError;
use super::child::{Kept, Recipe};
use super::places::{Places, tail};
use super::programs;

const FOLDER: &str = "redis";
const SOCKET: &str = "redis.sock";
/// A mirror larger than this is not written any more, which the Forge takes for "unknown".
const MEMORY_MAX: &str = "512mb";
const READY_TIME_MAX: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
const QUOTED_BYTES: u64 = 400;

/// A private Redis that runs.
#[derive(Debug)]
pub struct Redis {
    kept: Kept,
    url: String,
}

impl Redis {
    /// Starts it; None where Redis is not installed.
    ///
    /// # Errors
    /// It is there and does not start.
    pub async fn start(places: &Places) -> Result<Option<Self>, PlayError> {
        let Some(program) = programs::redis() else { return Ok(None) };
        let process = if program.ends_with("valkey-server") { "valkey-server" } else { "redis-server" };
        let folder = places.servants_folder(FOLDER)?;
        let socket = places.servants_sockets(FOLDER)?.join(SOCKET);
        let mut args: Vec<std::ffi::OsString> = vec!["--port".into(), "0".into(), "--unixsocket".into()];
        args.push(socket.clone().into());
        args.extend(["--unixsocketperm", "700", "--save", "", "--appendonly", "no"].map(Into::into));
        args.extend(["--daemonize", "no", "--maxmemory", MEMORY_MAX, "--loglevel", "warning"].map(Into::into));
        args.extend(["--dir".into(), folder.clone().into_os_string()]);
        let log = places.log("redis");
        let user = places.servant().cloned();
        let stop = Signal::TERM;
        let log_file = log.clone();
        let recipe = Recipe {
            name: "redis",
            program,
            args,
            folder,
            process,
            user,
            log: log_file,
            stop,
            signs: vec![socket.clone()],
        };
        let kept = recipe.keep().await?;
        let until = Instant::now() + READY_TIME_MAX;
        while tokio::net::UnixStream::connect(&socket).await.is_err() {
            if kept.ends().count > 0 || Instant::now() > until {
                return Err(PlayError::new(format!(
                    "the private Redis does not start; {} says: {} (REDIS_URL=off goes without)",
                    log.display(),
                    tail(&log, QUOTED_BYTES).trim().replace('\n', " | ")
                )));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(Some(Self { kept, url: format!("redis+unix://{}", socket.display()) }))
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub async fn stop(self) {
        self.kept.stop().await;
    }
}
