//! `DELETE /v1/access-grants/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{extract::State, http::StatusCode};
use tenantry_types::{AccessGrantId, Problem};

/// Ends an access grant before its time.
///
/// At once, on every server. Done before, it is done.
#[utoipa::path(delete, path = "/access-grants/{id}", operation_id = "end_access_grant", tag = "grants", params(("id" = AccessGrantId, Path)), responses(
    (status = 204, description = "Its token is refused from now on."),
    (status = 404, description = "`not_found`", body = Problem)))]
pub async fn end(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<AccessGrantId>,
) -> Result<StatusCode, ApiError> {
    app.grants.end(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
