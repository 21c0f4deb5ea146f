//! `DELETE /v1/tenants/{slug}`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: a worker does what is left of the run.

use super::changed;
use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{extract::State, response::Response};
use tenantry_core::{authz::Action, provisioning::Change};
use tenantry_types::{Problem, run::RunKind, tenant::TenantAndRun};

/// Deletes a tenant: its requests are refused, and its data is kept until the retention is over.
///
/// Until then it can be restored. Its slug is free after the purge only.
#[utoipa::path(delete, path = "/tenants/{slug}", operation_id = "delete_tenant", tag = "tenants",
    params(("slug" = String, Path)), responses(
        (status = 202, description = "The tenant as it is now, and its run. `Location` is the run's address.", body = TenantAndRun),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: its state does not allow it, or another run is at work; `next_steps` says what can be done", body = Problem),
    ))]
pub async fn delete(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ChangeTenant)?;
    let change = Change { kind: RunKind::Delete, reason: None, confirm: None };
    Ok(changed(&app, &app.runs.change(&caller, None, &slug, change).await?))
}
