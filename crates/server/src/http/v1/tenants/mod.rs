//! Tenants, for operators.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`. After a crash: nothing is left.

mod adopt;
mod create;
mod create_key;
mod delete;
mod export;
mod export_list;
mod import;
mod invite_owner;
mod list;
mod psql_session;
mod purge;
mod restore;
mod resume;
mod show;
mod suspend;
mod update;

use crate::{app::App, http::idempotency};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tenantry_core::idempotency::Answer;
use tenantry_types::tenant::TenantAndRun;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(show::show, update::update, delete::delete))
        .routes(routes!(show::status))
        .routes(routes!(create_key::create_key))
        .routes(routes!(invite_owner::invite_owner))
        .routes(routes!(psql_session::open))
        .routes(routes!(export::export))
        .routes(routes!(export_list::export))
        .routes(routes!(import::import))
        .routes(routes!(adopt::adopt))
        .routes(routes!(suspend::suspend))
        .routes(routes!(resume::resume))
        .routes(routes!(restore::restore))
        .routes(routes!(purge::purge))
}

/// The answer to whatever begins a run.
fn changed(app: &App, made: &Answer<TenantAndRun>) -> Response {
    if !made.replayed && made.value.run.status.is_final() {
        // A run that a worker ends is counted there.
        app.metrics.run_ended(&made.value.run, true);
    }
    idempotency::told(made.replayed, answer(&made.value))
}

/// 202 with the run's address.
fn answer(body: &TenantAndRun) -> Response {
    let mut response = (StatusCode::ACCEPTED, axum::Json(body)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/provisioning-runs/{}", body.run.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
