//! A workspace's own API keys: its admins list, make, replace and revoke them.
//!
//! Owns: nothing. Calls: store, make, recheck, registry, access, audit, idempotency. Called by: server's key operations.
//! Invariants: everything goes through the login that is confined to the tenant, and names the workspace (`a_foreign_key_is_absent`); who makes
//! a key may do so in its very transaction (`a_demoted_admin_makes_no_key`); a revoked key is refused at once on every server
//! (`a_revoked_key_ends_everywhere`); a replaced one works until its overlap ends and no longer (`a_rerolled_key_overlaps`).
//! After a crash: each is one transaction, done or not.

use super::{
    make::{Asked, Draft, Making},
    store,
    text::Environment,
};
use crate::{
    Error, Fields, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::TenantScope,
    ctx::{Ctx, Request},
    idempotency::{Answer, Once},
    identity::{Paging, recheck},
    registry,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tenantry_pg::{BoxFuture, ControlTx, Pool};
use tenantry_types::{
    ApiKeyId, ErrorCode, UserId,
    key::{ApiKey, CreateOwnApiKey, NewApiKey, RerollApiKey},
    page::Page,
};

/// Longest overlap of a key with the one that takes its place, in minutes.
const LONGEST_OVERLAP: u16 = 24 * 60;

/// The keys of the caller's own workspace. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    /// The login that is confined to one tenant.
    pub control: Pool,
    /// Tells every server when a key has ended.
    pub access: Access,
    /// Clock and ids.
    pub ctx: Ctx,
    /// Part of a key's text.
    pub environment: Environment,
}

impl Keys {
    /// A page of the workspace's keys, the newest first; revoked and expired ones stay on it.
    ///
    /// # Errors
    /// 422 for a limit or cursor that cannot be.
    pub async fn list(&self, scope: &TenantScope, paging: &Paging) -> Result<Page<ApiKey>> {
        let slice = paging.parse::<ApiKeyId>()?;
        let input = (scope.workspace_id(), slice);
        let items = self
            .control
            .run_for(scope.tenant_id(), "list_api_keys", input, |tx, (workspace, slice)| {
                Box::pin(store::list(tx, *workspace, slice.after, slice.rows()))
            })
            .await?;
        Ok(slice.page(items, |key| key.id))
    }

    /// Makes a key; with `once`, one key however often it is asked for.
    ///
    /// # Errors
    /// 403 where the caller may not any more, 409 where the workspace has a hundred keys in use, 422 for bad fields; those of
    /// [`crate::idempotency::begin`].
    pub async fn create(
        &self,
        request: &Request,
        scope: &TenantScope,
        once: Once,
        wish: CreateOwnApiKey,
    ) -> Result<Answer<NewApiKey>> {
        let input = (self.making(request, once), scope.clone(), wish);
        self.make(scope, "create_own_api_key", input, |tx, (making, scope, wish)| {
            Box::pin(async move {
                match making.begin(tx).await? {
                    Some(kept) => making.again(&kept).map(Answer::again),
                    None => create(tx, making, scope, wish).await.map(Answer::first),
                }
            })
        })
        .await
    }

    /// Makes a key in place of one, which ends after the overlap.
    ///
    /// # Errors
    /// 403 where the caller may not any more, 404 for an absent or foreign key, 409 for one that has ended or was replaced before, 422 for
    /// bad fields; those of [`crate::idempotency::begin`].
    pub async fn reroll(
        &self,
        request: &Request,
        scope: &TenantScope,
        once: Once,
        id: ApiKeyId,
        wish: &RerollApiKey,
    ) -> Result<Answer<NewApiKey>> {
        let overlap = wish.overlap_minutes;
        let input = (self.making(request, once), scope.clone(), id, overlap);
        self.make(scope, "reroll_api_key", input, |tx, (making, scope, id, overlap)| {
            Box::pin(async move {
                match making.begin(tx).await? {
                    Some(kept) => making.again(&kept).map(Answer::again),
                    None => reroll(tx, making, scope, *id, *overlap).await.map(Answer::first),
                }
            })
        })
        .await
    }

    /// Takes a key out of use, at once and everywhere. Repeatable.
    ///
    /// # Errors
    /// 403 where the caller may not any more, 404 for an absent or foreign key.
    pub async fn revoke(&self, request: &Request, scope: &TenantScope, id: ApiKeyId) -> Result<()> {
        let tenant = scope.tenant_id();
        let input = (self.ctx.clone(), request.clone(), scope.clone(), id);
        self.access
            .change_for(
                (&self.control, tenant),
                "revoke_api_key",
                input,
                |tx, (ctx, request, scope, id)| Box::pin(revoke(tx, ctx, request, scope, *id)),
                move |()| News::of([tenant]),
            )
            .await
    }

    /// Runs what makes a key, and tells of it the first time.
    async fn make<I, W>(
        &self,
        scope: &TenantScope,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<Answer<NewApiKey>>
    where
        I: Send + Sync + 'static,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<Answer<NewApiKey>>>
            + Send
            + Sync
            + 'static,
    {
        let tenant = scope.tenant_id();
        self.access
            .change_for((&self.control, tenant), name, input, work, move |made| {
                News::of([tenant]).when(!made.replayed)
            })
            .await
    }

    fn making(&self, request: &Request, once: Once) -> Making {
        Making {
            ctx: self.ctx.clone(),
            environment: self.environment,
            request: request.clone(),
            once: Some(once),
        }
    }
}

fn maker(scope: &TenantScope) -> Option<UserId> {
    scope.actor().person().map(|person| person.id)
}

async fn create(
    tx: &ControlTx,
    making: &Making,
    scope: &TenantScope,
    wish: &CreateOwnApiKey,
) -> Result<NewApiKey> {
    registry::store::change_access(tx, scope.tenant_id()).await?;
    let own = recheck::still_may(tx, scope).await?.role;
    let CreateOwnApiKey { name, role, expires_at, scopes } = wish;
    let asked = Asked { name, role: role.as_deref(), scopes, expires_at: *expires_at };
    let draft = Draft {
        tenant: scope.tenant_id(),
        slug: scope.tenant().slug.clone(),
        workspace: scope.workspace_id(),
        role: asked.check(&making.ctx, own)?,
        name: wish.name.clone(),
        scopes: wish.scopes.clone(),
        expires_at: wish.expires_at,
        created_by: maker(scope),
    };
    making.first(tx, &draft, None).await
}

async fn reroll(
    tx: &ControlTx,
    making: &Making,
    scope: &TenantScope,
    id: ApiKeyId,
    overlap: u16,
) -> Result<NewApiKey> {
    check_overlap(overlap)?;
    registry::store::change_access(tx, scope.tenant_id()).await?;
    let own = recheck::still_may(tx, scope).await?.role;
    let (ctx, now) = (&making.ctx, making.ctx.now());
    let old = store::find(tx, scope.workspace_id(), id).await?.ok_or_else(Error::not_found)?;
    let ended = old.revoked_at.is_some() || old.expires_at.is_some_and(|at| at <= now);
    if ended || old.replaced_by.is_some() {
        let detail = "The key has ended, or another has taken its place already.";
        return Err(Error::refused(ErrorCode::Conflict, detail).next("POST /v1/api-keys makes a new one."));
    }
    if old.role > own {
        return Err(Error::refused(ErrorCode::Forbidden, "The key may do more than you may give."));
    }
    let draft = Draft {
        tenant: scope.tenant_id(),
        slug: scope.tenant().slug.clone(),
        workspace: scope.workspace_id(),
        // As long a life as the old one had, from now on.
        expires_at: old
            .expires_at
            .map(|until| now.checked_add_signed(until - old.created_at).unwrap_or(until)),
        name: old.name,
        role: old.role,
        scopes: old.scopes,
        created_by: maker(scope),
    };
    let new = making.first(tx, &draft, Some(id).filter(|_| overlap == 0)).await?;
    let ends_at = earlier(old.expires_at, now + TimeDelta::minutes(i64::from(overlap)));
    store::replace(tx, id, new.id, ends_at, (overlap == 0).then_some(now)).await?;
    let deed = Deed {
        tenant: Some(scope.tenant_id()),
        action: "api_key.reroll",
        target_kind: "api_key",
        target: id.to_string(),
        after: Some(json!({"replaced_by": new.id, "ends_at": ends_at})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &making.request, &deed).await?;
    Ok(new)
}

fn check_overlap(minutes: u16) -> Result<()> {
    let mut fields = Fields::default();
    if minutes > LONGEST_OVERLAP {
        fields.wrong("/overlap_minutes", "out_of_range", format!("must be 0 to {LONGEST_OVERLAP}"));
    }
    fields.check()
}

fn earlier(end: Option<DateTime<Utc>>, other: DateTime<Utc>) -> DateTime<Utc> {
    end.map_or(other, |end| end.min(other))
}

async fn revoke(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    scope: &TenantScope,
    id: ApiKeyId,
) -> Result<()> {
    registry::store::change_access(tx, scope.tenant_id()).await?;
    recheck::still_may(tx, scope).await?;
    let key = store::find(tx, scope.workspace_id(), id).await?.ok_or_else(Error::not_found)?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    store::revoke(tx, id, ctx.now()).await?;
    let deed = Deed {
        tenant: Some(scope.tenant_id()),
        action: "api_key.revoke",
        target_kind: "api_key",
        target: id.to_string(),
        ..Deed::default()
    };
    audit::record(tx, ctx, request, &deed).await
}
