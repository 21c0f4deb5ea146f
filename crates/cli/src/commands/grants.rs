//! `access-grant create`, `list`, `end`: an operator in a tenant's workspace, for a while.
//!
//! Owns: nothing. Calls: /v1/tenants/{slug}/access-grants, /v1/access-grants. Called by: dispatch.
//! Invariants: the token goes to standard output only (`a_grants_token_is_shown_once`).
//! After a crash: a grant whose token was not shown ends by itself; `access-grant end` is quicker.

use super::{Ctx, lists};
use crate::{
    api::{Answer, encode},
    args::{PagingArgs, identity::CreateAccessGrantArgs},
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use tenantry_types::{
    AccessGrantId,
    identity::{AccessGrant, CreateAccessGrant, NewAccessGrant},
};

const GRANTS: &str = "/v1/access-grants";

/// `access-grant create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &CreateAccessGrantArgs) -> Result<Exit, Failure> {
    let wish = CreateAccessGrant {
        reason: args.reason.clone(),
        workspace: args.workspace.clone(),
        role: args.role.as_ref().map(|role| role.to_lowercase()),
        minutes: args.minutes,
    };
    let path = format!("/v1/tenants/{}/access-grants", encode(&args.tenant));
    let Answer { value: NewAccessGrant { grant, token }, text } = ctx.api.post(&path, &wish)?;
    ctx.result(&text, |now| {
        facts(&[
            ("token", token.expose().to_owned()),
            ("grant", grant.id.to_string()),
            ("tenant", grant.tenant.to_string()),
            ("workspace", grant.workspace_id.to_string()),
            ("role", grant.role.to_string()),
            ("ends", when(grant.expires_at, now)),
        ])
    })?;
    ctx.hint(&format!("work with it: set TENANTRY_TOKEN; end it: `tenantry access-grant end {}`", grant.id))?;
    Ok(Exit::Done)
}

/// `access-grant list`.
pub(crate) fn list(
    ctx: &mut Ctx<'_, '_>,
    tenant: Option<&str>,
    paging: &PagingArgs,
) -> Result<Exit, Failure> {
    let page = lists::page::<AccessGrant>(ctx, GRANTS, &[("tenant", tenant)], paging)?;
    lists::show(ctx, &page, "no access grants", |grants, now| {
        table(
            ["grant", "tenant", "operator", "role", "ends", "reason"],
            grants.iter().map(|grant| {
                [
                    grant.id.to_string(),
                    grant.tenant.to_string(),
                    short(&grant.operator),
                    grant.role.to_string(),
                    when(grant.ended_at.unwrap_or(grant.expires_at), now),
                    short(&grant.reason),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `access-grant end`.
pub(crate) fn end(ctx: &mut Ctx<'_, '_>, id: AccessGrantId) -> Result<Exit, Failure> {
    ctx.remove(&format!("{GRANTS}/{id}"), &format!("access grant {id} is over"))
}
