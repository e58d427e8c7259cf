//! What conditions and matchers of the builders ask, answered for one character of a world.

use crate::world::character::PlayerId;

use super::world::World;

/// Does the text contain what the matcher asks for? An empty matcher matches everything.
pub fn matches(matcher: &str, text: &str) -> bool {
    let text = format!(" {} ", text.to_lowercase());
    matcher.is_empty() || matcher.split(" or ").any(|term| text.contains(&format!(" {} ", term.trim())))
}

/// Is the condition true of this player? An empty one is.
pub fn holds(condition: &str, world: &World, player: PlayerId) -> bool {
    condition.trim().is_empty() && world.players.contains(player)
}
