//! `GET /v1/slugs/{slug}`.
//!
//! Owns: nothing. Calls: core's registry. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, registry};
use tenantry_types::tenant::SlugAvailability;

/// Whether a slug can be had, with the reason when not.
#[utoipa::path(get, path = "/slugs/{slug}", operation_id = "show_slug_availability", tag = "tenants", params(("slug" = String, Path, description = "Any text.")),
    responses((status = 200, description = "Available or not, and why.", body = SlugAvailability)))]
pub async fn availability(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
) -> Result<Json<SlugAvailability>, ApiError> {
    caller.actor.may(Action::ReadTenants)?;
    Ok(Json(registry::availability(&app.platform, &slug).await?))
}
