//! `POST /v1/webhooks/clerk`.
//!
//! Owns: nothing. Calls: core's external issuers. Called by: `http::router`. After a crash: Clerk tries again.

use crate::{
    app::App,
    http::{ApiError, RequestInfo, extract},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use tenantry_core::{
    authz::Actor,
    ctx,
    identity::external::{self, Delivery},
};
use tenantry_types::Problem;

/// What Clerk tells of members and users.
///
/// The body is an event as Clerk sends it, signed byte for byte with the endpoint's secret (Svix). `organizationMembership.created`, `.updated` and
/// `.deleted`, `user.deleted` and `organization.deleted` have effects; others are taken and do nothing. Each is dealt with once, however often it comes.
#[utoipa::path(post, path = "/webhooks/clerk", operation_id = "receive_clerk_webhook", tag = "identity", security(()),
    params(
        ("svix-id" = String, Header, description = "Id of the delivery."),
        ("svix-timestamp" = String, Header, description = "When it was sent, seconds since 1970; five minutes may lie between."),
        ("svix-signature" = String, Header, description = "`v1,` and the signature, one or more.")),
    responses((status = 200, description = "Dealt with, now or before, or nothing to do."),
    (status = 400, description = "`bad_request`: signed, and no event", body = Problem),
    (status = 401, description = "`unauthenticated`: not signed by an issuer of ours just now", body = Problem),
    (status = 415, description = "`unsupported_media_type`: not sent as JSON", body = Problem),
    (status = 413, description = "`payload_too_large`", body = Problem),
    (status = 503, description = "`unavailable`", body = Problem)))]
pub async fn receive(
    State(app): State<App>,
    info: RequestInfo,
    request: Request,
) -> Result<StatusCode, ApiError> {
    let [id, timestamp, signature] =
        ["svix-id", "svix-timestamp", "svix-signature"].map(|name| header(request.headers(), name));
    let body = extract::body(request).await?.to_vec();
    let delivery = Delivery { id, timestamp, signature, body };
    let caller = ctx::Request { actor: Actor::System, request_id: info.id.to_string(), address: info.client };
    external::receive(&app.issuers, &app.platform, app.ctx(), &app.access, caller, &delivery).await?;
    Ok(StatusCode::OK)
}

/// One that is absent or unreadable signs nothing.
fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
