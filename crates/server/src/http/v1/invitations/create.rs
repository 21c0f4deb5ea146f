//! `POST /v1/invitations`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: the mail goes out with the next worker.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Required},
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::{authz::Action, identity::invitations};
use tenantry_types::{
    Problem,
    identity::{CreateInvitation, Invitation},
};

/// Invites somebody into the caller's workspace.
///
/// The link goes by mail and is told to nobody else; only a server that sends no mail tells it here, this once and to the same request with the same
/// `Idempotency-Key`. An open invitation for the same address is replaced.
#[utoipa::path(post, path = "/invitations", operation_id = "create_invitation", tag = "people", request_body = CreateInvitation,
    params(("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), responses(
        (status = 201, description = "The invitation.", body = Invitation),
        (status = 402, description = "`quota_exceeded`: members and open invitations reach the tier's limit", body = Problem),
        (status = 409, description = "`conflict`: a member has this address, or the link cannot be told again; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem),
        (status = 429, description = "`too_many_requests`: the tenant has caused as many mails as it may in 24 hours; try again after `Retry-After` seconds", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Required(once, wish): Required<CreateInvitation>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteInvitations)?;
    let made = invitations::create(&app.people, &caller, &scope, Some(once), &wish).await?;
    Ok(idempotency::told(made.replayed, (StatusCode::CREATED, axum::Json(made.value))))
}
