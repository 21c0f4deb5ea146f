//! `GET /v1/tiers`.
//!
//! Owns: nothing. Calls: core's registry. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, registry};
use tenantry_types::{TierTerms, page::Page};

/// The tiers with what each allows and costs, the smallest first.
///
/// A limit that is `null` is unlimited, a price that is `null` is negotiated.
#[utoipa::path(get, path = "/tiers", operation_id = "list_tiers", tag = "tenants", responses(
    (status = 200, description = "All of them; there is no next page.", body = Page<TierTerms>)))]
pub async fn list(State(app): State<App>, Caller(caller): Caller) -> Result<Json<Page<TierTerms>>, ApiError> {
    caller.actor.may(Action::ReadTenants)?;
    Ok(Json(registry::tiers(&app.platform, app.provisioning.default_tier).await?))
}
