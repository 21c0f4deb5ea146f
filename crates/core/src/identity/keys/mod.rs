//! API keys: made by operators and by a tenant's admins, verified on every request.
//!
//! Owns: `api_keys`. Calls: registry, audit, idempotency, pg. Called by: identity's gate, server's key operations, provisioning.
//! Invariants: a key's secret is stored nowhere (`only_the_hash_is_stored`), and one asked
//! for with an idempotency key is derived again (`a_key_is_told_again_and_stored_nowhere`); a malformed key never reaches the database
//! (`malformed_keys_are_refused_offline`); an expired or revoked key is refused. After a crash: a key exists whole or not at all.

pub(crate) mod store;
mod text;

pub use text::{Environment, KeyText};

use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::KeyActor,
    ctx::{self, Ctx, Request},
    idempotency::{self, Answer, Kept, Once},
    registry,
};
use serde_json::json;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    ApiKeyId, ErrorCode, Role, TenantId, WorkspaceId,
    key::{CreateApiKey, NewApiKey},
};

/// The key that a new tenant begins with, as far as it is remembered.
pub(crate) struct FirstKey<'a> {
    pub(crate) id: ApiKeyId,
    pub(crate) public_id: &'a str,
    /// Hexadecimal SHA-256 of the whole key.
    pub(crate) hash: &'a str,
    pub(crate) tenant: TenantId,
    pub(crate) workspace: WorkspaceId,
}

/// Purpose of the seeds that keys are made from.
const KEY_SEED: &str = "api key";

/// What a key is made of, beside the wish.
struct Making {
    ctx: Ctx,
    environment: Environment,
    request: Request,
    once: Option<Once>,
}

/// Makes an API key for a workspace of a tenant; with `once`, one key however often it is asked for.
///
/// # Errors
/// 404 for an unknown tenant or workspace, 409 while the tenant does not serve requests, 422 for bad fields; those of
/// [`idempotency::begin`] and [`idempotency::Kept::seed`].
pub async fn create_api_key(
    platform: &Pool,
    ctx: &Ctx,
    environment: Environment,
    request: &Request,
    once: Option<Once>,
    tenant_slug: &str,
    wish: CreateApiKey,
) -> Result<Answer<NewApiKey>> {
    let making = Making { ctx: ctx.clone(), environment, request: request.clone(), once };
    platform
        .run("create_api_key", (making, tenant_slug.to_owned(), wish), |tx, (making, slug, wish)| {
            Box::pin(async move {
                match idempotency::begin(tx, &making.ctx, making.once.as_ref()).await? {
                    Some(kept) => making.again(&kept).map(Answer::again),
                    None => making.first(tx, slug, wish).await.map(Answer::first),
                }
            })
        })
        .await
}

impl Making {
    async fn first(&self, tx: &ControlTx, slug: &str, wish: &CreateApiKey) -> Result<NewApiKey> {
        let Self { ctx, environment, request, once } = self;
        // Not before: a request that comes again is answered again, even when its `expires_at` has passed since.
        let role = check(ctx, wish)?;
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
        let id = ApiKeyId(ctx.uuid());
        let seed = once.as_ref().map_or_else(ctx::random, |once| Ok(once.seed(KEY_SEED, id.0)))?;
        let key = KeyText::from_seed(*environment, seed)?;
        let mut made = NewApiKey {
            id,
            name: wish.name.clone(),
            key: String::new(),
            tenant: tenant.slug.clone(),
            workspace_id: workspace.id,
            role,
            expires_at: wish.expires_at,
        };
        store::insert(tx, &made, tenant.id, &key, ctx.now()).await?;
        let deed = Deed {
            tenant: Some(tenant.id),
            action: "api_key.create",
            target_kind: "api_key",
            target: made.id.to_string(),
            after: Some(json!({"name": made.name, "role": made.role, "workspace_id": made.workspace_id})),
            ..Deed::default()
        };
        audit::record(tx, ctx, request, &deed).await?;
        idempotency::finish_with_secret(tx, ctx, once.as_ref(), 201, &made, &seed).await?;
        made.key = key.expose();
        Ok(made)
    }

    /// The same answer: its key is not kept, but derived again.
    fn again(&self, kept: &Kept) -> Result<NewApiKey> {
        let once =
            self.once.as_ref().ok_or_else(|| Error::Fault("an answer was kept without a key".to_owned()))?;
        let made: NewApiKey = kept.read()?;
        let seed = kept.seed(once, KEY_SEED, made.id.0)?;
        Ok(NewApiKey { key: KeyText::from_seed(self.environment, seed)?.expose(), ..made })
    }
}

fn check(ctx: &Ctx, wish: &CreateApiKey) -> Result<Role> {
    let mut fields = Fields::default();
    fields.line("/name", &wish.name, 100);
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

/// What a verified key is, for `GET /v1/me`.
pub fn describe(key: &KeyActor) -> tenantry_types::key::Me {
    tenantry_types::key::Me::ApiKey {
        id: key.id,
        name: key.name.clone(),
        tenant_id: key.place.tenant.id,
        tenant: key.place.tenant.slug.clone(),
        plan_tier: key.place.tenant.tier,
        workspace_id: key.place.workspace,
        role: key.place.role,
    }
}
