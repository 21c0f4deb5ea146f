//! SQL of the demo.
//!
//! Owns: tenant.agents, tenant.tasks, tenant.messages, tenant._events, through a scope. Calls: pg. Called by: demo.
//! After a crash: one transaction or none.

use super::{DemoAgent, Rows};
use crate::{
    Error, Result,
    ctx::{Ctx, Request},
};
use chrono::{DateTime, Utc};
use serde_json::json;
use tenantry_pg::TenantTx;
use tenantry_types::WorkspaceId;
use uuid::Uuid;

pub(super) async fn has_agents(tx: &TenantTx) -> Result<bool> {
    Ok(!tx.query("-- demo::has_agents\nSELECT 1 FROM tenant.agents LIMIT 1", &[]).await?.is_empty())
}

pub(super) async fn count(tx: &TenantTx) -> Result<Rows> {
    let rows = tx
        .query(
            "-- demo::count
             SELECT (SELECT count(*) FROM tenant.agents) AS agents,
                    (SELECT count(*) FROM tenant.tasks) AS tasks,
                    (SELECT count(*) FROM tenant.messages) AS messages",
            &[],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::Fault("counting gave no row".to_owned()))?;
    Ok(Rows { agents: row.get("agents")?, tasks: row.get("tasks")?, messages: row.get("messages")? })
}

pub(super) async fn insert(
    tx: &TenantTx,
    workspace: Uuid,
    [agent, task, message]: [Uuid; 3],
    demo: &DemoAgent,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- demo::insert_agent
         INSERT INTO tenant.agents (id, workspace_id, name, role, status, capabilities, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'working', '{demo,search,summarise}', $5, $5)",
        &[&agent, &workspace, &demo.name, &demo.role, &now],
    )
    .await?;
    tx.query(
        "-- demo::insert_task
         INSERT INTO tenant.tasks (id, workspace_id, agent_id, title, status, priority, progress_percent, progress_details, started_at, created_at,
                                   updated_at)
         VALUES ($1, $2, $3, $4, 'in_progress', 'normal', 40, '{\"demo\": true}', $5, $5, $5)",
        &[&task, &workspace, &agent, &demo.task, &now],
    )
    .await?;
    tx.query(
        "-- demo::insert_message
         INSERT INTO tenant.messages (id, workspace_id, from_agent, task_id, subject, body, type, status, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'broadcast', 'delivered', $7)",
        &[&message, &workspace, &agent, &task, &format!("Demo: {}", demo.task), &demo.message, &now],
    )
    .await?;
    Ok(())
}

/// One event for all of it.
pub(super) async fn tell(
    tx: &TenantTx,
    ctx: &Ctx,
    request: &Request,
    workspace: WorkspaceId,
    agents: usize,
) -> Result<()> {
    let request_id = (!request.request_id.is_empty()).then(|| request.request_id.clone());
    let rows = json!({"agents": agents, "tasks": agents, "messages": agents});
    tx.query(
        "-- demo::tell
         INSERT INTO tenant._events (id, workspace_id, occurred_at, actor, actor_kind, action, target_type, target_id,
                                     request_id, address, after)
         VALUES ($1, $2, $3, $4, $5, 'demo_data.create', 'workspace', $6, $7, $8, $9)",
        &[
            &ctx.uuid(),
            &workspace.0,
            &ctx.now(),
            &request.actor.label(),
            &request.actor.kind(),
            &workspace.to_string(),
            &request_id,
            &request.address,
            &rows,
        ],
    )
    .await?;
    Ok(())
}
