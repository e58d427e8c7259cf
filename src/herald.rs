//! Serves Herald's built files, from the program itself or from a folder: with an ETag, compressed once, cached for ever
//! where the name carries a hash. A path of Herald's own router gets the page; what belongs to /api and /ws does not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName,
    IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tower_http::set_header::SetResponseHeaderLayer;

/// Scripts, styles and fonts from our own origin only; nobody frames us. Websockets may go to other hosts, because each
/// nexus can have its own.
const CONTENT_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'self'; \
     form-action 'self'; frame-ancestors 'none'";
const PAGE: &str = "index.html";
/// Vite puts what carries a hash in its name here.
const HASHED: &str = "assets/";
/// First parts of paths that are never Herald's.
const NOT_HERALDS: [&str; 5] = ["api", "ws", "internal", "metrics", "assets"];
/// Folders below the built files are read to this depth.
const FOLDER_DEPTH_MAX: usize = 8;

#[derive(rust_embed::Embed)]
#[folder = "herald/dist/"]
#[allow_missing = true]
struct Built;

/// Set by ./play to a hash of Herald and the starter world: cargo looks at their folders again when it changes.
const _: Option<&str> = option_env!("EMBED_STAMP");

/// Herald's files, ready to be served.
pub struct Herald {
    files: BTreeMap<String, File>,
}

struct File {
    body: Bytes,
    /// Made when it is first asked for; None where compressing does not pay.
    gzip: OnceLock<Option<Bytes>>,
    etag: HeaderValue,
    kind: &'static str,
    cache: &'static str,
}

impl Herald {
    /// The files that were built into the program; none in a program built before Herald was.
    pub fn built() -> Self {
        let file = |name: Cow<'static, str>| Some((name.to_string(), File::new(&name, Built::get(&name)?.data)));
        Self { files: Built::iter().filter_map(file).collect() }
    }

    /// The files in a folder, as they are now.
    ///
    /// # Errors
    /// The folder or a file in it cannot be read.
    pub fn from_dir(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        read_folder(folder, "", FOLDER_DEPTH_MAX, &mut files)?;
        Ok(Self { files })
    }

    /// Whether there is a page to show.
    pub fn is_built(&self) -> bool {
        self.files.contains_key(PAGE)
    }

    /// `router` with Herald for every path that it does not know.
    pub fn behind(self, router: Router) -> Router {
        let herald = Arc::new(self);
        router.fallback(move |request: Request| {
            let herald = Arc::clone(&herald);
            async move { herald.answer(request.method(), request.uri().path(), request.headers()) }
        })
    }

    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
        let path = path.trim_start_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        let file = match self.files.get(path) {
            Some(file) => file,
            None if NOT_HERALDS.contains(&first) => return nothing_here(),
            None => match self.files.get(PAGE) {
                Some(page) => page,
                None => return not_built(),
            },
        };
        if method != Method::GET && method != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "Only GET and HEAD.\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        file.answer(headers)
    }
}

impl File {
    fn new(name: &str, body: Cow<'static, [u8]>) -> Self {
        let hash = Sha256::digest(&body);
        let hex: String = hash.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        // Weak: the compressed form is the same thing in other bytes.
        let etag = HeaderValue::from_str(&format!("W/\"{hex}\"")).expect("hex digits are fit for a header");
        let cache = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
        let body = match body {
            Cow::Borrowed(body) => Bytes::from_static(body),
            Cow::Owned(body) => body.into(),
        };
        Self { body, gzip: OnceLock::new(), etag, kind: kind_of(name), cache }
    }

    fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let known = headers.get(IF_NONE_MATCH).is_some_and(|tags| self.is_among(tags));
        let gzip = if accepts_gzip(headers) { self.compressed() } else { None };
        let mut response = Response::new(match (&gzip, known) {
            (_, true) => Body::empty(),
            (Some(gzip), false) => gzip.clone().into(),
            (None, false) => self.body.clone().into(),
        });
        let own = response.headers_mut();
        own.insert(ETAG, self.etag.clone());
        own.insert(CACHE_CONTROL, HeaderValue::from_static(self.cache));
        own.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        own.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        if gzip.is_some() {
            own.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }

    fn is_among(&self, tags: &HeaderValue) -> bool {
        let ours = self.etag.to_str().unwrap_or_default().trim_start_matches("W/");
        let tags = tags.to_str().unwrap_or_default();
        tags.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == "*" || tag == ours)
    }

    fn compressed(&self) -> Option<Bytes> {
        let text = self.kind.starts_with("text/") || self.kind.contains("json") || self.kind.contains("svg");
        if !text {
            return None;
        }
        let compress = || {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.body).ok()?;
            let packed = encoder.finish().ok()?;
            (packed.len() < self.body.len()).then(|| packed.into())
        };
        self.gzip.get_or_init(compress).clone()
    }
}

/// The headers that keep a browser from doing what we never want, on every answer of the public port.
pub fn guarded(router: Router) -> Router {
    let fixed: [(HeaderName, &'static str); 4] = [
        (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        // Login links carry tokens: no other site is told where a visitor came from.
        (REFERRER_POLICY, "same-origin"),
    ];
    fixed.into_iter().fold(router, |router, (name, value)| {
        router.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value)))
    })
}

fn read_folder(folder: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, File>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let name = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && depth > 0 {
            read_folder(&entry.path(), &format!("{name}/"), depth - 1, files)?;
        } else if kind.is_file() {
            let file = File::new(&name, std::fs::read(entry.path())?.into());
            files.insert(name, file);
        }
    }
    Ok(())
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0")
    })
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ogg" => "audio/ogg",
        "mp3" => "audio/mpeg",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn plain(status: StatusCode, kind: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// In the shape of the REST errors: clients of /api read JSON only.
fn nothing_here() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "application/json", "{\"detail\":\"Not found.\"}")
}

fn not_built() -> Response<Body> {
    plain(
        StatusCode::NOT_FOUND,
        "text/plain; charset=utf-8",
        "The platform runs, but this program was built before Herald, its web client.\n\
         Build both with ./play, or point HERALD_DIR to Herald's dist folder.\n",
    )
}
