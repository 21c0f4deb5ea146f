//! Identity: machine identities for now. API keys are made by operators and verified on every request.
//!
//! Owns: `api_keys`. Calls: registry, audit, pg. Called by: server's authentication and key operations.
//! Invariants: a key's secret is stored nowhere (`only_the_hash_is_stored`); a malformed key never reaches the database
//! (`malformed_keys_are_refused_offline`); an expired or revoked key is refused. After a crash: a key exists whole or not at all.

mod key;
pub(crate) mod store;

pub use key::{Environment, KeyText};

use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::{Actor, KeyActor},
    ctx::{Ctx, Request},
    registry,
};
use serde_json::json;
use std::str::FromStr;
use tenantry_pg::Pool;
use tenantry_types::{
    ApiKeyId, ErrorCode, Role,
    key::{CreateApiKey, NewApiKey},
};

/// Makes an API key for a workspace of a tenant.
///
/// # Errors
/// 404 for an unknown tenant or workspace, 409 while the tenant does not serve requests, 422 for bad fields.
pub async fn create_api_key(
    platform: &Pool,
    ctx: &Ctx,
    environment: Environment,
    request: &Request,
    tenant_slug: &str,
    wish: CreateApiKey,
) -> Result<NewApiKey> {
    let role = check(ctx, &wish)?;
    let key = KeyText::generate(environment)?;
    let input = (ctx.clone(), request.clone(), tenant_slug.to_owned(), wish, key, role);
    platform
        .run("create_api_key", input, |tx, (ctx, request, slug, wish, key, role)| {
            Box::pin(async move {
                let tenant = registry::store::by_slug(tx, slug).await?.ok_or_else(Error::not_found)?;
                if !tenant.status.serves() {
                    return Err(Error::refused(
                        ErrorCode::Conflict,
                        format!("The tenant is {}; only an active tenant can have new keys.", tenant.status),
                    ));
                }
                let workspace = registry::store::workspace(tx, tenant.id, wish.workspace.as_deref())
                    .await?
                    .ok_or_else(Error::not_found)?;
                let made = NewApiKey {
                    id: ApiKeyId(ctx.uuid()),
                    name: wish.name.clone(),
                    key: key.expose(),
                    tenant: tenant.slug.clone(),
                    workspace_id: workspace.id,
                    role: *role,
                    expires_at: wish.expires_at,
                };
                store::insert(tx, &made, tenant.id, key, ctx.now()).await?;
                let deed = Deed {
                    tenant: Some(tenant.id),
                    workspace: Some(workspace.id),
                    action: "api_key.create",
                    target_kind: "api_key",
                    target: made.id.to_string(),
                    after: Some(
                        json!({"name": made.name, "role": made.role, "workspace_id": made.workspace_id}),
                    ),
                    ..Deed::default()
                };
                audit::record(tx, ctx, request, &deed).await?;
                Ok(made)
            })
        })
        .await
}

fn check(ctx: &Ctx, wish: &CreateApiKey) -> Result<Role> {
    let mut fields = Fields::default();
    fields.text("/name", &wish.name, 100);
    let role = fields.parsed("/role", wish.role.as_deref().unwrap_or("member").parse::<Role>());
    if role == Some(Role::Owner) {
        fields.wrong("/role", "not_allowed", "a key is viewer, member or admin; only a person owns a tenant");
    }
    if wish.expires_at.is_some_and(|at| at <= ctx.now()) {
        fields.wrong("/expires_at", "in_the_past", "must lie in the future");
    }
    fields.check()?;
    Ok(role.unwrap_or(Role::Member))
}

/// Verifies an API key. Suspended tenants are answered for by the scope, not here: the key is still who it is.
///
/// # Errors
/// 401 for anything that is no valid key, with one text for all.
pub async fn verify_api_key(platform: &Pool, ctx: &Ctx, text: &str) -> Result<Actor> {
    let refused =
        || Error::refused(ErrorCode::Unauthenticated, "The token is not valid, has expired or was revoked.");
    let key = KeyText::from_str(text).map_err(|_| refused())?;
    let found = platform
        .run("verify_api_key", (key, ctx.now()), |tx, (key, now)| Box::pin(store::find(tx, key, *now)))
        .await?
        .ok_or_else(refused)?;
    Ok(Actor::ApiKey(Box::new(found)))
}

/// What a verified key is, for `GET /v1/me`.
pub fn describe(key: &KeyActor) -> tenantry_types::key::Me {
    tenantry_types::key::Me::ApiKey {
        id: key.id,
        name: key.name.clone(),
        tenant_id: key.tenant.id,
        tenant: key.tenant.slug.clone(),
        plan_tier: key.tenant.tier,
        workspace_id: key.workspace,
        role: key.role,
    }
}
