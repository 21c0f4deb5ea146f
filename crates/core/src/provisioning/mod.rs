//! Provisioning: makes, changes and removes tenants, through runs whose steps are all done or all undone.
//!
//! Owns: `provisioning_runs`, `provisioning_steps`. Calls: durable, placement, registry, identity, psql, audit, idempotency. Called by: server, worker.
//! Invariants: with a warm slot the whole run is one transaction without DDL (`a_warm_tenant_runs_no_ddl`); a failed run leaves its record
//! and nothing else (`a_failed_run_leaves_nothing`); a tenant has one open run at most (`two_changes_at_once_are_one`).
//! After a crash: an open transaction was rolled back; a worker takes the run again, since its holder's connection is gone (the crash matrix).

mod access;
mod adopt;
mod answer;
mod ask;
mod host;
mod import;
mod jobs;
mod life;
mod look;
mod model;
mod offer;
mod steps;
mod store;
mod update;
mod wish;

pub use host::DemoData;
pub use import::ImportWish;
pub use jobs::{Outcome, work, work_with};
pub use life::{Change, PURGE};
pub use look::{catalogue, events, events_head, latest, list, show};
pub use offer::offer;
pub(crate) use store::TOPIC;

use crate::{
    Error, Result,
    access::Access,
    audit::{self, Deed},
    ctx::{Ctx, Request},
    idempotency::{Answer, Once},
    identity::Environment,
    placement::{self, Home, Template},
    registry,
    wake::Waker,
};
use access::FirstAccess;
use answer::Made;
use chrono::{DateTime, TimeDelta, Utc};
use host::{Host, Making};
use model::{Input, New};
use serde_json::json;
use tenantry_durable::saga::{self, Happening, happens};
use tenantry_pg::{ControlTx, Pool, roles::Installation};
use tenantry_types::{
    ErrorCode, RunId, TenantId, Tier,
    run::{Run, RunKind, RunStatus},
    tenant::{CreateTenant, Tenant, TenantAndRun},
};
use uuid::Uuid;
use wish::Wish;

/// What the server needs to make and change tenants. It holds no owner's credential: it claims slots, and leaves making them to the worker.
#[derive(Clone)]
pub struct Provisioning {
    /// Begins and overrules runs.
    pub runs: Runs,
    /// What slots must be made from, and what older versions there are.
    pub template: Template,
    /// For wishes that name none.
    pub default_tier: Tier,
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
    /// Part of API keys.
    pub environment: Environment,
    /// Where people find the console.
    pub public_url: String,
    /// How long a deleted tenant can be restored; for ever where there is none.
    pub retention: Option<TimeDelta>,
    /// Tells the worker.
    pub waker: Waker,
    /// Tells the servers. None in the worker: what it does to a tenant's state is done to one that nobody is let into.
    pub access: Option<Access>,
}

/// What the making of a tenant begins with.
struct Beginning<'a> {
    kind: RunKind,
    wish: &'a Wish,
    access: &'a FirstAccess,
    /// Its id, and the names of its schema and role.
    names: (TenantId, String, String),
    /// A slot that was claimed for it.
    home: Option<Home>,
    /// What the kind needs beside.
    input: Input,
}

/// Slots that may turn out broken before a wish goes the cold way.
const BROKEN_SLOTS: usize = 3;

impl Provisioning {
    /// Makes a tenant: at once where a slot is ready, else as a run for the worker. With `once`, one tenant however often it is asked for;
    /// the answer shows tenant and run as they are now.
    ///
    /// # Errors
    /// 409 for a slug that is taken, 422 for bad fields; those of [`idempotency::begin`].
    pub async fn create(
        &self,
        request: &Request,
        once: Option<Once>,
        wish: CreateTenant,
    ) -> Result<Answer<TenantAndRun>> {
        let access = FirstAccess::new(self, once.as_ref())?;
        for attempt in 0..=BROKEN_SLOTS {
            let input = (
                self.clone(),
                request.clone(),
                (wish.clone(), once.clone(), access.clone()),
                attempt < BROKEN_SLOTS,
            );
            let made = self
                .runs
                .pool
                .run("create_tenant", input, |tx, (this, request, (wish, once, access), warm)| {
                    Box::pin(async move {
                        if let Some(kept) = answer::kept(tx, &this.runs, once.as_ref()).await? {
                            return Ok(kept);
                        }
                        // Not before: what was answered once is answered again, whatever versions the migrations bring by now.
                        let wish = wish::check(wish.clone(), this.default_tier, &this.template)?;
                        let made = this.create_in(tx, request, &wish, access, *warm).await?;
                        answer::keep(tx, &this.runs, once.as_ref(), made).await
                    })
                })
                .await;
            match made {
                Err(Error::BrokenSlot { tenant, why }) => self.take_out_of_service(tenant, &why).await?,
                Err(error) => return Err(slug_taken(error, &wish.slug)),
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
        let home = if warm { placement::store::claim(tx, wish.template.digest(), now).await? } else { None };
        let names = match &home {
            Some(home) => (home.tenant, home.schema.clone(), home.role.clone()),
            None => self.unplaced(None)?,
        };
        self.begin_making(
            tx,
            request,
            Beginning { kind: RunKind::Create, wish, access, names, home, input: Input::default() },
        )
        .await
    }

    /// The run that makes a tenant, with the steps that are done at once: all of them where it has a home already.
    async fn begin_making(
        &self,
        tx: &ControlTx,
        request: &Request,
        beginning: Beginning<'_>,
    ) -> Result<Made> {
        let Beginning { kind, wish, access, names: (tenant, schema, role), home, input } = beginning;
        let new = New {
            name: wish.name.clone(),
            tier: wish.tier,
            admin_email: wish.admin_email.clone(),
            allowed_domains: wish.allowed_domains.clone(),
            own: wish.own,
            schema_version: wish.schema_version.clone(),
            schema_name: schema,
            role_name: role,
            console_url: registry::console_url(&self.runs.public_url, &wish.slug),
            first: access.remembered(),
        };
        let steps = match (&home, wish.demo_data) {
            (Some(_), false) => usize::MAX,
            (Some(_), true) => steps::BEFORE_DEMO_DATA,
            (None, _) => steps::at_once(kind),
        };
        let input = Input { new: Some(new), ..input };
        let (mut run, mut making) = self.runs.begun(kind, tenant, wish.slug.as_str(), input);
        if wish.demo_data {
            run.steps = saga::fresh_steps(steps::CREATE_WITH_DEMO_DATA.iter().map(|step| step.name));
        }
        making.home = home;
        self.runs.act(tx, &mut making, &mut run, steps).await?;
        store::insert(tx, &run, &making.input).await?;
        let deed = Deed {
            tenant: Some(tenant),
            action: life::action(kind),
            target_kind: "tenant",
            target: tenant.to_string(),
            after: Some(json!({
                "slug": wish.slug, "name": wish.name, "plan_tier": wish.tier, "admin_email": wish.admin_email,
                "allowed_domains": wish.allowed_domains, "max_agents": wish.own.agents,
                "max_tasks_per_month": wish.own.tasks_per_month, "storage_limit_gb": wish.own.storage_gb,
                "schema_version": wish.schema_version, "demo_data": wish.demo_data, "run_id": run.id,
            })),
            ..Deed::default()
        };
        audit::record(tx, &self.runs.ctx, request, &deed).await?;
        let record = registry::store::by_id(tx, tenant).await?;
        let tenant = record.ok_or_else(|| Error::Fault("a new tenant is not there".to_owned()))?;
        Ok(Made { tenant, run, access: Some(access.clone()) })
    }

    /// An id and names for a tenant whose home is made later.
    fn unplaced(&self, tenant: Option<TenantId>) -> Result<(TenantId, String, String)> {
        let opaque = Home::opaque()?;
        let tenant = tenant.unwrap_or_else(|| TenantId(self.runs.ctx.uuid()));
        let role = self.runs.installation.tenant_role(&opaque);
        Ok((tenant, Home::schema_of(&opaque), role))
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
    /// Until when a tenant can be restored that was deleted then; none where it is kept for ever.
    pub fn restorable_until(&self, deleted_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        deleted_at.zip(self.retention).map(|(at, kept)| at + kept)
    }

    /// Tells of deleted tenants until when they can be restored; of one that is being purged nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn tell_restorable(&self, tenants: &mut [Tenant]) -> Result<()> {
        let deleted: Vec<Uuid> =
            tenants.iter().filter(|one| one.deleted_at.is_some()).map(|one| one.id.0).collect();
        if deleted.is_empty() || self.retention.is_none() {
            return Ok(());
        }
        let purged =
            self.pool.run("find_purged", deleted, |tx, ids| Box::pin(store::purged(tx, ids))).await?;
        for tenant in tenants.iter_mut().filter(|one| !purged.contains(&one.id)) {
            tenant.restorable_until = self.restorable_until(tenant.deleted_at);
        }
        Ok(())
    }

    fn host(&self) -> Host {
        Host {
            pool: self.pool.clone(),
            ctx: self.ctx.clone(),
            installation: self.installation.clone(),
            schema_version: self.schema_version.clone(),
            builder: None,
            demo_data: None,
        }
    }

    /// A run with its steps, and what they share. Nothing is written yet.
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
        (run, Making::new_for(tenant, slug, input))
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
