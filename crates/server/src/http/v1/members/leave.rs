//! `POST /v1/members/leave`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::{authz::Action, identity::members};
use tenantry_types::Problem;

/// Takes the caller out of their workspace.
#[utoipa::path(post, path = "/members/leave", operation_id = "leave_workspace", tag = "people", responses(
    (status = 204, description = "The caller is no member any more."),
    (status = 409, description = "`conflict`: the last owner, or a membership that an external issuer manages", body = Problem)))]
pub async fn leave(State(app): State<App>, Caller(caller): Caller) -> Result<StatusCode, ApiError> {
    let scope = caller.actor.scope(Action::LeaveWorkspace)?;
    members::leave(&app.people, &caller, &scope).await?;
    Ok(StatusCode::NO_CONTENT)
}
