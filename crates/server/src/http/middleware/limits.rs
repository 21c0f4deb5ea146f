//! Limits on the size and the time of a request.
//!
//! Owns: nothing. Calls: `http::problem`. Called by: middleware.
//! Invariants: a body over the limit is refused whether it tells its length or not
//! (`super::tests::bodies_over_the_limit_are_refused`); a handler that hangs is answered for
//! (`super::tests::a_handler_that_hangs_is_a_408`); an import has limits of its own
//! (`super::tests::an_import_may_be_larger_than_other_bodies`).
//! After a crash: nothing is left.

use super::Foundation;
use crate::http::{extract::too_large, problem::ApiError};
use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http_body_util::Limited;
use std::time::Duration;
use tenantry_core::archive::PATIENCE;
use tenantry_types::ErrorCode;

/// What a request may bring and how long it may take: the usual, and what an import needs, whose body is a tenant.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    usual: Limit,
    import: Limit,
}

#[derive(Debug, Clone, Copy)]
struct Limit {
    bytes: usize,
    time: Duration,
}

impl Limits {
    /// What the configuration says.
    pub fn of(foundation: &Foundation) -> Self {
        let import = usize::try_from(foundation.import_max_bytes).unwrap_or(usize::MAX);
        Self {
            usual: Limit { bytes: foundation.max_body_bytes, time: foundation.request_timeout },
            import: Limit { bytes: import, time: PATIENCE },
        }
    }

    fn for_request(self, request: &Request) -> Limit {
        let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
        if matches!(route, Some("/v1/tenants/import" | "/api/v1/tenants/import")) {
            self.import
        } else {
            self.usual
        }
    }
}

/// Ends a body that grows longer than it may, whatever length it declared.
pub async fn real_length(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let limit = limits.for_request(&request).bytes;
    next.run(request.map(|body| Body::new(Limited::new(body, limit)))).await
}

/// Refuses a body by the length it declares, before a byte of it is read.
pub async fn declared_length(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let limit = limits.for_request(&request).bytes;
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return too_large().next_step(format!("Send at most {limit} bytes.")).into_response();
    }
    next.run(request).await
}

/// Answers for a handler that takes too long. Its future is dropped; work that must go on runs in a task of its own.
pub async fn timeout(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let limit = limits.for_request(&request).time;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::Timeout, "The request was not answered in time and was given up.")
            .next_step("See whether it was done before you send it again: the work may have gone on.")
            .into_response(),
    }
}
