//! Headers that keep browsers and caches from doing harm.
//!
//! Owns: nothing. Calls: nothing. Called by: middleware.
//! Invariants: no response is cacheable unless its handler said so (`super::tests::every_response_is_guarded`).
//! After a crash: nothing is left.

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// Adds what a handler did not set itself. `hsts` tells browsers to come back over HTTPS only.
pub async fn guard(State(hsts): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut or_set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    or_set(header::CACHE_CONTROL, "no-store");
    or_set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    or_set(header::X_FRAME_OPTIONS, "DENY");
    or_set(header::REFERRER_POLICY, "no-referrer");
    or_set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if hsts {
        or_set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
