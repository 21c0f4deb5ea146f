//! `GET /v1/provisioning-runs/events`: all runs as they happen.
//!
//! Owns: nothing. Calls: `runs::watch`. Called by: `http::router`.
//! Invariants: no event is missed, whatever order transactions commit in (durable's `a_late_commit_is_not_missed`). After a crash: the client
//! comes back with its last id.

use super::watch::{Watching, last_event_id};
use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::{Caller, Credential},
    },
};
use axum::{extract::State, http::HeaderMap, response::Response};
use tenantry_core::{authz::Action, provisioning};

/// Steps and states of all runs as server-sent events, each with its `run_id`.
///
/// Begins with what comes next, or after `Last-Event-ID`: 0 for everything that is still known, which is 30 days. Ends with the identity
/// that opened it.
#[utoipa::path(get, path = "/provisioning-runs/events", operation_id = "stream_provisioning_runs", tag = "runs",
    params(("Last-Event-ID" = Option<i64>, Header, description = "Resume after this event.")), responses(
        (status = 200, description = "A stream of events.", content_type = "text/event-stream", body = String)))]
pub async fn feed(
    State(app): State<App>,
    Caller(caller): Caller,
    credential: Credential,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ReadRuns)?;
    let after = match last_event_id(&headers) {
        Some(after) => after,
        None => provisioning::events_head(&app.platform).await?,
    };
    Ok(Watching::new(app, credential, None, after).stream())
}
