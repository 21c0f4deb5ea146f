//! `POST /v1/auth/password-reset`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, authenticate::Visitor},
};
use axum::{extract::State, http::StatusCode};
use tenantry_types::{Problem, identity::PasswordReset};

/// Asks for a link to set a password, with `email`; or sets it, with `token` and `password`.
///
/// Asking always gives one answer, whether somebody has that address or not. A link opens once and for an hour; setting the password ends all sessions.
#[utoipa::path(post, path = "/auth/password-reset", operation_id = "reset_password", tag = "sign-in", security(()), request_body = PasswordReset, responses(
    (status = 202, description = "If a user has that address, a link is on its way."),
    (status = 204, description = "The password is set."),
    (status = 422, description = "`invalid`: also a link that was used or is too old", body = Problem),
    (status = 503, description = "`unavailable`", body = Problem)))]
pub async fn reset(
    State(app): State<App>,
    Visitor(visit): Visitor,
    Json(wish): Json<PasswordReset>,
) -> Result<StatusCode, ApiError> {
    let set = app.sign_in.reset_password(&visit, &wish).await?;
    Ok(if set { StatusCode::NO_CONTENT } else { StatusCode::ACCEPTED })
}
