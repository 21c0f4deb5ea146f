//! All routes, and the OpenAPI document that is made of them.
//!
//! Owns: the list of routes. Calls: handlers, docs, console, authentication. Called by: serve, `tenantry openapi`, tests.
//! Invariants: everything below `/v1` that is not listed as open is behind authentication (`every_operation_needs_an_identity`); the document that is checked in is the one of
//! this code (`cargo xtask codegen --check`). After a crash: nothing is left.

use super::{
    authenticate::{authenticate, authenticate_for_proxy},
    console::Console,
    docs, health, jwks, openapi as document, v1,
};
use crate::app::App;
use axum::{
    Router,
    body::Bytes,
    http::{Method, header},
    middleware::{from_fn_with_state, map_response},
    routing::get,
};
use std::sync::LazyLock;
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The document as it is served; it depends on the code alone.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    // Texts, numbers and maps by text always have a JSON form.
    Bytes::from(openapi().to_json().unwrap_or_default())
});

fn open_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(health::health))
        .routes(routes!(jwks::show))
}

/// Routes of `/v1` that need no identity: what proves the caller's right is in the request itself.
fn open_v1_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(v1::auth::open_routes())
        .merge(v1::invitations::open_routes())
        .merge(v1::members::open_routes())
        .routes(routes!(v1::webhooks::clerk::receive))
}

fn v1_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(v1::tenants::routes())
        .merge(v1::runs::routes())
        .merge(v1::agents::routes())
        .merge(v1::audit::routes())
        .merge(v1::users::routes())
        .merge(v1::auth::routes())
        .merge(v1::sessions::routes())
        .routes(routes!(v1::password::change))
        .merge(v1::members::routes())
        .merge(v1::invitations::routes())
        .merge(v1::workspaces::routes())
        .merge(v1::api_keys::routes())
        .merge(v1::operators::routes())
        .merge(v1::access_grants::routes())
        .merge(v1::isolation_reports::routes())
        .routes(routes!(v1::slugs::availability))
        .routes(routes!(v1::tiers::list))
        .routes(routes!(v1::tenant_template::show))
        .routes(routes!(v1::overview::overview))
        .routes(routes!(v1::events::events))
        .routes(routes!(v1::me::me))
        .routes(routes!(v1::limits::limits))
        .routes(routes!(health::doctor))
}

/// What a proxy asks about a request that it has.
fn v1_proxy_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(v1::authz::authorize))
}

/// The OpenAPI 3.1 document.
pub fn openapi() -> Document {
    let router = OpenApiRouter::with_openapi(document::head())
        .merge(open_routes())
        .nest("/v1", open_v1_routes().merge(v1_proxy_routes()).merge(v1_routes()));
    document::finish(router.split_for_parts().1)
}

/// Method, path and id of every operation.
pub(crate) fn operations() -> impl Iterator<Item = (Method, String, String)> {
    static OPERATIONS: LazyLock<Vec<(Method, String, String)>> = LazyLock::new(|| {
        let paths = openapi().paths.paths;
        paths.into_iter().flat_map(|(path, item)| document::operations_of(&path, item)).collect()
    });
    OPERATIONS.iter().cloned()
}

/// Every route of the API and the pages, without the layers that all requests pass.
pub fn routes(app: &App) -> Router {
    let guarded = || {
        let (router, _) = v1_routes().split_for_parts();
        let (open, _) = open_v1_routes().split_for_parts();
        let (asked, _) = v1_proxy_routes().split_for_parts();
        let asked = asked
            .layer(from_fn_with_state(app.clone(), authenticate_for_proxy))
            .layer(map_response(v1::authz::as_proxies_know));
        router.layer(from_fn_with_state(app.clone(), authenticate)).merge(asked).merge(open)
    };
    let (open, _) = open_routes().split_for_parts();
    open.nest("/v1", guarded())
        .nest("/api/v1", guarded())
        .route("/metrics", get(health::metrics))
        .route(
            "/openapi.json",
            get(async || ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone())),
        )
        .merge(docs::router())
        .merge(Console::built().router())
        .with_state(app.clone())
}
