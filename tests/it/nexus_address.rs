//! A nexus behind one host with others: it answers to its own name in the path, and to no other's.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use realms::address::TrustedProxies;
use realms::config::{Durability, Secret};
use realms::nexus::{Limits, Nexus, Options};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

async fn get(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 64 * 1024).await.unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

#[tokio::test]
async fn a_nexus_answers_to_its_own_name_only() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        name: "nexus-1".into(),
        data_dir: folder.path().join("nexus-1"),
        // Nobody is there: its address does not depend on the Forge.
        forge_url: "http://127.0.0.1:1".into(),
        own_url: "http://127.0.0.1:2".into(),
        ws_uri: String::new(),
        service_token: Secret::generate(),
        redis: None,
        durability: Durability::Strict,
        history_bytes: 0,
        limits: Limits::default(),
        trusted_proxies: TrustedProxies::default(),
    };
    let nexus = Nexus::open(options).await.unwrap();
    let router = nexus.public();
    // The game socket asks for a websocket.
    for path in ["/ws/game/cmd", "/ws/game/cmd/", "/ws/game/cmd/nexus-1", "/ws/game/cmd/nexus-1/"] {
        assert_eq!(get(&router, path).await.0, StatusCode::UPGRADE_REQUIRED, "{path}");
    }
    let (status, text) = get(&router, "/ws/game/cmd/nexus-10").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(text, r#"{"detail":"This is the nexus nexus-1, the address names another."}"#);

    let stop = CancellationToken::new();
    stop.cancel();
    nexus.run(stop).await;
}
