//! `POST /v1/auth/logout`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Json,
        authenticate::{MaybeCaller, Visitor},
        cookie,
    },
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tenantry_types::{Problem, identity::LogOut};

/// Ends a session: the refresh token's, or that of the token or cookie that the request carries.
///
/// Its tokens are refused from then on. A session that is over already stays so.
#[utoipa::path(post, path = "/auth/logout", operation_id = "log_out", tag = "sign-in", security(()), request_body = LogOut, responses(
    (status = 204, description = "It is over; the cookie is taken away."),
    (status = 401, description = "`unauthenticated`: nothing says which session", body = Problem),
    (status = 403, description = "`csrf_refused`: the cookie came without what our pages send along", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn log_out(
    State(app): State<App>,
    Visitor(visit): Visitor,
    MaybeCaller(caller): MaybeCaller,
    Json(wish): Json<LogOut>,
) -> Result<Response, ApiError> {
    app.sign_in.log_out(&visit, caller.as_ref(), &wish).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::clear(&app, &mut response);
    Ok(response)
}
