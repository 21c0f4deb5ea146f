//! Removing the tenants of a proof, and those that one left behind; their names, which bear the id of its report.
//!
//! Owns: nothing. Calls: core's registry, provisioning, identity, isolation. Called by: proof.
//! Invariants: only what has slug and address of a proof is removed (`only_the_proofs_own_tenants_are_removed`); what is removed is deleted at once, and purged by the next worker
//! that has time; those of a report that is at work elsewhere stay, however long that takes (`what_a_crashed_proof_left_goes_with_the_next`). After a crash: the next proof goes on.

use super::{HttpProof, making};
use tenantry_core::{
    Error, Result,
    identity::privacy::{self, Whose},
    isolation,
    provisioning::Change,
    registry::{self, ListTenants},
};
use tenantry_types::{
    ErrorCode, IsolationReportId,
    run::RunKind,
    tenant::{Tenant, TenantStatus},
};

/// What tells one proof from all others: its report's id, as 32 hexadecimal digits.
pub(super) fn name_of(report: IsolationReportId) -> String {
    report.0.simple().to_string()
}

/// The slugs of a proof's tenants: of the one that asks, and of the one whose things are asked for.
pub(super) fn slugs(name: &str) -> [String; 2] {
    ["a", "b"].map(|side| format!("{}-{name}-{side}", making::PREFIX))
}

impl HttpProof {
    /// What proofs left behind that were not brought to their end.
    pub(super) async fn remove_old(&self) -> Result<()> {
        let q = Some(format!("{}-", making::PREFIX));
        let query = ListTenants { q, limit: Some(100), ..ListTenants::default() };
        let found = registry::list(&self.app.platform, &self.app.public_url, query).await?.items;
        for tenant in found {
            let Some(report) = report_of(&tenant) else { continue };
            if self.is_open(report).await? {
                continue;
            }
            if let Err(error) = self.remove(tenant.slug.as_str()).await {
                tracing::warn!(tenant = %tenant.slug, %error, "a tenant of a former proof cannot be removed");
            }
        }
        Ok(())
    }

    /// Whether somebody is at the report, or will be.
    async fn is_open(&self, report: IsolationReportId) -> Result<bool> {
        match isolation::show(&self.app.platform, report).await {
            Ok(report) => Ok(report.finished_at.is_none()),
            Err(Error::Refused { code: ErrorCode::NotFound, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the tenant, and waits until it is gone, so that its slug is free.
    pub(super) async fn clear(&self, slug: &str) -> Result<()> {
        self.remove(slug).await?;
        self.settled(slug).await
    }

    /// Waits until no run is at work on the tenant, whatever became of it.
    async fn settled(&self, slug: &str) -> Result<()> {
        match self.ended(slug).await {
            Ok(_) | Err(Error::Refused { code: ErrorCode::NotFound, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes the tenant, has it purged, and erases its people. Whatever of it is gone already stays so.
    pub(super) async fn remove(&self, slug: &str) -> Result<()> {
        // Whoever made or removed it may have been stopped at that.
        self.settled(slug).await?;
        match registry::show(&self.app.platform, &self.app.public_url, slug).await {
            Ok(tenant) => self.purge(&tenant).await?,
            Err(Error::Refused { code: ErrorCode::NotFound, .. }) => {}
            Err(error) => return Err(error),
        }
        for whose in [slug, &making::second_of(slug)] {
            let users = privacy::find(&self.app.platform, &making::address(whose)).await?;
            for user in users.items {
                let (app, request) = (&self.app, super::request(slug));
                let whose = Whose::User(user.id);
                privacy::erase(&app.platform, app.ctx(), &app.access, &request, &whose).await?;
            }
        }
        Ok(())
    }

    async fn purge(&self, tenant: &Tenant) -> Result<()> {
        if report_of(tenant).is_none() {
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

/// The report whose proof made this tenant, if one did.
fn report_of(tenant: &Tenant) -> Option<IsolationReportId> {
    report_named(tenant.slug.as_str(), &tenant.admin_email)
}

/// `isolation-probe-<32 hex>-a` or `-b`, with an address that nobody else could have.
fn report_named(slug: &str, email: &str) -> Option<IsolationReportId> {
    let named = slug.strip_prefix(making::PREFIX)?.strip_prefix('-')?;
    let name = named.strip_suffix("-a").or_else(|| named.strip_suffix("-b"))?;
    let report = IsolationReportId(name.parse().ok()?);
    (name_of(report) == name && email == making::address(slug)).then_some(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenantry_types::Slug;

    #[test]
    fn only_the_proofs_own_tenants_are_removed() {
        let slug = "isolation-probe-01890a5d0c1b7e5f8a9b0c1d2e3f4a5b-a";
        assert_eq!(
            report_named(slug, &format!("owner@{slug}.invalid")).map(name_of).as_deref(),
            Some("01890a5d0c1b7e5f8a9b0c1d2e3f4a5b")
        );
        for (slug, email) in [
            (slug, "owner@acme.example"),
            ("isolation-probe-0a1b2c3d-a", "owner@isolation-probe-0a1b2c3d-a.invalid"),
            ("isolation-probe-laboratory-a", "owner@isolation-probe-laboratory-a.invalid"),
            ("acme", "owner@acme.invalid"),
        ] {
            assert_eq!(report_named(slug, email), None, "{slug}");
        }
    }

    #[test]
    fn names_are_short_enough() {
        for slug in slugs(&name_of(IsolationReportId(uuid::Uuid::max()))) {
            assert!(
                slug.parse::<Slug>().is_ok() && making::second_of(&slug).parse::<Slug>().is_ok(),
                "{slug}"
            );
            assert!(report_named(&slug, &making::address(&slug)).is_some());
        }
    }
}
