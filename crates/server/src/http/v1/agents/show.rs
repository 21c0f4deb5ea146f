//! `GET /v1/agents/{id}`.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller, v1::etag},
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::{authz::Action, workload::agents};
use tenantry_types::{AgentId, Problem, agent::Agent};

/// An agent of the workspace.
///
/// Absent, deleted and foreign ids give the same answer.
#[utoipa::path(get, path = "/agents/{id}", operation_id = "show_agent", tag = "agents", params(("id" = AgentId, Path)), responses(
    (status = 200, description = "The agent; `ETag` is its version.", body = Agent),
    (status = 404, description = "`not_found`", body = Problem)))]
pub async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<AgentId>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::ReadAgents)?;
    let agent = agents::show(&app.tenancy, &scope, id).await?;
    Ok(etag::tagged(StatusCode::OK, agent.version, &agent))
}
