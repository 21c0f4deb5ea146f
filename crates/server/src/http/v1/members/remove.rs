//! `DELETE /v1/members/{user_id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use tenantry_core::{authz::Action, identity::members};
use tenantry_types::{Problem, UserId};

/// Takes a member out of the caller's workspace, on every server before this answers.
///
/// What they had invited ends with them. API keys that they made go on: see `GET /v1/api-keys`.
#[utoipa::path(delete, path = "/members/{user_id}", operation_id = "remove_member", tag = "people",
    params(("user_id" = UserId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the member.")), responses(
        (status = 204, description = "They are no member any more."),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: the last owner, or a membership that an external issuer manages", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<UserId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let scope = caller.actor.scope(Action::WriteMembers)?;
    members::remove(&app.people, &caller, &scope, user, etag::expected(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
