//! Steps that remove a tenant for good.
//!
//! Owns: nothing. Calls: placement, registry, audit. Called by: the tables of steps.
//! Invariants: after a purge nothing of the tenant is left but its audit trail and its runs (`a_purge_leaves_the_audit_trail_alone`);
//! a tenant that is not deleted is never purged, whatever the run says (`only_a_deleted_tenant_is_purged`).
//! After a crash: one transaction, so nothing happened or all of it.

use super::super::host::{Host, Making};
use crate::{Error, Result, adoption, audit, placement, registry};
use tenantry_durable::saga::Done;
use tenantry_pg::{BoxFuture, ControlTx};
use tenantry_types::tenant::TenantStatus;

type Acted<'a> = BoxFuture<'a, Result<Done>>;

pub(super) fn keep_audit<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        carry_events(host, tx, making).await?;
        Ok(Done::did("the audit trail stays"))
    })
}

/// Before a schema is dropped, its audit events leave it. A schema that was never placed has none.
pub(super) async fn carry_events(host: &Host, tx: &ControlTx, making: &Making) -> Result<()> {
    match &making.home {
        Some(home) => audit::carry_out(tx, &host.ctx, making.tenant, &home.schema).await,
        None => Ok(()),
    }
}

/// After it, they are sealed: the drop may have waited long for whoever reads there, and all tenants' sealer waits from here on.
pub(super) async fn seal_events(host: &Host, tx: &ControlTx, making: &Making) -> Result<()> {
    match &making.home {
        Some(_) => audit::seal_tenant(tx, &host.ctx, making.tenant).await,
        None => Ok(()),
    }
}

pub(super) fn drop_home<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        host.builder()?;
        let record = registry::store::by_id(tx, making.tenant).await?;
        if let Some(record) = record.filter(|record| record.status != TenantStatus::Deleted) {
            return Err(Error::Fault(format!(
                "{} is {}, and only a deleted tenant is purged",
                making.slug, record.status
            )));
        }
        let Some(home) = &making.home else { return Ok(Done::skipped("it has no schema")) };
        // A schema that was adopted is given back no more: it goes like any other.
        adoption::keep_for_good(tx, making.tenant).await?;
        home.remove(tx).await?;
        placement::store::forget_slot(tx, making.tenant).await?;
        Ok(Done::did("schema and roles dropped"))
    })
}

pub(super) fn forget<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        seal_events(host, tx, making).await?;
        registry::store::remove_deleted_tenant(tx, making.tenant).await?;
        Ok(Done::did(format!("{} is free", making.slug)))
    })
}
