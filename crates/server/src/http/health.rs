//! Health: does the process live, can it serve.
//!
//! Owns: nothing. Calls: core's ops. Called by: `http::router`.
//! Invariants: `/livez` looks at the process alone, so that a lost database does not restart every server; what was seen is told to operators
//! only (`strangers_see_no_details`). After a crash: nothing is left.

use super::{
    ApiError, Query,
    authenticate::{Caller, bearer},
};
use crate::{app::App, telemetry::metrics::CONTENT_TYPE};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tenantry_core::{authz::Action, isolation, ops, secrets};
use tenantry_types::health::{Check, CheckStatus, Health};

/// Version of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether the process lives.
#[utoipa::path(get, path = "/livez", tag = "health", security(()), responses((status = 200, description = "It lives.", body = Health)))]
pub async fn livez() -> axum::Json<Health> {
    axum::Json(Health::of(VERSION, Vec::new()))
}

/// What is asked of readiness.
#[derive(Deserialize, utoipa::IntoParams)]
pub struct ReadyQuery {
    /// With a value or without: the parts one by one.
    verbose: Option<String>,
}

/// Whether requests can be served.
///
/// Details are for operators.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), params(ReadyQuery), responses(
    (status = 200, description = "Ready; `warn` where somebody should look.", body = Health),
    (status = 503, description = "Not ready.", body = Health),
))]
pub async fn readyz(
    State(app): State<App>,
    headers: HeaderMap,
    Query(query): Query<ReadyQuery>,
) -> Result<Response, ApiError> {
    let checks = look(&app).await;
    let operator = bearer(&headers).is_some_and(|token| app.gate.is_operators(token));
    let mut health = Health::of(VERSION, checks);
    if !operator {
        health.checks.iter_mut().for_each(|check| (check.detail, check.advice) = (None, None));
    }
    if query.verbose.is_none() {
        health.checks.clear();
    }
    Ok(answer(&health))
}

/// The same in short, for load balancers that expect this name.
#[utoipa::path(get, path = "/health", tag = "health", security(()), responses(
    (status = 200, description = "Ready.", body = Health), (status = 503, description = "Not ready.", body = Health),
))]
pub async fn health(State(app): State<App>) -> Response {
    let mut health = Health::of(VERSION, look(&app).await);
    health.checks.clear();
    answer(&health)
}

fn answer(health: &Health) -> Response {
    let status = match health.status {
        CheckStatus::Failing => StatusCode::SERVICE_UNAVAILABLE,
        CheckStatus::Ok | CheckStatus::Warn => StatusCode::OK,
    };
    (status, axum::Json(health)).into_response()
}

async fn look(app: &App) -> Vec<Check> {
    let parts = ops::Parts {
        platform: &app.platform,
        control: &app.control,
        ctx: app.ctx(),
        template: app.provisioning.template.digest(),
        cells: app.tenancy.status(),
    };
    ops::readiness(&parts).await
}

/// What is asked of the doctor.
#[derive(Deserialize, utoipa::IntoParams)]
pub struct DoctorQuery {
    /// `true`: the security checklist instead, each item with its evidence.
    #[serde(default)]
    security: bool,
}

/// What an operator should look at: versions, rights, slots, runs; or the security checklist.
///
/// The checklist tells of each control what shows it: a look at the database, the last proof of isolation, or the tests that this version was built with.
#[utoipa::path(get, path = "/doctor", operation_id = "show_doctor", tag = "operations", params(DoctorQuery), responses(
    (status = 200, description = "Each item with its advice.", body = Health),
    (status = 422, description = "`invalid`", body = tenantry_types::Problem)))]
pub async fn doctor(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<DoctorQuery>,
) -> Result<axum::Json<Health>, ApiError> {
    caller.actor.may(Action::ReadDoctor)?;
    let secrets = secrets::check(&app.platform, &app.vault).await?;
    if query.security {
        let proof = isolation::newest(&app.platform).await?;
        let evidence = ops::Evidence { proof, secrets, front: app.front };
        let checks = ops::security(&app.platform, app.ctx(), evidence).await?;
        return Ok(axum::Json(Health::of(VERSION, checks)));
    }
    let mut checks = ops::doctor(&app.platform, app.ctx(), app.provisioning.template.digest()).await?;
    checks.push(secrets);
    Ok(axum::Json(Health::of(VERSION, checks)))
}

/// Prometheus metrics. On the API's own address they ask for the operator's token, since they name tenants.
pub async fn metrics(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    if !bearer(&headers).is_some_and(|token| app.gate.is_operators(token)) {
        return Err(ApiError::unauthenticated());
    }
    Ok(render(&app))
}

/// The same on the metrics' own address, which is the operator's to protect.
pub async fn open_metrics(State(app): State<App>) -> Response {
    render(&app)
}

fn render(app: &App) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], app.metrics.render()).into_response()
}
