//! Provisioning runs, for operators.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`. After a crash: nothing is left.

mod events;
mod feed;
mod retry;
mod rollback;
mod show;
pub(super) mod watch;

use crate::{app::App, http::idempotency};
use axum::{http::StatusCode, response::Response};
use tenantry_core::idempotency::Answer;
use tenantry_types::run::Run;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show::list))
        .routes(routes!(show::show))
        .routes(routes!(events::events))
        .routes(routes!(feed::feed))
        .routes(routes!(rollback::rollback))
        .routes(routes!(rollback::rollback_latest))
        .routes(routes!(retry::retry))
}

/// 202 with a run of which something was asked.
fn asked(run: Answer<Run>) -> Response {
    idempotency::told(run.replayed, (StatusCode::ACCEPTED, axum::Json(run.value)))
}
