//! `POST /v1/auth/preview-invitation`.
//!
//! Owns: nothing. Calls: core's identity. Called by: `http::router`. After a crash: nothing is left.

use crate::{
    app::App,
    http::{ApiError, Json},
};
use axum::extract::State;
use tenantry_core::identity::invitations;
use tenantry_types::{
    Problem,
    identity::{InvitationPreview, PreviewInvitation},
};

/// Shows what an invitation is to, with the token of its link, before it is accepted. Nothing is changed.
#[utoipa::path(post, path = "/auth/preview-invitation", operation_id = "preview_invitation", tag = "identity", security(()), request_body = PreviewInvitation, responses(
    (status = 200, description = "What the link opens.", body = InvitationPreview),
    (status = 404, description = "`not_found`: the link is unknown, used, revoked or expired", body = Problem),
    (status = 422, description = "`invalid`", body = Problem)))]
pub async fn preview(
    State(app): State<App>,
    Json(wish): Json<PreviewInvitation>,
) -> Result<Json<InvitationPreview>, ApiError> {
    Ok(Json(invitations::preview(&app.people, &wish).await?))
}
