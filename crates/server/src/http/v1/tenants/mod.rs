//! Tenants, for operators.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`. After a crash: nothing is left.

mod create;
mod create_key;
mod delete;
mod list;
mod psql_session;
mod purge;
mod restore;
mod resume;
mod show;
mod suspend;

use crate::app::App;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tenantry_core::provisioning::Made;
use tenantry_types::tenant::{OwnerInvitation, TenantAndRun};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(show::show, delete::delete))
        .routes(routes!(show::status))
        .routes(routes!(create_key::create_key))
        .routes(routes!(psql_session::open))
        .routes(routes!(suspend::suspend))
        .routes(routes!(resume::resume))
        .routes(routes!(restore::restore))
        .routes(routes!(purge::purge))
}

/// The answer to whatever begins a run.
fn changed(app: &App, made: Made) -> Response {
    if made.run.status.is_final() {
        // A run that a worker ends is counted there.
        app.metrics.run_ended(&made.run, true);
    }
    answer(&to_wire(app, made))
}

fn to_wire(app: &App, made: Made) -> TenantAndRun {
    let invited = |access: &tenantry_core::provisioning::FirstAccess| OwnerInvitation {
        email: made.tenant.admin_email.clone(),
        url: access.invitation_url(),
        expires_at: access.expires_at,
    };
    TenantAndRun {
        tenant: made.tenant.to_wire(&app.public_url),
        api_key: made.access.as_ref().map(tenantry_core::provisioning::FirstAccess::api_key),
        owner_invitation: made.access.as_ref().map(invited),
        restorable_until: made.tenant.deleted_at.zip(app.retention).map(|(at, kept)| at + kept),
        run: made.run,
    }
}

/// 202 with the run's address.
fn answer(body: &TenantAndRun) -> Response {
    let mut response = (StatusCode::ACCEPTED, axum::Json(body)).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/v1/provisioning-runs/{}", body.run.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
