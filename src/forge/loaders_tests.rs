use super::*;
use crate::world::by_id::ById;
use crate::world::kept::Kept;
use crate::world::spec::WorldSpec;
use crate::world::template::{Rule, WorldTemplate};
use indexmap::IndexMap;
use std::sync::Arc;

const SECOND: u64 = 1000;
const ZONE: i64 = 7;
const LOADER: i64 = 70;

fn rule(id: RuleId, load: Load, into: Place, copies: u32) -> Rule {
    Rule { id, load, into, copies }
}

fn two_guards() -> Vec<Rule> {
    vec![rule(1, Load::Mob(500), Place::Room(20_000), 2)]
}

fn templates(zone_wait: i64, loader_wait: Option<i64>, rules: Vec<Rule>) -> Templates {
    let zone = Zone {
        id: ZONE,
        slug: "z".into(),
        name: "Z".into(),
        respawn_wait: zone_wait,
        is_warzone: false,
        pvp_zone: false,
        rooms: vec![20_000],
    };
    let loader = Loader {
        id: LOADER,
        slug: "l".into(),
        zone: ZONE,
        name: "L".into(),
        respawn_wait: loader_wait,
        conditions: "facts.tide eq low".into(),
        is_group: false,
        rules,
    };
    Templates {
        world: WorldTemplate {
            id: 1000,
            slug: "w".into(),
            starting_room: 20_000,
            death_room: 20_000,
            config: (&WorldSpec::default()).into(),
        },
        zones: [(ZONE, Arc::new(zone))].into_iter().collect(),
        rooms: ById::default(),
        items: ById::default(),
        mobs: ById::default(),
        loaders: [(LOADER, Arc::new(loader))].into_iter().collect(),
        factions: IndexMap::new(),
        currencies: IndexMap::new(),
        socials: IndexMap::new(),
        starting_equipment: Vec::new(),
        triggers: ById::default(),
        fact_schedules: ById::default(),
        skills: IndexMap::new(),
        ground: Kept::default(),
        watch: Kept::default(),
    }
}

fn population(counts: &[(RuleId, u32)]) -> Population {
    Population { rules: counts.iter().copied().collect(), ..Population::default() }
}

fn query(now: u64, zone: Option<u64>, loader: Option<u64>) -> LoaderQuery {
    LoaderQuery {
        now,
        initial: false,
        zones: zone.map(|at| (ZONE, at)).into_iter().collect(),
        loaders: loader.map(|at| (LOADER, at)).into_iter().collect(),
        facts: Vec::new(),
    }
}

/// Zone's wait, loader's wait, now, zone's stamp, loader's stamp: does the zone reset, does the loader run.
#[test]
fn waits_decide_who_runs() {
    let hundred = 100 * SECOND;
    for (nth, (zone_wait, wait, now, zone_at, loader_at, resets, runs)) in [
        // The zone's wait.
        (300, None, hundred, None, None, true, true),
        (300, None, hundred, Some(0), None, false, false),
        (100, None, hundred, Some(0), Some(0), true, true),
        (100, None, hundred - 1, Some(0), Some(0), false, false),
        (0, None, hundred, Some(hundred), Some(hundred), true, true),
        (-1, None, hundred, Some(0), Some(0), false, false),
        (-1, None, hundred, Some(0), None, false, true),
        (-1, None, hundred, None, None, true, true),
        // Its own.
        (300, Some(0), hundred, Some(hundred), Some(hundred), false, true),
        (300, Some(60), hundred, Some(hundred), Some(40 * SECOND), false, true),
        (300, Some(60), hundred, Some(hundred), Some(41 * SECOND), false, false),
        (300, Some(60), hundred, Some(hundred), None, false, true),
        (100, Some(-1), hundred, Some(0), Some(0), true, false),
        (100, Some(-1), hundred, Some(0), None, true, true),
    ]
    .into_iter()
    .enumerate()
    {
        let plan =
            plan(&templates(zone_wait, wait, two_guards()), &population(&[]), &query(now, zone_at, loader_at), |_| {
                true
            });
        assert_eq!(plan.zones, if resets { vec![ZONE] } else { vec![] }, "zone of case {nth}");
        assert_eq!(plan.loaders, if runs { vec![LOADER] } else { vec![] }, "loader of case {nth}");
        assert_eq!(plan.loads.len(), if runs { 2 } else { 0 }, "loads of case {nth}");
    }
}

#[test]
fn only_what_is_missing_is_loaded() {
    let templates = templates(0, None, two_guards());
    for (live, loads) in [(0, 2), (1, 1), (2, 0), (9, 0)] {
        let plan = plan(&templates, &population(&[(1, live)]), &query(0, None, None), |_| true);
        assert_eq!(plan.loads.len(), loads, "{live} live");
        assert_eq!(plan.loaders, [LOADER], "a run that finds nothing missing is still a run");
        assert!(plan.loads.iter().all(|load| load.cap == 2 && load.into == PlannedPlace::Room(20_000)));
    }
}

#[test]
fn a_new_world_ignores_waits_and_counts_but_not_conditions() {
    let templates = templates(-1, Some(-1), two_guards());
    let query = LoaderQuery { initial: true, ..query(0, Some(0), Some(0)) };
    assert_eq!(plan(&templates, &population(&[(1, 2)]), &query, |_| true).loads.len(), 2);
    let dry = plan(&templates, &population(&[]), &query, |conditions| conditions != "facts.tide eq low");
    assert_eq!((dry.zones, dry.loaders, dry.loads), (vec![ZONE], vec![], vec![]));
}

#[test]
fn a_world_that_never_reloads_is_loaded_once() {
    let mut templates = templates(0, Some(0), two_guards());
    templates.world.config.never_reload = true;
    assert_eq!(plan(&templates, &population(&[]), &query(0, None, None), |_| true), LoadPlan::default());
    let first = LoaderQuery { initial: true, ..LoaderQuery::default() };
    assert_eq!(plan(&templates, &population(&[]), &first, |_| true).loads.len(), 2);
}

#[test]
fn a_rule_may_fill_what_an_earlier_rule_made_in_this_run() {
    let rules = vec![
        rule(1, Load::Mob(500), Place::Zone(ZONE), 3),
        rule(2, Load::Item(600), Place::Rule(1), 2),
        rule(3, Load::Item(601), Place::Rule(2), 1),
    ];
    let plan = plan(&templates(0, None, rules), &population(&[(1, 1), (2, 2)]), &query(0, None, None), |_| true);
    let seen: Vec<_> = plan.loads.iter().map(|load| (load.rule, load.into)).collect();
    assert_eq!(
        seen,
        [
            (1, PlannedPlace::Zone(ZONE)),
            (1, PlannedPlace::Zone(ZONE)),
            (2, PlannedPlace::Load(0)),
            (2, PlannedPlace::Load(0)),
            (2, PlannedPlace::Load(1)),
            (2, PlannedPlace::Load(1)),
            (3, PlannedPlace::Load(2)),
            (3, PlannedPlace::Load(3)),
            (3, PlannedPlace::Load(4)),
            (3, PlannedPlace::Load(5)),
        ]
    );
    assert_eq!(plan.loads[9].cap, u32::MAX, "what belongs to a mob is not counted against the world");
}

#[test]
fn a_full_plan_is_cut_and_its_loader_not_counted_as_run() {
    let many = (0..2000).map(|id| rule(id, Load::Mob(500), Place::Room(20_000), 15)).collect();
    let plan = plan(&templates(0, None, many), &population(&[]), &query(0, None, None), |_| true);
    assert_eq!(plan.loads.len(), PLANNED_LOADS_MAX);
    assert!(plan.loaders.is_empty());
}

#[test]
fn conditions_ask_for_the_facts_of_the_world() {
    let facts = [("season".to_owned(), "summer".to_owned())];
    for (conditions, holds) in [
        ("", true),
        ("fact_check season summer", true),
        ("fact_check season winter", false),
        ("not fact_check season winter", true),
        ("level 3", false),
        ("no such thing", false),
    ] {
        assert_eq!(facts_hold(conditions, &facts), holds, "{conditions}");
    }
}
