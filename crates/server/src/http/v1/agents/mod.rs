//! Agents of the caller's workspace.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

mod create;
mod delete;
mod list;
mod show;
mod update;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create::create, list::list)).routes(routes!(
        show::show,
        update::update,
        delete::delete
    ))
}
