//! `GET /v1/overview`.
//!
//! Owns: nothing. Calls: core's ops. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, ops};
use tenantry_types::overview::Overview;

/// The platform at a glance: what there is, what is at work, and what needs attention.
#[utoipa::path(get, path = "/overview", operation_id = "show_overview", tag = "operations", responses(
    (status = 200, description = "Numbers of one moment.", body = Overview)))]
pub async fn overview(State(app): State<App>, Caller(caller): Caller) -> Result<Json<Overview>, ApiError> {
    caller.actor.may(Action::ReadDoctor)?;
    let behind = app.metrics.crossed();
    Ok(Json(ops::overview(&app.platform, app.ctx(), app.provisioning.template.digest(), behind).await?))
}
