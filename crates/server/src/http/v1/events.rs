//! `GET /v1/events`: everything that the caller may hear of, in one stream.
//!
//! Owns: nothing. Calls: core's ops. Called by: `http::router`.
//! Invariants: as for the streams of runs: it resumes at its place (`the_live_stream_resumes_at_its_place`), and ends with the identity that opened it and
//! when the process stops (`the_live_stream_ends_with_its_identity`). After a crash: the client comes back with its last id.

use crate::{
    app::App,
    http::{
        ApiError,
        authenticate::{Caller, Credential},
        v1::runs::watch::{Beat, respond},
    },
};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{Response, sse::Event},
};
use futures_util::{StreamExt, stream};
use tenantry_core::{
    authz::Action,
    ops::live::{Live, Place, Told},
};

/// What happens, as server-sent events: one stream for all that a page shows.
///
/// Operators hear `run` and `step` of all runs, `isolation` with an isolation report whose checks are left out, once when a layer begins and twice a second at most within it, and each audit event once it is sealed, which
/// takes a second at the most: as `refusal` where it tells of requests that named another tenant than their identity's, else as `audit`. A tenant's owner and admins
/// hear of their tenant's trail alone. Begins with what comes next, or after `Last-Event-ID`. Ends with the identity that opened it.
#[utoipa::path(get, path = "/events", operation_id = "stream_events", tag = "audit",
    params(("Last-Event-ID" = Option<String>, Header, description = "Resume after this event.")), responses(
        (status = 200, description = "A stream of events.", content_type = "text/event-stream", body = String)))]
pub async fn events(
    State(app): State<App>,
    Caller(caller): Caller,
    credential: Credential,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.actor.may(Action::ReadAudit)?;
    let live = Live::of(&caller.actor, &app.platform, &app.control)?;
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.trim().parse::<Place>().ok());
    let place = match known {
        Some(place) => place,
        None => live.head().await?,
    };
    let begun = (live, place, Beat::new(app, credential));
    let batches = stream::unfold(begun, |(live, mut place, mut beat)| async move {
        let batch = next(&live, place, &mut beat).await?;
        place = batch.last().map_or(place, |last| last.place);
        Some((stream::iter(batch.into_iter().map(|told| to_sse(&told))), (live, place, beat)))
    });
    Ok(respond(batches.flatten()))
}

/// The next events, or `None` when there will be none.
async fn next(live: &Live, place: Place, beat: &mut Beat) -> Option<Vec<Told>> {
    while beat.goes_on().await {
        match live.after(place).await {
            Ok(batch) if batch.is_empty() => beat.wait().await,
            Ok(batch) => return Some(batch),
            // The client resumes after its last event, on this or another server.
            Err(error) => {
                tracing::warn!(%error, "a live stream ends: its events cannot be read");
                return None;
            }
        }
    }
    None
}

fn to_sse(told: &Told) -> Event {
    Event::default().id(told.place.to_string()).event(&told.event).data(told.data.to_string())
}
