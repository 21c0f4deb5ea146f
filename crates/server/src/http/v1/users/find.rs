//! `GET /v1/users`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{authz::Action, identity::privacy};
use tenantry_types::{Problem, identity::UserProfile, page::Page};

/// Whom.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FindQuery {
    /// The user's address; upper and lower case are the same.
    email: String,
}

/// The user with that address: a list of one or none.
#[utoipa::path(get, path = "/users", operation_id = "find_users", tag = "operations", params(FindQuery), responses(
    (status = 200, description = "The user, or nobody.", body = Page<UserProfile>),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn find(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<FindQuery>,
) -> Result<Json<Page<UserProfile>>, ApiError> {
    caller.actor.may(Action::ManageUserData)?;
    Ok(Json(privacy::find(&app.platform, &query.email).await?))
}
