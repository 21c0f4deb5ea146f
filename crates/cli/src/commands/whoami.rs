//! `whoami`: who the token is.
//!
//! Owns: nothing. Calls: GET /v1/me. Called by: dispatch.
//! Invariants: the token itself is not shown (`whoami_tells_everybody_apart`). After a crash: nothing is left.

use super::Ctx;
use crate::{
    api::Answer,
    outcome::{Exit, Failure},
    render::{facts, short, table},
};
use tenantry_types::{
    TenantId,
    key::{Me, Membership},
};

/// `whoami`.
pub(crate) fn whoami(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let Answer { value, text } = ctx.api.get::<Me>("/v1/me")?;
    let server = ctx.api.base().to_owned();
    ctx.result(&text, |_| told(server, value))?;
    Ok(Exit::Done)
}

fn told(server: String, me: Me) -> String {
    let mut rows = vec![("server", server)];
    let mut places = String::new();
    match me {
        Me::Operator { id, email, role } => {
            let who = match (email, id) {
                (Some(email), Some(id)) => format!("{email} ({id}), an operator of the platform"),
                _ => "an operator of the platform".to_owned(),
            };
            rows.push(("you are", who));
            rows.extend(role.map(|role| ("role", role.to_string())));
        }
        Me::User { id, email, name, email_verified, memberships } => {
            rows.push(("you are", person(&name, &email, id)));
            rows.push(("address", verified(email_verified)));
            places = listed(&memberships);
        }
        Me::Member {
            id,
            email,
            name,
            email_verified,
            tenant_id,
            tenant,
            plan_tier,
            workspace_id,
            role,
            memberships,
        } => {
            rows.push(("you are", person(&name, &email, id)));
            rows.push(("address", verified(email_verified)));
            rows.push(of_tenant(&tenant, tenant_id));
            rows.push(("tier", plan_tier.to_string()));
            let known = memberships.iter().find(|membership| membership.workspace_id == workspace_id);
            rows.push((
                "workspace",
                match known {
                    Some(membership) => format!("{} ({workspace_id})", membership.workspace),
                    None => workspace_id.to_string(),
                },
            ));
            rows.push(("role", role.to_string()));
            places = listed(&memberships);
        }
        Me::Granted { id, operator, tenant_id, tenant, workspace_id, role } => {
            rows.push(("you are", format!("{operator}, by the access grant {id}")));
            rows.push(of_tenant(&tenant, tenant_id));
            rows.push(("workspace", workspace_id.to_string()));
            rows.push(("role", role.to_string()));
        }
        Me::ApiKey { id, name, tenant_id, tenant, plan_tier, workspace_id, role } => {
            rows.push(("you are", format!("the API key {name} ({id})")));
            rows.push(of_tenant(&tenant, tenant_id));
            rows.push(("tier", plan_tier.to_string()));
            rows.push(("workspace", workspace_id.to_string()));
            rows.push(("role", role.to_string()));
        }
    }
    format!("{}{places}", facts(&rows))
}

fn of_tenant(slug: &tenantry_types::Slug, id: TenantId) -> (&'static str, String) {
    ("tenant", format!("{slug} ({id})"))
}

fn person(name: &str, email: &str, id: tenantry_types::UserId) -> String {
    format!("{name} <{email}> ({id})")
}

fn verified(yes: bool) -> String {
    if yes { "verified" } else { "not verified yet" }.to_owned()
}

/// Where a person may go, below an empty line.
fn listed(memberships: &[Membership]) -> String {
    if memberships.is_empty() {
        return String::new();
    }
    let rows = memberships.iter().map(|membership| {
        [
            membership.tenant.to_string(),
            membership.workspace.clone(),
            membership.role.to_string(),
            short(&membership.tenant_name),
        ]
    });
    format!("\n{}", table(["tenant", "workspace", "role", "name"], rows))
}

#[cfg(test)]
mod tests;
