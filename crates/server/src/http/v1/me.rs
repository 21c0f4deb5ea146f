//! `GET /v1/me`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::authz::Action;
use tenantry_types::key::Me;

/// Who the caller is.
#[utoipa::path(get, path = "/me", operation_id = "show_me", tag = "identity", responses((status = 200, description = "The identity of the token.", body = Me)))]
pub async fn me(State(app): State<App>, Caller(caller): Caller) -> Result<Json<Me>, ApiError> {
    caller.actor.may(Action::ReadMe)?;
    Ok(Json(app.sign_in.me(&caller).await?))
}
