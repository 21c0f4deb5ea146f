//! `GET /v1/authz`.
//!
//! Owns: nothing. Calls: core's authz. Called by: `http::router`, with an authentication of its own.
//! Invariants: proxies that know 401 and 403 alone are told every other refusal in a header (`a_proxy_is_told_every_refusal`); what the proxy passes on cannot be
//! what the client sent (`nobody_forges_what_the_upstream_is_told`). After a crash: nothing is left.

use crate::http::{ApiError, authenticate::Caller};
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use tenantry_core::authz::Action;

/// The status that the proxy should answer with, on every refusal.
const STATUS: HeaderName = HeaderName::from_static("x-authz-status");

/// Whether a request that a proxy has may go on, and as whom.
///
/// For nginx's `auth_request`, Envoy's `ext_authz` and Traefik's `ForwardAuth`: the proxy sends the request's `Authorization` or session cookie, its host and
/// its `X-Tenant-Slug`, and passes the headers of the answer on instead of what the client sent under these names. A person who is signed in to no workspace is let into the
/// tenant that host or `X-Tenant-Slug` names, where they are a member. nginx knows no refusals but 401 and 403: `X-Authz-Status` is the one to answer with.
/// For a request with a cookie that may change something, a trusted proxy tells the method in `X-Original-Method` or `X-Forwarded-Method`, and passes on
/// `Origin` and `X-CSRF-Token`.
#[utoipa::path(get, path = "/authz", operation_id = "authorize_request", tag = "identity", responses(
    (status = 200, description = "It may. Who asks stands in the headers.", headers(
        ("X-Tenant-Id" = String, description = "The tenant."),
        ("X-Tenant-Slug" = String, description = "Its slug."),
        ("X-Tenant-Schema" = String, description = "Its schema in PostgreSQL."),
        ("X-Workspace-Id" = String, description = "The workspace."),
        ("X-User-Id" = String, description = "The person, or the API key."),
        ("X-Role" = String, description = "The role in the workspace."),
        ("X-Tier" = String, description = "The tenant's tier."),
    )),
    (status = 401, description = "`unauthenticated`: no token, or none that is valid; `X-Authz-Status` says 401", body = tenantry_types::Problem),
    (status = 403, description = "It may not; `X-Authz-Status` says 400, 402, 403 or 429, and the problem is that of this status", body = tenantry_types::Problem),
))]
pub async fn authorize(Caller(caller): Caller) -> Result<(StatusCode, HeaderMap), ApiError> {
    let scope = caller.actor.scope(Action::PassProxy)?;
    let tenant = scope.tenant();
    let told = [
        ("x-tenant-id", tenant.id.to_string()),
        ("x-tenant-slug", tenant.slug.to_string()),
        ("x-tenant-schema", tenant.schema_name.to_string()),
        ("x-workspace-id", scope.workspace_id().to_string()),
        ("x-user-id", caller.actor.label()),
        ("x-role", scope.role().to_string()),
        ("x-tier", tenant.tier.to_string()),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in told {
        let value = HeaderValue::try_from(value).map_err(|error| ApiError::internal(&error))?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok((StatusCode::OK, headers))
}

/// Makes of every refusal one that proxies know.
pub async fn as_proxies_know(mut response: Response) -> Response {
    let status = response.status();
    if status.is_client_error() {
        response.headers_mut().insert(STATUS, HeaderValue::from(status.as_u16()));
        if status != StatusCode::UNAUTHORIZED {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
    }
    response
}
