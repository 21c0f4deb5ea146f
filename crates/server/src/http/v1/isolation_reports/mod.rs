//! Isolation reports: proofs that no tenant reaches another.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`. After a crash: nothing is left.

mod create;
mod list;
mod show;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(list::list))
        .routes(routes!(show::show))
}
