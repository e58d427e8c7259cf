//! Worlds on real nexuses: one that moves from a nexus to another goes on there as it is, with its players; a single
//! player's world is kept as it was left, and begins anew with its character.

use std::net::SocketAddr;

use realms::address::TrustedProxies;
use realms::config::{Durability, Secret};
use realms::forge::{registry, spawns};
use realms::nexus::{Nexus, Options};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::forge_worlds_rig::{Client, Rig, mill, until};

/// A nexus on a disk of its own, registered.
struct Running {
    shutdown: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
    _disk: tempfile::TempDir,
}

impl Running {
    async fn start(rig: &Rig, name: &str) -> Self {
        let disk = tempfile::tempdir().unwrap();
        let public = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let internal = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = Options {
            name: name.into(),
            data_dir: disk.path().join("nexus"),
            forge_url: rig.internal_url(),
            own_url: format!("http://{}", internal.local_addr().unwrap()),
            ws_uri: format!("ws://{}/ws/game/cmd", public.local_addr().unwrap()),
            service_token: Secret::new(rig.token()),
            redis: None,
            durability: Durability::Strict,
            history_bytes: 0,
            limits: Default::default(),
            trusted_proxies: TrustedProxies::default(),
        };
        let nexus = Nexus::open(options).await.unwrap();
        let (outside, inside) = (nexus.public(), nexus.internal());
        tokio::spawn(async move {
            axum::serve(public, outside.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        tokio::spawn(async move { axum::serve(internal, inside).await.unwrap() });
        let shutdown = CancellationToken::new();
        let ended = tokio::spawn(nexus.run(shutdown.clone()));
        let known = format!("select count(*) from nexus where name = '{name}'");
        until("the nexus registers", async || rig.number(&known).await == 1).await;
        Self { shutdown, ended, _disk: disk }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.ended.await.unwrap();
    }
}

/// A player in the world.
struct Player {
    socket: Client,
    entered: Value,
}

async fn enter(rig: &Rig, token: &str, player: i64) -> Player {
    let mut forge = rig.greeted(token).await;
    let job = forge.job(json!({"job": "enter_world", "player_id": player})).await;
    assert_eq!(job["status"], "success", "{job}");
    let entered = job["job_data"].clone();
    let (stream, _) = tokio_tungstenite::connect_async(entered["ws_uri"].as_str().unwrap()).await.unwrap();
    let mut socket = Client { stream };
    let data = json!({"player_key": format!("player.{player}")});
    socket.say(json!({"type": "system.connect", "token": token, "data": data})).await;
    let mut me = Player { socket, entered };
    me.until("cmd.state.sync.success").await;
    me
}

impl Player {
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.socket.hear().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    async fn types(&mut self, text: &str, answer: &str) -> Value {
        self.socket.say(json!({"type": "cmd.text", "text": text})).await;
        self.until(answer).await
    }

    /// What lies in the room and what it carries, as `look` and `inventory` tell it.
    async fn sees(&mut self) -> (String, String) {
        let look = self.types("look", "cmd.look.success").await;
        let inventory = self.types("inventory", "cmd.inventory.success").await;
        let things: Vec<&str> = look["text"].as_str().unwrap().lines().filter(|line| line.contains(" lies ")).collect();
        (things.join("\n"), inventory["text"].to_string())
    }
}

async fn gives(rig: &Rig, player: i64, item: &str) {
    let id = rig.number("select nextval('id_block_seq') * 16777216").await;
    rig.sql(&format!(
        "insert into item (id, player_id, template_id, position)
         select {id}, {player}, t.id, 0 from item_template t where t.slug = '{item}'"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_moves_to_another_nexus_as_it_is_and_its_players_with_it() {
    let rig = Rig::new().await;
    rig.mill().await;
    let one = Running::start(&rig, "one").await;
    let (account, token) = rig.account("ann", false).await;
    let player = rig.character(account, "Ann").await;
    gives(&rig, player, "buckler").await;
    gives(&rig, player, "cap").await;
    let mut ann = enter(&rig, &token, player).await;
    ann.types("drop buckler", "cmd.drop.success").await;
    // The loaders have filled the world.
    while ann.sees().await.0.matches("pebble").count() < 3 {
        // Slow enough for the limit of commands.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    let before = ann.sees().await;
    assert!(before.0.contains("oak buckler") && before.1.contains("cloth cap"), "{before:?}");

    // Nowhere to go: nothing happens to it.
    let spawn = rig.spawn().await;
    let nowhere = spawns::move_away(&rig.app, spawn).await.unwrap_err();
    assert_eq!(nowhere.0, "No other nexus is alive that could take it.");
    ann.types("say still here", "cmd.say.success").await;

    let two = Running::start(&rig, "two").await;
    assert!(registry::set_draining(&rig.app.db, "one", true).await.unwrap());
    assert_eq!(spawns::move_away(&rig.app, spawn).await.unwrap(), "two");
    // Her client is not told to leave: it is told why the connection ends.
    let told = ann.until("write.game").await;
    assert_eq!(told["text"], "The world moves to another server. You will be back in a moment.");
    assert_eq!(ann.socket.close_code().await, 1000);
    let mut back = enter(&rig, &token, player).await;
    assert_ne!(back.entered["ws_uri"], ann.entered["ws_uri"]);
    assert_eq!(back.sees().await, before, "all is where it was, once");

    // The drained one gets nothing more, until it is said that it may.
    let again = spawns::move_away(&rig.app, spawn).await.unwrap_err();
    assert_eq!(again.0, "No other nexus is alive that could take it.");
    registry::set_draining(&rig.app.db, "one", false).await.unwrap();
    assert_eq!(spawns::move_away(&rig.app, spawn).await.unwrap(), "one");
    let mut home = enter(&rig, &token, player).await;
    assert_eq!(home.sees().await, before);
    two.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_good_order_begins_a_shared_world_anew_and_keeps_a_single_players() {
    for is_multiplayer in [true, false] {
        let rig = Rig::new().await;
        let mut documents = mill();
        for located in &mut documents {
            if let realms::world::spec::Document::World { spec, .. } = &mut located.document {
                spec.is_multiplayer = is_multiplayer;
            }
        }
        rig.apply(&documents, false).await.unwrap();
        let nexus = Running::start(&rig, "one").await;
        let (_, token) = rig.account("ann", false).await;
        let made = rig.post("/api/v1/lobby/worlds/mill/chars/", &token, json!({"name": "Ann"})).await;
        assert_eq!(made.0, 201, "{made:?}");
        let player = made.1["id"].as_i64().unwrap();
        gives(&rig, player, "buckler").await;
        let mut ann = enter(&rig, &token, player).await;
        ann.types("drop buckler", "cmd.drop.success").await;
        ann.types("close south", "door.close").await;
        ann.socket.say(json!({"type": "system.disconnect", "token": token})).await;
        ann.until("system.disconnect.success").await;
        let free = format!("select count(*) from player where id = {player} and held_by_spawn is null");
        until("she is out", async || rig.number(&free).await == 1).await;

        let spawn = rig.number(&format!("select spawn_id from player where id = {player}")).await;
        spawns::stop(&rig.app, spawn, std::time::Duration::ZERO).await.unwrap();
        let mut ann = enter(&rig, &token, player).await;
        let (room, carried) = ann.sees().await;
        assert_eq!(room.contains("oak buckler"), !is_multiplayer, "{room}");
        assert!(!carried.contains("buckler"), "{carried}");

        // Begin anew: not while inside; then nothing of it is left, and the world of one's own neither.
        let path = format!("/api/v1/lobby/worlds/mill/chars/{player}/reset/");
        let inside = rig.post(&path, &token, json!({})).await;
        assert_eq!(inside.0, 400, "{inside:?}");
        rig.sql(&format!(
            "insert into player_mark (player_id, name, value, position) values ({player}, 'seen', 'all', 0)"
        ))
        .await;
        ann.types("get buckler", if is_multiplayer { "cmd.get.error" } else { "cmd.get.success" }).await;
        ann.socket.say(json!({"type": "system.disconnect", "token": token})).await;
        ann.until("system.disconnect.success").await;
        until("she is out", async || rig.number(&free).await == 1).await;
        let anew = rig.post(&path, &token, json!({})).await;
        assert_eq!((anew.0, anew.1["level"].as_i64()), (200, Some(1)), "{anew:?}");
        let owned = format!("select count(*) from item where player_id = {player}");
        assert_eq!(rig.number(&owned).await, 0);
        let mut ann = enter(&rig, &token, player).await;
        let (room, carried) = ann.sees().await;
        assert!(!room.contains("buckler") && !carried.contains("buckler"), "{room} {carried}");
        let new = rig.number(&format!("select spawn_id from player where id = {player}")).await;
        assert_eq!(new == spawn, is_multiplayer);
        assert_eq!(rig.number(&format!("select count(*) from spawn where id = {spawn}")).await == 1, is_multiplayer);
        nexus.stop().await;
    }
}
