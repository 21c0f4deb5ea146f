//! The OpenAPI document: what the routes say of themselves, and what is true of all of them.
//!
//! Owns: nothing. Calls: nothing. Called by: `http::router`.
//! Invariants: ids of operations are unique and every reference resolves (`the_document_is_whole`); refusals that any operation may give are
//! told with each (`each_operation_tells_its_refusals`). After a crash: nothing is left.

use axum::http::Method;
use tenantry_core::authz::{self, Need};
use tenantry_types::Problem;
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        Content, OpenApi as Document, Ref, RefOr, Response,
        path::{Operation, PathItem},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};

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
        (name = "audit", description = "Who did what: for operators, and for a tenant's admins."),
        (name = "operations", description = "What operators should look at."),
        (name = "identity", description = "Who the caller is."),
        (name = "sign-in", description = "Signing in, sessions and passwords."),
        (name = "tenant", description = "The caller's own tenant."),
        (name = "keys", description = "API keys of the caller's workspace."),
        (name = "operators", description = "Users of the platform itself, for its admins."),
        (name = "isolation", description = "Proofs that no tenant reaches another, for operators."),
        (name = "grants", description = "Operators who were let into a tenant: for operators, and for the tenant's owner."),
        (name = "people", description = "Members, invitations and workspaces: for people in their own workspace."),
        (name = "agents", description = "Agents of the caller's workspace."),
        (name = "health", description = "Whether the process lives and can serve."),
    )
)]
struct Api;

/// The document before any route.
pub(super) fn head() -> Document {
    Api::openapi()
}

/// Refusals of every operation behind authentication.
const GUARDED: &[(&str, &str)] = &[
    ("401", "`unauthenticated`: no token, or none that is valid"),
    ("403", "`forbidden`, or `tenant_inactive`: the tenant is suspended, or host and header name another"),
    ("408", "`timeout`"),
    ("503", "`unavailable`: try again after `Retry-After` seconds"),
];

/// What operations in a tenant's workspace tell whoever is signed in to none. A proxy is told of it otherwise.
const NO_TENANT: &str = "`tenant_required`: nothing names a tenant";

fn needs_tenant(operation: &Operation) -> bool {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    id != "authorize_request"
        && matches!(authz::need_of(id), Some(Need::May(action)) if authz::needs_tenant(action))
}

/// Refusals of every operation that reads a body.
const WITH_BODY: &[(&str, &str)] = &[
    ("400", "`bad_request`: the body is not JSON"),
    ("413", "`payload_too_large`"),
    ("415", "`unsupported_media_type`: the body is not sent as JSON"),
];

/// Adds what is true of all operations.
pub(super) fn finish(mut document: Document) -> Document {
    for item in document.paths.paths.values_mut() {
        operations(item).into_iter().for_each(complete);
    }
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    document
}

/// Method, path and id of each operation of a path.
pub(super) fn operations_of(path: &str, item: PathItem) -> Vec<(Method, String, String)> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    let of = |method: Method, operation: Option<Operation>| {
        Some((method, path.to_owned(), operation?.operation_id.unwrap_or_default()))
    };
    let all = [
        of(Method::GET, get),
        of(Method::PUT, put),
        of(Method::POST, post),
        of(Method::DELETE, delete),
        of(Method::PATCH, patch),
    ];
    all.into_iter().flatten().collect()
}

fn operations(item: &mut PathItem) -> Vec<&mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten().collect()
}

fn complete(operation: &mut Operation) {
    // Open operations say so; all others have the document's own requirement.
    let open = operation.security.is_some();
    let mut refusals = if open { Vec::new() } else { GUARDED.to_vec() };
    if operation.request_body.is_some() {
        refusals.extend(WITH_BODY);
    }
    for (status, why) in refusals {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| refusal(why));
    }
    if needs_tenant(operation) {
        let told = operation.responses.responses.entry("400".to_owned());
        let entry = told.or_insert_with(|| refusal(NO_TENANT));
        if let RefOr::T(response) = entry
            && response.description != NO_TENANT
        {
            response.description = format!("{}; or {NO_TENANT}", response.description);
        }
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            as_problem(response);
        }
    }
}

fn problem() -> RefOr<utoipa::openapi::Schema> {
    RefOr::Ref(Ref::from_schema_name(Problem::name()))
}

fn refusal(why: &str) -> RefOr<Response> {
    let mut response = Response::new(why);
    response.content.insert("application/problem+json".to_owned(), RefOr::T(Content::new(Some(problem()))));
    RefOr::T(response)
}

/// Problems travel under a media type of their own.
fn as_problem(response: &mut Response) {
    let is_problem =
        |content: &RefOr<Content>| matches!(content, RefOr::T(content) if content.schema == Some(problem()));
    if response.content.get("application/json").is_some_and(is_problem) {
        let content: Vec<_> = response.content.drain(..).map(|(_, content)| content).collect();
        response
            .content
            .extend(content.into_iter().map(|content| ("application/problem+json".to_owned(), content)));
    }
}
