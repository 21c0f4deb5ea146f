//! `GET /v1/api-keys`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{authz::Action, identity::Paging};
use tenantry_types::{Problem, key::ApiKey, page::Page};

/// Place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of the workspace's API keys, newest first.
///
/// Revoked and expired ones stay on it. No secret is: it was shown once.
#[utoipa::path(get, path = "/api-keys", operation_id = "list_api_keys", tag = "keys", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<ApiKey>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<ApiKey>>, ApiError> {
    let scope = caller.actor.scope(Action::ReadApiKeys)?;
    let ListQuery { limit, cursor } = query;
    Ok(Json(app.keys.list(&scope, &Paging { limit, cursor }).await?))
}
