//! `GET /v1/tenant-template`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, provisioning};
use tenantry_types::tenant::TenantTemplate;

/// What a new tenant can be made of: the schema versions that it can begin at, and whether with demo data.
///
/// Where tenants have a team's own tables, every version of its migrations is offered; of the agent platform's tables the newest alone, which is the one that this server's
/// own statements are written for.
#[utoipa::path(get, path = "/tenant-template", operation_id = "show_tenant_template", tag = "tenants", responses(
    (status = 200, description = "The versions, the newest first, each with the slots that are ready at it.", body = TenantTemplate)))]
pub async fn show(State(app): State<App>, Caller(caller): Caller) -> Result<Json<TenantTemplate>, ApiError> {
    caller.actor.may(Action::ReadTenants)?;
    Ok(Json(provisioning::offer(&app.provisioning).await?))
}
