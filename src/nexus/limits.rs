//! What one client may do, and how long it may take. Settings of the operator, in the table `[nexus_limits]`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::message::inbound::FRAME_BYTES_MAX;
use super::pipe::WRITE_MAX;

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Frames a second in the long run, for each session.
    pub commands_per_second: f64,
    /// Frames at once.
    pub commands_burst: f64,
    /// Open game sockets from one address.
    pub sockets_per_address: usize,
    /// The server asks for a sign of life this often; it looks after the two that follow as often.
    #[serde(rename = "ping_seconds", deserialize_with = "seconds")]
    pub ping_every: Duration,
    /// Without a whole frame, or an answer to a ping, for this long a connection is given up.
    #[serde(rename = "silence_seconds", deserialize_with = "seconds")]
    pub silence_max: Duration,
    /// A socket that plays no character after this is closed.
    #[serde(rename = "greeting_seconds", deserialize_with = "seconds")]
    pub greeting_max: Duration,
    /// A client that takes not a byte of what waits for it for this long is cut off.
    #[serde(rename = "write_seconds", deserialize_with = "seconds")]
    pub write_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            commands_per_second: 10.0,
            commands_burst: 40.0,
            sockets_per_address: 100,
            ping_every: Duration::from_secs(30),
            silence_max: Duration::from_secs(90),
            greeting_max: Duration::from_secs(30),
            write_max: WRITE_MAX,
        }
    }
}

impl Limits {
    /// Bytes that a client may send between two pings: as many of the largest frames as it may send.
    pub fn bytes_between_pings(&self) -> u64 {
        let frames = self.commands_per_second * self.ping_every.as_secs_f64() + self.commands_burst;
        // A number that is too large becomes the largest.
        (frames * FRAME_BYTES_MAX as f64) as u64
    }
}

/// A time in seconds, of a millisecond at least.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(from)?;
    let time = Duration::try_from_secs_f64(seconds).ok().filter(|time| *time >= Duration::from_millis(1));
    time.ok_or_else(|| serde::de::Error::custom(format!("{seconds} is no time in seconds")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Limits, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn times_are_in_seconds_and_nothing_else_is_taken_for_one() {
        let limits = read("ping_seconds = 0.5\nsilence_seconds = 2").unwrap();
        let wanted =
            Limits { ping_every: Duration::from_millis(500), silence_max: Duration::from_secs(2), ..Limits::default() };
        assert_eq!(limits, wanted);
        for wrong in ["0", "-1", "nan", "inf", "1e30", "\"5s\""] {
            assert!(read(&format!("write_seconds = {wrong}")).is_err(), "{wrong}");
        }
        assert!(read("greeting = 1").unwrap_err().contains("unknown field"));
    }
}
