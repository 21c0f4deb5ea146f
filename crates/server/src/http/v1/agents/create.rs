//! `POST /v1/agents`.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Accepted},
        v1::etag,
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::{authz::Action, workload::agents};
use tenantry_types::{
    Problem,
    agent::{Agent, CreateAgent},
};

/// Makes an agent in the caller's workspace.
#[utoipa::path(post, path = "/agents", operation_id = "create_agent", tag = "agents", request_body = CreateAgent,
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), responses(
    (status = 201, description = "The agent; `ETag` is its version.", body = Agent),
    (status = 409, description = "`name_taken`, or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
    (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Accepted(once, wish): Accepted<CreateAgent>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteAgents)?;
    let made = agents::create(&app.tenancy, app.ctx(), &caller, &scope, once, wish).await?;
    let agent = made.value;
    Ok(idempotency::told(made.replayed, etag::tagged(StatusCode::CREATED, agent.version, &agent)))
}
