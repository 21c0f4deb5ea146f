//! `DELETE /v1/users/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::{
    authz::Action,
    identity::privacy::{self, Whose},
};
use tenantry_types::{Problem, UserId};

/// Erases a user: the account, memberships, sessions, tokens, invitations and mail to the address.
///
/// What they made for a tenant stays the tenant's. The audit trail keeps the id, which is nobody's from then on. This cannot be taken back.
#[utoipa::path(delete, path = "/users/{id}", operation_id = "erase_user", tag = "operations", params(("id" = UserId, Path)), responses(
    (status = 204, description = "Nothing is left but the id in the audit trail."),
    (status = 404, description = "`not_found`", body = Problem),
    (status = 409, description = "`conflict`: an operator, or the only owner of a workspace; `detail` names them", body = Problem)))]
pub async fn erase(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<UserId>,
) -> Result<StatusCode, ApiError> {
    caller.actor.may(Action::ManageUserData)?;
    privacy::erase(&app.platform, app.ctx(), &app.access, &caller, &Whose::User(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
