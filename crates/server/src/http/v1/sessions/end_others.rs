//! `DELETE /v1/sessions`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::identity;
use tenantry_types::identity::EndedSessions;

/// Ends all of the caller's sessions but the one that asks. Their tokens are refused from then on.
#[utoipa::path(delete, path = "/sessions", operation_id = "end_other_sessions", tag = "sign-in", responses(
    (status = 200, description = "They are over.", body = EndedSessions)))]
pub async fn end_others(
    State(app): State<App>,
    Caller(caller): Caller,
) -> Result<Json<EndedSessions>, ApiError> {
    let ended = identity::end_other_sessions(&app.platform, app.ctx(), &app.access, &caller).await?;
    Ok(Json(EndedSessions { ended }))
}
