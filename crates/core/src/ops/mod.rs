//! Operations: is it ready, and what should an operator look at.
//!
//! Owns: nothing. Calls: placement, tenancy, pg. Called by: server's health routes, `tenantry doctor`.
//! Invariants: readiness asks the database through the same logins as requests do; a look changes nothing and is bounded in time
//! (`readiness_tells_of_a_lost_database`). After a crash: nothing is left.

pub mod duties;
mod floor;
pub mod live;
mod overview;
mod reconcile;
mod security;
mod store;

pub use overview::overview;
pub use security::{Evidence, Front, security};

use crate::{Result, ctx::Ctx, placement};
use chrono::TimeDelta;
use std::{future::Future, time::Duration};
use store::Facts;
use tenantry_pg::{Pool, PoolStatus};
use tenantry_types::{
    health::{Check, CheckStatus},
    run::Millis,
};

/// A look that takes longer counts as failing.
const PATIENCE: Duration = Duration::from_secs(3);

/// Seconds that an audit event may wait for the sealer.
const UNSEALED_FOR: i64 = 10;

/// Seconds by which two clocks may differ.
const CLOCKS_APART: i64 = 60;

/// What readiness looks at.
pub struct Parts<'a> {
    /// The platform login.
    pub platform: &'a Pool,
    /// The login that sees one tenant.
    pub control: &'a Pool,
    /// Clock.
    pub ctx: &'a Ctx,
    /// Digest of the files that slots must be made from.
    pub template: &'a str,
    /// Each cell's pool.
    pub cells: Vec<(i32, PoolStatus)>,
}

/// Whether requests can be served, part by part.
pub async fn readiness(parts: &Parts<'_>) -> Vec<Check> {
    let database = look(
        parts.ctx,
        "database",
        parts.platform.run("ready_database", (), |tx, ()| Box::pin(store::ping(tx))),
    );
    let control = look(
        parts.ctx,
        "control_login",
        parts.control.run("ready_control", (), |tx, ()| Box::pin(store::ping(tx))),
    );
    let template = parts.template.to_owned();
    let slots = look(
        parts.ctx,
        "warm_slots",
        parts.platform.run("ready_slots", template, |tx, template| {
            Box::pin(placement::store::ready_slots(tx, template))
        }),
    );
    let (database, control, slots) = tokio::join!(database, control, slots);
    let mut checks = vec![database.map(|()| "answers".to_owned()), control.map(|()| "answers".to_owned())];
    checks.push(slots.map(|ready| format!("{ready} ready")).warn_when(
        |detail| detail.starts_with("0 "),
        "The next tenant is made cold; see that `tenantry worker` runs.",
    ));
    let mut checks: Vec<Check> = checks.into_iter().map(|look| look.check).collect();
    checks.extend(parts.cells.iter().map(|(cell, pool)| pool_check(*cell, pool)));
    checks
}

struct Look<T> {
    check: Check,
    value: Option<T>,
}

impl<T> Look<T> {
    fn map(mut self, tell: impl FnOnce(T) -> String) -> Look<()> {
        if let Some(value) = self.value.take() {
            self.check.detail = Some(tell(value));
        }
        Look { check: self.check, value: None }
    }

    fn warn_when(mut self, bad: impl FnOnce(&str) -> bool, advice: &str) -> Self {
        if self.check.status == CheckStatus::Ok && self.check.detail.as_deref().is_some_and(bad) {
            self.check.status = CheckStatus::Warn;
            self.check.advice = Some(advice.to_owned());
        }
        self
    }
}

async fn look<T>(ctx: &Ctx, name: &str, looking: impl Future<Output = Result<T>>) -> Look<T> {
    let began = ctx.now();
    let outcome = tokio::time::timeout(PATIENCE, looking).await;
    let took = Millis { micros: (ctx.now() - began).num_microseconds().unwrap_or(i64::MAX) };
    let (status, detail, value) = match outcome {
        Ok(Ok(value)) => (CheckStatus::Ok, None, Some(value)),
        Ok(Err(error)) => (CheckStatus::Failing, Some(error.to_string()), None),
        Err(_) => (CheckStatus::Failing, Some(format!("no answer within {} s", PATIENCE.as_secs())), None),
    };
    Look {
        check: Check { name: name.to_owned(), status, detail, advice: None, duration_ms: Some(took) },
        value,
    }
}

fn pool_check(cell: i32, pool: &PoolStatus) -> Check {
    let full = pool.in_use >= pool.size;
    Check {
        name: format!("pool_cell_{cell}"),
        status: if full { CheckStatus::Warn } else { CheckStatus::Ok },
        detail: Some(format!("{} of {} connections in use, {} idle", pool.in_use, pool.size, pool.idle)),
        advice: full.then(|| {
            "Requests wait for connections: raise TENANTRY_POOL_SIZE, or find the slow statements.".to_owned()
        }),
        duration_ms: None,
    }
}

/// What an operator should look at.
///
/// # Errors
/// The database's.
pub async fn doctor(platform: &Pool, ctx: &Ctx, template: &str) -> Result<Vec<Check>> {
    let now = ctx.now();
    let stuck_since = now - TimeDelta::minutes(2);
    let facts: Facts = platform
        .run("doctor", (template.to_owned(), stuck_since, now), |tx, (template, since, now)| {
            Box::pin(store::facts(tx, template, *since, *now))
        })
        .await?;
    let ahead = (ctx.now() - ctx.clock.of_database(facts.now)).num_seconds();
    let mut checks = judge(&facts);
    checks.push(clock_check(ahead));
    Ok(checks)
}

/// Deletions are dated by the servers' clocks, and counted by the workers' and the database's.
fn clock_check(ahead: i64) -> Check {
    let apart = ahead.abs() > CLOCKS_APART;
    Check {
        name: "clock".to_owned(),
        status: if apart { CheckStatus::Warn } else { CheckStatus::Ok },
        detail: Some(format!("the server's clock is {ahead} s ahead of the database's")),
        advice: apart.then(|| {
            "Let NTP or chrony set the clocks of servers, workers and database: retention is counted by them.".to_owned()
        }),
        duration_ms: None,
    }
}

fn judge(facts: &Facts) -> Vec<Check> {
    let check = |name: &str, status: CheckStatus, detail: String, advice: &str| Check {
        name: name.to_owned(),
        status,
        detail: Some(detail),
        advice: (status != CheckStatus::Ok).then(|| advice.to_owned()),
        duration_ms: None,
    };
    let when = |bad: bool, status: CheckStatus| if bad { status } else { CheckStatus::Ok };
    vec![
        floor::check(facts.version_num, &facts.version),
        check(
            "createrole",
            when(facts.version_num / 10_000 < 16, CheckStatus::Warn),
            "the owner's CREATEROLE administers only the roles it made from PostgreSQL 16 on".to_owned(),
            "On PostgreSQL 15 CREATEROLE is as strong as the server's OS user. Use 16 or later in production.",
        ),
        check(
            "public_create",
            when(!facts.public_schemas.is_empty(), CheckStatus::Failing),
            format!("schemas in which everybody may create: {}", list(&facts.public_schemas)),
            "Take the right to create in them from PUBLIC.",
        ),
        check(
            "warm_slots",
            when(facts.ready_slots == 0, CheckStatus::Warn),
            format!("{} ready", facts.ready_slots),
            "The next tenant is made cold; see that `tenantry worker` runs and TENANTRY_WARM_SLOTS is not 0.",
        ),
        check(
            "broken_slots",
            when(facts.broken_slots > 0, CheckStatus::Failing),
            format!("{} whose fence did not hold when it was looked at", facts.broken_slots),
            "The server's log names each with what is open. Find who changed grants or policies there; a broken slot is never handed out.",
        ),
        check(
            "stuck_runs",
            when(facts.stuck_runs > 0, CheckStatus::Failing),
            format!("{} not at their end after two minutes", facts.stuck_runs),
            "See that `tenantry worker` runs; `tenantry run list --status running` names them.",
        ),
        check(
            "runs_for_a_person",
            when(facts.attention_runs > 0, CheckStatus::Failing),
            format!("{} could not be undone", facts.attention_runs),
            "`tenantry run list --status needs_attention`, then `tenantry run show ID` says what is left.",
        ),
        check(
            "wish_and_world",
            when(!facts.findings.is_empty(), CheckStatus::Failing),
            format!("not as the registry says: {}", list(&facts.findings)),
            "Each line says what can be done. The reconciler looks once a minute, and forgets what is gone.",
        ),
        check(
            "failed_jobs",
            when(facts.failed_jobs > 0, CheckStatus::Failing),
            format!("{} gave up", facts.failed_jobs),
            "The table `jobs` and the worker's log say why; once the cause is mended, delete the rows: what recurs comes round again.",
        ),
        check(
            "mail",
            when(facts.failed_mails + facts.waiting_mails > 0, CheckStatus::Warn),
            format!(
                "{} could not be sent in the last week, {} wait for longer than ten minutes",
                facts.failed_mails, facts.waiting_mails
            ),
            "The table `mails` says why; see that `tenantry worker` runs with TENANTRY_SMTP_URL. What failed is asked for again by whoever waits for it.",
        ),
        check(
            "audit_sealed",
            when(facts.unsealed_seconds > UNSEALED_FOR, CheckStatus::Warn),
            format!("the oldest audit event that is not sealed has waited {} s", facts.unsealed_seconds),
            "Events are kept, and sealed once `tenantry worker` runs; its log says what keeps it.",
        ),
        check(
            "fullest_cell",
            CheckStatus::Ok,
            format!("{} of {} tenants", facts.fullest_cell, placement::TENANTS_PER_CELL),
            "",
        ),
    ]
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn clocks_that_differ_are_told() {
        let told: Vec<_> = [-61, -60, 0, 60, 61].map(|ahead| clock_check(ahead).status.as_str()).into();
        assert_eq!(told, ["warn", "ok", "ok", "ok", "warn"]);
    }

    #[test]
    fn each_finding_has_its_advice() {
        let facts = Facts {
            version_num: 150_010,
            version: "15.10".to_owned(),
            public_schemas: vec!["public".to_owned()],
            ready_slots: 0,
            broken_slots: 1,
            stuck_runs: 2,
            attention_runs: 3,
            findings: vec!["tenant_x: a schema that no slot knows".to_owned()],
            failed_jobs: 4,
            failed_mails: 1,
            waiting_mails: 0,
            fullest_cell: 500,
            unsealed_seconds: 11,
            now: DateTime::UNIX_EPOCH,
        };
        let checks = judge(&facts);
        let told: Vec<_> =
            checks.iter().map(|c| (c.name.as_str(), c.status.as_str(), c.advice.is_some())).collect();
        assert_eq!(
            told,
            [
                ("postgresql_version", "warn", true),
                ("createrole", "warn", true),
                ("public_create", "failing", true),
                ("warm_slots", "warn", true),
                ("broken_slots", "failing", true),
                ("stuck_runs", "failing", true),
                ("runs_for_a_person", "failing", true),
                ("wish_and_world", "failing", true),
                ("failed_jobs", "failing", true),
                ("mail", "warn", true),
                ("audit_sealed", "warn", true),
                ("fullest_cell", "ok", false),
            ]
        );
        let fine = Facts {
            version_num: 180_007,
            version: "18.7".to_owned(),
            public_schemas: Vec::new(),
            ready_slots: 16,
            broken_slots: 0,
            stuck_runs: 0,
            attention_runs: 0,
            findings: Vec::new(),
            failed_jobs: 0,
            failed_mails: 0,
            waiting_mails: 0,
            fullest_cell: 3,
            unsealed_seconds: 10,
            now: DateTime::UNIX_EPOCH,
        };
        assert!(judge(&fine).iter().all(|check| check.status == CheckStatus::Ok));
    }
}
