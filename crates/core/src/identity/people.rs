//! What the operations on members, invitations and workspaces have in common: their means, and how a change begins and ends.
//!
//! Owns: nothing. Calls: registry, access, recheck, pg. Called by: members, invitations, workspaces.
//! Invariants: changes in one tenant come one after the other, and whoever changes something is asked again in the change's own transaction whether
//! they still may (`two_owners_cannot_demote_each_other`, `a_removed_member_changes_nothing`); a change is told to every server once it is
//! committed, also where the caller hung up (`a_demoted_member_is_refused_at_once`, `who_hangs_up_changes_a_tenant_all_the_same`). After a crash: the change stands or does not; what was not told is told by the reconciler.

use super::{
    SignIn,
    recheck::{self, Now},
};
use crate::{
    Error, Result,
    access::{Access, News},
    authz::{TenantScope, tenant_inactive},
    ctx::Ctx,
    registry::{self, TenantRecord},
    secrets::Vault,
};
use std::sync::Arc;
use tenantry_pg::{BoxFuture, ControlTx, Pool};
use tenantry_types::{ErrorCode, Role, TenantId, UserId};

/// What these operations work with. Cheap to clone.
#[derive(Clone)]
pub struct People {
    /// The login that sees all tenants, for those who are in none yet.
    pub platform: Pool,
    /// The login that sees one tenant.
    pub control: Pool,
    /// Clock and ids.
    pub ctx: Ctx,
    /// Tells of changes.
    pub access: Access,
    /// Proves accounts, and hashes the passwords of new ones.
    pub sign_in: SignIn,
    /// Seals mails.
    pub vault: Vault,
    /// Whether links are mailed; else they are told to whoever asked for them.
    pub sends_mail: bool,
    /// What links begin with.
    pub public_url: String,
    /// Names of the external issuers that are configured: what they manage is theirs.
    pub issuers: Arc<[String]>,
}

impl People {
    /// Runs a change in the scope's tenant, and tells of it.
    pub(super) async fn change<I, T, W>(
        &self,
        scope: &TenantScope,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        let tenant = scope.tenant_id();
        self.access.change_for((&self.control, tenant), name, input, work, move |_| News::of([tenant])).await
    }
}

impl People {
    /// The same for whoever is in no tenant yet: with the login that sees all of them. `tenant` is the one whose access may change.
    pub(super) async fn change_anywhere<I, T, W>(
        &self,
        tenant: TenantId,
        name: &'static str,
        input: I,
        work: W,
    ) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a ControlTx, &'a I) -> BoxFuture<'a, Result<T>> + Send + Sync + 'static,
    {
        self.access.change(&self.platform, name, input, work, move |_| News::of([tenant])).await
    }
}

/// The caller of a change, as they are in its transaction.
pub(super) struct Caller {
    pub(super) user: UserId,
    pub(super) role: Role,
    /// With the limits that hold now.
    pub(super) tenant: TenantRecord,
}

/// First in the transaction of a change: holds the tenant, so that nobody else changes who may do what in it, and asks again what the caller may. Between
/// the look that let them in and this one, that may have been taken from them.
pub(super) async fn begin(tx: &ControlTx, scope: &TenantScope) -> Result<Caller> {
    let id = scope.tenant_id();
    if !registry::store::change_access(tx, id).await? {
        return Err(tenant_inactive());
    }
    let tenant = registry::store::by_id(tx, id).await?.filter(|tenant| tenant.status.serves());
    let tenant = tenant.ok_or_else(tenant_inactive)?;
    let Now { user, role } = recheck::still_may(tx, scope).await?;
    Ok(Caller { user, role, tenant })
}

/// A change of which the caller's role does not reach far enough.
pub(super) fn beyond(own: Role) -> Error {
    let detail = format!("As {own} you may neither give nor take a role above your own.");
    Error::refused(ErrorCode::Forbidden, detail)
}
