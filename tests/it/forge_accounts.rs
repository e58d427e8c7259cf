//! Accounts as a client meets them, over HTTP against a real database.

use hyper::Method;
use realms::forge::operator;
use serde_json::json;

use crate::support::forge::TestForge;
use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn two_forges_that_migrate_at_once_both_find_the_schema() {
    let database = TestDatabase::new().await;
    let client = database.client().await;
    client.batch_execute("drop schema public cascade; create schema public").await.unwrap();
    let (a, b) =
        tokio::join!(realms::store::postgres::open(&database.url), realms::store::postgres::open(&database.url));
    a.unwrap();
    b.unwrap();
    let row = client.query_one("select count(*) from site", &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_login_link_makes_the_account_and_logs_in_once() {
    let forge = TestForge::new().await;
    let asked = forge.post("auth/email/request/", "", json!({"email": "Ann@Example.org"})).await.expect(201);
    assert_eq!(asked, json!({}));
    let token = forge.last_link();
    let session = forge.post("auth/email/confirm/", "", json!({"token": token})).await.expect(201);
    assert_eq!(session["access"], session["token"]);
    insta::assert_json_snapshot!(session["user"], {".date_joined" => "[rfc3339]", ".date_joined_str" => "[mm/dd]"}, @r#"
    {
      "accessibility_mode": false,
      "cod_accepted": false,
      "date_joined": "[rfc3339]",
      "date_joined_str": "[mm/dd]",
      "email": "Ann@Example.org",
      "first_name": "",
      "has_password": false,
      "id": 1,
      "is_admin": false,
      "is_confirmed": true,
      "is_invalid": false,
      "is_staff": false,
      "is_temporary": false,
      "key": "user.1",
      "last_name": "",
      "multiplayer_worlds": false,
      "name": "",
      "name_recognition": false,
      "num_players": 0,
      "send_newsletter": false,
      "use_grapevine": false
    }
    "#);
    let access = session["access"].as_str().unwrap();
    assert_eq!(forge.get("user/", access).await.expect(200)["email"], "Ann@Example.org");
    let again = forge.post("auth/email/confirm/", "", json!({"token": token})).await.expect(400);
    assert!(again["token"][0].as_str().unwrap().contains("not valid any more"), "{again}");
    // The link itself is nowhere in the database.
    let rows = forge.database.client().await.query("select encode(token_hash, 'escape') from login_link", &[]).await;
    assert!(rows.unwrap().iter().all(|row| !row.get::<_, String>(0).contains(&token)));
}

#[tokio::test]
async fn a_newer_link_voids_the_older_and_time_voids_all() {
    let forge = TestForge::new().await;
    let ask = || forge.post("auth/email/request/", "", json!({"email": "ann@example.org"}));
    ask().await.expect(201);
    let first = forge.last_link();
    ask().await.expect(201);
    let confirm = async |token: &str| forge.post("auth/email/confirm/", "", json!({"token": token})).await;
    confirm(&first).await.expect(400);
    assert_ne!(first, forge.last_link());
    let client = forge.database.client().await;
    client.execute("update login_link set expires_ts = now() - interval '1 second'", &[]).await.unwrap();
    confirm(&forge.last_link()).await.expect(400);
    for bad in ["", "x", &"y".repeat(4000), "../../etc"] {
        confirm(bad).await.expect(400);
    }
}

#[tokio::test]
async fn mail_is_throttled_with_friendly_words() {
    let forge = TestForge::new().await;
    for _ in 0..2 {
        forge.post("auth/email/request/", "", json!({"email": "ann@example.org"})).await.expect(201);
    }
    let refused = forge.post("auth/email/request/", "", json!({"email": "ANN@example.org "})).await;
    assert!(refused.headers.contains_key("retry-after"));
    let text = refused.expect(429)["detail"].as_str().unwrap().to_owned();
    assert!(text.contains("already on its way") && text.contains("Please try again in"), "{text}");
    forge.post("auth/email/request/", "", json!({"email": "bob@example.org"})).await.expect(201);
    assert_eq!(forge.mails().len(), 3);
}

#[tokio::test]
async fn addresses_that_are_none_are_refused_by_field() {
    let forge = TestForge::new().await;
    for bad in [
        json!({}),
        json!({"email": ""}),
        json!({"email": "ann"}),
        json!({"email": "a b@c"}),
        json!({"email": "a@b\r\nBcc: c@d"}),
    ] {
        let answer = forge.post("auth/email/request/", "", bad.clone()).await.expect(400);
        assert!(answer["email"][0].is_string(), "{bad} -> {answer}");
    }
    let answer = forge.post("auth/email/request/", "", json!({"email": 5})).await.expect(400);
    assert_eq!(answer["email"][0], "Invalid type: integer `5`, expected a string.");
}

#[tokio::test]
async fn signing_up_mails_a_link_and_keeps_addresses_and_names_unique() {
    let forge = TestForge::new().await;
    let form = json!({"email": "ann@example.org", "username": "Ann", "send_newsletter": true});
    let made = forge.post("auth/signup/", "", form).await.expect(201);
    assert_eq!((&made["login_link_sent"], &made["user"]["name"]), (&json!(true), &json!("Ann")));
    assert!(made.get("access").is_none());
    assert!(forge.mails()[0].contains("ann@example.org"));
    let again = json!({"email": "ANN@example.org", "username": "", "send_newsletter": false});
    let refused = forge.post("auth/signup/", "", again).await.expect(400);
    assert!(refused["email"][0].as_str().unwrap().starts_with("There is an account"), "{refused}");
    let named = json!({"email": "bob@example.org", "username": "ann", "send_newsletter": false});
    let refused = forge.post("auth/signup/", "", named).await.expect(400);
    assert_eq!(refused, json!({"username": ["This username is taken."]}));
    let weak = json!({"email": "eve@example.org", "password": "short"});
    let refused = forge.post("auth/signup/", "", weak).await.expect(400);
    assert_eq!(refused, json!({"password": ["A password has at least 8 characters."]}));
}

#[tokio::test]
async fn a_password_can_be_set_used_and_changed() {
    let forge = TestForge::new().await;
    let (user, access) = forge.account("ann@example.org").await;
    assert_eq!(user["has_password"], false);
    let login = async |password: &str| {
        forge.post("auth/login/", "", json!({"email": "ann@example.org", "password": password})).await
    };
    login("the tide is high").await.expect(400);
    let set = json!({"password": "the tide is high"});
    let session = forge.put("user/password/", &access, set.clone()).await.expect(200);
    assert_eq!(session["user"]["has_password"], true);
    // The session that set it goes on with the new token; the old one is worth nothing.
    let refused = forge.get("user/", &access).await.expect(401);
    assert_eq!(refused["code"], "token_not_valid");
    let access = session["access"].as_str().unwrap();
    let session = login("the tide is high").await.expect(201);
    assert_eq!(session["user"]["email"], "ann@example.org");
    let wrong = login("the tide is low").await.expect(400);
    assert_eq!(wrong, json!({"non_field_errors": ["Mail address and password do not go together."]}));
    let nobody = json!({"email": "nobody@example.org", "password": "the tide is high"});
    assert_eq!(forge.post("auth/login/", "", nobody).await.expect(400), wrong);
    assert!(forge.put("user/password/", access, set).await.expect(400)["current"][0].is_string());
    let change = json!({"current": "the tide is high", "password": "the tide is out"});
    forge.put("user/password/", access, change).await.expect(200);
    login("the tide is out").await.expect(201);
    let mails = forge.mails();
    assert_eq!(mails.iter().filter(|mail| mail.contains("password was changed")).count(), 2);
    let stored = forge.database.client().await.query_one("select password_hash from app_user", &[]).await.unwrap();
    assert!(stored.get::<_, String>(0).starts_with("$argon2id$"));
}

#[tokio::test]
async fn without_a_password_logging_in_mails_a_link() {
    let forge = TestForge::new().await;
    for path in ["auth/login/", "auth/forgotpassword/"] {
        forge.post(path, "", json!({"email": "ann@example.org"})).await.expect(201);
    }
    assert_eq!(forge.mails().len(), 2);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_a_copy_ends_the_family() {
    let forge = TestForge::new().await;
    let (_, access) = forge.account("ann@example.org").await;
    let set = json!({"password": "the tide is high"});
    let session = forge.put("user/password/", &access, set).await.expect(200);
    let first = session["refresh"].clone();
    let rotate = async |token: &serde_json::Value| forge.post("auth/refresh/", "", json!({"refresh": token})).await;
    let pair = rotate(&first).await.expect(200);
    assert_ne!(pair["refresh"], first);
    forge.get("user/", pair["access"].as_str().unwrap()).await.expect(200);
    // Somebody uses the first one again: the rightful successor ends too.
    assert_eq!(rotate(&first).await.expect(401)["code"], "token_not_valid");
    rotate(&pair["refresh"]).await.expect(401);
    // An access token is no refresh token, nor is the reverse.
    rotate(&pair["access"]).await.expect(401);
    forge.get("user/", first.as_str().unwrap()).await.expect(401);
    rotate(&json!("")).await.expect(401);
}

#[tokio::test]
async fn of_two_uses_at_once_of_a_refresh_token_one_wins() {
    let forge = TestForge::new().await;
    let (_, access) = forge.account("ann@example.org").await;
    let set = json!({"password": "the tide is high"});
    let session = forge.put("user/password/", &access, set).await.expect(200);
    let form = json!({"refresh": session["refresh"]});
    let (a, b) = tokio::join!(forge.post("auth/refresh/", "", form.clone()), forge.post("auth/refresh/", "", form));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn the_account_form_changes_what_it_names_and_nothing_else() {
    let forge = TestForge::new().await;
    let (user, access) = forge.account("ann@example.org").await;
    let change = json!({"id": user["id"], "name": "Ann", "accessibility_mode": true});
    let changed = forge.put("user/", &access, change).await.expect(200);
    assert_eq!((&changed["name"], &changed["accessibility_mode"]), (&json!("Ann"), &json!(true)));
    let kept = forge.put("user/", &access, json!({"send_newsletter": true})).await.expect(200);
    assert_eq!((&kept["name"], &kept["send_newsletter"]), (&json!("Ann"), &json!(true)));
    let (_, bob) = forge.account("bob@example.org").await;
    let taken = forge.put("user/", &bob, json!({"name": "ANN"})).await.expect(400);
    assert_eq!(taken, json!({"name": ["This username is taken."]}));
    let staff = forge.put("user/", &bob, json!({"is_staff": true})).await.expect(200);
    assert_eq!(staff["is_staff"], false);
}

#[tokio::test]
async fn a_banned_account_is_refused_everywhere_until_it_is_not() {
    let forge = TestForge::new().await;
    let (_, access) = forge.account("ann@example.org").await;
    operator::set_banned(forge.forge.app(), "ann@example.org", true).await.unwrap();
    forge.get("user/", &access).await.expect(401);
    let fresh = operator::access_token(forge.forge.app(), "ann@example.org").await.unwrap();
    let told = forge.get("user/", &fresh).await.expect(403);
    assert_eq!(told["detail"], "You have been banned from entering worlds.");
    let link = operator::login_link(forge.forge.app(), "ann@example.org").await.unwrap();
    let token = link.rsplit('/').next().unwrap();
    forge.post("auth/email/confirm/", "", json!({"token": token})).await.expect(403);
    operator::set_banned(forge.forge.app(), "ann@example.org", false).await.unwrap();
    forge.get("user/", &fresh).await.expect(200);
}

#[tokio::test]
async fn the_operator_makes_accounts_and_links() {
    let forge = TestForge::new().await;
    let app = forge.forge.app();
    let owner = operator::create_user(app, "owner@localhost", true).await.unwrap();
    assert!(owner.is_staff);
    let again = operator::create_user(app, "Owner@localhost", false).await.unwrap();
    assert!(again.is_staff && again.id == owner.id);
    let link = operator::login_link(app, "owner@localhost").await.unwrap();
    let token = link.strip_prefix("http://realms.test/login-link/").unwrap();
    let session = forge.post("auth/email/confirm", "", json!({"token": token})).await.expect(201);
    assert_eq!(session["user"]["is_staff"], true);
    assert!(operator::access_token(app, "nobody@localhost").await.is_err());
}

#[tokio::test]
async fn older_calls_answer_as_they_used_to() {
    let forge = TestForge::new().await;
    forge.post("auth/email/request/", "", json!({"email": "ann@example.org"})).await.expect(201);
    let code = forge.last_link();
    let session = forge.post("auth/confirmemail/", "", json!({"code": code})).await.expect(201);
    let access = session["access"].as_str().unwrap();
    assert!(forge.post("auth/confirmemail/", "", json!({"code": code})).await.expect(400)["code"][0].is_string());
    forge.post("auth/resendconfirmation/", access, json!({})).await.expect(201);
    forge.post("auth/resetpassword/", "", json!({})).await.expect(410);
    assert_eq!(forge.get("users/patrons/", "").await.expect(200), json!({"data": []}));
    assert_eq!(forge.get("users/patrons/gold/", "").await.expect(200), json!({"data": []}));
    let conduct = forge.post("auth/acceptcodeofconduct/", access, json!({})).await.expect(201);
    assert_eq!(conduct["cod_accepted"], true);
    for path in ["auth/google/login/", "auth/google/save/"] {
        let told = forge.post(path, "", json!({"credential": "x"})).await.expect(400);
        assert!(told["non_field_errors"][0].as_str().unwrap().contains("Google"), "{told}");
    }
}

#[tokio::test]
async fn whatever_is_asked_errors_are_json_in_the_wires_shape() {
    let forge = TestForge::new().await;
    let detail = async |answer: crate::support::forge::Answer, status: u16| {
        assert!(answer.headers.contains_key("x-request-id"));
        assert!(answer.expect(status)["detail"].is_string());
    };
    detail(forge.get("user/", "").await, 401).await;
    detail(forge.get("user/", "nonsense").await, 401).await;
    detail(forge.get("no/such/thing", "").await, 404).await;
    detail(forge.call(Method::DELETE, "user/", "", None).await, 405).await;
    let big = json!({"email": "x".repeat(70 * 1024)});
    detail(forge.post("auth/email/request/", "", big).await, 413).await;
    for path in ["lobby/worlds/%ff/", "lobby/worlds/%00/", "lobby/worlds/-1/", "lobby/worlds/99999999999999999999/"] {
        detail(forge.get(path, "").await, 404).await;
    }
    detail(forge.get("lobby/worlds/public/?page=0", "").await, 404).await;
    detail(forge.get("lobby/worlds/public/?page=x", "").await, 404).await;
    let request = hyper::Request::post("/api/v1/auth/email/request/").header("host", "x");
    let broken = forge.send(request.body(b"{\"email\": ".to_vec().into()).unwrap()).await;
    assert_eq!(broken.expect(400), json!({"non_field_errors": ["This is not valid JSON."]}));
}

#[tokio::test]
async fn other_origins_may_ask_and_send_the_headers_of_the_game() {
    let forge = TestForge::new().await;
    let request = hyper::Request::options("/api/v1/game/player/config/")
        .header("host", "x")
        .header("origin", "http://elsewhere.test")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,x-player-id");
    let answer = forge.send(request.body(Default::default()).unwrap()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap().to_lowercase();
    assert!(["authorization", "content-type", "x-player-id"].iter().all(|h| allowed.contains(h)), "{allowed}");
    let request = hyper::Request::get("/api/v1/user").header("host", "x").header("origin", "http://elsewhere.test");
    let refused = forge.send(request.body(Default::default()).unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["access-control-allow-origin"]),
        (401, &"*".parse().unwrap())
    );
}

#[tokio::test]
async fn a_flood_from_one_address_is_slowed_down_and_others_are_not() {
    let forge = TestForge::with(|options| {
        options.limits.requests_per_second = 1;
        options.limits.requests_burst = 5;
        options.trusted_proxies = vec!["127.0.0.1".into()];
    })
    .await;
    let ask = async |from: &str| {
        let request = hyper::Request::get("/api/v1/platform/").header("host", "x").header("x-forwarded-for", from);
        forge.send(request.body(Default::default()).unwrap()).await
    };
    for _ in 0..5 {
        ask("198.51.100.1").await.expect(200);
    }
    let refused = ask("198.51.100.1").await.expect(429);
    assert!(refused["detail"].as_str().unwrap().starts_with("You are quicker than we can answer."), "{refused}");
    ask("198.51.100.2").await.expect(200);
}

#[tokio::test]
async fn an_account_that_floods_from_many_addresses_is_slowed_down_alone() {
    let forge = TestForge::with(|options| {
        options.limits.requests_per_second = 1;
        options.limits.requests_burst = 5;
        options.trusted_proxies = vec!["127.0.0.1".into()];
    })
    .await;
    let app = forge.forge.app();
    let mut tokens = Vec::new();
    for email in ["ann@example.org", "bob@example.org"] {
        operator::create_user(app, email, false).await.unwrap();
        tokens.push(operator::access_token(app, email).await.unwrap());
    }
    let ask = async |token: &str, from: u32| {
        let request = hyper::Request::get("/api/v1/user/")
            .header("host", "x")
            .header("x-forwarded-for", format!("198.51.100.{from}"))
            .header("authorization", format!("Bearer {token}"));
        forge.send(request.body(Default::default()).unwrap()).await
    };
    for from in 1..=5 {
        ask(&tokens[0], from).await.expect(200);
    }
    let refused = ask(&tokens[0], 6).await.expect(429);
    assert!(refused["detail"].as_str().unwrap().starts_with("Your account asks more"), "{refused}");
    ask(&tokens[1], 6).await.expect(200);
}
