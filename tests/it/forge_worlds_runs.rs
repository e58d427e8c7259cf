//! Nexuses, leases, errands and images, with a nexus that does as the test says.

use std::collections::BTreeMap;
use std::time::Duration;

use realms::forge::{self, registry, spawns, worlds};
use realms::link::LinkError;
use realms::world::character::Character;
use realms::world::internal::*;

use crate::forge_worlds_rig::{FakeNexus, Rig, more, until};

async fn start(rig: &Rig) -> i64 {
    let spawn = rig.spawn().await;
    spawns::start(&rig.app, spawn, false).await.unwrap();
    spawn
}

async fn character(rig: &Rig, id: i64) -> Character {
    let client = rig.app.db.get().await.unwrap();
    realms::forge::characters::load(&client, id).await.unwrap().unwrap()
}

fn code<T: std::fmt::Debug>(answer: Result<T, LinkError>) -> String {
    answer.unwrap_err().code().to_owned()
}

#[tokio::test]
async fn without_the_service_token_nothing_is_said() {
    let rig = Rig::new().await;
    for path in ["errands", "nexus/register", "nothing"] {
        let answer = rig.other_link("guess").post::<serde_json::Value>(path, &1).await;
        assert_eq!(code(answer), "unauthorized", "{path}");
    }
    assert_eq!(code(rig.link().get::<serde_json::Value>("nothing").await), "unknown_path");
    let odd = rig.link().post::<serde_json::Value>("errands", &serde_json::json!({"errand": 1})).await;
    assert_eq!(code(odd), "malformed");
}

#[tokio::test]
async fn a_started_world_has_a_lease_ids_and_its_templates() {
    let rig = Rig::new().await;
    let applied = rig.mill().await;
    let spawn = rig.spawn().await;
    let nobody = spawns::start(&rig.app, spawn, false).await.unwrap_err();
    assert!(nobody.0.contains("No game server"), "{nobody}");
    let nexus = FakeNexus::start(&rig, "one").await;
    spawns::start(&rig.app, spawn, false).await.unwrap();
    let lease = nexus.lease();
    assert_eq!((lease.spawn, lease.root, lease.epoch, lease.name.as_str()), (spawn, applied.world, 1, "The Mill"));
    assert_eq!((lease.templates, lease.image), (applied.templates, None));
    assert_eq!((lease.ids.0 % ID_BLOCK, lease.ids.1 - lease.ids.0), (0, ID_BLOCK));
    assert!(lease.ids.0 >= 1 << 30);
    let again = spawns::start(&rig.app, spawn, false).await.unwrap_err();
    assert_eq!(again.0, "World cannot be started in 'running' state.");
}

#[tokio::test]
async fn a_start_that_fails_leaves_the_world_startable() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    nexus.refuse("start", 503, "failed");
    let spawn = rig.spawn().await;
    assert!(spawns::start(&rig.app, spawn, false).await.is_err());
    assert_eq!(rig.text("select lifecycle from spawn").await, "new");
    spawns::start(&rig.app, spawn, false).await.unwrap();
    assert_eq!(nexus.lease().epoch, 2, "every lease has its own epoch");
}

#[tokio::test]
async fn a_name_belongs_to_one_data_directory() {
    let rig = Rig::new().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let mut other = nexus.clone();
    other.data_id = "another disk".into();
    let refused = other.register(Vec::new()).await.unwrap_err();
    assert_eq!(refused.code(), "data_id");
    assert!(refused.to_string().contains("realms nexus forget one"), "{refused}");
    other.boot = 9;
    assert_eq!(code(other.heartbeat(BTreeMap::new()).await), "boot");
    other.name = "two".into();
    assert_eq!(code(other.heartbeat(BTreeMap::new()).await), "unknown_nexus");
    nexus.heartbeat(BTreeMap::new()).await.unwrap();
}

#[tokio::test]
async fn a_nexus_that_comes_back_keeps_its_worlds_and_hears_of_stale_ones() {
    let rig = Rig::new().await;
    rig.mill().await;
    let mut nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let lease = nexus.lease();
    nexus.boot = 2;
    let held = |spawn, epoch| HeldWorld { spawn, epoch, incarnation: 5, seq: 7, players: Vec::new() };
    let registered = nexus.register(vec![held(spawn, lease.epoch), held(4711, 1)]).await.unwrap();
    assert_eq!(registered.leases, std::slice::from_ref(&lease), "the same lease as before");
    assert_eq!(registered.stale, [4711]);
    assert_eq!(registered.keys, rig.app.tokens.public_keys());
    let registered = nexus.register(vec![held(spawn, lease.epoch - 1)]).await.unwrap();
    assert_eq!(registered.stale, [spawn]);
}

#[tokio::test]
async fn worlds_move_only_after_a_release_or_when_their_nexus_is_forgotten() {
    let rig = Rig::new().await;
    rig.mill().await;
    let one = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let two = FakeNexus::start(&rig, "two").await;
    let (account, _) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    rig.sql(&format!("update player set held_by_spawn = {spawn}, held_epoch = 1, in_game = true where id = {ann}"))
        .await;
    rig.sql("update nexus set last_seen_ts = now() - interval '1 hour' where name = 'one'").await;

    let lost = registry::forget(&rig.app.db, "one", true).await.unwrap().unwrap();
    assert_eq!((lost[0].spawn, lost[0].image, lost[0].players.as_slice()), (spawn, None, &["Ann".to_owned()][..]));
    assert_eq!(rig.text("select lifecycle from spawn").await, "running", "asking alone changes nothing");
    registry::forget(&rig.app.db, "one", false).await.unwrap().unwrap();
    assert!(registry::forget(&rig.app.db, "one", false).await.unwrap().is_none());
    assert_eq!(rig.number("select count(*) from player where in_game or held_by_spawn is not null").await, 0);

    spawns::start(&rig.app, spawn, false).await.unwrap();
    let lease = two.lease();
    assert!(lease.epoch > one.lease().epoch);
    let old = one.errand(&one.lease(), 1, Errand::GrantIds).await;
    assert_eq!(code(old), "epoch", "the old holder is heard no more");
    assert!(matches!(two.errand(&lease, 1, Errand::GrantIds).await.unwrap().answer, Answer::Ids { .. }));
}

#[tokio::test]
async fn a_stop_releases_the_lease_and_lets_everybody_go() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    nexus.refuse("stop", 503, "failed");
    assert!(spawns::stop(&rig.app, spawn, Duration::ZERO).await.is_err());
    assert_eq!(rig.text("select lifecycle from spawn").await, "stopping", "what did not answer still holds it");
    assert_eq!(spawns::stop(&rig.app, spawn, Duration::ZERO).await.unwrap_err().0, "Can only stop running worlds.");
    rig.sql("update spawn set lifecycle_ts = now() - interval '1 hour'").await;
    forge::tending::sweep(&rig.app).await;
    assert_eq!(rig.text("select lifecycle from spawn").await, "stopped");
    assert_eq!(nexus.told.lock().unwrap().stopped, [spawn, spawn]);
    assert_eq!(rig.number("select count(*) from spawn where nexus is not null").await, 0);
}

#[tokio::test]
async fn idle_worlds_are_stopped_and_unused_entries_end() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let (account, _) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    rig.sql(&format!(
        "update player set held_by_spawn = {spawn}, held_epoch = 1, in_game = true where id = {ann};
         insert into entry values ({ann}, {spawn}, 1, now() - interval '1 hour');
         update spawn set last_played_ts = now() - interval '1 hour'"
    ))
    .await;
    nexus.heartbeat(BTreeMap::from([(spawn, vec![])])).await.unwrap();
    forge::tending::sweep(&rig.app).await;
    assert_eq!(rig.number("select count(*) from player where held_by_spawn is not null").await, 0);
    assert_eq!(rig.text("select lifecycle from spawn").await, "stopped");
}

#[tokio::test]
async fn a_world_with_somebody_in_it_runs_on() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let (account, _) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    rig.sql(&format!(
        "update player set held_by_spawn = {spawn}, held_epoch = 1 where id = {ann};
         insert into entry values ({ann}, {spawn}, 1, now() - interval '1 hour');
         update spawn set last_played_ts = now() - interval '1 hour'"
    ))
    .await;
    nexus.heartbeat(BTreeMap::from([(spawn, vec![ann])])).await.unwrap();
    forge::tending::sweep(&rig.app).await;
    assert_eq!(rig.text("select lifecycle from spawn").await, "running");
    assert_eq!(rig.number("select count(*) from player where held_by_spawn is not null and in_game").await, 1);
}

#[tokio::test]
async fn an_errand_is_done_once_and_answered_the_same_for_ever() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    start(&rig).await;
    let lease = nexus.lease();
    let first = nexus.errand(&lease, 1, Errand::GrantIds).await.unwrap();
    let (a, b) = tokio::join!(nexus.errand(&lease, 1, Errand::GrantIds), nexus.errand(&lease, 1, Errand::GrantIds));
    assert_eq!((a.unwrap(), b.unwrap()), (first.clone(), first.clone()));
    let (c, d) = tokio::join!(nexus.errand(&lease, 2, Errand::GrantIds), nexus.errand(&lease, 2, Errand::GrantIds));
    assert_eq!(c.as_ref().unwrap(), d.as_ref().unwrap(), "two at once are one");
    assert_ne!(c.unwrap().answer, first.answer);
    let other = nexus.errand(&lease, 1, Errand::Whois { name: "Ann".into() }).await;
    assert_eq!(code(other), "content");
    let stale = Lease { epoch: lease.epoch + 1, ..lease.clone() };
    assert_eq!(nexus.errand(&stale, 1, Errand::GrantIds).await.unwrap(), first, "known under any epoch");
    assert_eq!(code(nexus.errand(&stale, 3, Errand::GrantIds).await), "epoch");
}

#[tokio::test]
async fn a_save_with_release_lets_the_character_go() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let (account, _) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    rig.sql(&format!("update player set held_by_spawn = {spawn}, held_epoch = 1, in_game = true where id = {ann}"))
        .await;
    let mut saved = character(&rig, ann).await;
    saved.gold = 77;
    let save = |release| Errand::SaveCharacter { character: Box::new(saved.clone()), release };
    let lease = nexus.lease();
    assert_eq!(nexus.errand(&lease, 1, save(false)).await.unwrap().answer, Answer::Saved { version: 1 });
    assert_eq!(rig.number("select count(*) from player where held_by_spawn is not null").await, 1);
    assert_eq!(nexus.errand(&lease, 2, save(true)).await.unwrap().answer, Answer::Saved { version: 2 });
    assert_eq!(nexus.errand(&lease, 2, save(true)).await.unwrap().answer, Answer::Saved { version: 2 });
    assert_eq!(rig.number("select count(*) from player where held_by_spawn is null and not in_game").await, 1);
    assert_eq!(character(&rig, ann).await.gold, 77);
    assert_eq!(rig.number("select count(*) from player_event where event = 'logout'").await, 1);

    let found = nexus.errand(&lease, 3, Errand::Whois { name: "aNN".into() }).await.unwrap().answer;
    let Answer::Whois { found: Some(card) } = found else { panic!("{found:?}") };
    assert_eq!((card.id, card.name.as_str()), (ann, "Ann"));
    let nobody = nexus.errand(&lease, 4, Errand::Whois { name: "nobody\0".into() }).await.unwrap().answer;
    assert_eq!(nobody, Answer::Whois { found: None });
}

#[tokio::test]
async fn a_character_of_another_world_is_not_saved() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    start(&rig).await;
    let (account, _) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    let saved = character(&rig, ann).await;
    rig.sql(
        "with s as (insert into spawn (world_id, is_shared, seed) select id, false, 1 from world returning id)
             update player set held_by_spawn = s.id, held_epoch = 1 from s",
    )
    .await;
    let errand = Errand::SaveCharacter { character: Box::new(saved), release: true };
    let answer = nexus.errand(&nexus.lease(), 1, errand).await.unwrap().answer;
    assert!(matches!(answer, Answer::Refused { code, .. } if code == "not_held"));
}

#[tokio::test]
async fn loaders_run_by_what_lives_on_the_nexus() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    start(&rig).await;
    let lease = nexus.lease();
    let facts = vec![("season".to_owned(), "winter".to_owned())];
    let initial = LoaderQuery { initial: true, facts: facts.clone(), ..LoaderQuery::default() };
    let answer = nexus.errand(&lease, 1, Errand::RunLoaders(initial)).await.unwrap().answer;
    let Answer::Load(plan) = answer else { panic!("{answer:?}") };
    assert_eq!((plan.zones.len(), plan.loaders.len()), (2, 2), "the beasts of the wood wait for summer");
    let count = |plan: &LoadPlan, rule: i64| plan.loads.iter().filter(|load| load.rule == rule).count() as u32;
    let rules: Vec<i64> = plan.loads.iter().map(|load| load.rule).collect();
    nexus.told.lock().unwrap().population.rules = rules.iter().map(|rule| (*rule, count(&plan, *rule))).collect();
    let later = LoaderQuery { now: 1_000_000, facts, ..LoaderQuery::default() };
    let answer = nexus.errand(&lease, 2, Errand::RunLoaders(later.clone())).await.unwrap().answer;
    let Answer::Load(plan) = answer else { panic!("{answer:?}") };
    assert_eq!((plan.loads.len(), plan.loaders.len()), (0, 2), "everything is there");
    nexus.told.lock().unwrap().population.rules.remove(&rules[0]);
    let answer = nexus.errand(&lease, 3, Errand::RunLoaders(later)).await.unwrap().answer;
    let Answer::Load(plan) = answer else { panic!("{answer:?}") };
    assert_eq!(plan.loads[0].rule, rules[0], "the sack is gone, and comes back with what was in it");
    assert_eq!(plan.loads.len(), 2);
    assert_eq!(plan.loads[1].into, PlannedPlace::Load(0));
}

fn image(lease: &Lease, seq: u64, since: Option<u64>, records: &[(&str, Option<&str>)]) -> ImageSave {
    ImageSave {
        nexus: "one".into(),
        spawn: lease.spawn,
        epoch: lease.epoch,
        incarnation: 5,
        seq,
        since,
        records: records.iter().map(|(key, value)| ((*key).into(), value.map(Into::into))).collect(),
        digest: format!("digest at {seq}"),
        characters: Vec::new(),
    }
}

#[tokio::test]
async fn images_come_forward_with_their_characters_and_start_the_next_lease() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let lease = nexus.lease();
    let (account, _) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    let link = rig.link();
    let path = format!("images/{spawn}");
    assert_eq!(code(link.get_bytes(&path).await), "unknown_image");
    let gap = link.post::<Saved>(&path, &image(&lease, 9, Some(4), &[])).await;
    assert_eq!(code(gap), "image_gap");

    let first = image(&lease, 10, None, &[("YQ==", Some("MQ==")), ("Yg==", Some("Mg=="))]);
    let saved = Saved { incarnation: 5, seq: 10, characters: 0 };
    assert_eq!(link.post::<Saved>(&path, &first).await.unwrap(), saved);
    assert_eq!(link.post::<Saved>(&path, &first).await.unwrap(), saved, "twice is once");
    let mut second = image(&lease, 20, Some(10), &[("YQ==", None), ("Yw==", Some("Mw=="))]);
    second.characters = vec![Character { gold: 5, ..character(&rig, ann).await }];
    let hold = format!(
        "with held as (update player set held_by_spawn = {spawn}, held_epoch = {} where id = {ann} returning 1)
         select count(*) from held",
        lease.epoch
    );
    assert_eq!(rig.number(&hold).await, 1);
    link.post::<Saved>(&path, &second).await.unwrap();
    assert_eq!(character(&rig, ann).await.gold, 5);
    assert_eq!(code(link.post::<Saved>(&path, &image(&lease, 30, Some(10), &[])).await), "image_gap");
    let foreign = ImageSave { epoch: 99, ..image(&lease, 30, Some(20), &[]) };
    assert_eq!(code(link.post::<Saved>(&path, &foreign).await), "epoch");
    assert_eq!(code(link.post::<Saved>("images/1", &first).await), "malformed");
    let broken = image(&lease, 30, Some(20), &[("%", None)]);
    assert_eq!(code(link.post::<Saved>(&path, &broken).await), "malformed");

    let bytes = link.get_bytes(&path).await.unwrap();
    let records: Vec<(Vec<u8>, Vec<u8>)> = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(records, [(b"b".to_vec(), b"2".to_vec()), (b"c".to_vec(), b"3".to_vec())]);
    spawns::stop(&rig.app, spawn, Duration::ZERO).await.unwrap();
    spawns::start(&rig.app, spawn, false).await.unwrap();
    let info = ImageInfo { incarnation: 5, seq: 20, records: 2, digest: "digest at 20".into() };
    assert_eq!(nexus.lease().image, Some(info));
}

#[tokio::test]
async fn a_running_world_gets_new_templates_and_a_nexus_that_was_away_gets_them_later() {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = start(&rig).await;
    let shrug = "kind: social\nmetadata: {slug: shrug, world: mill}\nspec: {priority: 7, targetless_self: You shrug., targetless_other: '{actor} shrugs.'}\n";
    let applied = rig.apply(&more(shrug), false).await.unwrap();
    let order = (spawn, Order::Templates { hash: applied.templates.clone() });
    until("the order comes", async || nexus.told.lock().unwrap().orders.contains(&order)).await;

    nexus.refuse("instruct", 503, "failed");
    let applied = rig.apply(&more(&shrug.replace("priority: 7", "priority: 8")), false).await.unwrap();
    let order = (spawn, Order::Templates { hash: applied.templates.clone() });
    until("the first try", async || nexus.told.lock().unwrap().orders.contains(&order)).await;
    until("it is noted as not sent", async || {
        rig.number("select count(*) from spawn s join world w on w.id = s.world_id where s.templates <> w.templates")
            .await
            == 1
    })
    .await;
    forge::tending::sweep(&rig.app).await;
    assert_eq!(nexus.told.lock().unwrap().orders.iter().filter(|told| **told == order).count(), 2);
    assert!(worlds::archive(&rig.app.db, "mill", true).await.is_err(), "a running world is not archived");
}

#[tokio::test]
async fn a_pinned_world_has_its_nexus_and_others_keep_away_from_it() {
    let rig = Rig::new().await;
    rig.mill().await;
    let (_one, _two) = (FakeNexus::start(&rig, "one").await, FakeNexus::start(&rig, "two").await);
    let place = async |pinned: Option<&str>, last: Option<&str>| {
        let client = rig.app.db.get().await.unwrap();
        registry::place(&client, pinned, last, None).await.unwrap()
    };
    assert_eq!(place(None, None).await.as_deref(), Some("one"));
    assert!(registry::pin(&rig.app.db, "mill", Some("one")).await.unwrap());
    assert!(!registry::pin(&rig.app.db, "nothing", Some("one")).await.unwrap());
    assert_eq!(place(Some("one"), None).await.as_deref(), Some("one"));
    assert_eq!(place(None, Some("one")).await.as_deref(), Some("two"), "one is the mill's");
    assert_eq!(place(Some("three"), None).await, None, "a pinned world waits for its nexus");
    let spawn = start(&rig).await;
    let at = rig.text(&format!("select nexus from spawn where id = {spawn}")).await;
    assert_eq!(at, "one");

    rig.sql("update nexus set last_seen_ts = now() - interval '1 hour' where name = 'two'").await;
    assert_eq!(place(None, None).await.as_deref(), Some("one"), "where no other is alive");
    assert!(registry::pin(&rig.app.db, "mill", None).await.unwrap());
    rig.sql("update nexus set last_seen_ts = now()").await;
    assert_eq!(place(None, Some("one")).await.as_deref(), Some("one"), "the mill is bound no more");
}
