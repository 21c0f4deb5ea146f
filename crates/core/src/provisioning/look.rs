//! Looking at runs: one, many, as they happen.
//!
//! Owns: nothing beyond provisioning's tables. Calls: durable's outbox. Called by: server.
//! Invariants: pages are stable under new runs (`runs_are_listed_newest_first_and_filtered`). After a crash: nothing is left.

use super::{steps, store, wish};
use crate::{Error, Result};
use tenantry_durable::outbox;
use tenantry_pg::Pool;
use tenantry_types::{
    RunId, Slug,
    page::Page,
    run::{Run, RunKind, StepName},
};

/// A run.
///
/// # Errors
/// 404 when there is none.
pub async fn show(platform: &Pool, id: RunId) -> Result<Run> {
    platform.run("show_run", id, |tx, id| Box::pin(store::find(tx, *id))).await?.ok_or_else(Error::not_found)
}

/// The latest run of a tenant, by slug; also of one that was rolled back or purged and is gone.
///
/// # Errors
/// 404 when there is none.
pub async fn latest(platform: &Pool, slug: &str) -> Result<Run> {
    Slug::stored(slug).ok_or_else(Error::not_found)?;
    let query =
        store::ListRuns { tenant: Some(slug.to_owned()), status: None, kind: None, limit: 20, before: None };
    let runs = platform.run("latest_run", query, |tx, query| Box::pin(store::list(tx, query))).await?;
    // An adoption that only looked was never this tenant's.
    let own = |run: &Run| run.kind != RunKind::Adopt || run.steps.len() > 1;
    runs.into_iter().find(own).ok_or_else(Error::not_found)
}

/// A page of runs, newest first; `status` is one, or several with commas between them.
///
/// # Errors
/// 422 for a status, kind, limit or cursor that cannot be.
pub async fn list(
    platform: &Pool,
    tenant: Option<String>,
    status: Option<&str>,
    kind: Option<&str>,
    limit: Option<u16>,
    cursor: Option<&str>,
) -> Result<Page<Run>> {
    let query = wish::check_list(tenant, status, kind, limit, cursor)?;
    let limit = query.limit;
    let asked = store::ListRuns { limit: limit + 1, ..query };
    let mut items = platform.run("list_runs", asked, |tx, query| Box::pin(store::list(tx, query))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor })
}

/// What happened after the event at `after`, in one run or in all; 0 for everything that is still known.
///
/// # Errors
/// The database's.
pub async fn events(platform: &Pool, run: Option<RunId>, after: i64) -> Result<Vec<outbox::Event>> {
    let key = run.map(|run| run.to_string());
    platform
        .run("run_events", (key, after), |tx, (key, after)| {
            Box::pin(async move { Ok(outbox::read(tx, store::TOPIC, key.as_deref(), *after, 200).await?) })
        })
        .await
}

/// Where the events of all runs end now.
///
/// # Errors
/// The database's.
pub async fn events_head(platform: &Pool) -> Result<i64> {
    platform.run("run_events_head", (), |tx, ()| Box::pin(async move { Ok(outbox::head(tx).await?) })).await
}

/// Every kind of run with its steps, for whoever has to try them all.
pub fn catalogue() -> Vec<(RunKind, Vec<StepName>)> {
    RunKind::ALL.iter().map(|kind| (*kind, steps::of(*kind).iter().map(|step| step.name).collect())).collect()
}
