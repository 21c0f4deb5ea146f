//! Rows for the demo: what a tenant of the agent platform looks like after a day's work.
//!
//! Owns: nothing (writes tenant.agents, tenant.tasks, tenant.messages through a scope). Calls: tenancy. Called by: `tenantry dev --demo`.
//! Invariants: written once per workspace, in one transaction (`a_second_start_adds_nothing`). After a crash: all of a workspace's rows, or none.

use crate::{Result, authz::TenantScope, ctx::Ctx, tenancy::Tenancy};
use uuid::Uuid;

/// An agent of the demo with its task and its message.
#[derive(Debug, Clone, Copy)]
pub struct DemoAgent {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub role: &'static str,
    /// A task it works on.
    pub task: &'static str,
    /// What it tells its people.
    pub message: &'static str,
}

/// Writes the rows, unless the workspace has agents already. Returns whether it wrote.
///
/// # Errors
/// The database's.
pub async fn seed(
    tenancy: &Tenancy,
    ctx: &Ctx,
    scope: &TenantScope,
    agents: &'static [DemoAgent],
) -> Result<bool> {
    let input = (ctx.clone(), scope.workspace_id().0, agents);
    tenancy
        .run(scope, "seed_demo", input, |tx, (ctx, workspace, agents)| {
            Box::pin(async move {
                if store::has_agents(tx).await? {
                    return Ok(false);
                }
                for agent in *agents {
                    let ids: [Uuid; 3] = [ctx.uuid(), ctx.uuid(), ctx.uuid()];
                    store::insert(tx, *workspace, ids, agent, ctx.now()).await?;
                }
                Ok(true)
            })
        })
        .await
}

/// How many rows a workspace has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Agents.
    pub agents: i64,
    /// Tasks.
    pub tasks: i64,
    /// Messages.
    pub messages: i64,
}

/// Counts what a scope can see.
///
/// # Errors
/// The database's.
pub async fn count(tenancy: &Tenancy, scope: &TenantScope) -> Result<Rows> {
    tenancy.run(scope, "count_demo", (), |tx, ()| Box::pin(store::count(tx))).await
}

mod store {
    use super::{DemoAgent, Rows};
    use crate::{Error, Result};
    use chrono::{DateTime, Utc};
    use tenantry_pg::TenantTx;
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
             VALUES ($1, $2, $3, $4, 'working', '{search,summarise}', $5, $5)",
            &[&agent, &workspace, &demo.name, &demo.role, &now],
        )
        .await?;
        tx.query(
            "-- demo::insert_task
             INSERT INTO tenant.tasks (id, workspace_id, agent_id, title, status, priority, progress_percent, started_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, 'in_progress', 'normal', 40, $5, $5, $5)",
            &[&task, &workspace, &agent, &demo.task, &now],
        )
        .await?;
        tx.query(
            "-- demo::insert_message
             INSERT INTO tenant.messages (id, workspace_id, from_agent, task_id, subject, body, type, status, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 'broadcast', 'delivered', $7)",
            &[&message, &workspace, &agent, &task, &demo.task, &demo.message, &now],
        )
        .await?;
        Ok(())
    }
}
