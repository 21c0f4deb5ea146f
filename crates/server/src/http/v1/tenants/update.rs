//! `PATCH /v1/tenants/{slug}`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    tenant::{Tenant, UpdateTenant},
};

/// Changes a tenant's name, address, domains, tier, or the numbers that it has in place of its tier's.
///
/// Absent fields stay. Another tier's limits hold at once: what is used stays used and what is there stays there, also where it is more than the new tier allows. With `If-Match`, only the version that it names.
#[utoipa::path(patch, path = "/tenants/{slug}", operation_id = "update_tenant", tag = "tenants", request_body = UpdateTenant,
    params(("slug" = String, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the tenant.")), responses(
        (status = 200, description = "The tenant as it is now; `ETag` is the version.", body = Tenant),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: the tenant is deleted; or it is being made or removed, and its tier stays meanwhile", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Json(wish): Json<UpdateTenant>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ChangeTenant)?;
    let expected = etag::expected(&headers)?;
    let tenant = app.runs.update(&caller, &slug, expected, wish).await?;
    Ok(etag::tagged(StatusCode::OK, tenant.updated_at.timestamp_micros(), &tenant))
}
