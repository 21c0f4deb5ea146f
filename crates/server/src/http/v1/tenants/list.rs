//! `GET /v1/tenants`.
//!
//! Owns: nothing. Calls: core's registry. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{
    authz::Action,
    registry::{self, ListTenants},
};
use tenantry_types::{Problem, page::Page, tenant::Tenant};

/// Filter, order and place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// provisioning, active, suspended, deleted.
    status: Option<String>,
    /// free, starter, pro, enterprise.
    plan_tier: Option<String>,
    /// A part of slug, name or admin e-mail, in any case.
    q: Option<String>,
    /// `created_at`, `slug`, `name`, `schema_bytes` or `last_activity_at`; with `-` in front descending. `-created_at` when absent.
    sort: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of tenants.
#[utoipa::path(get, path = "/tenants", operation_id = "list_tenants", tag = "tenants", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<Tenant>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Tenant>>, ApiError> {
    caller.actor.may(Action::ReadTenants)?;
    let ListQuery { status, plan_tier, q, sort, limit, cursor } = query;
    let query = ListTenants { status, plan_tier, q, sort, limit, cursor };
    let mut page = registry::list(&app.platform, &app.public_url, query).await?;
    app.runs.tell_restorable(&mut page.items).await?;
    Ok(Json(page))
}
