//! The sealer: the worker's part of the audit trail.
//!
//! Owns: nothing. Calls: chain, redact, store. Called by: the worker, and whoever removes a tenant.
//! Invariants: one sealer at a time, by the lock on one row, and a chain's head is locked while it grows, so that two sealers never fork it
//! (`two_sealers_never_fork_a_chain`); a writer touches neither row (`writers_do_not_wait_for_one_another`); who removes a tenant takes the
//! sealer's lock last, with every other in hand (`a_purge_that_waits_keeps_no_other_tenant_waiting`); a note that was lost costs time and no
//! event (`the_sweep_finds_what_was_never_noted`); the month's partition is there before its first row (`a_month_begins_without_a_gap`).
//! After a crash: each batch is one transaction: moved, or not; sealed, or not.

use super::{
    chain::{BEGINNING, Event, Place, Sealed, digest},
    redact, store,
};
use crate::{Error, Result, ctx::Ctx};
use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use std::collections::BTreeMap;
use tenantry_pg::{ControlTx, ErrorKind, Pool, TxError};
use tenantry_types::TenantId;
use uuid::Uuid;

/// Events in one transaction at the most.
const BATCH: i64 = 500;
/// Batches of one table in one look at the most: others have their turn then.
const BATCHES: usize = 20;
/// Noted tenants in one look at the most.
const DUE: i64 = 500;
/// Tenants that one statement of the sweep looks at. At one look per second 10,000 tenants are seen in three and a half minutes.
const SLICE: i64 = 50;
/// Slices in one look while in a hurry.
const HURRIED_SLICES: usize = 20;

/// What still waits after a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backlog {
    /// Events that this look sealed.
    pub sealed: usize,
    /// Events that have arrived and are not sealed.
    pub unsealed: i64,
    /// Age of the oldest of them, or of the oldest note of a tenant with events.
    pub lag: TimeDelta,
}

/// Asks for a look at every tenant soon: a worker that starts does not know what was noted while none worked.
///
/// # Errors
/// The database's.
pub async fn hurry(owner: &Pool) -> Result<()> {
    owner.run("audit_hurry", (), |tx, ()| Box::pin(store::seal::hurry(tx))).await
}

/// Moves tenants' events to where they are sealed, and seals what has arrived there. Another worker may do the same at the same time.
///
/// # Errors
/// The database's; what was sealed before stays, and the next look goes on.
pub async fn seal(owner: &Pool, ctx: &Ctx) -> Result<Backlog> {
    let swept = sweep(owner, ctx).await;
    let due = owner.run("audit_due", (), |tx, ()| Box::pin(store::seal::due(tx, DUE))).await?;
    for tenant in due {
        if let Err(error) = fetch(owner, ctx, tenant).await {
            // It stays noted. A migration may hold its table just now; the others must not wait for that.
            tracing::warn!(%tenant, %error, "a tenant's audit events could not be moved yet");
        }
    }
    let mut sealed = 0;
    for _ in 0..BATCHES {
        let batch = seal_batch(owner, ctx).await?;
        sealed += batch;
        if batch < usize::try_from(BATCH).unwrap_or(usize::MAX) {
            break;
        }
    }
    let (unsealed, oldest) =
        owner.run("audit_backlog", (), |tx, ()| Box::pin(store::seal::backlog(tx))).await?;
    swept?;
    let lag = oldest.map_or(TimeDelta::zero(), |oldest| (ctx.now() - oldest).max(TimeDelta::zero()));
    Ok(Backlog { sealed, unsealed, lag })
}

/// Moves everything of a tenant out of its schema, in the caller's transaction, before the schema goes. [`seal_tenant`] comes after that: this
/// takes no lock that the sealer needs, however long the schema's own have to be waited for.
///
/// # Errors
/// The database's; the caller's transaction is then over.
pub async fn carry_out(tx: &ControlTx, ctx: &Ctx, tenant: TenantId, schema: &str) -> Result<()> {
    if store::seal::has_events(tx, schema).await? {
        // Who moves events just now may fail, and they would then go with the schema.
        store::seal::lock_events(tx, schema).await?;
        while move_out(tx, ctx, tenant, schema).await? == BATCH {}
    }
    Ok(())
}

/// Seals everything of a tenant, in the caller's transaction, after its schema went and before its row in the registry does. The sealer
/// of all tenants waits until that transaction ends: nothing that has to be waited for may come after this.
///
/// # Errors
/// The database's; the caller's transaction is then over.
pub async fn seal_tenant(tx: &ControlTx, ctx: &Ctx, tenant: TenantId) -> Result<()> {
    store::seal::take_note(tx, tenant).await?;
    let mut position = store::seal::take_turn(tx, true).await?.ok_or_else(no_turn)?;
    loop {
        let events = store::seal::unsealed(tx, Some(tenant), BATCH).await?;
        if events.is_empty() {
            return Ok(());
        }
        position = chain(tx, ctx, events, position).await?;
    }
}

fn no_turn() -> Error {
    Error::Fault("audit_sealing has no row: run `tenantry migrate-control`".to_owned())
}

/// Looks at a slice of all tenants for events that nobody noted.
async fn sweep(owner: &Pool, ctx: &Ctx) -> Result<()> {
    for _ in 0..HURRIED_SLICES {
        let now = ctx.now();
        let slice = owner
            .run("audit_slice", now, |tx, now| Box::pin(store::seal::next_slice(tx, *now, SLICE)))
            .await?;
        let Some(slice) = slice else { return Ok(()) };
        let more = slice.hurry;
        // The cursor has moved on: a schema that cannot be looked at must not keep the sweep from all others.
        match look_at(owner, slice.tenants.clone(), now).await {
            Err(error) if is_late(&error) => {
                // One of them is being dropped or migrated just now, and the others of its slice do not wait for it.
                for one in slice.tenants {
                    let tenant = one.0;
                    match look_at(owner, vec![one], now).await {
                        Err(error) if is_late(&error) => {
                            tracing::warn!(%tenant, %error, "a tenant's audit events could not be looked for yet");
                        }
                        other => other?,
                    }
                }
            }
            other => other?,
        }
        if !more {
            return Ok(());
        }
    }
    Ok(())
}

/// A lock was not had in time.
fn is_late(error: &Error) -> bool {
    error.pg().is_some_and(|error| error.kind() == ErrorKind::Timeout)
}

/// Notes those of these tenants that have events.
async fn look_at(owner: &Pool, tenants: Vec<(Uuid, String)>, now: DateTime<Utc>) -> Result<()> {
    owner
        .run("audit_sweep", (tenants, now), |tx, (tenants, now)| {
            Box::pin(async move {
                let schemas: Vec<String> = tenants.iter().map(|(_, schema)| schema.clone()).collect();
                let there = store::seal::with_events(tx, &schemas).await?;
                let there: Vec<(Uuid, String)> =
                    tenants.iter().filter(|(_, schema)| there.contains(schema)).cloned().collect();
                store::seal::note_those_with_events(tx, &there, *now).await
            })
        })
        .await
}

/// Moves a noted tenant's events to where they are sealed.
async fn fetch(owner: &Pool, ctx: &Ctx, tenant: TenantId) -> Result<()> {
    for _ in 0..BATCHES {
        let moved = owner
            .run("audit_fetch", (ctx.clone(), tenant), |tx, (ctx, tenant)| {
                Box::pin(async move {
                    store::seal::take_note(tx, *tenant).await?;
                    // A tenant that is gone, or has no schema yet, has nothing to move.
                    let Some(schema) = store::seal::home(tx, *tenant).await? else { return Ok(0) };
                    let moved = move_out(tx, ctx, *tenant, &schema).await?;
                    ctx.faults.at("audit.fetched")?;
                    Ok::<_, Error>(moved)
                })
            })
            .await?;
        if moved < BATCH {
            return Ok(());
        }
    }
    // There is more; the next look goes on.
    let input = (vec![tenant.0], ctx.now());
    owner.run("audit_note", input, |tx, (tenants, now)| Box::pin(store::seal::note(tx, tenants, *now))).await
}

async fn move_out(tx: &ControlTx, ctx: &Ctx, tenant: TenantId, schema: &str) -> Result<i64> {
    let moved = store::seal::take_out(tx, tenant, schema, ctx.now(), BATCH).await?;
    for event in &moved {
        let kept = (
            event.before.as_deref().and_then(redact::amended),
            event.after.as_deref().and_then(redact::amended),
        );
        if kept != (None, None) {
            store::seal::amend(tx, event.arrived, &kept).await?;
        }
    }
    Ok(i64::try_from(moved.len()).unwrap_or(i64::MAX))
}

/// Seals one batch of what has arrived; 0 where nothing has, or another sealer is at work.
async fn seal_batch(owner: &Pool, ctx: &Ctx) -> Result<usize> {
    owner
        .run("audit_seal", ctx.clone(), |tx, ctx| {
            Box::pin(async move {
                let Some(position) = store::seal::take_turn(tx, false).await? else { return Ok(0) };
                let events = store::seal::unsealed(tx, None, BATCH).await?;
                let count = events.len();
                if count > 0 {
                    chain(tx, ctx, events, position).await?;
                    ctx.faults.at("audit.sealed")?;
                }
                Ok(count)
            })
        })
        .await
}

/// Gives events their places and hashes, behind the heads of their chains. Returns the last position given.
async fn chain(tx: &ControlTx, ctx: &Ctx, events: Vec<Event>, position: i64) -> Result<i64> {
    let now = ctx.now();
    for month in [now.date_naive(), next_month(now.date_naive())] {
        ensure_partition(tx, month).await?;
    }
    let mut chains: Vec<Uuid> = events.iter().map(Event::chain).collect();
    chains.sort_unstable();
    chains.dedup();
    let heads = store::seal::lock_heads(tx, &chains, now).await?;
    let mut heads: BTreeMap<Uuid, (i64, Vec<u8>)> =
        heads.into_iter().map(|(chain, seq, hash)| (chain, (seq, hash))).collect();
    let sealed = bind(events, &mut heads, position, now);
    let placed = store::seal::place(tx, &sealed, now).await?;
    if usize::try_from(placed).ok() != Some(sealed.len()) {
        return Err(Error::Fault(format!("{placed} of {} audit events could be placed", sealed.len())));
    }
    let last = sealed.last().map_or(position, |last| last.place.position);
    let ends: Vec<(Uuid, i64, Vec<u8>)> =
        heads.into_iter().map(|(chain, (seq, hash))| (chain, seq, hash)).collect();
    store::seal::move_heads(tx, &ends, last, now).await?;
    Ok(last)
}

/// In order of the deeds, and of arrival where two were done at once; each chain behind its head.
fn bind(
    mut events: Vec<Event>,
    heads: &mut BTreeMap<Uuid, (i64, Vec<u8>)>,
    mut position: i64,
    now: DateTime<Utc>,
) -> Vec<Sealed> {
    events.sort_by(|one, other| {
        (&one.occurred_at, one.arrived, one.id).cmp(&(&other.occurred_at, other.arrived, other.id))
    });
    let sealed_at = now.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    let mut sealed = Vec::with_capacity(events.len());
    for event in events {
        let chain = event.chain();
        let (seq, prev_hash) = heads.entry(chain).or_insert_with(|| (0, BEGINNING.to_vec()));
        *seq += 1;
        position += 1;
        let place = Place { position, chain, seq: *seq, sealed_at: sealed_at.clone() };
        let hash = digest(&event, &place, prev_hash).to_vec();
        let prev_hash = std::mem::replace(prev_hash, hash.clone());
        sealed.push(Sealed { event, place, prev_hash, hash });
    }
    sealed
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn next_month(day: NaiveDate) -> NaiveDate {
    first_of_month(day).checked_add_months(Months::new(1)).unwrap_or(day)
}

/// Made under the sealer's lock, so that two workers never make one at once.
async fn ensure_partition(tx: &ControlTx, day: NaiveDate) -> Result<()> {
    let name = format!("events_{}", day.format("%Y_%m"));
    if store::seal::has_partition(tx, &name).await? {
        return Ok(());
    }
    let bound = |day: NaiveDate| day.format("%Y-%m-%d 00:00:00+00").to_string();
    store::seal::make_partition(tx, &name, &bound(first_of_month(day)), &bound(next_month(day))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain::tests::event;

    #[test]
    fn months_follow_one_another() {
        for (day, first, next) in [
            ("2026-01-31", "2026-01-01", "2026-02-01"),
            ("2026-12-01", "2026-12-01", "2027-01-01"),
            ("2028-02-29", "2028-02-01", "2028-03-01"),
        ] {
            let day: NaiveDate = day.parse().unwrap();
            assert_eq!(
                (first_of_month(day).to_string(), next_month(day).to_string()),
                (first.to_owned(), next.to_owned())
            );
        }
    }

    #[test]
    fn a_batch_is_bound_in_order_of_the_deeds() {
        let at = |id: u128, arrived: i64, second: u32| Event {
            arrived,
            occurred_at: format!("2026-03-04T12:00:{second:02}.000000Z"),
            ..event(id)
        };
        let other = Event { tenant_id: None, ..at(9, 4, 1) };
        let mut heads = BTreeMap::from([(Uuid::from_u128(2), (5, vec![1; 32]))]);
        let sealed = bind(
            vec![at(1, 1, 3), at(2, 3, 2), at(3, 2, 2), other],
            &mut heads,
            40,
            "2026-03-04T12:00:09Z".parse().unwrap(),
        );
        let told: Vec<_> =
            sealed.iter().map(|one| (one.event.id.as_u128(), one.place.seq, one.place.position)).collect();
        assert_eq!(told, [(9, 1, 41), (3, 6, 42), (2, 7, 43), (1, 8, 44)]);
        assert_eq!((&sealed[1].prev_hash, &sealed[2].prev_hash), (&vec![1; 32], &sealed[1].hash));
        assert_eq!(heads[&Uuid::from_u128(2)], (8, sealed[3].hash.clone()));
        assert_eq!(sealed[0].prev_hash, BEGINNING);
        assert!(sealed.iter().all(Sealed::is_whole));
    }
}
