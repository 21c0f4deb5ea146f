//! Rows for the demo: what a tenant of the agent platform looks like after a day's work.
//!
//! Owns: nothing (writes tenant.agents, tenant.tasks, tenant.messages through a scope). Calls: tenancy. Called by: `tenantry dev --demo`.
//! Invariants: written once per workspace, in one transaction (`a_second_start_adds_nothing`). After a crash: all of a workspace's rows, or none.

mod store;

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
