//! What an operator may change of a tenant: name, address, domains, tier, numbers in place of the tier's.
//!
//! Owns: nothing; writes tenants through registry. Calls: access (servers forget what a tenant was allowed), identity (addresses; ends what people asked for who may not join any more), registry, audit. Called by: server.
//! Invariants: the trail has no address in it (`a_tenant_is_changed_without_a_trace_of_addresses`); what people asked for ends with what let them
//! (`asks_end_with_what_allowed_them`); another tier takes nothing away that is used, and whoever waited for the change finds it (`another_tier_keeps_what_is_used`, `whoever_waited_for_another_tier_finds_it`). After a crash: one transaction or none.

use super::{Runs, wish::own_number};
use crate::{
    Error, Fields, Result,
    access::News,
    audit::{self, Deed},
    authz::Action,
    ctx::{Ctx, Request},
    identity::{invitations, is_domain, is_email, recheck},
    registry::{self, Overrides, TenantRecord},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, Role, Tier,
    tenant::{Tenant, TenantStatus, UpdateTenant},
};

/// Most domains of a tenant.
const MOST_DOMAINS: usize = 20;

/// What people of the domains may join as; none: they may not.
#[derive(Clone, Copy)]
struct JoinRole(Option<Role>);

/// A number of the tenant's own; none: its tier's.
#[derive(Clone, Copy)]
struct Own(Option<u64>);

/// What was checked of a wish, and read from its words.
#[derive(Clone, Copy)]
struct Checked {
    join_role: Option<JoinRole>,
    tier: Option<Tier>,
    agents: Option<Own>,
    tasks_per_month: Option<Own>,
    storage_gb: Option<Own>,
}

struct Change {
    ctx: Ctx,
    request: Request,
    slug: String,
    expected: Option<i64>,
    wish: UpdateTenant,
    checked: Checked,
}

impl Runs {
    /// Changes a tenant. With `expected`, only the version of that time, in microseconds. What another tier allows holds here when this returns;
    /// other servers are told, and one that does not hear remembers the old for half a second.
    ///
    /// # Errors
    /// 404 where there is none, 409 for one that is deleted, or whose tier or own numbers are to change while it is being made or removed, 412 for another version, 422 for bad fields.
    pub async fn update(
        &self,
        request: &Request,
        slug: &str,
        expected: Option<i64>,
        wish: UpdateTenant,
    ) -> Result<Tenant> {
        let checked = check(&wish)?;
        let (ctx, request, slug) = (self.ctx.clone(), request.clone(), slug.to_owned());
        let change = Change { ctx, request, slug, expected, wish, checked };
        let pool = self.pool.clone();
        let changing =
            async move { pool.run("update_tenant", change, |tx, change| Box::pin(change.make(tx))).await };
        // Nobody's rights are others: whatever was let in before goes on, and what it uses is counted under the tenant's lock.
        let news = |(before, after): &(TenantRecord, TenantRecord)| {
            News::everywhere().when(before.limits != after.limits || before.tier != after.tier)
        };
        let (_, changed) = match &self.access {
            Some(access) => access.tell("update_tenant", changing, news).await?,
            None => changing.await?,
        };
        Ok(changed.to_wire(&self.public_url))
    }
}

fn check(wish: &UpdateTenant) -> Result<Checked> {
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
    let tier = wish.plan_tier.as_deref().and_then(|text| fields.parsed("/plan_tier", text.parse()));
    let mut own = |pointer: &str, wished: Option<Option<u32>>| {
        wished.map(|number| Own(own_number(&mut fields, pointer, number)))
    };
    let agents = own("/max_agents", wish.max_agents);
    let tasks_per_month = own("/max_tasks_per_month", wish.max_tasks_per_month);
    let storage_gb = own("/storage_limit_gb", wish.storage_limit_gb);
    fields.check()?;
    Ok(Checked { join_role, tier, agents, tasks_per_month, storage_gb })
}

impl Change {
    /// The tenant before, and afterwards.
    async fn make(&self, tx: &ControlTx) -> Result<(TenantRecord, TenantRecord)> {
        let held = registry::store::hold_by_slug(tx, &self.slug).await?;
        let (before, _) = held.ok_or_else(Error::not_found)?;
        // They may have waited for the row while somebody took the right away.
        recheck::operator_may(tx, &self.ctx, &self.request.actor, Action::ChangeTenant).await?;
        self.admit(&before)?;
        let after = self.changed(&before);
        if told(&before) == told(&after) && before.admin_email == after.admin_email {
            return Ok((before.clone(), before));
        }
        registry::store::set_details(tx, &after).await?;
        // Whoever asked to join before waits with a link in hand.
        invitations::void_asks(tx, &after, self.ctx.now()).await?;
        let mut now = told(&after);
        now["other_address"] = json!(before.admin_email != after.admin_email);
        let deed = Deed {
            tenant: Some(before.id),
            action: "tenant.update",
            target_kind: "tenant",
            target: before.slug.to_string(),
            before: Some(told(&before)),
            after: Some(now),
            ..Deed::default()
        };
        audit::record(tx, &self.ctx, &self.request, &deed).await?;
        // Its limits are the row's, and that of its tier.
        let after = registry::store::by_id(tx, before.id).await?;
        Ok((before, after.ok_or_else(|| Error::Fault("a held tenant is gone".to_owned()))?))
    }

    fn admit(&self, before: &TenantRecord) -> Result<()> {
        if self.expected.is_some_and(|expected| expected != before.updated_at.timestamp_micros()) {
            return Err(Error::refused(ErrorCode::VersionMismatch, "The tenant has changed since.")
                .next("Read it again, and send the change with its present ETag."));
        }
        match before.status {
            TenantStatus::Deleted => {
                Err(Error::refused(ErrorCode::Conflict, "The tenant is deleted.").next("Restore it first."))
            }
            // Its run may end with its removal, and then nobody has them; tried again, it has what was asked for at first.
            TenantStatus::Provisioning if self.allows_other_than(before) => {
                Err(Error::refused(ErrorCode::Conflict, "The tenant is being made or removed.")
                    .next("Wait for its run to end: GET /v1/tenants/{slug}/status."))
            }
            TenantStatus::Provisioning | TenantStatus::Active | TenantStatus::Suspended => Ok(()),
        }
    }

    fn allows_other_than(&self, before: &TenantRecord) -> bool {
        let after = self.changed(before);
        (after.tier, after.own) != (before.tier, before.own)
    }

    fn changed(&self, before: &TenantRecord) -> TenantRecord {
        let (wish, checked) = (&self.wish, &self.checked);
        let mut after = before.clone();
        if let Some(name) = &wish.name {
            name.trim().clone_into(&mut after.name);
        }
        if let Some(email) = &wish.admin_email {
            after.admin_email.clone_from(email);
        }
        if let Some(domains) = &wish.allowed_domains {
            after.allowed_domains = domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
        }
        let own = |wished: Option<Own>, before: Option<u64>| wished.map_or(before, |own| own.0);
        after.own = Overrides {
            agents: own(checked.agents, before.own.agents),
            tasks_per_month: own(checked.tasks_per_month, before.own.tasks_per_month),
            storage_gb: own(checked.storage_gb, before.own.storage_gb),
        };
        after.tier = checked.tier.unwrap_or(before.tier);
        after.domain_join_role = checked.join_role.map_or(before.domain_join_role, |join| join.0);
        // Never the same time twice: it is the version.
        after.updated_at = self.ctx.now().max(before.updated_at + TimeDelta::microseconds(1));
        after
    }
}

fn told(tenant: &TenantRecord) -> Value {
    let TenantRecord { name, tier, own, allowed_domains, domain_join_role, .. } = tenant;
    json!({
        "name": name, "plan_tier": tier, "max_agents": own.agents, "max_tasks_per_month": own.tasks_per_month,
        "storage_limit_gb": own.storage_gb, "allowed_domains": allowed_domains, "domain_join_role": domain_join_role,
    })
}
