//! `GET /v1/isolation-reports/{id}`.
//!
//! Owns: nothing. Calls: core's isolation. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, isolation};
use tenantry_types::{IsolationReportId, Problem, isolation::IsolationReport};

/// An isolation report with every check and its evidence.
#[utoipa::path(get, path = "/isolation-reports/{id}", operation_id = "show_isolation_report", tag = "isolation",
    params(("id" = IsolationReportId, Path)), responses(
    (status = 200, description = "The report.", body = IsolationReport), (status = 404, description = "`not_found`", body = Problem)))]
pub async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<IsolationReportId>,
) -> Result<Json<IsolationReport>, ApiError> {
    caller.actor.may(Action::ReadIsolation)?;
    Ok(Json(isolation::show(&app.platform, id).await?))
}
