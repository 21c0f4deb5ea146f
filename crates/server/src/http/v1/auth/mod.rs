//! Signing in, and staying so.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

mod log_in;
mod log_out;
mod password_reset;
mod refresh;
mod switch_workspace;
mod verify_email;

use crate::{app::App, http::cookie};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use tenantry_core::identity::Opened;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes that need no identity: what proves the caller's right is in the body.
pub fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(log_in::log_in))
        .routes(routes!(log_out::log_out))
        .routes(routes!(refresh::refresh))
        .routes(routes!(password_reset::reset))
        .routes(routes!(verify_email::verify))
}

/// The routes for who is signed in.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(switch_workspace::switch))
}

/// The answer, with the cookie of a new session where there is one.
fn told(app: &App, opened: &Opened) -> Response {
    let mut response = Json(&opened.answer).into_response();
    if let Some(secret) = &opened.cookie {
        cookie::set(app, &mut response, secret);
    }
    response
}
