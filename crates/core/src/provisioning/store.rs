//! SQL of provisioning.
//!
//! Owns: `provisioning_runs`, `provisioning_steps`, `provisioning_events`. Calls: pg. Called by: provisioning.
//! Invariants: run, steps and events are written together, so that a stream shows what the tables hold; a holder's writes name its token.
//! After a crash: one transaction or none.

use super::model::{RunState, fill_durations};
use crate::{Error, Result, registry::store::word};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{
    RunId, TenantId,
    run::{Run, Step, StepStatus},
};
use uuid::Uuid;

/// A new run with whatever it has done already.
pub(super) async fn insert(tx: &ControlTx, state: &RunState) -> Result<()> {
    let run = &state.run;
    tx.query(
        "-- provisioning::insert
         INSERT INTO provisioning_runs (id, tenant_id, tenant_slug, status, error, created_at, started_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &run.id.0,
            &run.tenant_id.0,
            &run.tenant_slug,
            &run.status.as_str(),
            &run.error,
            &run.created_at,
            &run.started_at,
            &run.finished_at,
        ],
    )
    .await?;
    write_steps(tx, run).await
}

/// The run as its holder has it now. Final states give the lease back.
pub(super) async fn save(tx: &ControlTx, state: &RunState, token: Uuid) -> Result<()> {
    let run = &state.run;
    let rows = tx
        .query(
            "-- provisioning::save
             UPDATE provisioning_runs SET status = $3, error = $4, started_at = $5, finished_at = $6,
                    lease_token = CASE WHEN $6 IS NULL THEN lease_token END,
                    lease_until = CASE WHEN $6 IS NULL THEN lease_until END
             WHERE id = $1 AND lease_token = $2
             RETURNING id",
            &[&run.id.0, &token, &run.status.as_str(), &run.error, &run.started_at, &run.finished_at],
        )
        .await?;
    if rows.is_empty() {
        return Err(Error::Fault(format!("{} has another holder by now; this one changes nothing", run.id)));
    }
    write_steps(tx, run).await
}

async fn write_steps(tx: &ControlTx, run: &Run) -> Result<()> {
    let steps = serde_json::to_value(&run.steps).map_err(|error| Error::Fault(error.to_string()))?;
    let mut events: Vec<Value> = run
        .steps
        .iter()
        .filter(|step| step.status != StepStatus::Pending)
        .map(|step| json!({"event": "step", "data": step}))
        .collect();
    events.push(json!({"event": "run", "data": run}));
    tx.query(
        "-- provisioning::write_steps
         WITH steps AS (
             INSERT INTO provisioning_steps (run_id, position, name, status, attempts, detail, error, started_at, finished_at)
             SELECT $1, s.position, s.step ->> 'name', s.step ->> 'status', (s.step ->> 'attempts')::int, s.step ->> 'detail',
                    s.step ->> 'error', (s.step ->> 'started_at')::timestamptz, (s.step ->> 'finished_at')::timestamptz
             FROM jsonb_array_elements($2) WITH ORDINALITY AS s (step, position)
             ON CONFLICT (run_id, position) DO UPDATE SET
                 status = excluded.status, attempts = excluded.attempts, detail = excluded.detail, error = excluded.error,
                 started_at = excluded.started_at, finished_at = excluded.finished_at
         )
         INSERT INTO provisioning_events (run_id, event, data)
         SELECT $1, e.event ->> 'event', e.event -> 'data'
         FROM jsonb_array_elements($3) WITH ORDINALITY AS e (event, place) ORDER BY e.place",
        &[&run.id.0, &steps, &Value::Array(events)],
    )
    .await?;
    Ok(())
}

struct RunRow(Run);

impl FromRow for RunRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let steps: Value = row.get("steps")?;
        let steps: Vec<Step> =
            serde_json::from_value(steps).map_err(|error| pg::Error::Shape(error.to_string()))?;
        let mut run = Run {
            id: RunId(row.get("id")?),
            tenant_id: TenantId(row.get("tenant_id")?),
            tenant_slug: row.get("tenant_slug")?,
            status: word(row, "status")?,
            steps,
            error: row.get("error")?,
            created_at: row.get("created_at")?,
            started_at: row.get("started_at")?,
            finished_at: row.get("finished_at")?,
            duration_ms: None,
        };
        fill_durations(&mut run);
        Ok(Self(run))
    }
}

/// Columns of a run with its steps.
macro_rules! run_columns {
    () => {
        "r.id, r.tenant_id, r.tenant_slug, r.status, r.error, r.created_at, r.started_at, r.finished_at,
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

/// What is asked of the list of runs.
pub(super) struct ListRuns {
    pub(super) tenant: Option<String>,
    pub(super) status: Option<String>,
    pub(super) limit: i64,
    pub(super) before: Option<RunId>,
}

pub(super) async fn list(tx: &ControlTx, query: &ListRuns) -> Result<Vec<Run>> {
    let rows: Vec<RunRow> = tx
        .all(
            concat!(
                "-- provisioning::list\nSELECT ",
                run_columns!(),
                " FROM provisioning_runs r
                  WHERE ($1 IS NULL OR r.tenant_slug = $1) AND ($2 IS NULL OR r.status = $2) AND ($3 IS NULL OR r.id < $3)
                  ORDER BY r.id DESC LIMIT $4"
            ),
            &[&query.tenant, &query.status, &query.before.map(|id| id.0), &query.limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Takes the oldest run that waits or whose lease has run out, and says so to those who watch.
pub(super) async fn take(
    tx: &ControlTx,
    now: DateTime<Utc>,
    token: Uuid,
    until: DateTime<Utc>,
) -> Result<Option<Run>> {
    let row: Option<RunRow> = tx
        .optional(
            concat!(
                "-- provisioning::take
                 WITH taken AS (
                     UPDATE provisioning_runs SET lease_token = $2, lease_until = $3, started_at = coalesce(started_at, $1),
                            status = CASE status WHEN 'pending' THEN 'running' ELSE status END
                     WHERE id = (SELECT id FROM provisioning_runs
                                 WHERE finished_at IS NULL AND (lease_until IS NULL OR lease_until < $1)
                                 ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
                     RETURNING *
                 )
                 SELECT ",
                run_columns!(),
                " FROM taken r"
            ),
            &[&now, &token, &until],
        )
        .await?;
    let Some(RunRow(run)) = row else { return Ok(None) };
    let data = serde_json::to_value(&run).map_err(|error| Error::Fault(error.to_string()))?;
    tx.query("-- provisioning::taken\nINSERT INTO provisioning_events (run_id, event, data) VALUES ($1, 'run', $2)", &[&run.id.0, &data])
        .await?;
    Ok(Some(run))
}

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// Durable; a stream resumes after it.
    pub id: i64,
    /// `step` or `run`.
    pub event: String,
    /// The step or run as it was then.
    pub data: Value,
}

impl FromRow for RunEvent {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self { id: row.get("id")?, event: row.get("event")?, data: row.get("data")? })
    }
}

pub(super) async fn events(tx: &ControlTx, run: RunId, after: i64) -> Result<Vec<RunEvent>> {
    Ok(tx
        .all(
            "-- provisioning::events
             SELECT id, event, data FROM provisioning_events WHERE run_id = $1 AND id > $2 ORDER BY id LIMIT 200",
            &[&run.0, &after],
        )
        .await?)
}
