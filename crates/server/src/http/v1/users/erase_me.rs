//! `DELETE /v1/me`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::{
    authz::Action,
    identity::privacy::{self, Whose},
};
use tenantry_types::{Problem, identity::EraseMe};

/// Erases the caller: the account, memberships in all tenants, sessions, tokens, invitations and mail to the address.
///
/// What they made for a tenant stays the tenant's. This cannot be taken back, so the address has to be confirmed.
#[utoipa::path(delete, path = "/me", operation_id = "erase_me", tag = "identity", request_body = EraseMe, responses(
    (status = 204, description = "Nothing is left but the id in the audit trail."),
    (status = 409, description = "`conflict`: an operator, or the only owner of a workspace; `detail` names them", body = Problem),
    (status = 422, description = "`invalid`: not the caller's address", body = Problem)))]
pub async fn erase_me(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(wish): Json<EraseMe>,
) -> Result<StatusCode, ApiError> {
    caller.actor.may(Action::ManageSelf)?;
    privacy::erase(&app.platform, app.ctx(), &app.access, &caller, &Whose::Own(wish.confirm)).await?;
    Ok(StatusCode::NO_CONTENT)
}
