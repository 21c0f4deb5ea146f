//! All routes, and the OpenAPI document that is made of them.
//!
//! Owns: the list of routes. Calls: handlers, docs, authentication. Called by: serve, `tenantry openapi`, tests.
//! Invariants: everything below `/v1` is behind authentication (`every_operation_needs_an_identity`); the document that is checked in is the one of
//! this code (`cargo xtask codegen --check`). After a crash: nothing is left.

use super::{authenticate::authenticate, docs, health, v1};
use crate::app::App;
use axum::{Router, middleware::from_fn_with_state, routing::get};
use utoipa::{
    OpenApi,
    openapi::{
        OpenApi as Document,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tenantry",
        description = "An isolated, metered, multi-tenant backend on PostgreSQL. Errors are problem responses (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "tenants", description = "Customer organisations, for operators."),
        (name = "runs", description = "The durable work of making a tenant, for operators."),
        (name = "operations", description = "What operators should look at."),
        (name = "identity", description = "Who the caller is."),
        (name = "tenant", description = "The caller's own tenant."),
        (name = "agents", description = "Agents of the caller's workspace."),
        (name = "health", description = "Whether the process lives and can serve."),
    )
)]
struct Api;

fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health::livez)).routes(routes!(health::readyz)).routes(routes!(health::health))
}

fn v1_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(v1::tenants::routes())
        .merge(v1::runs::routes())
        .merge(v1::agents::routes())
        .routes(routes!(v1::slugs::availability))
        .routes(routes!(v1::me::me))
        .routes(routes!(v1::limits::limits))
        .routes(routes!(v1::workspaces::list))
        .routes(routes!(health::doctor))
}

/// The OpenAPI 3.1 document.
pub fn openapi() -> Document {
    let (_, mut document) =
        OpenApiRouter::with_openapi(Api::openapi()).merge(open_routes()).nest("/v1", v1_routes()).split_for_parts();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    document
}

/// Every route of the API and the pages, without the layers that all requests pass.
pub fn routes(app: &App) -> Router {
    let guarded = || {
        let (router, _) = v1_routes().split_for_parts();
        router.layer(from_fn_with_state(app.clone(), authenticate))
    };
    let (open, _) = open_routes().split_for_parts();
    open.nest("/v1", guarded())
        .nest("/api/v1", guarded())
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(|| async { axum::Json(openapi()) }))
        .merge(docs::router())
        .with_state(app.clone())
}
