//! `DELETE /v1/agents/{id}`.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use tenantry_core::{authz::Action, workload::agents};
use tenantry_types::{AgentId, Problem};

/// Deletes an agent.
///
/// Its name can be used again.
#[utoipa::path(delete, path = "/agents/{id}", operation_id = "delete_agent", tag = "agents",
    params(("id" = AgentId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the agent.")), responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem)))]
pub async fn delete(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<AgentId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let scope = caller.actor.scope(Action::WriteAgents)?;
    agents::delete(&app.tenancy, app.ctx(), &caller, &scope, id, etag::expected(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
