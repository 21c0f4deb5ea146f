//! Who may do what: one policy table, and the only mint of tenant scopes.
//!
//! Owns: nothing. Calls: nothing. Called by: server's middleware and every operation.
//! Invariants: a scope is made from an authenticated actor alone (private fields); an action without a row is refused by the compiler
//! (`match`); an operation without an action is refused to everybody (`every_operation_has_its_action`); the table as printed is reviewed
//! (`cargo xtask codegen --check`, docs/security/authz-matrix.md). After a crash: nothing is left.

mod actor;
mod matrix;
mod operations;
mod policy;
mod scope;

pub use actor::{Actor, GrantedActor, KeyActor, MemberActor, OperatorActor, Person, Place, ProvenBy};
pub use matrix::matrix;
pub use operations::{Need, need_of, operations};
pub use policy::{Action, allows, key_scopes, may_assign, may_be_granted, needs_tenant};
pub use scope::{ProofScope, TenantScope, WideScope};

use crate::{Error, Result, registry::TenantRecord};
use tenantry_types::ErrorCode;

impl Actor {
    /// May this actor do that at all?
    ///
    /// # Errors
    /// 403 when not; 400 where a person would have to be in a tenant for it, and is in none.
    pub fn may(&self, action: Action) -> Result<()> {
        match self {
            _ if allows(self, action) => Ok(()),
            Self::User(_) if needs_tenant(action) => Err(self.nowhere()),
            _ => Err(Error::refused(ErrorCode::Forbidden, "Your identity may not do this.")),
        }
    }

    /// A scope in the actor's own workspace, for this action.
    ///
    /// # Errors
    /// 403 when the actor may not do it, is in no workspace, or its tenant does not serve requests.
    pub fn scope(&self, action: Action) -> Result<TenantScope> {
        self.may(action)?;
        match self.place() {
            Some(place) if place.tenant.status.serves() => Ok(TenantScope::mint(place, self, action)),
            Some(_) => Err(tenant_inactive()),
            None => Err(self.nowhere()),
        }
    }

    /// The scope that this actor, looked at anew, may have in place of one that they had.
    pub(crate) fn scope_still(&self, had: &TenantScope) -> Result<TenantScope> {
        match self {
            Self::System => Ok(had.clone()),
            own => own.scope(had.action()),
        }
    }

    /// A scope that reads all of a tenant, for this action, whatever state the tenant is in.
    ///
    /// # Errors
    /// 403 when the actor may not do it; a tenant's own identities never may.
    pub fn wide_scope(&self, action: Action, tenant: &TenantRecord) -> Result<WideScope> {
        self.may(action)?;
        match self {
            Self::Operator(_) | Self::System => Ok(WideScope::mint(tenant)),
            Self::User(_) | Self::Member(_) | Self::ApiKey(_) | Self::Granted(_) => Err(Error::refused(
                ErrorCode::Forbidden,
                "Your identity reads its own workspace; reading across workspaces is for operators.",
            )),
        }
    }

    fn nowhere(&self) -> Error {
        match self {
            Self::User(_) => Error::refused(
                ErrorCode::TenantRequired,
                "This is done in a tenant's workspace, and neither your token nor anything else names one.",
            )
            .next("POST /v1/auth/switch-workspace gives a token for a workspace that you are a member of."),
            _ => Error::refused(ErrorCode::Forbidden, "Operators are members of no tenant.").next(
                "Use an API key of the tenant (POST /v1/tenants/{slug}/api-keys), or ask for an access grant.",
            ),
        }
    }
}

/// Unknown, suspended, deleted, or somebody else's: one answer for all.
pub fn tenant_inactive() -> Error {
    Error::refused(ErrorCode::TenantInactive, "This tenant is unknown or does not accept requests.")
}
