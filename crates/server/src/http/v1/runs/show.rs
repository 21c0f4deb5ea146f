//! `GET /v1/provisioning-runs` and one of them.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{authz::Action, provisioning};
use tenantry_types::{Problem, RunId, page::Page, run::Run};

/// Filter and place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// A tenant's slug.
    tenant: Option<String>,
    /// pending, running, succeeded, `rolling_back`, `rolled_back`, `needs_attention`; several with commas between them.
    status: Option<String>,
    /// create, adopt, import, suspend, resume, delete, restore, purge.
    kind: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of runs, newest first.
#[utoipa::path(get, path = "/provisioning-runs", operation_id = "list_provisioning_runs", tag = "runs", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<Run>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Run>>, ApiError> {
    caller.actor.may(Action::ReadRuns)?;
    let ListQuery { tenant, status, kind, limit, cursor } = query;
    let (status, kind, cursor) = (status.as_deref(), kind.as_deref(), cursor.as_deref());
    Ok(Json(provisioning::list(&app.platform, tenant, status, kind, limit, cursor).await?))
}

/// A run with its steps.
#[utoipa::path(get, path = "/provisioning-runs/{id}", operation_id = "show_provisioning_run", tag = "runs", params(("id" = RunId, Path)), responses(
    (status = 200, description = "The run.", body = Run), (status = 404, description = "`not_found`", body = Problem)))]
pub async fn show(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<RunId>,
) -> Result<Json<Run>, ApiError> {
    caller.actor.may(Action::ReadRuns)?;
    Ok(Json(provisioning::show(&app.platform, id).await?))
}
