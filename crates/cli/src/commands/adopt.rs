//! `tenant adopt`.
//!
//! Owns: how an inspection looks. Calls: /v1/tenants/adopt, follow. Called by: dispatch.
//! Invariants: the exit code tells how the run ended; a dry run shows what was found, and promises nothing that was not
//! (`a_dry_run_shows_what_was_found`). After a crash: the run goes on; `run watch` picks it up.

use super::{Ctx, runs};
use crate::{
    api::{Answer, encode},
    args::AdoptArgs,
    follow::{Followed, follow},
    outcome::{Exit, Failure},
    render::{facts, table},
};
use chrono::TimeDelta;
use serde::Deserialize;
use std::fmt::Write as _;
use tenantry_types::{
    adopt::{AdoptTenant, AdoptionReport, TenantToAdopt},
    run::{Run, RunStatus},
    tenant::Tenant,
};

/// What a run leaves behind for who asked for it.
#[derive(Deserialize)]
struct WithResult {
    result: AdoptionReport,
}

/// `tenant adopt`.
pub(crate) fn adopt(ctx: &mut Ctx<'_, '_>, args: &AdoptArgs) -> Result<Exit, Failure> {
    let wish = AdoptTenant {
        schema: args.schema.clone(),
        slug: args.slug.clone(),
        name: args.name.clone(),
        admin_email: args.admin_email.clone(),
        plan_tier: args.tier.as_ref().map(|tier| tier.to_lowercase()),
        baseline: args.baseline.clone(),
        tenant_id: args.tenant_id,
        dry_run: args.dry_run,
    };
    let Answer { value: begun, text } = ctx.api.post::<_, TenantToAdopt>("/v1/tenants/adopt", &wish)?;
    let id = begun.run.id;
    if args.no_wait {
        ctx.result(&text, |_| facts(&[("run", format!("{id} {}", begun.run.status))]))?;
        ctx.hint(&format!("follow it: `tenantry run watch {id}`"))?;
        return Ok(Exit::Done);
    }
    let doing = if args.dry_run { "looking at" } else { "adopting" };
    ctx.say(&format!("{doing} {}: {id}", args.schema))?;
    let until = ctx.world.clock.now() + TimeDelta::seconds(i64::from(args.wait));
    let (api, clock, mut progress) = ctx.progress();
    let followed = follow(api, id, Some(until), clock, &mut progress)?;
    drop(progress);
    let Followed::Ended(run) = followed else {
        return Err(runs::still_running(id, &format!("after {} s", args.wait)));
    };
    if args.dry_run {
        return dry(ctx, args, &run);
    }
    show(ctx, &args.slug, &run)?;
    let exit = runs::ended(&run.value)?;
    ctx.hint("applications that still use the schema by its old name are cut off: point them at the tenant")?;
    ctx.hint(&format!("mint a key for it: `tenantry key create --tenant {}`", args.slug))?;
    Ok(exit)
}

/// Shows what a dry run found.
fn dry(ctx: &mut Ctx<'_, '_>, args: &AdoptArgs, run: &Answer<Run>) -> Result<Exit, Failure> {
    if run.value.status != RunStatus::Succeeded {
        return runs::ended(&run.value);
    }
    // Asked for once more: a stream's event need not carry the whole result.
    let path = format!("/v1/provisioning-runs/{}", encode(&run.value.id.to_string()));
    let Answer { value, text } = ctx.api.get::<WithResult>(&path)?;
    ctx.result(&text, |_| report(&value.result))?;
    ctx.hint(&format!("adopt it: the same command without --dry-run makes {} of it", args.slug))?;
    Ok(Exit::Done)
}

/// Tenant and run as they are now; the tenant is `null` when it is gone.
fn show(ctx: &mut Ctx<'_, '_>, slug: &str, run: &Answer<Run>) -> Result<(), Failure> {
    let tenant = match ctx.api.get::<Tenant>(&format!("/v1/tenants/{}", encode(slug))) {
        Ok(tenant) => Some(tenant),
        Err(failure) if failure.code == "not_found" && run.value.status != RunStatus::Succeeded => None,
        Err(failure) => return Err(failure),
    };
    let text = tenant.as_ref().map_or("null", |tenant| tenant.text.trim_end());
    let json = format!(r#"{{"tenant":{text},"run":{}}}"#, run.text.trim_end());
    let run = format!("{} {}", run.value.id, run.value.status);
    ctx.result(&json, |_| match tenant.map(|tenant| tenant.value) {
        Some(Tenant { slug, id, status, schema_name, console_url, adopted, .. }) => {
            let (from, fenced) =
                adopted.map(|adopted| (adopted.from, adopted.fenced_by_schema)).unwrap_or_default();
            facts(&[
                ("tenant", format!("{slug} ({id})")),
                ("status", status.to_string()),
                ("schema", schema_name),
                ("adopted from", from),
                ("fenced by schema only", fenced.join(", ")),
                ("console", console_url),
                ("run", run),
            ])
        }
        None => facts(&[("run", run)]),
    })
}

/// What an inspection found, for people.
fn report(report: &AdoptionReport) -> String {
    let source = if report.has_history { "its own history" } else { "as named" };
    let mut text = facts(&[
        ("schema", report.schema.clone()),
        ("baseline", format!("{} ({source})", report.baseline)),
        ("bytes", report.bytes.to_string()),
        ("workspaces", report.workspaces.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        ("tenant id", report.tenant_id.map(|id| id.to_string()).unwrap_or_default()),
        ("fenced by schema only", report.fenced_by_schema.join(", ")),
    ]);
    text.push('\n');
    text.push_str(&table(
        ["table", "fence", "rows, about", "bytes"],
        report.tables.iter().map(|table| {
            let rows = table.rows_estimate.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
            [table.name.clone(), table.fence.to_string(), rows, table.bytes.to_string()]
        }),
    ));
    for (title, lines) in [
        ("Different from the template", &report.differences),
        ("Grants that are taken away", &report.grants),
        ("At work in it now", &report.in_use),
        ("Remarks", &report.remarks),
    ] {
        if !lines.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n{title}:");
            text.extend(lines.iter().map(|line| format!("  {}\n", crate::render::clean(line))));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::testing::{Hands, RUN, Reply, Server, json, run_json, sse, tenant_json};

    const ADOPT: &str =
        "tenant adopt --schema old_acme --slug acme --name Acme --admin-email a@acme.example --tier PRO";

    fn accepted(tenant: &str) -> Reply {
        json(202, &format!(r#"{{"tenant":{tenant},"run":{}}}"#, run_json("pending", &[])))
    }

    fn ended(status: &str) -> Reply {
        sse(&[&format!("id: 9\nevent: run\ndata: {}\n\n", run_json(status, &[]))], true)
    }

    #[test]
    fn an_adopted_tenant_says_where_it_comes_from() {
        let adopted = r#","adopted":{"from":"old_acme","baseline":"3","fenced_by_schema":["countries","rates"],"adopted_at":"2026-03-04T11:56:30Z"}}"#;
        let tenant = tenant_json("acme", "active");
        let tenant = format!("{}{adopted}", tenant.strip_suffix('}').unwrap());
        let server = Server::start(vec![accepted(&tenant), ended("succeeded"), json(200, &tenant)]);
        let ran = Hands::at(&server).run(&format!("{ADOPT} --baseline 3"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        insta::assert_snapshot!(ran.out, @r"
        tenant                 acme (ten_00000000000000000000000002)
        status                 active
        schema                 t_x1
        adopted from           old_acme
        fenced by schema only  countries, rates
        console                https://acme.example/console
        run                    run_00000000000000000000000009 succeeded
        ");
        insta::assert_snapshot!(ran.err, @r"
        adopting old_acme: run_00000000000000000000000009
        next: applications that still use the schema by its old name are cut off: point them at the tenant
        next: mint a key for it: `tenantry key create --tenant acme`
        ");
        insta::assert_snapshot!(server.seen()[0].body, @r#"{"schema":"old_acme","slug":"acme","name":"Acme","admin_email":"a@acme.example","plan_tier":"pro","baseline":"3","dry_run":false}"#);
        assert_eq!(server.seen()[0].target, "/v1/tenants/adopt");
    }

    #[test]
    fn a_dry_run_shows_what_was_found() {
        let report = r#"{"schema":"old_acme","baseline":"10","has_history":true,"tables":[
            {"name":"Order","fence":"workspace","rows_estimate":12000,"bytes":8192},{"name":"rates","fence":"schema","rows_estimate":null,"bytes":0}],
            "bytes":8192,"workspaces":["wsp_00000000000000000000000003"],"tenant_id":null,"fenced_by_schema":["rates"],
            "differences":["table agents is missing"],"grants":["USAGE on the schema to reporting"],"in_use":[],"remarks":["\u001b[2Jx"]}"#;
        let run = run_json("succeeded", &[]);
        let run = format!(r#"{},"result":{report}}}"#, run.strip_suffix('}').unwrap());
        let server = Server::start(vec![accepted("null"), ended("succeeded"), json(200, &run)]);
        let ran = Hands::at(&server).run(&format!("{ADOPT} --dry-run"));
        assert_eq!(ran.code, 0, "{}", ran.err);
        insta::assert_snapshot!(ran.out, @r"
        schema                 old_acme
        baseline               10 (its own history)
        bytes                  8192
        workspaces             wsp_00000000000000000000000003
        tenant id              -
        fenced by schema only  rates

        TABLE  FENCE      ROWS, ABOUT  BYTES
        Order  workspace  12000        8192
        rates  schema     ?            0

        Different from the template:
          table agents is missing

        Grants that are taken away:
          USAGE on the schema to reporting

        Remarks:
          �[2Jx
        ");
        insta::assert_snapshot!(ran.err, @r"
        looking at old_acme: run_00000000000000000000000009
        next: adopt it: the same command without --dry-run makes acme of it
        ");
        assert_eq!(server.seen()[2].target, format!("/v1/provisioning-runs/{RUN}"));
        assert!(server.seen()[0].body.contains(r#""dry_run":true"#));
    }

    #[test]
    fn what_stands_in_the_way_is_an_undone_run() {
        for dry in ["", " --dry-run"] {
            let gone = r#"{"code":"not_found","detail":"no such tenant"}"#;
            let server = Server::start(vec![accepted("null"), ended("rolled_back"), json(404, gone)]);
            let ran = Hands::at(&server).run(&format!("{ADOPT}{dry}"));
            assert_eq!(ran.code, 3, "{}", ran.err);
            assert!(ran.err.contains("no slot and no room"), "the run's own words: {}", ran.err);
        }
    }
}
