//! All routes of the REST with their documentation; `openapi.json` at the root of the repository is made from it.

use std::collections::BTreeMap;

use utoipa::openapi::path::PathItem;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Info, OpenApi, OpenApiBuilder, Ref, RefOr, ResponseBuilder, Server};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::{App, accounts, guests, lobby, login, login_legacy, players, reset, web};

/// Every route, documented.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(head())
        .merge(login::routes())
        .merge(login_legacy::routes())
        .merge(accounts::routes())
        .merge(lobby::routes())
        .merge(players::routes())
        .merge(reset::routes())
        .merge(guests::routes())
}

/// The document of the REST, as text that ends in a newline.
pub fn document() -> String {
    let mut document = routes().into_openapi();
    document.paths.paths.values_mut().for_each(tell_errors);
    // The types of the document have no part that JSON cannot hold.
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// What any operation may answer besides its own.
fn tell_errors(path: &mut PathItem) {
    let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete];
    for operation in operations.into_iter().flatten() {
        let told = |name: &str, text: &str| {
            let body = Content::new(Some(Ref::from_schema_name(name)));
            ResponseBuilder::new().description(text).content("application/json", body).build()
        };
        let responses = &mut operation.responses.responses;
        for response in responses.values_mut() {
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                response.description = "Done".into();
            }
        }
        responses.entry("400".into()).or_insert_with(|| told("Invalid", "Something in the request is wrong").into());
        responses.insert("default".into(), told("Refused", "Any other refusal or failure").into());
    }
}

/// What is wrong with a request: arrays of texts by field, `non_field_errors` for the whole. Some calls answer `["text"]`.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the values are built by AppError")]
struct Invalid(BTreeMap<String, Vec<String>>);

/// Why something was refused.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only its schema is used; the values are built by AppError")]
struct Refused {
    detail: String,
    /// With 401: `token_not_valid`.
    code: Option<String>,
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
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", bearer);
    components.schemas.insert("Invalid".into(), Invalid::schema());
    components.schemas.insert("Refused".into(), Refused::schema());
    document
}
