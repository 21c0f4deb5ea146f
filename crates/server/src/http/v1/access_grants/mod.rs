//! Access grants: who was let into which tenant.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`. After a crash: nothing is left.

mod create;
mod end;
mod list;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create::create)).routes(routes!(list::list)).routes(routes!(end::end))
}
