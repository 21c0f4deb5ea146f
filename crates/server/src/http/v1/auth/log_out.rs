//! `POST /v1/auth/logout`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Json,
        authenticate::{MaybeCredential, Visitor},
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
/// Its tokens are refused from then on. A session that is over already stays so, and the answer is the same. With a refresh token, an access token that comes
/// along may have expired.
#[utoipa::path(post, path = "/auth/logout", operation_id = "log_out", tag = "sign-in", security(()), request_body = LogOut, responses(
    (status = 204, description = "It is over; the cookie is taken away."),
    (status = 401, description = "`unauthenticated`: nothing says which session; an access token that has expired does not", body = Problem),
    (status = 403, description = "`csrf_refused`: the cookie came without what our pages send along", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn log_out(
    State(app): State<App>,
    Visitor(visit): Visitor,
    MaybeCredential(credential): MaybeCredential,
    Json(wish): Json<LogOut>,
) -> Result<Response, ApiError> {
    app.sign_in.log_out(&visit, credential.as_ref(), &wish).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookie::clear(&app, &mut response);
    Ok(response)
}
