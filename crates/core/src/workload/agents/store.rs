//! SQL of agents.
//!
//! Owns: tenant.agents. Calls: pg. Called by: agents.
//! Invariants: row-level security adds the workspace to every statement, and a row of elsewhere is refused and counted if it ever comes back or is changed
//! (`a_row_of_elsewhere_is_refused_and_counted`); a change writes its event in the same statement, so that scope,
//! change and event are one round trip. After a crash: one transaction or none.

use super::model::Query;
use crate::{
    Error, Result,
    ctx::{Ctx, Request},
    registry::store::word,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::net::IpAddr;
use tenantry_pg::{self as pg, FromRow, Param, Row, TenantTx};
use tenantry_types::{
    AgentId, TaskId, WorkspaceId,
    agent::{Agent, AgentStatus, CreateAgent, UpdateAgent},
};
use uuid::Uuid;

/// The audit event of a change.
pub(super) struct Event {
    id: Uuid,
    now: DateTime<Utc>,
    actor: String,
    actor_kind: &'static str,
    action: &'static str,
    request_id: String,
    address: Option<IpAddr>,
}

impl Event {
    pub(super) fn new(ctx: &Ctx, request: &Request, action: &'static str) -> Self {
        Self {
            id: ctx.uuid(),
            now: ctx.now(),
            actor: request.actor.label(),
            actor_kind: request.actor.kind(),
            action,
            request_id: request.request_id.clone(),
            address: request.address,
        }
    }
}

struct AgentRow(Agent);

impl FromRow for AgentRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let Value::Object(tool_permissions) = row.get("tool_permissions")? else {
            return Err(pg::Error::Shape("tool_permissions is no object".to_owned()));
        };
        Ok(Self(Agent {
            id: AgentId(row.get("id")?),
            workspace_id: WorkspaceId(row.get("workspace_id")?),
            name: row.get("name")?,
            role: row.get("role")?,
            personality_prompt: row.get("personality_prompt")?,
            status: word(row, "status")?,
            current_task_id: row.get::<Option<Uuid>>("current_task_id")?.map(TaskId),
            capabilities: row.get("capabilities")?,
            tool_permissions,
            version: row.get("version")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        }))
    }
}

/// An agent of the scope's own workspace: each row that leaves this module was asked for its stamp.
fn own(tx: &TenantTx, row: &Row) -> Result<Agent> {
    let agent = AgentRow::from_row(row)?.0;
    tx.own(agent.workspace_id)?;
    Ok(agent)
}

fn agent(tx: &TenantTx, rows: &[Row]) -> Result<Option<Agent>> {
    rows.first().map(|row| own(tx, row)).transpose()
}

/// Makes an agent. `last`: nothing comes after it in the transaction, and COMMIT travels with it.
pub(super) async fn insert(
    tx: &TenantTx,
    id: AgentId,
    workspace: WorkspaceId,
    wish: &CreateAgent,
    event: &Event,
    last: bool,
) -> Result<Agent> {
    let sql = "-- agents::insert
             WITH made AS (
                 INSERT INTO tenant.agents (id, workspace_id, name, role, personality_prompt, capabilities, tool_permissions,
                                            created_at, updated_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
                 RETURNING *
             ), told AS (
                 INSERT INTO tenant._events (id, workspace_id, occurred_at, actor, actor_kind, action, target_type, target_id,
                                             request_id, address, after)
                 SELECT $9, m.workspace_id, $8, $10, $11, $12, 'agent', $15, $13, $14, to_jsonb(m) FROM made m
             )
             SELECT id, workspace_id, name, role, personality_prompt, status, current_task_id, capabilities, tool_permissions,
                    version, created_at, updated_at
             FROM made";
    // As the API names it, so that the trail is found by it.
    let target = id.to_string();
    let permissions = Value::Object(wish.tool_permissions.clone());
    let params: [&dyn Param; 15] = [
        &id.0,
        &workspace.0,
        &wish.name,
        &wish.role,
        &wish.personality_prompt,
        &wish.capabilities,
        &permissions,
        &event.now,
        &event.id,
        &event.actor,
        &event.actor_kind,
        &event.action,
        &event.request_id,
        &event.address,
        &target,
    ];
    let rows = if last { tx.last(sql, &params).await? } else { tx.query(sql, &params).await? };
    agent(tx, &rows)?.ok_or_else(|| Error::Fault("an insert returned no row".to_owned()))
}

pub(super) async fn list(tx: &TenantTx, query: &Query) -> Result<Vec<Agent>> {
    let limit = i64::try_from(query.limit + 1).unwrap_or(i64::MAX);
    let rows = tx
        .last(
            "-- agents::list
             SELECT id, workspace_id, name, role, personality_prompt, status, current_task_id, capabilities, tool_permissions,
                    version, created_at, updated_at
             FROM tenant.agents
             WHERE deleted_at IS NULL AND ($1 IS NULL OR status = $1) AND ($2 IS NULL OR id > $2)
             ORDER BY id LIMIT $3",
            &[&query.status, &query.after.map(|after| after.0), &limit],
        )
        .await?;
    rows.iter().map(|row| own(tx, row)).collect()
}

pub(super) async fn find(tx: &TenantTx, id: AgentId) -> Result<Option<Agent>> {
    let rows = tx
        .last(
            "-- agents::find
             SELECT id, workspace_id, name, role, personality_prompt, status, current_task_id, capabilities, tool_permissions,
                    version, created_at, updated_at
             FROM tenant.agents WHERE id = $1 AND deleted_at IS NULL",
            &[&id.0],
        )
        .await?;
    agent(tx, &rows)
}

/// Absent fields keep their value. The prompt has a flag of its own, since null is a wish there.
pub(super) async fn update(
    tx: &TenantTx,
    id: AgentId,
    expected: Option<i64>,
    wish: &UpdateAgent,
    status: Option<AgentStatus>,
    event: &Event,
) -> Result<Option<Agent>> {
    let rows = tx
        .query(
            "-- agents::update
             WITH was AS (
                 SELECT * FROM tenant.agents WHERE id = $1 AND deleted_at IS NULL AND ($2 IS NULL OR version = $2) FOR UPDATE
             ), made AS (
                 UPDATE tenant.agents a SET
                     name = coalesce($3, a.name), role = coalesce($4, a.role),
                     personality_prompt = CASE WHEN $5 THEN $6 ELSE a.personality_prompt END,
                     status = coalesce($7, a.status), capabilities = coalesce($8, a.capabilities),
                     tool_permissions = coalesce($9, a.tool_permissions),
                     version = a.version + 1, updated_at = $10
                 FROM was WHERE a.id = was.id
                 RETURNING a.*
             ), told AS (
                 INSERT INTO tenant._events (id, workspace_id, occurred_at, actor, actor_kind, action, target_type, target_id,
                                             request_id, address, before, after)
                 SELECT $11, m.workspace_id, $10, $12, $13, $14, 'agent', $17, $15, $16, to_jsonb(w), to_jsonb(m)
                 FROM made m, was w
             )
             SELECT id, workspace_id, name, role, personality_prompt, status, current_task_id, capabilities, tool_permissions,
                    version, created_at, updated_at
             FROM made",
            &[
                &id.0,
                &expected,
                &wish.name,
                &wish.role,
                &wish.personality_prompt.is_some(),
                &wish.personality_prompt.clone().flatten(),
                &status.map(|status| status.as_str().to_owned()),
                &wish.capabilities,
                &wish.tool_permissions.clone().map(Value::Object),
                &event.now,
                &event.id,
                &event.actor,
                &event.actor_kind,
                &event.action,
                &event.request_id,
                &event.address,
                // As the API names it, so that the trail is found by it.
                &id.to_string(),
            ],
        )
        .await?;
    agent(tx, &rows)
}

pub(super) async fn delete(tx: &TenantTx, id: AgentId, expected: Option<i64>, event: &Event) -> Result<bool> {
    let rows = tx
        .query(
            "-- agents::delete
             WITH gone AS (
                 UPDATE tenant.agents SET deleted_at = $3, updated_at = $3, version = version + 1
                 WHERE id = $1 AND deleted_at IS NULL AND ($2 IS NULL OR version = $2)
                 RETURNING *
             ), told AS (
                 INSERT INTO tenant._events (id, workspace_id, occurred_at, actor, actor_kind, action, target_type, target_id,
                                             request_id, address, before)
                 SELECT $4, g.workspace_id, $3, $5, $6, $7, 'agent', $10, $8, $9, to_jsonb(g) FROM gone g
             )
             SELECT id, workspace_id FROM gone",
            &[
                &id.0,
                &expected,
                &event.now,
                &event.id,
                &event.actor,
                &event.actor_kind,
                &event.action,
                &event.request_id,
                &event.address,
                // As the API names it, so that the trail is found by it.
                &id.to_string(),
            ],
        )
        .await?;
    for row in &rows {
        tx.own(WorkspaceId(row.get("workspace_id")?))?;
    }
    Ok(!rows.is_empty())
}
