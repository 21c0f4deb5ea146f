//! The worker's part: takes runs that wait, makes their tenants, undoes what fails.
//!
//! Owns: nothing beyond provisioning's tables. Calls: steps, placement. Called by: server's worker loop.
//! Invariants: a run has one holder (the lease's token is in the WHERE of every write, `a_lost_lease_changes_nothing`); a failed run ends as
//! `rolled_back` with the slug free (`a_failed_run_leaves_nothing`). After a crash: the lease runs out, and the next look takes the run again.

use super::{
    model::{Happening, RunState},
    steps::{self, Making},
    store,
};
use crate::{Error, Result, placement::Placement, registry};
use chrono::TimeDelta;
use std::time::Duration;
use tenantry_types::run::{Run, RunStatus};
use uuid::Uuid;

/// How a run ended in the worker's hands.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The run as it is now.
    pub run: Run,
}

/// Takes one run that waits, or whose holder is gone, and brings it to its end. `None` when there is none.
///
/// # Errors
/// The database's; the run stays leased until its lease runs out, and is then taken again.
pub async fn work(placement: &Placement, lease: Duration) -> Result<Option<Outcome>> {
    let ctx = &placement.ctx;
    let token = ctx.uuid();
    let until = ctx.now() + TimeDelta::from_std(lease).unwrap_or(TimeDelta::seconds(30));
    let input = (ctx.clone(), token, until);
    let found = placement
        .owner
        .run("take_run", input, |tx, (ctx, token, until)| {
            Box::pin(store::take(tx, ctx.now(), *token, *until))
        })
        .await?;
    let Some(waiting) = found else { return Ok(None) };
    let mut state = RunState { run: waiting };
    if state.run.status == RunStatus::Running {
        state = match make(placement, state.clone(), token).await {
            Ok(run) => return Ok(Some(Outcome { run })),
            Err((failed, error)) => {
                tracing::warn!(run = %failed.run.id, tenant = %failed.run.tenant_slug, %error, "provisioning failed; undoing");
                failed
            }
        };
    }
    undo(placement, state, token).await.map(|run| Some(Outcome { run }))
}

/// Everything from `place` to `activate`, in one transaction.
async fn make(
    placement: &Placement,
    state: RunState,
    token: Uuid,
) -> std::result::Result<Run, (RunState, Error)> {
    // The steps' record has to survive their transaction's roll-back, so it travels beside the transaction's result.
    let record = std::sync::Arc::new(std::sync::Mutex::new(state.clone()));
    let keep = std::sync::Arc::clone(&record);
    let made = placement
        .owner
        .run("provision", (placement.clone(), state, token, keep), |tx, (placement, state, token, keep)| {
            Box::pin(async move {
                let mut run = state.clone();
                let version = placement.template.version();
                let slug = run.run.tenant_slug.clone();
                let record = registry::store::by_id(tx, run.run.tenant_id)
                    .await?
                    .ok_or_else(|| Error::Fault("the run's tenant is gone".to_owned()))?;
                let opaque = record.schema_name.trim_start_matches("tenant_").to_owned();
                let mut making = Making::claimed(tx, &placement.ctx, record.id, &slug, &version);
                making.builder = Some((placement, opaque));
                let outcome = steps::run_all(&mut making, &mut run).await;
                *keep.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = run.clone();
                outcome?;
                tx.refuse_warnings()?;
                store::save(tx, &run, *token).await?;
                Ok::<_, Error>(run.run)
            })
        })
        .await;
    made.map_err(|error| {
        let mut failed = record.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        failed.run.error.get_or_insert_with(|| error.to_string());
        failed.run.finished_at = None;
        failed.run.status = RunStatus::Running;
        (failed, error)
    })
}

/// Takes a failed run back and ends it.
async fn undo(placement: &Placement, mut state: RunState, token: Uuid) -> Result<Run> {
    let ctx = &placement.ctx;
    if state.run.status == RunStatus::Running {
        state.happens(Happening::Failed, ctx.now());
    }
    let outcome = placement
        .owner
        .run(
            "undo_provisioning",
            (placement.clone(), state.clone(), token),
            |tx, (placement, state, token)| {
                Box::pin(async move {
                    let mut run = state.clone();
                    let version = placement.template.version();
                    let slug = run.run.tenant_slug.clone();
                    let mut making = Making::claimed(tx, &placement.ctx, run.run.tenant_id, &slug, &version);
                    steps::undo_all(&mut making, &mut run).await?;
                    run.happens(Happening::Undone, placement.ctx.now());
                    store::save(tx, &run, *token).await?;
                    Ok::<_, Error>(run.run)
                })
            },
        )
        .await;
    match outcome {
        Ok(run) => Ok(run),
        Err(error) => {
            tracing::error!(run = %state.run.id, %error, "an undo failed; the run needs a person");
            let first = state.run.error.take().unwrap_or_default();
            state.run.error = Some(format!("{first}; and the undo failed: {error}"));
            state.happens(Happening::UndoFailed, ctx.now());
            let input = (state, token);
            placement
                .owner
                .run("end_run", input, |tx, (state, token)| {
                    Box::pin(async move {
                        store::save(tx, state, *token).await?;
                        Ok::<_, Error>(state.run.clone())
                    })
                })
                .await
        }
    }
}
