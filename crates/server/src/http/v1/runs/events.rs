//! `GET /v1/provisioning-runs/{id}/events`: a run as it happens.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `http::router`.
//! Invariants: events have durable ids and a stream resumes after `Last-Event-ID` (`a_stream_resumes`); it ends after the run's final event (also for a client that has it already), and
//! when the process stops. After a crash: the client comes back with its last id.

use crate::{
    app::App,
    http::{ApiError, Path, authenticate::Caller},
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt, stream};
use std::{convert::Infallible, time::Duration};
use tenantry_core::{
    authz::Action,
    provisioning::{self, RunEvent},
};
use tenantry_types::{Problem, RunId, run::Run};
use tokio::sync::watch;

/// Polls for truth where no wake-up comes.
const POLL: Duration = Duration::from_millis(500);

/// Steps and states of a run as server-sent events: `step` with a step, `run` with the run.
///
/// Ends after the final `run`.
#[utoipa::path(get, path = "/provisioning-runs/{id}/events", operation_id = "stream_provisioning_run", tag = "runs",
    params(("id" = RunId, Path), ("Last-Event-ID" = Option<i64>, Header, description = "Resume after this event.")), responses(
        (status = 200, description = "A stream of events.", content_type = "text/event-stream", body = String),
        (status = 404, description = "`not_found`", body = Problem)))]
pub async fn events(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(id): Path<RunId>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    caller.actor.may(Action::ReadRuns)?;
    provisioning::show(&app.platform, id).await?;
    let after =
        headers.get("last-event-id").and_then(|value| value.to_str().ok()?.trim().parse().ok()).unwrap_or(0);
    let watching = Watching { woken: app.woken(), stopping: app.stopping(), app, id, after, ended: false };
    let events = stream::unfold(watching, |mut watching| async move {
        let batch = watching.next().await?;
        Some((stream::iter(batch.into_iter().map(|event| Ok(to_sse(&event)))), watching))
    });
    Ok(Sse::new(events.flatten()).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

struct Watching {
    app: App,
    id: RunId,
    after: i64,
    ended: bool,
    woken: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
}

impl Watching {
    /// The next events, or `None` when there will be none.
    async fn next(&mut self) -> Option<Vec<RunEvent>> {
        while !self.ended && !*self.stopping.borrow() {
            match self.look().await {
                Ok((ended, batch)) if batch.is_empty() && ended => return None,
                Ok((_, batch)) if !batch.is_empty() => {
                    self.after = batch.last().map_or(self.after, |event| event.id);
                    self.ended = batch.iter().any(is_final);
                    return Some(batch);
                }
                Ok(_) => {}
                // The client resumes after its last event, on this or another server.
                Err(error) => {
                    tracing::warn!(run = %self.id, %error, "a live stream ends: its events cannot be read");
                    return None;
                }
            }
            tokio::select! {
                _ = self.woken.changed() => {}
                _ = self.stopping.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        None
    }

    /// Whether the run had ended, and what came after the last event. In this order: an end seen first means that all events are there.
    async fn look(&self) -> tenantry_core::Result<(bool, Vec<RunEvent>)> {
        let run = provisioning::show(&self.app.platform, self.id).await?;
        let batch = provisioning::events(&self.app.platform, self.id, self.after).await?;
        Ok((run.status.is_final(), batch))
    }
}

fn is_final(event: &RunEvent) -> bool {
    event.event == "run"
        && serde_json::from_value::<Run>(event.data.clone()).is_ok_and(|run| run.status.is_final())
}

fn to_sse(event: &RunEvent) -> Event {
    Event::default().id(event.id.to_string()).event(&event.event).data(event.data.to_string())
}
