//! Steps that make a tenant.
//!
//! Owns: nothing. Calls: placement, registry, identity. Called by: the tables of steps.
//! Invariants: with a warm slot no DDL (`a_warm_tenant_runs_no_ddl`); the undo of `place` never meets a tenant that serves requests, since
//! that of `activate` comes first. After a crash: see the module.

use super::super::host::{Host, Making};
use crate::{
    Error, Result,
    identity::{
        invitations::{self, NewInvitation},
        keys::{self, FirstKey},
    },
    placement::{self, Home},
    psql, registry,
};
use serde_json::json;
use tenantry_durable::saga::Done;
use tenantry_pg::{BoxFuture, ControlTx};
use tenantry_types::{Role, WorkspaceId};

type Acted<'a> = BoxFuture<'a, Result<Done>>;
type Undone<'a> = BoxFuture<'a, Result<()>>;

pub(super) fn reserve<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let new = making.wanted()?;
        registry::store::insert_tenant(
            tx,
            &registry::store::NewTenant {
                id: making.tenant,
                slug: &making.slug,
                name: &new.name,
                schema_name: &new.schema_name,
                role_name: &new.role_name,
                tier: new.tier,
                admin_email: &new.admin_email,
                allowed_domains: &new.allowed_domains,
                own: new.own,
                now: host.ctx.now(),
            },
        )
        .await
        .map_err(|error| super::super::slug_taken(error, &making.slug))?;
        Ok(Done::did("slug held"))
    })
}

pub(super) fn unreserve<'a>(_: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Undone<'a> {
    Box::pin(registry::store::remove_unborn_tenant(tx, making.tenant))
}

pub(super) fn place<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let detail = if making.home.is_some() {
            "warm slot"
        } else {
            let opaque = opaque(making)?.to_owned();
            let home = host.builder()?.home_named(tx, making.tenant, &opaque).await?;
            home.place(tx).await?;
            making.home = Some(home);
            "schema and roles made"
        };
        let home = making.home()?;
        let version = making.schema_version(host);
        registry::store::place_tenant(tx, making.tenant, home.shard, home.cell, version).await?;
        Ok(Done::did(detail))
    })
}

/// Schema and roles go by their names: they may be there without a slot's row, or with it.
pub(super) fn unplace<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Undone<'a> {
    Box::pin(async move {
        host.builder()?;
        super::remove::carry_events(host, tx, making).await?;
        let opaque = opaque(making)?;
        // The name comes from a row that the server writes; the owner drops what it names.
        if placement::store::is_anothers(tx, making.tenant, &Home::schema_of(opaque)).await? {
            return Err(Error::Fault(format!("tenant_{opaque} is another tenant's")));
        }
        Home::named(&host.installation, making.tenant, opaque).remove(tx).await?;
        placement::store::forget_slot(tx, making.tenant).await?;
        super::remove::seal_events(host, tx, making).await
    })
}

pub(super) fn opaque(making: &Making) -> Result<&str> {
    let schema = &making.wanted()?.schema_name;
    schema.strip_prefix("tenant_").ok_or_else(|| Error::Fault(format!("{schema} is not a name that we gave")))
}

pub(super) fn migrate<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        if host.builder.is_none() {
            return Ok(Done::skipped("the slot has it"));
        }
        let files = making.home()?.migrate(tx, &host.template(making)?).await?;
        Ok(Done::did(format!("{files} files, version {}", making.schema_version(host))))
    })
}

pub(super) fn isolate<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        if host.builder.is_none() {
            return Ok(Done::skipped("the slot has it"));
        }
        let (home, template) = (making.home()?, host.template(making)?);
        let relations = home.isolate(tx, &template).await?;
        placement::store::insert_claimed_slot(tx, home, &template, host.ctx.now()).await?;
        Ok(Done::did(format!("{relations} relations guarded")))
    })
}

pub(super) fn seed<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let (new, now) = (making.wanted()?, host.ctx.now());
        let workspace = new.first.workspace;
        registry::store::insert_workspace(tx, workspace, making.tenant, "default", "Default", true, now)
            .await?;
        first_access(host, tx, making, workspace).await?;
        Ok(Done::did("default workspace, its first API key, the owner's invitation"))
    })
}

/// The same for a tenant whose workspaces came from elsewhere: in its default one.
pub(super) async fn first_access_of_default(host: &Host, tx: &ControlTx, making: &Making) -> Result<()> {
    let default = registry::store::workspace(tx, making.tenant, None).await?;
    let default = default.ok_or_else(|| Error::Fault("a tenant has no default workspace".to_owned()))?;
    first_access(host, tx, making, default.id).await
}

/// The first API key and the owner's invitation.
async fn first_access(host: &Host, tx: &ControlTx, making: &Making, workspace: WorkspaceId) -> Result<()> {
    let (new, now) = (making.wanted()?, host.ctx.now());
    let first = &new.first;
    let key = FirstKey {
        id: first.key,
        public_id: &first.key_public_id,
        hash: &first.key_hash,
        tenant: making.tenant,
        workspace,
    };
    keys::store::insert_first_key(tx, &key, now).await?;
    let invitation = NewInvitation {
        id: first.invitation,
        tenant: making.tenant,
        workspace,
        email: &new.admin_email,
        role: Role::Owner,
        token_hash: &first.invitation_hash,
        expires_at: first.invitation_expires_at,
    };
    invitations::store::insert(tx, &invitation, now).await
}

/// Through a scope, as every other row of a tenant's: the transaction is its own, and a second time finds the rows there.
pub(super) fn demo_data<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let writer = host.demo_data.as_ref();
        let writer = writer.ok_or_else(|| Error::Fault("this worker writes no demo data".to_owned()))?;
        let tenant = registry::store::by_id(tx, making.tenant).await?;
        let tenant = tenant.ok_or_else(|| Error::Fault(format!("{} is gone", making.slug)))?;
        Ok(Done::did(writer.write(&tenant, making.wanted()?.first.workspace).await?))
    })
}

pub(super) fn extras<'a>(_: &'a Host, _: &'a ControlTx, _: &'a mut Making) -> Acted<'a> {
    Box::pin(std::future::ready(Ok(Done::skipped("none configured"))))
}

pub(super) fn verify<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        match making.home()?.verify(tx).await {
            Ok(()) => Ok(Done::did("closed to others")),
            // A server that claimed a slot may claim another.
            Err(Error::Fault(why)) if host.builder.is_none() => {
                Err(Error::BrokenSlot { tenant: making.tenant, why })
            }
            Err(other) => Err(other),
        }
    })
}

pub(super) fn activate<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        registry::store::activate_tenant(tx, making.tenant, host.ctx.now()).await?;
        making.result = Some(json!({"console_url": making.wanted()?.console_url}));
        Ok(Done::did(format!("{} serves requests", making.slug)))
    })
}

/// Requests are refused again before anything is taken from under them.
pub(super) fn deactivate<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Undone<'a> {
    Box::pin(async move {
        registry::store::deactivate_tenant(tx, making.tenant, host.ctx.now()).await?;
        psql::end_all(tx, making.tenant, host.ctx.now()).await?;
        making.result = None;
        Ok(())
    })
}
