//! `DELETE /v1/api-keys/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::authz::Action;
use tenantry_types::{ApiKeyId, Problem};

/// Takes an API key out of use.
///
/// At once, on every server, for good. Done before, it is done.
#[utoipa::path(delete, path = "/api-keys/{id}", operation_id = "revoke_api_key", tag = "keys", params(("id" = ApiKeyId, Path)), responses(
    (status = 204, description = "It is refused from now on."),
    (status = 404, description = "`not_found`", body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<ApiKeyId>,
) -> Result<StatusCode, ApiError> {
    let scope = caller.actor.scope(Action::WriteApiKeys)?;
    app.keys.revoke(&caller, &scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
