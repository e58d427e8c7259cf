//! `realms nexus trace …`: asks the nexuses to follow a player's commands, and prints their reports as they come.

use std::time::Duration;

use super::Tools;
use crate::forge::{App, operator, registry};
use crate::link::Link;
use crate::nexus::trace::{DeliveryReport, Report, TRACE_TIME_MAX, TraceOrder, TraceReports, TurnReport};
use crate::play::{PlayError, options};
use crate::world::character::PlayerId;

/// Between two questions for new reports.
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Reads a time as 90s, 5m or 1h.
///
/// # Errors
/// It is none, or longer than a trace may take.
pub fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("write a number with s, m or h".into()),
    };
    let number: u64 = number.parse().map_err(|_| "write a number with s, m or h".to_owned())?;
    let time = Duration::from_secs(number.saturating_mul(seconds));
    if time.is_zero() || time > TRACE_TIME_MAX {
        return Err(format!("a trace takes 1 to {} seconds", TRACE_TIME_MAX.as_secs()));
    }
    Ok(time)
}

/// Follows a player on all nexuses that are alive: wherever they come in, they are found.
///
/// # Errors
/// No such player, no nexus that is alive, or one that refuses.
pub async fn run(tools: &Tools, app: &App, player: &str, time: Duration) -> Result<(), PlayError> {
    let (player, name) = find(app, player).await?;
    let token = options::service_token(&tools.config, false)?;
    let mut followed = Vec::new();
    for nexus in registry::list(&app.db).await? {
        // The private socket of a platform that does not run leads nowhere.
        if !nexus.is_alive || (nexus.url.starts_with("unix:") && !tools.platform_runs()) {
            continue;
        }
        let link = Link::new(&nexus.url, &token).map_err(|error| PlayError::new(error.to_string()))?;
        let order = TraceOrder { player, seconds: time.as_secs() };
        let ordered: Result<serde_json::Value, _> = link.post("trace", &order).await;
        ordered.map_err(|error| PlayError::new(format!("nexus {}: {error}", nexus.name)))?;
        followed.push((nexus.name, link, 0));
    }
    if followed.is_empty() {
        return Err(PlayError::new("no nexus is alive: realms nexus list shows them"));
    }
    println!("Following {name} (player.{player}) for {} s. Times are in microseconds.", time.as_secs());
    println!("command      at    after  name         stage");
    print_all(player, followed).await
}

async fn print_all(player: PlayerId, mut followed: Vec<(String, Link, u64)>) -> Result<(), PlayError> {
    while !followed.is_empty() {
        tokio::time::sleep(ASK_EVERY).await;
        let mut on = Vec::new();
        for (name, link, last) in followed {
            let asked: Result<TraceReports, _> = link.get(&format!("trace/{player}?after={last}")).await;
            let TraceReports { reports, missed, ended } =
                asked.map_err(|error| PlayError::new(format!("nexus {name}: {error}")))?;
            reports.iter().for_each(|report| println!("{}", line(report)));
            let last = reports.last().map_or(last, |report| report.number);
            match ended {
                false => on.push((name, link, last)),
                true if missed > 0 => println!("{missed} reports are missing: there were too many at once."),
                true => {}
            }
        }
        followed = on;
    }
    println!("The trace has ended.");
    Ok(())
}

/// A character by number or name.
async fn find(app: &App, player: &str) -> Result<(PlayerId, String), PlayError> {
    match operator::find_characters(app, player).await?.as_slice() {
        [] => Err(PlayError::new(format!("there is no character {player}"))),
        [one] => Ok((one.id, one.name.clone())),
        several => {
            let which = several.iter().map(|found| format!("{} ({} in {})", found.id, found.name, found.world));
            let which: Vec<String> = which.collect();
            Err(PlayError::new(format!("several characters are called so, name one by number: {}", which.join(", "))))
        }
    }
}

fn line(report: &Report) -> String {
    let Report { command, name, stage, at_us, after_us, turn, delivery, .. } = report;
    let stage = format!("{stage:?}").to_lowercase();
    let more = match (turn, delivery) {
        (Some(TurnReport { spawn, seq, world_ms, micros }), _) => {
            format!("  world {spawn}, turn {seq} at {world_ms} ms, took {micros}")
        }
        (_, Some(DeliveryReport { messages, deliveries, to })) => {
            let to: Vec<String> = to.iter().map(ToString::to_string).collect();
            format!("  {messages} messages, {deliveries} deliveries, to {}", to.join(" "))
        }
        _ => String::new(),
    };
    format!("{command:7} {at_us:7} {after_us:+8}  {name:12} {stage}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit_and_bounded() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("5m", 300), ("1h", 3600)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "0s", "x", "5d", "2h", "-1s", "99999999999999999999h", "999999999999999999h"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
