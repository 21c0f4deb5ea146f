//! `tenant create`, `tenant list`, `tenant show`, `tenant update`, `tenant invite-owner`.
//!
//! Owns: how a tenant looks. Calls: /v1/tenants, runs. Called by: dispatch, `life`.
//! Invariants: the exit code tells how the run ended (`exit_codes_follow_the_run`); a tenant that is gone is not shown
//! (`a_tenant_that_was_undone_is_null`); a key that was made is printed, however the waiting ends (`the_first_key_is_printed_whatever_happens`). After a crash: the run goes on; `run watch` picks it up.

use super::{Ctx, lists, runs};
use crate::{
    api::{Answer, encode},
    args::{CreateTenantArgs, ListTenantsArgs, identity::UpdateTenantArgs},
    outcome::{Exit, Failure},
    render::{facts, limit, short, table, took, when},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use tenantry_types::{
    run::{Run, RunKind, RunStatus},
    tenant::{CreateTenant, Nothing, OwnerInvitation, Tenant, TenantAndRun, UpdateTenant},
};

/// `tenant create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &CreateTenantArgs) -> Result<Exit, Failure> {
    let wish = CreateTenant {
        slug: args.slug.clone(),
        name: args.name.clone(),
        admin_email: args.admin_email.clone(),
        plan_tier: args.tier.as_ref().map(|tier| tier.to_lowercase()),
        allowed_domains: args.domains.clone(),
        max_agents: args.own.max_agents,
        max_tasks_per_month: args.own.max_tasks_per_month,
        storage_limit_gb: args.own.storage_limit_gb,
        schema_version: args.schema_version.clone(),
        demo_data: args.demo_data,
    };
    let made = ctx.api.post::<_, TenantAndRun>("/v1/tenants", &wish)?;
    follow_made(ctx, &args.slug, &made, args.wait, args.no_wait)
}

/// Follows the run that makes a tenant for `wait` seconds, or says how to.
pub(super) fn follow_made(
    ctx: &mut Ctx<'_, '_>,
    slug: &str,
    made: &Answer<TenantAndRun>,
    wait: u32,
    no_wait: bool,
) -> Result<Exit, Failure> {
    if no_wait {
        answered(ctx, made)?;
        ctx.hint(&format!("follow it: `tenantry run watch {}`", made.value.run.id))?;
        return Ok(Exit::Done);
    }
    let run = &made.value.run;
    ctx.say(&format!("making {}: {}", run.tenant_slug, run.id))?;
    let until = TimeDelta::seconds(i64::from(wait));
    let shown = runs::to_its_end(ctx, run.id, Some(until)).and_then(|run| {
        report(ctx, slug, &made.text, &run)?;
        Ok(run)
    });
    if shown.is_err() && made.value.api_key.is_some() {
        // Its secrets are in this answer alone, and the run goes on without us.
        answered(ctx, made)?;
    }
    let run = shown?;
    let exit = runs::ended(&run.value)?;
    let another = if made.value.api_key.is_some() { "make more keys" } else { "mint a key for it" };
    ctx.hint(&format!("{another}: `tenantry key create --tenant {slug}`"))?;
    Ok(exit)
}

/// Prints what began a run as the server answered.
pub(super) fn answered(ctx: &mut Ctx<'_, '_>, made: &Answer<TenantAndRun>) -> Result<(), Failure> {
    let Answer { value, text } = made;
    ctx.result(text, |now| {
        let mut rows = with_run(&value.tenant, &value.run, now);
        rows.extend(once(value, now));
        facts(&rows)
    })?;
    warn(ctx, value)
}

/// Prints tenant and run as they are now, with what only the answer that began the run tells; the tenant is `null` when it is gone.
pub(super) fn report(
    ctx: &mut Ctx<'_, '_>,
    slug: &str,
    answer: &str,
    run: &Answer<Run>,
) -> Result<(), Failure> {
    let gone = run.value.kind == RunKind::Purge || run.value.status != RunStatus::Succeeded;
    let tenant = match ctx.api.get::<Tenant>(&path(slug)) {
        Ok(tenant) => Some(tenant),
        Err(failure) if failure.code == "not_found" && gone => None,
        Err(failure) => return Err(failure),
    };
    let made = Answer::<TenantAndRun>::read(answer.to_owned(), "the server")?.value;
    let text = tenant.as_ref().map_or("null", |tenant| tenant.text.trim_end());
    let more = Answer::<Once>::read(answer.to_owned(), "the server")?.value.members();
    let json = format!(r#"{{"tenant":{text},"run":{}{more}}}"#, run.text.trim_end());
    ctx.result(&json, |now| {
        let mut rows = match &tenant {
            Some(tenant) => with_run(&tenant.value, &run.value, now),
            None => vec![("run", of_run(&run.value))],
        };
        rows.extend(once(&made, now));
        facts(&rows)
    })?;
    warn(ctx, &made)
}

/// What only the answer that began a run tells, as it came.
#[derive(Deserialize)]
struct Once {
    api_key: Option<Box<RawValue>>,
    owner_invitation: Option<Box<RawValue>>,
    restorable_until: Option<Box<RawValue>>,
}

impl Once {
    /// As further members of an object.
    fn members(&self) -> String {
        [
            ("api_key", &self.api_key),
            ("owner_invitation", &self.owner_invitation),
            ("restorable_until", &self.restorable_until),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!(r#","{name}":{}"#, value.as_ref()?)))
        .collect()
    }
}

/// The same for people.
fn once(made: &TenantAndRun, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    rows.extend(made.api_key.as_ref().map(|key| ("api key", key.clone())));
    rows.extend(made.owner_invitation.iter().flat_map(|made| invitation(made, now)));
    rows.extend(made.restorable_until.map(|until| ("restorable until", date(until, now))));
    rows
}

fn invitation(made: &OwnerInvitation, now: DateTime<Utc>) -> [(&'static str, String); 2] {
    let to = format!("{}, good until {}", made.email, date(made.expires_at, now));
    [("invite", made.url.clone()), ("for", to)]
}

fn date(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ({})", time.to_rfc3339_opts(SecondsFormat::Secs, true), when(time, now))
}

/// Who does not keep a secret now cannot have it again.
fn warn(ctx: &mut Ctx<'_, '_>, made: &TenantAndRun) -> Result<(), Failure> {
    if made.api_key.is_none() {
        return Ok(());
    }
    ctx.hint("keep the API key and the owner's invitation link now: only their hashes are stored, and they are not shown again")
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

/// `tenant update`.
pub(crate) fn update(ctx: &mut Ctx<'_, '_>, args: &UpdateTenantArgs) -> Result<Exit, Failure> {
    let own = |limit: &str, number: Option<u32>| {
        let tiers = args.as_tier.iter().any(|named| named.eq_ignore_ascii_case(limit));
        match (number, tiers) {
            (Some(_), true) => Err(Failure::local(
                "usage",
                format!("{limit}: a number of the tenant's own, or --as-tier {limit}, and not both"),
            )
            .exit(Exit::Usage)),
            (number, tiers) => Ok(number.map(Some).or(tiers.then_some(None))),
        }
    };
    let wish = UpdateTenant {
        name: args.name.clone(),
        admin_email: args.admin_email.clone(),
        allowed_domains: (args.no_domains || !args.domains.is_empty()).then(|| args.domains.clone()),
        domain_join_role: args
            .join_role
            .as_ref()
            .map(|role| Some(role.to_lowercase()).filter(|role| role != "none")),
        plan_tier: args.tier.as_ref().map(|tier| tier.to_lowercase()),
        max_agents: own("agents", args.own.max_agents)?,
        max_tasks_per_month: own("tasks", args.own.max_tasks_per_month)?,
        storage_limit_gb: own("storage", args.own.storage_limit_gb)?,
    };
    let Answer { value: tenant, text } = ctx.api.patch::<_, Tenant>(&path(&args.slug), &wish)?;
    ctx.result(&text, |now| in_full(&tenant, now))?;
    Ok(Exit::Done)
}

/// `tenant invite-owner`.
pub(crate) fn invite_owner(ctx: &mut Ctx<'_, '_>, slug: &str) -> Result<Exit, Failure> {
    let path = format!("{}/owner-invitation", path(slug));
    let Answer { value: made, text } = ctx.api.post::<_, OwnerInvitation>(&path, &Nothing {})?;
    ctx.result(&text, |now| facts(&invitation(&made, now)))?;
    ctx.hint(
        "pass the link on now: only its hash is stored, and it is not shown again; those before open no more",
    )?;
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

fn with_run(tenant: &Tenant, run: &Run, now: DateTime<Utc>) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("tenant", format!("{} ({})", tenant.slug, tenant.id)),
        ("name", tenant.name.clone()),
        ("status", tenant.status.to_string()),
        ("tier", tenant.plan_tier.to_string()),
        ("schema", tenant.schema_name.clone()),
        ("console", tenant.console_url.clone()),
        ("created", when(tenant.created_at, now)),
    ];
    rows.extend(tenant.deleted_at.map(|at| ("deleted", when(at, now))));
    rows.push(("run", of_run(run)));
    rows
}

fn in_full(tenant: &Tenant, now: DateTime<Utc>) -> String {
    let limits = &tenant.limits;
    let mut rows = vec![
        ("slug", tenant.slug.to_string()),
        ("name", tenant.name.clone()),
        ("id", tenant.id.to_string()),
        ("status", tenant.status.to_string()),
        ("tier", tenant.plan_tier.to_string()),
        ("schema", schema(tenant)),
        ("admin", tenant.admin_email.clone()),
        ("domains", domains(tenant)),
        ("console", tenant.console_url.clone()),
        ("created", when(tenant.created_at, now)),
        ("changed", when(tenant.updated_at, now)),
    ];
    rows.extend(tenant.deleted_at.map(|at| ("deleted", when(at, now))));
    rows.extend(tenant.restorable_until.map(|until| ("restorable until", date(until, now))));
    let mut text = facts(&rows);
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
        .map(|(name, most)| [name.to_owned(), of_its_own(tenant, name, limit(most))]),
    ));
    text
}

/// Its name, and its version once it is placed.
fn schema(tenant: &Tenant) -> String {
    let version = tenant.schema_version.as_ref();
    version.map_or_else(
        || tenant.schema_name.clone(),
        |version| format!("{} (version {version})", tenant.schema_name),
    )
}

/// The limit, and whether it is the tenant's own.
fn of_its_own(tenant: &Tenant, name: &str, most: String) -> String {
    let own = match name {
        "agents" => tenant.max_agents,
        "tasks a month" => tenant.max_tasks_per_month,
        "storage, GB" => tenant.storage_limit_gb,
        _ => None,
    };
    if own.is_some() { format!("{most} (its own)") } else { most }
}

/// The domains, and what their people become.
fn domains(tenant: &Tenant) -> String {
    let domains = tenant.allowed_domains.join(", ");
    match tenant.domain_join_role {
        Some(role) if !domains.is_empty() => format!("{domains}: join as {role}"),
        _ => domains,
    }
}

#[cfg(test)]
mod tests;
