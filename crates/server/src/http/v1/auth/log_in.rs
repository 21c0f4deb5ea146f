//! `POST /v1/auth/login`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use super::told;
use crate::{
    app::App,
    http::{ApiError, Json, authenticate::Visitor, cookie},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use tenantry_types::{
    Problem,
    identity::{LogIn, SignedIn},
};

/// Signs in with address and password.
///
/// An unknown address and a wrong password give one answer. With `cookie`, the answer sets the session's cookie and has no refresh token.
#[utoipa::path(post, path = "/auth/login", operation_id = "log_in", tag = "sign-in", security(()), request_body = LogIn, responses(
    (status = 200, description = "Signed in.", body = SignedIn),
    (status = 401, description = "`bad_credentials`: address and password do not belong together", body = Problem),
    (status = 403, description = "`tenant_inactive`: the named tenant is not the user's; `csrf_refused`: a page of another origin asks for a cookie", body = Problem),
    (status = 422, description = "`invalid`", body = Problem),
    (status = 429, description = "`too_many_requests`: wait as long as `Retry-After` says", body = Problem),
    (status = 503, description = "`unavailable`: too many sign-ins wait, or the database is not there", body = Problem)))]
pub async fn log_in(
    State(app): State<App>,
    Visitor(visit): Visitor,
    headers: HeaderMap,
    Json(wish): Json<LogIn>,
) -> Result<Response, ApiError> {
    if wish.cookie {
        cookie::guard_sign_in(&app, &headers)?;
    }
    Ok(told(&app, &app.sign_in.log_in(&visit, &wish).await?))
}
