//! Who does the steps: what they need, and how the log of their runs is kept.
//!
//! Owns: nothing beyond provisioning's tables. Calls: durable's sagas, placement, audit. Called by: provisioning (the server's own steps), its jobs (the worker's).
//! Invariants: a step that makes or removes schemas or roles needs a builder, which the server does not have (`the_server_needs_no_owner`).
//! After a crash: what a step needs is read from the run's record and the registry; nothing is kept in memory.

use super::{model::Input, steps, store};
use crate::{
    Error, Result,
    adoption::Inspection,
    audit::{self, Deed},
    authz::Actor,
    ctx::{Ctx, Request},
    placement::{self, Home, Placement, Template},
    registry::TenantRecord,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tenantry_durable::{
    Lease,
    saga::{self, Step},
};
use tenantry_pg::{BoxFuture, ControlTx, Pool, roles::Installation};
use tenantry_types::{
    TenantId, WorkspaceId,
    run::{Run, RunKind, StepName},
};

/// Does the steps of runs: in the server with the platform login and claimed slots, in the worker with the owner's means.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) pool: Pool,
    pub(super) ctx: Ctx,
    pub(super) installation: Installation,
    pub(super) schema_version: String,
    /// Who can make and remove homes: the worker. The server cannot.
    pub(super) builder: Option<Placement>,
    /// Who writes the rows that a tenant may begin with: a worker that serves tenants' rows too.
    pub(super) demo_data: Option<Arc<dyn DemoData>>,
}

/// Writes the rows of a tenant that was asked for with demo data. They are in tables of modules above this one, which is why it is called and not known.
pub trait DemoData: Send + Sync + 'static {
    /// Writes them into the workspace, once, however often it is asked. Tells in a few words what is there then.
    ///
    /// # Errors
    /// The database's.
    fn write<'a>(&'a self, tenant: &'a TenantRecord, workspace: WorkspaceId)
    -> BoxFuture<'a, Result<String>>;
}

impl Host {
    /// The worker's.
    pub(super) fn worker(placement: &Placement, demo_data: Option<Arc<dyn DemoData>>) -> Self {
        Self {
            pool: placement.owner.clone(),
            ctx: placement.ctx.clone(),
            installation: placement.installation.clone(),
            schema_version: placement.template.version(),
            builder: Some(placement.clone()),
            demo_data,
        }
    }

    pub(super) fn builder(&self) -> Result<&Placement> {
        self.builder.as_ref().ok_or_else(|| {
            Error::Fault("this step needs the owner's means, which a server does not have".to_owned())
        })
    }

    /// What the schema of this tenant is made of.
    pub(super) fn template(&self, making: &Making) -> Result<Template> {
        let version = making.schema_version(self);
        let missing =
            || Error::Fault(format!("this worker's migrations make no schema of version {version}"));
        self.builder()?.template.at(version).ok_or_else(missing)
    }
}

/// What the steps of one transaction share.
pub(super) struct Making {
    pub(super) tenant: TenantId,
    pub(super) slug: String,
    pub(super) input: Input,
    pub(super) home: Option<Home>,
    pub(super) result: Option<Value>,
    /// What was found in a schema that is to be adopted.
    pub(super) inspection: Option<Inspection>,
    /// Workspaces that rows from elsewhere name.
    pub(super) workspaces: Vec<WorkspaceId>,
}

impl Making {
    pub(super) fn new_for(tenant: TenantId, slug: &str, input: Input) -> Self {
        let slug = slug.to_owned();
        Self { tenant, slug, input, home: None, result: None, inspection: None, workspaces: Vec::new() }
    }

    pub(super) fn home(&self) -> Result<&Home> {
        self.home.as_ref().ok_or_else(|| Error::Fault("a step needs a home, and none was placed".to_owned()))
    }

    pub(super) fn wanted(&self) -> Result<&super::model::New> {
        self.input
            .new
            .as_ref()
            .ok_or_else(|| Error::Fault("a run that makes a tenant does not say which".to_owned()))
    }

    /// The version that its schema is to have.
    pub(super) fn schema_version<'a>(&'a self, host: &'a Host) -> &'a str {
        let asked_for = self.input.new.as_ref().and_then(|new| new.schema_version.as_deref());
        asked_for.unwrap_or(&host.schema_version)
    }
}

impl saga::Host for Host {
    type Error = Error;
    type Making = Making;

    fn pool(&self) -> &Pool {
        &self.pool
    }

    fn now(&self) -> DateTime<Utc> {
        self.ctx.now()
    }

    fn at(&self, point: &str) -> Result<()> {
        self.ctx.faults.at(point)
    }

    fn steps(&self, run: &Run) -> &'static [Step<Self>] {
        // An adoption that only looks has one step.
        if run.kind == RunKind::Adopt && run.steps.len() == 1 {
            &steps::DRY_ADOPT
        } else if run.steps.iter().any(|step| step.name == StepName::DemoData) {
            &steps::CREATE_WITH_DEMO_DATA
        } else {
            steps::of(run.kind)
        }
    }

    fn begin<'a>(&'a self, tx: &'a ControlTx, run: &'a Run) -> BoxFuture<'a, Result<Making>> {
        Box::pin(async move {
            let input = store::input(tx, run.id).await?;
            let home = placement::store::home_of(tx, run.tenant_id).await?;
            let mut making = Making::new_for(run.tenant_id, &run.tenant_slug, input);
            // Not from the run in hand, which does not know what the transactions before this one have brought.
            (making.home, making.result) = (home, store::result(tx, run.id).await?);
            Ok(making)
        })
    }

    fn record(&self, run: &mut Run, making: &Making) {
        run.result.clone_from(&making.result);
    }

    fn save<'a>(&'a self, tx: &'a ControlTx, run: &'a Run, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            store::save(tx, run, lease.token).await?;
            if run.status.is_final() {
                audit::record(tx, &self.ctx, &system(), &ended(run)).await?;
            }
            Ok(())
        })
    }

    fn renew<'a>(&'a self, tx: &'a ControlTx, run: &'a Run, lease: &'a Lease) -> BoxFuture<'a, Result<()>> {
        Box::pin(store::renew(tx, run.id, *lease))
    }

    fn release<'a>(
        &'a self,
        tx: &'a ControlTx,
        run: &'a Run,
        lease: &'a Lease,
        pause: Duration,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(store::release(tx, run.id, *lease, pause))
    }
}

/// The worker, as the one who acts.
pub(super) fn system() -> Request {
    Request { actor: Actor::System, request_id: String::new(), address: None }
}

/// How a run ended: the outcome to the intent that was audited when it was asked for.
fn ended(run: &Run) -> Deed {
    Deed {
        tenant: Some(run.tenant_id),
        action: "run.end",
        target_kind: "run",
        target: run.id.to_string(),
        after: Some(
            json!({"kind": run.kind, "status": run.status, "slug": run.tenant_slug, "error": run.error}),
        ),
        ..Deed::default()
    }
}
