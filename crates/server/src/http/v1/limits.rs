//! `GET /v1/limits`.
//!
//! Owns: nothing. Calls: core's authz. Called by: `http::router`. After a crash: nothing is left.

use crate::http::{ApiError, authenticate::Caller};
use axum::Json;
use tenantry_core::authz::Action;
use tenantry_types::Limits;

/// What the tenant may use: its tier's limits with its own overrides.
///
/// `null` is unlimited.
#[utoipa::path(get, path = "/limits", operation_id = "show_limits", tag = "tenant", responses((status = 200, description = "The limits.", body = Limits)))]
pub async fn limits(Caller(caller): Caller) -> Result<Json<Limits>, ApiError> {
    let scope = caller.actor.scope(Action::ReadLimits)?;
    Ok(Json(scope.tenant().limits))
}
