//! `POST /v1/tenants/{slug}/api-keys`.
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
use tenantry_core::{authz::Action, identity};
use tenantry_types::{
    Problem,
    key::{CreateApiKey, NewApiKey},
};

/// Makes an API key for a workspace of a tenant.
///
/// The key is shown this once, and again only to the same request with the same `Idempotency-Key`.
#[utoipa::path(post, path = "/tenants/{slug}/api-keys", operation_id = "create_api_key", tag = "tenants",
    params(("slug" = String, Path), ("Idempotency-Key" = String, Header, description = idempotency::ABOUT)), request_body = CreateApiKey, responses(
        (status = 201, description = "The key.", body = NewApiKey),
        (status = 404, description = "`not_found`: tenant or workspace", body = Problem),
        (status = 409, description = "`conflict`: the tenant is not active, or the key that was made cannot be told again; or `idempotency_in_flight`: try again after `Retry-After` seconds", body = Problem),
        (status = 422, description = "`invalid`, or `idempotency_key_reused`", body = Problem)))]
pub async fn create_key(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Required(once, wish): Required<CreateApiKey>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::CreateApiKey)?;
    let environment = app.place.environment;
    let made =
        identity::create_api_key(&app.platform, app.ctx(), environment, &caller, Some(once), &slug, wish)
            .await?;
    Ok(idempotency::told(made.replayed, (StatusCode::CREATED, axum::Json(made.value))))
}
