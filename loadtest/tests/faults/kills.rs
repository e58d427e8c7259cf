//! `kill -9` at random moments, again and again on the same disk, while people play, come and go, while cuts are written
//! and while the nexus starts. After each kill everything that anybody was shown is held against what the disk says.

use std::time::{Duration, Instant};

use loadtest::persona::Dice;
use loadtest::stage::StageOptions;

use crate::trial::Trial;
use crate::{number, options};

/// Kills under load of one run, unless `REALMS_KILLS` says otherwise.
const KILLS: u64 = 25;
/// A round ends after so many frames at the most, all clients together.
const FRAMES_MAX: usize = 1500;
/// A kill during a start comes within this.
const START: Duration = Duration::from_millis(400);
/// And one in the middle of a round within this after the last frame that was waited for.
const MOMENT: Duration = Duration::from_millis(30);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_true_after_a_kill() {
    run(number("REALMS_SEED").unwrap_or(1)).await;
}

/// So that both cores have something to do.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_true_after_a_kill_with_another_seed() {
    run(number("REALMS_SEED").unwrap_or(1).wrapping_add(1)).await;
}

async fn run(seed: u64) {
    println!("seed {seed}: REALMS_SEED={seed} plays it again");
    let mut dice = Dice::new(seed);
    let mut trial = Trial::begin(StageOptions { worlds: 2, seed, ..options() }).await;
    let (mut play, mut looks, mut starts) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let mut killed = 0;
    for nth in 1..=number("REALMS_KILLS").unwrap_or(KILLS) {
        let begun = Instant::now();
        round(&mut trial, &mut dice).await;
        play += begun.elapsed();
        let begun = Instant::now();
        if let Err(problems) = trial.look() {
            panic!("seed {seed}, kill {nth}:\n{problems}");
        }
        looks += begun.elapsed();
        let begun = Instant::now();
        // Every third start is killed on the way, once or twice.
        for _ in 0..if dice.below(3) == 0 { 1 + dice.below(2) } else { 0 } {
            trial.stage.start().unwrap();
            tokio::time::sleep(START.mul_f64(dice.share())).await;
            trial.stage.kill().await.unwrap();
            killed += 1;
            trial.look_again();
        }
        trial.stage.start_again().await.unwrap();
        starts += begun.elapsed();
    }
    println!("{killed} starts were killed; {play:?} of play, {looks:?} of looking, {starts:?} of starting");
    assert!(trial.sum.open > 0, "no command was on its way when the nexus was killed");
    trial.end();
}

/// People play until the nexus is killed in the middle of it. In two of three rounds each world is cut on the way: that is
/// the first cut since the start, a long one, and it may be whole by then, half written, or not begun.
async fn round(trial: &mut Trial, dice: &mut Dice) {
    let playing = trial.play();
    let frames = 1 + dice.below(FRAMES_MAX) as u64;
    let cutting = (dice.below(3) > 0).then(|| {
        let (forge, pulse) = (trial.stage.forge.clone(), playing.pulse.clone());
        let moment = (frames as f64 * dice.share()) as u64;
        tokio::spawn(async move {
            pulse.wait(moment).await;
            for spawn in forge.spawns() {
                // The nexus may be gone before it answers.
                let _ = forge.save(spawn).await;
            }
        })
    });
    playing.pulse.wait(frames).await;
    tokio::time::sleep(MOMENT.mul_f64(dice.share())).await;
    trial.stage.kill().await.unwrap();
    trial.ended(playing).await;
    if let Some(cutting) = cutting {
        // It may still wait for frames that do not come any more.
        cutting.abort();
    }
}
