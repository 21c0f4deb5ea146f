//! Rows for people who look around: what a tenant of the agent platform has after a day's work.
//!
//! Owns: nothing (writes tenant.agents, tenant.tasks, tenant.messages through a scope). Calls: tenancy, authz, provisioning (whose trait it fulfils). Called by:
//! `tenantry dev --demo`; a provisioning run, in the worker.
//! Invariants: written once per workspace, in one transaction with their audit event (`a_second_start_adds_nothing`, `demo_data_is_marked_and_told`), also by two workers at once (`two_writers_of_demo_data_are_one`); each row can be told
//! from a real one: an agent by the capability `demo`, a task by `demo` in its details, a message by how its subject begins (`demo_data_is_marked_and_told`). After a crash:
//! all of a workspace's rows, or none.

mod store;

use crate::{
    Result,
    authz::{Actor, TenantScope},
    ctx::{Ctx, Request},
    provisioning::DemoData,
    registry::TenantRecord,
    tenancy::Tenancy,
};
use tenantry_pg::{BoxFuture, ErrorKind, TxError};
use tenantry_types::WorkspaceId;
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

/// What a tenant begins with that is asked for with demo data. Fewer agents than the smallest tier allows.
pub const SAMPLE: [DemoAgent; 3] = [
    DemoAgent {
        name: "Iris",
        role: "support",
        task: "Answer 14 open tickets",
        message: "Six tickets are answered; two need a person.",
    },
    DemoAgent {
        name: "Otto",
        role: "research",
        task: "Compare three suppliers",
        message: "The cheapest one ships in nine days.",
    },
    DemoAgent {
        name: "Vera",
        role: "bookkeeping",
        task: "Match October's invoices",
        message: "41 of 43 match; two amounts differ.",
    },
];

/// Writes the sample for provisioning runs.
#[derive(Clone)]
pub struct DemoRows {
    /// The door to tenant rows.
    pub tenancy: Tenancy,
    /// Clock and ids.
    pub ctx: Ctx,
}

impl DemoData for DemoRows {
    fn write<'a>(
        &'a self,
        tenant: &'a TenantRecord,
        workspace: WorkspaceId,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move {
            let scope = TenantScope::of_a_making(tenant, workspace)?;
            let request = Request { actor: Actor::System, request_id: String::new(), address: None };
            match seed(&self.tenancy, &self.ctx, &request, &scope, &SAMPLE).await {
                // Another worker had the run before, and its transaction ended while this one waited for it: the rows are there.
                Err(error) if error.pg().is_some_and(|error| error.kind() == ErrorKind::Unique) => {
                    seed(&self.tenancy, &self.ctx, &request, &scope, &SAMPLE).await?
                }
                outcome => outcome?,
            };
            let Rows { agents, tasks, messages } = count(&self.tenancy, &scope).await?;
            Ok(format!("{agents} agents, {tasks} tasks, {messages} messages"))
        })
    }
}

/// Writes the rows, unless the workspace has agents already. Returns whether it wrote.
///
/// # Errors
/// The database's.
pub async fn seed(
    tenancy: &Tenancy,
    ctx: &Ctx,
    request: &Request,
    scope: &TenantScope,
    agents: &'static [DemoAgent],
) -> Result<bool> {
    let input = (ctx.clone(), request.clone(), scope.workspace_id(), agents);
    tenancy
        .write(scope, "seed_demo", input, |tx, (ctx, request, workspace, agents)| {
            Box::pin(async move {
                if store::has_agents(tx).await? {
                    return Ok(false);
                }
                for agent in *agents {
                    let ids: [Uuid; 3] = [ctx.uuid(), ctx.uuid(), ctx.uuid()];
                    store::insert(tx, workspace.0, ids, agent, ctx.now()).await?;
                }
                store::tell(tx, ctx, request, *workspace, agents.len()).await?;
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
