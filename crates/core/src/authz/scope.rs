//! The scope: proof that somebody may touch the rows of one workspace of one tenant.
//!
//! Owns: nothing. Calls: nothing. Called by: authz mints, tenancy opens.
//! Invariants: private fields; minted in `Actor::scope` and `Actor::wide_scope`, for the platform's counter in no workspace at all, for the rows that a run begins a
//! tenant with, and for the proof of isolation as a kind of its own, with which nothing can be committed. No Deserialize, no Default, no public constructor.
//! After a crash: nothing is left.

use super::{Action, Actor, Place};
use crate::{Error, Result, registry::TenantRecord};
use std::sync::Arc;
use tenantry_pg::{ScopeNames, WideNames};
use tenantry_types::{Role, TenantId, WorkspaceId, tenant::TenantStatus};
use uuid::Uuid;

/// A permission to touch the rows of one workspace of one tenant, with a role.
#[derive(Debug, Clone)]
pub struct TenantScope {
    tenant: TenantRecord,
    workspace: WorkspaceId,
    role: Role,
    actor: Arc<Actor>,
    action: Action,
}

impl TenantScope {
    pub(super) fn mint(place: &Place, actor: &Actor, action: Action) -> Self {
        let Place { tenant, workspace, role } = place;
        let actor = Arc::new(actor.clone());
        Self { tenant: tenant.clone(), workspace: *workspace, role: *role, actor, action }
    }

    /// For the platform's own counter in a tenant's schema; it is in no workspace, so that row-level security shows it no row of one.
    pub(crate) fn of_the_platform(tenant: &TenantRecord) -> Self {
        let nowhere = WorkspaceId(Uuid::nil());
        Self {
            tenant: tenant.clone(),
            workspace: nowhere,
            role: Role::Viewer,
            actor: Arc::new(Actor::System),
            action: Action::ReadMe,
        }
    }

    /// For the rows that a run begins a tenant with, in the workspace that the same run has made. Nobody is let into the tenant yet.
    pub(crate) fn of_a_making(tenant: &TenantRecord, workspace: WorkspaceId) -> Result<Self> {
        if tenant.status != TenantStatus::Provisioning {
            return Err(Error::Fault(format!("{} is {}, and no run makes it", tenant.id, tenant.status)));
        }
        Ok(Self {
            tenant: tenant.clone(),
            workspace,
            role: Role::Member,
            actor: Arc::new(Actor::System),
            action: Action::WriteAgents,
        })
    }

    /// Whom it was minted for, so that it can be asked again whether they still may.
    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    /// What it was minted for.
    pub(crate) fn action(&self) -> Action {
        self.action
    }

    /// The tenant.
    pub fn tenant_id(&self) -> TenantId {
        self.tenant.id
    }

    /// The tenant's row as it was when the identity was verified.
    pub fn tenant(&self) -> &TenantRecord {
        &self.tenant
    }

    /// The workspace.
    pub fn workspace_id(&self) -> WorkspaceId {
        self.workspace
    }

    /// The role in it.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What PostgreSQL has to know.
    ///
    /// # Errors
    /// A fault when the tenant was never placed, which no active tenant is.
    pub(crate) fn names(&self) -> Result<ScopeNames> {
        names(&self.tenant, self.workspace)
    }
}

/// A permission to read every row of one tenant, across its workspaces, and to change none.
#[derive(Debug, Clone)]
pub struct WideScope {
    tenant: TenantRecord,
}

impl WideScope {
    pub(super) fn mint(tenant: &TenantRecord) -> Self {
        Self { tenant: tenant.clone() }
    }

    /// The tenant's row as it was when the permission was given.
    pub fn tenant(&self) -> &TenantRecord {
        &self.tenant
    }

    /// What PostgreSQL has to know.
    ///
    /// # Errors
    /// A fault when the tenant was never placed.
    pub(crate) fn names(&self) -> Result<WideNames> {
        let tenant = &self.tenant;
        Ok(WideNames {
            tenant: tenant.id,
            schema: tenant.schema_name.clone(),
            role: tenant.role_name.clone(),
            wide_role: format!("{}_wide", tenant.role_name).into(),
            cell: tenant.cell.ok_or_else(|| Error::Fault(format!("{} has no cell", tenant.id)))?,
        })
    }
}

/// A permission to try, as one tenant, what must be refused. Not a [`TenantScope`]: nothing that is done with it is ever committed.
#[derive(Debug, Clone)]
pub struct ProofScope {
    tenant: TenantRecord,
    workspace: WorkspaceId,
}

impl ProofScope {
    /// For a proof that somebody asked for who may.
    pub(crate) fn mint(tenant: &TenantRecord, workspace: WorkspaceId) -> Self {
        Self { tenant: tenant.clone(), workspace }
    }

    /// What PostgreSQL has to know.
    ///
    /// # Errors
    /// A fault when the tenant was never placed.
    pub(crate) fn names(&self) -> Result<ScopeNames> {
        names(&self.tenant, self.workspace)
    }
}

fn names(tenant: &TenantRecord, workspace: WorkspaceId) -> Result<ScopeNames> {
    Ok(ScopeNames {
        tenant: tenant.id,
        schema: tenant.schema_name.clone(),
        role: tenant.role_name.clone(),
        cell: tenant.cell.ok_or_else(|| Error::Fault(format!("{} has no cell", tenant.id)))?,
        workspace,
    })
}
