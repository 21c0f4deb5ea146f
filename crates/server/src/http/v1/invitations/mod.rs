//! Invitations into the caller's workspace.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

mod accept;
mod create;
mod list;
mod preview;
mod revoke;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create::create, list::list)).routes(routes!(revoke::revoke))
}

/// Those that need no identity.
pub fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(accept::accept)).routes(routes!(preview::preview))
}
