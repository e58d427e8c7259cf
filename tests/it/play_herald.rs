//! Serving Herald's files: caching, compression, the page for Herald's own paths, and what is never Herald's.

use std::io::Read;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode};
use axum::{Router, routing::get};
use flate2::read::GzDecoder;
use realms::herald::{Herald, guarded};
use realms::probe::Probe;
use tower::ServiceExt;

const PAGE: &str = "<!doctype html><title>Herald</title>";

fn site() -> Router {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("assets")).unwrap();
    std::fs::write(dir.path().join("index.html"), PAGE).unwrap();
    std::fs::write(dir.path().join("assets/index-Bx1y.js"), "let tide = 1;\n".repeat(200)).unwrap();
    std::fs::write(dir.path().join("favicon.svg"), "<svg/>").unwrap();
    let herald = Herald::from_dir(dir.path()).unwrap();
    assert!(herald.is_built());
    guarded(herald.behind(Router::new().route("/api/v1/known/", get(|| async { "known" }))))
}

async fn ask(site: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    site.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(response: Response<Body>) -> Vec<u8> {
    to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn heralds_own_paths_get_the_page() {
    let site = site();
    for path in ["/", "/lobby", "/play/12/deep.path", "/apiary", "/login/abc"] {
        let response = ask(&site, Method::GET, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "cache-control"), "no-cache");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(body(response).await, PAGE.as_bytes(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_heralds_is_not_found_as_json() {
    let site = site();
    for path in ["/api/v1/nothing/", "/api", "/ws/nothing", "/internal/enter", "/metrics", "/assets/gone.js"] {
        let response = ask(&site, Method::GET, path, &[]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(body(response).await, br#"{"detail":"Not found."}"#, "{path}");
    }
    assert_eq!(ask(&site, Method::POST, "/api/v1/nothing/", &[]).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(body(ask(&site, Method::GET, "/api/v1/known/", &[]).await).await, b"known");
    // Neither does a path lead out of the folder.
    assert_eq!(body(ask(&site, Method::GET, "/../Cargo.toml", &[]).await).await, PAGE.as_bytes());
    assert_eq!(ask(&site, Method::GET, "/assets/../index.html", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_known_etag_is_not_sent_again() {
    let site = site();
    let first = ask(&site, Method::GET, "/assets/index-Bx1y.js", &[]).await;
    assert_eq!(header(&first, "cache-control"), "public, max-age=31536000, immutable");
    let etag = header(&first, "etag").to_owned();
    let again = ask(&site, Method::GET, "/assets/index-Bx1y.js", &[("if-none-match", &format!("\"x\", {etag}"))]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&again, "etag"), etag);
    assert!(body(again).await.is_empty());
    let other = ask(&site, Method::GET, "/assets/index-Bx1y.js", &[("if-none-match", "\"x\"")]).await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn text_is_compressed_for_those_who_take_it() {
    let site = site();
    let path = "/assets/index-Bx1y.js";
    let plain = ask(&site, Method::GET, path, &[("accept-encoding", "br, gzip;q=0")]).await;
    assert_eq!(header(&plain, "content-encoding"), "");
    let plain = body(plain).await;
    let packed = ask(&site, Method::GET, path, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert_eq!(header(&packed, "vary"), "accept-encoding");
    let packed = body(packed).await;
    assert!(packed.len() * 4 < plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);
}

#[tokio::test]
async fn only_reading_is_allowed_and_browsers_are_guarded() {
    let site = site();
    let posted = ask(&site, Method::POST, "/lobby", &[]).await;
    assert_eq!(posted.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&posted, "allow"), "GET, HEAD");
    let response = ask(&site, Method::GET, "/", &[]).await;
    let policy = header(&response, "content-security-policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    assert_eq!(header(&response, "referrer-policy"), "same-origin");
}

#[tokio::test]
async fn readiness_waits_for_every_latch() {
    let probe = Probe::default();
    let (forge, nexus) = (probe.latch("forge"), probe.latch("nexus"));
    let router = probe.router();
    forge.set(true);
    let response = ask(&router, Method::GET, "/readyz", &[]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body(response).await, br#"{"ready":false,"waiting_for":["nexus"]}"#);
    nexus.set(true);
    assert_eq!(ask(&router, Method::GET, "/readyz", &[]).await.status(), StatusCode::OK);
    forge.set(false);
    assert_eq!(ask(&router, Method::GET, "/readyz", &[]).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ask(&router, Method::GET, "/healthz", &[]).await.status(), StatusCode::OK);
}
