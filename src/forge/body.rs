//! What requests bring and lists answer: JSON bodies, path parameters, pages. Whatever a client sends
//! that cannot be understood becomes an error in the wire's shapes.

use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::web::AskedPath;
use super::{App, AppError};

/// A JSON body. A missing one counts as `{}`: several calls have nothing to say.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &App) -> Result<Self, AppError> {
        let bytes = Bytes::from_request(request, app).await.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                AppError::TooLarge { limit_bytes: app.options.limits.body_bytes }
            }
            _ => AppError::non_field("The request broke off."),
        })?;
        let text: &[u8] = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { &bytes };
        parse(text).map(Body)
    }
}

/// Parses JSON; what does not fit is told by field.
fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, AppError> {
    if text.contains(&0) {
        return Err(AppError::non_field("This is not valid JSON."));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize::<_, T>(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        if error.inner().is_data() {
            let text = plain(&error.inner().to_string());
            return if field == "." { AppError::non_field(text) } else { AppError::field(field, text) };
        }
        AppError::non_field("This is not valid JSON.")
    })?;
    reader.end().map_err(|_| AppError::non_field("This is not valid JSON."))?;
    Ok(value)
}

/// serde's words without its position, as a sentence.
fn plain(text: &str) -> String {
    let text = text.split(" at line ").next().unwrap_or(text);
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// Parameters of the path. What does not parse is not found.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Params<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        Path::<T>::from_request_parts(parts, app).await.map(|Path(p)| Self(p)).map_err(|_| AppError::NotFound)
    }
}

/// Parameters of the query string.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Asked<T> {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        Query::<T>::from_request_parts(parts, app)
            .await
            .map(|Query(q)| Self(q))
            .map_err(|_| AppError::non_field("The query of this address cannot be understood."))
    }
}

/// Things per page when nothing is said. Clients compute page counts with it.
pub const PAGE_SIZE: i64 = 10;
pub const PAGE_SIZE_MAX: i64 = 100;
/// Pages beyond it are not found, whatever a client asks.
const PAGE_MAX: i64 = 1_000_000;

/// Which part of a list is wanted, and under which address this was asked.
#[derive(Clone, Debug)]
pub struct Paging {
    page: i64,
    pub size: i64,
    /// Absolute address without the query.
    address: String,
    /// The rest of the query, to be repeated in the links.
    rest: Vec<(String, String)>,
}

impl FromRequestParts<App> for Paging {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, AppError> {
        let Asked(query) = Asked::<Vec<(String, String)>>::from_request_parts(parts, app).await?;
        let number = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.parse::<i64>());
        let page = match number("page") {
            None => 1,
            Some(Ok(page)) if (1..=PAGE_MAX).contains(&page) => page,
            Some(_) => return Err(AppError::NotFound),
        };
        let size = match number("page_size") {
            Some(Ok(size)) if size > 0 => size.min(PAGE_SIZE_MAX),
            _ => PAGE_SIZE,
        };
        let rest = query.into_iter().filter(|(key, _)| key != "page").collect();
        let path = parts.extensions.get::<AskedPath>().map_or(parts.uri.path(), |asked| &asked.0);
        Ok(Self { page, size, address: format!("{}{path}", app.options.public_url), rest })
    }
}

impl Paging {
    pub fn offset(&self) -> i64 {
        (self.page - 1) * self.size
    }

    /// The envelope around this page's part of `count` things.
    ///
    /// # Errors
    /// A page after the last one is not found.
    pub fn envelope<T>(&self, count: i64, results: Vec<T>) -> Result<Page<T>, AppError> {
        if self.page > 1 && self.offset() >= count {
            return Err(AppError::NotFound);
        }
        let next = (self.offset() + self.size < count).then(|| self.link(self.page + 1));
        let previous = (self.page > 1).then(|| self.link(self.page - 1));
        Ok(Page { count, next, previous, results })
    }

    fn link(&self, page: i64) -> String {
        let mut link = format!("{}?page={page}", self.address);
        for (key, value) in &self.rest {
            link.push_str(&format!("&{}={}", percent(key), percent(value)));
        }
        link
    }
}

fn percent(text: &str) -> String {
    let keep = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// Of the whole list.
    pub count: i64,
    pub next: Option<String>,
    pub previous: Option<String>,
    pub results: Vec<T>,
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        axum::Json(self).into_response()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Form {
        #[serde(default)]
        email: String,
        #[serde(default)]
        wanted: bool,
    }

    #[test]
    fn bodies_that_do_not_fit_are_told_by_field() {
        let form: Form = parse(br#"{"email": "a@b", "wanted": true, "more": [1]}"#).unwrap();
        assert!(form.wanted && form.email == "a@b");
        let AppError::Fields(fields) = parse::<Form>(br#"{"email": 5}"#).unwrap_err() else { panic!() };
        assert_eq!(fields, [("email".to_owned(), "Invalid type: integer `5`, expected a string.".to_owned())]);
        for bad in [&b"{"[..], b"[]x", b"{} {}", b"\xff", b"{\"email\":\"\\ud800\"}", b"nul", b"{\"email\":\"a\x00b\"}"]
        {
            let AppError::Fields(fields) = parse::<Form>(bad).unwrap_err() else { panic!() };
            assert_eq!(fields[0].0, "non_field_errors", "{bad:?}");
        }
        let deep = "[".repeat(100_000);
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
    }

    #[test]
    fn pages_know_their_neighbours() {
        let rest = vec![("q".to_owned(), "low water".to_owned())];
        let paging = Paging { page: 2, size: 10, address: "http://x/a/".into(), rest };
        let page = paging.envelope(31, vec![()]).unwrap();
        assert_eq!(page.next.as_deref(), Some("http://x/a/?page=3&q=low%20water"));
        assert_eq!(page.previous.as_deref(), Some("http://x/a/?page=1&q=low%20water"));
        assert!(paging.envelope(10, vec![()]).is_err());
        let first = Paging { page: 1, ..paging };
        assert!(first.envelope(0, Vec::<()>::new()).unwrap().next.is_none());
    }
}
