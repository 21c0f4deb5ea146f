//! Limits on the size and the time of a request.
//!
//! Owns: nothing. Calls: `http::problem`. Called by: middleware.
//! Invariants: a body over the limit is refused whether it tells its length or not
//! (`super::tests::bodies_over_the_limit_are_refused`); a handler that hangs is answered for
//! (`super::tests::a_handler_that_hangs_is_a_408`).
//! After a crash: nothing is left.

use crate::http::{extract::too_large, problem::ApiError};
use axum::{
    extract::{Request, State},
    http::header,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::time::Duration;
use tenantry_types::ErrorCode;

/// Refuses a body by the length it declares, before a byte of it is read.
pub async fn declared_length(State(limit): State<usize>, request: Request, next: Next) -> Response {
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
pub async fn timeout(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::Timeout, "The request was not answered in time and was given up.")
            .next_step("See whether it was done before you send it again: the work may have gone on.")
            .into_response(),
    }
}
