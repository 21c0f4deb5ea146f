//! Follows a provisioning run to its end: by its event stream, resumed where it broke, else by asking again and again.
//!
//! Owns: nothing. Calls: api, sse, progress. Called by: every command that begins a run, `run watch`.
//! Invariants: the last end that a stream tells of counts, since a run that was taken back has told of one before
//! (`the_last_end_counts`); a broken stream is resumed behind the last event, and nothing is shown twice
//! (`a_stream_cut_in_the_middle_is_resumed`); after five resumptions the run is polled (`a_stream_that_keeps_breaking_ends_in_polling`);
//! waiting ends when its time is over (`waiting_ends_in_time`); steps show while the stream is open (`steps_show_at_once`).
//! After a crash: nothing is left; the run itself is the server's.

use crate::{
    api::{Answer, Api, encode},
    clock::Clock,
    outcome::Failure,
    progress::Progress,
    sse::{Event, Parser},
};
use chrono::{DateTime, Utc};
use std::{io::Read, time::Duration};
use tenantry_types::{
    RunId,
    run::{Run, Step},
};

/// How often a broken stream is opened again.
const RESUMPTIONS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const POLL_EVERY: Duration = Duration::from_millis(500);
/// Polls in a row that may fail: about 10 seconds, enough for a server to restart.
const FAILED_POLLS: u32 = 20;

/// How following ended.
#[derive(Debug)]
pub(crate) enum Followed {
    /// The run is over.
    Ended(Box<Answer<Run>>),
    /// The time is over.
    OutOfTime,
}

/// How one stream ended.
enum Stream {
    /// The server had no more to say.
    Ended,
    Cut,
}

/// Follows the run `id` until it ends or it is `until`.
pub(crate) fn follow(
    api: &Api,
    id: RunId,
    until: Option<DateTime<Utc>>,
    clock: &dyn Clock,
    progress: &mut Progress<'_>,
) -> Result<Followed, Failure> {
    let path = format!("/v1/provisioning-runs/{}", encode(&id.to_string()));
    let (mut last_id, mut last_run) = (None, None);
    for attempt in 0..=RESUMPTIONS {
        if attempt > 0 {
            clock.pause(FIRST_PAUSE * 2_u32.pow(attempt - 1));
        }
        let Some(within) = left(until, clock) else { return Ok(Followed::OutOfTime) };
        match stream(api, &path, within, &mut last_id, &mut last_run, progress) {
            Ok(Stream::Ended) => match last_run.take() {
                Some(run) if run.value.status.is_final() => return Ok(Followed::Ended(Box::new(run))),
                other => last_run = other,
            },
            Ok(Stream::Cut) => {}
            Err(failure) if failure.passing => {}
            Err(failure) => return Err(failure),
        }
    }
    progress.note("the event stream keeps breaking; asking every 500 ms instead")?;
    poll(api, &path, until, clock, progress)
}

/// The time that is left: `None` when it is over, `Some(None)` when there is no end.
#[expect(clippy::option_option, reason = "over and endless are two different things")]
fn left(until: Option<DateTime<Utc>>, clock: &dyn Clock) -> Option<Option<Duration>> {
    let Some(until) = until else { return Some(None) };
    (until - clock.now()).to_std().ok().filter(|left| !left.is_zero()).map(Some)
}

fn stream(
    api: &Api,
    path: &str,
    within: Option<Duration>,
    last_id: &mut Option<String>,
    last_run: &mut Option<Answer<Run>>,
    progress: &mut Progress<'_>,
) -> Result<Stream, Failure> {
    let mut reader = api.events(&format!("{path}/events"), last_id.as_deref(), within)?;
    let (mut parser, mut events, mut bytes) = (Parser::behind(last_id.clone()), Vec::new(), [0_u8; 8192]);
    loop {
        let read = match reader.read(&mut bytes) {
            Ok(0) => return Ok(Stream::Ended),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(Stream::Cut),
        };
        let too_large = parser.push(&bytes[..read], &mut events).err();
        for event in events.drain(..) {
            last_id.clone_from(&event.id);
            if let Some(run) = take(event, path, progress)? {
                *last_run = Some(run);
            }
        }
        if let Some(error) = too_large {
            return Err(Failure::local("not_understood", error.to_string()));
        }
    }
}

/// Shows an event; gives the run when it tells of the whole.
fn take(event: Event, path: &str, progress: &mut Progress<'_>) -> Result<Option<Answer<Run>>, Failure> {
    match event.name.as_str() {
        // A step that a newer server knows and this version does not: not shown, and the run goes on.
        "step" => {
            if let Ok(step) = serde_json::from_str::<Step>(&event.data) {
                progress.step(&step)?;
            }
            Ok(None)
        }
        "run" => {
            let run = Answer::<Run>::read(event.data, path)?;
            progress.run(&run.value)?;
            Ok(Some(run))
        }
        _ => Ok(None),
    }
}

fn poll(
    api: &Api,
    path: &str,
    until: Option<DateTime<Utc>>,
    clock: &dyn Clock,
    progress: &mut Progress<'_>,
) -> Result<Followed, Failure> {
    let mut failed = 0;
    loop {
        match api.get::<Run>(path) {
            Ok(run) => {
                failed = 0;
                progress.run(&run.value)?;
                if run.value.status.is_final() {
                    return Ok(Followed::Ended(Box::new(run)));
                }
            }
            Err(failure) if failure.passing && failed < FAILED_POLLS => failed += 1,
            Err(failure) => return Err(failure),
        }
        if left(until, clock).is_none() {
            return Ok(Followed::OutOfTime);
        }
        clock.pause(POLL_EVERY);
    }
}

#[cfg(test)]
mod tests;
