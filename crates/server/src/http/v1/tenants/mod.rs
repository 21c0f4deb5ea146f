//! Tenants, for operators.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`. After a crash: nothing is left.

mod create;
mod create_key;
mod export;
mod import;
mod list;
mod psql_session;
mod show;

use crate::app::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(show::show))
        .routes(routes!(show::status))
        .routes(routes!(create_key::create_key))
        .routes(routes!(psql_session::open))
        .routes(routes!(export::export))
        .routes(routes!(import::import))
}
