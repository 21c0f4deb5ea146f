//! `PATCH /v1/operators/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem, UserId,
    identity::{Operator, UpdateOperator},
};

/// Changes an operator's role, or lets a locked one sign in again.
///
/// Takes effect at once; access grants that the new role could not ask for end. With `If-Match`, only the version that it names.
#[utoipa::path(patch, path = "/operators/{id}", operation_id = "update_operator", tag = "operators", request_body = UpdateOperator,
    params(("id" = UserId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the operator.")), responses(
        (status = 200, description = "The operator as they are now.", body = Operator),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: nobody would be left who is an admin and can sign in", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<UserId>,
    headers: HeaderMap,
    Json(wish): Json<UpdateOperator>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::WriteOperators)?;
    let operator = app.operators.update(&caller, id, etag::expected(&headers)?, &wish).await?;
    Ok(etag::tagged(StatusCode::OK, operator.version, &operator))
}
