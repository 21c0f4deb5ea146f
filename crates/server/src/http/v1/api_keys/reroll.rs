//! `POST /v1/api-keys/{id}/reroll`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::Caller,
        idempotency::{self, Required},
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::authz::Action;
use tenantry_types::{
    ApiKeyId, Problem,
    key::{NewApiKey, RerollApiKey},
};

/// Makes an API key in place of one.
///
/// It has the same name, role and scopes, and as long a life, from now on. The old one ends after `overlap_minutes`.
#[utoipa::path(post, path = "/api-keys/{id}/reroll", operation_id = "reroll_api_key", tag = "keys", request_body = RerollApiKey,
    params(("id" = ApiKeyId, Path), ("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), responses(
    (status = 201, description = "The new key.", body = NewApiKey),
    (status = 404, description = "`not_found`", body = Problem),
    (status = 409, description = "`conflict`: the key has ended or was replaced before, or the workspace has a hundred keys in use; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
    (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn reroll(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<ApiKeyId>,
    Required(once, wish): Required<RerollApiKey>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteApiKeys)?;
    let made = app.keys.reroll(&caller, &scope, once, id, &wish).await?;
    Ok(idempotency::told(made.replayed, (StatusCode::CREATED, axum::Json(made.value))))
}
