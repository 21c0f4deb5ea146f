//! `GET /v1/tenants/export`.
//!
//! Owns: nothing. Calls: core's registry. Called by: `http::router`.
//! Invariants: memory does not grow with the list: a piece is read when the one before it was sent. After a crash: the connection breaks before
//! its last chunk, so that no client takes a part for the whole.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;
use tenantry_core::{
    Error,
    authz::Action,
    registry::{ListTenants, TenantExport},
};
use tenantry_types::Problem;

/// Filter and order, as for the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// provisioning, active, suspended, deleted.
    status: Option<String>,
    /// free, starter, pro, enterprise.
    plan_tier: Option<String>,
    /// A part of slug, name or admin e-mail, in any case.
    q: Option<String>,
    /// As for the list; `-created_at` when absent.
    sort: Option<String>,
}

/// All tenants that match, as CSV.
#[utoipa::path(get, path = "/tenants/export", operation_id = "export_tenant_list", tag = "tenants", params(ExportQuery), responses(
    (status = 200, description = "A line for each tenant, under a header.", content_type = "text/csv", body = String),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn export(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ReadTenants)?;
    let ExportQuery { status, plan_tier, q, sort } = query;
    let export = TenantExport::begin(
        &app.platform,
        ListTenants { status, plan_tier, q, sort, ..ListTenants::default() },
    )?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await.map_err(broken)?;
        Ok::<_, Error>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"tenants.csv\""),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn broken(error: Error) -> Error {
    tracing::warn!(%error, "an export of the list of tenants ends before its end");
    error
}
