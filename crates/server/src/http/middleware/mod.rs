//! What every request passes before a handler sees it, and every response after.
//!
//! Owns: the order of the layers. Calls: `http::problem`, `http::console`, telemetry. Called by: wiring.
//! Invariants: every refusal is a problem with the request's id (`tests::every_refusal_is_a_problem`); every response has
//! the security headers, refusals and panics too (`tests::every_response_is_guarded`).
//! After a crash: nothing is left.

mod access;
mod client;
mod headers;
mod limits;
mod request;
#[cfg(test)]
mod tests;

pub use access::AccessInfo;
pub(crate) use request::OfTheProof;
pub use request::RequestInfo;

use super::{console::Console, problem::ApiError};
use crate::{
    config::{Cidr, Config},
    telemetry::Metrics,
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue, Method, Response, header},
    middleware::from_fn_with_state,
    response::IntoResponse as _,
};
use std::{any::Any, sync::Arc, time::Duration};
use tenantry_types::ErrorCode;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};
use uuid::Uuid;

/// Where ids come from. An argument, so that tests can say which.
pub type NewId = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// What the layers need to know.
#[derive(Clone)]
pub struct Foundation {
    /// Where requests are counted.
    pub metrics: Metrics,
    /// Makes request and trace ids: UUIDs of version 7, or of version 4.
    pub new_id: NewId,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<[Cidr]>,
    /// Origins that may call from a browser, exactly as browsers send them.
    pub allowed_origins: Vec<String>,
    /// How long a handler may take until its response begins. A stream may last longer.
    pub request_timeout: Duration,
    /// Largest body of a request in bytes.
    pub max_body_bytes: usize,
    /// Largest archive that an import takes in, in bytes.
    pub import_max_bytes: u64,
    /// Whether browsers are told to come back over HTTPS only.
    pub hsts: bool,
}

impl Foundation {
    /// What the configuration says.
    pub fn new(config: &Config, metrics: Metrics, new_id: NewId) -> Self {
        Self {
            metrics,
            new_id,
            trusted_proxies: config.trusted_proxies.as_slice().into(),
            allowed_origins: config.allowed_origins.clone(),
            request_timeout: config.request_timeout,
            max_body_bytes: config.max_body_bytes,
            import_max_bytes: config.import_max_bytes,
            hsts: config.tls() || config.public_url.starts_with("https://"),
        }
    }
}

/// Ids by the system's clock and randomness, for a running server.
#[expect(clippy::disallowed_methods, reason = "the one place of the HTTP surface where request ids are made")]
pub fn system_ids() -> NewId {
    Arc::new(Uuid::now_v7)
}

/// Puts the layers around a router that has all its routes. Routes added afterwards are outside.
pub fn apply(router: Router, foundation: Foundation) -> Router {
    let limits = limits::Limits::of(&foundation);
    let cors = cors(&foundation.allowed_origins);
    let state = Arc::new(foundation);
    // From the inside out: the last layer sees a request first.
    let router = router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(limits, limits::real_length))
        // The limit above also counts bodies of unknown length; axum's own would only get in its way.
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(from_fn_with_state(limits, limits::declared_length))
        .layer(from_fn_with_state(limits, limits::timeout));
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    router
        .layer(from_fn_with_state(state.hsts, headers::guard))
        .layer(from_fn_with_state(Arc::clone(&state), access::observe))
        .layer(from_fn_with_state(state, request::identify))
}

/// The layer for browsers on other origins; none where no origin is allowed.
fn cors(origins: &[String]) -> Option<CorsLayer> {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    if origins.is_empty() {
        return None;
    }
    let sent = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        HeaderName::from_static("idempotency-key"),
        HeaderName::from_static("last-event-id"),
        HeaderName::from_static("prefer"),
        HeaderName::from_static("traceparent"),
        HeaderName::from_static("x-csrf-token"),
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("x-tenant-slug"),
    ];
    let read = [
        header::ETAG,
        header::LOCATION,
        header::RETRY_AFTER,
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("idempotent-replayed"),
    ];
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    // Credentials stay off: from other origins tokens travel in a header that scripts set themselves, and a session's cookie is for our own pages
    // (`no_cookie_goes_to_another_origin`).
    Some(
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods(methods)
            .allow_headers(sent)
            .expose_headers(read)
            .max_age(Duration::from_mins(10)),
    )
}

/// A place within the console, which only its script knows; else nothing.
async fn no_route(request: Request) -> Response<Body> {
    let (request, _) = request.into_parts();
    Console::built().place(&request).unwrap_or_else(|| {
        ApiError::new(ErrorCode::NotFound, "No route of this API has this path.")
            .next_step("Look the path up in /docs or /openapi.json.")
            .into_response()
    })
}

async fn no_method() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "This path exists, but not with this method.")
        .next_step("Use a method that the `Allow` header names.")
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands the cause over")]
fn panicked(cause: Box<dyn Any + Send>) -> Response<Body> {
    let text = cause.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or("a panic without words");
    ApiError::internal(text).into_response()
}
