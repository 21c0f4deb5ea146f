//! `POST /v1/auth/refresh`.
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
    identity::{Refresh, SignedIn},
};

/// New tokens for the last refresh token, or for the session's cookie.
///
/// A refresh token is good once. One that comes a second time, also by mistake, ends its session.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refresh_session", tag = "sign-in", security(()), request_body = Refresh, responses(
    (status = 200, description = "New tokens; the ones before still hold for their time, except the refresh token.", body = SignedIn),
    (status = 401, description = "`unauthenticated`: sign in again", body = Problem),
    (status = 403, description = "`tenant_inactive`: the named tenant is not the user's; `csrf_refused`: the cookie came from a page of others", body = Problem),
    (status = 422, description = "`invalid`", body = Problem),
    (status = 503, description = "`unavailable`", body = Problem)))]
pub async fn refresh(
    State(app): State<App>,
    Visitor(visit): Visitor,
    headers: HeaderMap,
    Json(wish): Json<Refresh>,
) -> Result<Response, ApiError> {
    let cookie = if wish.refresh_token.is_none() { cookie::of(&app, &headers) } else { None };
    if cookie.is_some() {
        // The CSRF token itself is what a page that was loaded anew comes for: where it comes from has to do.
        cookie::guard_refresh(&app, &headers)?;
    }
    Ok(told(&app, &app.sign_in.refresh(&visit, cookie, &wish).await?))
}
