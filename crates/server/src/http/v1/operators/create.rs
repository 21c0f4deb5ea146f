//! `POST /v1/operators`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Accepted},
        v1::etag,
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    identity::{CreateOperator, Operator},
};

/// Makes somebody an operator.
///
/// A user who has the address keeps the password they have, and must have proven to have the mailbox. A new user needs a password.
#[utoipa::path(post, path = "/operators", operation_id = "create_operator", tag = "operators", request_body = CreateOperator,
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), responses(
    (status = 201, description = "The operator; `ETag` is the version.", body = Operator),
    (status = 409, description = "`conflict`: an operator already, disabled, or never proved to have the mailbox; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
    (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Accepted(once, wish): Accepted<CreateOperator>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::WriteOperators)?;
    let made = app.operators.create(&caller, once, wish).await?;
    let operator = made.value;
    Ok(idempotency::told(made.replayed, etag::tagged(StatusCode::CREATED, operator.version, &operator)))
}
