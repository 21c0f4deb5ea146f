//! `POST /v1/tenants/{slug}/api-keys`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_core::{authz::Action, identity};
use tenantry_types::{
    Problem,
    key::{CreateApiKey, NewApiKey},
};

/// Makes an API key for a workspace of a tenant.
///
/// The key is shown this once.
#[utoipa::path(post, path = "/tenants/{slug}/api-keys", operation_id = "create_api_key", tag = "tenants", params(("slug" = String, Path)),
    request_body = CreateApiKey, responses(
        (status = 201, description = "The key.", body = NewApiKey),
        (status = 404, description = "`not_found`: tenant or workspace", body = Problem),
        (status = 409, description = "`conflict`: the tenant is not active", body = Problem),
        (status = 422, description = "`invalid`", body = Problem)))]
pub async fn create_key(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<String>,
    Json(wish): Json<CreateApiKey>,
) -> Result<(StatusCode, axum::Json<NewApiKey>), ApiError> {
    caller.actor.may(Action::CreateApiKey)?;
    let made =
        identity::create_api_key(&app.platform, app.ctx(), app.place.environment, &caller, &slug, wish)
            .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}
