//! Who and what a request is: its id, its trace, its client's address.
//!
//! Owns: `RequestInfo`. Calls: `http::problem`, `telemetry::trace`. Called by: middleware.
//! Invariants: an id from outside is taken only if it is harmless in a log and a header (`strange_ids_are_replaced`);
//! every response says the id (`super::tests::every_refusal_is_a_problem`).
//! After a crash: nothing is left.

use super::{AccessInfo, Foundation, client};
use crate::{
    http::problem::{self, ApiError},
    telemetry::TraceContext,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock},
};
use tracing::Instrument as _;

/// The header of the request's id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Marks the requests with which isolation is proved: they try on purpose what others must not, and are neither counted nor logged. An extension, so that no client
/// can send it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfTheProof;

/// What is known about a request before anybody looked at its identity. An extractor, too.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// The caller's `X-Request-Id`, or one made here.
    pub id: Arc<str>,
    /// The trace it belongs to.
    pub trace: TraceContext,
    /// The client's address through trusted proxies. `None` only where there is no socket, as in tests.
    pub client: Option<IpAddr>,
    /// A trusted proxy sent it: what the proxy says of the request before it is believed.
    pub via_proxy: bool,
    identity: Arc<OnceLock<AccessInfo>>,
    of_the_proof: bool,
}

impl RequestInfo {
    /// Notes who the request is from, for its log line and metrics. Counts even if the request is then cut short by a
    /// time-out, a panic or a client that hangs up. The first call counts.
    pub fn identify(&self, info: AccessInfo) {
        // A second identity would be a contradiction; the one that was admitted stands.
        let _ = self.identity.set(info);
    }

    /// Whether it tries on purpose what others must not: then it is no alarm.
    pub(crate) fn of_the_proof(&self) -> bool {
        self.of_the_proof
    }

    /// Who the request is from, if that was noted.
    pub fn identity(&self) -> Option<&AccessInfo> {
        self.identity.get()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let missing = || ApiError::internal("a route is outside the request middleware");
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

/// The outermost layer: gives the request its id, trace and span; puts the id into the response.
pub async fn identify(
    State(foundation): State<Arc<Foundation>>,
    mut request: Request,
    next: Next,
) -> Response {
    let info = inspect(&request, &foundation);
    let span = tracing::info_span!("request", trace.id = %info.trace.trace_id(), http.request.id = %info.id);
    request.extensions_mut().insert(info.clone());
    let mut response = next.run(request).instrument(span).await;
    problem::stamp(&mut response, &info.id);
    let mut put = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(name, value);
        }
    };
    put(REQUEST_ID, &info.id);
    put(TRACEPARENT, &info.trace.header());
    response
}

fn inspect(request: &Request, foundation: &Foundation) -> RequestInfo {
    let headers = request.headers();
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let new_id = &foundation.new_id;
    let id =
        text(&REQUEST_ID).filter(|id| harmless(id)).map_or_else(|| new_id().to_string().into(), Into::into);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    RequestInfo {
        id,
        trace: TraceContext::from_header(text(&TRACEPARENT), &**new_id),
        client: peer.map(|peer| client::address(peer, headers, &foundation.trusted_proxies)),
        via_proxy: peer.is_some_and(|peer| client::is_trusted(peer, &foundation.trusted_proxies)),
        identity: Arc::default(),
        of_the_proof: request.extensions().get::<OfTheProof>().is_some(),
    }
}

fn harmless(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strange_ids_are_replaced() {
        for id in ["a", "A.b_c-9", &"x".repeat(128)] {
            assert!(harmless(id), "{id}");
        }
        for id in ["", "a b", "é", "a\"b", "<script>", &"x".repeat(129)] {
            assert!(!harmless(id), "{id}");
        }
    }
}
