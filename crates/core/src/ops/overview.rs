//! The platform at a glance: what an operator sees first.
//!
//! Owns: nothing. Calls: store. Called by: server.
//! Invariants: one statement, so that its numbers are of one moment; each has an index or few rows to look at
//! (`the_overview_tells_what_needs_attention`). After a crash: nothing is left.

use super::store::{self, Glance};
use crate::{Result, ctx::Ctx};
use tenantry_pg::Pool;
use tenantry_types::overview::{
    CrossTenant, IsolationGlance, NewestReport, Overview, RunCounts, SlotCounts, TenantCounts,
};

/// The overview. `template` is the digest of the files that slots must be made from, `behind` what this process counted behind the middleware.
///
/// # Errors
/// The database's.
pub async fn overview(platform: &Pool, ctx: &Ctx, template: &str, behind: u64) -> Result<Overview> {
    let now = ctx.now();
    let glance: Glance = platform
        .run("overview", (template.to_owned(), now), |tx, (template, now)| {
            Box::pin(store::glance(tx, template, *now))
        })
        .await?;
    let newest = glance.newest.map(|(id, status, finished_at, open)| NewestReport {
        id,
        status,
        finished_at,
        age_seconds: (now - finished_at).num_seconds().max(0),
        open,
    });
    let status = glance.by_status;
    Ok(Overview {
        tenants: TenantCounts {
            total: status.provisioning + status.active + status.suspended + status.deleted,
            by_status: status,
            by_tier: glance.by_tier,
        },
        runs: RunCounts {
            pending: glance.pending,
            running: glance.running,
            rolling_back: glance.rolling_back,
            needs_attention: glance.needs_attention,
            rolled_back_24h: glance.rolled_back,
            stuck: glance.stuck,
        },
        slots: SlotCounts { ready: glance.ready_slots, broken: glance.broken_slots },
        lost_leases: glance.lost_leases,
        failed_jobs: glance.failed_jobs,
        isolation: IsolationGlance { newest, at_work: glance.at_work },
        cross_tenant: CrossTenant {
            refused_24h: glance.refused,
            behind: i64::try_from(behind).unwrap_or(i64::MAX),
        },
        unsealed_seconds: glance.unsealed_seconds,
        schema_bytes: glance.schema_bytes,
        looked_at: now,
    })
}
