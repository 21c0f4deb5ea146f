//! What an operator may change of a tenant: name, address, domains.
//!
//! Owns: nothing; writes tenants through registry. Calls: identity (addresses; ends what people asked for who may not join any more), registry, audit. Called by: server.
//! Invariants: the trail has no address in it (`a_tenant_is_changed_without_a_trace_of_addresses`); what people asked for ends with what let them
//! (`asks_end_with_what_allowed_them`). After a crash: one transaction or none.

use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    ctx::{Ctx, Request},
    identity::{invitations, is_domain, is_email},
    registry::{self, TenantRecord},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    ErrorCode, Role,
    tenant::{Tenant, TenantStatus, UpdateTenant},
};

/// Most domains of a tenant.
const MOST_DOMAINS: usize = 20;

/// What people of the domains may join as; none: they may not.
#[derive(Clone, Copy)]
struct JoinRole(Option<Role>);

struct Change {
    ctx: Ctx,
    request: Request,
    slug: String,
    expected: Option<i64>,
    wish: UpdateTenant,
    join_role: Option<JoinRole>,
}

/// Changes a tenant. With `expected`, only the version of that time, in microseconds.
///
/// # Errors
/// 404 where there is none, 409 for one that is deleted, 412 for another version, 422 for bad fields.
pub async fn update(
    platform: &Pool,
    ctx: &Ctx,
    public_url: &str,
    request: &Request,
    slug: &str,
    expected: Option<i64>,
    wish: UpdateTenant,
) -> Result<Tenant> {
    let join_role = check(&wish)?;
    let (ctx, request, slug) = (ctx.clone(), request.clone(), slug.to_owned());
    let change = Change { ctx, request, slug, expected, wish, join_role };
    let changed = platform.run("update_tenant", change, |tx, change| Box::pin(change.make(tx))).await?;
    Ok(changed.to_wire(public_url))
}

fn check(wish: &UpdateTenant) -> Result<Option<JoinRole>> {
    let mut fields = Fields::default();
    if let Some(name) = &wish.name {
        fields.line("/name", name, 200);
    }
    if wish.admin_email.as_deref().is_some_and(|email| !is_email(email)) {
        fields.wrong("/admin_email", "invalid", "must be an e-mail address such as ops@example.com");
    }
    let domains = wish.allowed_domains.as_deref().unwrap_or_default();
    if domains.len() > MOST_DOMAINS {
        fields.wrong("/allowed_domains", "too_many", format!("must have at most {MOST_DOMAINS} domains"));
    }
    for (place, domain) in domains.iter().enumerate() {
        if !is_domain(domain) {
            let pointer = format!("/allowed_domains/{place}");
            fields.wrong(&pointer, "invalid", "must be a domain such as example.com");
        }
    }
    let join_role = match &wish.domain_join_role {
        None => None,
        Some(None) => Some(JoinRole(None)),
        Some(Some(text)) => {
            let role = fields.parsed("/domain_join_role", text.parse::<Role>());
            if role.is_some_and(|role| role > Role::Member) {
                fields.wrong(
                    "/domain_join_role",
                    "not_allowed",
                    "must be viewer or member: more is given by somebody",
                );
            }
            Some(JoinRole(role))
        }
    };
    fields.check()?;
    Ok(join_role)
}

impl Change {
    async fn make(&self, tx: &ControlTx) -> Result<TenantRecord> {
        let held = registry::store::hold_by_slug(tx, &self.slug).await?;
        let (before, _) = held.ok_or_else(Error::not_found)?;
        if self.expected.is_some_and(|expected| expected != before.updated_at.timestamp_micros()) {
            return Err(Error::refused(ErrorCode::VersionMismatch, "The tenant has changed since.")
                .next("Read it again, and send the change with its present ETag."));
        }
        if before.status == TenantStatus::Deleted {
            return Err(
                Error::refused(ErrorCode::Conflict, "The tenant is deleted.").next("Restore it first.")
            );
        }
        let mut after = before.clone();
        if let Some(name) = &self.wish.name {
            name.trim().clone_into(&mut after.name);
        }
        if let Some(email) = &self.wish.admin_email {
            after.admin_email.clone_from(email);
        }
        if let Some(domains) = &self.wish.allowed_domains {
            after.allowed_domains = domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        }
        after.domain_join_role = self.join_role.map_or(before.domain_join_role, |join| join.0);
        // Never the same time twice: it is the version.
        after.updated_at = self.ctx.now().max(before.updated_at + TimeDelta::microseconds(1));
        registry::store::set_details(tx, &after).await?;
        // Whoever asked to join before waits with a link in hand.
        invitations::void_asks(tx, &after, self.ctx.now()).await?;
        let deed = Deed {
            tenant: Some(before.id),
            action: "tenant.update",
            target_kind: "tenant",
            target: before.slug.to_string(),
            before: Some(told(&before)),
            after: Some(json!({
                "name": after.name, "allowed_domains": after.allowed_domains,
                "domain_join_role": after.domain_join_role, "other_address": before.admin_email != after.admin_email,
            })),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, &self.request, &deed).await?;
        Ok(after)
    }
}

fn told(tenant: &TenantRecord) -> Value {
    json!({"name": tenant.name, "allowed_domains": tenant.allowed_domains, "domain_join_role": tenant.domain_join_role})
}
