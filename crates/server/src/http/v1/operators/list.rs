//! `GET /v1/operators`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Query, authenticate::Caller},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use tenantry_core::{authz::Action, identity::Paging};
use tenantry_types::{Problem, identity::Operator, page::Page};

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

/// A page of the operators.
///
/// In the order in which they became users. Whoever holds the token of the configuration is not among them.
#[utoipa::path(get, path = "/operators", operation_id = "list_operators", tag = "operators", params(ListQuery), responses(
    (status = 200, description = "A page.", body = Page<Operator>), (status = 422, description = "`invalid`", body = Problem)))]
pub async fn list(
    State(app): State<App>,
    Caller(caller): Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Operator>>, ApiError> {
    caller.actor.may(Action::ReadOperators)?;
    let ListQuery { limit, cursor } = query;
    Ok(Json(app.operators.list(&Paging { limit, cursor }).await?))
}
