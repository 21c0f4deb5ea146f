//! `POST /v1/workspaces`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

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
use tenantry_core::{authz::Action, identity::workspaces};
use tenantry_types::{Problem, identity::CreateWorkspace, tenant::Workspace};

/// Makes a workspace in the caller's tenant; the caller owns it.
#[utoipa::path(post, path = "/workspaces", operation_id = "create_workspace", tag = "people", request_body = CreateWorkspace,
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), responses(
        (status = 201, description = "The workspace.", body = Workspace),
        (status = 402, description = "`quota_exceeded`", body = Problem),
        (status = 409, description = "`name_taken`: the slug; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Accepted(once, wish): Accepted<CreateWorkspace>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteWorkspaces)?;
    let made = workspaces::create(&app.people, &caller, &scope, once, wish).await?;
    let version = made.value.updated_at.timestamp_micros();
    Ok(idempotency::told(made.replayed, etag::tagged(StatusCode::CREATED, version, &made.value)))
}
