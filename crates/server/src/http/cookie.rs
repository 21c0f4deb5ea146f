//! The cookie of browsers, and what keeps pages of others from using it.
//!
//! Owns: nothing. Calls: core's identity. Called by: authentication, the operations of `/v1/auth`.
//! Invariants: a request that changes something and comes with the cookie alone is refused unless one of our own pages sent it
//! (`a_cookie_alone_changes_nothing`); scripts never read the cookie, and it never travels unencrypted, but to this machine
//! (`cookies_are_kept_from_scripts_and_wires`). After a crash: nothing is left.

use super::ApiError;
use crate::app::App;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use tenantry_core::identity::is_csrf_token;
use tenantry_types::{ErrorCode, identity::Proof};

/// The prefix makes browsers insist on `Secure`, on `Path=/`, and on no `Domain`.
const SECURE: &str = "__Host-tenantry";
/// Where there is no TLS because the server is on this machine.
const LOCAL: &str = "tenantry_session";

/// The cookie's name under this public URL.
fn name(public_url: &str) -> &'static str {
    let host = public_url.strip_prefix("http://").map(|rest| rest.split('/').next().unwrap_or_default());
    let bare = host.map(|host| match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    });
    let local = bare.is_some_and(|host| {
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    if local { LOCAL } else { SECURE }
}

/// Scheme, host and port.
fn origin(url: &str) -> &str {
    let rest = url.find("://").map_or(0, |at| at + 3);
    url[rest..].find('/').map_or(url, |at| &url[..rest + at])
}

/// The session's cookie, if the request carries exactly one.
pub(super) fn of<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    read(name(&app.public_url), headers)
}

fn read<'a>(name: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let texts = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = texts.flat_map(|text| text.split(';')).filter_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    });
    // Two of a name: one of them was put there by somebody else.
    found.next().filter(|_| found.next().is_none())
}

/// Refuses what did not come from one of our own pages.
pub(super) fn guard(app: &App, cookie: &str, headers: &HeaderMap) -> Result<(), ApiError> {
    let sent = headers.get("x-csrf-token").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_ours(&app.public_url, headers) == Some(true) && is_csrf_token(&app.place.installation, cookie, sent)
    {
        return Ok(());
    }
    Err(refused())
}

/// Refuses a page of others that wants to sign a browser in: its cookie would be somebody else's session.
pub(super) fn guard_sign_in(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    if is_ours(&app.public_url, headers) == Some(false) { Err(refused()) } else { Ok(()) }
}

/// Refuses to refresh for anything but our own pages. They need no token for it: they come to get it.
pub(super) fn guard_refresh(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    if is_ours(&app.public_url, headers) == Some(true) { Ok(()) } else { Err(refused()) }
}

fn refused() -> ApiError {
    ApiError::new(ErrorCode::CsrfRefused, "The request carries the session's cookie, and nothing that shows that a page of ours sent it.")
        .next_step("Send `X-CSRF-Token` with the `csrf_token` of the sign-in or of POST /v1/auth/refresh, from a page of this server's public URL.")
}

/// Whether a browser says that the request comes from our own pages; nothing where it says nothing.
fn is_ours(public_url: &str, headers: &HeaderMap) -> Option<bool> {
    let own = origin(public_url);
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin = text("origin").map(|origin| origin == own);
    origin.or_else(|| text("sec-fetch-site").map(|site| site == "same-origin"))
}

/// Sets the cookie of a new session.
pub(super) fn set(app: &App, response: &mut Response, cookie: &Proof) {
    put(app, response, cookie.expose(), app.sign_in.lasting.cookie_most.num_seconds());
}

/// Takes the cookie away.
pub(super) fn clear(app: &App, response: &mut Response) {
    put(app, response, "", 0);
}

fn put(app: &App, response: &mut Response, value: &str, seconds: i64) {
    // Hexadecimal and fixed words: always a header.
    if let Ok(text) = HeaderValue::from_str(&line(&app.public_url, value, seconds)) {
        response.headers_mut().append(header::SET_COOKIE, text);
    }
}

fn line(public_url: &str, value: &str, seconds: i64) -> String {
    let name = name(public_url);
    let secure = if name == SECURE { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_wires() {
        for url in ["https://app.example.com", "http://app.example.com", "http://localhost.evil.example:80"] {
            let line = line(url, "ab", 7);
            assert_eq!(
                line, "__Host-tenantry=ab; Path=/; HttpOnly; SameSite=Strict; Max-Age=7; Secure",
                "{url}"
            );
        }
        for url in ["http://127.0.0.1:8080", "http://localhost:1/x", "http://[::1]:8080"] {
            let line = line(url, "ab", 7);
            assert_eq!(line, "tenantry_session=ab; Path=/; HttpOnly; SameSite=Strict; Max-Age=7", "{url}");
        }
    }

    #[test]
    fn one_cookie_counts_and_two_do_not() {
        let one = headers(&[("cookie", "a=1; tenantry_session=x; xtenantry_session=y")]);
        assert_eq!(read(LOCAL, &one), Some("x"));
        assert_eq!(read(SECURE, &one), None);
        for two in [
            headers(&[("cookie", "tenantry_session=x; tenantry_session=y")]),
            headers(&[("cookie", "tenantry_session=x"), ("cookie", "tenantry_session=y")]),
        ] {
            assert_eq!(read(LOCAL, &two), None);
        }
    }

    #[test]
    fn pages_of_others_are_known() {
        let ours =
            |pairs: &[(&'static str, &'static str)]| is_ours("https://a.example/base", &headers(pairs));
        assert_eq!(ours(&[("origin", "https://a.example")]), Some(true));
        assert_eq!(ours(&[("sec-fetch-site", "same-origin")]), Some(true));
        assert_eq!(ours(&[]), None);
        for other in ["https://a.example.evil", "http://a.example", "https://a.example:444", "null", ""] {
            assert_eq!(
                is_ours(
                    "https://a.example",
                    &headers(&[("origin", other), ("sec-fetch-site", "same-origin")])
                ),
                Some(false)
            );
        }
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(ours(&[("sec-fetch-site", site)]), Some(false), "{site}");
        }
    }
}
