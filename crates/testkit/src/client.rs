//! A caller of the API, in the same process.
//!
//! Owns: nothing. Calls: the router. Called by: tests. After a crash: nothing is left.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, Response, StatusCode, header},
};
use serde_json::Value;
use tenantry_core::ctx::{Ids, System};
use tower::ServiceExt;

/// A caller with a token and headers of its own.
#[derive(Clone)]
pub struct Client {
    pub(crate) router: Router,
    token: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    keyless: bool,
}

const KEY: &str = "idempotency-key";

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, where it is JSON; else null.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

impl Reply {
    /// The body as one of our types.
    pub fn parse<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The problem's code, or nothing.
    pub fn code(&self) -> &str {
        self.json.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// Fails the test unless the status is this one.
    #[expect(clippy::return_self_not_must_use, reason = "the check is a use; the body is not always wanted")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

impl Client {
    pub(crate) fn new(router: Router, token: Option<String>) -> Self {
        Self { router, token, headers: Vec::new(), keyless: false }
    }

    /// The same with another token, or none.
    #[must_use]
    pub fn with_token(mut self, token: Option<&str>) -> Self {
        self.token = token.map(str::to_owned);
        self
    }

    /// The token that it sends.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The same, for a value that need not be text.
    #[must_use]
    pub fn with_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.headers.push((name.to_owned(), value.to_vec()));
        self
    }

    /// The same, whose POSTs carry an idempotency key only where the test gives one; else each has a fresh one.
    #[must_use]
    pub fn without_keys(mut self) -> Self {
        self.keyless = true;
        self
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    /// PATCH with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Reply {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    /// Any method.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        read(self.send(method, path, body).await).await
    }

    /// Any method with any body; its content type is a header like any other.
    pub async fn raw(&self, method: Method, path: &str, body: impl Into<Body>) -> Reply {
        read(self.request(method, path, None, body.into()).await).await
    }

    /// The same; what is answered is not read.
    pub async fn raw_unread(&self, method: Method, path: &str, body: impl Into<Body>) -> Response<Body> {
        self.request(method, path, None, body.into()).await
    }

    /// Any method; the body is not read.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Response<Body> {
        let kind = body.map(|_| "application/json");
        let keyed = self.keyless || self.headers.iter().any(|(name, _)| name == KEY);
        if method == Method::POST && !keyed {
            let fresh = self.clone().with_header(KEY, &System.uuid().to_string());
            return Box::pin(fresh.send(method, path, body)).await;
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.request(method, path, kind, body).await
    }

    async fn request(&self, method: Method, path: &str, kind: Option<&str>, body: Body) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        let request = request.body(body).unwrap_or_else(|error| panic!("{error}"));
        self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
    }
}

async fn read(response: Response<Body>) -> Reply {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, 16 << 20).await.unwrap_or_else(|error| panic!("{error}"));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Reply {
        status: parts.status,
        headers: parts.headers,
        json: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}
