//! SQL of the one counter that every write of a tenant looks at.
//!
//! Owns: tenant._counters, its row `access`. Calls: pg. Called by: tenancy.
//! Invariants: a later version stays (`a_lost_publication_is_made_good`). After a crash: one transaction or none.

use crate::Result;
use tenantry_pg::TenantTx;

pub(super) async fn access_version(tx: &TenantTx) -> Result<Option<i64>> {
    let rows = tx
        .query(
            "-- tenancy::access_version
             SELECT used FROM tenant._counters WHERE name = 'access' AND period = 'all' AND workspace_id IS NULL",
            &[],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("used")).transpose()?)
}

pub(super) async fn publish_access(tx: &TenantTx, version: i64) -> Result<()> {
    tx.last(
        "-- tenancy::publish_access
         INSERT INTO tenant._counters (name, period, workspace_id, used) VALUES ('access', 'all', NULL, $1)
         ON CONFLICT ON CONSTRAINT _counters_one
         DO UPDATE SET used = greatest(_counters.used, excluded.used), updated_at = now()",
        &[&version],
    )
    .await?;
    Ok(())
}
