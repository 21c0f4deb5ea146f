//! Access grants: an operator in a tenant's workspace, for a reason and a while.
//!
//! Owns: `access_grants`. Calls: registry, recheck, audit, idempotency, access. Called by: identity's gate and operators, server's grant
//! operations.
//! Invariants: no grant without its event in the tenant's own trail, with the reason (`the_owner_sees_who_was_let_in`); it ends at its time
//! (`a_grant_ends_at_its_time`), at once where somebody ends it (`an_ended_grant_is_refused_at_once`), and with its operator
//! (`a_removed_operator_is_out_at_once`); nobody is let in as more than their own role allows (`support_is_let_in_to_read`); its token is stored
//! nowhere (`only_the_hash_of_a_grant_is_stored`). After a crash: each is one transaction, done or not.

mod open;
mod store;
mod text;

pub(crate) use text::GrantText;

use super::{Paging, recheck};
use crate::{
    Error, Fields, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::{Action, Actor, TenantScope},
    ctx::{Ctx, Request},
    idempotency::{Answer, Once},
    registry,
};
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    AccessGrantId, Role, Slug, TenantId, UserId,
    identity::{AccessGrant, CreateAccessGrant, NewAccessGrant},
    page::Page,
};

/// Who was let into which tenant. Cheap to clone.
#[derive(Clone)]
pub struct Grants {
    /// The platform's login, for operators.
    pub platform: Pool,
    /// The login that is confined to one tenant, for its owner.
    pub control: Pool,
    /// Tells every server when a grant has ended.
    pub access: Access,
    /// Clock and ids.
    pub ctx: Ctx,
}

impl Grants {
    /// Lets the operator who asks into a workspace of the tenant; once, however often it is asked for.
    ///
    /// # Errors
    /// 403 for a role that the operator may not have there, 404 for an unknown tenant or workspace, 409 while the tenant does not serve
    /// requests, 422 for bad fields; those of [`crate::idempotency::begin`] and [`crate::idempotency::Kept::seed`].
    pub async fn create(
        &self,
        request: &Request,
        once: Once,
        tenant_slug: &str,
        wish: CreateAccessGrant,
    ) -> Result<Answer<NewAccessGrant>> {
        let opening = open::Opening { ctx: self.ctx.clone(), request: request.clone(), once };
        self.platform
            .run(
                "create_access_grant",
                (opening, tenant_slug.to_owned(), wish),
                |tx, (opening, slug, wish)| Box::pin(opening.run(tx, slug, wish)),
            )
            .await
    }

    /// A page of the grants that the actor may see, the newest first: operators see all, a tenant's owner the tenant's.
    ///
    /// # Errors
    /// 403 for everybody else, 422 for a slug, limit or cursor that cannot be.
    pub async fn list(
        &self,
        actor: &Actor,
        tenant: Option<&str>,
        paging: &Paging,
    ) -> Result<Page<AccessGrant>> {
        actor.may(Action::ReadAccessGrants)?;
        let mut fields = Fields::default();
        if tenant.is_some_and(|slug| Slug::stored(slug).is_none()) {
            fields.wrong("tenant", "invalid", "must be the slug of a tenant");
        }
        fields.check()?;
        let slice = paging.parse::<AccessGrantId>()?;
        let input = (tenant.map(str::to_owned), slice);
        let items = match actor {
            Actor::Operator(_) | Actor::System => {
                self.platform
                    .run("list_access_grants", input, |tx, (tenant, slice)| {
                        Box::pin(store::list(tx, tenant.as_deref(), slice.after, slice.rows()))
                    })
                    .await?
            }
            own => {
                let scope = own.scope(Action::ReadAccessGrants)?;
                self.control
                    .run_for(scope.tenant_id(), "list_own_access_grants", input, |tx, (tenant, slice)| {
                        Box::pin(store::list(tx, tenant.as_deref(), slice.after, slice.rows()))
                    })
                    .await?
            }
        };
        Ok(slice.page(items, |grant| grant.id))
    }

    /// Ends a grant before its time, at once and everywhere. Repeatable.
    ///
    /// # Errors
    /// 403 for whoever may not any more, 404 for an absent or foreign grant.
    pub async fn end(&self, request: &Request, id: AccessGrantId) -> Result<()> {
        request.actor.may(Action::EndAccessGrant)?;
        let (ctx, request) = (self.ctx.clone(), request.clone());
        let news = |tenant: &TenantId| News::of([*tenant]);
        let ended = match &request.actor {
            Actor::Operator(_) | Actor::System => {
                self.access
                    .change(
                        &self.platform,
                        "end_access_grant",
                        (ctx, request, id),
                        |tx, (ctx, request, id)| Box::pin(end(tx, ctx, request, *id, None)),
                        news,
                    )
                    .await
            }
            own => {
                let scope = own.scope(Action::EndAccessGrant)?;
                self.access
                    .change_for(
                        (&self.control, scope.tenant_id()),
                        "end_own_access_grant",
                        (ctx, request, id, scope),
                        |tx, (ctx, request, id, scope)| Box::pin(end(tx, ctx, request, *id, Some(scope))),
                        news,
                    )
                    .await
            }
        };
        ended.map(drop)
    }
}

/// The tenant whose grant it was. With a scope, whoever ends it is the tenant's own.
async fn end(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    id: AccessGrantId,
    scope: Option<&TenantScope>,
) -> Result<TenantId> {
    let tenant = store::tenant_of(tx, id).await?.ok_or_else(Error::not_found)?;
    registry::store::change_access(tx, tenant).await?;
    match scope {
        Some(scope) => recheck::still_may(tx, scope).await.map(drop)?,
        None => recheck::operator_may(tx, ctx, &request.actor, Action::EndAccessGrant).await.map(drop)?,
    }
    if store::end(tx, id, &request.actor.label(), ctx.now()).await? {
        record_end(tx, ctx, request, tenant, id).await?;
    }
    Ok(tenant)
}

/// Ends the grants of an operator that go beyond `most`; all of them where there is none. Returns their tenants, each once and in order, whose
/// version of access the caller has to change.
pub(crate) async fn end_of_operator(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    operator: UserId,
    most: Option<Role>,
) -> Result<Vec<TenantId>> {
    let beyond: Vec<String> = Role::ALL
        .iter()
        .filter(|role| most.is_none_or(|most| **role > most))
        .map(|role| role.as_str().to_owned())
        .collect();
    let ended = store::end_of_operator(tx, operator, &beyond, &request.actor.label(), ctx.now()).await?;
    for (id, tenant) in &ended {
        record_end(tx, ctx, request, *tenant, *id).await?;
    }
    let mut tenants: Vec<TenantId> = ended.into_iter().map(|(_, tenant)| tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    Ok(tenants)
}

async fn record_end(
    tx: &ControlTx,
    ctx: &Ctx,
    request: &Request,
    tenant: TenantId,
    id: AccessGrantId,
) -> Result<()> {
    let deed = Deed {
        tenant: Some(tenant),
        action: "access_grant.end",
        target_kind: "access_grant",
        target: id.to_string(),
        ..Deed::default()
    };
    audit::record(tx, ctx, request, &deed).await
}
