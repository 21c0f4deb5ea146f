//! `run show`, `run watch`, `run list`, `run rollback`, `run retry`, and how a run is shown wherever it is.
//!
//! Owns: how a run looks. Calls: /v1/provisioning-runs, follow. Called by: dispatch, `tenant` and `life`.
//! Invariants: to look at a failed run is no failure, to wait for one is (`showing_is_not_waiting`); a run that was to be undone and is
//! undone is no failure (`undone_is_done_when_it_was_asked_for`).
//! After a crash: nothing is left.

use super::{Ctx, confirm, lists};
use crate::{
    api::{Answer, encode},
    args::{ListRunsArgs, RetryArgs, RollbackArgs},
    follow::{Followed, follow},
    outcome::{Exit, Failure},
    render::{clean, facts, table, took, when},
};
use chrono::{DateTime, TimeDelta, Utc};
use tenantry_types::{
    RunId,
    run::{Run, RunKind, RunStatus},
    tenant::Confirm,
};

/// `run show`.
pub(crate) fn show(ctx: &mut Ctx<'_, '_>, id: RunId) -> Result<Exit, Failure> {
    let Answer { value: run, text } = ctx.api.get::<Run>(&path(id))?;
    ctx.result(&text, |now| in_full(&run, now))?;
    Ok(Exit::Done)
}

/// `run watch`.
pub(crate) fn watch(ctx: &mut Ctx<'_, '_>, id: RunId) -> Result<Exit, Failure> {
    let run = to_its_end(ctx, id, None)?;
    ctx.result(&run.text, |now| in_full(&run.value, now))?;
    ended(&run.value)
}

/// `run rollback`.
pub(crate) fn roll_back(ctx: &mut Ctx<'_, '_>, args: &RollbackArgs) -> Result<Exit, Failure> {
    let of = match args.run.parse::<RunId>() {
        Ok(id) => path(id),
        Err(_) => format!("/v1/tenants/{}/status", encode(&args.run)),
    };
    let before = ctx.api.get::<Run>(&of)?.value;
    let slug = &before.tenant_slug;
    let what = match before.kind {
        RunKind::Create | RunKind::Import => format!("{slug} will be removed with everything in it"),
        kind => format!("The {kind} of {slug} will be taken back"),
    };
    confirm::ask(ctx, slug, &what)?;
    let wish = Confirm { confirm: slug.clone() };
    let asked = ctx.api.post::<_, Run>(&format!("{}/rollback", path(before.id)), &wish)?;
    ctx.say(&format!("taking back the {} of {slug}: {}", before.kind, before.id))?;
    let run = asked_of(ctx, &before, asked, args.no_wait)?;
    match run.status {
        // Undone is what was asked for.
        RunStatus::RolledBack => Ok(Exit::Done),
        _ if args.no_wait => Ok(Exit::Done),
        RunStatus::Succeeded => Err(still_running(run.id, "yet")),
        _ => ended(&run),
    }
}

/// `run retry`.
pub(crate) fn retry(ctx: &mut Ctx<'_, '_>, args: &RetryArgs) -> Result<Exit, Failure> {
    let before = ctx.api.get::<Run>(&path(args.id))?.value;
    let asked = ctx.api.post::<_, Run>(&format!("{}/retry", path(args.id)), &serde_json::json!({}))?;
    ctx.say(&format!("trying the {} of {} again: {}", before.kind, before.tenant_slug, args.id))?;
    let run = asked_of(ctx, &before, asked, args.no_wait)?;
    if args.no_wait { Ok(Exit::Done) } else { ended(&run) }
}

/// Shows a run after something was asked of it: at once, or when it has ended.
fn asked_of(ctx: &mut Ctx<'_, '_>, before: &Run, asked: Answer<Run>, no_wait: bool) -> Result<Run, Failure> {
    let run = if no_wait {
        ctx.hint(&format!("follow it: `tenantry run watch {}`", before.id))?;
        asked
    } else {
        let (api, clock, mut progress) = ctx.progress();
        progress.after(before);
        reached(follow(api, before.id, None, clock, &mut progress)?, before.id, "now")?
    };
    ctx.result(&run.text, |now| in_full(&run.value, now))?;
    Ok(run.value)
}

/// Follows a run until it ends, or for so long.
pub(super) fn to_its_end(
    ctx: &mut Ctx<'_, '_>,
    id: RunId,
    patience: Option<TimeDelta>,
) -> Result<Answer<Run>, Failure> {
    let until = patience.map(|patience| ctx.world.clock.now() + patience);
    let (api, clock, mut progress) = ctx.progress();
    let followed = follow(api, id, until, clock, &mut progress)?;
    let when =
        patience.map_or_else(|| "now".to_owned(), |patience| format!("after {} s", patience.num_seconds()));
    reached(followed, id, &when)
}

fn reached(followed: Followed, id: RunId, when: &str) -> Result<Answer<Run>, Failure> {
    match followed {
        Followed::Ended(run) => Ok(*run),
        Followed::OutOfTime => Err(still_running(id, when)),
    }
}

/// `run list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, args: &ListRunsArgs) -> Result<Exit, Failure> {
    let lower = |word: &Option<String>| word.as_ref().map(|word| word.to_lowercase());
    let status = (!args.status.is_empty()).then(|| args.status.join(",").to_lowercase());
    let kind = lower(&args.kind);
    let filters =
        [("tenant", args.tenant.as_deref()), ("status", status.as_deref()), ("kind", kind.as_deref())];
    let page = lists::page::<Run>(ctx, "/v1/provisioning-runs", &filters, &args.paging)?;
    lists::show(ctx, &page, "no runs", |runs, now| {
        table(
            ["run", "tenant", "kind", "status", "took", "asked"],
            runs.iter().map(|run| {
                [
                    run.id.to_string(),
                    run.tenant_slug.clone(),
                    run.kind.to_string(),
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
    let what = match run.kind {
        RunKind::Create | RunKind::Adopt | RunKind::Import => format!("{} was not made", run.tenant_slug),
        kind => format!("the {kind} of {} was not done", run.tenant_slug),
    };
    match run.status {
        RunStatus::Succeeded => Ok(exit),
        RunStatus::RolledBack => {
            let detail = format!("{what}, and nothing of it is left: {why}");
            Err(Failure::local("rolled_back", detail)
                .next(look)
                .next(format!("mend the cause, then try it again: `tenantry run retry {}`", run.id))
                .exit(exit))
        }
        RunStatus::NeedsAttention => {
            let detail = format!("{what}, and undoing it failed too: {why}");
            Err(Failure::local("needs_attention", detail)
                .next(look)
                .next(format!(
                    "a person has to finish it: mend the cause, then `tenantry run rollback {}`",
                    run.id
                ))
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
        ("kind", run.kind.to_string()),
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
        kind    create
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
        next: mend the cause, then try it again: `tenantry run retry run_00000000000000000000000009`
        ");
    }

    #[test]
    fn undone_is_done_when_it_was_asked_for() {
        let ended = |status: &str| {
            format!("id: 9\nevent: run\ndata: {}\n\n", run_json(status, &[("reserve", "undone")]))
        };
        for (status, code) in [("rolled_back", 0), ("needs_attention", 4)] {
            let server = Server::start(vec![
                json(200, &run_json("succeeded", &[])),
                json(202, &run_json("rolling_back", &[])),
                sse(&[&ended(status)], true),
            ]);
            let ran = Hands::at(&server).types("acme\n").run("run rollback acme");
            assert_eq!(ran.code, code, "{}", ran.err);
            let seen = server.seen();
            assert_eq!(
                [&seen[0].target, &seen[1].target],
                ["/v1/tenants/acme/status", &format!("/v1/provisioning-runs/{RUN}/rollback")]
            );
            assert_eq!(seen[1].body, r#"{"confirm":"acme"}"#);
            assert!(
                ran.err.contains("acme will be removed with everything in it.\nType acme to go on: "),
                "{}",
                ran.err
            );
        }
    }

    #[test]
    fn a_run_is_tried_again() {
        let body = run_json("pending", &[]);
        let stream =
            format!("id: 7\nevent: run\ndata: {}\n\n", run_json("succeeded", &[("reserve", "succeeded")]));
        let rolled_back = || json(200, &run_json("rolled_back", &[]));
        let server = Server::start(vec![rolled_back(), json(202, &body), sse(&[&stream], true)]);
        let ran = Hands::at(&server).run(&format!("run retry {RUN}"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(
            ran.out.contains("succeeded") && ran.err.contains("  reserve   succeeded"),
            "{}{}",
            ran.out,
            ran.err
        );
        let server = Server::start(vec![rolled_back(), json(202, &body)]);
        let ran = Hands::at(&server).run(&format!("run retry {RUN} --no-wait -o json"));
        assert_eq!((ran.code, ran.out), (0, format!("{body}\n")));
    }

    #[test]
    fn runs_are_listed() {
        let page = format!(r#"{{"items":[{}],"next_cursor":"c2"}}"#, run_json("succeeded", &[]));
        let server = Server::start(vec![json(200, &page)]);
        let ran = Hands::at(&server)
            .run("run list --tenant acme --status SUCCEEDED --kind Create --limit 1 --cursor c/1");
        insta::assert_snapshot!(ran.out, @r"
        RUN                             TENANT  KIND    STATUS     TOOK     ASKED
        run_00000000000000000000000009  acme    create  succeeded  41.2 ms  3 min ago
        ");
        assert_eq!(ran.err, "next: there are more: --cursor c2, or --all\n");
        assert_eq!(
            server.seen()[0].target,
            "/v1/provisioning-runs?tenant=acme&status=succeeded&kind=create&limit=1&cursor=c%2F1"
        );
    }
}
