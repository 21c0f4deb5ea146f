//! `GET /v1/workspaces`.
//!
//! Owns: nothing. Calls: core's registry. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{authz::Action, registry};
use tenantry_types::{Problem, page::Page, tenant::Workspace};

/// Filter.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct WorkspacesQuery {
    /// `true` shows archived ones too.
    archived: Option<bool>,
}

/// The tenant's workspaces, the default one first.
#[utoipa::path(get, path = "/workspaces", operation_id = "list_workspaces", tag = "tenant", params(WorkspacesQuery), responses(
    (status = 200, description = "All of them.", body = Page<Workspace>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<WorkspacesQuery>,
) -> Result<Json<Page<Workspace>>, ApiError> {
    let scope = caller.actor.scope(Action::ReadWorkspaces)?;
    Ok(Json(registry::workspaces(&app.control, &scope, query.archived.unwrap_or(false)).await?))
}
