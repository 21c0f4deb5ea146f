//! Steps that make a tenant of a schema that exists.
//!
//! Owns: nothing. Calls: adoption, placement, registry. Called by: the tables of steps.
//! Invariants: the undo gives the schema back and never drops it (adoption's `giving_back_restores_everything`). After a crash: see the module.

use super::{
    super::host::{Host, Making},
    make, remove,
};
use crate::{Error, Result, adoption, placement::Home, registry};
use serde_json::json;
use tenantry_durable::saga::Done;
use tenantry_pg::{BoxFuture, ControlTx};
use tenantry_types::adopt::AdoptTenant;

type Acted<'a> = BoxFuture<'a, Result<Done>>;
type Undone<'a> = BoxFuture<'a, Result<()>>;

fn wish(making: &Making) -> Result<&AdoptTenant> {
    making
        .input
        .adopt
        .as_ref()
        .ok_or_else(|| Error::Fault("a run that adopts does not say which schema".to_owned()))
}

pub(super) fn inspect<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let wish = wish(making)?;
        let template = &host.builder()?.template;
        let inspection = adoption::inspect(tx, &wish.schema, template, wish.baseline.as_deref()).await?;
        let report = &inspection.report;
        let told = format!("{} tables, {} differences", report.tables.len(), report.differences.len());
        making.result = Some(serde_json::to_value(report).map_err(|error| Error::Fault(error.to_string()))?);
        making.inspection = Some(inspection);
        Ok(Done::did(told))
    })
}

pub(super) fn take_over<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let (placement, now) = (host.builder()?, host.ctx.now());
        let inspection = making
            .inspection
            .as_ref()
            .ok_or_else(|| Error::Fault("a schema is taken over that nobody looked at".to_owned()))?;
        let home: Home = placement.home_named(tx, making.tenant, make::opaque(making)?).await?;
        adoption::record(tx, &home, inspection, now).await?;
        let taken = adoption::take_over(tx, &home, &placement.template, inspection, now).await?;
        let baseline = &inspection.report.baseline;
        registry::store::place_tenant(tx, making.tenant, home.shard, home.cell, baseline).await?;
        making.home = Some(home);
        making.workspaces = taken.workspaces;
        Ok(Done::did(format!("{} relations guarded, version {baseline}", taken.relations)))
    })
}

pub(super) fn give_back<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Undone<'a> {
    Box::pin(async move {
        host.builder()?;
        remove::carry_events(host, tx, making).await?;
        adoption::give_back(tx, making.tenant, host.ctx.now()).await?;
        remove::seal_events(host, tx, making).await
    })
}

pub(super) fn seed<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let made = adoption::seed(tx, &host.ctx, making.tenant, &making.workspaces).await?;
        make::first_access_of_default(host, tx, making).await?;
        Ok(Done::did(format!("{made} workspaces, the first API key, the owner's invitation")))
    })
}

pub(super) fn verify<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let done = make::verify(host, tx, making).await?;
        let fenced = adoption::fenced_by_schema(tx, making.tenant).await?;
        if fenced.is_empty() {
            return Ok(done);
        }
        Ok(Done::did(format!("{}; fenced by schema only: {}", done.detail, fenced.join(", "))))
    })
}

pub(super) fn activate<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let report = making.result.take();
        let done = make::activate(host, tx, making).await?;
        making.result = Some(json!({"console_url": making.wanted()?.console_url, "adoption": report}));
        Ok(done)
    })
}
