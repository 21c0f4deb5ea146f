//! Samples: what each tenant weighs and when something last happened in it, seen now and then.
//!
//! Owns: `tenant_samples`. Calls: pg. Called by: the worker's duties; the registry's lists show what was seen.
//! Invariants: the longest unseen come first, so that every tenant has its turn (`tenants_are_weighed_in_turn`); one whose tables are locked keeps
//! no other waiting (`a_locked_tenant_is_weighed_later`). After a crash: the next look goes on.

mod store;

use crate::{Result, ctx::Ctx};
use chrono::TimeDelta;
use tenantry_pg::{ErrorKind, Pool, TxError};
use uuid::Uuid;

/// Tenants that one look weighs at the most: with a look a minute, 5,000 are seen in twenty.
const LOOK: i64 = 250;
/// Tenants in one transaction: sizes are asked of files, relation by relation.
const SLICE: usize = 25;
/// Nobody is weighed again sooner.
const FRESH: TimeDelta = TimeDelta::minutes(5);

/// Weighs those that were not seen for the longest. Returns how many.
///
/// # Errors
/// The database's; what was weighed before stays.
pub async fn sample(owner: &Pool, ctx: &Ctx) -> Result<usize> {
    let now = ctx.now();
    let due: Vec<Uuid> = owner
        .run("samples_due", now - FRESH, |tx, before| {
            Box::pin(async move {
                store::forget(tx).await?;
                store::due(tx, *before, LOOK).await
            })
        })
        .await?;
    let mut seen = 0;
    for slice in due.chunks(SLICE) {
        let weighed = owner
            .run("sample_tenants", (slice.to_vec(), now), |tx, (slice, now)| {
                Box::pin(store::weigh(tx, slice, *now))
            })
            .await;
        match weighed {
            Ok(count) => seen += count,
            // One of them is being migrated or dropped just now; the next look has it again.
            Err(error) if error.pg().is_some_and(|error| error.kind() == ErrorKind::Timeout) => {
                tracing::debug!(%error, "some tenants could not be weighed yet");
                seen += one_by_one(owner, slice, ctx).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(seen)
}

async fn one_by_one(owner: &Pool, slice: &[Uuid], ctx: &Ctx) -> Result<usize> {
    let mut seen = 0;
    for tenant in slice {
        let weighed = owner
            .run("sample_tenant", (vec![*tenant], ctx.now()), |tx, (one, now)| {
                Box::pin(store::weigh(tx, one, *now))
            })
            .await;
        match weighed {
            Ok(count) => seen += count,
            Err(error) if error.pg().is_some_and(|error| error.kind() == ErrorKind::Timeout) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(seen)
}
