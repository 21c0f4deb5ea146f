//! `DELETE /v1/operators/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use tenantry_core::authz::Action;
use tenantry_types::{Problem, UserId};

/// Makes somebody an operator no longer.
///
/// At once, on every server; their access grants end. They stay a user, and a member wherever they are one.
#[utoipa::path(delete, path = "/operators/{id}", operation_id = "remove_operator", tag = "operators",
    params(("id" = UserId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the operator.")), responses(
        (status = 204, description = "They are no operator."),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: nobody would be left who is an admin and can sign in", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem)))]
pub async fn remove(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    caller.actor.may(Action::WriteOperators)?;
    app.operators.remove(&caller, id, etag::expected(&headers)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
