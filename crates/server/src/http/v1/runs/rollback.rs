//! `POST /v1/provisioning-runs/{id}/rollback`, and the same for the latest run of a tenant.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: a worker goes on with the undoing.

use super::asked;
use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::Caller,
        idempotency::{self, Accepted},
    },
};
use axum::{extract::State, response::Response};
use tenantry_core::authz::Action;
use tenantry_types::{Problem, RunId, run::Run, tenant::Confirm};

/// Takes a run back: its steps are undone in reverse, by a worker.
///
/// A tenant that the run made is removed with everything in it. Within 24 hours of the run's end; later, delete the tenant.
#[utoipa::path(post, path = "/provisioning-runs/{id}/rollback", operation_id = "roll_back_provisioning_run", tag = "runs",
    params(("id" = RunId, Path), ("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), request_body = Confirm, responses(
        (status = 202, description = "The run, which is rolling back.", body = Run),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: it cannot be taken back; `next_steps` says what can be done; or `idempotency_in_flight`", body = Problem),
        (status = 422, description = "`invalid`: `confirm` is not the tenant's slug; or `idempotency_key_reused`", body = Problem)))]
pub async fn rollback(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<RunId>,
    Accepted(once, wish): Accepted<Confirm>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ChangeTenant)?;
    Ok(asked(app.runs.roll_back(&caller, once, id, &wish.confirm).await?))
}

/// Takes back the latest run of a tenant.
#[utoipa::path(post, path = "/tenants/{slug}/rollback", operation_id = "roll_back_tenant", tag = "tenants",
    params(("slug" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), request_body = Confirm, responses(
        (status = 202, description = "The run, which is rolling back.", body = Run),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: it cannot be taken back; `next_steps` says what can be done; or `idempotency_in_flight`", body = Problem),
        (status = 422, description = "`invalid`: `confirm` is not the tenant's slug; or `idempotency_key_reused`", body = Problem)))]
pub async fn rollback_latest(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Accepted(once, wish): Accepted<Confirm>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ChangeTenant)?;
    Ok(asked(app.runs.roll_back_latest(&caller, once, &slug, &wish.confirm).await?))
}
