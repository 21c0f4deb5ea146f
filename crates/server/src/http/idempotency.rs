//! `Idempotency-Key`: read with the body that it belongs to, and told with the answer.
//!
//! Owns: nothing. Calls: core's idempotency, `http::extract`. Called by: handlers of operations that make something.
//! Invariants: where the answer cannot be had twice otherwise, a request without a key is refused (`a_key_is_required_where_nothing_else_guards`);
//! both prefixes of the API are one route (`both_prefixes_share_a_key`). After a crash: nothing is left.

use super::{ApiError, authenticate::Caller, extract};
use crate::app::App;
use axum::{
    extract::{FromRequest, FromRequestParts, MatchedPath, Request},
    http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Uri, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use tenantry_core::idempotency::{Once, Sent};

/// The header that a key comes in.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer to a request that was done before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What the OpenAPI document says of the header.
pub const ABOUT: &str = "1 to 255 visible ASCII characters, new for each request and the same when it is repeated: it is then done once, and answered again \
with `Idempotent-Replayed: true`. Kept for 24 hours.";

/// A JSON body that may come with a key, for what a unique name guards anyway.
///
/// Rejections: those of [`super::Json`], and 400 for a key that is none.
pub struct Accepted<T>(pub Option<Once>, pub T);

/// The same where the body may be left out.
pub struct AcceptedOrEmpty<T>(pub Option<Once>, pub T);

/// A JSON body that comes with a key.
///
/// Rejections: those of [`Accepted`], and 400 where there is no key.
pub struct Required<T>(pub Once, pub T);

impl<T: DeserializeOwned> FromRequest<App> for Accepted<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let Some(key) = key(request.headers())? else {
            return Ok(Self(None, extract::read(&extract::body(request).await?)?));
        };
        let origin = Origin::of(request.extensions(), request.method(), request.uri(), key)?;
        let body = extract::body(request).await?;
        Ok(Self(Some(origin.once(app, &body)?), extract::read(&body)?))
    }
}

impl<T: DeserializeOwned + Default> FromRequest<App> for AcceptedOrEmpty<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let origin = key(request.headers())?
            .map(|key| Origin::of(request.extensions(), request.method(), request.uri(), key))
            .transpose()?;
        let body = extract::optional_body(request).await?;
        let once = origin.map(|origin| origin.once(app, &body)).transpose()?;
        let wish = if body.is_empty() { T::default() } else { extract::read(&body)? };
        Ok(Self(once, wish))
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Required<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let missing = || {
            ApiError::bad_request("This request must carry an `Idempotency-Key`: sent twice without one, it would be done twice.")
                .next_step("Send a random key, such as a UUID, and the same one again when you repeat the request.")
        };
        if key(request.headers())?.is_none() {
            return Err(missing());
        }
        let Accepted(once, wish) = Accepted::from_request(request, app).await?;
        Ok(Self(once.ok_or_else(missing)?, wish))
    }
}

/// A key that comes with a body too long to be held: what tells it from others is known once it was read.
pub struct Streamed(Option<Origin>);

impl Streamed {
    /// Whether there is a key.
    pub fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// The request, told from others by `body`.
    ///
    /// # Errors
    /// 400 for a key that is none.
    pub fn once(&self, app: &App, body: &[u8]) -> Result<Option<Once>, ApiError> {
        self.0.as_ref().map(|origin| origin.once(app, body)).transpose()
    }
}

impl FromRequestParts<App> for Streamed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        let key = key(&parts.headers)?.map(str::to_owned);
        key.map(|key| Origin::of(&parts.extensions, &parts.method, &parts.uri, &key)).transpose().map(Self)
    }
}

/// Where a request with a key came from and went to.
struct Origin {
    caller: Caller,
    key: String,
    method: Method,
    route: MatchedPath,
    path: String,
}

impl Origin {
    fn of(extensions: &Extensions, method: &Method, uri: &Uri, key: &str) -> Result<Self, ApiError> {
        let outside =
            || ApiError::internal("a route with idempotency keys is outside authentication or routing");
        Ok(Self {
            caller: extensions.get().cloned().ok_or_else(outside)?,
            key: key.to_owned(),
            method: method.clone(),
            route: extensions.get().cloned().ok_or_else(outside)?,
            // Below the prefix, which the nesting of routers took off.
            path: uri.path().to_owned(),
        })
    }

    fn once(&self, app: &App, body: &[u8]) -> Result<Once, ApiError> {
        let route = self.route.as_str();
        let sent = Sent {
            method: self.method.as_str(),
            route: route.strip_prefix("/api").unwrap_or(route),
            path: &self.path,
            body,
        };
        Ok(Once::new(&app.place.installation, &self.caller.0.actor, &self.key, sent)?)
    }
}

/// The key, where there is one. What is no visible text is left for [`Once::new`] to refuse.
fn key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(value.to_str().unwrap_or_default())),
        _ => Err(ApiError::bad_request("The request carries more than one `Idempotency-Key`.")),
    }
}

/// The response, marked where an earlier request did the work.
pub fn told(replayed: bool, response: impl IntoResponse) -> Response {
    let mut response = response.into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
