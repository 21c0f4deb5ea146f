//! `POST /v1/tenants/{slug}/owner-invitation`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::Caller,
        idempotency::{self, Required},
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use tenantry_core::{authz::Action, identity::invitations};
use tenantry_types::{
    Problem,
    tenant::{Nothing, OwnerInvitation},
};

/// Makes the link of a tenant's owner anew, while the tenant has none.
///
/// It is for the tenant's `admin_email` and shown this once, and again only to the same request with the same `Idempotency-Key`. The links that were made for
/// that before open no more.
#[utoipa::path(post, path = "/tenants/{slug}/owner-invitation", operation_id = "invite_owner", tag = "tenants",
    params(("slug" = String, Path), ("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), request_body = Nothing, responses(
        (status = 201, description = "The invitation.", body = OwnerInvitation),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: the tenant has an owner, is not active, or the link cannot be told again; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn invite_owner(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Required(once, Nothing {}): Required<Nothing>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::InviteOwner)?;
    let made = invitations::invite_owner(&app.people, &caller, Some(once), &slug).await?;
    Ok(idempotency::told(made.replayed, (StatusCode::CREATED, axum::Json(made.value))))
}
