//! `DELETE /v1/sessions/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::identity;
use tenantry_types::{Problem, SessionId};

/// Ends one of the caller's sessions. Its tokens are refused from then on.
#[utoipa::path(delete, path = "/sessions/{id}", operation_id = "end_session", tag = "sign-in", params(("id" = SessionId, Path)), responses(
    (status = 204, description = "It is over."),
    (status = 404, description = "`not_found`: no session of the caller's that holds", body = Problem)))]
pub async fn end(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, ApiError> {
    identity::end_session(&app.platform, app.ctx(), &app.access, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
