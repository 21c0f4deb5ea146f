//! `GET /v1/me/data`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use super::EventsQuery;
use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use tenantry_core::{authz::Action, identity::privacy};
use tenantry_types::{Problem, identity::UserData};

/// All that is known of the caller, in whatever tenants.
///
/// No secret is part of it.
#[utoipa::path(get, path = "/me/data", operation_id = "export_my_data", tag = "identity", params(EventsQuery), responses(
    (status = 200, description = "One document.", body = UserData),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn export_me(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<EventsQuery>,
) -> Result<Json<UserData>, ApiError> {
    caller.actor.may(Action::ManageSelf)?;
    let me = privacy::myself(&caller.actor)?;
    Ok(Json(privacy::export(&app.platform, app.ctx(), &caller, me, query.limit, query.cursor).await?))
}
