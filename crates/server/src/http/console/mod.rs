//! The console: the files that the browser loads, out of the binary.
//!
//! Owns: the table of files, which the build script makes. Calls: `http::docs`, where there is no console. Called by: `http::router`, middleware.
//! Invariants: a file whose name changes with its content may be kept for ever, and the page that names it is asked for each time
//! (`names_with_a_hash_are_kept_and_the_page_is_not`); a browser that opens a place within the console gets the page, and an address of the API never
//! does (`places_of_the_console_are_the_page`); the page runs no inline script and speaks to nobody else (`the_page_keeps_to_its_policy`).
//! After a crash: nothing is left.

mod form;
#[cfg(test)]
mod tests;

use super::{ApiError, docs};
use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::get,
};
use form::{Form, wanted};

/// A file as it was built.
#[derive(Debug)]
pub(super) struct File {
    /// From the root, without a slash in front.
    path: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// Scripts of our own and no inline ones; the libraries of the page write style sheets as they run. No other host, no frame.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Names in this folder change with their content.
const HASHED: &str = "assets/";
const PAGE: &str = "index.html";

/// First parts of paths that are never a place within the console.
const TAKEN: &[&str] =
    &["v1", "api", "docs", "openapi.json", "health", "livez", "readyz", "metrics", ".well-known", "assets"];

/// What the build found.
static BUILT: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// The files of a console, or of none.
#[derive(Debug, Clone, Copy)]
pub struct Console(&'static [File]);

impl Console {
    /// What this binary was built with.
    pub fn built() -> Self {
        Self(BUILT)
    }

    /// Whether there is one.
    pub fn is_there(self) -> bool {
        self.find(PAGE).is_some()
    }

    fn find(self, path: &str) -> Option<&'static File> {
        self.0.iter().find(|file| file.path == path)
    }

    /// Its files under the addresses that its page knows. Without a console `/` says how to build one.
    pub(super) fn router<S: Clone + Send + Sync + 'static>(self) -> Router<S> {
        let hashed = move |Path(name): Path<String>, headers: HeaderMap| async move {
            self.find(&format!("{HASHED}{name}")).map_or_else(absent, |file| file.answer(&headers))
        };
        let mut router = Router::new().route("/assets/{*name}", get(hashed)).route("/", self.home());
        for file in self.0.iter().filter(|file| !file.path.starts_with(HASHED) && file.path != PAGE) {
            router = router.route(
                &format!("/{}", file.path),
                get(async move |headers: HeaderMap| file.answer(&headers)),
            );
        }
        router
    }

    fn home<S: Clone + Send + Sync + 'static>(self) -> axum::routing::MethodRouter<S> {
        match self.find(PAGE) {
            Some(page) => get(async move |headers: HeaderMap| page.answer(&headers)),
            None => get(async || docs::home()),
        }
    }

    /// The page, where a browser opens a place within the console: its script knows what is there.
    pub(super) fn place(self, request: &Parts) -> Option<Response> {
        let mut response = self.find(PAGE).filter(|_| is_a_place(request))?.answer(&request.headers);
        if request.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        Some(response)
    }
}

fn absent() -> Response {
    ApiError::not_found().into_response()
}

/// What a person types or follows: asked for as HTML, below no address of ours, named like no file.
fn is_a_place(request: &Parts) -> bool {
    let mut parts = request.uri.path().split('/').skip(1);
    let (first, last) = (parts.next().unwrap_or_default(), request.uri.path().rsplit('/').next());
    let html = request.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let html = html.is_some_and(|kinds| {
        kinds.split(',').any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "text/html"))
    });
    let read = request.method == Method::GET || request.method == Method::HEAD;
    read && html && !TAKEN.contains(&first) && !last.is_some_and(|last| last.contains('.'))
}

impl File {
    fn kind(&self) -> &'static str {
        match self.path.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" | "map" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// The file in the smallest form that the browser reads, or 304 where it has it.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let form = [(Form::Brotli, self.brotli), (Form::Gzip, self.gzip)];
        let form =
            form.into_iter().find_map(|(form, bytes)| Some((form, bytes?)).filter(|_| wanted(form, headers)));
        let (form, bytes) = form.unwrap_or((Form::Plain, self.plain));
        let hashed = self.path.starts_with(HASHED);
        let tag = (!hashed).then(|| form.tag(self.plain));
        let known = tag.as_deref().is_some_and(|tag| form::is_known(tag, headers));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.kind())], bytes).into_response()
        };
        let answered = response.headers_mut();
        let mut set =
            |name, value: &str| HeaderValue::from_str(value).map(|value| answered.insert(name, value)).ok();
        if let (false, Some(coding)) = (known, form.coding()) {
            set(header::CONTENT_ENCODING, coding);
        }
        if !known {
            set(header::CONTENT_LENGTH, &bytes.len().to_string());
        }
        if let Some(tag) = &tag {
            set(header::ETAG, tag);
        }
        set(header::VARY, "accept-encoding");
        set(header::CONTENT_SECURITY_POLICY, POLICY);
        // Asked for each time, and answered with 304 as long as it is the same.
        set(header::CACHE_CONTROL, if hashed { "public, max-age=31536000, immutable" } else { "no-cache" });
        response
    }
}
