//! The caller's sessions.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

mod end;
mod end_others;
mod list;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list, end_others::end_others)).routes(routes!(end::end))
}
