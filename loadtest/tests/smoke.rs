//! The harness as a user runs it: a short run against a real Nexus and two baselines. What it measures is not looked at,
//! only that it measures, that players saw what they should, and that the report has its shape.

use std::path::Path;
use std::process::Command;

#[test]
fn a_short_run_reports_every_system_and_players_see_what_they_should() {
    let loadtest = Path::new(env!("CARGO_BIN_EXE_loadtest"));
    let nexus = loadtest.with_file_name("nexus");
    if !nexus.exists() {
        eprintln!("skipped: there is no {}; cargo nextest run --workspace builds it", nexus.display());
        return;
    }
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (json, html) = (dir.path().join("report.json"), dir.path().join("report.html"));
    let done = Command::new(loadtest)
        .args(["run", "--players", "8", "--rate", "5", "--persona", "chat", "--seconds", "2", "--warmup", "0"])
        .args(["--listeners", "2", "--rooms", "4", "--mobs", "3", "--items", "3", "--beside", "echo"])
        .args(["--expect", "realms.paced.commands > 0", "--expect", "echo.paced.refused_percent < 1"])
        .arg("--dir")
        .arg(dir.path())
        .arg("--json")
        .arg(&json)
        .arg("--html")
        .arg(&html)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    // A machine that is too busy to keep the schedule makes the run invalid (3), which is no fault of ours.
    assert!(matches!(done.status.code(), Some(0 | 3)), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    for system in ["realms", "echo"] {
        let figures = &report["systems"][system]["paced"];
        for name in [
            "commands_per_s",
            "deliveries_per_s",
            "p50_ms",
            "p95_ms",
            "p99_ms",
            "max_ms",
            "cpu_ms_per_command",
            "rss_mib",
        ] {
            assert!(figures[name].is_number(), "{system} has no {name}");
        }
        assert_eq!(figures["refused_percent"], 0.0, "{said}");
    }
    let oracle = &report["systems"]["realms"]["paced"]["oracle"];
    assert!(oracle["checked"].as_u64().unwrap() > 0, "{oracle}");
    assert_eq!(
        (&oracle["missing"], &oracle["twice_or_out_of_order"], &oracle["astray"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!(report["systems"]["realms"]["paced"]["items_gained"], 0);
    assert!(std::fs::read_to_string(&html).unwrap().contains("<svg"));
}
