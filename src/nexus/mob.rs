//! The Mob node: mobs that react. It writes the script of a reaction out into commands with their
//! delays and hands it back as an instruction; whether it happens is decided in Pulsar then.

use tokio::sync::mpsc;

use crate::world::template::WorldId;

use super::game::Inward;
use super::pulsar::instruction::{Instruction, Reply};
use super::pulsar::record::{Ask, OpenErrand};

/// Runs until the line closes.
pub async fn run(mut line: mpsc::Receiver<(WorldId, OpenErrand)>, inward: Inward) {
    while let Some((spawn, errand)) = line.recv().await {
        let Ask::React { lines, .. } = errand.what else { continue };
        let answer = Reply::Reaction { lines: write_out(lines) };
        inward.internal(spawn, Instruction::Answered { errand: errand.id, answer }).await;
    }
}

/// Line n comes n Beats after the first; empty lines only take their time.
fn write_out(lines: Vec<String>) -> Vec<(u32, String)> {
    (0..).zip(lines).filter(|(_, line)| !line.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::write_out;

    #[test]
    fn each_line_comes_a_beat_after_the_one_before() {
        let lines = vec!["say One".into(), " ".into(), "say Three".into()];
        assert_eq!(write_out(lines), [(0, "say One".to_owned()), (2, "say Three".to_owned())]);
    }
}
