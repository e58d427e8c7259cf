//! The Forge socket as a client meets it: entering, jobs, watching, and everything that can be wrong with a frame.

use std::time::Duration;

use futures_util::SinkExt;
use realms::forge::spawns;
use realms::world::internal::Order;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::forge_worlds_rig::{Client, FakeNexus, Rig, until};

struct Visit {
    rig: Rig,
    nexus: FakeNexus,
    spawn: i64,
    account: i64,
    ann: i64,
    client: Client,
}

async fn visit() -> Visit {
    let rig = Rig::new().await;
    rig.mill().await;
    let nexus = FakeNexus::start(&rig, "one").await;
    let spawn = rig.spawn().await;
    let (account, token) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    let client = rig.greeted(&token).await;
    Visit { rig, nexus, spawn, account, ann, client }
}

impl Visit {
    async fn enter(&mut self) -> Value {
        self.client.job(json!({"job": "enter_world", "player_id": self.ann, "world_id": "any"})).await
    }

    async fn refused(&mut self, change: &str, text: &str) {
        self.rig.sql(change).await;
        let answer = self.enter().await;
        let expected = json!({"type": "job_complete", "job": "enter_world", "status": "error",
                              "job_data": {"error": text}, "error": text});
        assert_eq!(answer, expected, "after {change}");
    }
}

#[tokio::test]
async fn entering_starts_the_world_and_tells_where_to_go() {
    let mut visit = visit().await;
    let answer = visit.enter().await;
    assert_eq!(answer["status"], "success", "{answer}");
    let data = &answer["job_data"];
    assert_eq!(data["player_id"], visit.ann);
    assert_eq!(data["ws_uri"], "ws://localhost:8000/ws/game/cmd");
    assert_eq!(data["motd"], "Mind the step.");
    assert_eq!(
        data["player_config"],
        json!({"room_brief": false, "combat_brief": false, "display_chat": true, "idle_logout": true,
               "mobile_map_width": 1, "display_connect": true})
    );
    let world = &data["world"];
    assert_eq!((world["id"].as_i64(), world["name"].as_str()), (Some(visit.spawn), Some("The Mill")));
    assert_eq!(world["context_id"].as_i64(), Some(visit.rig.number("select id from world").await));
    assert_eq!(world["labels"], json!({"attacks": {}, "effects": {}}));
    assert_eq!((&world["is_classless"], &world["instance_of_id"]), (&json!(false), &Value::Null));
    assert_eq!(world["factions"]["outlaws"], json!({"code": "outlaws", "name": "Outlaws"}));

    let lease = visit.nexus.lease();
    let ticket = visit.nexus.told.lock().unwrap().tickets[0].clone();
    assert_eq!((ticket.spawn, ticket.epoch, ticket.character.id), (visit.spawn, lease.epoch, visit.ann));
    assert_eq!(
        (ticket.account.id, ticket.account.name.as_str(), ticket.account.is_builder),
        (visit.account, "ann", false)
    );
    assert_eq!((ticket.account.builder_rank, ticket.account.rank()), (0, 0));
    let held = format!("select count(*) from player where in_game and held_by_spawn = {}", visit.spawn);
    assert_eq!(visit.rig.number(&held).await, 1);
    assert_eq!(
        visit.rig.number("select count(*) from player_event where event = 'login' and address is not null").await,
        1
    );

    let again =
        visit.client.job(json!({"job": "enter_world", "player_id": visit.ann.to_string(), "world_id": 5})).await;
    assert_eq!(again["status"], "success", "entering again resumes; ids may be texts");
    assert_eq!(visit.nexus.told.lock().unwrap().started.len(), 1);
}

#[tokio::test]
async fn the_ticket_of_a_builder_has_the_rank() {
    let mut visit = visit().await;
    let insert =
        format!("insert into world_builder (world_id, user_id, rank) select id, {}, 2 from world", visit.account);
    visit.rig.sql(&insert).await;
    assert_eq!(visit.enter().await["status"], "success");
    let ticket = visit.nexus.told.lock().unwrap().tickets[0].clone();
    assert_eq!((ticket.account.is_builder, ticket.account.builder_rank, ticket.account.rank()), (true, 2, 2));
}

#[tokio::test]
async fn every_check_has_its_words_and_its_order() {
    let mut visit = visit().await;
    spawns::start(&visit.rig.app, visit.spawn, false).await.unwrap();
    // From the last check to the first: each later one is met before the earlier ones that still hold.
    visit.refused("insert into ip_ban (address) values ('127.0.0.1')", "Your IP address has been banned.").await;
    visit.refused("update spawn set lifecycle = 'stopping'", "World cannot be entered in 'stopping' state.").await;
    visit.refused("update world set maintenance_mode = true", "World is temporarily closed.").await;
    visit.refused("update world set maintenance_msg = 'Back at noon.'", "Back at noon.").await;
    visit.refused("update world set no_start = true", "World is disabled.").await;
    visit.refused("update player set noplay = true", "You are banned from this world.").await;
    visit.refused("update app_user set noplay = true", "You have been banned from entering worlds.").await;
    visit
        .refused("update app_user set is_invalid = true", "Your e-mail address is invalid. Unable to enter worlds.")
        .await;
    visit
        .refused(
            "update site set maintenance_mode = true",
            "Unable to enter world: Realms is undergoing maintenance. Please try again later.",
        )
        .await;
    visit
        .refused(
            "update spawn set lifecycle = 'stopped', nexus = null; update world set no_start = false",
            "Unable to build world: Realms is undergoing maintenance. Please try again later.",
        )
        .await;
    assert!(visit.nexus.told.lock().unwrap().tickets.is_empty());
    assert_eq!(visit.rig.number("select count(*) from player where in_game").await, 0);
}

#[tokio::test]
async fn who_is_refused_starts_no_world() {
    let mut visit = visit().await;
    visit.refused("insert into ip_ban (address) values ('127.0.0.1')", "Your IP address has been banned.").await;
    assert!(visit.nexus.told.lock().unwrap().started.is_empty());
}

#[tokio::test]
async fn other_characters_and_other_peoples_are_refused() {
    let mut visit = visit().await;
    let (other, _) = visit.rig.account("bob", false).await;
    let bob = visit.rig.character(other, "Bob").await;
    let answer = visit.client.job(json!({"job": "enter_world", "player_id": bob})).await;
    assert_eq!(answer["job_data"]["error"], "You have no such character.");
    let answer = visit.client.job(json!({"job": "enter_world", "player_id": "x"})).await;
    assert_eq!(answer["job_data"]["error"], "You have no such character.");
    visit
        .refused(
            &format!(
                "update app_user set link_id = 3;
                 update player set in_game = true, last_action_ts = now() where id = {bob}"
            ),
            "You are logged on another character.",
        )
        .await;
    visit.rig.sql("update player set last_action_ts = now() - interval '6 minutes'").await;
    assert_eq!(visit.enter().await["status"], "success");
}

#[tokio::test]
async fn one_character_of_an_account_is_played_at_a_time() {
    let mut visit = visit().await;
    let eve = visit.rig.character(visit.account, "Eve").await;
    assert_eq!(visit.enter().await["status"], "success");
    let enter_eve = json!({"job": "enter_world", "player_id": eve});
    visit.nexus.told.lock().unwrap().population.players = vec![visit.ann];
    let answer = visit.client.job(enter_eve.clone()).await;
    assert_eq!(answer["job_data"]["error"], "You are logged on another character.");
    visit.nexus.told.lock().unwrap().population.linkless = vec![visit.ann];
    assert_eq!(visit.client.job(enter_eve).await["status"], "success", "a linkless one leaves");
}

#[tokio::test]
async fn a_character_that_another_world_holds_waits() {
    let mut visit = visit().await;
    visit
        .refused(
            "with s as (insert into spawn (world_id, is_shared, seed) select id, false, 1 from world returning id)
             update player set held_by_spawn = s.id, held_epoch = 1 from s",
            "Character is being saved, please try again in a minute.",
        )
        .await;
}

#[tokio::test]
async fn what_the_nexus_says_reaches_the_player() {
    let mut visit = visit().await;
    visit.nexus.refuse("enter", 409, "saving");
    visit.refused("select 1", "Character is being saved, please try again in a minute.").await;
    assert_eq!(
        visit.rig.number("select count(*) from player where held_by_spawn is not null").await,
        0,
        "let go again"
    );
    visit.nexus.refuse("enter", 409, "closed");
    visit.refused("select 1", "As the test says.").await;
    visit.nexus.refuse("enter", 503, "failed");
    visit.refused("select 1", "The world cannot be reached just now. Please try again in a moment.").await;
    assert_eq!(
        visit.rig.number("select count(*) from player where held_by_spawn is not null").await,
        1,
        "the ticket may have arrived: held until it has run out"
    );
    visit.nexus.refuse("enter", 404, "unknown_world");
    assert_eq!(visit.enter().await["status"], "success", "a nexus that lost the world starts it again");
    assert_eq!(visit.nexus.told.lock().unwrap().started.len(), 2);
}

#[tokio::test]
async fn without_a_nexus_the_player_hears_why() {
    let rig = Rig::new().await;
    rig.mill().await;
    let (account, token) = rig.account("ann", false).await;
    let ann = rig.character(account, "Ann").await;
    let mut client = rig.greeted(&token).await;
    let answer = client.job(json!({"job": "enter_world", "player_id": ann})).await;
    assert_eq!(answer["job_data"]["error"], "No game server is ready for this world yet. Please try again.");
}

#[tokio::test]
async fn a_stop_takes_the_players_out_and_is_seen_by_who_watches() {
    let mut visit = visit().await;
    assert_eq!(visit.enter().await["status"], "success");
    let (_, staff) = visit.rig.account("staff", true).await;
    let mut watcher = visit.rig.greeted(&staff).await;
    let root = visit.rig.number("select id from world").await;
    watcher.say(json!({"type": "sub", "sub": "builder.admin", "world_id": root.to_string()})).await;
    let seen = watcher.hear().await;
    assert_eq!((&seen["type"], &seen["pub"]), (&json!("pub"), &json!("builder.admin")));
    let data = &seen["pub_data"];
    assert_eq!((&data["id"], &data["spawned_worlds"][0]["lifecycle"]), (&json!(root), &json!("running")));
    assert!(data["stats"]["num_rooms"].as_i64().unwrap() > 5);

    let no = visit.client.job(json!({"job": "stop_world", "world_id": visit.spawn})).await;
    assert_eq!(no["job_data"]["error"], "You do not have permission to do that.");
    let done = watcher.job(json!({"job": "kill_world", "world_id": visit.spawn})).await;
    assert_eq!((&done["status"], &done["job_data"]), (&json!("success"), &json!({})));
    let out = visit.client.hear().await;
    assert_eq!(
        out,
        json!({"type": "job_complete", "job": "exit_world", "status": "success",
               "job_data": {"player_id": visit.ann, "world_id": visit.spawn, "exit_to": root}})
    );
    watcher.say(json!({"type": "unsub", "sub": "builder.admin", "world_id": root.to_string()})).await;
    let again = watcher.job(json!({"job": "start_world", "world_id": visit.spawn})).await;
    assert_eq!(again["status"], "success");
    assert_eq!(visit.nexus.told.lock().unwrap().started.len(), 2);
}

#[tokio::test]
async fn changes_are_pushed_to_who_watches() {
    let visit = visit().await;
    let (_, staff) = visit.rig.account("staff", true).await;
    let mut watcher = visit.rig.greeted(&staff).await;
    watcher.say(json!({"type": "sub", "sub": "staff.panel"})).await;
    let panel = watcher.hear().await;
    assert_eq!(panel["pub"], "staff.panel");
    assert_eq!(panel["pub_data"]["nexuses"][0]["name"], "one");
    assert_eq!(panel["pub_data"]["running_worlds_count"], 0);
    spawns::start(&visit.rig.app, visit.spawn, false).await.unwrap();
    loop {
        let panel = watcher.hear().await;
        if panel["pub_data"]["running_worlds"][0]["state"] == "running" {
            break;
        }
    }
}

#[tokio::test]
async fn staff_speak_to_everyone_and_close_the_doors() {
    let mut visit = visit().await;
    assert_eq!(visit.enter().await["status"], "success");
    let (_, staff) = visit.rig.account("staff", true).await;
    let mut client = visit.rig.greeted(&staff).await;
    for job in [json!({"job": "broadcast", "message": "Hear!"}), json!({"job": "toggle_maintenance_mode"})] {
        let no = visit.client.job(job).await;
        assert_eq!(no["error"], "You do not have permission to do that.");
    }
    let said = client.job(json!({"job": "broadcast", "message": " Hear! "})).await;
    assert_eq!((&said["status"], &said["job_data"]), (&json!("success"), &json!({"message": "Hear!"})));
    let order = (visit.spawn, Order::Broadcast { text: "Hear!".into() });
    assert!(visit.nexus.told.lock().unwrap().orders.contains(&order));
    let empty = client.job(json!({"job": "broadcast", "message": " "})).await;
    assert_eq!(empty["status"], "error");
    let closed = client.job(json!({"job": "toggle_maintenance_mode"})).await;
    assert_eq!(closed["job_data"], json!({"maintenance_mode": true}));
    let open = client.job(json!({"job": "toggle_maintenance_mode"})).await;
    assert_eq!(open["job_data"], json!({"maintenance_mode": false}));
    for topic in [json!({"sub": "staff.panel"}), json!({"sub": "builder.admin", "world_id": 1000})] {
        let mut frame = json!({"type": "sub"});
        frame.as_object_mut().unwrap().extend(topic.as_object().unwrap().clone());
        visit.client.say(frame).await;
        assert_eq!(visit.client.hear().await["error"], "You do not have permission to do that.");
    }
}

#[tokio::test]
async fn without_a_good_token_the_socket_closes_with_4401() {
    let rig = Rig::new().await;
    for token in ["", "x.y.z"] {
        assert_eq!(rig.socket(token).await.close_code().await, 4401);
    }
    let (account, token) = rig.account("ann", false).await;
    rig.sql(&format!("update app_user set token_generation = 1 where id = {account}")).await;
    assert_eq!(rig.socket(&token).await.close_code().await, 4401, "a token of before");
}

#[tokio::test]
async fn odd_frames_are_answered_and_change_nothing() {
    let mut visit = visit().await;
    for (frame, text) in [
        ("", "A frame is one JSON object."),
        ("[1]", "A frame is one JSON object."),
        ("{\"type\": 7}", "A frame's type is heartbeat, job, sub or unsub."),
        ("{\"type\": \"dance\"}", "A frame's type is heartbeat, job, sub or unsub."),
        ("{\"type\": \"job\"}", "There is no such job."),
        ("{\"type\": \"job\", \"job\": \"dance\"}", "There is no such job."),
        ("{\"type\": \"sub\", \"sub\": \"x\"}", "There is nothing of this name to watch."),
        ("{\"type\": \"sub\", \"sub\": \"builder.admin\", \"world_id\": \"slug\"}", "There is no such world."),
        ("{\"type\": \"sub\", \"sub\": \"builder.admin\", \"world_id\": 1}", "There is no such world."),
    ] {
        visit.client.stream.send(Message::text(frame)).await.unwrap();
        let answer = visit.client.hear().await;
        assert_eq!((&answer["type"], &answer["error"]), (&json!("error"), &json!(text)), "{frame}");
        assert!(answer["data"].is_object());
    }
    visit.client.say(json!({"type": "job", "job": "enter_world"})).await;
    assert!(visit.client.hear().await["error"].as_str().unwrap().contains("player_id"));
    visit.client.stream.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(visit.client.hear().await["error"], "Frames are JSON as text, not binary.");
    visit.client.say(json!({"type": "heartbeat"})).await;
    assert_eq!(visit.enter().await["status"], "success", "the socket lives on");
}

#[tokio::test]
async fn a_frame_too_large_closes_only_its_own_socket() {
    let mut visit = visit().await;
    let (_, token) = visit.rig.account("bob", false).await;
    let mut loud = visit.rig.greeted(&token).await;
    loud.stream.send(Message::text("x".repeat(70_000))).await.unwrap();
    assert_eq!(loud.close_code().await, 1009);
    assert_eq!(visit.enter().await["status"], "success");
}

#[tokio::test]
async fn floods_are_slowed_with_words_and_then_closed() {
    let rig = Rig::new().await;
    let (_, token) = rig.account("ann", false).await;
    let mut client = rig.greeted(&token).await;
    for _ in 0..60 {
        client.say(json!({"type": "heartbeat"})).await;
    }
    assert_eq!(client.hear().await["error"], "You are quicker than we can answer. Please wait a second.");
    for _ in 0..400 {
        if client.stream.send(Message::text("{\"type\":\"heartbeat\"}")).await.is_err() {
            break;
        }
    }
    assert_eq!(client.close_code().await, 1008);
}

#[tokio::test]
async fn an_account_has_so_many_sockets_and_no_more() {
    let rig = Rig::new().await;
    let (_, token) = rig.account("ann", false).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(rig.greeted(&token).await);
    }
    assert_eq!(rig.socket(&token).await.close_code().await, 1008);
    drop(clients.pop());
    until("a place is free again", async || rig.app.pushes.count() < 20).await;
    rig.greeted(&token).await;
}

#[tokio::test]
async fn who_does_not_read_is_disconnected_and_nobody_waits_for_it() {
    let mut visit = visit().await;
    let (account, token) = visit.rig.account("bob", false).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(visit.rig.public).await.unwrap();
    let url = format!("ws://{}/ws/forge/?token={token}", visit.rig.public);
    let _stuck = tokio_tungstenite::client_async(url, stream).await.unwrap();
    until("both are there", async || visit.rig.app.pushes.count() == 2).await;

    let client = visit.rig.database.client().await;
    let notice = |account: i64, word: String| {
        let frame = json!({"type": "told", "word": word});
        serde_json::to_string(&realms::forge::pushes::Notice::Frame { account, frame }).unwrap()
    };
    let large = notice(account, "x".repeat(7000));
    let mut told = 0;
    while visit.rig.app.pushes.count() > 1 {
        // More than the system keeps for it and more than may wait.
        assert!(told < 50_000, "it is never disconnected");
        for _ in 0..50 {
            client.execute("select pg_notify('realms', $1)", &[&large]).await.unwrap();
        }
        told += 50;
        let word = told.to_string();
        client.execute("select pg_notify('realms', $1)", &[&notice(visit.account, word.clone())]).await.unwrap();
        assert_eq!(visit.client.hear().await["word"], word, "the other hears each of them");
    }
    assert_eq!(visit.enter().await["status"], "success");
}

#[tokio::test]
async fn two_forges_tell_each_other() {
    let mut visit = visit().await;
    assert_eq!(visit.enter().await["status"], "success");
    let root = visit.rig.number("select id from world").await;
    let frame = spawns::exit_world(visit.ann, visit.spawn, root);
    let notice = realms::forge::pushes::Notice::Frame { account: visit.account, frame: frame.clone() };
    // As another replica does it: through the database alone.
    let client = visit.rig.database.client().await;
    let payload = serde_json::to_string(&notice).unwrap();
    client.execute("select pg_notify('realms', $1)", &[&payload]).await.unwrap();
    assert_eq!(visit.client.hear().await, frame);
}

#[tokio::test]
async fn plain_requests_learn_what_is_spoken_here() {
    let rig = Rig::new().await;
    let mut stream = tokio::net::TcpStream::connect(rig.public).await.unwrap();
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(b"GET /ws/forge/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut text)).await.unwrap().unwrap();
    assert!(text.starts_with("HTTP/1.1 426") && text.contains("websocket"), "{text}");
}
