//! `PUT /v1/me/password`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_types::{Problem, identity::ChangePassword};

/// Another password for the caller. The caller's other sessions end.
#[utoipa::path(put, path = "/me/password", operation_id = "change_password", tag = "sign-in", request_body = ChangePassword, responses(
    (status = 204, description = "It is changed."),
    (status = 409, description = "`conflict`: there is no password to change; ask for a link", body = Problem),
    (status = 422, description = "`invalid`: also a wrong password until now, or a new one that is easy to guess", body = Problem),
    (status = 429, description = "`too_many_requests`: wait as long as `Retry-After` says", body = Problem)))]
pub async fn change(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(wish): Json<ChangePassword>,
) -> Result<StatusCode, ApiError> {
    app.sign_in.change_password(&caller, &wish).await?;
    Ok(StatusCode::NO_CONTENT)
}
