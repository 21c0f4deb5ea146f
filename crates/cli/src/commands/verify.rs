//! `verify isolation`: has the server prove that no tenant reaches another, and says what came of it.
//!
//! Owns: how a report looks. Calls: /v1/isolation-reports. Called by: dispatch.
//! Invariants: exit 0 is for a proof that passed and nothing else (`only_a_proof_that_passed_is_exit_0`); what is open is named, each with its evidence
//! (`what_is_open_is_named`). After a crash: the server goes on; `verify isolation --report ID` shows what came of it.

use super::Ctx;
use crate::{
    api::Answer,
    args::VerifyIsolationArgs,
    outcome::{Exit, Failure},
    render::{clean, took},
    style::{Ink, paint},
};
use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};
use std::{fmt::Write as _, time::Duration};
use tenantry_types::{
    IsolationReportId, Slug,
    isolation::{
        IsolationCheck, IsolationProgress, IsolationReport, IsolationStatus, RequestIsolationReport,
    },
};

/// Between two looks at a report that is not there yet.
const PAUSE: Duration = Duration::from_millis(300);

/// `verify isolation`.
pub(crate) fn isolation(ctx: &mut Ctx<'_, '_>, args: &VerifyIsolationArgs) -> Result<Exit, Failure> {
    let asked = if let Some(id) = args.report {
        ctx.api.get::<IsolationReport>(&path(id))?
    } else {
        let tenant = args.tenant.as_deref().map(str::parse::<Slug>).transpose();
        let tenant = tenant.map_err(|error| Failure::local("invalid", format!("--tenant: {error}")))?;
        ctx.api.post("/v1/isolation-reports", &RequestIsolationReport { tenant, seed: args.seed })?
    };
    if args.report.is_none() {
        ctx.say(&format!("proving isolation: {}", asked.value.id))?;
    }
    let Answer { value: report, text } = ended(ctx, asked, args.wait)?;
    let colour = ctx.out_colour();
    ctx.result(&text, |_| in_full(&report, colour))?;
    Ok(if report.status == IsolationStatus::Passed { Exit::Done } else { Exit::Failed })
}

fn path(id: IsolationReportId) -> String {
    format!("/v1/isolation-reports/{id}")
}

/// Looks until the proof has ended, or for so many seconds.
fn ended(
    ctx: &mut Ctx<'_, '_>,
    answer: Answer<IsolationReport>,
    patience: u32,
) -> Result<Answer<IsolationReport>, Failure> {
    let bar = if ctx.is_watched() && !ctx.quiet { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("  {bar:24} {msg}") {
        bar.set_style(style);
    }
    let ended = looked_at(ctx, answer, patience, &bar);
    bar.finish_and_clear();
    ended
}

/// How far a proof is, in a line.
fn in_numbers(progress: &IsolationProgress) -> String {
    let IsolationProgress { layer, done, of, checks, attempts, refusals, open } = progress;
    format!(
        "{layer}: part {done} of {of}, {checks} checks, {refusals} of {attempts} attempts refused, {open} open"
    )
}

fn looked_at(
    ctx: &mut Ctx<'_, '_>,
    mut answer: Answer<IsolationReport>,
    patience: u32,
    bar: &ProgressBar,
) -> Result<Answer<IsolationReport>, Failure> {
    let until = ctx.world.clock.now() + TimeDelta::seconds(i64::from(patience));
    while answer.value.finished_at.is_none() {
        let id = answer.value.id;
        if ctx.world.clock.now() >= until {
            let detail = format!("the proof has not ended after {patience} s: it is {}", answer.value.status);
            return Err(Failure::local("not_ended", detail)
                .next(format!("look again: `tenantry verify isolation --report {id}`"))
                .next("see whether a worker runs: `tenantry doctor`"));
        }
        if let Some(progress) = &answer.value.progress {
            bar.set_length(u64::from(progress.of));
            bar.set_position(u64::from(progress.done));
            bar.set_message(in_numbers(progress));
        }
        ctx.world.clock.pause(PAUSE);
        answer = ctx.api.get(&path(id))?;
    }
    Ok(answer)
}

fn in_full(report: &IsolationReport, colour: bool) -> String {
    let mut text = String::new();
    let widest = report.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or_default();
    let mut layer = None;
    for check in &report.checks {
        // Writing to a string cannot fail.
        if layer != Some(check.layer) {
            layer = Some(check.layer);
            let _ = writeln!(text, "{}", check.layer);
        }
        let _ = writeln!(text, "{}", line(check, widest, colour));
        for evidence in &check.evidence {
            let _ = writeln!(text, "            {}", clean(evidence));
        }
        let told = i64::try_from(check.evidence.len()).unwrap_or(i64::MAX);
        if check.open > told {
            let _ = writeln!(text, "            and {} more", check.open - told);
        }
    }
    let _ = writeln!(text, "{}", verdict(report, colour));
    text
}

fn line(check: &IsolationCheck, widest: usize, colour: bool) -> String {
    let (word, ink) = match (check.open, check.examined) {
        (0, 0) => ("none", Ink::Warn),
        (0, _) => ("ok", Ink::Good),
        _ => ("open", Ink::Bad),
    };
    let word = paint(&format!("{word:<4}"), ink, colour);
    let counts = format!("{}/{}", check.held, check.examined);
    format!("  {word}  {:<widest$}  {counts:>15}  {}", clean(&check.name), clean(&check.promise))
}

fn verdict(report: &IsolationReport, colour: bool) -> String {
    let length = report.duration_ms.map_or_else(String::new, |millis| format!(" in {}", took(millis)));
    let what = match &report.tenant {
        Some(slug) => format!("of {slug}"),
        None => format!("of {} tenants", report.tenants),
    };
    let sampled =
        if report.sampled { format!(", pairs sampled with seed {}", report.seed) } else { String::new() };
    let (word, ink) = match report.status {
        IsolationStatus::Passed => ("passed", Ink::Good),
        IsolationStatus::Failed => ("failed", Ink::Bad),
        _ => ("broken", Ink::Bad),
    };
    let word = paint(word, ink, colour);
    match &report.error {
        Some(error) => format!("{word}: {}", clean(error)),
        None => format!(
            "{word}: isolation {what}, {} of {} attempts refused, {} open{length}{sampled} ({})",
            report.refusals,
            report.attempts,
            report.open,
            clean(&report.software)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::in_numbers;
    use crate::testing::{Hands, Server, json};
    use tenantry_types::isolation::{IsolationLayer, IsolationProgress};

    fn report(status: &str, more: &str) -> String {
        format!(
            r#"{{"id":"iso_01h455vb4pex5vsknk084sn02q","status":"{status}","seed":7,"sampled":true,"requested_by":"operator","requested_at":"2026-01-01T00:00:00Z","started_at":null,{more}"tenants":3,"attempts":40,"refusals":39,"software":"tenantry 1, PostgreSQL 17.12""#
        )
    }

    const ENDED: &str = r#""finished_at":"2026-01-01T00:00:02Z","duration_ms":1500,"#;

    #[test]
    fn only_a_proof_that_passed_is_exit_0() {
        let checks = r#","open":0,"checks":[{"layer":"catalogue","name":"home","promise":"Is there.","examined":3,"held":3,"open":0,"evidence":[]}]}"#;
        let pending =
            report("pending", r#""finished_at":null,"duration_ms":null,"#) + r#","open":0,"checks":[]}"#;
        let passed = report("passed", ENDED) + checks;
        let server = Server::start(vec![json(202, &pending), json(200, &pending), json(200, &passed)]);
        let ran = Hands::at(&server).run("verify isolation --seed 7");
        assert_eq!(ran.code, 0);
        insta::assert_snapshot!(ran.out, @r"
        catalogue
          ok    home              3/3  Is there.
        passed: isolation of 3 tenants, 39 of 40 attempts refused, 0 open in 1.5 s, pairs sampled with seed 7 (tenantry 1, PostgreSQL 17.12)
        ");
        let broken = report("broken", ENDED) + r#","open":0,"checks":[],"error":"no database"}"#;
        let ran = Hands::at(&Server::start(vec![json(202, &broken)])).run("verify isolation --all");
        assert_eq!((ran.code, ran.out.as_str()), (1, "broken: no database\n"));
    }

    #[test]
    fn how_far_it_is_in_one_line() {
        let layer = IsolationLayer::Http;
        let progress =
            IsolationProgress { layer, done: 7, of: 30, checks: 21, attempts: 1204, refusals: 1203, open: 1 };
        let told = "http: part 7 of 30, 21 checks, 1203 of 1204 attempts refused, 1 open";
        assert_eq!(in_numbers(&progress), told);
    }

    #[test]
    fn what_is_open_is_named() {
        let failed = report("failed", ENDED)
            + r#","open":25,"checks":[{"layer":"catalogue","name":"workspace_policy","promise":"Every table has it.","examined":30,"held":5,"open":25,"evidence":["tenant_a.agents: without the policy"]},{"layer":"live","name":"foreign_tables","promise":"Closed.","examined":0,"held":0,"open":0,"evidence":[]}]}"#;
        let ran = Hands::at(&Server::start(vec![json(202, &failed)])).run("verify isolation --tenant acme");
        assert_eq!(ran.code, 1);
        insta::assert_snapshot!(ran.out, @r"
        catalogue
          open  workspace_policy             5/30  Every table has it.
                    tenant_a.agents: without the policy
                    and 24 more
        live
          none  foreign_tables                0/0  Closed.
        failed: isolation of 3 tenants, 39 of 40 attempts refused, 25 open in 1.5 s, pairs sampled with seed 7 (tenantry 1, PostgreSQL 17.12)
        ");
    }

    #[test]
    fn a_report_is_shown_again() {
        let failed = report("failed", ENDED) + r#","open":1,"checks":[]}"#;
        let server = Server::start(vec![json(200, &failed)]);
        let ran = Hands::at(&server).run("verify isolation --report iso_01h455vb4pex5vsknk084sn02q -o json");
        assert_eq!((ran.code, ran.out.trim_end()), (1, failed.as_str()));
        assert_eq!(server.seen()[0].target, "/v1/isolation-reports/iso_01h455vb4pex5vsknk084sn02q");
    }
}
