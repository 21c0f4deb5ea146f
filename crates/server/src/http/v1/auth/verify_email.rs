//! `POST /v1/auth/verify-email`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Json,
        authenticate::{MaybeCaller, Visitor},
    },
};
use axum::{extract::State, http::StatusCode};
use tenantry_types::{Problem, identity::VerifyEmail};

/// Proves with a link's token that the user has the mailbox; without a token, asks for another link.
#[utoipa::path(post, path = "/auth/verify-email", operation_id = "verify_email", tag = "sign-in", security(()), request_body = VerifyEmail, responses(
    (status = 202, description = "A link is on its way, where the address is not proven yet."),
    (status = 204, description = "The address is proven."),
    (status = 401, description = "`unauthenticated`: only who is signed in can ask for a link", body = Problem),
    (status = 403, description = "`csrf_refused`: the cookie came without what our pages send along", body = Problem),
    (status = 422, description = "`invalid`: also a link that was used or is too old", body = Problem),
    (status = 429, description = "`too_many_requests`: wait as long as `Retry-After` says", body = Problem)))]
pub async fn verify(
    State(app): State<App>,
    Visitor(visit): Visitor,
    MaybeCaller(caller): MaybeCaller,
    Json(wish): Json<VerifyEmail>,
) -> Result<StatusCode, ApiError> {
    let proven = app.sign_in.verify_email(&visit, caller.as_ref(), &wish).await?;
    Ok(if proven { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}
