//! `POST /v1/provisioning-runs/{id}/retry`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: a worker goes on.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{Json, extract::State, http::StatusCode};
use tenantry_core::authz::Action;
use tenantry_types::{Problem, RunId, run::Run};

/// Tries a run again that was rolled back, from its first step.
#[utoipa::path(post, path = "/provisioning-runs/{id}/retry", operation_id = "retry_provisioning_run", tag = "runs",
    params(("id" = RunId, Path)), responses(
        (status = 202, description = "The run, which waits for a worker.", body = Run),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: there is nothing to try again; `next_steps` says what can be done", body = Problem)))]
pub async fn retry(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<RunId>,
) -> Result<(StatusCode, Json<Run>), ApiError> {
    caller.actor.may(Action::ChangeTenant)?;
    Ok((StatusCode::ACCEPTED, Json(app.runs.retry(&caller, id).await?)))
}
