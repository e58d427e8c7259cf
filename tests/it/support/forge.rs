//! A Forge of one test: its own database, keys and mail directory, served on a loopback port; and the few calls
//! by which a test is its client.

use std::net::SocketAddr;
use std::path::PathBuf;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use realms::config::Secret;
use realms::forge::{Forge, Limits, MailOptions, Options};
use serde_json::{Value, json};

use super::postgres::TestDatabase;

pub struct TestForge {
    pub database: TestDatabase,
    pub forge: Forge,
    pub address: SocketAddr,
    dir: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: hyper::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// The body, of an answer with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self.body
    }
}

impl TestForge {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other options than the usual.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let database = TestDatabase::new().await;
        let dir = tempfile::tempdir().unwrap();
        let mut options = Options {
            database: Secret::new(database.url.clone()),
            public_url: "http://realms.test".into(),
            mail: MailOptions {
                smtp_url: None,
                from: "Realms <realms@realms.test>".into(),
                dir: dir.path().join("mail"),
                print_links: false,
            },
            keys_dir: dir.path().join("keys"),
            service_token: Secret::new("service"),
            guests: true,
            intro_world: None,
            redis: None,
            trusted_proxies: Vec::new(),
            limits: Limits::default(),
            ws_uri: "ws://realms.test/ws/game/cmd".into(),
        };
        change(&mut options);
        let forge = Forge::open(options).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = forge.public().into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { database, forge, address, dir, server }
    }

    /// Any request; `path` below `/api/v1/`.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn call(&self, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
        let mut request =
            Request::builder().method(method).uri(format!("/api/v1/{path}")).header(HOST, self.address.to_string());
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Full::from(body.to_string())
            }
            None => Full::default(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.call(Method::GET, path, token, None).await
    }

    pub async fn post(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call(Method::POST, path, token, Some(body)).await
    }

    pub async fn put(&self, path: &str, token: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, token, Some(body)).await
    }

    /// The mails that were sent, oldest name first.
    pub fn mails(&self) -> Vec<String> {
        let Ok(dir) = std::fs::read_dir(self.dir.path().join("mail")) else { return Vec::new() };
        let mut files: Vec<(std::time::SystemTime, PathBuf)> = dir
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.path()))
            .filter(|(_, path)| path.extension().is_some_and(|e| e == "eml"))
            .collect();
        files.sort();
        files.iter().map(|(_, path)| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// The token of the link in the last mail.
    pub fn last_link(&self) -> String {
        let mail = self.mails().pop().expect("a mail was sent");
        // Long lines are folded with "=" at their end.
        let mail = mail.replace("=\r\n", "");
        let (_, rest) = mail.split_once("http://realms.test/login-link/").expect("the mail has a link");
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// An account with its access token, made the way that people make one.
    pub async fn account(&self, email: &str) -> (Value, String) {
        self.post("auth/email/request/", "", json!({"email": email})).await.expect(201);
        let token = self.last_link();
        let session = self.post("auth/email/confirm/", "", json!({"token": token})).await.expect(201);
        (session["user"].clone(), session["access"].as_str().unwrap().to_owned())
    }

    /// A public multiplayer world, with what `spec` adds.
    pub async fn world(&self, slug: &str, spec: Value) -> i64 {
        let mut full = serde_json::to_value(realms::world::spec::WorldSpec::default()).unwrap();
        full["name"] = json!(format!("The {slug}"));
        full["is_public"] = json!(true);
        for (key, value) in spec.as_object().unwrap() {
            full[key] = value.clone();
        }
        let client = self.database.client().await;
        let text = |key: &str| full[key].as_str().unwrap_or_default().to_owned();
        let flag = |key: &str| full[key].as_bool().unwrap_or_default();
        client
            .query_one(
                "insert into world (slug, name, description, is_multiplayer, is_public, spec)
                 values ($1, $2, $3, $4, $5, $6) returning id",
                &[&slug, &text("name"), &text("description"), &flag("is_multiplayer"), &flag("is_public"), &full],
            )
            .await
            .unwrap()
            .get(0)
    }
}

impl Drop for TestForge {
    fn drop(&mut self) {
        self.server.abort();
    }
}
