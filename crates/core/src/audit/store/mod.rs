//! SQL of the audit trail: written, listed, exported, verified.
//!
//! Owns: `audit_unsealed`, `audit_events`, `audit_heads`, `audit_sealing`, `audit_sweep`, `audit_due`. Calls: pg. Called by: audit.
//! Invariants: no WHERE is the fence: what a tenant's identity sees, row-level security says (`a_key_sees_its_own_trail_only`); a page is one
//! statement, so that an event which is being sealed stands on it once (`a_walk_through_a_growing_trail_repeats_and_skips_nothing`).
//! After a crash: one transaction or none.

pub(super) mod seal;

use super::{
    Deed,
    chain::{Event, Place, Sealed, chain_of},
    filter::Found,
};
use crate::{Result, ctx::Request};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{EventId, TenantId};
use uuid::Uuid;

/// What an event says, as [`Event`] reads it.
macro_rules! event_columns {
    () => {
        "e.arrived, e.id, coalesce(to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), e.occurred_at::text) AS occurred_at,
         e.tenant_id, e.workspace_id, e.actor_kind, e.actor, e.action, e.target_kind, e.target, e.request_id, text(e.address) AS address,
         e.before::text AS before, e.after::text AS after"
    };
}
/// Where it stands, as [`Sealed`] reads it.
macro_rules! place_columns {
    () => {
        "e.position, e.chain, e.seq, coalesce(to_char(e.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), e.sealed_at::text) AS sealed_at,
         e.prev_hash, e.hash"
    };
}
/// The filter's conditions: its parameters are the first six.
macro_rules! conditions {
    ($chains:literal) => {
        concat!(
            $chains,
            " AND ($2 IS NULL OR e.actor = $2)
                 AND ($3 IS NULL OR CASE WHEN right($3, 1) = '.' THEN starts_with(e.action, $3) ELSE e.action = $3 END)
                 AND ($4 IS NULL OR e.target = $4) AND ($5 IS NULL OR e.occurred_at >= $5) AND ($6 IS NULL OR e.occurred_at < $6)"
        )
    };
}
/// A statement for each way to name chains, so that each has a plan of its own: one chain is read along its index, however long the
/// trail of all others is.
macro_rules! by_chains {
    ($found:expr, $statement:ident) => {
        match $found.chains.as_deref() {
            None => $statement!("$1 IS NULL", "$1 IS NULL"),
            Some([_]) => $statement!(
                "e.tenant_id IS NOT DISTINCT FROM nullif(($1)[1], '00000000-0000-0000-0000-000000000000')",
                "e.chain = ($1)[1]"
            ),
            Some(_) => $statement!("e.tenant_id = ANY($1)", "e.chain = ANY($1)"),
        }
    };
}
/// A page: conditions of the tail, and of what is sealed.
macro_rules! page_of {
    ($tail:literal, $sealed:literal) => {
        concat!(
            "-- audit::page
             WITH tail AS (
                 SELECT NULL::bigint AS position, NULL::uuid AS chain, NULL::bigint AS seq, NULL::text AS sealed_at,
                        NULL::bytea AS prev_hash, NULL::bytea AS hash, ",
            event_columns!(),
            " FROM audit_unsealed e
                 WHERE $8 IS NULL AND ($7 IS NULL OR e.arrived < $7) AND ",
            conditions!($tail),
            " ORDER BY e.arrived DESC LIMIT $9
             ), sealed AS (
                 SELECT ",
            place_columns!(),
            ", ",
            event_columns!(),
            " FROM audit_events e
                 WHERE ($7 IS NULL OR e.arrived < $7) AND ($8 IS NULL OR e.position < $8) AND ",
            conditions!($sealed),
            " ORDER BY e.position DESC LIMIT $9
             ), both_kinds AS (
                 SELECT * FROM tail UNION ALL SELECT * FROM sealed
             )
             SELECT * FROM both_kinds ORDER BY position DESC NULLS FIRST, arrived DESC LIMIT $9"
        )
    };
}
/// A piece of an export; the tail is no part of it.
macro_rules! batch_of {
    ($tail:literal, $sealed:literal) => {
        concat!(
            "-- audit::batch
             SELECT ",
            place_columns!(),
            ", ",
            event_columns!(),
            " FROM audit_events e
             WHERE e.position > $7 AND e.position <= $8 AND ",
            conditions!($sealed),
            " ORDER BY e.position LIMIT $9"
        )
    };
}
use event_columns;

impl FromRow for Event {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            arrived: row.get("arrived")?,
            id: row.get("id")?,
            occurred_at: row.get("occurred_at")?,
            tenant_id: row.get("tenant_id")?,
            workspace_id: row.get("workspace_id")?,
            actor_kind: row.get("actor_kind")?,
            actor: row.get("actor")?,
            action: row.get("action")?,
            target_kind: row.get("target_kind")?,
            target: row.get("target")?,
            request_id: row.get("request_id")?,
            address: row.get("address")?,
            before: row.get("before")?,
            after: row.get("after")?,
        })
    }
}

impl FromRow for Sealed {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            event: Event::from_row(row)?,
            place: Place {
                position: row.get("position")?,
                chain: row.get("chain")?,
                seq: row.get("seq")?,
                sealed_at: row.get("sealed_at")?,
            },
            prev_hash: row.get("prev_hash")?,
            hash: row.get("hash")?,
        })
    }
}

/// An event of a list: sealed, or not yet.
pub(super) enum Listed {
    Sealed(Sealed),
    Unsealed(Event),
}

impl FromRow for Listed {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(match row.get::<Option<i64>>("position")? {
            Some(_) => Self::Sealed(Sealed::from_row(row)?),
            None => Self::Unsealed(Event::from_row(row)?),
        })
    }
}

pub(super) async fn insert(
    tx: &ControlTx,
    id: Uuid,
    now: DateTime<Utc>,
    request: &Request,
    deed: &Deed,
    (before, after): (&Option<Value>, &Option<Value>),
) -> Result<()> {
    tx.query(
        "-- audit::insert
         INSERT INTO audit_unsealed
             (id, occurred_at, tenant_id, workspace_id, actor_kind, actor, action, target_kind, target, request_id, address, before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &id,
            &now,
            &deed.tenant.map(|tenant| tenant.0),
            &deed.workspace.map(|workspace| workspace.0),
            &request.actor.kind(),
            &request.actor.label(),
            &deed.action,
            &deed.target_kind,
            &deed.target,
            &request.request_id,
            &request.address,
            before,
            after,
        ],
    )
    .await?;
    Ok(())
}

/// The chains of a slug: of the tenant that has it, and of tenants that had it when they were last heard of.
pub(super) async fn chains_of_slug(tx: &ControlTx, slug: &str) -> Result<Vec<Uuid>> {
    let rows = tx
        .query(
            "-- audit::chains_of_slug
             SELECT chain FROM (
                 SELECT t.id AS chain, 0 AS later, NULL AS sealed_at FROM tenants t WHERE t.slug = $1
                 UNION ALL
                 SELECT h.chain, 1, h.sealed_at FROM audit_heads h
                 WHERE h.slug = $1 AND NOT EXISTS (SELECT FROM tenants t WHERE t.id = h.chain AND t.slug = $1)
             ) AS known
             ORDER BY later, sealed_at DESC",
            &[&slug],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("chain")?)).collect()
}

/// Newest first: the unsealed, latest arrival first, then the sealed, latest position first.
pub(super) async fn page(tx: &ControlTx, found: &Found, limit: i64) -> Result<Vec<Listed>> {
    let (tail, sealed) = found.cursor.bounds();
    Ok(tx
        .last(
            by_chains!(found, page_of),
            &[
                &found.chains,
                &found.actor,
                &found.action,
                &found.target,
                &found.from,
                &found.to,
                &tail,
                &sealed,
                &limit,
            ],
        )
        .await?
        .iter()
        .map(Listed::from_row)
        .collect::<std::result::Result<_, _>>()?)
}

/// The first event that bears the id, in one statement: an event that is being sealed is in one place or the other.
pub(super) async fn by_id(tx: &ControlTx, id: EventId) -> Result<Option<Listed>> {
    Ok(tx
        .optional(
            concat!(
                "-- audit::by_id
                 WITH tail AS (
                     SELECT NULL::bigint AS position, NULL::uuid AS chain, NULL::bigint AS seq, NULL::text AS sealed_at,
                            NULL::bytea AS prev_hash, NULL::bytea AS hash, ",
                event_columns!(),
                " FROM audit_unsealed e WHERE e.id = $1 ORDER BY e.arrived LIMIT 1
                 ), sealed AS (
                     SELECT ",
                place_columns!(),
                ", ",
                event_columns!(),
                " FROM audit_events e WHERE e.id = $1 ORDER BY e.position LIMIT 1
                 ), both_kinds AS (
                     SELECT * FROM sealed UNION ALL SELECT * FROM tail
                 )
                 SELECT * FROM both_kinds ORDER BY position NULLS LAST LIMIT 1"
            ),
            &[&id.0],
        )
        .await?)
}

/// Sealed events behind a position, of one chain along its index or of all.
pub(super) async fn since(
    tx: &ControlTx,
    chain: Option<TenantId>,
    after: i64,
    limit: i64,
) -> Result<Vec<Sealed>> {
    macro_rules! since {
        ($condition:literal) => {
            concat!(
                "-- audit::since
             SELECT ",
                place_columns!(),
                ", ",
                event_columns!(),
                " FROM audit_events e WHERE e.position > $1 AND ",
                $condition,
                " ORDER BY e.position LIMIT $2"
            )
        };
    }
    Ok(match chain {
        Some(chain) => tx.all(since!("e.chain = $3"), &[&after, &limit, &chain.0]).await?,
        None => tx.all(since!("true"), &[&after, &limit]).await?,
    })
}

/// The highest position of one chain, or of all; 0 for none.
pub(super) async fn newest(tx: &ControlTx, chain: Option<TenantId>) -> Result<i64> {
    let Some(chain) = chain else { return top(tx).await };
    let sql =
        "-- audit::newest\nSELECT position FROM audit_events WHERE chain = $1 ORDER BY position DESC LIMIT 1";
    let rows = tx.query(sql, &[&chain.0]).await?;
    Ok(rows.first().map_or(Ok(0), |row| row.get("position"))?)
}

/// The highest position that may be seen; 0 for none.
pub(super) async fn top(tx: &ControlTx) -> Result<i64> {
    let rows = tx
        .query("-- audit::top\nSELECT position FROM audit_events ORDER BY position DESC LIMIT 1", &[])
        .await?;
    Ok(rows.first().map_or(Ok(0), |row| row.get("position"))?)
}

/// Sealed events behind one position, up to and with another, oldest first.
pub(super) async fn batch(
    tx: &ControlTx,
    found: &Found,
    after: i64,
    top: i64,
    limit: i64,
) -> Result<Vec<Sealed>> {
    Ok(tx
        .all(
            by_chains!(found, batch_of),
            &[
                &found.chains,
                &found.actor,
                &found.action,
                &found.target,
                &found.from,
                &found.to,
                &after,
                &top,
                &limit,
            ],
        )
        .await?)
}

/// Where a chain ends, and what its tenant was called.
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: Vec<u8>,
    pub(super) slug: Option<String>,
}

impl FromRow for Head {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self { seq: row.get("seq")?, hash: row.get("hash")?, slug: row.get("slug")? })
    }
}

pub(super) async fn head(tx: &ControlTx, chain: Uuid) -> Result<Option<Head>> {
    let sql = "-- audit::head\nSELECT seq, hash, slug FROM audit_heads WHERE chain = $1";
    Ok(tx.optional(sql, &[&chain]).await?)
}

/// Events of a chain in order of their numbers, behind a number and a time of sealing, up to and with the number `top`. Two rows may
/// have one number where somebody put one there.
pub(super) async fn in_order(
    tx: &ControlTx,
    chain: Uuid,
    behind: &(i64, String),
    top: i64,
    limit: i64,
) -> Result<Vec<Sealed>> {
    Ok(tx
        .all(
            concat!(
                "-- audit::in_order
             SELECT ",
                place_columns!(),
                ", ",
                event_columns!(),
                " FROM audit_events e
             WHERE e.chain = $1 AND (e.seq, e.sealed_at) > ($2, $3::text::timestamptz) AND e.seq <= $4
             ORDER BY e.seq, e.sealed_at LIMIT $5"
            ),
            &[&chain, &behind.0, &behind.1, &top, &limit],
        )
        .await?)
}

/// Events of a chain beyond its head, which one statement sees at one moment: the sealer moves both together.
pub(super) async fn beyond_the_head(tx: &ControlTx, chain: Uuid, limit: i64) -> Result<Vec<Sealed>> {
    Ok(tx
        .all(
            concat!(
                "-- audit::beyond_the_head
             SELECT ",
                place_columns!(),
                ", ",
                event_columns!(),
                " FROM audit_events e
             WHERE e.chain = $1 AND e.seq > coalesce((SELECT h.seq FROM audit_heads h WHERE h.chain = $1), 0)
             ORDER BY e.seq LIMIT $2"
            ),
            &[&chain, &limit],
        )
        .await?)
}

/// Whether a chain is, or will be, a tenant's.
pub(super) async fn knows(tx: &ControlTx, chain: Uuid) -> Result<bool> {
    let rows = tx
        .query(
            "-- audit::knows
             SELECT EXISTS (SELECT FROM audit_heads WHERE chain = $1) OR EXISTS (SELECT FROM tenants WHERE id = $1) AS known",
            &[&chain],
        )
        .await?;
    Ok(rows.first().map_or(Ok(false), |row| row.get("known"))?)
}

/// The next chain behind one: by its head, or by an event whose head is gone.
pub(super) async fn next_chain(tx: &ControlTx, after: Option<Uuid>) -> Result<Option<Uuid>> {
    let rows = tx
        .query(
            "-- audit::next_chain
             SELECT chain FROM (
                 (SELECT h.chain FROM audit_heads h WHERE $1 IS NULL OR h.chain > $1 ORDER BY h.chain LIMIT 1)
                 UNION ALL
                 (SELECT e.chain FROM audit_events e WHERE $1 IS NULL OR e.chain > $1 ORDER BY e.chain LIMIT 1)
             ) AS next ORDER BY chain LIMIT 1",
            &[&after],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("chain")).transpose()?)
}

impl Event {
    /// The chain that it belongs to.
    pub(super) fn chain(&self) -> Uuid {
        chain_of(self.tenant_id)
    }
}
