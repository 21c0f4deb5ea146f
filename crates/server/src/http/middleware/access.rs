//! One log line and one count for each request.
//!
//! Owns: the access log. Calls: `telemetry::Metrics`. Called by: middleware.
//! Invariants: every request of a client is logged once, also when it panics, times out or its client hangs up
//! (`super::tests::a_client_that_hangs_up_is_logged`); a line holds no query and no header, where secrets travel
//! (`super::tests::the_access_log_says_who_what_and_how_long`).
//! After a crash: requests in flight are not logged.

use super::{Foundation, OfTheProof, RequestInfo};
use crate::telemetry::{Metrics, metrics::UNMATCHED};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use std::{sync::Arc, time::Instant};
use tenantry_types::TenantId;

/// Who a request is from. Whoever authenticates notes it with [`RequestInfo::identify`], or puts it into the extensions
/// of the response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessInfo {
    /// The tenant and its slug.
    pub tenant: Option<(TenantId, String)>,
    /// The user, key or operator, by id.
    pub user: Option<String>,
}

/// The status in logs and metrics of a request whose client did not wait for the answer (nginx's word for it).
const CLIENT_CLOSED: u16 = 499;

/// A request on its way; written when it ends, however that comes about.
struct Line {
    metrics: Metrics,
    begun: Instant,
    info: Option<RequestInfo>,
    method: Method,
    route: Option<MatchedPath>,
    path: String,
    status: Option<StatusCode>,
    identity: Option<AccessInfo>,
}

/// Logs and counts.
pub async fn observe(State(foundation): State<Arc<Foundation>>, request: Request, next: Next) -> Response {
    if request.extensions().get::<OfTheProof>().is_some() {
        return next.run(request).await;
    }
    let mut line = Line {
        metrics: foundation.metrics.clone(),
        begun: Instant::now(),
        info: request.extensions().get().cloned(),
        method: request.method().clone(),
        route: request.extensions().get().cloned(),
        path: request.uri().path().to_owned(),
        status: None,
        identity: None,
    };
    let response = next.run(request).await;
    line.status = Some(response.status());
    line.identity = response.extensions().get().cloned();
    response
}

impl Drop for Line {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        let closed = || StatusCode::from_u16(CLIENT_CLOSED).unwrap_or(StatusCode::BAD_REQUEST);
        let status = self.status.unwrap_or_else(closed);
        let endpoint = self.route.as_ref().map_or(UNMATCHED, MatchedPath::as_str);
        let noted = self.info.as_ref().and_then(RequestInfo::identity);
        let identity = self.identity.as_ref().or(noted);
        let tenant = identity.and_then(|identity| identity.tenant.as_ref());
        self.metrics.request_done(tenant.map(|(id, _)| *id), endpoint, &self.method, status, took);
        tracing::info!(
            target: "tenantry::access",
            {
                http.request.method = self.method.as_str(),
                http.route = endpoint,
                url.path = self.path,
                http.response.status_code = status.as_u16(),
                event.duration = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
                client.address = self.info.as_ref().and_then(|info| info.client).map(display),
                tenantry.tenant.id = tenant.map(|(id, _)| display(id)),
                tenantry.tenant.slug = tenant.map(|(_, slug)| slug.as_str()),
                user.id = identity.and_then(|identity| identity.user.as_deref())
            },
            "request"
        );
    }
}
