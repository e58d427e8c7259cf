//! Guests, and the settings of play, as a client meets them.

use hyper::Method;
use serde_json::json;

use crate::support::forge::TestForge;

#[tokio::test]
async fn a_guest_plays_at_once_and_may_keep_the_character() {
    let forge = TestForge::new().await;
    let told = forge.post("game/play/", "", json!({})).await.expect(400);
    assert_eq!(told, json!(["There is no world for guests yet."]));
    forge.world("open", json!({})).await;
    let guest = forge.call(Method::POST, "game/play/", "", None).await.expect(201);
    assert_eq!(guest["user"]["is_temporary"], true);
    assert_eq!(guest["player"]["world_id"], guest["world_id"]);
    let token = guest["access"].as_str().unwrap();
    let mine = forge.get("lobby/worlds/open/chars/", token).await.expect(200);
    assert_eq!(mine["results"][0]["id"], guest["player"]["id"]);
    forge.put("user/password/", token, json!({"password": "long enough"})).await.expect(400);
    forge.account("ann@example.org").await;
    let taken = forge.post("auth/save/", token, json!({"email": "ann@example.org", "username": ""})).await.expect(400);
    assert!(taken["email"][0].is_string());
    let form = json!({"email": "bob@example.org", "send_newsletter": false, "username": "Bob"});
    let saved = forge.post("auth/save/", token, form.clone()).await.expect(201);
    assert_eq!((&saved["user"]["is_temporary"], &saved["login_link_sent"]), (&json!(false), &json!(true)));
    assert_eq!(saved["user"]["id"], guest["user"]["id"]);
    forge.post("auth/save/", token, form).await.expect(400);
    // The link from the mail leads to the same account.
    let link = forge.last_link();
    let session = forge.post("auth/email/confirm/", "", json!({"token": link})).await.expect(201);
    assert_eq!(session["user"]["id"], guest["user"]["id"]);
}

#[tokio::test]
async fn without_the_operators_leave_there_are_no_guests() {
    let forge = TestForge::with(|options| options.guests = false).await;
    forge.world("open", json!({})).await;
    assert!(forge.post("game/play/", "", json!({})).await.expect(400)[0].is_string());
    assert_eq!(forge.get("platform/", "").await.expect(200)["guests"], false);
}

#[tokio::test]
async fn settings_of_play_belong_to_the_own_character_in_game() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, ann) = forge.account("ann@example.org").await;
    let (_, bob) = forge.account("bob@example.org").await;
    let id = forge.post("lobby/worlds/open/chars/", &ann, json!({"name": "Ann"})).await.expect(201)["id"].to_string();
    let call = async |method: &str, path: &str, token: &str, player: &str, body: &str| {
        let request = hyper::Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("host", "x")
            .header("authorization", format!("JWT {token}"))
            .header("x-player-id", player);
        forge.send(request.body(body.to_owned().into()).unwrap()).await
    };
    call("GET", "game/quests/open/", &ann, &id, "").await.expect(403);
    let client = forge.database.client().await;
    client.execute("update player set in_game = true", &[]).await.unwrap();
    for list in ["open", "completed", "repeatable"] {
        assert_eq!(call("GET", &format!("game/quests/{list}/"), &ann, &id, "").await.expect(200), json!([]));
    }
    call("GET", "game/quests/open/", &bob, &id, "").await.expect(403);
    call("GET", "game/quests/open/", &ann, "x", "").await.expect(403);
    let form = r#"{"room_brief": true, "mobile_map_width": "3", "something": 1}"#;
    let config = call("POST", "game/player/config/", &ann, &id, form).await.expect(201);
    insta::assert_json_snapshot!(config, @r#"
    {
      "combat_brief": false,
      "display_chat": true,
      "display_connect": true,
      "idle_logout": true,
      "mobile_map_width": 3,
      "room_brief": true
    }
    "#);
    let config = call("POST", "game/player/config/", &ann, &id, r#"{"display_chat": false}"#).await.expect(201);
    assert_eq!((&config["room_brief"], &config["display_chat"]), (&json!(true), &json!(false)));
    call("POST", "game/player/config/", &bob, &id, "{}").await.expect(403);
    let told = call("POST", "game/player/config/", &ann, &id, r#"{"mobile_map_width": "wide"}"#).await.expect(400);
    assert!(told["mobile_map_width"][0].is_string(), "{told}");
}
