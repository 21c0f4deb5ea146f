//! Authentication: who asks, and whether they may. Runs before every route of `/v1` that is not open.
//!
//! Owns: nothing. Calls: core's identity and authz. Called by: `http::router`.
//! Invariants: no such route is reached without an identity (`every_operation_needs_an_identity`) that the policy lets do it
//! (`every_operation_asks_the_policy`), and one that the policy does not know is for nobody (`every_operation_has_its_action`); a host or header that names another
//! tenant than the identity's is refused like an unknown tenant, before any look-up (`a_foreign_header_is_refused`), counted, and written down
//! (`a_mismatch_is_written_down_once_a_minute`); where nothing names a tenant, an operation of a tenant says so (`nobodys_tenant_is_a_400`); behind a proxy a client
//! does not make a change look like a read (`no_client_says_its_own_method`).
//! After a crash: nothing is left.

use super::{AccessInfo, ApiError, RequestInfo, claims::Claims, cookie, router};
use crate::app::App;
use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, Method, header, request::Parts},
    middleware::Next,
    response::Response,
};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};
use tenantry_core::{
    authz::{Actor, Need, ProvenBy, need_of, tenant_inactive},
    ctx,
    identity::{Credential as Proof, Visit},
};
use tenantry_types::ErrorCode;

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
        let claims = Claims::of(app.base_domain.as_deref(), info.via_proxy, &parts.uri, &parts.headers);
        admit(app, &info, &actor, &claims)?;
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
    let actor = identify(&app, &info, request.method(), request.headers()).await?;
    let claims = claims_of(&app, &info, &request);
    admit(&app, &info, &actor, &claims)?;
    permit(&app, &info, &actor, &claims, &request)?;
    request.extensions_mut().insert(Caller(request_of(&actor, &info)));
    Ok(next.run(request).await)
}

/// The layer of what a proxy asks about a request that it has: that request's method is the one that counts, and a person in no workspace is let into the
/// one tenant that the request names, if they are a member there.
pub async fn authenticate_for_proxy(
    State(app): State<App>,
    info: RequestInfo,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let mut actor =
        identify(&app, &info, &original_method(info.via_proxy, request.headers()), request.headers()).await?;
    let claims = claims_of(&app, &info, &request);
    // An issuer's token says where its person works; one that does not is for nowhere.
    if let (Actor::User(person), Some(slug)) = (actor.as_ref(), claims.one())
        && matches!(person.proven_by, ProvenBy::Session(_))
    {
        match app.sign_in.member_of(person, slug).await? {
            Some(member) => actor = Arc::new(Actor::Member(Box::new(member))),
            None => return Err(mismatch(&app, &info, &actor, &claims)),
        }
    }
    admit(&app, &info, &actor, &claims)?;
    permit(&app, &info, &actor, &claims, &request)?;
    request.extensions_mut().insert(Caller(request_of(&actor, &info)));
    Ok(next.run(request).await)
}

/// The method of the request that a proxy asks about. Where no trusted one tells, it may be any: one that changes something. A proxy sets one of the two headers and may pass on
/// what the client sent under the other name, so that of all that is told the one that changes something counts.
fn original_method(via_proxy: bool, headers: &HeaderMap) -> Method {
    let told = ["x-original-method", "x-forwarded-method"].into_iter().flat_map(|name| headers.get_all(name));
    told.filter(|_| via_proxy)
        .map(|value| Method::from_bytes(value.as_bytes()).unwrap_or(Method::POST))
        .reduce(|one, other| if one.is_safe() { other } else { one })
        .unwrap_or(Method::POST)
}

async fn identify(
    app: &App,
    info: &RequestInfo,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Arc<Actor>, ApiError> {
    let proof = proof(app, method, headers)?.ok_or_else(ApiError::unauthenticated)?;
    Ok(app.gate.verify(&proof, &visit(info, headers)).await?)
}

fn claims_of(app: &App, info: &RequestInfo, request: &Request) -> Claims {
    Claims::of(app.base_domain.as_deref(), info.via_proxy, request.uri(), request.headers())
}

/// Whether the policy lets the actor do what this route does. Handlers that touch tenant rows ask again, for their scope.
fn permit(
    app: &App,
    info: &RequestInfo,
    actor: &Arc<Actor>,
    claims: &Claims,
    request: &Request,
) -> Result<(), ApiError> {
    let template = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let template = template.strip_prefix("/api").unwrap_or(template);
    // Routes answer HEAD with what they answer GET.
    let method = if request.method() == Method::HEAD { Method::GET } else { request.method().clone() };
    match NEEDS.get(&(method, template.to_owned())) {
        Some(Need::May(action)) => match actor.may(*action) {
            // A tenant is named, and the identity is in none.
            Err(error) if error.code() == ErrorCode::TenantRequired && !claims.is_empty() => {
                Err(mismatch(app, info, actor, claims))
            }
            answer => Ok(answer?),
        },
        Some(Need::Open) => Ok(()),
        // A method that the path does not have is told so by the router, to whoever has an identity.
        None if router::operations().any(|(_, path, _)| path == template) => Ok(()),
        None => Err(ApiError::internal("a route is outside the policy")),
    }
}

/// Whatever names a tenant must agree with the identity, or with itself where the identity is in none; and the tenant must serve requests.
fn admit(app: &App, info: &RequestInfo, actor: &Arc<Actor>, claims: &Claims) -> Result<(), ApiError> {
    let user = Some(actor.label());
    let Some(place) = actor.place() else {
        info.identify(AccessInfo { tenant: None, user });
        // What needs no tenant takes no notice of which one is named, as long as it is one.
        let agrees = claims.is_empty() || claims.one().is_some();
        return if agrees { Ok(()) } else { Err(mismatch(app, info, actor, claims)) };
    };
    let (tenant, slug) = (&place.tenant, place.tenant.slug.as_str());
    info.identify(AccessInfo { tenant: Some((tenant.id, slug.to_owned())), user });
    if !claims.agree_with(slug) {
        return Err(mismatch(app, info, actor, claims));
    }
    if tenant.status.serves() { Ok(()) } else { Err(tenant_inactive().into()) }
}

/// The answer to a request that names another tenant than its identity's: that of an unknown one. Whether there is such a tenant is not looked up.
fn mismatch(app: &App, info: &RequestInfo, actor: &Arc<Actor>, claims: &Claims) -> ApiError {
    if info.of_the_proof() {
        return tenant_inactive().into();
    }
    let own = actor.place().map(|place| &place.tenant);
    app.metrics.unauthorized(own.map(|tenant| tenant.id));
    let claimed = claims.other_than(own.map_or("", |tenant| tenant.slug.as_str()));
    app.mismatches.note(request_of(actor, info), claimed.unwrap_or_default());
    tracing::warn!(
        tenant = own.map(|tenant| tracing::field::display(tenant.id)),
        "the request names another tenant than its identity"
    );
    tenant_inactive().into()
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
    fn of_all_methods_that_are_told_the_one_that_changes_counts() {
        let (original, forwarded) = ("x-original-method", "x-forwarded-method");
        for (via_proxy, told, method) in [
            (true, vec![(original, "GET")], Method::GET),
            (true, vec![(forwarded, "HEAD")], Method::HEAD),
            (true, vec![(original, "GET"), (forwarded, "GET")], Method::GET),
            (true, vec![(original, "GET"), (forwarded, "DELETE")], Method::DELETE),
            (true, vec![(original, "DELETE"), (forwarded, "GET")], Method::DELETE),
            (true, vec![(forwarded, "GET"), (forwarded, "PUT")], Method::PUT),
            (true, vec![(original, "no method"), (forwarded, "GET")], Method::POST),
            (true, vec![], Method::POST),
            (false, vec![(original, "GET"), (forwarded, "GET")], Method::POST),
        ] {
            assert_eq!(original_method(via_proxy, &headers(&told)), method, "{via_proxy} {told:?}");
        }
    }
}
