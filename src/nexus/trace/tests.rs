use super::*;

fn say(player: PlayerId) -> Instruction {
    Instruction::Text { player, session: 1, n: None, text: "say my secret".into() }
}

fn stages(line: &mut mpsc::Receiver<Report>) -> Vec<Stage> {
    std::iter::from_fn(|| line.try_recv().ok()).map(|report| report.stage).collect()
}

#[test]
fn nobody_is_followed_unless_asked_for() {
    let (tracer, mut line) = Tracer::new();
    assert!(tracer.command(7, 1, &say(7)).is_none());
    tracer.follow(TraceOrder { player: 7, seconds: 60 }).unwrap();
    assert!(tracer.command(8, 1, &say(8)).is_none(), "another player");
    drop(tracer.command(7, 1, &say(7)));
    assert_eq!(stages(&mut line), [Stage::Read, Stage::Ended]);
}

#[test]
fn a_command_reports_each_stage_and_never_its_text() {
    let (tracer, mut line) = Tracer::new();
    tracer.follow(TraceOrder { player: 7, seconds: 60 }).unwrap();
    let mut command = tracer.command(7, 1, &say(7)).unwrap();
    command.pass(Stage::Given);
    command.applied(TurnReport { spawn: 1, seq: 2, world_ms: 3, micros: 4 });
    command.pass(Stage::Written);
    drop(command);
    let reports: Vec<Report> = std::iter::from_fn(|| line.try_recv().ok()).collect();
    let seen: Vec<Stage> = reports.iter().map(|report| report.stage).collect();
    assert_eq!(seen, [Stage::Read, Stage::Given, Stage::Applied, Stage::Written]);
    assert_eq!(reports[2].turn.map(|turn| turn.seq), Some(2));
    assert!(reports.iter().all(|report| report.name == "say" && report.command == 1));
    assert!(!format!("{reports:?}").contains("secret"));
    assert!(reports.windows(2).all(|pair| pair[0].at_us + pair[1].after_us <= pair[1].at_us + 1));
}

#[test]
fn names_are_the_tables_and_whatever_else_was_typed_is_not_named() {
    let name = |text: &str| name_of(&Instruction::Text { player: 1, session: 1, n: None, text: text.into() });
    let names = ["look", "l sword", "'hello", "hunter2", "TELL bob x", "", "quit"].map(name);
    assert_eq!(names, ["look", "look", "say", "other", "tell", "other", "quit"]);
}

#[test]
fn so_many_are_followed_and_no_longer_than_they_may() {
    let (tracer, _line) = Tracer::new();
    let order = |player, seconds| TraceOrder { player, seconds };
    for player in 0..TRACES_MAX as PlayerId {
        tracer.follow(order(player, 60)).unwrap();
    }
    assert_eq!(tracer.follow(order(99, 60)), Err(TraceRefused::Full));
    tracer.follow(order(0, 60)).expect("who is followed can be followed longer");
    assert_eq!(tracer.follow(order(0, TRACE_TIME_MAX.as_secs() + 1)), Err(TraceRefused::TooLong));
    // One is ended: there is room again.
    tracer.follow(order(0, 0)).unwrap();
    tracer.0.look();
    assert!(tracer.command(0, 1, &say(0)).is_none() && tracer.command(1, 1, &say(1)).is_some());
    tracer.follow(order(99, 60)).unwrap();
    assert!(tracer.reports(0, 0).unwrap().ended, "what was reported can still be read");
}

#[test]
fn a_trace_ends_by_itself() {
    let (tracer, _line) = Tracer::new();
    tracer.follow(TraceOrder { player: 7, seconds: 60 }).unwrap();
    lock(&tracer.0.traces).get_mut(&7).unwrap().until = Instant::now();
    assert!(tracer.command(7, 1, &say(7)).is_none(), "at once");
    tracer.0.look();
    assert_eq!(tracer.0.on.load(Ordering::Relaxed), 0);
    lock(&tracer.0.traces).get_mut(&7).unwrap().until -= READABLE_AFTER;
    tracer.0.look();
    assert!(tracer.reports(7, 0).is_none(), "and is forgotten");
}

#[tokio::test]
async fn more_reports_than_fit_are_left_out_and_counted() {
    let (tracer, line) = Tracer::new();
    tracer.follow(TraceOrder { player: 7, seconds: 60 }).unwrap();
    let mut command = tracer.command(7, 1, &say(7)).unwrap();
    (0..REPORTS_MAX).for_each(|_| command.pass(Stage::Given));
    assert_eq!(tracer.reports(7, 0).unwrap().missed, 1);
    tokio::spawn(write_down(tracer.clone(), line));
    let all = async {
        while tracer.reports(7, 0).unwrap().reports.len() < REPORTS_MAX {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), all).await.expect("all that fit are kept");
    let (last, missed) = (REPORTS_MAX as u64, tracer.reports(7, 0).unwrap().missed);
    assert_eq!((tracer.reports(7, last - 1).unwrap().reports.len(), missed), (1, 1));
    let report = tracer.reports(7, last - 1).unwrap().reports.remove(0);
    for _ in 0..=KEPT_MAX {
        tracer.0.keep(&report);
    }
    let kept = tracer.reports(7, 0).unwrap();
    assert_eq!(kept.reports.len(), KEPT_MAX);
    assert_eq!(kept.missed, missed + last + 1);
}
