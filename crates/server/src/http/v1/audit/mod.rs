//! The audit trail: for operators all of it, for a tenant's admins their own.
//!
//! Owns: nothing. Calls: core's audit. Called by: `http::router`. After a crash: nothing is left.

mod export;
mod list;
mod show;
mod verify;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(show::show))
        .routes(routes!(export::export))
        .routes(routes!(verify::verify))
}
