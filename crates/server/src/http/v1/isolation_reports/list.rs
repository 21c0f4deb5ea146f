//! `GET /v1/isolation-reports`.
//!
//! Owns: nothing. Calls: core's isolation. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{authz::Action, identity::Paging, isolation};
use tenantry_types::{Problem, isolation::IsolationReport, page::Page};

/// Filter and place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// A tenant's slug: those that are about it alone.
    tenant: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of isolation reports, newest first. The newest five hundred are kept.
#[utoipa::path(get, path = "/isolation-reports", operation_id = "list_isolation_reports", tag = "isolation", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<IsolationReport>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<IsolationReport>>, ApiError> {
    caller.actor.may(Action::ReadIsolation)?;
    let ListQuery { tenant, limit, cursor } = query;
    Ok(Json(isolation::list(&app.platform, tenant, &Paging { limit, cursor }).await?))
}
