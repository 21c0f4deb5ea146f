//! `GET /v1/tenants/{slug}` and its latest run.
//!
//! Owns: nothing. Calls: core's registry, adoption, provisioning. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller, v1::etag},
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use tenantry_core::{adoption, authz::Action, provisioning, registry};
use tenantry_types::{Problem, run::Run, tenant::Tenant};

/// A tenant.
#[utoipa::path(get, path = "/tenants/{slug}", operation_id = "show_tenant", tag = "tenants", params(("slug" = String, Path)), responses(
    (status = 200, description = "The tenant; `ETag` is its version.", body = Tenant), (status = 404, description = "`not_found`", body = Problem)))]
pub async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ReadTenants)?;
    let mut tenant = registry::show(&app.platform, &app.public_url, &slug).await?;
    tenant.adopted = adoption::origin(&app.platform, tenant.id).await?;
    app.runs.tell_restorable(std::slice::from_mut(&mut tenant)).await?;
    Ok(etag::tagged(StatusCode::OK, tenant.updated_at.timestamp_micros(), &tenant))
}

/// The latest run of a tenant.
///
/// Also of one that was rolled back and is gone.
#[utoipa::path(get, path = "/tenants/{slug}/status", operation_id = "show_tenant_status", tag = "tenants", params(("slug" = String, Path)), responses(
    (status = 200, description = "The run.", body = Run), (status = 404, description = "`not_found`", body = Problem)))]
pub async fn status(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
) -> Result<Json<Run>, ApiError> {
    caller.actor.may(Action::ReadRuns)?;
    Ok(Json(provisioning::latest(&app.platform, &slug).await?))
}
