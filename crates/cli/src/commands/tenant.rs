//! `tenant create`, `tenant list`, `tenant show`.
//!
//! Owns: how a tenant looks. Calls: /v1/tenants, follow. Called by: dispatch.
//! Invariants: the exit code tells how the run ended (`exit_codes_follow_the_run`); a tenant that is gone is not shown
//! (`a_tenant_that_was_undone_is_null`). After a crash: the run goes on; `run watch` picks it up.

use super::{Ctx, lists, runs};
use crate::{
    api::{Answer, encode},
    args::{CreateTenantArgs, ListTenantsArgs},
    follow::{Followed, follow},
    outcome::{Exit, Failure},
    render::{facts, limit, short, table, took, when},
};
use chrono::{DateTime, TimeDelta, Utc};
use tenantry_types::{
    run::{Run, RunStatus},
    tenant::{CreateTenant, Tenant, TenantAndRun},
};

/// `tenant create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &CreateTenantArgs) -> Result<Exit, Failure> {
    let wish = CreateTenant {
        slug: args.slug.clone(),
        name: args.name.clone(),
        admin_email: args.admin_email.clone(),
        plan_tier: args.tier.as_ref().map(|tier| tier.to_lowercase()),
        allowed_domains: args.domains.clone(),
    };
    let made = ctx.api.post::<_, TenantAndRun>("/v1/tenants", &wish)?;
    follow_made(ctx, &args.slug, made, args.wait, args.no_wait)
}

/// Follows the run that makes a tenant for `wait` seconds, or says how to.
pub(super) fn follow_made(
    ctx: &mut Ctx<'_, '_>,
    slug: &str,
    made: Answer<TenantAndRun>,
    wait: u32,
    no_wait: bool,
) -> Result<Exit, Failure> {
    let Answer { value: made, text } = made;
    if no_wait {
        ctx.result(&text, |now| with_run(&made.tenant, &made.run, now))?;
        ctx.hint(&format!("follow it: `tenantry run watch {}`", made.run.id))?;
        return Ok(Exit::Done);
    }
    ctx.say(&format!("making {}: {}", made.run.tenant_slug, made.run.id))?;
    let until = ctx.world.clock.now() + TimeDelta::seconds(i64::from(wait));
    let (api, clock, mut progress) = ctx.progress();
    let followed = follow(api, made.run.id, Some(until), clock, &mut progress)?;
    drop(progress);
    let Followed::Ended(run) = followed else {
        return Err(runs::still_running(made.run.id, &format!("after {wait} s")));
    };
    report(ctx, slug, &run)?;
    let exit = runs::ended(&run.value)?;
    ctx.hint(&format!("mint a key for it: `tenantry key create --tenant {slug}`"))?;
    Ok(exit)
}

/// Prints tenant and run as they are now; the tenant is `null` when it is gone.
fn report(ctx: &mut Ctx<'_, '_>, slug: &str, run: &Answer<Run>) -> Result<(), Failure> {
    let tenant = match ctx.api.get::<Tenant>(&path(slug)) {
        Ok(tenant) => Some(tenant),
        Err(failure) if failure.code == "not_found" && run.value.status != RunStatus::Succeeded => None,
        Err(failure) => return Err(failure),
    };
    let text = tenant.as_ref().map_or("null", |tenant| tenant.text.trim_end());
    let json = format!(r#"{{"tenant":{text},"run":{}}}"#, run.text.trim_end());
    ctx.result(&json, |now| match &tenant {
        Some(tenant) => with_run(&tenant.value, &run.value, now),
        None => facts(&[("run", of_run(&run.value))]),
    })
}

/// `tenant list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, args: &ListTenantsArgs) -> Result<Exit, Failure> {
    let lower = |word: &Option<String>| word.as_ref().map(|word| word.to_lowercase());
    let (status, tier) = (lower(&args.status), lower(&args.tier));
    let filters = [
        ("status", status.as_deref()),
        ("plan_tier", tier.as_deref()),
        ("q", args.search.as_deref()),
        ("sort", args.sort.as_deref()),
    ];
    let page = lists::page::<Tenant>(ctx, "/v1/tenants", &filters, &args.paging)?;
    lists::show(ctx, &page, "no tenants", |tenants, now| {
        table(
            ["slug", "name", "status", "tier", "created"],
            tenants.iter().map(|tenant| {
                [
                    tenant.slug.to_string(),
                    short(&tenant.name),
                    tenant.status.to_string(),
                    tenant.plan_tier.to_string(),
                    when(tenant.created_at, now),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `tenant show`.
pub(crate) fn show(ctx: &mut Ctx<'_, '_>, slug: &str) -> Result<Exit, Failure> {
    let Answer { value: tenant, text } = ctx.api.get::<Tenant>(&path(slug))?;
    ctx.result(&text, |now| in_full(&tenant, now))?;
    Ok(Exit::Done)
}

fn path(slug: &str) -> String {
    format!("/v1/tenants/{}", encode(slug))
}

fn of_run(run: &Run) -> String {
    match run.duration_ms {
        Some(millis) => format!("{} {} in {}", run.id, run.status, took(millis)),
        None => format!("{} {}", run.id, run.status),
    }
}

fn with_run(tenant: &Tenant, run: &Run, now: DateTime<Utc>) -> String {
    facts(&[
        ("tenant", format!("{} ({})", tenant.slug, tenant.id)),
        ("name", tenant.name.clone()),
        ("status", tenant.status.to_string()),
        ("tier", tenant.plan_tier.to_string()),
        ("schema", tenant.schema_name.clone()),
        ("console", tenant.console_url.clone()),
        ("created", when(tenant.created_at, now)),
        ("run", of_run(run)),
    ])
}

fn in_full(tenant: &Tenant, now: DateTime<Utc>) -> String {
    let limits = &tenant.limits;
    let mut text = facts(&[
        ("slug", tenant.slug.to_string()),
        ("name", tenant.name.clone()),
        ("id", tenant.id.to_string()),
        ("status", tenant.status.to_string()),
        ("tier", tenant.plan_tier.to_string()),
        ("schema", tenant.schema_name.clone()),
        ("admin", tenant.admin_email.clone()),
        ("domains", tenant.allowed_domains.join(", ")),
        ("console", tenant.console_url.clone()),
        ("created", when(tenant.created_at, now)),
        ("changed", when(tenant.updated_at, now)),
    ]);
    text.push('\n');
    text.push_str(&table(
        ["limit", "at most"],
        [
            ("agent minutes a month", limits.agent_minutes_per_month),
            ("API calls an hour", limits.api_calls_per_hour),
            ("concurrent tasks", limits.concurrent_tasks),
            ("workspaces", limits.workspaces),
            ("members of a workspace", limits.workspace_members),
            ("agents", limits.agents),
            ("tasks a month", limits.tasks_per_month),
            ("storage, GB", limits.storage_gb),
        ]
        .map(|(name, most)| [name.to_owned(), limit(most)]),
    ));
    text
}

#[cfg(test)]
mod tests;
