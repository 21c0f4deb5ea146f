//! Workspaces of a tenant: made, renamed, archived by its owners.
//!
//! Owns: nothing; writes workspaces through registry and memberships through members. Calls: people, registry, audit, idempotency. Called by: server.
//! Invariants: whoever makes a workspace owns it (`who_makes_a_workspace_owns_it`); each tenant has one default workspace, which is not archived
//! (`the_default_workspace_is_not_archived`); those that are not archived stay within the tier's limit (`sixty_four_workspaces_meet_the_limit`).
//! After a crash: one transaction or none; see people.

use super::{
    members,
    people::{self, People},
};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::TenantScope,
    ctx::Request,
    idempotency::{self, Answer, Once},
    registry::{self, TenantRecord, quota},
};
use serde_json::{Value, json};
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, Role, WorkspaceId,
    identity::{CreateWorkspace, UpdateWorkspace},
    tenant::Workspace,
};

/// Makes a workspace; with `once`, one workspace however often it is asked for.
///
/// # Errors
/// 422 for bad fields, 409 for a slug that is in use in the tenant, 402 where the tier allows no more; those of [`idempotency::begin`].
pub async fn create(
    people: &People,
    request: &Request,
    scope: &TenantScope,
    once: Option<Once>,
    wish: CreateWorkspace,
) -> Result<Answer<Workspace>> {
    let mut fields = Fields::default();
    if !is_slug(&wish.slug) {
        fields.wrong("/slug", "invalid", "must be 1 to 63 of a-z, 0-9 and single hyphens between them");
    }
    fields.line("/name", &wish.name, 200);
    fields.check()?;
    let input = (people.clone(), request.clone(), scope.clone(), once, wish);
    let made = people
        .change(scope, "create_workspace", input, |tx, (people, request, scope, once, wish)| {
            Box::pin(async move {
                if let Some(kept) = idempotency::begin(tx, &people.ctx, once.as_ref()).await? {
                    return kept.read().map(Answer::again);
                }
                let made = make(tx, people, request, scope, wish).await?;
                idempotency::finish(tx, &people.ctx, once.as_ref(), 201, &made).await?;
                Ok(Answer::first(made))
            })
        })
        .await;
    made.map_err(|error| {
        if error.violates("workspaces_tenant_id_slug_key") {
            return Error::refused(ErrorCode::NameTaken, "The tenant has a workspace of this slug.")
                .next("Choose another slug. Archived workspaces keep theirs.");
        }
        error
    })
}

fn is_slug(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    text.len() <= 63 && text.split('-').all(part)
}

async fn make(
    tx: &ControlTx,
    people: &People,
    request: &Request,
    scope: &TenantScope,
    wish: &CreateWorkspace,
) -> Result<Workspace> {
    let (caller, now) = (people::begin(tx, scope).await?, people.ctx.now());
    room(tx, &caller.tenant).await?;
    let workspace = Workspace {
        id: WorkspaceId(people.ctx.uuid()),
        slug: wish.slug.clone(),
        name: wish.name.trim().to_owned(),
        is_default: false,
        created_at: now,
        updated_at: now,
        archived_at: None,
    };
    registry::store::make_workspace(tx, caller.tenant.id, &workspace).await?;
    members::store::insert(tx, caller.tenant.id, workspace.id, caller.user, Role::Owner, now).await?;
    record(tx, people, request, scope, ("workspace.create", &workspace), (None, Some(told(&workspace))))
        .await?;
    Ok(workspace)
}

async fn room(tx: &ControlTx, tenant: &TenantRecord) -> Result<()> {
    let used = registry::store::count_workspaces(tx, tenant.id).await?;
    quota::one_more(tx, tenant, &quota::WORKSPACES, used).await
}

/// Renames, archives, brings back a workspace, or makes it the default one. With `expected`, only the version of that time, in microseconds.
///
/// # Errors
/// 404 for a workspace that is not the tenant's, 409 where the default one would be archived or none would be left, 412 for another version, 402 where
/// the tier allows no more, 422 for bad fields.
pub async fn update(
    people: &People,
    request: &Request,
    scope: &TenantScope,
    id: WorkspaceId,
    expected: Option<i64>,
    wish: UpdateWorkspace,
) -> Result<Workspace> {
    let mut fields = Fields::default();
    if let Some(name) = &wish.name {
        fields.line("/name", name, 200);
    }
    if wish.archived == Some(true) && wish.is_default == Some(true) {
        fields.wrong("/archived", "not_allowed", "the default workspace cannot be archived");
    }
    fields.check()?;
    let change =
        Change { people: people.clone(), request: request.clone(), scope: scope.clone(), id, expected, wish };
    people.change(scope, "update_workspace", change, |tx, change| Box::pin(change.make(tx))).await
}

struct Change {
    people: People,
    request: Request,
    scope: TenantScope,
    id: WorkspaceId,
    expected: Option<i64>,
    wish: UpdateWorkspace,
}

impl Change {
    /// Roles are of a workspace. Its owner changes it; the owner of the default one, where the tenant began, changes all.
    async fn within_reach(&self, tx: &ControlTx) -> Result<()> {
        let own = self.scope.workspace_id();
        let itself = self.id == own && self.wish.is_default != Some(true);
        let default = registry::store::workspace(tx, self.scope.tenant_id(), None).await?;
        if itself || default.is_some_and(|default| default.id == own) {
            return Ok(());
        }
        let detail =
            "Only an owner of the default workspace changes other workspaces, or which is the default one.";
        Err(Error::refused(ErrorCode::Forbidden, detail).next("POST /v1/auth/switch-workspace leads there."))
    }

    async fn make(&self, tx: &ControlTx) -> Result<Workspace> {
        let Self { people, wish, .. } = self;
        let caller = people::begin(tx, &self.scope).await?;
        let before = registry::store::workspace_by_id(tx, self.id).await?.ok_or_else(Error::not_found)?;
        self.within_reach(tx).await?;
        if self.expected.is_some_and(|expected| expected != before.updated_at.timestamp_micros()) {
            return Err(Error::refused(ErrorCode::VersionMismatch, "The workspace has changed since.")
                .next("Read it again, and send the change with its present ETag."));
        }
        let mut after = before.clone();
        if let Some(name) = &wish.name {
            name.trim().clone_into(&mut after.name);
        }
        let now = people.ctx.now();
        match wish.archived {
            Some(true) => after.archived_at = before.archived_at.or(Some(now)),
            Some(false) => after.archived_at = None,
            None => {}
        }
        after.is_default = wish.is_default.unwrap_or(before.is_default);
        allowed(&before, &after)?;
        if before.archived_at.is_some() && after.archived_at.is_none() {
            room(tx, &caller.tenant).await?;
        }
        if after == before {
            return Ok(before);
        }
        // Never the same time twice: it is the version.
        after.updated_at = now.max(before.updated_at + chrono::TimeDelta::microseconds(1));
        if after.is_default && !before.is_default {
            registry::store::no_default_workspace(tx, caller.tenant.id, after.updated_at).await?;
        }
        registry::store::set_workspace(tx, &after).await?;
        let states = (Some(told(&before)), Some(told(&after)));
        let deed = ("workspace.update", &after);
        record(tx, people, &self.request, &self.scope, deed, states).await?;
        Ok(after)
    }
}

fn allowed(before: &Workspace, after: &Workspace) -> Result<()> {
    let refused = |detail: &str, step: &str| Err(Error::refused(ErrorCode::Conflict, detail).next(step));
    if before.is_default && !after.is_default {
        return refused(
            "A tenant has a default workspace.",
            "Make another one the default; this one is it no longer then.",
        );
    }
    match (after.is_default, after.archived_at.is_some()) {
        (true, true) if before.is_default => {
            refused("The default workspace cannot be archived.", "Make another one the default first.")
        }
        (true, true) => refused("An archived workspace cannot be the default one.", "Bring it back first."),
        _ => Ok(()),
    }
}

fn told(workspace: &Workspace) -> Value {
    json!({
        "slug": workspace.slug, "name": workspace.name, "is_default": workspace.is_default,
        "archived_at": workspace.archived_at,
    })
}

async fn record(
    tx: &ControlTx,
    people: &People,
    request: &Request,
    scope: &TenantScope,
    (action, workspace): (&'static str, &Workspace),
    (before, after): (Option<Value>, Option<Value>),
) -> Result<()> {
    let deed = Deed {
        tenant: Some(scope.tenant_id()),
        workspace: Some(workspace.id),
        action,
        target_kind: "workspace",
        target: workspace.id.to_string(),
        before,
        after,
    };
    audit::record(tx, &people.ctx, request, &deed).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_of_workspaces() {
        for good in ["a", "7", "design", "team-2", &"x".repeat(63)] {
            assert!(is_slug(good), "{good}");
        }
        for bad in ["", "-", "-a", "a-", "a--b", "A", "ä", "a b", "a_b", "a\0", &"x".repeat(64)] {
            assert!(!is_slug(bad), "{bad}");
        }
    }
}
