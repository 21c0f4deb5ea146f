//! The worker's recurring duties: what comes round by itself, as schedules that make jobs.
//!
//! Owns: the list of schedules and of the kinds of jobs. Calls: durable, provisioning. Called by: the worker.
//! Invariants: every kind that is scheduled or asked for has a handler (`every_duty_has_a_handler`); a duty looks at the state of things and
//! mends it, so that one that was missed is made good by the next; no tenant is purged early because a worker's clock runs ahead
//! (`a_clock_that_runs_ahead_purges_nothing`). After a crash: the lease is free, and the job is taken again.

use super::{reconcile, store};
use crate::{
    Error, Result, access, archive,
    ctx::Ctx,
    idempotency,
    identity::{self, Environment},
    mail,
    placement::Placement,
    provisioning::{PURGE, Runs},
    registry, secrets,
    wake::Waker,
};
use chrono::{DateTime, TimeDelta, Utc};
use std::{sync::Arc, time::Duration};
use tenantry_durable::{
    Lease,
    jobs::{self, Handler},
    outbox,
};
use tenantry_pg::ControlTx;

/// Finds tenants whose retention is over.
const RETENTION: &str = "retention";
/// Compares the registry with PostgreSQL.
const RECONCILE: &str = "reconcile";
/// Forgets what nobody asks for any more.
const SWEEP: &str = "sweep";

/// Wraps secrets anew that are under a previous key.
const REWRAP: &str = "rewrap";

/// Weighs tenants.
const SAMPLE: &str = "sample";

const SCHEDULES: &[(&str, Duration)] = &[
    (RECONCILE, Duration::from_mins(1)),
    (SAMPLE, Duration::from_mins(1)),
    (RETENTION, Duration::from_mins(10)),
    (SWEEP, Duration::from_mins(10)),
    (REWRAP, Duration::from_mins(10)),
];

/// Days for which events of runs and finished jobs are kept.
const KEPT_DAYS: i64 = 30;

/// The worker's duties.
#[derive(Clone)]
pub struct Duties {
    ctx: Ctx,
    runs: Runs,
    placement: Placement,
    retention: Option<TimeDelta>,
}

impl Duties {
    /// With the owner's means. `retention` is how long a deleted tenant is kept; for ever where there is none.
    pub fn new(placement: &Placement, waker: Waker, retention: Option<TimeDelta>) -> Self {
        let runs = Runs {
            pool: placement.owner.clone(),
            ctx: placement.ctx.clone(),
            installation: placement.installation.clone(),
            schema_version: placement.template.version(),
            environment: Environment::Live,
            // Nothing that a duty begins hands out a link or a key.
            public_url: String::new(),
            retention,
            waker,
            access: None,
        };
        Self { ctx: placement.ctx.clone(), runs, placement: placement.clone(), retention }
    }

    /// Makes the jobs that are due, then does jobs until none is left. Returns how many were done.
    ///
    /// # Errors
    /// The database's. A job that fails is none: it is tried again later.
    pub async fn work(&self, lease: impl Fn() -> Lease) -> Result<usize> {
        let owner = &self.placement.owner;
        owner
            .run("tick_schedules", self.ctx.clone(), |tx, ctx| {
                Box::pin(
                    async move { Ok::<_, Error>(jobs::tick(tx, ctx.now(), SCHEDULES, || ctx.uuid()).await?) },
                )
            })
            .await?;
        let mut done = 0;
        while jobs::work(owner, self.ctx.now(), lease(), |kind| self.handler(kind)).await?.is_some() {
            done += 1;
        }
        Ok(done)
    }

    fn handler(&self, kind: &str) -> Option<Handler<Error>> {
        let this = self.clone();
        Some(match kind {
            RECONCILE => Arc::new(move |tx, _| {
                let this = this.clone();
                Box::pin(async move {
                    let Placement { owner, installation, .. } = &this.placement;
                    access::publish(owner, &this.placement, None).await?;
                    reconcile::look(tx, owner, &this.ctx, installation).await.map(drop)
                })
            }),
            RETENTION => Arc::new(move |tx, _| {
                let this = this.clone();
                Box::pin(async move {
                    let Some(retention) = this.retention else { return Ok(()) };
                    let now = this.ctx.earlier(store::clock(tx).await?);
                    this.runs.find_expired(tx, now - retention).await
                })
            }),
            PURGE => Arc::new(move |tx, job| {
                let this = this.clone();
                Box::pin(async move {
                    let before: DateTime<Utc> = serde_json::from_value(job.input.clone())
                        .map_err(|error| Error::Fault(error.to_string()))?;
                    this.runs.purge_expired(tx, &job.key, before).await
                })
            }),
            SWEEP => Arc::new(move |tx, _| {
                let this = this.clone();
                Box::pin(async move { this.sweep(tx).await })
            }),
            SAMPLE => Arc::new(move |_, _| {
                let this = this.clone();
                // In slices, each with a transaction of its own.
                Box::pin(async move { registry::sample(&this.placement.owner, &this.ctx).await.map(drop) })
            }),
            REWRAP => Arc::new(move |_, _| {
                let this = this.clone();
                Box::pin(async move {
                    // In slices, each with a transaction of its own.
                    secrets::rewrap(&this.placement.owner, &this.placement.vault()).await.map(drop)
                })
            }),
            _ => return None,
        })
    }

    async fn sweep(&self, tx: &ControlTx) -> Result<()> {
        // In slices, each with a transaction of its own: there may be many.
        idempotency::sweep(&self.placement.owner, &self.ctx).await?;
        archive::sweep(&self.placement.owner, &self.ctx).await?;
        let before = self.ctx.now() - TimeDelta::days(KEPT_DAYS);
        identity::sweep(tx, self.ctx.now()).await?;
        outbox::forget(tx, before).await?;
        mail::forget(tx, before).await?;
        Ok(jobs::forget(tx, before).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::Template;
    use tenantry_pg::{
        Login, Pool, PoolSettings, Quiet, Target,
        roles::{Installation, MasterKey},
    };

    /// Duties that connect to nothing.
    fn duties() -> Duties {
        let (target, _) = Target::parse("postgres://nobody@127.0.0.1:1/nothing?sslmode=disable").unwrap();
        let login = Login { user: "nobody".to_owned(), passwords: Vec::new() };
        let owner = Pool::new(target, login, PoolSettings::default(), Arc::new(Quiet));
        let placement = Placement {
            owner: owner.clone(),
            installation: Installation::of_database("nothing", MasterKey::new([7; 32]), None),
            template: Template::built_in().unwrap(),
            ctx: Ctx::system(),
        };
        Duties::new(&placement, Waker::start(owner), None)
    }

    #[tokio::test]
    async fn every_duty_has_a_handler() {
        let duties = duties();
        let kinds = SCHEDULES.iter().map(|(name, _)| *name).chain([PURGE]);
        for kind in kinds {
            assert!(duties.handler(kind).is_some(), "{kind} is asked for, and nobody does it");
        }
        assert!(duties.handler("carve").is_none());
    }
}
