//! The part of the proof that looks at the catalogue.
//!
//! Owns: nothing. Calls: placement's inspection, store. Called by: isolation.
//! Invariants: every home is looked at, also those of warm slots, since somebody will live there; what is told as open was open at two looks, so that a home which is being removed
//! is no alarm (`a_tenant_that_is_purged_meanwhile_is_no_alarm`). After a crash: it only reads.

use super::{Prover, progress::Progress, store, tally::Tally};
use crate::{
    Result,
    placement::{Home, TENANTS_PER_CELL, inspect},
};
use futures_util::{StreamExt as _, stream};
use tenantry_types::{TenantId, isolation::IsolationLayer};

/// Homes of one statement.
const SLICE: usize = 250;
/// Statements at the same time.
const SIDE_BY_SIDE: usize = 2;

/// Into how many parts the look falls: slices of homes, and what is the whole installation's.
pub(super) fn parts(homes: &[Home]) -> usize {
    homes.len().div_ceil(SLICE) + 1
}

pub(super) async fn look(
    prover: &Prover,
    only: Option<TenantId>,
    homes: &[Home],
    tally: &mut Tally,
    progress: &Progress,
) -> Result<()> {
    tally.expect(IsolationLayer::Catalogue, inspect::HOMES);
    tally.expect(IsolationLayer::Catalogue, inspect::FURTHER);
    tally.expect(IsolationLayer::Catalogue, inspect::INSTALLATION);
    progress.begin(IsolationLayer::Catalogue, parts(homes)).await;
    prover.ctx.faults.at("isolation.homes")?;
    let mut looking = stream::iter(homes.chunks(SLICE).map(<[Home]>::to_vec))
        .map(|slice| async move { (slice.len(), look_twice(prover, only, slice).await) })
        .buffered(SIDE_BY_SIDE);
    let mut done = 0;
    while let Some((homes, found)) = looking.next().await {
        done += 1;
        match found {
            Ok(found) => found.into_iter().for_each(|one| {
                tally.counted(&one.check, one.examined, one.broken, one.examples);
            }),
            // PostgreSQL takes a lock on a table to print its policies: whoever holds it keeps this slice from being looked at, and no other.
            Err(error) => {
                tally.untried(format!("the catalogue of {homes} homes: {error}"));
            }
        }
        progress.at(done, tally.checks()).await;
    }
    let found = prover
        .owner
        .run("inspect_installation", prover.installation.clone(), |tx, installation| {
            Box::pin(async move {
                store::without_jit(tx).await?;
                inspect::installation(tx, installation, TENANTS_PER_CELL).await
            })
        })
        .await?;
    for one in found {
        tally.counted(&one.check, one.examined, one.broken, one.examples);
    }
    progress.at(done + 1, tally.checks()).await;
    Ok(())
}

/// Looks at homes, and again where something is open: a home may have been removed meanwhile.
async fn look_twice(
    prover: &Prover,
    only: Option<TenantId>,
    slice: Vec<Home>,
) -> Result<Vec<inspect::Found>> {
    let found = look_at(prover, slice.clone()).await?;
    if found.iter().all(|one| one.broken == 0) {
        return Ok(found);
    }
    let known = homes(prover, only).await?;
    let left = |home: &Home| known.iter().any(|now| now.schema == home.schema);
    look_at(prover, slice.into_iter().filter(left).collect()).await
}

pub(super) async fn homes(prover: &Prover, only: Option<TenantId>) -> Result<Vec<Home>> {
    let input = (prover.installation.clone(), only);
    prover
        .owner
        .run("list_homes", input, |tx, (installation, only)| Box::pin(inspect::all(tx, installation, *only)))
        .await
}

async fn look_at(prover: &Prover, homes: Vec<Home>) -> Result<Vec<inspect::Found>> {
    prover
        .owner
        .run("inspect_homes", homes, |tx, homes| {
            Box::pin(async move {
                store::without_jit(tx).await?;
                let mut found = inspect::homes(tx, homes).await?;
                found.extend(inspect::further(tx, homes).await?);
                Ok(found)
            })
        })
        .await
}
