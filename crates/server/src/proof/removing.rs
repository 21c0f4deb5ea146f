//! Removing the tenants of a proof, and those that one left behind.
//!
//! Owns: nothing. Calls: core's registry, provisioning, identity. Called by: proof.
//! Invariants: only what has slug and address of a proof is removed (`only_the_proofs_own_tenants_are_removed`); what is removed is deleted at once, and purged by the next worker
//! that has time. After a crash: the next proof goes on.

use super::{HttpProof, making::PREFIX};
use chrono::TimeDelta;
use tenantry_core::{
    Error, Result,
    identity::privacy::{self, Whose},
    provisioning::Change,
    registry::{self, ListTenants},
};
use tenantry_types::{
    ErrorCode,
    run::RunKind,
    tenant::{Tenant, TenantStatus},
};

/// Minutes after which a tenant of a proof is none of one that is at work.
const OLD: i64 = 10;

impl HttpProof {
    /// What proofs left behind that were not brought to their end.
    pub(super) async fn remove_old(&self) -> Result<()> {
        let query = ListTenants { q: Some(format!("{PREFIX}-")), limit: Some(100), ..ListTenants::default() };
        let before = self.app.ctx().now() - TimeDelta::minutes(OLD);
        let found = registry::list(&self.app.platform, &self.app.public_url, query).await?.items;
        for tenant in found.into_iter().filter(|tenant| is_ours(tenant) && tenant.created_at < before) {
            if let Err(error) = self.remove(tenant.slug.as_str()).await {
                tracing::warn!(tenant = %tenant.slug, %error, "a tenant of a former proof cannot be removed");
            }
        }
        Ok(())
    }

    /// Deletes the tenant, has it purged, and erases its owner. Whatever of it is gone already stays so.
    pub(super) async fn remove(&self, slug: &str) -> Result<()> {
        match registry::show(&self.app.platform, &self.app.public_url, slug).await {
            Ok(tenant) => self.purge(&tenant).await?,
            Err(Error::Refused { code: ErrorCode::NotFound, .. }) => {}
            Err(error) => return Err(error),
        }
        let users = privacy::find(&self.app.platform, &super::making::address(slug)).await?;
        for user in users.items {
            let (app, request) = (&self.app, super::request(slug));
            let whose = Whose::User(user.id);
            privacy::erase(&app.platform, app.ctx(), &app.access, &request, &whose).await?;
        }
        Ok(())
    }

    async fn purge(&self, tenant: &Tenant) -> Result<()> {
        if !is_ours(tenant) {
            return Err(Error::Fault(format!("{} is no tenant of a proof", tenant.slug)));
        }
        let slug = tenant.slug.as_str();
        self.app.metrics.forget(tenant.id);
        if tenant.status != TenantStatus::Deleted {
            self.change(slug, RunKind::Delete).await?;
            self.driven(slug).await?;
        }
        match self.change(slug, RunKind::Purge).await {
            // It is being purged.
            Err(Error::Refused { code: ErrorCode::Conflict, .. }) => Ok(()),
            asked => asked,
        }
    }

    async fn change(&self, slug: &str, kind: RunKind) -> Result<()> {
        let reason = Some("the proof of isolation has ended".to_owned());
        let change = Change { kind, reason, confirm: Some(slug.to_owned()) };
        self.app.runs.change(&super::request(slug), None, slug, change).await.map(drop)
    }
}

/// `isolation-probe-<8 hex>-a` or `-b`, with an address that nobody else could have.
fn is_ours(tenant: &Tenant) -> bool {
    are_ours(tenant.slug.as_str(), &tenant.admin_email)
}

fn are_ours(slug: &str, email: &str) -> bool {
    let named = slug.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('-'));
    let side = named.and_then(|rest| rest.strip_suffix("-a").or_else(|| rest.strip_suffix("-b")));
    side.is_some_and(|name| name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && email == super::making::address(slug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_proofs_own_tenants_are_removed() {
        let slug = "isolation-probe-0a1b2c3d-a";
        assert!(are_ours(slug, &format!("owner@{slug}.invalid")));
        for (slug, email) in [
            (slug, "owner@acme.example"),
            ("isolation-probe-0a1b2c3d", "owner@isolation-probe-0a1b2c3d.invalid"),
            ("isolation-probe-laboratory-a", "owner@isolation-probe-laboratory-a.invalid"),
            ("acme", "owner@acme.invalid"),
        ] {
            assert!(!are_ours(slug, email), "{slug}");
        }
    }
}
