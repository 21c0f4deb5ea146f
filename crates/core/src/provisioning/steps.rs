//! The steps that make a tenant, each declared beside its undo.
//!
//! Owns: nothing. Calls: placement, registry. Called by: provisioning (warm), its jobs (cold).
//! Invariants: the order is the list's (`the_steps_are_the_published_ones`); each act and each undo may run twice (`undo_is_repeatable`).
//! After a crash: acts of one transaction are gone with it; what was committed before is undone or resumed by the next holder of the run.

use super::model::{Happening, RunState};
use crate::{
    Error, Result,
    ctx::Ctx,
    placement::{self, Home, Placement},
    registry,
};
use std::future::{Ready, ready};
use tenantry_pg::{BoxFuture, ControlTx};
use tenantry_types::{TenantId, WorkspaceId, run::StepName};

/// A tenant in the making.
pub(super) struct Making<'a> {
    pub(super) tx: &'a ControlTx,
    pub(super) ctx: &'a Ctx,
    pub(super) tenant: TenantId,
    pub(super) slug: &'a str,
    pub(super) schema_version: &'a str,
    /// Who can make a home: the worker. The server cannot, and needs a slot.
    pub(super) builder: Option<(&'a Placement, String)>,
    pub(super) home: Option<Home>,
}

impl<'a> Making<'a> {
    /// With a slot, or none yet.
    pub(super) fn claimed(
        tx: &'a ControlTx,
        ctx: &'a Ctx,
        tenant: TenantId,
        slug: &'a str,
        version: &'a str,
    ) -> Self {
        Self { tx, ctx, tenant, slug, schema_version: version, builder: None, home: None }
    }

    fn home(&self) -> Result<&Home> {
        self.home.as_ref().ok_or_else(|| Error::Fault("a step needs a home, and none was placed".to_owned()))
    }
}

/// What a step did.
pub(super) struct Done {
    pub(super) skipped: bool,
    pub(super) detail: String,
}

impl Done {
    pub(super) fn did(detail: impl Into<String>) -> Self {
        Self { skipped: false, detail: detail.into() }
    }

    fn skipped(detail: &str) -> Self {
        Self { skipped: true, detail: detail.to_owned() }
    }
}

type Act = for<'a, 'b> fn(&'a mut Making<'b>) -> BoxFuture<'a, Result<Done>>;
type Undo = for<'a, 'b> fn(&'a mut Making<'b>) -> BoxFuture<'a, Result<()>>;

/// A step and what takes it back.
struct Step {
    name: StepName,
    act: Act,
    undo: Undo,
}

const STEPS: [Step; 8] = [
    Step { name: StepName::Reserve, act: |_| Box::pin(reserve()), undo: |m| Box::pin(unreserve(m)) },
    Step { name: StepName::Place, act: |m| Box::pin(place(m)), undo: |m| Box::pin(unplace(m)) },
    // Schema content, guards and rows in `public` go with the schema and the tenant's row.
    Step { name: StepName::Migrate, act: |m| Box::pin(migrate(m)), undo: |_| Box::pin(nothing()) },
    Step { name: StepName::Isolate, act: |m| Box::pin(isolate(m)), undo: |_| Box::pin(nothing()) },
    Step { name: StepName::Seed, act: |m| Box::pin(seed(m)), undo: |_| Box::pin(nothing()) },
    Step { name: StepName::Extras, act: |_| Box::pin(extras()), undo: |_| Box::pin(nothing()) },
    Step { name: StepName::Verify, act: |m| Box::pin(verify(m)), undo: |_| Box::pin(nothing()) },
    Step { name: StepName::Activate, act: |m| Box::pin(activate(m)), undo: |_| Box::pin(nothing()) },
];

/// Runs every step after `reserve`. A failure is recorded in `run`, and the caller's transaction must end.
pub(super) async fn run_all(making: &mut Making<'_>, run: &mut RunState) -> Result<()> {
    run.happens(Happening::Taken, making.ctx.now());
    for (position, step) in STEPS.iter().enumerate().skip(1) {
        run.begin_step(position, making.ctx);
        let outcome = match making.ctx.faults.at(&format!("provision.{}", step.name)) {
            Ok(()) => (step.act)(making).await,
            Err(fault) => Err(fault),
        };
        match outcome {
            Ok(done) => run.end_step(position, making.ctx, done),
            Err(error) => {
                run.fail_step(position, making.ctx, &error.to_string());
                return Err(error);
            }
        }
    }
    run.happens(Happening::Finished, making.ctx.now());
    Ok(())
}

/// Takes back, last first, every step that left something, and marks it.
pub(super) async fn undo_all(making: &mut Making<'_>, run: &mut RunState) -> Result<()> {
    for (position, step) in STEPS.iter().enumerate().rev() {
        making.ctx.faults.at(&format!("provision.undo.{}", step.name))?;
        (step.undo)(making).await?;
        run.undo_step(position, making.ctx);
    }
    Ok(())
}

fn nothing() -> Ready<Result<()>> {
    ready(Ok(()))
}

/// The row is written by `create`, in the transaction that answers the caller.
fn reserve() -> Ready<Result<Done>> {
    ready(Ok(Done::did("slug held")))
}

async fn unreserve(making: &mut Making<'_>) -> Result<()> {
    registry::store::remove_unborn_tenant(making.tx, making.tenant).await
}

async fn place(making: &mut Making<'_>) -> Result<Done> {
    let detail = if making.home.is_some() {
        "warm slot"
    } else {
        let (placement, opaque) = making
            .builder
            .clone()
            .ok_or_else(|| Error::Fault("no slot, and nobody to make one".to_owned()))?;
        let home = placement.home_named(making.tx, making.tenant, &opaque).await?;
        home.place(making.tx).await?;
        making.home = Some(home);
        "schema and roles made"
    };
    let home = making.home()?;
    registry::store::place_tenant(making.tx, making.tenant, home.shard, home.cell, making.schema_version)
        .await?;
    Ok(Done::did(detail))
}

async fn unplace(making: &mut Making<'_>) -> Result<()> {
    // Places and their undo share a transaction with everything up to `activate`; only names that were committed could be left, and
    // none are before the run has succeeded.
    match (&making.builder, &making.home) {
        (Some(_), Some(home)) => home.remove(making.tx).await,
        _ => Ok(()),
    }
}

async fn migrate(making: &mut Making<'_>) -> Result<Done> {
    match &making.builder {
        None => Ok(Done::skipped("the slot has it")),
        Some((placement, _)) => {
            let files = making.home()?.migrate(making.tx, &placement.template).await?;
            Ok(Done::did(format!("{files} files, version {}", making.schema_version)))
        }
    }
}

async fn isolate(making: &mut Making<'_>) -> Result<Done> {
    let Some((placement, _)) = &making.builder else {
        return Ok(Done::skipped("the slot has it"));
    };
    let relations = making.home()?.isolate(making.tx, &placement.template).await?;
    placement::store::insert_claimed_slot(making.tx, making.home()?, &placement.template, making.ctx.now())
        .await?;
    Ok(Done::did(format!("{relations} relations guarded")))
}

async fn seed(making: &mut Making<'_>) -> Result<Done> {
    let id = WorkspaceId(making.ctx.uuid());
    registry::store::insert_workspace(
        making.tx,
        id,
        making.tenant,
        "default",
        "Default",
        true,
        making.ctx.now(),
    )
    .await?;
    Ok(Done::did("default workspace"))
}

fn extras() -> Ready<Result<Done>> {
    ready(Ok(Done::skipped("none configured")))
}

async fn verify(making: &mut Making<'_>) -> Result<Done> {
    match making.home()?.verify(making.tx).await {
        Ok(()) => Ok(Done::did("closed to others")),
        Err(Error::Fault(why)) if making.builder.is_none() => {
            Err(Error::BrokenSlot { tenant: making.tenant, why })
        }
        Err(other) => Err(other),
    }
}

async fn activate(making: &mut Making<'_>) -> Result<Done> {
    registry::store::activate_tenant(making.tx, making.tenant, making.ctx.now()).await?;
    Ok(Done::did(format!("{} serves requests", making.slug)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_the_published_ones() {
        assert_eq!(STEPS.each_ref().map(|step| step.name), *StepName::ALL);
    }
}
