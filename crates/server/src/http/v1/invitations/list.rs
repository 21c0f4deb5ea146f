//! `GET /v1/invitations`.
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
    identity::{Paging, invitations},
};
use tenantry_types::{Problem, identity::Invitation, page::Page};

/// Place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InvitationsQuery {
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of the workspace's invitations, the newest first.
#[utoipa::path(get, path = "/invitations", operation_id = "list_invitations", tag = "people", params(InvitationsQuery), responses(
    (status = 200, description = "A page.", body = Page<Invitation>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(InvitationsQuery { limit, cursor }): Query<InvitationsQuery>,
) -> Result<Json<Page<Invitation>>, ApiError> {
    let scope = caller.actor.scope(Action::ReadInvitations)?;
    Ok(Json(invitations::list(&app.people, &scope, &Paging { limit, cursor }).await?))
}
