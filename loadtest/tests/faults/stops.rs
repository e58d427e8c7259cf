//! A nexus that is asked to stop while people play, and one that is started where another runs.

use std::process::Stdio;

use loadtest::stage::StageOptions;

use crate::options;
use crate::trial::Trial;

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_tells_everyone_and_replays_nothing_when_it_comes_back() {
    let mut trial = Trial::begin(StageOptions { worlds: 2, log: "info".into(), ..options() }).await;
    trial.stay();
    for _ in 0..3 {
        let playing = trial.play();
        playing.goes_on(400).await;
        trial.stage.stop().await.unwrap();
        trial.ended(playing).await;
        for client in &trial.clients {
            // 1001: it goes away, and comes back.
            assert_eq!(client.closed, Some(1001), "player {} was told {:?}", client.player, client.closed);
        }
        let disk = trial.look().unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(disk.turns, 0, "the cuts have everything");
        trial.stage.start_again().await.unwrap();
    }
    let log = trial.stage.log();
    let starts: Vec<&str> = log.lines().filter(|line| line.contains("has its worlds back")).collect();
    // The first two are those of the trial's beginning.
    assert!(starts.len() == 5 && starts[2..].iter().all(|line| line.contains("turns=0")), "{starts:#?}");
    trial.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_nexus_on_the_same_folder_says_so_and_ends_and_the_first_does_not_notice() {
    let mut trial = Trial::begin(StageOptions { worlds: 2, ..options() }).await;
    let playing = trial.play();
    playing.goes_on(200).await;
    for _ in 0..3 {
        let second = trial.stage.command().stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap();
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert_eq!(second.status.code(), Some(1), "{said}");
        let folder = trial.stage.data();
        let expected = format!("the folder {} is in use by another nexus: stop that one", folder.display());
        assert!(said.contains(&expected) && said.trim_end().lines().count() == 1, "{said}");
        playing.goes_on(200).await;
    }
    trial.kill_and_look(playing).await.unwrap_or_else(|problems| panic!("{problems}"));
    trial.stage.start_again().await.unwrap();
    // And what the first wrote meanwhile is whole for the next.
    let playing = trial.play();
    playing.goes_on(200).await;
    trial.kill_and_look(playing).await.unwrap_or_else(|problems| panic!("{problems}"));
    trial.end();
}
