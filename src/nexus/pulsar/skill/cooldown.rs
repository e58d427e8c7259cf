//! What cannot be done again yet. Cooldowns that are over stay in the row until it is next written, and mean nothing.

use super::super::combat::rows::Cooldowns;
use super::super::record::Who;
use super::super::world::World;

/// Milliseconds that are left; 0 when it may be done.
pub fn left(world: &World, who: Who, code: &str) -> u64 {
    let row = world.cooldowns.get(who.id());
    let until = row.and_then(|row| row.running.iter().find(|(own, ..)| own == code)).map_or(0, |(.., until)| *until);
    until.saturating_sub(world.meta.now)
}

/// From now on for so many milliseconds: from when to when.
pub fn start(world: &mut World, who: Who, code: &str, millis: u64) -> (u64, u64) {
    let now = world.meta.now;
    let until = now.saturating_add(millis);
    let row = world.cooldowns.edit_or_default(who.id());
    row.running.retain(|(own, _, until)| own != code && *until > now);
    row.running.push((code.to_owned(), now, until));
    (now, until)
}

/// Those that run: code, begin and end.
pub fn running(world: &World, who: Who) -> impl Iterator<Item = &(String, u64, u64)> {
    let now = world.meta.now;
    let row: Option<&Cooldowns> = world.cooldowns.get(who.id());
    row.into_iter().flat_map(|row| &row.running).filter(move |(.., until)| *until > now)
}
