//! Authentication: who asks, and whether they may. Runs before every route of `/v1` that is not open.
//!
//! Owns: nothing. Calls: core's identity and authz. Called by: `http::router`.
//! Invariants: no such route is reached without an identity (`every_operation_needs_an_identity`) that the policy lets do it
//! (`every_operation_asks_the_policy`), and one that the policy does not know is for nobody (`every_operation_has_its_action`); a host or header that names another
//! tenant than the identity's is refused like an unknown tenant, before any look-up (`a_foreign_header_is_refused`). After a crash: nothing is left.

use super::{AccessInfo, ApiError, RequestInfo, cookie, router};
use crate::app::App;
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Method, Uri, header, request::Parts},
    middleware::Next,
    response::Response,
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};
use tenantry_core::{
    authz::{Actor, Need, need_of, tenant_inactive},
    ctx,
    identity::{Credential as Proof, Visit},
};

/// What each route asks of its caller, by method and template.
static NEEDS: LazyLock<HashMap<(Method, String), Need>> = LazyLock::new(|| {
    router::operations().filter_map(|(method, path, id)| Some(((method, path), need_of(&id)?))).collect()
});

/// The verified caller of a request.
#[derive(Clone)]
pub struct Caller(pub ctx::Request);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::internal("a route is outside authentication");
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// The caller of an open route, where there is one. A credential that is no good is refused there too.
pub struct MaybeCaller(pub Option<ctx::Request>);

impl FromRequestParts<App> for MaybeCaller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Some(proof) = proof(app, &parts.method, &parts.headers)? else { return Ok(Self(None)) };
        let info = RequestInfo::from_request_parts(parts, app).await?;
        let actor = app.gate.verify(&proof, &visit(&info, &parts.headers)).await?;
        admit(app, &info, &actor, &parts.uri, &parts.headers)?;
        Ok(Self(Some(request_of(&actor, &info))))
    }
}

/// What the request of an open route proves itself with, as it came: nothing is verified yet.
pub struct MaybeCredential(pub Option<Proof>);

impl FromRequestParts<App> for MaybeCredential {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        proof(app, &parts.method, &parts.headers).map(Self)
    }
}

/// What a long answer verifies its caller by, again and again.
#[derive(Clone)]
pub struct Credential(Proof, Visit);

impl Credential {
    /// Whether it still names an identity that is served.
    ///
    /// # Errors
    /// As for a new request.
    pub async fn verify(&self, app: &App) -> Result<(), ApiError> {
        match app.gate.verify(&self.0, &self.1).await?.place() {
            Some(place) if !place.tenant.status.serves() => Err(tenant_inactive().into()),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<App> for Credential {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let proof = proof(app, &parts.method, &parts.headers)?.ok_or_else(ApiError::unauthenticated)?;
        let info = parts.extensions.get::<RequestInfo>();
        Ok(Self(proof, info.map(|info| visit(info, &parts.headers)).unwrap_or_default()))
    }
}

/// Somebody who wants in: where from, and by which program.
pub struct Visitor(pub Visit);

impl FromRequestParts<App> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let info = RequestInfo::from_request_parts(parts, app).await?;
        Ok(Self(visit(&info, &parts.headers)))
    }
}

/// What the request proves itself with. A cookie counts only where there is no other proof, and for what changes something only with what our own
/// pages send along.
fn proof(app: &App, method: &Method, headers: &HeaderMap) -> Result<Option<Proof>, ApiError> {
    if headers.contains_key(header::AUTHORIZATION) {
        return Ok(bearer(headers).map(|token| Proof::Bearer(token.to_owned())));
    }
    let Some(cookie) = cookie::of(app, headers) else { return Ok(None) };
    if !method.is_safe() {
        cookie::guard(app, cookie, headers)?;
    }
    Ok(Some(Proof::Cookie(cookie.to_owned())))
}

/// Who is at the door, before it is known who.
fn visit(info: &RequestInfo, headers: &HeaderMap) -> Visit {
    let program = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Visit { request_id: info.id.to_string(), address: info.client, user_agent: program.map(str::to_owned) }
}

fn request_of(actor: &Arc<Actor>, info: &RequestInfo) -> ctx::Request {
    ctx::Request { actor: actor.as_ref().clone(), request_id: info.id.to_string(), address: info.client }
}

/// The layer.
pub async fn authenticate(
    State(app): State<App>,
    info: RequestInfo,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let proof = proof(&app, request.method(), request.headers())?.ok_or_else(ApiError::unauthenticated)?;
    let actor = app.gate.verify(&proof, &visit(&info, request.headers())).await?;
    admit(&app, &info, &actor, request.uri(), request.headers())?;
    permit(&actor, &request)?;
    request.extensions_mut().insert(Caller(request_of(&actor, &info)));
    Ok(next.run(request).await)
}

/// Whether the policy lets the actor do what this route does. Handlers that touch tenant rows ask again, for their scope.
fn permit(actor: &Actor, request: &Request) -> Result<(), ApiError> {
    let template = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let template = template.strip_prefix("/api").unwrap_or(template);
    // Routes answer HEAD with what they answer GET.
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    match NEEDS.get(&(method, template.to_owned())) {
        Some(Need::May(action)) => Ok(actor.may(*action)?),
        Some(Need::Open) => Ok(()),
        // A method that the path does not have is told so by the router, to whoever has an identity.
        None if router::operations().any(|(_, path, _)| path == template) => Ok(()),
        None => Err(ApiError::internal("a route is outside the policy")),
    }
}

/// An identity in a tenant: host and header must agree with it, and the tenant must serve requests.
fn admit(
    app: &App,
    info: &RequestInfo,
    actor: &Actor,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let user = Some(actor.label());
    let Some(place) = actor.place() else {
        info.identify(AccessInfo { tenant: None, user });
        return Ok(());
    };
    let (tenant, slug) = (&place.tenant, place.tenant.slug.as_str());
    info.identify(AccessInfo { tenant: Some((tenant.id, slug.to_owned())), user });
    let hosts = hosts(uri, headers);
    let mut claims = hosts.iter().filter_map(|host| host_slug(host, app.base_domain.as_deref()?));
    let agrees = claims.all(|claim| claim == slug) && header_slug(headers).is_none_or(|claim| claim == slug);
    if agrees && tenant.status.serves() {
        return Ok(());
    }
    if !agrees && !info.of_the_proof() {
        app.metrics.unauthorized(Some(tenant.id));
        tracing::warn!(tenant = %tenant.id, "the request names another tenant than its identity");
    }
    Err(tenant_inactive().into())
}

/// `Authorization: Bearer …`; more than one header, or anything else in it, is no token.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (first, more) = (values.next()?, values.next());
    let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
    let plausible =
        more.is_none() && scheme.eq_ignore_ascii_case("bearer") && (1..=8192).contains(&token.len());
    plausible.then_some(token)
}

/// `X-Tenant-Slug`. An unreadable or doubled one is a claim that agrees with nobody.
fn header_slug(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("x-tenant-slug").iter();
    let first = values.next()?;
    Some(if values.next().is_some() { "" } else { first.to_str().unwrap_or("") })
}

/// Every host that the request names, in lower case and without port: HTTP/1 has it in a header, HTTP/2 in the address.
fn hosts(uri: &Uri, headers: &HeaderMap) -> Vec<String> {
    let named = headers.get_all(header::HOST).iter().map(|value| value.to_str().unwrap_or(""));
    let bare = |host: &str| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
    };
    uri.host().into_iter().chain(named).map(bare).collect()
}

/// The label before the base domain. Other hosts claim nothing.
fn host_slug<'a>(host: &'a str, base: &str) -> Option<&'a str> {
    let label = host.strip_suffix(base)?.strip_suffix('.')?;
    (!matches!(label, "" | "www" | "api" | "app" | "console")).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn tokens() {
        assert_eq!(bearer(&headers(&[("authorization", "Bearer abc")])), Some("abc"));
        assert_eq!(bearer(&headers(&[("authorization", "bearer abc")])), Some("abc"));
        for wrong in [
            vec![],
            vec![("authorization", "Basic abc")],
            vec![("authorization", "Bearer ")],
            vec![("authorization", "Bearer a"), ("authorization", "Bearer b")],
        ] {
            assert_eq!(bearer(&headers(&wrong)), None, "{wrong:?}");
        }
    }

    #[test]
    fn hosts_and_headers() {
        let claim = |host: &'static str| {
            let named = hosts(&Uri::from_static("/v1/me"), &headers(&[("host", host)]));
            host_slug(&named[0], "example.com").map(str::to_owned)
        };
        for (host, slug) in [
            ("acme.example.com:443", Some("acme")),
            ("ACME.Example.COM.", Some("acme")),
            ("a.b.example.com", Some("a.b")),
            ("example.com", None),
            ("api.example.com", None),
            ("localhost:8080", None),
            ("evilexample.com", None),
            ("[::1]:8080", None),
        ] {
            assert_eq!(claim(host).as_deref(), slug, "{host}");
        }
        // HTTP/2 has no such header, and a request that names two hosts claims both.
        let uri = Uri::from_static("https://rival.example.com/v1/me");
        assert_eq!(
            hosts(&uri, &headers(&[("host", "acme.example.com")])),
            ["rival.example.com", "acme.example.com"]
        );
        assert_eq!(header_slug(&headers(&[("x-tenant-slug", "acme")])), Some("acme"));
        assert_eq!(header_slug(&headers(&[("x-tenant-slug", "a"), ("x-tenant-slug", "b")])), Some(""));
    }
}
