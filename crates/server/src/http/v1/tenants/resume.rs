//! `POST /v1/tenants/{slug}/resume`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: a worker does what is left of the run.

use super::changed;
use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::Caller,
        idempotency::{self, AcceptedOrEmpty},
    },
};
use axum::{extract::State, response::Response};
use tenantry_core::{authz::Action, provisioning::Change};
use tenantry_types::{
    Problem,
    run::RunKind,
    tenant::{Reason, TenantAndRun},
};

/// Serves a suspended tenant's requests again, after a look at its fence.
#[utoipa::path(post, path = "/tenants/{slug}/resume", operation_id = "resume_tenant", tag = "tenants",
    params(("slug" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), request_body = Reason, responses(
        (status = 202, description = "The tenant as it is now, and its run. `Location` is the run's address.", body = TenantAndRun),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: its state does not allow it, or another run is at work; `next_steps` says what can be done; or `idempotency_in_flight`", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem),
    ))]
pub async fn resume(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    AcceptedOrEmpty(once, wish): AcceptedOrEmpty<Reason>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::SuspendTenant)?;
    let change = Change { kind: RunKind::Resume, reason: wish.reason, confirm: None };
    Ok(changed(&app, &app.runs.change(&caller, once, &slug, change).await?))
}
