//! `POST /v1/api-keys`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Required},
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    key::{CreateOwnApiKey, NewApiKey},
};

/// Makes an API key for the caller's workspace.
///
/// The key is shown this once, and again only to the same request with the same `Idempotency-Key`.
#[utoipa::path(post, path = "/api-keys", operation_id = "create_own_api_key", tag = "keys", request_body = CreateOwnApiKey,
    params(("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), responses(
    (status = 201, description = "The key.", body = NewApiKey),
    (status = 409, description = "`conflict`: the workspace has a hundred keys in use, or the key that was made cannot be told again; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
    (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Required(once, wish): Required<CreateOwnApiKey>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteApiKeys)?;
    let made = app.keys.create(&caller, &scope, once, wish).await?;
    Ok(idempotency::told(made.replayed, (StatusCode::CREATED, axum::Json(made.value))))
}
