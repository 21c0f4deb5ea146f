//! `run show`, `run watch`, `run list`, and how a run is shown wherever it is.
//!
//! Owns: how a run looks. Calls: /v1/provisioning-runs, follow. Called by: dispatch, `tenant create`.
//! Invariants: to look at a failed run is no failure, to wait for one is (`showing_is_not_waiting`).
//! After a crash: nothing is left.

use super::{Ctx, lists};
use crate::{
    api::{Answer, encode},
    args::ListRunsArgs,
    follow::{Followed, follow},
    outcome::{Exit, Failure},
    render::{clean, facts, table, took, when},
};
use chrono::{DateTime, Utc};
use tenantry_types::{
    RunId,
    run::{Run, RunStatus},
};

/// `run show`.
pub(crate) fn show(ctx: &mut Ctx<'_, '_>, id: RunId) -> Result<Exit, Failure> {
    let Answer { value: run, text } = ctx.api.get::<Run>(&path(id))?;
    ctx.result(&text, |now| in_full(&run, now))?;
    Ok(Exit::Done)
}

/// `run watch`.
pub(crate) fn watch(ctx: &mut Ctx<'_, '_>, id: RunId) -> Result<Exit, Failure> {
    let (api, clock, mut progress) = ctx.progress();
    let followed = follow(api, id, None, clock, &mut progress)?;
    drop(progress);
    let Followed::Ended(run) = followed else { return Err(still_running(id, "now")) };
    ctx.result(&run.text, |now| in_full(&run.value, now))?;
    ended(&run.value)
}

/// `run list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, args: &ListRunsArgs) -> Result<Exit, Failure> {
    let status = args.status.as_ref().map(|word| word.to_lowercase());
    let filters = [("tenant", args.tenant.as_deref()), ("status", status.as_deref())];
    let page = lists::page::<Run>(ctx, "/v1/provisioning-runs", &filters, &args.paging)?;
    lists::show(ctx, &page, "no runs", |runs, now| {
        table(
            ["run", "tenant", "status", "took", "asked"],
            runs.iter().map(|run| {
                [
                    run.id.to_string(),
                    run.tenant_slug.clone(),
                    run.status.to_string(),
                    run.duration_ms.map(took).unwrap_or_default(),
                    when(run.created_at, now),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// How waiting for a run ends: by exit code when it succeeded, else by an error.
pub(crate) fn ended(run: &Run) -> Result<Exit, Failure> {
    let exit = Exit::of_run(run.status);
    let why = run.error.as_deref().unwrap_or("no reason was recorded");
    let look = format!("look at its steps: `tenantry run show {}`", run.id);
    match run.status {
        RunStatus::Succeeded => Ok(exit),
        RunStatus::RolledBack => {
            let detail = format!("{} was not made, and nothing of it is left: {why}", run.tenant_slug);
            Err(Failure::local("rolled_back", detail).next(look).exit(exit))
        }
        RunStatus::NeedsAttention => {
            let detail = format!("{} was not made, and undoing it failed too: {why}", run.tenant_slug);
            Err(Failure::local("needs_attention", detail)
                .next(look)
                .next("a person has to finish it")
                .exit(exit))
        }
        RunStatus::Pending | RunStatus::Running | RunStatus::RollingBack => Err(still_running(run.id, "yet")),
    }
}

/// The run has not ended; `when` ends the sentence.
pub(crate) fn still_running(id: RunId, when: &str) -> Failure {
    Failure::local("still_running", format!("the run has not ended {when}; it goes on"))
        .next(format!("follow it: `tenantry run watch {id}`"))
}

/// A run with its steps.
fn in_full(run: &Run, now: DateTime<Utc>) -> String {
    let mut text = facts(&[
        ("run", run.id.to_string()),
        ("tenant", format!("{} ({})", run.tenant_slug, run.tenant_id)),
        ("status", run.status.to_string()),
        ("asked", when(run.created_at, now)),
        ("took", run.duration_ms.map(took).unwrap_or_default()),
    ]);
    if let Some(error) = &run.error {
        text.push_str(&facts(&[("error ", error.clone())]));
    }
    text.push('\n');
    text.push_str(&table(
        ["step", "status", "took", "tries", "detail"],
        run.steps.iter().map(|step| {
            [
                step.name.to_string(),
                step.status.to_string(),
                step.duration_ms.map(took).unwrap_or_default(),
                step.attempts.to_string(),
                clean(step.error.as_ref().or(step.detail.as_ref()).map_or("", String::as_str)),
            ]
        }),
    ));
    text
}

fn path(id: RunId) -> String {
    format!("/v1/provisioning-runs/{}", encode(&id.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Hands, RUN, Server, json, run_json, sse};

    #[test]
    fn a_run_is_shown_with_its_steps() {
        let body = run_json("rolled_back", &[("reserve", "undone"), ("place", "failed")]);
        let server = Server::start(vec![json(200, &body), json(200, &body)]);
        let hands = Hands::at(&server);
        insta::assert_snapshot!(hands.run(&format!("run show {RUN}")).out, @r"
        run     run_00000000000000000000000009
        tenant  acme (ten_00000000000000000000000002)
        status  rolled_back
        asked   3 min ago
        took    41.2 ms
        error   no slot and no room

        STEP     STATUS  TOOK    TRIES  DETAIL
        reserve  undone  1.2 ms  1      2 rows
        place    failed  1.2 ms  1      no slot and no room
        ");
        assert_eq!(hands.run(&format!("run show {RUN} -o json")).out, format!("{body}\n"));
        assert_eq!(server.seen()[0].target, format!("/v1/provisioning-runs/{RUN}"));
    }

    #[test]
    fn showing_is_not_waiting() {
        let body = run_json("rolled_back", &[]);
        let stream = format!("event: run\ndata: {body}\n\n");
        let server = Server::start(vec![json(200, &body), sse(&[&stream], true)]);
        let hands = Hands::at(&server);
        assert_eq!(hands.run(&format!("run show {RUN}")).code, 0);
        let ran = hands.run(&format!("run watch {RUN}"));
        assert_eq!(ran.code, 3);
        insta::assert_snapshot!(ran.err, @r"
        error: acme was not made, and nothing of it is left: no slot and no room
        next: look at its steps: `tenantry run show run_00000000000000000000000009`
        ");
    }

    #[test]
    fn runs_are_listed() {
        let page = format!(r#"{{"items":[{}],"next_cursor":"c2"}}"#, run_json("succeeded", &[]));
        let server = Server::start(vec![json(200, &page)]);
        let ran = Hands::at(&server).run("run list --tenant acme --status SUCCEEDED --limit 1 --cursor c/1");
        insta::assert_snapshot!(ran.out, @r"
        RUN                             TENANT  STATUS     TOOK     ASKED
        run_00000000000000000000000009  acme    succeeded  41.2 ms  3 min ago
        ");
        assert_eq!(ran.err, "next: there are more: --cursor c2, or --all\n");
        assert_eq!(
            server.seen()[0].target,
            "/v1/provisioning-runs?tenant=acme&status=succeeded&limit=1&cursor=c%2F1"
        );
    }
}
