//! The answer to whatever begins a run, the first time and when the same request comes again.
//!
//! Owns: nothing. Calls: idempotency, registry. Called by: provisioning.
//! Invariants: a repeated request shows tenant and run as they are now, and its first access again
//! (`a_repeated_wish_shows_the_same_first_access`). After a crash: the answer was kept with the run, or neither.

use super::{Runs, access::FirstAccess, model::First, store};
use crate::{
    Error, Result,
    idempotency::{self, Answer, Once},
    registry::{self, TenantRecord},
};
use serde::{Deserialize, Serialize};
use tenantry_pg::ControlTx;
use tenantry_types::{
    RunId,
    run::{Run, RunKind},
    tenant::{OwnerInvitation, Tenant, TenantAndRun},
};

/// A tenant and the run at work on it.
pub(super) struct Made {
    pub(super) tenant: TenantRecord,
    pub(super) run: Run,
    /// Where the run makes the tenant.
    pub(super) access: Option<FirstAccess>,
}

/// What is kept: the run by its id, the tenant as it was made, for the time when a roll-back has removed it, and by what its first access is
/// made again.
#[derive(Serialize, Deserialize)]
struct Kept {
    run: RunId,
    tenant: Tenant,
    #[serde(default)]
    first: Option<First>,
}

/// The answer to an earlier request of the same key, as things are now.
pub(super) async fn kept(
    tx: &ControlTx,
    runs: &Runs,
    once: Option<&Once>,
) -> Result<Option<Answer<TenantAndRun>>> {
    let (Some(record), Some(once)) = (idempotency::begin(tx, &runs.ctx, once).await?, once) else {
        return Ok(None);
    };
    let kept: Kept = record.read()?;
    let run = store::find(tx, kept.run).await?.ok_or_else(Error::not_found)?;
    let tenant = registry::store::by_id(tx, kept.tenant.id).await?;
    let tenant = tenant.map_or(kept.tenant, |tenant| tenant.to_wire(&runs.public_url));
    let access = match &kept.first {
        Some(first) => match record.seed(once, FirstAccess::PURPOSE, first.invitation) {
            Ok(seed) => Some(FirstAccess::again(runs, seed, first)?),
            // The master key was rotated since: the tenant is there, and another key can be had for it.
            Err(_) => None,
        },
        None => None,
    };
    Ok(Some(Answer::again(to_wire(runs, tenant, run, access.as_ref()))))
}

/// Keeps what was made for the same request, if it comes again.
pub(super) async fn keep(
    tx: &ControlTx,
    runs: &Runs,
    once: Option<&Once>,
    made: Made,
) -> Result<Answer<TenantAndRun>> {
    let Made { tenant, run, access } = made;
    let tenant = tenant.to_wire(&runs.public_url);
    let first = access.as_ref().map(FirstAccess::remembered);
    let kept = Kept { run: run.id, tenant: tenant.clone(), first };
    match &access {
        Some(access) => {
            idempotency::finish_with_secret(tx, &runs.ctx, once, 202, &kept, access.seed()).await?;
        }
        None => idempotency::finish(tx, &runs.ctx, once, 202, &kept).await?,
    }
    Ok(Answer::first(to_wire(runs, tenant, run, access.as_ref())))
}

fn to_wire(runs: &Runs, tenant: Tenant, run: Run, access: Option<&FirstAccess>) -> TenantAndRun {
    let owner_invitation = access.map(|access| OwnerInvitation {
        email: tenant.admin_email.clone(),
        url: access.invitation_url(),
        expires_at: access.expires_at(),
    });
    let deleted_at = tenant.deleted_at.filter(|_| run.kind != RunKind::Purge);
    let restorable_until = runs.restorable_until(deleted_at);
    let api_key = access.map(FirstAccess::api_key);
    TenantAndRun { tenant, run, api_key, owner_invitation, restorable_until }
}
