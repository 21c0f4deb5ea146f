//! `run watch --all`: what happens to all runs, a line for each state, until the command is interrupted.
//!
//! Owns: nothing. Calls: GET /v1/provisioning-runs/events, sse. Called by: dispatch.
//! Invariants: a broken stream is resumed behind the last event, and nothing is shown twice (`the_feed_is_resumed`); with `-o json` each
//! event is a line as the server sent it (`each_event_is_a_line_of_json`). After a crash: nothing is left.

use super::Ctx;
use crate::{
    api::Api,
    args::Output,
    outcome::{Exit, Failure},
    render::{clean, took},
    sse::{Event, Parser},
};
use std::{collections::HashMap, io::Read, time::Duration};
use tenantry_types::{
    RunId,
    run::{Run, RunStatus, StepName, StepStatus},
};

/// Streams in a row that bring nothing: about 10 seconds, enough for a server to restart.
const EMPTY_STREAMS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// `run watch --all`.
pub(crate) fn watch(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let (mut known, mut last_id, mut empty) = (Known::default(), None, 0);
    loop {
        match listen(ctx, &mut known, &mut last_id) {
            Ok(0) => empty += 1,
            Ok(_) => empty = 0,
            Err(failure) if failure.passing && empty < EMPTY_STREAMS => empty += 1,
            Err(failure) => return Err(failure),
        }
        if empty > EMPTY_STREAMS {
            return Err(Failure::local("connection_lost", "the stream of all runs ends again and again")
                .next("look at the server: `tenantry doctor`"));
        }
        ctx.world.clock.pause(PAUSE);
    }
}

/// One stream to its end. Returns how many events it brought.
fn listen(ctx: &mut Ctx<'_, '_>, known: &mut Known, last_id: &mut Option<String>) -> Result<usize, Failure> {
    let mut reader = open(&ctx.api, last_id.as_deref())?;
    if !std::mem::replace(&mut known.listening, true) {
        // From here on nothing is missed.
        ctx.say("following all runs; interrupt to end")?;
    }
    let (mut parser, mut events, mut bytes) = (Parser::behind(last_id.clone()), Vec::new(), [0_u8; 8192]);
    let mut count = 0;
    loop {
        let read = match reader.read(&mut bytes) {
            Ok(0) => return Ok(count),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(count),
        };
        let too_large = parser.push(&bytes[..read], &mut events).err();
        for event in events.drain(..) {
            last_id.clone_from(&event.id);
            count += 1;
            show(ctx, known, &event)?;
        }
        if let Some(error) = too_large {
            return Err(Failure::local("not_understood", error.to_string()));
        }
    }
}

fn open(api: &Api, last_id: Option<&str>) -> Result<impl Read + use<>, Failure> {
    api.events("/v1/provisioning-runs/events", last_id, None)
}

fn show(ctx: &mut Ctx<'_, '_>, known: &mut Known, event: &Event) -> Result<(), Failure> {
    let lines = match ctx.output {
        Output::Json => vec![event.data.clone()],
        Output::Table if event.name == "run" => {
            // A run that a newer server knows and this version does not: not shown.
            serde_json::from_str::<Run>(&event.data).map(|run| known.news(&run)).unwrap_or_default()
        }
        // A step's run follows it, and tells of it with its tenant.
        Output::Table => return Ok(()),
    };
    for line in lines {
        writeln!(ctx.world.out, "{line}")?;
    }
    Ok(ctx.world.out.flush()?)
}

/// What was shown of the runs that have not ended.
#[derive(Default)]
struct Known {
    runs: HashMap<RunId, States>,
    listening: bool,
}

/// The last states of a run and of its steps.
#[derive(Default)]
struct States {
    run: Option<RunStatus>,
    steps: Vec<(StepName, StepStatus)>,
}

impl Known {
    /// A line for each state that is new.
    fn news(&mut self, run: &Run) -> Vec<String> {
        let head = format!("{}  {} {}", run.id, run.kind, clean(&run.tenant_slug));
        let States { run: status, steps } = self.runs.entry(run.id).or_default();
        let mut lines = Vec::new();
        for step in &run.steps {
            let state = (step.name, step.status);
            if matches!(step.status, StepStatus::Pending | StepStatus::Running) || steps.contains(&state) {
                continue;
            }
            steps.retain(|(name, _)| *name != step.name);
            steps.push(state);
            let took = step.duration_ms.map(took).unwrap_or_default();
            let words =
                step.error.as_ref().or(step.detail.as_ref()).map(|text| clean(text)).unwrap_or_default();
            lines.push(
                format!("{head}  {} {}  {took}  {words}", step.name, step.status).trim_end().to_owned(),
            );
        }
        if *status != Some(run.status) {
            *status = Some(run.status);
            let took = run.duration_ms.map(took).unwrap_or_default();
            lines.push(format!("{head}  {}  {took}", run.status).trim_end().to_owned());
        }
        if run.status.is_final() {
            // It may begin again; what it went through then is news.
            self.runs.remove(&run.id);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Hands, RUN, Server, json, run_json, sse};

    fn event(id: u32, status: &str, steps: &[(&str, &str)]) -> String {
        format!("id: {id}\nevent: run\ndata: {}\n\n", run_json(status, steps))
    }

    /// After these streams the server refuses, which ends the command.
    fn server(streams: &[String], ends: bool) -> Server {
        let mut replies: Vec<_> = streams.iter().map(|stream| sse(&[stream], ends)).collect();
        replies.push(json(403, r#"{"code":"forbidden","detail":"not allowed"}"#));
        Server::start(replies)
    }

    #[test]
    fn the_feed_is_resumed() {
        let first = event(4, "running", &[("reserve", "succeeded"), ("place", "running")]);
        let step = "id: 5\nevent: step\ndata: {}\n\n";
        let second = event(6, "succeeded", &[("reserve", "succeeded"), ("place", "succeeded")]);
        let server = server(&[format!("{first}{step}"), second], false);
        let ran = Hands::at(&server).run("run watch --all");
        assert_eq!(ran.code, 1);
        insta::assert_snapshot!(ran.out.replace(RUN, "RUN"), @r"
        RUN  create acme  reserve succeeded  1.2 ms  2 rows
        RUN  create acme  running
        RUN  create acme  place succeeded  1.2 ms  2 rows
        RUN  create acme  succeeded  41.2 ms
        ");
        let seen = server.seen();
        let ids: Vec<_> = seen.iter().map(|seen| seen.header("last-event-id")).collect();
        assert_eq!(ids, [None, Some("5"), Some("6")]);
        assert_eq!(seen[0].target, "/v1/provisioning-runs/events");
        assert!(ran.err.starts_with("following all runs"), "{}", ran.err);
    }

    #[test]
    fn each_event_is_a_line_of_json() {
        let server = server(&["id: 1\nevent: step\ndata: {\"name\":\"new\"}\n\n".to_owned()], true);
        let ran = Hands::at(&server).run("run watch --all -q -o json");
        assert_eq!(ran.out, "{\"name\":\"new\"}\n");
    }
}
