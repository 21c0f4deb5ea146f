//! Isolation, proved: looks at the fence in the catalogue, tries what must be refused from every tenant's scope and over HTTP, and writes a report.
//!
//! Owns: `isolation_reports`. Calls: tenancy, placement (the look at the catalogue), registry, audit. Called by: server (asks, shows), the worker (proves), the demo.
//! Invariants: a report says `passed` only where nothing is open and the controls show that the attempts are sound (`a_proof_without_controls_fails`); each kind of
//! break makes it fail and is named (`each_break_is_named`); whatever an attempt did is undone (pg's `attempt`); a tenant that is made or removed meanwhile makes no false
//! alarm (`a_tenant_that_is_purged_meanwhile_is_no_alarm`). After a crash: the lease is free, and the next worker begins the report anew.

mod catalogue;
mod demo;
mod live;
mod plan;
mod progress;
mod store;
mod tally;

pub use demo::{Refusal, attempt_foreign_read};
pub use progress::Progress;

use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    ctx::{Ctx, Request, random},
    idempotency::{self, Answer, Once},
    identity::Paging,
    registry::{self, TenantRecord},
    tenancy::Tenancy,
    wake::Waker,
};
use serde_json::json;
use std::sync::Arc;
use tally::Tally;
use tenantry_durable::{Lease, outbox};
use tenantry_pg::{BoxFuture, ControlTx, Pool, roles::Installation};
use tenantry_types::{
    IsolationReportId, Slug, UserId, WorkspaceId,
    isolation::{IsolationCheck, IsolationLayer, IsolationReport, IsolationStatus, RequestIsolationReport},
    page::Page,
};
use uuid::Uuid;

/// The outbox's topic of reports; its keys are their ids.
pub(crate) const TOPIC: &str = "isolation";

/// Reports that are kept.
const KEPT: i64 = 500;

/// The part of the proof that goes over HTTP, which the server knows how to do.
pub trait OverHttp: Send + Sync + 'static {
    /// Asks every operation for what belongs to another tenant and another workspace. What a former attempt at the same report left is removed first.
    ///
    /// # Errors
    /// What kept it from being begun.
    fn prove<'a>(
        &'a self,
        report: IsolationReportId,
        seed: i64,
        progress: &'a Progress,
    ) -> BoxFuture<'a, Result<Vec<IsolationCheck>>>;

    /// Into how many parts its work falls, of which [`Progress::at`] is told.
    fn parts(&self) -> usize;

    /// Removes what a proof has made that was dropped half-way; nothing where none was.
    fn give_up(&self) -> BoxFuture<'_, ()>;
}

/// What a worker proves with.
#[derive(Clone)]
pub struct Prover {
    /// The owner's connections, for the catalogue.
    pub owner: Pool,
    /// The login of tenants' requests on the control plane.
    pub control: Pool,
    /// The door to tenant rows.
    pub tenancy: Tenancy,
    /// Clock and ids.
    pub ctx: Ctx,
    /// Names.
    pub installation: Installation,
    /// Requests to the API.
    pub http: Option<Arc<dyn OverHttp>>,
}

/// A tenant with a home.
#[derive(Debug, Clone)]
struct Fleet {
    tenant: TenantRecord,
    workspace: WorkspaceId,
    second: Option<WorkspaceId>,
    member: Option<UserId>,
}

/// A report that was taken.
#[derive(Debug, Clone)]
struct Order {
    id: IsolationReportId,
    tenant: Option<Slug>,
    seed: i64,
    token: Uuid,
}

/// What came of it.
#[derive(Debug, Clone)]
struct Ended {
    status: IsolationStatus,
    software: String,
    sampled: bool,
    tenants: i64,
    attempts: i64,
    refusals: i64,
    open: i64,
    checks: Vec<IsolationCheck>,
    error: Option<String>,
}

/// Asks for a proof; a worker makes it.
///
/// # Errors
/// 404 for a tenant that is not there, 422 for a seed out of its range.
pub async fn request(
    platform: &Pool,
    ctx: &Ctx,
    waker: &Waker,
    request: Request,
    once: Option<Once>,
    wish: RequestIsolationReport,
) -> Result<Answer<IsolationReport>> {
    let mut fields = Fields::default();
    if wish.seed.is_some_and(|seed| u32::try_from(seed).is_err()) {
        fields.wrong("/seed", "out_of_range", format!("must be 0 to {}", u32::MAX));
    }
    fields.check()?;
    let seed = match wish.seed {
        Some(seed) => seed,
        None => i64::from(u32::from_be_bytes(random()?)),
    };
    let report = IsolationReport {
        id: IsolationReportId(ctx.uuid()),
        status: IsolationStatus::Pending,
        tenant: wish.tenant,
        seed,
        sampled: false,
        requested_by: request.actor.label(),
        requested_at: ctx.now(),
        started_at: None,
        finished_at: None,
        duration_ms: None,
        progress: None,
        software: String::new(),
        tenants: 0,
        attempts: 0,
        refusals: 0,
        open: 0,
        checks: Vec::new(),
        error: None,
    };
    let input = (ctx.clone(), request, once, report);
    let report = platform
        .run("request_isolation_report", input, |tx, (ctx, request, once, report)| {
            Box::pin(async move {
                if let Some(kept) = idempotency::begin(tx, ctx, once.as_ref()).await? {
                    return Ok(Answer::again(kept.read()?));
                }
                if let Some(slug) = &report.tenant {
                    registry::store::by_slug(tx, slug.as_str()).await?.ok_or_else(Error::not_found)?;
                }
                store::insert(tx, report).await?;
                tell(tx, report.id).await?;
                let deed = Deed {
                    tenant: None,
                    workspace: None,
                    action: "isolation_report.create",
                    target_kind: "isolation_report",
                    target: report.id.to_string(),
                    before: None,
                    after: Some(json!({"tenant": report.tenant, "seed": report.seed})),
                };
                audit::record(tx, ctx, request, &deed).await?;
                idempotency::finish(tx, ctx, once.as_ref(), 202, report).await?;
                Ok::<_, Error>(Answer::first(report.clone()))
            })
        })
        .await?;
    waker.wake();
    Ok(report)
}

/// Tells those who watch how a report stands, beside what has changed it. Its checks are for whoever reads it.
async fn tell(tx: &ControlTx, id: IsolationReportId) -> Result<()> {
    let Some(mut report) = store::show(tx, id).await? else { return Ok(()) };
    report.checks.clear();
    let told = serde_json::to_value(&report).map_err(|error| Error::Fault(error.to_string()))?;
    Ok(outbox::put(tx, TOPIC, &id.to_string(), vec![("isolation", told)]).await?)
}

/// A report.
///
/// # Errors
/// 404 where there is none.
pub async fn show(platform: &Pool, id: IsolationReportId) -> Result<IsolationReport> {
    platform
        .run("show_isolation_report", id, |tx, id| Box::pin(store::show(tx, *id)))
        .await?
        .ok_or_else(Error::not_found)
}

/// The newest proof over all tenants that came to its end, whatever it found; none where there is none.
///
/// # Errors
/// The database's.
pub async fn newest(platform: &Pool) -> Result<Option<IsolationReport>> {
    platform.run("newest_isolation_report", (), |tx, ()| Box::pin(store::newest(tx))).await
}

/// Reports, the newest first; of one tenant those that are about it alone.
///
/// # Errors
/// 422 for a slug, limit or cursor that cannot be.
pub async fn list(platform: &Pool, tenant: Option<String>, paging: &Paging) -> Result<Page<IsolationReport>> {
    let mut fields = Fields::default();
    if tenant.as_deref().is_some_and(|slug| Slug::stored(slug).is_none()) {
        fields.wrong("tenant", "invalid", "must be a slug");
    }
    fields.check()?;
    let slice = paging.parse::<IsolationReportId>()?;
    let items = platform
        .run("list_isolation_reports", (tenant, slice.after, slice.rows()), |tx, (tenant, after, rows)| {
            Box::pin(store::list(tx, tenant.as_deref(), *after, *rows))
        })
        .await?;
    Ok(slice.page(items, |report| report.id))
}

impl Prover {
    /// Takes one report that nobody is at, and makes the proof. `None` when there is none.
    ///
    /// # Errors
    /// The database's, when not even the failure could be written down; the lease then ends by itself.
    pub async fn work(&self, lease: Lease) -> Result<Option<IsolationReport>> {
        let input = (self.ctx.now(), lease);
        let order = self
            .owner
            .run("take_isolation_report", input, |tx, (now, lease)| {
                Box::pin(async move {
                    let order = store::take(tx, *now, *lease).await?;
                    if let Some(order) = &order {
                        tell(tx, order.id).await?;
                    }
                    Ok::<_, Error>(order)
                })
            })
            .await?;
        let Some(order) = order else { return Ok(None) };
        let ended = self.prove(&order).await.unwrap_or_else(|error| Ended {
            status: IsolationStatus::Broken,
            software: String::new(),
            sampled: false,
            tenants: 0,
            attempts: 0,
            refusals: 0,
            open: 0,
            checks: Vec::new(),
            error: Some(error.to_string()),
        });
        let id = order.id;
        self.owner
            .run("finish_isolation_report", (order, ended, self.ctx.now()), |tx, (order, ended, now)| {
                Box::pin(async move {
                    store::finish(tx, order, ended, *now).await?;
                    tell(tx, order.id).await?;
                    store::forget(tx, KEPT).await
                })
            })
            .await?;
        show(&self.owner, id).await.map(Some)
    }

    /// Every tenant that has a home, now.
    async fn fleet(&self) -> Result<Vec<Fleet>> {
        self.owner.run("list_fleet", (), |tx, ()| Box::pin(store::fleet(tx))).await
    }

    async fn prove(&self, order: &Order) -> Result<Ended> {
        let version = self.owner.run("server_version", (), |tx, ()| Box::pin(store::version(tx))).await?;
        let ring = plan::ring(self.fleet().await?, order.seed, |one| one.tenant.id);
        let only = match &order.tenant {
            None => None,
            Some(slug) => {
                Some(ring.iter().position(|one| one.tenant.slug == *slug).ok_or_else(|| {
                    Error::Fault(format!("{slug} has no home: it is being made, or is gone"))
                })?)
            }
        };
        let mut tally = Tally::default();
        let about = only.map(|place| ring[place].tenant.id);
        let homes = catalogue::homes(self, about).await?;
        let over_http = self.http.as_ref().map_or(0, |http| http.parts());
        let parts = catalogue::parts(&homes) + live::parts(ring.len(), only) + over_http;
        let progress = Progress::new(&self.owner, order, parts);
        catalogue::look(self, about, &homes, &mut tally, &progress).await?;
        tally.expect(IsolationLayer::Live, live::CHECKS);
        live::prove(self, &ring, only, &mut tally, &progress).await?;
        if let Some(http) = &self.http {
            progress.begin(IsolationLayer::Http, over_http).await;
            match http.prove(order.id, order.seed, &progress).await {
                Ok(checks) => tally.add(checks),
                Err(error) => {
                    tally.untried(format!("the API: {error}"));
                }
            }
        }
        let (attempts, refusals, open) = tally.sums();
        let error = tally.error();
        Ok(Ended {
            // What is open is open, whatever else could not be tried.
            status: match &error {
                _ if open > 0 => IsolationStatus::Failed,
                Some(_) => IsolationStatus::Broken,
                None => IsolationStatus::Passed,
            },
            software: format!("tenantry {}, PostgreSQL {version}", env!("CARGO_PKG_VERSION")),
            sampled: plan::sampled(only.is_some(), ring.len()),
            tenants: i64::try_from(if only.is_some() { 1 } else { ring.len() }).unwrap_or(i64::MAX),
            attempts,
            refusals,
            open,
            checks: tally.into_checks(),
            error,
        })
    }
}
