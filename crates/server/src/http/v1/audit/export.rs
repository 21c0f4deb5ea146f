//! `GET /v1/audit-events/export`.
//!
//! Owns: nothing. Calls: core's audit. Called by: `http::router`.
//! Invariants: memory does not grow with the trail: a piece is read when the one before it was sent. After a crash: the connection breaks before
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
    Error, Fields,
    audit::{AskAudit, Export, Format, Trail},
};
use tenantry_types::Problem;

/// Format and filter.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// csv or jsonl; jsonl when absent.
    format: Option<String>,
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
}

/// All sealed audit events that match, oldest first, as a file.
///
/// A JSON line has all that its hash is made of: a chain exported whole can be verified without the server. Events sealed after the export
/// began are not in it.
#[utoipa::path(get, path = "/audit-events/export", operation_id = "export_audit_events", tag = "audit", params(ExportQuery), responses(
    (status = 200, description = "The events.", content((String = "application/x-ndjson"), (String = "text/csv"))),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn export(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Response, ApiError> {
    let trail = Trail::of(&caller.actor, &app.platform, &app.control)?;
    let ExportQuery { format, tenant, actor, action, target, from, to } = query;
    let mut fields = Fields::default();
    let format = fields.parsed("format", format.as_deref().unwrap_or("jsonl").parse::<Format>());
    fields.check()?;
    let format = format.unwrap_or(Format::JsonLines);
    let ask = AskAudit { tenant, actor, action, target, from, to, ..AskAudit::default() };
    let export = Export::begin(trail, ask.parse()?, format).await?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        match export.next().await {
            Ok(piece) => Ok(piece.map(|piece| (Bytes::from(piece), export))),
            Err(error) => Err(broken(error)),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", format.file_name())),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

fn broken(error: Error) -> Error {
    tracing::warn!(%error, "an audit export ends before its end: its events cannot be read");
    error
}
