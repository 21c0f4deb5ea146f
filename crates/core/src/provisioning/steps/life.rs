//! Steps that change a tenant's life: refused, served, psql sessions ended.
//!
//! Owns: nothing. Calls: registry, psql. Called by: the tables of steps.
//! Invariants: a deletion does not forget a suspension (`a_restored_tenant_stays_suspended`); what is undone is as it was before the run.
//! After a crash: see the module.

use super::super::host::{Host, Making};
use crate::{Error, Result, psql, registry};
use tenantry_durable::saga::Done;
use tenantry_pg::{BoxFuture, ControlTx};
use tenantry_types::tenant::TenantStatus;

type Acted<'a> = BoxFuture<'a, Result<Done>>;
type Undone<'a> = BoxFuture<'a, Result<()>>;

pub(super) fn suspend<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let now = host.ctx.now();
        registry::store::set_status(tx, making.tenant, TenantStatus::Suspended, Some(now), now).await?;
        Ok(Done::did("requests are refused"))
    })
}

/// Keeps `suspended_at`: a suspended tenant that is deleted and restored is suspended.
pub(super) fn delete<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let suspended = making.input.suspended_at;
        registry::store::set_status(tx, making.tenant, TenantStatus::Deleted, suspended, host.ctx.now())
            .await?;
        Ok(Done::did("requests are refused; the data is kept"))
    })
}

pub(super) fn open<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        // A restored tenant that was suspended before its deletion stays so; a resumed one does not.
        let deleted = making.input.before == Some(TenantStatus::Deleted);
        let suspended = making.input.suspended_at.filter(|_| deleted);
        let status = if suspended.is_some() { TenantStatus::Suspended } else { TenantStatus::Active };
        registry::store::set_status(tx, making.tenant, status, suspended, host.ctx.now()).await?;
        Ok(Done::did(format!("{} is {status}", making.slug)))
    })
}

pub(super) fn as_before<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Undone<'a> {
    Box::pin(async move {
        let before = making
            .input
            .before
            .ok_or_else(|| Error::Fault("a run does not say how the tenant was before it".to_owned()))?;
        registry::store::set_status(tx, making.tenant, before, making.input.suspended_at, host.ctx.now())
            .await
    })
}

pub(super) fn end_sessions<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        host.builder()?;
        match psql::end_all(tx, making.tenant, host.ctx.now()).await? {
            0 => Ok(Done::skipped("no psql session was open")),
            ended => Ok(Done::did(format!("{ended} psql sessions ended"))),
        }
    })
}
