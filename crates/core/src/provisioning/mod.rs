//! Provisioning: makes a tenant through a run with recorded steps.
//!
//! Owns: `provisioning_runs`, `provisioning_steps`, `provisioning_events`. Calls: placement, registry, audit. Called by: server, worker.
//! Invariants: with a warm slot the whole run is one transaction without DDL (`a_warm_tenant_runs_no_ddl`); without one, everything from
//! `place` on is one transaction of the worker; a failed run leaves its record and nothing else (`a_failed_run_leaves_nothing`).
//! After a crash: an open transaction was rolled back; the run's lease runs out and a worker takes it again.

mod import;
mod jobs;
mod model;
mod steps;
mod store;
mod wish;

pub use import::ImportWish;
pub use jobs::{Outcome, work};
pub use model::next_status;
pub use store::RunEvent;

use crate::{
    Error, Result,
    audit::{self, Deed},
    ctx::{Ctx, Request},
    placement::{self, Home},
    registry::{self, TenantRecord},
    wake::Waker,
};
use model::RunState;
use serde_json::json;
use steps::Making;
use tenantry_pg::{ControlTx, Pool, roles::Installation};
use tenantry_types::{ErrorCode, RunId, Slug, TenantId, Tier, page::Page, run::Run, tenant::CreateTenant};
use wish::Wish;

/// What the server needs to make tenants. It holds no owner's credential: it claims slots, and leaves making them to the worker.
#[derive(Clone)]
pub struct Provisioning {
    /// The platform login.
    pub platform: Pool,
    /// Clock, ids, faults.
    pub ctx: Ctx,
    /// Names.
    pub installation: Installation,
    /// The version that slots must have.
    pub schema_version: String,
    /// Digest of the files that slots must be made from.
    pub template: String,
    /// For wishes that name none.
    pub default_tier: Tier,
    /// Tells the worker.
    pub waker: Waker,
}

/// Slots that may turn out broken before a wish goes the cold way.
const BROKEN_SLOTS: usize = 3;

impl Provisioning {
    /// Makes a tenant: at once where a slot is ready, else as a run for the worker.
    ///
    /// # Errors
    /// 409 for a slug that is taken, 422 for bad fields.
    pub async fn create(&self, request: &Request, wish: CreateTenant) -> Result<(TenantRecord, Run)> {
        let wish = wish::check(wish, self.default_tier)?;
        for attempt in 0..=BROKEN_SLOTS {
            let input = (self.clone(), request.clone(), wish.clone(), attempt < BROKEN_SLOTS);
            let made = self
                .platform
                .run("create_tenant", input, |tx, (this, request, wish, warm)| {
                    Box::pin(this.create_in(tx, request, wish, *warm))
                })
                .await;
            match made {
                Err(Error::BrokenSlot { tenant, why }) => self.take_out_of_service(tenant, &why).await?,
                Err(error) if error.violates("tenants_slug_key") => {
                    return Err(Error::refused(
                        ErrorCode::SlugTaken,
                        format!("Another tenant has the slug {}.", wish.slug),
                    )
                    .next("Choose another; GET /v1/slugs/{slug} tells which are free."));
                }
                other => {
                    self.waker.wake();
                    return other;
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
        warm: bool,
    ) -> Result<(TenantRecord, Run)> {
        let now = self.ctx.now();
        let slot = if warm { placement::store::claim(tx, &self.template, now).await? } else { None };
        let home = match slot {
            Some(home) => Ok(home),
            None => Err(Home::opaque()?),
        };
        let tenant = home.as_ref().map_or_else(|_| TenantId(self.ctx.uuid()), |home| home.tenant);
        let mut run = RunState::new(RunId(self.ctx.uuid()), tenant, &wish.slug, now);
        let mut making = Making::claimed(tx, &self.ctx, tenant, wish.slug.as_str(), &self.schema_version);
        run.begin_step(0, &self.ctx);
        let (schema, role) = match &home {
            Ok(home) => (home.schema.clone(), home.role.clone()),
            Err(opaque) => (Home::schema_of(opaque), self.installation.tenant_role(opaque)),
        };
        registry::store::insert_tenant(
            tx,
            &registry::store::NewTenant {
                id: tenant,
                slug: wish.slug.as_str(),
                name: &wish.name,
                schema_name: &schema,
                role_name: &role,
                tier: wish.tier,
                admin_email: &wish.admin_email,
                allowed_domains: &wish.allowed_domains,
                now,
            },
        )
        .await?;
        run.end_step(0, &self.ctx, steps::Done::did("slug held"));
        if let Ok(home) = home {
            making.home = Some(home);
            steps::run_all(&mut making, &mut run).await?;
        }
        store::insert(tx, &run).await?;
        let deed = Deed {
            tenant: Some(tenant),
            action: "tenant.create",
            target_kind: "tenant",
            target: tenant.to_string(),
            after: Some(json!({
                "slug": wish.slug, "name": wish.name, "plan_tier": wish.tier, "admin_email": wish.admin_email,
                "allowed_domains": wish.allowed_domains, "run_id": run.run.id,
            })),
        };
        audit::record(tx, &self.ctx, request, &deed).await?;
        let record = registry::store::by_id(tx, tenant).await?;
        Ok((record.ok_or_else(|| Error::Fault("a new tenant is not there".to_owned()))?, run.run))
    }

    async fn take_out_of_service(&self, tenant: TenantId, why: &str) -> Result<()> {
        tracing::error!(%tenant, why, "a warm slot is not isolated; it is never handed out, `tenantry doctor` names it");
        let input = (tenant, self.ctx.now());
        self.platform
            .run("mark_slot_broken", input, |tx, (tenant, now)| {
                Box::pin(placement::store::mark_broken(tx, *tenant, *now))
            })
            .await
    }
}

/// A run.
///
/// # Errors
/// 404 when there is none.
pub async fn show(platform: &Pool, id: RunId) -> Result<Run> {
    platform.run("show_run", id, |tx, id| Box::pin(store::find(tx, *id))).await?.ok_or_else(Error::not_found)
}

/// The latest run of a tenant, by slug; also of one that was rolled back and is gone.
///
/// # Errors
/// 404 when there is none.
pub async fn latest(platform: &Pool, slug: &str) -> Result<Run> {
    Slug::stored(slug).ok_or_else(Error::not_found)?;
    let query = store::ListRuns { tenant: Some(slug.to_owned()), status: None, limit: 1, before: None };
    let mut runs = platform.run("latest_run", query, |tx, query| Box::pin(store::list(tx, query))).await?;
    runs.pop().ok_or_else(Error::not_found)
}

/// A page of runs, newest first.
///
/// # Errors
/// 422 for a status, limit or cursor that cannot be.
pub async fn list(
    platform: &Pool,
    tenant: Option<String>,
    status: Option<&str>,
    limit: Option<u16>,
    cursor: Option<&str>,
) -> Result<Page<Run>> {
    let query = wish::check_list(tenant, status, limit, cursor)?;
    let limit = query.limit;
    let asked = store::ListRuns { limit: limit + 1, ..query };
    let mut items = platform.run("list_runs", asked, |tx, query| Box::pin(store::list(tx, query))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor })
}

/// What happened in a run after the event `after`; 0 for all.
///
/// # Errors
/// The database's.
pub async fn events(platform: &Pool, id: RunId, after: i64) -> Result<Vec<RunEvent>> {
    platform.run("run_events", (id, after), |tx, (id, after)| Box::pin(store::events(tx, *id, *after))).await
}
