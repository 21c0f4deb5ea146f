//! `POST /v1/auth/accept-invitation`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Json,
        authenticate::{MaybeCaller, Visitor},
    },
};
use axum::extract::State;
use tenantry_core::identity::invitations;
use tenantry_types::{
    Problem,
    identity::{AcceptInvitation, NewMembership},
};

/// Accepts an invitation, with the token of its link.
///
/// Who is signed in needs no password. Who is not says their own, and where the address has no account it becomes the password of a new one; sign in with
/// `POST /v1/auth/login` then.
#[utoipa::path(post, path = "/auth/accept-invitation", operation_id = "accept_invitation", tag = "identity", security(()), request_body = AcceptInvitation, responses(
    (status = 200, description = "The membership.", body = NewMembership),
    (status = 401, description = "`bad_credentials`: not the account's password; or `unauthenticated`: the token that came is no good", body = Problem),
    (status = 402, description = "`quota_exceeded`: the workspace is full", body = Problem),
    (status = 403, description = "`forbidden`: the invitation is for another address", body = Problem),
    (status = 404, description = "`not_found`: the link is unknown, used, revoked or expired", body = Problem),
    (status = 409, description = "`conflict`: an account for the address was made in this moment", body = Problem),
    (status = 422, description = "`invalid`", body = Problem),
    (status = 429, description = "`too_many_requests`: wrong passwords; try again after `Retry-After` seconds", body = Problem)))]
pub async fn accept(
    State(app): State<App>,
    Visitor(visit): Visitor,
    MaybeCaller(caller): MaybeCaller,
    Json(wish): Json<AcceptInvitation>,
) -> Result<Json<NewMembership>, ApiError> {
    Ok(Json(invitations::accept(&app.people, &visit, caller.as_ref(), &wish).await?))
}
