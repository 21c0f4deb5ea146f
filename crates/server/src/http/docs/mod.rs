//! Pages for people: `/docs` shows the API from `/openapi.json`; `/` says what is here where there is no console.
//!
//! Owns: the four embedded files. Calls: nothing. Called by: wiring, which serves `/openapi.json` itself, and `http::console`.
//! Invariants: the pages load nothing from elsewhere and run no inline code (`the_pages_keep_to_their_policy`).
//! After a crash: nothing is left.

use axum::{
    Router,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};

const HOME: &str = include_str!("home.html");
const DOCS: &str = include_str!("docs.html");
const SCRIPT: &str = include_str!("docs.js");
const STYLE: &str = include_str!("style.css");

/// Own files only: no inline code, no frame, no form, no other host.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/docs` and the files that it and [`home`] load. Open to everybody: they say nothing about any tenant.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(async || page(DOCS)))
        .route("/docs/docs.js", get(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/docs/style.css", get(async || asset("text/css; charset=utf-8", STYLE)))
}

/// What is here, and how the console is built that is not.
pub(super) fn home() -> impl IntoResponse {
    page(HOME)
}

fn page(text: &'static str) -> impl IntoResponse + use<> {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text)
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    // Short, because the name of the file does not change with its content.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")], text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    #[test]
    fn the_pages_keep_to_their_policy() {
        for page in [HOME, DOCS] {
            for attribute in
                page.split(['<', ' ']).filter(|part| part.starts_with("src=") || part.starts_with("href="))
            {
                let target = attribute.split('"').nth(1).unwrap();
                assert!(
                    target.starts_with('/') && !target.starts_with("//") || target.starts_with('#'),
                    "{target}"
                );
            }
            let inline =
                |word: &&str| word.starts_with("style=") || word.starts_with("on") && word.contains('=');
            assert_eq!(page.split_whitespace().find(inline), None);
            for script in page.split("<script").skip(1) {
                assert!(script.starts_with(" src=\"/docs/") && script.contains("></script>"), "{script}");
            }
            assert!(!page.contains("<style"));
        }
        assert!(
            !SCRIPT.contains("innerHTML") && !SCRIPT.contains("eval("),
            "text of the document is never markup"
        );
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[tokio::test]
    async fn every_file_is_served() {
        for (uri, kind) in [
            ("/docs", "text/html; charset=utf-8"),
            ("/docs/docs.js", "text/javascript; charset=utf-8"),
            ("/docs/style.css", "text/css; charset=utf-8"),
        ] {
            let request = Request::get(uri).body(Body::empty()).unwrap();
            let response = router::<()>().oneshot(request).await.unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.headers()[header::CONTENT_TYPE]),
                (200, &kind.parse().unwrap())
            );
            let policy =
                response.headers().get(header::CONTENT_SECURITY_POLICY).map(|value| value.to_str().unwrap());
            assert_eq!(policy, kind.starts_with("text/html").then_some(POLICY), "{uri}");
        }
    }
}
