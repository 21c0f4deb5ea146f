//! SQL of provisioning: the log of its sagas.
//!
//! Owns: `provisioning_runs`, `provisioning_steps`. Calls: pg, durable's outbox. Called by: provisioning.
//! Invariants: run, steps and events are written together, so that a stream shows what the tables hold; a holder's writes name its token.
//! After a crash: one transaction or none.

use super::model::Input;
use crate::{Error, Result, registry::store::word};
use serde_json::Value;
use std::time::Duration;
use tenantry_durable::{Lease, lease_is_free, outbox, saga::fill_durations};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{
    RunId, TenantId,
    run::{Run, RunKind, Step, StepName, StepStatus},
};
use uuid::Uuid;

/// The outbox's topic of runs; its keys are their ids.
pub(crate) const TOPIC: &str = "runs";

/// A new run with whatever it has done already.
pub(super) async fn insert(tx: &ControlTx, run: &Run, input: &Input) -> Result<()> {
    let input = serde_json::to_value(input).map_err(|error| Error::Fault(error.to_string()))?;
    tx.query(
        "-- provisioning::insert
         INSERT INTO provisioning_runs (id, kind, tenant_id, tenant_slug, status, error, input, result, created_at, started_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            &run.id.0,
            &run.kind.as_str(),
            &run.tenant_id.0,
            &run.tenant_slug,
            &run.status.as_str(),
            &run.error,
            &input,
            &run.result,
            &run.created_at,
            &run.started_at,
            &run.finished_at,
        ],
    )
    .await?;
    write_steps(tx, run).await
}

/// The run as its holder has it now. Final states give the lease back.
pub(super) async fn save(tx: &ControlTx, run: &Run, token: Uuid) -> Result<()> {
    let rows = tx
        .query(
            "-- provisioning::save
             UPDATE provisioning_runs SET status = $3, error = $4, started_at = $5, finished_at = $6, result = $7,
                    lease_token = CASE WHEN $6 IS NULL THEN lease_token END,
                    lease_until = CASE WHEN $6 IS NULL THEN lease_until END,
                    holder_pid = CASE WHEN $6 IS NULL THEN holder_pid END,
                    holder_started = CASE WHEN $6 IS NULL THEN holder_started END
             WHERE id = $1 AND lease_token = $2
             RETURNING id",
            &[
                &run.id.0,
                &token,
                &run.status.as_str(),
                &run.error,
                &run.started_at,
                &run.finished_at,
                &run.result,
            ],
        )
        .await?;
    if rows.is_empty() {
        return Err(lost(run.id));
    }
    write_steps(tx, run).await
}

fn lost(id: RunId) -> Error {
    Error::Fault(format!("{id} has another holder by now; this one changes nothing"))
}

/// What somebody asked of a run, whoever holds it: the holder's next write finds its token gone.
pub(super) async fn overrule(tx: &ControlTx, run: &Run) -> Result<()> {
    tx.query(
        "-- provisioning::overrule
         UPDATE provisioning_runs SET status = $2, error = $3, started_at = $4, finished_at = $5, result = $6, takings = 0,
                lease_token = NULL, lease_until = NULL, holder_pid = NULL, holder_started = NULL
         WHERE id = $1",
        &[&run.id.0, &run.status.as_str(), &run.error, &run.started_at, &run.finished_at, &run.result],
    )
    .await?;
    write_steps(tx, run).await
}

pub(super) async fn renew(tx: &ControlTx, id: RunId, lease: Lease) -> Result<()> {
    let rows = tx
        .last(
            "-- provisioning::renew
             UPDATE provisioning_runs SET lease_until = clock_timestamp() + $3 * interval '1 ms'
             WHERE id = $1 AND lease_token = $2 RETURNING id",
            &[&id.0, &lease.token, &lease.millis()],
        )
        .await?;
    if rows.is_empty() { Err(lost(id)) } else { Ok(()) }
}

/// Nobody's from now on, and not to be taken before the pause is over.
pub(super) async fn release(tx: &ControlTx, id: RunId, lease: Lease, pause: Duration) -> Result<()> {
    let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    tx.last(
        "-- provisioning::release
         UPDATE provisioning_runs SET lease_until = clock_timestamp() + $3 * interval '1 ms', holder_pid = NULL, holder_started = NULL
         WHERE id = $1 AND lease_token = $2",
        &[&id.0, &lease.token, &pause],
    )
    .await?;
    Ok(())
}

async fn write_steps(tx: &ControlTx, run: &Run) -> Result<()> {
    let value = |what: std::result::Result<Value, serde_json::Error>| {
        what.map_err(|error| Error::Fault(error.to_string()))
    };
    let rows = tx
        .query(
            "-- provisioning::write_steps
             INSERT INTO provisioning_steps AS p (run_id, position, name, status, attempts, detail, error, started_at, finished_at)
             SELECT $1, s.position, s.step ->> 'name', s.step ->> 'status', (s.step ->> 'attempts')::int, s.step ->> 'detail',
                    s.step ->> 'error', (s.step ->> 'started_at')::timestamptz, (s.step ->> 'finished_at')::timestamptz
             FROM jsonb_array_elements($2) WITH ORDINALITY AS s (step, position)
             WHERE s.step ->> 'name' <> 'unknown'
             ON CONFLICT (run_id, position) DO UPDATE SET
                 status = excluded.status, attempts = excluded.attempts, detail = excluded.detail, error = excluded.error,
                 started_at = excluded.started_at, finished_at = excluded.finished_at
             WHERE (p.status, p.attempts, p.detail, p.error, p.started_at, p.finished_at)
                   IS DISTINCT FROM (excluded.status, excluded.attempts, excluded.detail, excluded.error, excluded.started_at, excluded.finished_at)
             RETURNING position",
            &[&run.id.0, &value(serde_json::to_value(&run.steps))?],
        )
        .await?;
    // Who watches hears of what changed, and of nothing twice.
    let mut events = Vec::new();
    for row in &rows {
        let position = usize::try_from(row.get::<i16>("position")?).unwrap_or(0);
        let step = run.steps.get(position.wrapping_sub(1)).filter(|step| step.status != StepStatus::Pending);
        if let Some(step) = step {
            events.push(("step", value(serde_json::to_value(step))?));
        }
    }
    events.push(("run", value(serde_json::to_value(run))?));
    Ok(outbox::put(tx, TOPIC, &run.id.to_string(), events).await?)
}

/// What its steps need.
pub(super) async fn input(tx: &ControlTx, id: RunId) -> Result<Input> {
    let rows = tx
        .query(
            "-- provisioning::input
SELECT input FROM provisioning_runs WHERE id = $1",
            &[&id.0],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::Fault(format!("{id} is gone")))?;
    serde_json::from_value(row.get("input")?).map_err(|error| Error::Fault(format!("{id}: {error}")))
}

/// What it has brought so far.
pub(super) async fn result(tx: &ControlTx, id: RunId) -> Result<Option<Value>> {
    let rows = tx
        .query("-- provisioning::result\nSELECT result FROM provisioning_runs WHERE id = $1", &[&id.0])
        .await?;
    Ok(rows.first().map(|row| row.get("result")).transpose()?.flatten())
}

struct RunRow(Run);

impl FromRow for RunRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let mut steps: Value = row.get("steps")?;
        steps.as_array_mut().into_iter().flatten().for_each(say_unknown);
        let steps: Vec<Step> =
            serde_json::from_value(steps).map_err(|error| pg::Error::Shape(error.to_string()))?;
        let mut run = Run {
            id: RunId(row.get("id")?),
            kind: word(row, "kind")?,
            tenant_id: TenantId(row.get("tenant_id")?),
            tenant_slug: row.get("tenant_slug")?,
            status: word(row, "status")?,
            steps,
            error: row.get("error")?,
            result: row.get("result")?,
            created_at: row.get("created_at")?,
            started_at: row.get("started_at")?,
            finished_at: row.get("finished_at")?,
            duration_ms: None,
        };
        fill_durations(&mut run);
        Ok(Self(run))
    }
}

/// A step that another version wrote is read as such, its name among the words about it: one run must not hide all others from a list. It is never written.
fn say_unknown(step: &mut Value) {
    let name = step["name"].as_str().unwrap_or_default();
    if name.parse::<StepName>().is_err() {
        step["detail"] = Value::from(format!("{name}, which another version of Tenantry does"));
        step["name"] = Value::from(StepName::Unknown.as_str());
    }
}

/// Columns of a run with its steps.
macro_rules! run_columns {
    () => {
        "r.id, r.kind, r.tenant_id, r.tenant_slug, r.status, r.error, r.result, r.created_at, r.started_at, r.finished_at,
             (SELECT jsonb_agg(jsonb_build_object('name', s.name, 'status', s.status, 'attempts', s.attempts, 'detail', s.detail,
                                                  'error', s.error, 'started_at', s.started_at, 'finished_at', s.finished_at)
                               ORDER BY s.position)
              FROM provisioning_steps s WHERE s.run_id = r.id) AS steps"
    };
}

pub(super) async fn find(tx: &ControlTx, id: RunId) -> Result<Option<Run>> {
    let row: Option<RunRow> = tx
        .optional(
            concat!(
                "-- provisioning::find\nSELECT ",
                run_columns!(),
                " FROM provisioning_runs r WHERE r.id = $1"
            ),
            &[&id.0],
        )
        .await?;
    Ok(row.map(|row| row.0))
}

/// The same, kept from everybody else until the transaction ends.
pub(super) async fn hold(tx: &ControlTx, id: RunId) -> Result<Option<Run>> {
    tx.query("-- provisioning::hold\nSELECT id FROM provisioning_runs WHERE id = $1 FOR UPDATE", &[&id.0])
        .await?;
    find(tx, id).await
}

/// What is asked of the list of runs.
pub(super) struct ListRuns {
    pub(super) tenant: Option<String>,
    /// Any of these.
    pub(super) status: Option<Vec<String>>,
    pub(super) kind: Option<RunKind>,
    pub(super) limit: i64,
    pub(super) before: Option<RunId>,
}

pub(super) async fn list(tx: &ControlTx, query: &ListRuns) -> Result<Vec<Run>> {
    let kind = query.kind.map(|kind| kind.as_str().to_owned());
    let rows: Vec<RunRow> = tx
        .all(
            concat!(
                "-- provisioning::list\nSELECT ",
                run_columns!(),
                " FROM provisioning_runs r
                  WHERE ($1 IS NULL OR r.tenant_slug = $1) AND ($2 IS NULL OR r.status = ANY ($2)) AND ($3 IS NULL OR r.id < $3)
                    AND ($5 IS NULL OR r.kind = $5)
                  ORDER BY r.id DESC LIMIT $4"
            ),
            &[&query.tenant, &query.status, &query.before.map(|id| id.0), &query.limit, &kind],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// The latest run of a tenant.
pub(super) async fn latest(tx: &ControlTx, tenant: TenantId) -> Result<Option<RunId>> {
    let rows = tx
        .query(
            "-- provisioning::latest
             SELECT id FROM provisioning_runs WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
            &[&tenant.0],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("id").map(RunId)).transpose()?)
}

/// Whether a run on the tenant has not ended.
pub(super) async fn is_busy(tx: &ControlTx, tenant: TenantId) -> Result<bool> {
    let rows = tx
        .query(
            "-- provisioning::is_busy
             SELECT 1 FROM provisioning_runs WHERE tenant_id = $1 AND finished_at IS NULL",
            &[&tenant.0],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Those of the tenants that are being purged.
pub(super) async fn purged(tx: &ControlTx, tenants: &Vec<Uuid>) -> Result<Vec<TenantId>> {
    let rows = tx
        .query(
            "-- provisioning::purged
             SELECT tenant_id FROM provisioning_runs WHERE tenant_id = ANY ($1) AND kind = 'purge' AND finished_at IS NULL",
            &[tenants],
        )
        .await?;
    rows.iter().map(|row| Ok(TenantId(row.get("tenant_id")?))).collect()
}

struct Taken(Run, i32);

impl FromRow for Taken {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(RunRow::from_row(row)?.0, row.get("takings")?))
    }
}

/// Takes the oldest run that waits or whose holder is gone, with the number of its takings. One whose kind or steps this version does not know is another's:
/// it waits for that, and what comes behind it does not.
pub(super) async fn take(tx: &ControlTx, lease: Lease) -> Result<Option<(Run, i32)>> {
    let (pid, started) = lease.holder();
    let kinds: Vec<String> = RunKind::ALL.iter().map(RunKind::to_string).collect();
    let steps: Vec<String> = StepName::ALL.iter().map(StepName::to_string).collect();
    let row: Option<Taken> = tx
        .optional(
            concat!(
                "-- provisioning::take
                 WITH taken AS (
                     UPDATE provisioning_runs SET lease_token = $1, lease_until = clock_timestamp() + $2 * interval '1 ms',
                            holder_pid = $3, holder_started = $4, takings = takings + 1
                     WHERE id = (SELECT id FROM provisioning_runs WHERE finished_at IS NULL AND kind = ANY ($5)
                                 AND NOT EXISTS (SELECT FROM provisioning_steps s WHERE s.run_id = provisioning_runs.id AND s.name <> ALL ($6))
                                 AND ",
                lease_is_free!(),
                "                ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                     RETURNING *
                 )
                 SELECT r.takings, ",
                run_columns!(),
                " FROM taken r"
            ),
            &[&lease.token, &lease.millis(), &pid, &started, &kinds, &steps],
        )
        .await?;
    Ok(row.map(|Taken(run, takings)| (run, takings)))
}
