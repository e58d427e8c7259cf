//! The lobby and its characters as a client meets them.

use hyper::Method;
use serde_json::{Value, json};

use crate::support::forge::{Answer, TestForge};

async fn create(forge: &TestForge, world: impl std::fmt::Display, token: &str, name: &str) -> Answer {
    let form = json!({"name": name, "gender": "male", "archetype": "mage", "faction": null});
    forge.post(&format!("lobby/worlds/{world}/chars/"), token, form).await
}

async fn faction(forge: &TestForge, world: i64, slug: &str, is_default: bool, is_selectable: bool) {
    let client = forge.database.client().await;
    client
        .execute(
            "insert into faction (world_id, slug, name, description, is_core, is_default, is_selectable, spec)
             values ($1, $2, $3, 'Folk.', true, $4, $5, '{}')",
            &[&world, &slug, &slug.to_uppercase(), &is_default, &is_selectable],
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn the_lobby_has_all_its_sections_even_when_there_is_nothing() {
    let forge = TestForge::new().await;
    let (_, ann) = forge.account("ann@example.org").await;
    let front = forge.get("lobby/", &ann).await.expect(200);
    let sections = ["recent_characters", "featured", "staff_picks", "in_development", "playing", "building", "intro"];
    for section in sections {
        assert_eq!(front[section], json!([]), "{section}");
    }
    assert_eq!(forge.get("lobby/homedata/", "").await.expect(200), json!({"patrons": [], "worlds": []}));
    forge.get("lobby/", "").await.expect(401);
    let platform = forge.get("platform/", "").await.expect(200);
    assert_eq!((&platform["name"], &platform["intro_world"]), (&json!("Realms"), &json!(null)));
}

#[tokio::test]
async fn worlds_show_up_where_they_belong() {
    let forge = TestForge::new().await;
    let open = forge.world("open", json!({"description": "One.\nTwo.", "small_background": "/a.jpg"})).await;
    let hidden = forge.world("hidden", json!({"is_public": false})).await;
    let (ann, token) = forge.account("ann@example.org").await;
    let client = forge.database.client().await;
    let build = "insert into world_builder (world_id, user_id, rank) values ($1, $2, 3)";
    client.execute(build, &[&hidden, &ann["id"].as_i64().unwrap()]).await.unwrap();
    create(&forge, "open", &token, "Ann").await.expect(201);
    let front = forge.get("lobby/", &token).await.expect(200);
    let ids = |section: &Value| -> Vec<i64> {
        section.as_array().unwrap().iter().map(|world| world["id"].as_i64().unwrap()).collect()
    };
    for (section, worlds) in [
        ("featured", vec![open]),
        ("staff_picks", vec![open]),
        ("in_development", vec![hidden]),
        ("playing", vec![open]),
        ("building", vec![hidden]),
        ("intro", vec![open]),
    ] {
        assert_eq!(ids(&front[section]), worlds, "{section}");
    }
    insta::assert_json_snapshot!(front["featured"][0], @r#"
    {
      "built_by": "",
      "description": "One.\nTwo.",
      "id": 1000,
      "is_multiplayer": true,
      "key": "world.1000",
      "name": "THE OPEN",
      "num_characters": 1,
      "short_description": "",
      "small_background": "/a.jpg"
    }
    "#);
    assert_eq!(front["recent_characters"][0]["world_name"], "The open");
    for (path, worlds) in [
        ("public", vec![open]),
        ("reviewed", vec![open]),
        ("playing", vec![open]),
        ("building", vec![hidden]),
        ("dev", vec![hidden]),
        ("all", vec![hidden, open]),
        ("intro", vec![open]),
        ("online", vec![]),
        ("featured", vec![open]),
        ("user", vec![hidden]),
    ] {
        let page = forge.get(&format!("lobby/worlds/{path}/?page_size=100"), &token).await.expect(200);
        assert_eq!(ids(&page["results"]), worlds, "{path}");
        assert_eq!(page["count"], worlds.len(), "{path}");
    }
    forge.get("lobby/worlds/playing/", "").await.expect(401);
    assert_eq!(ids(&forge.get("lobby/worlds/all", "").await.expect(200)["results"]), [open]);
}

#[tokio::test]
async fn a_world_is_found_by_id_key_and_slug() {
    let forge = TestForge::new().await;
    let id = forge.world("open", json!({"default_gender": "non_binary", "is_narrative": true})).await;
    faction(&forge, id, "dwarf", false, true).await;
    for name in [format!("{id}"), format!("world.{id}"), "open".into()] {
        let world = forge.get(&format!("lobby/worlds/{name}/"), "").await.expect(200);
        assert_eq!(world["id"], id);
    }
    let world = forge.get("lobby/worlds/open/", "").await.expect(200);
    insta::assert_json_snapshot!(world, {".id" => "[id]", ".key" => "[key]", ".core_factions[].id" => "[id]",
                                         ".core_factions[].key" => "[key]"}, @r#"
    {
      "allow_combat": false,
      "author": null,
      "built_by": "",
      "can_create_chars": true,
      "can_edit": false,
      "can_select_faction": true,
      "can_select_gender": true,
      "core_factions": [
        {
          "code": "dwarf",
          "description": "Folk.",
          "id": "[id]",
          "is_core": true,
          "is_default": false,
          "is_selectable": true,
          "key": "[key]",
          "name": "DWARF"
        }
      ],
      "default_gender": "non_binary",
      "description": "",
      "id": "[id]",
      "instance_of": {},
      "is_classless": false,
      "is_multiplayer": true,
      "is_narrative": true,
      "is_private": false,
      "key": "[key]",
      "large_background": null,
      "name": "The open",
      "num_characters": 0,
      "num_user_characters": 0,
      "num_world_player_characters": 0,
      "short_description": "",
      "small_background": null
    }
    "#);
    for part in ["chars/?page_size=30", "leaders/"] {
        let page = forge.get(&format!("lobby/worlds/open/{part}"), "").await.expect(200);
        assert_eq!(page, json!({"count": 0, "next": null, "previous": null, "results": []}));
    }
    forge.get("lobby/worlds/nowhere/", "").await.expect(404);
    // A spawn is no root world.
    let (_, token) = forge.account("ann@example.org").await;
    let spawn = create(&forge, id, &token, "Ann").await.expect(201)["world_id"].clone();
    assert_ne!(spawn, json!(id));
    forge.get(&format!("lobby/worlds/{spawn}/"), &token).await.expect(404);
}

#[tokio::test]
async fn private_worlds_are_for_those_who_build_them_or_live_there() {
    let forge = TestForge::new().await;
    let id = forge.world("hidden", json!({"is_public": false})).await;
    let (ann, token) = forge.account("ann@example.org").await;
    let told = forge.get("lobby/worlds/hidden/", &token).await.expect(403);
    assert_eq!(told["detail"], "This world is private.");
    for part in ["chars/", "leaders/"] {
        forge.get(&format!("lobby/worlds/hidden/{part}"), "").await.expect(403);
    }
    create(&forge, id, &token, "Ann").await.expect(403);
    let client = forge.database.client().await;
    let ann = ann["id"].as_i64().unwrap();
    client.execute("update world set author_id = $1 where id = $2", &[&ann, &id]).await.unwrap();
    assert_eq!(forge.get("lobby/worlds/hidden/", &token).await.expect(200)["can_edit"], true);
    create(&forge, id, &token, "Ann").await.expect(201);
    client.execute("update world set author_id = null", &[]).await.unwrap();
    assert_eq!(forge.get("lobby/worlds/hidden/", &token).await.expect(200)["can_edit"], false);
    client.execute("update world set is_archived = true", &[]).await.unwrap();
    forge.get("lobby/worlds/hidden/", &token).await.expect(404);
}

#[tokio::test]
async fn searching_finds_parts_of_names_and_ids_and_takes_wildcards_literally() {
    let forge = TestForge::new().await;
    let id = forge.world("open", json!({"name": "Low % Water"})).await;
    forge.world("hidden", json!({"name": "Low Tide", "is_public": false})).await;
    let count = async |query: &str| {
        forge.get(&format!("lobby/worlds/search/?{query}"), "").await.expect(200)["count"].as_i64().unwrap()
    };
    assert_eq!(count("q=low").await, 1);
    assert_eq!(count("q=LOW&reviewed=false").await, 1);
    assert_eq!(count("q=%25").await, 1);
    assert_eq!(count("q=_ow").await, 0);
    assert_eq!(count("q=").await, 0);
    assert_eq!(count("").await, 0);
    assert_eq!(count(&format!("q={id}")).await, 1);
    assert_eq!(count("q=%00").await, 0);
    assert_eq!(count("q='%3B--").await, 0);
}

#[tokio::test]
async fn a_character_is_made_as_asked() {
    let forge = TestForge::new().await;
    let id = forge.world("open", json!({})).await;
    faction(&forge, id, "human", true, true).await;
    faction(&forge, id, "dwarf", false, true).await;
    let (_, token) = forge.account("ann@example.org").await;
    let form = json!({"name": "gimlet the Sharp", "gender": "non_binary", "archetype": "assassin", "faction": "dwarf"});
    let made = forge.post("lobby/worlds/open/chars/", &token, form).await.expect(201);
    insta::assert_json_snapshot!(made, {".world_id" => "[id]", ".world_key" => "[key]", ".root_world_id" => "[id]"}, @r#"
    {
      "archetype": "assassin",
      "can_transfer": false,
      "core_faction": "DWARF",
      "description": "",
      "display_faction": "DWARF",
      "gender": "non_binary",
      "glory": 0,
      "id": 1,
      "is_confirmed": true,
      "is_immortal": false,
      "is_staff": false,
      "key": "player.1",
      "last_connection_ts": null,
      "level": 1,
      "link_id": null,
      "name": "Gimlet",
      "root_world_id": "[id]",
      "title": "the Sharp",
      "user_id": 1,
      "world_id": "[id]",
      "world_is_multi": true,
      "world_key": "[key]",
      "world_name": "The open"
    }
    "#);
    let list = forge.get(&format!("lobby/worlds/{id}/chars"), &token).await.expect(200);
    assert_eq!((&list["count"], &list["results"][0]), (&json!(1), &made));
    // An unknown faction is ignored, an unknown class is not.
    let form = json!({"name": "Bob", "faction": "elf"});
    let bob = forge.post("lobby/worlds/open/chars/", &token, form).await.expect(201);
    assert_eq!(
        (&bob["core_faction"], &bob["archetype"], &bob["gender"]),
        (&json!("HUMAN"), &json!("warrior"), &json!("female"))
    );
    let form = json!({"name": "Carl", "archetype": "bard"});
    let told = forge.post("lobby/worlds/open/chars/", &token, form).await.expect(400);
    assert_eq!(told, json!({"archetype": ["Unknown class."]}));
    // Both live in the one shared copy of the world.
    assert_eq!(made["world_id"], bob["world_id"]);
    let row = forge.database.client().await.query_one("select is_initialised, room_id from player limit 1", &[]).await;
    let row = row.unwrap();
    assert!(!row.get::<_, bool>(0) && row.get::<_, Option<i64>>(1).is_none());
}

#[tokio::test]
async fn worlds_decide_what_characters_may_choose() {
    let forge = TestForge::new().await;
    forge
        .world(
            "fixed",
            json!({"is_classless": true, "can_select_gender": false, "default_gender": "non_binary",
                   "name_exclusions": ["Odin"]}),
        )
        .await;
    forge.world("closed", json!({"can_create_chars": false})).await;
    let (_, token) = forge.account("ann@example.org").await;
    let made = create(&forge, "fixed", &token, "Ann").await.expect(201);
    assert_eq!((&made["archetype"], &made["gender"]), (&json!(""), &json!("non_binary")));
    let told = create(&forge, "fixed", &token, "odin").await.expect(400);
    assert_eq!(told, json!({"name": ["That name is unavailable."]}));
    let told = create(&forge, "closed", &token, "Ann").await.expect(400);
    assert_eq!(told, json!({"non_field_errors": ["Character creation is disabled for this world."]}));
}

#[tokio::test]
async fn names_are_unique_in_a_shared_world_until_they_are_free_again() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, ann) = forge.account("ann@example.org").await;
    let (_, bob) = forge.account("bob@example.org").await;
    let made = create(&forge, "open", &ann, "Eldrin").await.expect(201);
    let told = create(&forge, "open", &bob, "eLDRIN the Other").await.expect(400);
    assert_eq!(told, json!({"name": ["This name is already taken."]}));
    let path = format!("lobby/worlds/open/chars/{}/", made["id"]);
    forge.call(Method::DELETE, &path, &bob, None).await.expect(403);
    forge.call(Method::DELETE, &path, &ann, None).await.expect(204);
    forge.call(Method::DELETE, &path, &ann, None).await.expect(404);
    assert_eq!(forge.get("lobby/worlds/open/chars/", &ann).await.expect(200)["count"], 0);
    create(&forge, "open", &bob, "Eldrin").await.expect(201);
}

#[tokio::test]
async fn of_two_who_want_a_name_at_once_one_gets_it() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, ann) = forge.account("ann@example.org").await;
    let (_, bob) = forge.account("bob@example.org").await;
    let (a, b) = tokio::join!(create(&forge, "open", &ann, "Eldrin"), create(&forge, "open", &bob, "Eldrin"));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400]);
}

#[tokio::test]
async fn alone_each_character_has_a_world_of_its_own() {
    let forge = TestForge::new().await;
    forge.world("solo", json!({"is_multiplayer": false})).await;
    let (_, token) = forge.account("ann@example.org").await;
    let first = create(&forge, "solo", &token, "R2 D2!").await.expect(201);
    let second = create(&forge, "solo", &token, "R2 D2!").await.expect(201);
    assert_ne!(first["world_id"], second["world_id"]);
    let path = format!("lobby/worlds/{}/transfer/", first["id"]);
    let told =
        forge.post(&path, &token, json!({"player": first["id"], "name": "R", "gender": "male"})).await.expect(400);
    assert_eq!(told, json!(["Player is not in a completed world."]));
}

#[tokio::test]
async fn characters_in_a_world_are_left_alone() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, token) = forge.account("ann@example.org").await;
    let made = create(&forge, "open", &token, "Ann").await.expect(201);
    let path = format!("lobby/worlds/open/chars/{}/", made["id"]);
    let patch = async |text: &str| forge.call(Method::PATCH, &path, &token, Some(json!({"description": text}))).await;
    assert_eq!(patch("Tall.").await.expect(200)["description"], "Tall.");
    assert!(patch(&"x".repeat(4001)).await.expect(400)["description"][0].is_string());
    let client = forge.database.client().await;
    client.execute("update player set in_game = true, held_by_spawn = spawn_id, held_epoch = 1", &[]).await.unwrap();
    assert!(patch("Short.").await.expect(400)[0].is_string());
    assert!(forge.call(Method::DELETE, &path, &token, None).await.expect(400)[0].is_string());
    assert_eq!(forge.get("lobby/worlds/online/", "").await.expect(200)["count"], 1);
}

#[tokio::test]
async fn leaders_come_by_glory_then_experience_and_immortals_do_not() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, token) = forge.account("ann@example.org").await;
    for name in ["Ada", "Bea", "Cleo", "Dora"] {
        create(&forge, "open", &token, name).await.expect(201);
    }
    let client = forge.database.client().await;
    client
        .batch_execute(
            "update player set glory = 5 where name in ('Bea', 'Cleo'); update player set experience = 9 where name = 'Cleo';
             update player set glory = 99, is_immortal = true where name = 'Dora'",
        )
        .await
        .unwrap();
    let page = forge.get("lobby/worlds/open/leaders/", "").await.expect(200);
    let names: Vec<&str> = page["results"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Cleo", "Bea", "Ada"]);
}

#[tokio::test]
async fn there_is_a_limit_to_characters_per_world() {
    let forge = TestForge::with(|options| options.limits.characters_per_world = 2).await;
    forge.world("open", json!({})).await;
    let (_, token) = forge.account("ann@example.org").await;
    create(&forge, "open", &token, "Ada").await.expect(201);
    create(&forge, "open", &token, "Bea").await.expect(201);
    let told = create(&forge, "open", &token, "Cleo").await.expect(400);
    assert!(told["non_field_errors"][0].as_str().unwrap().starts_with("You have 2 characters"), "{told}");
}

#[tokio::test]
async fn long_lists_come_in_pages_of_ten() {
    let forge = TestForge::with(|options| options.limits.characters_per_minute = 100).await;
    forge.world("open", json!({})).await;
    let (_, token) = forge.account("ann@example.org").await;
    for n in 0..12u8 {
        let name = format!("Ann{}", char::from(b'a' + n));
        create(&forge, "open", &token, &name).await.expect(201);
    }
    let page = forge.get("lobby/worlds/open/chars/", &token).await.expect(200);
    assert_eq!((&page["count"], page["results"].as_array().unwrap().len()), (&json!(12), 10));
    assert_eq!(page["next"], "http://realms.test/api/v1/lobby/worlds/open/chars/?page=2");
    let page = forge.get("lobby/chars/recent?page=2&page_size=5", &token).await.expect(200);
    assert_eq!(page["previous"], "http://realms.test/api/v1/lobby/chars/recent?page=1&page_size=5");
    assert_eq!(page["results"].as_array().unwrap().len(), 5);
    forge.get("lobby/worlds/open/chars/?page=3", &token).await.expect(404);
    assert_eq!(forge.get("lobby/", &token).await.expect(200)["recent_characters"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_home_page_survives_a_database_that_is_gone() {
    let forge = TestForge::new().await;
    let client = forge.database.client().await;
    client.execute("alter table world rename to elsewhere", &[]).await.unwrap();
    assert_eq!(forge.get("lobby/homedata/", "").await.expect(200), json!({"patrons": [], "worlds": []}));
    let told = forge.get("platform/", "").await.expect(500);
    assert!(told["detail"].as_str().unwrap().starts_with("Something went wrong on our side."));
}
