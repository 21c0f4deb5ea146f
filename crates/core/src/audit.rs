//! Audit events of the control plane, written in the transaction of the deed.
//!
//! Owns: `audit_events`. Calls: pg. Called by: every module that changes `public`; a tenant's own deeds go to its `_events`.
//! Invariants: no deed without its event, no event without its deed: one transaction (`creating_a_tenant_is_audited`); no login may
//! change a row (`the_audit_trail_is_append_only`). After a crash: both are there, or neither.

use crate::{
    Result,
    ctx::{Ctx, Request},
};
use serde_json::Value;
use tenantry_pg::ControlTx;
use tenantry_types::TenantId;

/// What was done.
#[derive(Debug, Clone)]
pub struct Deed {
    /// Whom it concerns.
    pub tenant: Option<TenantId>,
    /// `tenant.create`, `api_key.create`, …
    pub action: &'static str,
    /// `tenant`, `api_key`, …
    pub target_kind: &'static str,
    /// The target's id or slug.
    pub target: String,
    /// What it is now, without secrets.
    pub after: Option<Value>,
}

/// Writes the event of a deed.
///
/// # Errors
/// The database's; the deed must then fail too.
pub async fn record(tx: &ControlTx, ctx: &Ctx, request: &Request, deed: &Deed) -> Result<()> {
    store::insert(tx, ctx.uuid(), ctx.now(), request, deed).await
}

mod store {
    use super::{ControlTx, Deed, Request, Result};
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    pub(super) async fn insert(
        tx: &ControlTx,
        id: Uuid,
        now: DateTime<Utc>,
        request: &Request,
        deed: &Deed,
    ) -> Result<()> {
        tx.query(
            "-- audit::insert
             INSERT INTO audit_events
                 (id, occurred_at, tenant_id, actor_kind, actor, action, target_kind, target, request_id, address, after)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            &[
                &id,
                &now,
                &deed.tenant.map(|tenant| tenant.0),
                &request.actor.kind(),
                &request.actor.label(),
                &deed.action,
                &deed.target_kind,
                &deed.target,
                &request.request_id,
                &request.address,
                &deed.after,
            ],
        )
        .await?;
        Ok(())
    }
}
