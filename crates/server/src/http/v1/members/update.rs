//! `PATCH /v1/members/{user_id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tenantry_core::{authz::Action, identity::members};
use tenantry_types::{
    Problem, UserId,
    identity::{Member, UpdateMember},
};

/// Makes a member of the caller's workspace something else, on every server before this answers.
///
/// Nobody gives or takes a role above their own, and a workspace keeps an owner. With `If-Match`, only the version that it names.
#[utoipa::path(patch, path = "/members/{user_id}", operation_id = "update_member", tag = "people", request_body = UpdateMember,
    params(("user_id" = UserId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the member.")), responses(
        (status = 200, description = "The member as they are now; `ETag` is the version.", body = Member),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: the last owner, or a membership that an external issuer manages", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(user): Path<UserId>,
    headers: HeaderMap,
    Json(wish): Json<UpdateMember>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteMembers)?;
    let expected = etag::expected(&headers)?;
    let member = members::update(&app.people, &caller, &scope, user, expected, &wish).await?;
    Ok(etag::tagged(StatusCode::OK, member.version, &member))
}
