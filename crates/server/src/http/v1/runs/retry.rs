//! `POST /v1/provisioning-runs/{id}/retry`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: a worker goes on.

use super::asked;
use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::Caller,
        idempotency::{self, AcceptedOrEmpty},
    },
};
use axum::{extract::State, response::Response};
use tenantry_core::authz::Action;
use tenantry_types::{Problem, RunId, run::Run, tenant::Nothing};

/// Tries a run again that was rolled back, from its first step.
#[utoipa::path(post, path = "/provisioning-runs/{id}/retry", operation_id = "retry_provisioning_run", tag = "runs",
    params(("id" = RunId, Path), ("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)),
    request_body = Nothing, responses(
        (status = 202, description = "The run, which waits for a worker.", body = Run),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: there is nothing to try again; `next_steps` says what can be done; or `idempotency_in_flight`", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn retry(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<RunId>,
    AcceptedOrEmpty(once, _): AcceptedOrEmpty<Nothing>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::SuspendTenant)?;
    Ok(asked(app.runs.retry(&caller, once, id).await?))
}
