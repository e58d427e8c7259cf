//! What players do: each persona is a mix of commands, chosen by the player's own dice. The same seed plays the same.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::wire::DIRECTIONS;

/// Words of the utterances, so that they have the length of talk.
const TALK: [&str; 8] = [
    "has anyone seen the keeper of the north gate",
    "well met",
    "the ledger says three and I count two",
    "wait for me at the stairs, I am nearly there",
    "no",
    "they say that the road is open again as far as the mill",
    "what would you give for this",
    "good evening to all of you",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Persona {
    /// 70 % moves, 20 % looks, 10 % says.
    Mixed,
    /// 90 % moves, 10 % looks.
    Wander,
    /// 80 % says, 20 % looks; stays where it is.
    Chat,
    /// Carries a pebble about, and puts it down and picks one up on its way: 40 % moves while it has one.
    Carry,
    /// Connected, and silent.
    Idle,
}

/// What a command was, as its answer is understood by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Move,
    Look,
    Say(u32),
    Carry,
}

/// A generator of chance that is the same on every machine (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `most` - 1; 0 where there is nothing to choose from.
    pub fn below(&mut self, most: usize) -> usize {
        ((u128::from(self.draw()) * most as u128) >> 64) as usize
    }

    /// From 0 to 1.
    pub fn share(&mut self) -> f64 {
        (self.draw() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// One player's mind.
#[derive(Clone, Debug)]
pub struct Mind {
    persona: Persona,
    dice: Dice,
    player: i64,
    said: u32,
    carries: bool,
}

impl Mind {
    pub fn new(persona: Persona, seed: u64, player: i64) -> Self {
        let mut dice = Dice::new(seed ^ (player as u64).wrapping_mul(0x2545_f491_4f6c_dd1d));
        dice.draw();
        Self { persona, dice, player, said: 0, carries: true }
    }

    /// The next thing to do and the line that is typed for it. Without known exits every compass direction is tried.
    pub fn next(&mut self, exits: Option<&[&'static str]>) -> (Deed, String) {
        let roll = self.dice.below(100);
        let deed = match self.persona {
            Persona::Mixed if roll < 70 => Deed::Move,
            Persona::Mixed if roll < 90 => Deed::Look,
            Persona::Mixed => Deed::Say(0),
            Persona::Wander if roll < 90 => Deed::Move,
            Persona::Wander | Persona::Idle => Deed::Look,
            Persona::Chat if roll < 80 => Deed::Say(0),
            Persona::Chat => Deed::Look,
            // Who has put a pebble down stays until one is picked up again: so there is one for everybody.
            Persona::Carry if roll < 40 && self.carries => Deed::Move,
            Persona::Carry => Deed::Carry,
        };
        match deed {
            Deed::Move => match self.dice.pick(exits.unwrap_or(&DIRECTIONS[..4])) {
                Some(direction) => (Deed::Move, (*direction).to_owned()),
                None => (Deed::Look, "look".to_owned()),
            },
            Deed::Look => (deed, "look".to_owned()),
            Deed::Say(_) => {
                self.said += 1;
                let talk = self.dice.pick(&TALK).copied().unwrap_or_default();
                (Deed::Say(self.said), format!("say {}:{} {talk}", self.player, self.said))
            }
            Deed::Carry => {
                self.carries = !self.carries;
                (deed, if self.carries { "get pebble".to_owned() } else { "drop pebble".to_owned() })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixed_player_does_what_its_mix_says_and_the_same_each_time() {
        let deeds = |seed| {
            let mut mind = Mind::new(Persona::Mixed, seed, 7);
            (0..10_000).map(|_| mind.next(Some(&["north"])).0).collect::<Vec<_>>()
        };
        let (a, b) = (deeds(1), deeds(1));
        assert_eq!(a, b);
        assert_ne!(a, deeds(2));
        let moves = a.iter().filter(|deed| **deed == Deed::Move).count();
        let says = a.iter().filter(|deed| matches!(deed, Deed::Say(_))).count();
        assert!((6_700..7_300).contains(&moves) && (850..1_150).contains(&says), "{moves} {says}");
    }

    #[test]
    fn who_is_shut_in_looks_around() {
        let mut mind = Mind::new(Persona::Wander, 1, 7);
        assert!((0..100).all(|_| mind.next(Some(&[])) == (Deed::Look, "look".into())));
    }
}
