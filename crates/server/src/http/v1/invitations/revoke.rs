//! `DELETE /v1/invitations/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::{authz::Action, identity::invitations};
use tenantry_types::{InvitationId, Problem};

/// Takes an invitation back: its link opens nothing any more.
#[utoipa::path(delete, path = "/invitations/{id}", operation_id = "revoke_invitation", tag = "people",
    params(("id" = InvitationId, Path)), responses(
        (status = 204, description = "It is revoked, or had ended before."),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: it was accepted", body = Problem)))]
pub async fn revoke(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode, ApiError> {
    let scope = caller.actor.scope(Action::WriteInvitations)?;
    invitations::revoke(&app.people, &caller, &scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
