//! Watching runs: what the streams of one run and of all runs share; and the beat of every live stream.
//!
//! Owns: nothing. Calls: core's provisioning. Called by: `runs::events`, `runs::feed`, `v1::events`.
//! Invariants: a stream resumes after the event that its client has (`a_stream_resumes`); it ends with the identity that opened it, within a
//! second (`a_stream_ends_with_its_identity`), and when the process stops; no proxy takes its silence for an end
//! (`a_silent_stream_has_a_heartbeat`). After a crash: the client comes back with its last id.

use crate::{app::App, http::authenticate::Credential};
use axum::{
    http::{HeaderMap, header},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, StreamExt, stream};
use std::{convert::Infallible, time::Duration};
use tenantry_core::{Event as Happened, provisioning};
use tenantry_types::RunId;
use tokio::{sync::watch, time::Instant};

/// Polls for truth where no wake-up comes.
const POLL: Duration = Duration::from_millis(500);
/// So often the identity is verified again.
const RECHECK: Duration = Duration::from_secs(1);
/// Proxies close what is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// When to look again, and whether the caller is still one.
pub(in crate::http::v1) struct Beat {
    app: App,
    credential: Credential,
    checked: Instant,
    woken: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
}

impl Beat {
    pub(in crate::http::v1) fn new(app: App, credential: Credential) -> Self {
        let (woken, stopping) = (app.woken(), app.stopping());
        Self { app, credential, checked: Instant::now(), woken, stopping }
    }

    /// Whether the stream goes on: the process does not stop, and the identity that opened it is still one.
    pub(in crate::http::v1) async fn goes_on(&mut self) -> bool {
        if *self.stopping.borrow() {
            return false;
        }
        if self.checked.elapsed() < RECHECK {
            return true;
        }
        self.checked = Instant::now();
        self.credential.verify(&self.app).await.is_ok()
    }

    /// Until there may be something to look at.
    pub(in crate::http::v1) async fn wait(&mut self) {
        tokio::select! {
            _ = self.woken.changed() => {}
            _ = self.stopping.changed() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Who watches what, and how far they are.
pub(super) struct Watching {
    beat: Beat,
    /// One run, or all.
    run: Option<RunId>,
    after: i64,
}

impl Watching {
    pub(super) fn new(app: App, credential: Credential, run: Option<RunId>, after: i64) -> Self {
        Self { beat: Beat::new(app, credential), run, after }
    }

    /// As server-sent events, with a heartbeat.
    pub(super) fn stream(self) -> Response {
        let events = stream::unfold(self, |mut watching| async move {
            let batch = watching.next().await?;
            let all = watching.run.is_none();
            Some((stream::iter(batch.into_iter().map(move |event| to_sse(event, all))), watching))
        });
        respond(events.flatten())
    }

    /// The next events, or `None` when there will be none.
    async fn next(&mut self) -> Option<Vec<Happened>> {
        while self.beat.goes_on().await {
            match self.look().await {
                Ok((ended, batch)) if batch.is_empty() && ended => return None,
                Ok((_, batch)) if !batch.is_empty() => {
                    self.after = batch.last().map_or(self.after, |event| event.position);
                    return Some(batch);
                }
                Ok(_) => {}
                // The client resumes after its last event, on this or another server.
                Err(error) => {
                    tracing::warn!(run = ?self.run, %error, "a live stream ends: its events cannot be read");
                    return None;
                }
            }
            self.beat.wait().await;
        }
        None
    }

    /// Whether the run had ended, and what came after the last event. In this order: an end seen first means that all events are there.
    /// An event that tells of an end does not: a run that was rolled back or tried again has told of one before.
    async fn look(&self) -> tenantry_core::Result<(bool, Vec<Happened>)> {
        let platform = &self.beat.app.platform;
        let ended = match self.run {
            Some(run) => provisioning::show(platform, run).await?.status.is_final(),
            None => false,
        };
        Ok((ended, provisioning::events(platform, self.run, self.after).await?))
    }
}

/// Events as they come, and a heartbeat where none do.
pub(in crate::http::v1) fn respond(events: impl Stream<Item = Event> + Send + 'static) -> Response {
    let sse = Sse::new(events.map(Ok::<_, Infallible>)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // Its own default is `no-cache`, which lets a proxy keep a copy.
    ([(header::CACHE_CONTROL, "no-store")], sse).into_response()
}

/// The id of the last event that the client has.
pub(super) fn last_event_id(headers: &HeaderMap) -> Option<i64> {
    headers.get("last-event-id")?.to_str().ok()?.trim().parse().ok()
}

/// In a stream of all runs each event names its own.
fn to_sse(mut event: Happened, all: bool) -> Event {
    if let (true, Some(data)) = (all, event.data.as_object_mut()) {
        data.insert("run_id".to_owned(), event.key.into());
    }
    Event::default().id(event.position.to_string()).event(&event.event).data(event.data.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_stream_has_a_heartbeat() {
        let began = Instant::now();
        let one = stream::once(async { Event::default().id("1").event("run").data("{}") });
        let mut body = respond(one.chain(stream::pending())).into_body().into_data_stream();
        let mut next = async || String::from_utf8(body.next().await.unwrap().unwrap().to_vec()).unwrap();
        assert!(next().await.contains("id: 1"));
        for beats in 1..=3 {
            // A comment, which clients pass over.
            let told = next().await;
            assert!(told.starts_with(':') && told.ends_with("\n\n"), "{told:?}");
            assert_eq!(began.elapsed().as_secs(), 15 * beats);
        }
    }
}
