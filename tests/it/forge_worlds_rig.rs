//! A Forge on a real database with its ports open, and a nexus that does as the test says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{SinkExt, StreamExt};
use realms::config::Secret;
use realms::forge::worlds::{self, Applied, ApplyOptions};
use realms::forge::{App, Forge, Limits, MailOptions, Options};
use realms::link::{Link, Refusal};
use realms::world::internal::*;
use realms::world::manifest::{self, Located, Source};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::CancellationToken;

use crate::support::postgres::TestDatabase;

pub const WAIT: Duration = Duration::from_secs(20);

pub struct Rig {
    pub app: App,
    pub database: TestDatabase,
    pub public: SocketAddr,
    pub internal: SocketAddr,
    token: Secret,
    shutdown: CancellationToken,
    _keys: tempfile::TempDir,
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

impl Rig {
    pub async fn new() -> Self {
        let database = TestDatabase::new().await;
        let keys = tempfile::tempdir().unwrap();
        let token = Secret::generate();
        let options = Options {
            database: Secret::new(&database.url),
            public_url: "http://localhost".into(),
            mail: MailOptions {
                smtp_url: None,
                from: "a@b.test".into(),
                dir: keys.path().join("mail"),
                print_links: false,
            },
            keys_dir: keys.path().join("keys"),
            service_token: token.clone(),
            guests: true,
            intro_world: None,
            redis: std::env::var("REALMS_TEST_REDIS_URL").ok(),
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            ws_uri: "ws://localhost:8000/ws/game/cmd".into(),
        };
        let forge = Forge::open(options).await.unwrap();
        let app = forge.app().clone();
        let public = serve(forge.public()).await;
        let internal = serve(forge.internal()).await;
        let shutdown = CancellationToken::new();
        tokio::spawn(forge.run(shutdown.clone()));
        let client = database.client().await;
        let listening = "select count(*) from pg_stat_activity
                         where datname = current_database() and query like 'listen %'";
        until("the Forge listens", async || client.query_one(listening, &[]).await.unwrap().get::<_, i64>(0) > 0).await;
        Self { app, database, public, internal, token, shutdown, _keys: keys }
    }

    /// The Forge as a nexus reaches it.
    pub fn link(&self) -> Link {
        Link::new(&format!("http://{}", self.internal), &self.token).unwrap()
    }

    pub fn internal_url(&self) -> String {
        format!("http://{}", self.internal)
    }

    /// The service token.
    pub fn token(&self) -> &str {
        self.token.expose()
    }

    /// Status and body of a POST of an account.
    pub async fn post(&self, path: &str, access: &str, body: Value) -> (u16, Value) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let body = body.to_string();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {access}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.public).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
    }

    pub fn other_link(&self, token: &str) -> Link {
        Link::new(&format!("http://{}", self.internal), &Secret::new(token)).unwrap()
    }

    pub async fn apply(&self, documents: &[Located], prune: bool) -> Result<Applied, worlds::WorldsError> {
        worlds::apply(&self.app.db, documents, ApplyOptions { prune, ..ApplyOptions::default() }).await
    }

    pub async fn mill(&self) -> Applied {
        self.apply(&mill(), false).await.unwrap()
    }

    pub async fn sql(&self, statement: &str) {
        self.database.client().await.batch_execute(statement).await.unwrap();
    }

    pub async fn number(&self, query: &str) -> i64 {
        self.database.client().await.query_one(query, &[]).await.unwrap().get(0)
    }

    pub async fn text(&self, query: &str) -> String {
        self.database.client().await.query_one(query, &[]).await.unwrap().get(0)
    }

    /// The shared spawn of the mill.
    pub async fn spawn(&self) -> i64 {
        self.number("select s.id from spawn s join world w on w.id = s.world_id where w.slug = 'mill'").await
    }

    /// An account with its access token.
    pub async fn account(&self, name: &str, is_staff: bool) -> (i64, String) {
        let client = self.database.client().await;
        let row = client
            .query_one(
                "insert into app_user (email, email_key, name, name_key, is_staff, is_confirmed)
                 values ($1, $1, $2, $2, $3, true) returning id",
                &[&format!("{name}@example.test"), &name, &is_staff],
            )
            .await
            .unwrap();
        let id: i64 = row.get(0);
        (id, self.app.tokens.access(id, 0).unwrap())
    }

    /// A character in the mill.
    pub async fn character(&self, account: i64, name: &str) -> i64 {
        let client = self.database.client().await;
        let row = client
            .query_one(
                "insert into player (user_id, spawn_id, root_id, name, name_key)
                 select $1, s.id, w.id, $2, lower($2) from spawn s join world w on w.id = s.world_id
                 where w.slug = 'mill' returning id",
                &[&account, &name],
            )
            .await
            .unwrap();
        row.get(0)
    }

    pub async fn socket(&self, token: &str) -> Client {
        let url = format!("ws://{}/ws/forge/?token={token}", self.public);
        let (stream, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Client { stream }
    }

    /// A connected socket, past its greeting.
    pub async fn greeted(&self, token: &str) -> Client {
        let mut client = self.socket(token).await;
        assert_eq!(client.hear().await["type"], "connected");
        client
    }
}

pub struct Client {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub async fn say(&mut self, frame: Value) {
        self.stream.send(Message::text(frame.to_string())).await.unwrap();
    }

    pub async fn hear(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a text: {other:?}"),
        }
    }

    pub async fn message(&mut self) -> Message {
        tokio::time::timeout(WAIT, self.stream.next()).await.expect("a message in time").expect("a message").unwrap()
    }

    /// The close code that the server sends, other frames aside.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            if let Message::Close(frame) = self.message().await {
                return frame.unwrap().code.into();
            }
        }
    }

    /// Sends a job and waits for its `job_complete`.
    pub async fn job(&mut self, job: Value) -> Value {
        let mut frame = json!({"type": "job"});
        frame.as_object_mut().unwrap().extend(job.as_object().unwrap().clone());
        let name = frame["job"].clone();
        self.say(frame).await;
        let mut queued = false;
        loop {
            // What is watched may come in between.
            let answer = self.hear().await;
            queued |= answer == json!({"type": "job_queued", "job": name});
            if answer["type"] == "job_complete" && answer["job"] == name {
                assert!(queued, "first queued, then complete");
                return answer;
            }
        }
    }
}

/// What the nexus of a test was told, and what it answers.
#[derive(Default)]
pub struct Told {
    pub started: Vec<Lease>,
    pub stopped: Vec<i64>,
    pub tickets: Vec<Ticket>,
    pub orders: Vec<(i64, Order)>,
    pub population: Population,
    /// Answers to come, by call: status and code.
    pub refusals: BTreeMap<&'static str, Vec<(u16, &'static str)>>,
}

#[derive(Clone)]
pub struct FakeNexus {
    pub told: Arc<Mutex<Told>>,
    pub name: String,
    pub url: String,
    pub boot: u64,
    pub data_id: String,
    link: Link,
}

impl FakeNexus {
    /// A nexus that listens, and has registered.
    pub async fn start(rig: &Rig, name: &str) -> Self {
        let nexus = Self::unregistered(rig, name).await;
        nexus.register(Vec::new()).await.unwrap();
        nexus
    }

    pub async fn unregistered(rig: &Rig, name: &str) -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let router = Router::new()
            .route("/internal/worlds/start", post(start))
            .route("/internal/worlds/{spawn}/stop", post(stop))
            .route("/internal/worlds/{spawn}/instruct", post(instruct))
            .route("/internal/worlds/{spawn}/population", get(population))
            .route("/internal/enter", post(enter))
            .with_state(told.clone());
        let url = format!("http://{}", serve(router).await);
        Self { told, name: name.into(), url, boot: 1, data_id: format!("disk of {name}"), link: rig.link() }
    }

    pub async fn register(&self, worlds: Vec<HeldWorld>) -> Result<Registered, realms::link::LinkError> {
        let call = Register {
            name: self.name.clone(),
            url: self.url.clone(),
            ws_uri: String::new(),
            engine: "test".into(),
            data_id: self.data_id.clone(),
            boot: self.boot,
            worlds,
        };
        self.link.post("nexus/register", &call).await
    }

    pub async fn heartbeat(&self, players: BTreeMap<i64, Vec<i64>>) -> Result<Value, realms::link::LinkError> {
        let call = Heartbeat { name: self.name.clone(), boot: self.boot, players };
        self.link.post("nexus/heartbeat", &call).await
    }

    pub async fn errand(
        &self,
        lease: &Lease,
        seq: u64,
        errand: Errand,
    ) -> Result<ErrandReply, realms::link::LinkError> {
        let id = ErrandId { incarnation: 5, seq, ordinal: 0 };
        let call = ErrandCall { nexus: self.name.clone(), spawn: lease.spawn, epoch: lease.epoch, id, errand };
        self.link.post("errands", &call).await
    }

    pub fn lease(&self) -> Lease {
        self.told.lock().unwrap().started.last().expect("a world was started").clone()
    }

    pub fn refuse(&self, call: &'static str, status: u16, code: &'static str) {
        self.told.lock().unwrap().refusals.entry(call).or_default().push((status, code));
    }
}

fn scripted(told: &mut Told, call: &'static str) -> Response {
    let next = told.refusals.get_mut(call).filter(|list| !list.is_empty()).map(|list| list.remove(0));
    match next {
        Some((status, code)) => Refusal::response(StatusCode::from_u16(status).unwrap(), code, "As the test says."),
        None => Json(json!({})).into_response(),
    }
}

type Shared = State<Arc<Mutex<Told>>>;

async fn start(State(told): Shared, Json(lease): Json<Lease>) -> Response {
    let mut told = told.lock().unwrap();
    told.started.push(lease);
    scripted(&mut told, "start")
}

async fn stop(State(told): Shared, Path(spawn): Path<i64>) -> Response {
    let mut told = told.lock().unwrap();
    told.stopped.push(spawn);
    scripted(&mut told, "stop")
}

async fn instruct(State(told): Shared, Path(spawn): Path<i64>, Json(order): Json<Order>) -> Response {
    let mut told = told.lock().unwrap();
    told.orders.push((spawn, order));
    scripted(&mut told, "instruct")
}

async fn population(State(told): Shared, Path(_): Path<i64>) -> Response {
    Json(told.lock().unwrap().population.clone()).into_response()
}

async fn enter(State(told): Shared, Json(ticket): Json<Ticket>) -> Response {
    let mut told = told.lock().unwrap();
    told.tickets.push(ticket);
    scripted(&mut told, "enter")
}

async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// Until the condition holds: for what happens behind an answer.
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(WAIT, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// The small world of the tests.
pub fn mill() -> Vec<Located> {
    read(&mill_sources())
}

pub fn mill_sources() -> Vec<Source> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/world");
    ["world.yaml", "rooms.yaml", "items.yaml", "mobs.yaml", "skills.yaml", "loaders.yaml"]
        .map(|path| Source { path: path.into(), text: std::fs::read_to_string(dir.join(path)).unwrap() })
        .into()
}

pub fn read(sources: &[Source]) -> Vec<Located> {
    manifest::read(sources).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// Documents of the mill from one text.
pub fn more(text: &str) -> Vec<Located> {
    read(&[Source { path: "more.yaml".into(), text: text.into() }])
}
