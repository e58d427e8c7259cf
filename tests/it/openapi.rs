//! The document of the REST at the root of the repository is the one that the routes make.

#[test]
fn openapi_json_is_what_the_routes_say() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = realms::forge::api::document();
    if std::env::var_os("REALMS_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "openapi.json is out of date: run REALMS_BLESS=1 cargo nextest run openapi and commit it");
    for route in ["/auth/email/confirm/", "/lobby/worlds/{world}/chars/{id}/", "/game/player/config/"] {
        assert!(made.contains(&format!("\"{route}\"")), "{route}");
    }
}
