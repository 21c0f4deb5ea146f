//! `POST /v1/auth/switch-workspace`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json, authenticate::Caller},
};
use axum::extract::State;
use tenantry_types::{
    Problem,
    identity::{SignedIn, SwitchWorkspace},
};

/// An access token of the same session for another workspace.
///
/// The membership is read in that moment. Tokens that were given before stay as they are: each page has its own. A workspace that is unknown and one
/// that is not the caller's give one answer.
#[utoipa::path(post, path = "/auth/switch-workspace", operation_id = "switch_workspace", tag = "sign-in", request_body = SwitchWorkspace, responses(
    (status = 200, description = "A token for the workspace.", body = SignedIn),
    (status = 403, description = "`tenant_inactive`: no such workspace of the caller's; `forbidden`: the caller is no person", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn switch(
    State(app): State<App>,
    Caller(caller): Caller,
    Json(wish): Json<SwitchWorkspace>,
) -> Result<Json<SignedIn>, ApiError> {
    Ok(Json(app.sign_in.switch_workspace(&caller, &wish).await?))
}
