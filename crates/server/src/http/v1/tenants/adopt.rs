//! `POST /v1/tenants/adopt`.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`.
//! Invariants: the server never enters the schema: a worker looks at it, dry or not. After a crash: the run is resumed by a worker.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::Caller,
        idempotency::{self, Accepted},
    },
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tenantry_core::authz::Action;
use tenantry_types::{
    Problem,
    adopt::{AdoptTenant, TenantToAdopt},
};

/// Makes a tenant of a schema that exists already.
///
/// Answers at once with the run. The run looks at the schema first and ends, undone, with everything that stands in the way; with
/// `dry_run` it ends there in any case, and its result is what it found.
#[utoipa::path(post, path = "/tenants/adopt", operation_id = "adopt_tenant", tag = "tenants", request_body = AdoptTenant,
    params(("Idempotency-Key" = Option<String>, Header, description = idempotency::ABOUT)),
    responses(
        (status = 202, description = "The tenant and its run. `Location` is the run's address.", body = TenantToAdopt),
        (status = 409, description = "`slug_taken`; `conflict`: another tenant has the id; or `idempotency_in_flight`", body = Problem),
        (status = 422, description = "`invalid`: `errors` names each field; or `idempotency_key_reused`", body = Problem),
    ))]
pub async fn adopt(
    State(app): State<App>,
    Caller(caller): Caller,
    Accepted(once, wish): Accepted<AdoptTenant>,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::CreateTenant)?;
    let made = app.provisioning.adopt(&caller, once, wish).await?;
    let location = HeaderValue::from_str(&format!("/v1/provisioning-runs/{}", made.value.run.id)).ok();
    let mut response = (StatusCode::ACCEPTED, axum::Json(made.value)).into_response();
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(idempotency::told(made.replayed, response))
}
