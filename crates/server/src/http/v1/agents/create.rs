//! `POST /v1/agents`.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

use super::etag;
use crate::{
    app::App,
    http::{ApiError, Json, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::{authz::Action, workload::agents};
use tenantry_types::{
    Problem,
    agent::{Agent, CreateAgent},
};

/// Makes an agent in the caller's workspace.
#[utoipa::path(post, path = "/agents", operation_id = "create_agent", tag = "agents", request_body = CreateAgent, responses(
    (status = 201, description = "The agent; `ETag` is its version.", body = Agent),
    (status = 409, description = "`name_taken`", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(wish): Json<CreateAgent>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteAgents)?;
    let agent = agents::create(&app.tenancy, app.ctx(), &caller, &scope, wish).await?;
    Ok(etag::tagged(StatusCode::CREATED, agent.version, &agent))
}
