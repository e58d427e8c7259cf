//! How the Forge keeps house: its logs, its mail server, its database going away, what expires.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use realms::config::Secret;
use realms::forge::{Forge, operator};
use realms::world::character::PlayerConfig;
use realms::world::internal::Order;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::support::forge::TestForge;

/// Something that must come true soon; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_link_or_password_reaches_the_log_however_much_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, access) = forge.account("ann@example.org").await;
    let link = forge.last_link();
    let password = "the tide is high";
    let session = forge.put("user/password/", &access, json!({"password": password})).await.expect(200);
    let login = json!({"email": "ann@example.org", "password": password});
    forge.post("auth/login/", "", login).await.expect(201);
    forge.post("auth/refresh/", "", json!({"refresh": session["refresh"]})).await.expect(200);
    forge.post("auth/refresh/", "", json!({"refresh": session["refresh"]})).await.expect(401);
    forge.post("auth/email/confirm/", "", json!({"token": link})).await.expect(400);
    forge.get(&format!("lobby/?token={access}"), &access).await.expect(401);
    forge.post("auth/email/confirm/", "", json!([password])).await.expect(400);
    let client = forge.database.client().await;
    let hash: String = client.query_one("select password_hash from app_user", &[]).await.unwrap().get(0);
    client.execute("alter table app_user rename to elsewhere", &[]).await.unwrap();
    forge.get("lobby/", session["access"].as_str().unwrap()).await.expect(500);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("/api/v1/auth/email/confirm/") && log.contains("a used refresh token came back"), "{log}");
    let refresh = session["refresh"].as_str().unwrap();
    for secret in [access.as_str(), refresh, &link, password, &hash, "service"] {
        // "service" is the token that Forge and nexuses share in tests.
        assert!(!log.contains(&format!("\"{secret}\"")) && (secret == "service" || !log.contains(secret)), "{secret}");
    }
}

/// A mail server of a few words; every letter that it takes goes to the channel.
async fn mail_server() -> (String, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (letters, received) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let letters = letters.clone();
            tokio::spawn(take_mail(stream, letters));
        }
    });
    (url, received)
}

async fn take_mail(stream: TcpStream, letters: tokio::sync::mpsc::Sender<String>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 mail.test\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250 mail.test\r\n",
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut letter = String::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    letter.push_str(&line);
                    letter.push('\n');
                }
                letters.send(letter).await.ok();
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_mail_server_gets_the_letters_and_no_file_is_written() {
    let (url, mut letters) = mail_server().await;
    let forge = TestForge::with(|options| options.mail.smtp_url = Some(Secret::new(url))).await;
    forge.post("auth/email/request/", "", json!({"email": "ann@example.org"})).await.expect(201);
    let letter = tokio::time::timeout(PATIENCE, letters.recv()).await.unwrap().unwrap();
    assert!(letter.contains("To: ann@example.org") && letter.contains("/login-link/"), "{letter}");
    assert!(forge.mails().is_empty());
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_told_and_the_next_try_may_work() {
    let forge = TestForge::with(|options| options.mail.smtp_url = Some(Secret::new("smtp://127.0.0.1:1"))).await;
    let told = forge.post("auth/email/request/", "", json!({"email": "ann@example.org"})).await.expect(503);
    assert!(told["detail"].as_str().unwrap().starts_with("The mail could not be sent."), "{told}");
}

/// Stands between Forge and Postgres; cut off by aborting it.
async fn proxy_to(address: &str) -> (String, tokio::task::JoinHandle<()>) {
    let config: tokio_postgres::Config = address.parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (user, name) = (config.get_user().unwrap_or("postgres"), config.get_dbname().unwrap());
    let mut through = format!("host=127.0.0.1 port={port} user={user} dbname={name}");
    if let Some(password) = config.get_password() {
        through.push_str(&format!(" password='{}'", String::from_utf8_lossy(password)));
    }
    let host = config.get_hosts()[0].clone();
    let target = config.get_ports().first().copied().unwrap_or(5432);
    let proxy = tokio::spawn(async move {
        // The connections end with this task.
        let mut pipes = tokio::task::JoinSet::new();
        while let Ok((mut inner, _)) = listener.accept().await {
            let host = host.clone();
            pipes.spawn(async move {
                match host {
                    tokio_postgres::config::Host::Tcp(host) => {
                        let mut outer = TcpStream::connect((host.as_str(), target)).await?;
                        tokio::io::copy_bidirectional(&mut inner, &mut outer).await
                    }
                    tokio_postgres::config::Host::Unix(dir) => {
                        let socket = dir.join(format!(".s.PGSQL.{target}"));
                        let mut outer = tokio::net::UnixStream::connect(socket).await?;
                        tokio::io::copy_bidirectional(&mut inner, &mut outer).await
                    }
                }
            });
        }
    });
    (through, proxy)
}

#[tokio::test]
async fn without_its_database_the_forge_says_so_and_goes_on() {
    let database = crate::support::postgres::TestDatabase::new().await;
    let (through, proxy) = proxy_to(&database.url).await;
    let forge = TestForge::with(|options| options.database = Secret::new(through)).await;
    forge.get("platform/", "").await.expect(200);
    proxy.abort();
    assert!(proxy.await.unwrap_err().is_cancelled());
    let told = forge.get("platform/", "").await.expect(503);
    assert!(told["detail"].as_str().unwrap().contains("try again"), "{told}");
    forge.post("auth/email/request/", "", json!({"email": "ann@example.org"})).await.expect(503);
    assert_eq!(forge.get("lobby/homedata/", "").await.expect(200)["worlds"], json!([]));
}

#[tokio::test]
async fn what_has_expired_is_swept_and_the_rest_stays() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let stays = forge.post("game/play/", "", json!({})).await.expect(201);
    let goes = forge.post("game/play/", "", json!({})).await.expect(201);
    let held = forge.post("game/play/", "", json!({})).await.expect(201);
    let id = |guest: &serde_json::Value| guest["user"]["id"].as_i64().unwrap();
    let client = forge.database.client().await;
    let old = "update app_user set last_seen = now() - interval '22 days' where id = any($1)";
    client.execute(old, &[&vec![id(&goes), id(&held)]]).await.unwrap();
    client.execute("delete from refresh_token where user_id = any($1)", &[&vec![id(&goes), id(&held)]]).await.unwrap();
    client.execute("update player set in_game = true where user_id = $1", &[&id(&held)]).await.unwrap();
    let shutdown = CancellationToken::new();
    let options = forge.forge.app().options.clone();
    let house = tokio::spawn(Forge::open(options).await.unwrap().run(shutdown.clone()));
    let gone = async {
        let left = "select count(*) from app_user where id = $1";
        while client.query_one(left, &[&id(&goes)]).await.unwrap().get::<_, i64>(0) > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the guest is swept");
    let left = client.query("select id from app_user order by id", &[]).await.unwrap();
    let left: Vec<i64> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, [id(&stays), id(&held)]);
    shutdown.cancel();
    house.await.unwrap();
}

#[tokio::test]
async fn a_storm_of_logins_is_answered_and_leaves_the_rest_of_the_forge_free() {
    let forge = TestForge::with(|options| options.limits.logins_per_minute = 1000).await;
    let (_, access) = forge.account("ann@example.org").await;
    forge.put("user/password/", &access, json!({"password": "the tide is high"})).await.expect(200);
    let login = json!({"email": "ann@example.org", "password": "the tide is low"});
    let storm = futures_util::future::join_all((0..20).map(|_| forge.post("auth/login/", "", login.clone())));
    // The lobby is answered first, although it was asked last.
    let calm = async {
        let token = operator::access_token(forge.forge.app(), "ann@example.org").await.unwrap();
        forge.get("lobby/", &token).await
    };
    tokio::pin!(storm, calm);
    tokio::select! {
        biased;
        _ = &mut storm => panic!("twenty hashes were quicker than one page"),
        answer = &mut calm => { answer.expect(200); }
    }
    for answer in storm.await {
        answer.expect(400);
    }
}

/// A nexus that runs every world and passes on what it is told.
async fn listening_nexus(forge: &TestForge) -> tokio::sync::mpsc::Receiver<Order> {
    let (orders, told) = tokio::sync::mpsc::channel(8);
    let instruct = move |axum::Json(order): axum::Json<Order>| async move {
        orders.send(order).await.ok();
        axum::Json(json!({}))
    };
    let router = axum::Router::new().route("/internal/worlds/{spawn}/instruct", axum::routing::post(instruct));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = forge.database.client().await;
    let insert = "insert into nexus (name, url, ws_uri, data_id, engine, boot) values ('n', $1, '', 'd', 'e', 1)";
    client.execute(insert, &[&url]).await.unwrap();
    client.batch_execute("update spawn set lifecycle = 'running', nexus = 'n', epoch = 1").await.unwrap();
    client.batch_execute("update player set in_game = true, held_by_spawn = spawn_id, held_epoch = 1").await.unwrap();
    told
}

#[tokio::test]
async fn running_worlds_hear_of_new_settings_and_of_bans() {
    let forge = TestForge::new().await;
    forge.world("open", json!({})).await;
    let (_, token) = forge.account("ann@example.org").await;
    let made = forge.post("lobby/worlds/open/chars/", &token, json!({"name": "Ann"})).await.expect(201);
    let id = made["id"].as_i64().unwrap();
    let mut told = listening_nexus(&forge).await;
    let mut next = async || tokio::time::timeout(PATIENCE, told.recv()).await.unwrap().unwrap();
    let request = hyper::Request::post("/api/v1/game/player/config/")
        .header("host", "x")
        .header("authorization", format!("Bearer {token}"))
        .header("x-player-id", id);
    forge.send(request.body(r#"{"room_brief": true}"#.into()).unwrap()).await.expect(201);
    let config = PlayerConfig { room_brief: true, ..PlayerConfig::default() };
    assert_eq!(next().await, Order::SetConfig { player: id, config });
    // Banned by a tool that is another process, before and while a Forge runs.
    operator::set_banned(forge.forge.app(), "ann@example.org", true).await.unwrap();
    let shutdown = CancellationToken::new();
    let options = forge.forge.app().options.clone();
    let house = tokio::spawn(Forge::open(options).await.unwrap().run(shutdown.clone()));
    let text = "You have been banned from entering worlds.".to_owned();
    assert_eq!(next().await, Order::Expel { player: id, text: text.clone() });
    let client = forge.database.client().await;
    let listening = async {
        let listeners = "select count(*) from pg_stat_activity
                         where datname = current_database() and query like 'listen %'";
        while client.query_one(listeners, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, listening).await.unwrap();
    operator::set_banned(forge.forge.app(), "ann@example.org", true).await.unwrap();
    assert_eq!(next().await, Order::Expel { player: id, text });
    shutdown.cancel();
    house.await.unwrap();
}
