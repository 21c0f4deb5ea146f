//! Provisioning: makes, changes and removes tenants, through runs whose steps are all done or all undone.
//!
//! Owns: `provisioning_runs`, `provisioning_steps`. Calls: durable, placement, registry, identity, psql, audit. Called by: server, worker.
//! Invariants: with a warm slot the whole run is one transaction without DDL (`a_warm_tenant_runs_no_ddl`); a failed run leaves its record
//! and nothing else (`a_failed_run_leaves_nothing`); a tenant has one open run at most (`two_changes_at_once_are_one`).
//! After a crash: an open transaction was rolled back; a worker takes the run again, since its holder's connection is gone (the crash matrix).

mod access;
mod ask;
mod host;
mod jobs;
mod life;
mod model;
mod steps;
mod store;
mod wish;

pub use access::FirstAccess;
pub use jobs::{Outcome, work};
pub use life::{Change, PURGE};

use crate::{
    Error, Result,
    audit::{self, Deed},
    ctx::{Ctx, Request},
    identity::Environment,
    placement::{self, Home},
    registry::{self, TenantRecord},
    wake::Waker,
};
use host::{Host, Making};
use model::{Input, New};
use serde_json::json;
use tenantry_durable::{
    outbox,
    saga::{self, Happening, happens},
};
use tenantry_pg::{ControlTx, Pool, roles::Installation};
use tenantry_types::{
    ErrorCode, RunId, Slug, TenantId, Tier,
    page::Page,
    run::{Run, RunKind, RunStatus, StepName},
    tenant::CreateTenant,
};
use wish::Wish;

/// What the server needs to make and change tenants. It holds no owner's credential: it claims slots, and leaves making them to the worker.
#[derive(Clone)]
pub struct Provisioning {
    /// Begins and overrules runs.
    pub runs: Runs,
    /// Digest of the files that slots must be made from.
    pub template: String,
    /// For wishes that name none.
    pub default_tier: Tier,
    /// Part of API keys.
    pub environment: Environment,
    /// Where people find the console.
    pub public_url: String,
}

/// What it takes to begin a run, and to do those of its first steps that need no owner.
#[derive(Clone)]
pub struct Runs {
    /// The platform login; in the worker the owner's.
    pub pool: Pool,
    /// Clock, ids, faults.
    pub ctx: Ctx,
    /// Names.
    pub installation: Installation,
    /// The version that slots must have.
    pub schema_version: String,
    /// Tells the worker.
    pub waker: Waker,
}

/// A tenant and the run at work on it.
#[derive(Debug, Clone)]
pub struct Made {
    /// The tenant as it is now.
    pub tenant: TenantRecord,
    /// The run.
    pub run: Run,
    /// Shown this once, where the run makes a tenant.
    pub access: Option<FirstAccess>,
}

/// Slots that may turn out broken before a wish goes the cold way.
const BROKEN_SLOTS: usize = 3;

impl Provisioning {
    /// Makes a tenant: at once where a slot is ready, else as a run for the worker.
    ///
    /// # Errors
    /// 409 for a slug that is taken, 422 for bad fields.
    pub async fn create(&self, request: &Request, wish: CreateTenant) -> Result<Made> {
        let wish = wish::check(wish, self.default_tier)?;
        let access = FirstAccess::new(self)?;
        for attempt in 0..=BROKEN_SLOTS {
            let input = (self.clone(), request.clone(), wish.clone(), access.clone(), attempt < BROKEN_SLOTS);
            let made = self
                .runs
                .pool
                .run("create_tenant", input, |tx, (this, request, wish, access, warm)| {
                    Box::pin(this.create_in(tx, request, wish, access, *warm))
                })
                .await;
            match made {
                Err(Error::BrokenSlot { tenant, why }) => self.take_out_of_service(tenant, &why).await?,
                Err(error) => return Err(slug_taken(error, wish.slug.as_str())),
                made => {
                    self.runs.waker.wake();
                    return made;
                }
            }
        }
        Err(Error::Fault("the cold way met a slot".to_owned()))
    }

    async fn create_in(
        &self,
        tx: &ControlTx,
        request: &Request,
        wish: &Wish,
        access: &FirstAccess,
        warm: bool,
    ) -> Result<Made> {
        let now = self.runs.ctx.now();
        let home = if warm { placement::store::claim(tx, &self.template, now).await? } else { None };
        let (tenant, schema, role) = match &home {
            Some(home) => (home.tenant, home.schema.clone(), home.role.clone()),
            None => self.unplaced()?,
        };
        let new = New {
            name: wish.name.clone(),
            tier: wish.tier,
            admin_email: wish.admin_email.clone(),
            allowed_domains: wish.allowed_domains.clone(),
            schema_name: schema,
            role_name: role,
            console_url: registry::console_url(&self.public_url, &wish.slug),
            first: access.remembered(),
        };
        let steps = if home.is_some() { usize::MAX } else { steps::at_once(RunKind::Create) };
        let input = Input { new: Some(new), ..Input::default() };
        let (mut run, mut making) = self.runs.begun(RunKind::Create, tenant, wish.slug.as_str(), input);
        making.home = home;
        self.runs.act(tx, &mut making, &mut run, steps).await?;
        store::insert(tx, &run, &making.input).await?;
        let deed = Deed {
            tenant: Some(tenant),
            action: "tenant.create",
            target_kind: "tenant",
            target: tenant.to_string(),
            after: Some(json!({
                "slug": wish.slug, "name": wish.name, "plan_tier": wish.tier, "admin_email": wish.admin_email,
                "allowed_domains": wish.allowed_domains, "run_id": run.id,
            })),
        };
        audit::record(tx, &self.runs.ctx, request, &deed).await?;
        let record = registry::store::by_id(tx, tenant).await?;
        let tenant = record.ok_or_else(|| Error::Fault("a new tenant is not there".to_owned()))?;
        Ok(Made { tenant, run, access: Some(access.clone()) })
    }

    /// An id and names for a tenant whose home is made later.
    fn unplaced(&self) -> Result<(TenantId, String, String)> {
        let opaque = Home::opaque()?;
        let role = self.runs.installation.tenant_role(&opaque);
        Ok((TenantId(self.runs.ctx.uuid()), Home::schema_of(&opaque), role))
    }

    async fn take_out_of_service(&self, tenant: TenantId, why: &str) -> Result<()> {
        tracing::error!(%tenant, why, "a warm slot is not isolated; it is never handed out, `tenantry doctor` names it");
        let input = (tenant, self.runs.ctx.now());
        self.runs
            .pool
            .run("mark_slot_broken", input, |tx, (tenant, now)| {
                Box::pin(placement::store::mark_broken(tx, *tenant, *now))
            })
            .await
    }
}

impl Runs {
    fn host(&self) -> Host {
        Host {
            pool: self.pool.clone(),
            ctx: self.ctx.clone(),
            installation: self.installation.clone(),
            schema_version: self.schema_version.clone(),
            builder: None,
        }
    }

    fn begun(&self, kind: RunKind, tenant: TenantId, slug: &str, input: Input) -> (Run, Making) {
        let run = Run {
            id: RunId(self.ctx.uuid()),
            kind,
            tenant_id: tenant,
            tenant_slug: slug.to_owned(),
            status: RunStatus::Pending,
            steps: saga::fresh_steps(steps::of(kind).iter().map(|step| step.name)),
            error: None,
            result: None,
            created_at: self.ctx.now(),
            started_at: None,
            finished_at: None,
            duration_ms: None,
        };
        (run, Making { tenant, slug: slug.to_owned(), input, home: None, result: None })
    }

    /// The first `steps` of a run, here and now. Where these are all, the run is at its end with them.
    async fn act(&self, tx: &ControlTx, making: &mut Making, run: &mut Run, steps: usize) -> Result<()> {
        if steps >= run.steps.len() {
            happens(run, Happening::Taken, self.ctx.now());
        }
        saga::act(&self.host(), tx, making, run, 0..steps.min(run.steps.len())).await?;
        run.result.clone_from(&making.result);
        Ok(())
    }
}

/// The registry's constraint, as a refusal.
fn slug_taken(error: Error, slug: &str) -> Error {
    if !error.violates("tenants_slug_key") {
        return error;
    }
    taken(slug)
}

fn taken(slug: &str) -> Error {
    Error::refused(ErrorCode::SlugTaken, format!("Another tenant has the slug {slug}."))
        .next("Choose another; GET /v1/slugs/{slug} tells which are free.")
}

/// A run.
///
/// # Errors
/// 404 when there is none.
pub async fn show(platform: &Pool, id: RunId) -> Result<Run> {
    platform.run("show_run", id, |tx, id| Box::pin(store::find(tx, *id))).await?.ok_or_else(Error::not_found)
}

/// The latest run of a tenant, by slug; also of one that was rolled back or purged and is gone.
///
/// # Errors
/// 404 when there is none.
pub async fn latest(platform: &Pool, slug: &str) -> Result<Run> {
    Slug::stored(slug).ok_or_else(Error::not_found)?;
    let query =
        store::ListRuns { tenant: Some(slug.to_owned()), status: None, kind: None, limit: 1, before: None };
    let mut runs = platform.run("latest_run", query, |tx, query| Box::pin(store::list(tx, query))).await?;
    runs.pop().ok_or_else(Error::not_found)
}

/// A page of runs, newest first.
///
/// # Errors
/// 422 for a status, kind, limit or cursor that cannot be.
pub async fn list(
    platform: &Pool,
    tenant: Option<String>,
    status: Option<&str>,
    kind: Option<&str>,
    limit: Option<u16>,
    cursor: Option<&str>,
) -> Result<Page<Run>> {
    let query = wish::check_list(tenant, status, kind, limit, cursor)?;
    let limit = query.limit;
    let asked = store::ListRuns { limit: limit + 1, ..query };
    let mut items = platform.run("list_runs", asked, |tx, query| Box::pin(store::list(tx, query))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor })
}

/// What happened after the event at `after`, in one run or in all; 0 for everything that is still known.
///
/// # Errors
/// The database's.
pub async fn events(platform: &Pool, run: Option<RunId>, after: i64) -> Result<Vec<outbox::Event>> {
    let key = run.map(|run| run.to_string());
    platform
        .run("run_events", (key, after), |tx, (key, after)| {
            Box::pin(async move { Ok(outbox::read(tx, store::TOPIC, key.as_deref(), *after, 200).await?) })
        })
        .await
}

/// Where the events of all runs end now.
///
/// # Errors
/// The database's.
pub async fn events_head(platform: &Pool) -> Result<i64> {
    platform.run("run_events_head", (), |tx, ()| Box::pin(async move { Ok(outbox::head(tx).await?) })).await
}

/// Every kind of run with its steps, for whoever has to try them all.
pub fn catalogue() -> Vec<(RunKind, Vec<StepName>)> {
    RunKind::ALL.iter().map(|kind| (*kind, steps::of(*kind).iter().map(|step| step.name).collect())).collect()
}
