//! `GET /v1/audit-events/verify`.
//!
//! Owns: nothing. Calls: core's audit. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde::Deserialize;
use tenantry_core::{
    Error, Fields,
    audit::{self, Trail},
};
use tenantry_types::{Problem, audit::AuditVerification};
use uuid::Uuid;

/// Which chain.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct VerifyQuery {
    /// A tenant's slug or id, also of one that is gone, or `platform`. Absent: the caller's own, which is the platform's for an operator.
    tenant: Option<String>,
    /// All chains that the caller may see, one JSON object per line.
    #[serde(default)]
    all: bool,
}

/// Whether a chain is as it was sealed, and what of it is not.
///
/// A chain that was rewritten as a whole is found by comparing its head with one that was kept elsewhere.
#[utoipa::path(get, path = "/audit-events/verify", operation_id = "verify_audit_events", tag = "audit", params(VerifyQuery), responses(
    (status = 200, description = "What was found; with `all=true` one object per line.",
     content((AuditVerification = "application/json"), (String = "application/x-ndjson"))),
    (status = 404, description = "`not_found`: no such tenant", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn verify(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<VerifyQuery>,
) -> Result<Response, ApiError> {
    let trail = Trail::of(&caller.actor, &app.platform, &app.control)?;
    if !query.all {
        return Ok(Json(audit::verify(&trail, query.tenant.as_deref()).await?).into_response());
    }
    let mut fields = Fields::default();
    if query.tenant.is_some() {
        fields.wrong("all", "conflict", "names all chains, `tenant` one of them: send either");
    }
    fields.check()?;
    let lines = stream::try_unfold((trail, None), |(trail, after)| async move { next(trail, after).await });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

type Going = (Trail, Option<Uuid>);

async fn next(trail: Trail, after: Option<Uuid>) -> Result<Option<(Bytes, Going)>, Error> {
    let found = audit::verify_next(&trail, after).await.inspect_err(|error| {
        tracing::warn!(%error, "a verification of all chains ends before its end");
    })?;
    let Some((chain, verified)) = found else { return Ok(None) };
    let line = serde_json::to_string(&verified).map_err(|error| Error::Fault(error.to_string()))?;
    Ok(Some((Bytes::from(format!("{line}\n")), (trail, Some(chain)))))
}
