//! `PATCH /v1/workspaces/{id}`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, Path, authenticate::Caller, v1::etag},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tenantry_core::{authz::Action, identity::workspaces};
use tenantry_types::{Problem, WorkspaceId, identity::UpdateWorkspace, tenant::Workspace};

/// Renames a workspace, makes it the default one, archives it or brings it back.
///
/// Members and keys of an archived workspace are refused on every server before this answers; its rows stay. With `If-Match`, only the version that it names.
#[utoipa::path(patch, path = "/workspaces/{id}", operation_id = "update_workspace", tag = "people", request_body = UpdateWorkspace,
    params(("id" = WorkspaceId, Path), ("If-Match" = Option<String>, Header, description = "An ETag of the workspace.")), responses(
        (status = 200, description = "The workspace as it is now; `ETag` is the version.", body = Workspace),
        (status = 402, description = "`quota_exceeded`: bringing it back would be one too many", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`conflict`: the default workspace stays, and is not archived", body = Problem),
        (status = 412, description = "`version_mismatch`", body = Problem),
        (status = 422, description = "`invalid`", body = Problem)))]
pub async fn update(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<WorkspaceId>,
    headers: HeaderMap,
    Json(wish): Json<UpdateWorkspace>,
) -> Result<Response, ApiError> {
    let scope = caller.actor.scope(Action::WriteWorkspaces)?;
    let expected = etag::expected(&headers)?;
    let workspace = workspaces::update(&app.people, &caller, &scope, id, expected, wish).await?;
    Ok(etag::tagged(StatusCode::OK, workspace.updated_at.timestamp_micros(), &workspace))
}
