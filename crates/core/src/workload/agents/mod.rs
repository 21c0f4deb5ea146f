//! Agents: create, list, show, update, delete.
//!
//! Owns: tenant.agents. Calls: tenancy, idempotency. Called by: server.
//! Invariants: an absent and a foreign id give the same answer (`foreign_and_absent_ids_are_the_same`); a change and its audit event commit
//! together, in one round trip (`a_change_leaves_an_event`). After a crash: one transaction or none.

mod model;
mod store;

pub use model::ListAgents;

use crate::{
    Error, Result,
    authz::TenantScope,
    ctx::{Ctx, Request},
    idempotency::{self, Answer, Once},
    tenancy::Tenancy,
};
use tenantry_types::{
    AgentId, ErrorCode,
    agent::{Agent, CreateAgent, UpdateAgent},
    page::Page,
};

/// Makes an agent; with `once`, one agent however often it is asked for.
///
/// # Errors
/// 422 for bad fields, 409 for a name that is in use in the workspace; those of [`idempotency::begin`].
pub async fn create(
    tenancy: &Tenancy,
    ctx: &Ctx,
    request: &Request,
    scope: &TenantScope,
    once: Option<Once>,
    wish: CreateAgent,
) -> Result<Answer<Agent>> {
    model::check_create(&wish)?;
    let event = store::Event::new(ctx, request, "agent.create");
    let input = (ctx.clone(), once, AgentId(ctx.uuid()), scope.workspace_id(), wish, event);
    let made = tenancy
        .write(scope, "create_agent", input, |tx, (ctx, once, id, workspace, wish, event)| {
            Box::pin(async move {
                let once = once.as_ref();
                if let Some(kept) = idempotency::begin(tx, ctx, once).await? {
                    return kept.read().map(Answer::again);
                }
                let agent = store::insert(tx, *id, *workspace, wish, event, once.is_none()).await?;
                idempotency::finish(tx, ctx, once, 201, &agent).await?;
                Ok(Answer::first(agent))
            })
        })
        .await;
    made.map_err(name_taken)
}

/// A page of agents, oldest first.
///
/// # Errors
/// 422 for a status, limit or cursor that cannot be.
pub async fn list(tenancy: &Tenancy, scope: &TenantScope, query: ListAgents) -> Result<Page<Agent>> {
    let query = query.parse()?;
    let limit = query.limit;
    let mut items =
        tenancy.run(scope, "list_agents", query, |tx, query| Box::pin(store::list(tx, query))).await?;
    // One more row than asked for tells whether there is a next page.
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor })
}

/// An agent.
///
/// # Errors
/// 404 when it is absent, deleted, or another workspace's or tenant's.
pub async fn show(tenancy: &Tenancy, scope: &TenantScope, id: AgentId) -> Result<Agent> {
    tenancy
        .run(scope, "show_agent", id, |tx, id| Box::pin(store::find(tx, *id)))
        .await?
        .ok_or_else(Error::not_found)
}

/// Changes an agent. With `expected`, only that version.
///
/// # Errors
/// 404 as for [`show`], 409 for a name in use, 412 for another version, 422 for bad fields.
pub async fn update(
    tenancy: &Tenancy,
    ctx: &Ctx,
    request: &Request,
    scope: &TenantScope,
    id: AgentId,
    expected: Option<i64>,
    wish: UpdateAgent,
) -> Result<Agent> {
    let status = model::check_update(&wish)?;
    let event = store::Event::new(ctx, request, "agent.update");
    let changed = tenancy
        .write(
            scope,
            "update_agent",
            (id, expected, wish, status, event),
            |tx, (id, expected, wish, status, event)| {
                Box::pin(async move {
                    match store::update(tx, *id, *expected, wish, *status, event).await? {
                        Some(agent) => Ok(agent),
                        None => Err(absent_or_changed(store::find(tx, *id).await?.as_ref())),
                    }
                })
            },
        )
        .await;
    changed.map_err(name_taken)
}

/// Deletes an agent; its name can be used again.
///
/// # Errors
/// 404 as for [`show`], 412 for another version.
pub async fn delete(
    tenancy: &Tenancy,
    ctx: &Ctx,
    request: &Request,
    scope: &TenantScope,
    id: AgentId,
    expected: Option<i64>,
) -> Result<()> {
    let event = store::Event::new(ctx, request, "agent.delete");
    tenancy
        .write(scope, "delete_agent", (id, expected, event), |tx, (id, expected, event)| {
            Box::pin(async move {
                if store::delete(tx, *id, *expected, event).await? {
                    Ok(())
                } else {
                    Err(absent_or_changed(store::find(tx, *id).await?.as_ref()))
                }
            })
        })
        .await
}

fn absent_or_changed(found: Option<&Agent>) -> Error {
    match found {
        None => Error::not_found(),
        Some(agent) => Error::refused(
            ErrorCode::VersionMismatch,
            format!("The agent is at version {} now.", agent.version),
        )
        .next("Read it again, and send the change with the new ETag in If-Match."),
    }
}

fn name_taken(error: Error) -> Error {
    if error.violates("agents_name") {
        Error::refused(ErrorCode::NameTaken, "Another agent of this workspace has this name.")
    } else {
        error
    }
}
