//! Making an API key: for operators here, for a tenant's admins through `own`.
//!
//! Owns: nothing. Calls: store, recheck, registry, audit, idempotency. Called by: keys.
//! Invariants: an operator who makes a key may do so in its very transaction (`a_demoted_operator_makes_no_key`); a workspace has a hundred keys in use at most, however many are asked for at once (`a_workspace_has_a_hundred_keys`); scopes are
//! those of the policy (`scopes_are_those_of_the_policy`). After a crash: a key exists whole or not at all.

use super::{
    store,
    text::{Environment, KeyText},
};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::{Action, key_scopes},
    ctx::{self, Ctx, Request},
    idempotency::{self, Answer, Kept, Once},
    identity::recheck,
    registry,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{
    ApiKeyId, ErrorCode, Role, Slug, TenantId, UserId, WorkspaceId,
    key::{CreateApiKey, NewApiKey},
};

/// Purpose of the seeds that keys are made from.
const KEY_SEED: &str = "api key";

/// Keys of a workspace that are neither revoked nor expired.
const MOST: i64 = 100;

/// The longest life of a key that ends at all: ten years.
const LONGEST: TimeDelta = TimeDelta::days(3_653);

/// What a key is made with, beside the wish.
#[derive(Clone)]
pub(super) struct Making {
    pub(super) ctx: Ctx,
    pub(super) environment: Environment,
    pub(super) request: Request,
    pub(super) once: Option<Once>,
}

/// A key to be.
pub(super) struct Draft {
    pub(super) tenant: TenantId,
    pub(super) slug: Slug,
    pub(super) workspace: WorkspaceId,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) created_by: Option<UserId>,
}

/// What is common to the wishes of operators and of a tenant's admins.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) role: Option<&'a str>,
    pub(super) scopes: &'a [String],
    pub(super) expires_at: Option<DateTime<Utc>>,
}

/// Makes an API key for a workspace of a tenant, as an operator; with `once`, one key however often it is asked for.
///
/// # Errors
/// 403 for who may not any more, 404 for an unknown tenant or workspace, 409 while the tenant does not serve requests or its workspace has a hundred keys in use, 422 for
/// bad fields; those of [`idempotency::begin`] and [`idempotency::Kept::seed`].
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
                match making.begin(tx).await? {
                    Some(kept) => making.again(&kept).map(Answer::again),
                    None => making.for_operator(tx, slug, wish).await.map(Answer::first),
                }
            })
        })
        .await
}

impl Making {
    /// What is kept of the same request, where it came before.
    pub(super) async fn begin(&self, tx: &ControlTx) -> Result<Option<Kept>> {
        idempotency::begin(tx, &self.ctx, self.once.as_ref()).await
    }

    async fn for_operator(&self, tx: &ControlTx, slug: &str, wish: &CreateApiKey) -> Result<NewApiKey> {
        let CreateApiKey { name, workspace, role, expires_at, scopes } = wish;
        let asked = Asked { name, role: role.as_deref(), scopes, expires_at: *expires_at };
        // Not before: a request that comes again is answered again, even when its `expires_at` has passed since.
        let role = asked.check(&self.ctx, Role::Admin)?;
        recheck::operator_may(tx, &self.ctx, &self.request.actor, Action::CreateApiKey).await?;
        // Held, so that the keys are counted by one at a time.
        let (tenant, _) = registry::store::hold_by_slug(tx, slug).await?.ok_or_else(Error::not_found)?;
        if !tenant.status.serves() {
            return Err(Error::refused(
                ErrorCode::Conflict,
                format!("The tenant is {}; only an active tenant can have new keys.", tenant.status),
            ));
        }
        let workspace = registry::store::workspace(tx, tenant.id, workspace.as_deref())
            .await?
            .ok_or_else(Error::not_found)?;
        let draft = Draft {
            tenant: tenant.id,
            slug: tenant.slug,
            workspace: workspace.id,
            name: asked.name.to_owned(),
            role,
            scopes: asked.scopes.to_vec(),
            expires_at: asked.expires_at,
            created_by: None,
        };
        self.first(tx, &draft, None).await
    }

    /// Makes the key, in the transaction that holds its tenant's row. `instead_of` is the key that ends with it, and is not counted.
    pub(super) async fn first(
        &self,
        tx: &ControlTx,
        draft: &Draft,
        instead_of: Option<ApiKeyId>,
    ) -> Result<NewApiKey> {
        let Self { ctx, environment, request, once } = self;
        if store::in_use(tx, draft.workspace, instead_of, ctx.now()).await? >= MOST {
            return Err(Error::refused(
                ErrorCode::Conflict,
                format!("The workspace has {MOST} API keys in use, and can have no more."),
            )
            .next("Revoke those that nobody uses: GET /v1/api-keys shows when each was last used."));
        }
        let id = ApiKeyId(ctx.uuid());
        let seed = once.as_ref().map_or_else(ctx::random, |once| Ok(once.seed(KEY_SEED, id.0)))?;
        let key = KeyText::from_seed(*environment, seed)?;
        store::insert(tx, id, draft, &key, ctx.now()).await?;
        let mut made = NewApiKey {
            id,
            name: draft.name.clone(),
            key: String::new(),
            tenant: draft.slug.clone(),
            workspace_id: draft.workspace,
            role: draft.role,
            scopes: draft.scopes.clone(),
            expires_at: draft.expires_at,
        };
        let after = json!({"name": made.name, "role": made.role, "workspace_id": made.workspace_id, "scopes": made.scopes});
        let deed = Deed {
            tenant: Some(draft.tenant),
            action: "api_key.create",
            target_kind: "api_key",
            target: made.id.to_string(),
            after: Some(after),
            ..Deed::default()
        };
        audit::record(tx, ctx, request, &deed).await?;
        idempotency::finish_with_secret(tx, ctx, once.as_ref(), 201, &made, &seed).await?;
        made.key = key.expose();
        Ok(made)
    }

    /// The same answer: its key is not kept, but derived again.
    pub(super) fn again(&self, kept: &Kept) -> Result<NewApiKey> {
        let once =
            self.once.as_ref().ok_or_else(|| Error::Fault("an answer was kept without a key".to_owned()))?;
        let made: NewApiKey = kept.read()?;
        let seed = kept.seed(once, KEY_SEED, made.id.0)?;
        Ok(NewApiKey { key: KeyText::from_seed(self.environment, seed)?.expose(), ..made })
    }
}

impl Asked<'_> {
    /// The role, where all is well; `most` is the maker's own.
    pub(super) fn check(self, ctx: &Ctx, most: Role) -> Result<Role> {
        let mut fields = Fields::default();
        fields.line("/name", self.name, 100);
        let role = fields.parsed("/role", self.role.unwrap_or("member").parse::<Role>());
        if role == Some(Role::Owner) {
            fields.wrong(
                "/role",
                "not_allowed",
                "a key is viewer, member or admin; only a person owns a tenant",
            );
        } else if role.is_some_and(|role| role > most) {
            fields.wrong("/role", "not_allowed", format!("a key is no more than its maker, who is {most}"));
        }
        if self.expires_at.is_some_and(|at| at <= ctx.now()) {
            fields.wrong("/expires_at", "in_the_past", "must lie in the future");
        } else if self.expires_at.is_some_and(|at| at > ctx.now() + LONGEST) {
            fields.wrong(
                "/expires_at",
                "out_of_range",
                "must lie within ten years; leave it out for a key that lasts until it is revoked",
            );
        }
        self.check_scopes(&mut fields);
        fields.check()?;
        Ok(role.unwrap_or(Role::Member))
    }

    fn check_scopes(self, fields: &mut Fields) {
        let known = key_scopes();
        for (place, scope) in self.scopes.iter().enumerate() {
            let pointer = format!("/scopes/{place}");
            if !known.contains(&scope.as_str()) {
                fields.wrong(&pointer, "not_allowed", format!("must be one of {}", known.join(", ")));
            } else if self.scopes[..place].contains(scope) {
                fields.wrong(&pointer, "repeated", "is named above already");
            }
            if place == known.len() {
                // Whatever comes now is unknown or repeated, and one word on it is enough.
                return;
            }
        }
    }
}
