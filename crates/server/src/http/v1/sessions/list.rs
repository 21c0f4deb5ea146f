//! `GET /v1/sessions`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::identity;
use tenantry_types::{identity::Session, page::Page};

/// The caller's sessions that still hold, the newest first; the first two hundred.
#[utoipa::path(get, path = "/sessions", operation_id = "list_sessions", tag = "sign-in", responses(
    (status = 200, description = "Where the caller is signed in.", body = Page<Session>)))]
pub async fn list(State(app): State<App>, Caller(caller): Caller) -> Result<Json<Page<Session>>, ApiError> {
    Ok(Json(identity::list_sessions(&app.platform, app.ctx(), &caller).await?))
}
