//! `GET /v1/users/{id}/data`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use super::EventsQuery;
use crate::{
    app::App,
    http::{ApiError, Path, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, identity::privacy};
use tenantry_types::{Problem, UserId, identity::UserData};

/// All that is known of a user, for whoever answers the user's request.
///
/// No secret is part of it.
#[utoipa::path(get, path = "/users/{id}/data", operation_id = "export_user", tag = "operations", params(("id" = UserId, Path), EventsQuery), responses(
    (status = 200, description = "One document.", body = UserData),
    (status = 404, description = "`not_found`", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn export(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<UserId>,
    Query(query): Query<EventsQuery>,
) -> Result<Json<UserData>, ApiError> {
    caller.actor.may(Action::ManageUserData)?;
    Ok(Json(privacy::export(&app.platform, app.ctx(), &caller, id, query.limit, query.cursor).await?))
}
