//! What is known of users: taken out and erased, by themselves and by operators.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

mod erase;
mod erase_me;
mod export;
mod export_me;
mod find;

use crate::app::App;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this resource.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find::find))
        .routes(routes!(export::export))
        .routes(routes!(erase::erase))
        .routes(routes!(export_me::export_me))
        .routes(routes!(erase_me::erase_me))
}

/// Which page of the user's deeds comes with the rest.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// Audit events, 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `audit_events.next_cursor` of the answer before.
    cursor: Option<String>,
}
