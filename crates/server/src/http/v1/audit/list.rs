//! `GET /v1/audit-events`.
//!
//! Owns: nothing. Calls: core's audit. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::audit::{self, AskAudit, Trail};
use tenantry_types::{Problem, audit::AuditEvent, page::Page};

/// Filter and place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// A tenant's slug or id, also of one that is gone; `platform` for deeds that concern no tenant.
    tenant: Option<String>,
    /// Who did it.
    actor: Option<String>,
    /// What was done: `tenant.create`, or `tenant.` for all that begins so.
    action: Option<String>,
    /// The id of what it was done to.
    target: Option<String>,
    /// Done at this time or later, RFC 3339.
    from: Option<String>,
    /// Done before this time, RFC 3339.
    to: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of audit events, latest first.
///
/// An API key with the role admin sees its own tenant's. Events that are not sealed yet stand first. What comes in between two pages
/// appears on neither: it is newer than the first.
#[utoipa::path(get, path = "/audit-events", operation_id = "list_audit_events", tag = "audit", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<AuditEvent>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<AuditEvent>>, ApiError> {
    let trail = Trail::of(&caller.actor, &app.platform, &app.control)?;
    let ListQuery { tenant, actor, action, target, from, to, limit, cursor } = query;
    let ask = AskAudit { tenant, actor, action, target, from, to, limit, cursor };
    Ok(Json(audit::list(&trail, ask.parse()?).await?))
}
