//! `GET /v1/agents`.
//!
//! Owns: nothing. Calls: core's workload. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{
    authz::Action,
    workload::agents::{self, ListAgents},
};
use tenantry_types::{Problem, agent::Agent, page::Page};

/// Filter and place.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// idle, working, blocked, offline.
    status: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of the workspace's agents, oldest first.
#[utoipa::path(get, path = "/agents", operation_id = "list_agents", tag = "agents", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<Agent>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Agent>>, ApiError> {
    let scope = caller.actor.scope(Action::ReadAgents)?;
    let ListQuery { status, limit, cursor } = query;
    Ok(Json(agents::list(&app.tenancy, &scope, ListAgents { status, limit, cursor }).await?))
}
