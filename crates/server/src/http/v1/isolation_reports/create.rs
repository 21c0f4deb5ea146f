//! `POST /v1/isolation-reports`.
//!
//! Owns: nothing. Calls: core's isolation. Called by: `http::router`. After a crash: a worker begins the report anew.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Accepted},
    },
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tenantry_core::{authz::Action, isolation};
use tenantry_types::{
    Problem,
    isolation::{IsolationReport, RequestIsolationReport},
};

/// Has isolation proved.
///
/// A worker looks at the catalogue, tries from every tenant's scope what must be refused, and asks the API for what belongs to others. Every attempt in the
/// database is rolled back; for the API two tenants are made and deleted again, and their runs and audit events stay. The report is `pending` at first; ask for it
/// until `finished_at` is there. One of a single tenant has it try up to 500 others, and these try it; `sampled` says when that is not all.
#[utoipa::path(post, path = "/isolation-reports", operation_id = "create_isolation_report", tag = "isolation", request_body = RequestIsolationReport,
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)), responses(
    (status = 202, description = "The report. `Location` is its address.", body = IsolationReport),
    (status = 404, description = "`not_found`: no such tenant", body = Problem),
    (status = 409, description = "`idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
    (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Accepted(once, wish): Accepted<RequestIsolationReport>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ProveIsolation)?;
    let made = isolation::request(&app.platform, app.ctx(), &app.provers, caller, once, wish).await?;
    let report = made.value;
    let mut response = (StatusCode::ACCEPTED, crate::http::Json(&report)).into_response();
    if let Ok(address) = HeaderValue::from_str(&format!("/v1/isolation-reports/{}", report.id)) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(idempotency::told(made.replayed, response))
}
