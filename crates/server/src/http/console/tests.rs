//! Promises of the console's files, against a small console and against none.

use super::*;
use axum::{
    body::to_bytes,
    http::{Request, request::Builder},
};
use tower::ServiceExt as _;

const SMALL: Console = Console(&[
    File { path: "assets/index-1a2b.js", plain: b"script", brotli: Some(b"br"), gzip: Some(b"gz") },
    File { path: "favicon.svg", plain: b"<svg/>", brotli: None, gzip: None },
    File { path: "index.html", plain: b"<!doctype html>", brotli: Some(b"bh"), gzip: None },
]);

async fn ask(console: Console, request: Builder) -> (Response, String) {
    let router: Router = console.router().fallback(async move |request: axum::extract::Request| {
        let (parts, _) = request.into_parts();
        console.place(&parts).unwrap_or_else(absent)
    });
    let response = router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
    (Response::from_parts(parts, Body::empty()), text)
}

fn html(path: &str) -> Builder {
    Request::get(path).header(header::ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8")
}

fn header_of<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn names_with_a_hash_are_kept_and_the_page_is_not() {
    let (script, text) = ask(SMALL, Request::get("/assets/index-1a2b.js")).await;
    assert_eq!((script.status().as_u16(), &*text), (200, "script"));
    assert_eq!(header_of(&script, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header_of(&script, "content-type"), "text/javascript; charset=utf-8");
    let (page, _) = ask(SMALL, html("/")).await;
    let tag = header_of(&page, "etag").to_owned();
    assert_eq!((header_of(&page, "cache-control"), tag.is_empty()), ("no-cache", false));
    let (same, text) = ask(SMALL, html("/").header(header::IF_NONE_MATCH, &tag)).await;
    assert_eq!((same.status().as_u16(), &*text, header_of(&same, "etag")), (304, "", &*tag));
    // Another form is another thing to keep.
    let other = html("/").header(header::IF_NONE_MATCH, &tag).header(header::ACCEPT_ENCODING, "br");
    assert_eq!(ask(SMALL, other).await.0.status(), 200);
}

#[tokio::test]
async fn places_of_the_console_are_the_page() {
    for path in ["/tenants", "/tenants/acme", "/runs/run_1?view=json", "/sign-in/", "/vault"] {
        let (response, text) = ask(SMALL, html(path)).await;
        assert_eq!((response.status().as_u16(), &*text), (200, "<!doctype html>"), "{path}");
    }
    for path in [
        "/v1/none",
        "/api/v1/none",
        "/docs/none",
        "/health/x",
        "/.well-known/x",
        "/assets/none.js",
        "/none.png",
    ] {
        let (response, _) = ask(SMALL, html(path)).await;
        assert_eq!(response.status().as_u16(), 404, "{path}");
        assert_eq!(header_of(&response, "content-type"), "application/problem+json", "{path}");
    }
    // A script that asks is no person who looks.
    for request in [
        Request::get("/tenants"),
        Request::get("/tenants").header(header::ACCEPT, "*/*"),
        html("/tenants").method("POST"),
    ] {
        assert_eq!(ask(SMALL, request).await.0.status(), 404);
    }
}

#[tokio::test]
async fn the_smallest_form_that_the_browser_reads_is_sent() {
    for (accepted, coding, body) in [
        ("gzip, br", "br", "br"),
        ("gzip", "gzip", "gz"),
        ("br;q=0, gzip", "gzip", "gz"),
        ("identity", "", "script"),
    ] {
        let request = Request::get("/assets/index-1a2b.js").header(header::ACCEPT_ENCODING, accepted);
        let (response, text) = ask(SMALL, request).await;
        assert_eq!((header_of(&response, "content-encoding"), &*text), (coding, body), "{accepted}");
        assert_eq!(header_of(&response, "content-length"), body.len().to_string(), "{accepted}");
        assert_eq!(header_of(&response, "vary"), "accept-encoding");
    }
    let plain = Request::get("/favicon.svg").header(header::ACCEPT_ENCODING, "br");
    let (response, text) = ask(SMALL, plain).await;
    assert_eq!((header_of(&response, "content-type"), &*text), ("image/svg+xml", "<svg/>"));
}

#[tokio::test]
async fn a_head_has_the_headers_and_no_body() {
    for path in ["/", "/assets/index-1a2b.js", "/tenants"] {
        let (with, body) = ask(SMALL, html(path)).await;
        let (without, nothing) = ask(SMALL, html(path).method("HEAD")).await;
        assert_eq!((without.status().as_u16(), &*nothing), (200, ""), "{path}");
        assert_eq!(header_of(&without, "content-length"), body.len().to_string(), "{path}");
        assert_eq!(header_of(&without, "etag"), header_of(&with, "etag"), "{path}");
    }
}

#[tokio::test]
async fn the_page_keeps_to_its_policy() {
    let (response, _) = ask(SMALL, html("/tenants")).await;
    let policy = header_of(&response, "content-security-policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    // The page that is in this binary, where there is one: each script is a file of ours, and no other host is named.
    let Some(page) = Console::built().find(PAGE) else { return };
    let text = str::from_utf8(page.plain).unwrap();
    assert!(
        text.split("<script").skip(1).all(|script| script.split('>').next().unwrap().contains(" src=\"/")),
        "{text}"
    );
    let inline = |word: &&str| word.starts_with("on") && word.contains('=');
    assert_eq!(text.split_whitespace().find(inline), None);
    assert!(!text.contains("=\"http") && !text.contains("=\"//"), "{text}");
}

#[tokio::test]
async fn without_a_console_the_home_says_how_to_build_one() {
    let none = Console(&[]);
    let (response, text) = ask(none, html("/")).await;
    assert_eq!((response.status().as_u16(), none.is_there()), (200, false));
    assert!(text.contains("make console"), "{text}");
    assert_eq!(ask(none, html("/tenants")).await.0.status(), 404);
}
