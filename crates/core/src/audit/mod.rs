//! The audit trail: deeds are written down in their own transaction, sealed into chains by the worker, read, exported and verified.
//!
//! Owns: `audit_unsealed`, `audit_events`, `audit_heads`, `audit_sealing`, `audit_sweep`, `audit_due`. Calls: authz, wake, pg.
//! Called by: every module that changes `public` (a tenant's own deeds go to its `_events`), tenancy (notes), the worker (seals), server (reads).
//! Invariants: no deed without its event, no event without its deed: one transaction (`creating_a_tenant_is_audited`); no login may
//! change a row (`the_audit_trail_is_append_only`); writers wait neither for one another nor for the sealer (`writers_do_not_wait_for_one_another`); no secret is kept
//! (`no_secret_survives`). After a crash: an event is unsealed or sealed, never both and never neither; the worker's next look goes on.

mod chain;
mod due;
mod export;
mod filter;
mod read;
mod redact;
mod seal;
mod store;
mod verify;

pub use due::Notes;
pub(crate) use export::cell as csv_cell;
pub use export::{Export, Format};
pub use filter::{AskAudit, Filter};
pub use read::{Trail, head, list, show, since};
pub use redact::{MAX_VALUE, redact};
pub use seal::{Backlog, carry_out, hurry, seal, seal_tenant};
pub use verify::{verify, verify_next};

use crate::{
    Result,
    ctx::{Ctx, Request},
};
use serde_json::Value;
use tenantry_pg::ControlTx;
use tenantry_types::{TenantId, WorkspaceId};

/// What was done.
#[derive(Debug, Clone, Default)]
pub struct Deed {
    /// Whom it concerns; `None`: the platform alone.
    pub tenant: Option<TenantId>,
    /// The workspace that it concerns; `None`: the whole tenant.
    pub workspace: Option<WorkspaceId>,
    /// `tenant.create`, `api_key.create`, …
    pub action: &'static str,
    /// `tenant`, `api_key`, …
    pub target_kind: &'static str,
    /// The target's id or slug.
    pub target: String,
    /// What it was before. Secrets are taken out here.
    pub before: Option<Value>,
    /// What it is now. Secrets are taken out here.
    pub after: Option<Value>,
}

/// Writes the event of a deed, in the deed's own transaction. Touches no row that anybody else writes.
///
/// # Errors
/// The database's; the deed must then fail too.
pub async fn record(tx: &ControlTx, ctx: &Ctx, request: &Request, deed: &Deed) -> Result<()> {
    let before = deed.before.clone().map(redact::kept);
    let after = deed.after.clone().map(redact::kept);
    store::insert(tx, ctx.uuid(), ctx.now(), request, deed, (&before, &after)).await
}
