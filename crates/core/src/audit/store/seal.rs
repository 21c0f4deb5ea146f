//! SQL of the sealer: events moved out of tenants' schemas, chained, and put where they stay.
//!
//! Owns: see `store`. Calls: pg. Called by: audit's seal and due.
//! Invariants: a tenant's schema is named through its quoted name alone, in a search path that lasts for the transaction at the most; what a
//! tenant's role wrote cannot stop the move (`a_strange_event_does_not_stop_the_trail`). After a crash: one transaction or none.

use super::{Event, event_columns};
use crate::{Result, audit::chain::Sealed};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry_pg::{
    ControlTx, Error, FromRow, Row,
    roles::hex,
    sql::{quote_ident, quote_literal},
};
use tenantry_types::TenantId;
use uuid::Uuid;

/// Takes the sealer's place; `None` where another has it. With `wait`, waits for it.
pub(in crate::audit) async fn take_turn(tx: &ControlTx, wait: bool) -> Result<Option<i64>> {
    let rows = if wait {
        tx.query("-- audit::wait_turn\nSELECT position FROM public.audit_sealing FOR UPDATE", &[]).await?
    } else {
        tx.query("-- audit::take_turn\nSELECT position FROM public.audit_sealing FOR UPDATE SKIP LOCKED", &[])
            .await?
    };
    Ok(rows.first().map(|row| row.get("position")).transpose()?)
}

/// The oldest arrivals, of one chain where it is named.
pub(in crate::audit) async fn unsealed(
    tx: &ControlTx,
    tenant: Option<TenantId>,
    limit: i64,
) -> Result<Vec<Event>> {
    Ok(tx
        .all(
            concat!(
                "-- audit::unsealed
             SELECT ",
                event_columns!(),
                " FROM public.audit_unsealed e WHERE $1 IS NULL OR e.tenant_id = $1 ORDER BY e.arrived LIMIT $2"
            ),
            &[&tenant.map(|tenant| tenant.0), &limit],
        )
        .await?)
}

/// Locks the heads of chains, made where they are missing: chain, number, hash.
pub(in crate::audit) async fn lock_heads(
    tx: &ControlTx,
    chains: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, i64, Vec<u8>)>> {
    tx.query(
        "-- audit::make_heads
         INSERT INTO public.audit_heads (chain, seq, hash, sealed_at)
         SELECT unnest($1), 0, decode(repeat('00', 32), 'hex'), $2 ON CONFLICT (chain) DO NOTHING",
        &[&chains.to_vec(), &now],
    )
    .await?;
    let rows = tx
        .query(
            "-- audit::lock_heads
             SELECT chain, seq, hash FROM public.audit_heads WHERE chain = ANY($1) ORDER BY chain FOR UPDATE",
            &[&chains.to_vec()],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("chain")?, row.get("seq")?, row.get("hash")?))).collect()
}

/// Moves events to their places. The rows themselves never leave the database: only their places and hashes come from here.
pub(in crate::audit) async fn place(tx: &ControlTx, sealed: &[Sealed], now: DateTime<Utc>) -> Result<u64> {
    let places: Value = sealed
        .iter()
        .map(|one| {
            serde_json::json!({
                "arrived": one.event.arrived, "position": one.place.position, "chain": one.place.chain, "seq": one.place.seq,
                "prev_hash": hex(&one.prev_hash), "hash": hex(&one.hash),
            })
        })
        .collect();
    let rows = tx
        .query(
            "-- audit::place
             WITH moved AS (
                 DELETE FROM public.audit_unsealed u
                 USING jsonb_to_recordset($1) AS s (arrived bigint, position bigint, chain uuid, seq bigint, prev_hash text, hash text)
                 WHERE u.arrived = s.arrived
                 RETURNING u.*, s.position, s.chain, s.seq, s.prev_hash, s.hash
             ), placed AS (
                 INSERT INTO public.audit_events
                     (position, chain, seq, sealed_at, prev_hash, hash, arrived, id, occurred_at, tenant_id, workspace_id, actor_kind, actor,
                      action, target_kind, target, request_id, address, before, after)
                 SELECT m.position, m.chain, m.seq, $2, decode(m.prev_hash, 'hex'), decode(m.hash, 'hex'), m.arrived, m.id, m.occurred_at,
                        m.tenant_id, m.workspace_id, m.actor_kind, m.actor, m.action, m.target_kind, m.target, m.request_id, m.address,
                        m.before, m.after
                 FROM moved m
                 RETURNING 1
             )
             SELECT count(*) AS placed FROM placed",
            &[&places, &now],
        )
        .await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.get("placed"))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Writes down where chains end now, and the last position given.
pub(in crate::audit) async fn move_heads(
    tx: &ControlTx,
    heads: &[(Uuid, i64, Vec<u8>)],
    position: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let ends: Value = heads
        .iter()
        .map(|(chain, seq, hash)| serde_json::json!({"chain": chain, "seq": seq, "hash": hex(hash)}))
        .collect();
    tx.query(
        "-- audit::move_heads
         UPDATE public.audit_heads h SET seq = s.seq, hash = decode(s.hash, 'hex'), sealed_at = $2, slug = coalesce(t.slug, h.slug)
         FROM jsonb_to_recordset($1) AS s (chain uuid, seq bigint, hash text) LEFT JOIN public.tenants t ON t.id = s.chain
         WHERE h.chain = s.chain",
        &[&ends, &now],
    )
    .await?;
    tx.query("-- audit::move_position\nUPDATE public.audit_sealing SET position = $1", &[&position]).await?;
    Ok(())
}

/// Whether the partition with this name is there.
pub(in crate::audit) async fn has_partition(tx: &ControlTx, name: &str) -> Result<bool> {
    let rows = tx
        .query(
            "-- audit::has_partition\nSELECT to_regclass('audit.' || quote_ident($1)) IS NOT NULL AS there",
            &[&name],
        )
        .await?;
    Ok(rows.first().map_or(Ok(false), |row| row.get("there"))?)
}

/// Makes a month's partition. Made first and attached then: that keeps no reader of the trail waiting.
pub(in crate::audit) async fn make_partition(tx: &ControlTx, name: &str, from: &str, to: &str) -> Result<()> {
    let (table, from, to) = (quote_ident(name), quote_literal(from), quote_literal(to));
    tx.batch(&format!(
        "CREATE TABLE audit.{table} (LIKE public.audit_events INCLUDING ALL);
         ALTER TABLE public.audit_events ATTACH PARTITION audit.{table} FOR VALUES FROM ({from}) TO ({to});"
    ))
    .await?;
    Ok(())
}

/// The schema of a tenant that is there and has a table of events.
pub(in crate::audit) async fn home(tx: &ControlTx, tenant: TenantId) -> Result<Option<String>> {
    let rows = tx
        .query(
            "-- audit::home
             SELECT t.schema_name FROM public.tenants t
             WHERE t.id = $1 AND to_regclass(quote_ident(t.schema_name) || '._events') IS NOT NULL",
            &[&tenant.0],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("schema_name")).transpose()?)
}

/// Whether a schema has a table of events.
pub(in crate::audit) async fn has_events(tx: &ControlTx, schema: &str) -> Result<bool> {
    let rows = tx
        .query(
            "-- audit::has_events\nSELECT to_regclass(quote_ident($1) || '._events') IS NOT NULL AS there",
            &[&schema],
        )
        .await?;
    Ok(rows.first().map_or(Ok(false), |row| row.get("there"))?)
}

/// Waits until nobody else writes or moves events of a schema, and keeps it so until the transaction ends.
pub(in crate::audit) async fn lock_events(tx: &ControlTx, schema: &str) -> Result<()> {
    tx.batch(&format!("LOCK TABLE {}._events IN SHARE ROW EXCLUSIVE MODE", quote_ident(schema))).await?;
    Ok(())
}

/// An event that was just moved: what of it may have to be amended.
pub(in crate::audit) struct Moved {
    pub(in crate::audit) arrived: i64,
    pub(in crate::audit) before: Option<String>,
    pub(in crate::audit) after: Option<String>,
}

impl FromRow for Moved {
    fn from_row(row: &Row) -> std::result::Result<Self, Error> {
        Ok(Self { arrived: row.get("arrived")?, before: row.get("before")?, after: row.get("after")? })
    }
}

/// Moves the oldest events of a tenant to where they are sealed. A lock that is not had at once is left to whoever holds it: a
/// migration of the tenant must not keep all others' events waiting.
///
/// A tenant's role chooses what it writes there: a time that no calendar has becomes the time of the move.
pub(in crate::audit) async fn take_out(
    tx: &ControlTx,
    tenant: TenantId,
    schema: &str,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Moved>> {
    let before = tx
        .query(
            "-- audit::enter
             SELECT current_setting('search_path') AS path, current_setting('lock_timeout') AS patience,
                    set_config('search_path', quote_ident($1), true) AS entered, set_config('lock_timeout', '200ms', true) AS hurried",
            &[&schema],
        )
        .await?;
    let moved = tx
        .all(
            "-- audit::take_out
             WITH gone AS (
                 DELETE FROM _events WHERE position IN (
                     SELECT position FROM _events ORDER BY position LIMIT $3 FOR UPDATE SKIP LOCKED)
                 RETURNING *
             )
             INSERT INTO public.audit_unsealed
                 (id, occurred_at, tenant_id, workspace_id, actor_kind, actor, action, target_kind, target, request_id, address, before, after)
             SELECT g.id, CASE WHEN g.occurred_at BETWEEN '2000-01-01 00:00:00Z' AND $2 + interval '1 day' THEN g.occurred_at ELSE $2 END, $1,
                    g.workspace_id, g.actor_kind, g.actor, g.action, g.target_type, g.target_id, g.request_id, g.address,
                    -- Whoever may write there may write gigabytes: they end here, before the worker has to hold them.
                    CASE WHEN octet_length(g.before::text) > 65536
                         THEN jsonb_build_object('left_out', 'too large', 'bytes', octet_length(g.before::text)) ELSE g.before END,
                    CASE WHEN octet_length(g.after::text) > 65536
                         THEN jsonb_build_object('left_out', 'too large', 'bytes', octet_length(g.after::text)) ELSE g.after END
             FROM gone g ORDER BY g.position
             RETURNING arrived, before::text AS before, after::text AS after",
            &[&tenant.0, &now, &limit],
        )
        .await?;
    if let Some(row) = before.first() {
        let (path, patience): (String, String) = (row.get("path")?, row.get("patience")?);
        tx.query(
            "-- audit::leave
             SELECT set_config('search_path', $1, true) AS path, set_config('lock_timeout', $2, true) AS patience",
            &[&path, &patience],
        )
        .await?;
    }
    Ok(moved)
}

/// Writes what is kept of an event in place of what was written: `None` leaves a value as it is.
pub(in crate::audit) async fn amend(
    tx: &ControlTx,
    arrived: i64,
    (before, after): &(Option<Value>, Option<Value>),
) -> Result<()> {
    tx.query(
        "-- audit::amend
         UPDATE public.audit_unsealed SET before = coalesce($2, before), after = coalesce($3, after) WHERE arrived = $1",
        &[&arrived, before, after],
    )
    .await?;
    Ok(())
}

/// Notes tenants, those that are noted already aside. In order of ids, so that two processes never wait for each other in a ring.
pub(in crate::audit) async fn note(tx: &ControlTx, tenants: &[Uuid], now: DateTime<Utc>) -> Result<()> {
    tx.last(
        "-- audit::note
         INSERT INTO audit_due (tenant_id, noted_at) SELECT unnest($1), $2 ON CONFLICT (tenant_id) DO NOTHING",
        &[&tenants.to_vec(), &now],
    )
    .await?;
    Ok(())
}

pub(in crate::audit) async fn due(tx: &ControlTx, limit: i64) -> Result<Vec<TenantId>> {
    let rows = tx
        .last(
            "-- audit::due\nSELECT tenant_id FROM audit_due ORDER BY noted_at, tenant_id LIMIT $1",
            &[&limit],
        )
        .await?;
    rows.iter().map(|row| Ok(TenantId(row.get("tenant_id")?))).collect()
}

/// Takes a tenant's note away, before its events are looked for: what is committed later is noted anew.
pub(in crate::audit) async fn take_note(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    tx.query("-- audit::take_note\nDELETE FROM audit_due WHERE tenant_id = $1", &[&tenant.0]).await?;
    Ok(())
}

/// Asks for a look at every tenant soon.
pub(in crate::audit) async fn hurry(tx: &ControlTx) -> Result<()> {
    tx.last("-- audit::hurry\nUPDATE audit_sweep SET hurry = true, after = NULL", &[]).await?;
    Ok(())
}

/// A slice of tenants to look at.
pub(in crate::audit) struct Slice {
    pub(in crate::audit) tenants: Vec<(Uuid, String)>,
    pub(in crate::audit) hurry: bool,
}

/// The next slice, and the cursor moved behind it; nothing where another worker has just looked.
pub(in crate::audit) async fn next_slice(
    tx: &ControlTx,
    now: DateTime<Utc>,
    size: i64,
) -> Result<Option<Slice>> {
    let turn = tx
        .query(
            "-- audit::sweep_turn
             SELECT after, hurry FROM audit_sweep
             WHERE hurry OR looked_at IS NULL OR looked_at NOT BETWEEN $1 - interval '500 ms' AND $1
             FOR UPDATE SKIP LOCKED",
            &[&now],
        )
        .await?;
    let Some(turn) = turn.first() else { return Ok(None) };
    let (after, hurry): (Option<Uuid>, bool) = (turn.get("after")?, turn.get("hurry")?);
    let rows = tx
        .query(
            "-- audit::slice
             SELECT t.id, t.schema_name FROM tenants t WHERE $1 IS NULL OR t.id > $1 ORDER BY t.id LIMIT $2",
            &[&after, &size],
        )
        .await?;
    let tenants: Vec<(Uuid, String)> = rows
        .iter()
        .map(|row| Ok((row.get("id")?, row.get("schema_name")?)))
        .collect::<std::result::Result<_, Error>>()?;
    // A short slice is the last one: the next look begins again.
    let more = i64::try_from(tenants.len()).is_ok_and(|found| found == size);
    let last = tenants.last().filter(|_| more).map(|(id, _)| *id);
    tx.query(
        "-- audit::swept\nUPDATE audit_sweep SET after = $1, looked_at = $2, hurry = hurry AND $3",
        &[&last, &now, &more],
    )
    .await?;
    Ok(Some(Slice { tenants, hurry: hurry && more }))
}

/// Of these schemas, the ones with a table of events.
pub(in crate::audit) async fn with_events(tx: &ControlTx, schemas: &[String]) -> Result<Vec<String>> {
    let rows = tx
        .query(
            "-- audit::with_events
             SELECT name FROM unnest($1) AS name WHERE to_regclass(quote_ident(name) || '._events') IS NOT NULL",
            &[&schemas.to_vec()],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("name")?)).collect()
}

/// Notes those of a slice that have events, in one statement.
pub(in crate::audit) async fn note_those_with_events(
    tx: &ControlTx,
    tenants: &[(Uuid, String)],
    now: DateTime<Utc>,
) -> Result<()> {
    let each: Vec<String> = tenants
        .iter()
        .map(|(id, schema)| {
            let (id, schema) = (quote_literal(&id.to_string()), quote_ident(schema));
            format!("SELECT {id}::uuid AS id WHERE EXISTS (SELECT FROM {schema}._events)")
        })
        .collect();
    if each.is_empty() {
        return Ok(());
    }
    tx.batch(&format!(
        "SET LOCAL lock_timeout = '200ms';
         INSERT INTO audit_due (tenant_id, noted_at)
         SELECT found.id, {now}::timestamptz FROM ({each}) AS found ORDER BY found.id
         ON CONFLICT (tenant_id) DO NOTHING;",
        now = quote_literal(&now.to_rfc3339()),
        each = each.join(" UNION ALL "),
    ))
    .await?;
    Ok(())
}

/// How much waits: events that have arrived, and when the oldest of them, or of the notes, was made.
pub(in crate::audit) async fn backlog(tx: &ControlTx) -> Result<(i64, Option<DateTime<Utc>>)> {
    let rows = tx
        .last(
            "-- audit::backlog
             SELECT (SELECT count(*) FROM audit_unsealed) AS unsealed,
                    least((SELECT occurred_at FROM audit_unsealed ORDER BY arrived LIMIT 1), (SELECT min(noted_at) FROM audit_due)) AS oldest",
            &[],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok((0, None)) };
    Ok((row.get("unsealed")?, row.get("oldest")?))
}
