//! Steps that make a tenant of an archive, beside those that make any tenant.
//!
//! Owns: nothing. Calls: archive, registry. Called by: the tables of steps.
//! Invariants: what was loaded is what was archived (archive's `a_tenant_survives_the_round_trip`); the archive is kept until the tenant is
//! active, so that a retry finds it (`a_retried_import_finds_its_archive`). After a crash: see the module.

use super::{
    super::host::{Host, Making},
    make,
};
use crate::{Error, Result, archive, registry};
use tenantry_durable::saga::Done;
use tenantry_pg::{BoxFuture, ControlTx};
use uuid::Uuid;

type Acted<'a> = BoxFuture<'a, Result<Done>>;

fn id(making: &Making) -> Result<Uuid> {
    let missing = || Error::Fault("a run that imports does not say which archive".to_owned());
    making.input.archive.ok_or_else(missing)
}

pub(super) fn load<'a>(_: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let loaded = archive::load(tx, making.home()?, id(making)?).await?;
        Ok(Done::did(format!("{} rows of {} tables", loaded.rows, loaded.tables)))
    })
}

pub(super) fn seed<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let (archive, now) = (id(making)?, host.ctx.now());
        let workspaces = archive::workspaces(tx, archive).await?;
        for workspace in &workspaces {
            registry::store::insert_workspace(
                tx,
                workspace.id,
                making.tenant,
                &workspace.slug,
                &workspace.name,
                workspace.is_default,
                now,
            )
            .await?;
            if let Some(at) = workspace.archived_at {
                registry::store::archive_workspace(tx, workspace.id, at).await?;
            }
        }
        make::first_access_of_default(host, tx, making).await?;
        Ok(Done::did(format!("{} workspaces, the first API key, the owner's invitation", workspaces.len())))
    })
}

pub(super) fn activate<'a>(host: &'a Host, tx: &'a ControlTx, making: &'a mut Making) -> Acted<'a> {
    Box::pin(async move {
        let done = make::activate(host, tx, making).await?;
        archive::discard(tx, id(making)?).await?;
        Ok(done)
    })
}
