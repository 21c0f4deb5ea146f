//! `POST /v1/tenants/{slug}/access-grants`.
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
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    identity::{CreateAccessGrant, NewAccessGrant},
};

/// Lets the caller into a workspace of a tenant, for a reason and a while.
///
/// The tenant's owner sees it, and its audit trail has the reason. Support is let in as viewer, an admin as admin at most. The token is shown
/// this once, and again only to the same request with the same `Idempotency-Key`.
#[utoipa::path(post, path = "/tenants/{slug}/access-grants", operation_id = "create_access_grant", tag = "tenants", request_body = CreateAccessGrant,
    params(("slug" = String, Path), ("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), responses(
        (status = 201, description = "The grant with its token.", body = NewAccessGrant),
        (status = 404, description = "`not_found`: tenant or workspace", body = Problem),
        (status = 409, description = "`conflict`: the tenant is not active, or the token that was made cannot be told again; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Required(once, wish): Required<CreateAccessGrant>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::OpenAccessGrant)?;
    let made = app.grants.create(&caller, once, &slug, wish).await?;
    Ok(idempotency::told(made.replayed, (StatusCode::CREATED, axum::Json(made.value))))
}
