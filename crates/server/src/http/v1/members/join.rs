//! `POST /v1/auth/join`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Json,
        authenticate::{MaybeCaller, Visitor},
    },
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tenantry_core::identity::invitations::{self, Joined};
use tenantry_types::{
    Problem,
    identity::{Join, JoinAsked, NewMembership},
};

/// Joins a tenant that lets people of one's e-mail domain in.
///
/// Who is signed in, with a mailbox that is proven, is a member of the default workspace from then on. Everybody else gets one and the same answer, and a
/// mail with an invitation if there is something to join.
#[utoipa::path(post, path = "/auth/join", operation_id = "join_tenant", tag = "identity", security(()), request_body = Join, responses(
    (status = 200, description = "The membership of who is signed in.", body = NewMembership),
    (status = 202, description = "For who is not signed in, whatever comes of it.", body = JoinAsked),
    (status = 401, description = "`unauthenticated`: the token that came is no good", body = Problem),
    (status = 402, description = "`quota_exceeded`: the workspace is full", body = Problem),
    (status = 403, description = "`forbidden`: no such tenant that may be joined, or the mailbox is not proven", body = Problem),
    (status = 409, description = "`conflict`: who is not signed in needs a server that sends mail", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn join(
    State(app): State<App>,
    Visitor(visit): Visitor,
    MaybeCaller(caller): MaybeCaller,
    Json(wish): Json<Join>,
) -> Result<Response, ApiError> {
    Ok(match invitations::join(&app.people, &visit, caller.as_ref(), &wish).await? {
        Joined::Member(membership) => Json(membership).into_response(),
        Joined::Asked => {
            let detail = "If people of that address may join the tenant, an invitation is on its way there.";
            (StatusCode::ACCEPTED, Json(JoinAsked { detail: detail.to_owned() })).into_response()
        }
    })
}
