//! `GET /v1/provisioning-runs/{id}/events`: a run as it happens.
//!
//! Owns: nothing. Calls: `runs::watch`. Called by: `http::router`.
//! Invariants: it ends after the run's final event, also for a client that has it already (`a_stream_resumes`). After a crash: the client
//! comes back with its last id.

use super::watch::{Watching, last_event_id};
use crate::{
    app::App,
    http::{
        ApiError, Path,
        authenticate::{Caller, Credential},
    },
};
use axum::{extract::State, http::HeaderMap, response::Response};
use tenantry_core::{authz::Action, provisioning};
use tenantry_types::{Problem, RunId};

/// Steps and states of a run as server-sent events: `step` with a step, `run` with the run.
///
/// Ends after the final `run`, and with the identity that opened it.
#[utoipa::path(get, path = "/provisioning-runs/{id}/events", operation_id = "stream_provisioning_run", tag = "runs",
    params(("id" = RunId, Path), ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this event.")), responses(
        (status = 200, description = "A stream of events.", content_type = "text/event-stream", body = String),
        (status = 404, description = "`not_found`", body = Problem)))]
pub async fn events(
    State(app): State<App>,
    Caller(caller): Caller,
    credential: Credential,
    Path(id): Path<RunId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ReadRuns)?;
    provisioning::show(&app.platform, id).await?;
    let after = last_event_id(&headers).unwrap_or(0);
    Ok(Watching::new(app, credential, Some(id), after).stream())
}
