//! `GET /v1/access-grants`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::identity::Paging;
use tenantry_types::{Problem, identity::AccessGrant, page::Page};

/// Filter and place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Slug of a tenant; a tenant's owner sees their own, named or not.
    tenant: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of access grants, newest first; also those that are over.
///
/// Operators see all of them, a tenant's owner those of the tenant.
#[utoipa::path(get, path = "/access-grants", operation_id = "list_access_grants", tag = "grants", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<AccessGrant>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AccessGrant>>, ApiError> {
    let ListQuery { tenant, limit, cursor } = query;
    Ok(Json(app.grants.list(&caller.actor, tenant.as_deref(), &Paging { limit, cursor }).await?))
}
