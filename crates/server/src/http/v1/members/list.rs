//! `GET /v1/members`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{
    authz::Action,
    identity::{Paging, members},
};
use tenantry_types::{Problem, identity::Member, page::Page};

/// Place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MembersQuery {
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of the workspace's members, the longest first.
#[utoipa::path(get, path = "/members", operation_id = "list_members", tag = "tenant", params(MembersQuery), responses(
    (status = 200, description = "A page.", body = Page<Member>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(MembersQuery { limit, cursor }): Query<MembersQuery>,
) -> Result<Json<Page<Member>>, ApiError> {
    let scope = caller.actor.scope(Action::ReadMembers)?;
    Ok(Json(members::list(&app.people, &scope, &Paging { limit, cursor }).await?))
}
