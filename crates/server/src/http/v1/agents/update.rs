//! `PATCH /v1/agents/{id}`.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tenantry_core::{authz::Action, workload::agents};
use tenantry_types::{
    AgentId, Problem,
    agent::{Agent, UpdateAgent},
};

/// Changes an agent.
///
/// Absent fields stay. With `If-Match`, only the version that it names.
#[utoipa::path(patch, path = "/agents/{id}", operation_id = "update_agent", tag = "agents", request_body = UpdateAgent,
    params(("id" = AgentId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the agent.")), responses(
        (status = 200, description = "The agent as it is now.", body = Agent),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`name_taken`", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<AgentId>,
    headers: HeaderMap,
    Json(wish): Json<UpdateAgent>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteAgents)?;
    let expected = etag::expected(&headers)?;
    let agent = agents::update(&app.tenancy, app.ctx(), &caller, &scope, id, expected, wish).await?;
    Ok(etag::tagged(StatusCode::OK, agent.version, &agent))
}
