//! All routes of the REST with their documentation; `openapi.json` at the root of the repository is made from it.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder, Server};
use utoipa_axum::router::OpenApiRouter;

use super::{App, accounts, guests, lobby, login, login_legacy, players, web};

/// Every route, documented.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(head())
        .merge(login::routes())
        .merge(login_legacy::routes())
        .merge(accounts::routes())
        .merge(lobby::routes())
        .merge(players::routes())
        .merge(guests::routes())
}

/// The document of the REST, as text that ends in a newline.
pub fn document() -> String {
    let document = routes().into_openapi();
    // The types of the document have no part that JSON cannot hold.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn head() -> OpenApi {
    let mut info = Info::new("Realms", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "The REST interface of the Forge. Paths end in a slash and are served without it too. Errors: 400 names fields \
         with arrays of texts, everything else has a `detail`."
            .into(),
    );
    let mut document = OpenApiBuilder::new().info(info).servers(Some([Server::new(web::BASE)])).build();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    document
}
