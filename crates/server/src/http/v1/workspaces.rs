//! `GET /v1/workspaces`.
//!
//! Owns: nothing. Calls: core's registry. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, registry};
use tenantry_types::{page::Page, tenant::Workspace};

/// The tenant's workspaces, the default one first.
#[utoipa::path(get, path = "/workspaces", operation_id = "list_workspaces", tag = "tenant", responses((status = 200, description = "All of them.", body = Page<Workspace>)))]
pub async fn list(State(app): State<App>, Caller(caller): Caller) -> Result<Json<Page<Workspace>>, ApiError> {
    let scope = caller.actor.scope(Action::ReadWorkspaces)?;
    Ok(Json(registry::workspaces(&app.control, &scope).await?))
}
