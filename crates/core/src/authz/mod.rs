//! Who may do what: one policy table, and the only mint of tenant scopes.
//!
//! Owns: nothing. Calls: nothing. Called by: server's middleware and every operation.
//! Invariants: a scope is made from an authenticated actor alone (private fields); an action without a row is refused by the compiler
//! (`match`); the table as printed is reviewed (`the_policy_as_a_table`). After a crash: nothing is left.

mod policy;
mod scope;

pub use policy::{Action, allows};
pub use scope::{TenantScope, WideScope};

use crate::{Error, Result, registry::TenantRecord};
use tenantry_types::{ApiKeyId, ErrorCode, Role, WorkspaceId};

/// A verified identity.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A user of the platform itself; member of no tenant.
    Operator,
    /// A machine of one workspace.
    ApiKey(Box<KeyActor>),
    /// The platform's own worker.
    System,
}

/// What is known of an API key after it was verified.
#[derive(Debug, Clone)]
pub struct KeyActor {
    /// Its row.
    pub id: ApiKeyId,
    /// For people.
    pub name: String,
    /// The workspace it is confined to.
    pub workspace: WorkspaceId,
    /// What it may do there.
    pub role: Role,
    /// Its tenant.
    pub tenant: TenantRecord,
}

impl Actor {
    /// The word in audit events.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::ApiKey(_) => "api_key",
            Self::System => "system",
        }
    }

    /// Who exactly, for audit events and logs.
    pub fn label(&self) -> String {
        match self {
            Self::Operator => "operator".to_owned(),
            Self::ApiKey(key) => key.id.to_string(),
            Self::System => "worker".to_owned(),
        }
    }

    /// May this actor do that at all?
    ///
    /// # Errors
    /// 403 when not.
    pub fn may(&self, action: Action) -> Result<()> {
        if allows(self, action) {
            Ok(())
        } else {
            Err(Error::refused(ErrorCode::Forbidden, "Your identity may not do this."))
        }
    }

    /// A scope in the actor's own workspace, for this action.
    ///
    /// # Errors
    /// 403 when the actor may not do it, belongs to no tenant, or its tenant does not serve requests.
    pub fn scope(&self, action: Action) -> Result<TenantScope> {
        self.may(action)?;
        match self {
            Self::ApiKey(key) if key.tenant.status.serves() => Ok(TenantScope::mint(key)),
            Self::ApiKey(_) => Err(tenant_inactive()),
            Self::Operator | Self::System => {
                Err(Error::refused(ErrorCode::Forbidden, "Operators are members of no tenant.")
                    .next("Use an API key of the tenant: POST /v1/tenants/{slug}/api-keys."))
            }
        }
    }

    /// A scope that reads all of a tenant, for this action, whatever state the tenant is in.
    ///
    /// # Errors
    /// 403 when the actor may not do it; a tenant's own identities never may.
    pub fn wide_scope(&self, action: Action, tenant: &TenantRecord) -> Result<WideScope> {
        self.may(action)?;
        match self {
            Self::Operator | Self::System => Ok(WideScope::mint(tenant)),
            Self::ApiKey(_) => Err(Error::refused(
                ErrorCode::Forbidden,
                "A key reads its own workspace; reading across workspaces is for operators.",
            )),
        }
    }
}

/// Unknown, suspended, deleted, or somebody else's: one answer for all.
pub fn tenant_inactive() -> Error {
    Error::refused(ErrorCode::TenantInactive, "This tenant is unknown or does not accept requests.")
}
