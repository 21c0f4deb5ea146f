//! `GET /v1/audit-events/{id}`.
//!
//! Owns: nothing. Calls: core's audit. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::audit::{self, Trail};
use tenantry_types::{EventId, Problem, audit::AuditEvent};

/// An audit event.
///
/// Operators see all, a tenant's admins their own tenant's: another's is answered as one that is absent.
#[utoipa::path(get, path = "/audit-events/{id}", operation_id = "show_audit_event", tag = "audit", params(("id" = EventId, Path)), responses(
    (status = 200, description = "The event, sealed or not yet.", body = AuditEvent), (status = 404, description = "`not_found`", body = Problem)))]
pub async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<EventId>,
) -> Result<Json<AuditEvent>, ApiError> {
    let trail = Trail::of(&caller.actor, &app.platform, &app.control)?;
    Ok(Json(audit::show(&trail, id).await?))
}
