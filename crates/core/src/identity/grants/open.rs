//! Letting an operator into a tenant's workspace.
//!
//! Owns: nothing. Calls: store, recheck, registry, audit, idempotency. Called by: grants.
//! Invariants: a reason is always given, and stands in the tenant's trail (`the_owner_sees_who_was_let_in`); the token is derived again for the
//! same request and kept nowhere (`only_the_hash_of_a_grant_is_stored`). After a crash: one transaction or none.

use super::{store, text::GrantText};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::{Action, Actor, may_be_granted},
    ctx::{Ctx, Request},
    idempotency::{self, Answer, Kept, Once},
    identity::recheck,
    registry,
};
use chrono::TimeDelta;
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    AccessGrantId, ErrorCode, OperatorRole, Role,
    identity::{AccessGrant, CreateAccessGrant, NewAccessGrant, Proof},
};

/// Purpose of the seeds that tokens are made from.
const GRANT_SEED: &str = "access grant";
/// Minutes of a grant that does not say.
const DEFAULT_MINUTES: u16 = 60;
/// Minutes of a grant.
const MINUTES: std::ops::RangeInclusive<u16> = 5..=240;

/// A request for a grant.
pub(super) struct Opening {
    pub(super) ctx: Ctx,
    pub(super) request: Request,
    pub(super) once: Once,
}

impl Opening {
    pub(super) async fn run(
        &self,
        tx: &ControlTx,
        slug: &str,
        wish: &CreateAccessGrant,
    ) -> Result<Answer<NewAccessGrant>> {
        match idempotency::begin(tx, &self.ctx, Some(&self.once)).await? {
            Some(kept) => self.again(&kept).map(Answer::again),
            None => self.first(tx, slug, wish).await.map(Answer::first),
        }
    }

    async fn first(&self, tx: &ControlTx, slug: &str, wish: &CreateAccessGrant) -> Result<NewAccessGrant> {
        let Self { ctx, request, once } = self;
        let (role, length) = check(wish)?;
        let actor = recheck::operator_may(tx, ctx, &request.actor, Action::OpenAccessGrant).await?;
        let own = match &actor {
            Actor::Operator(operator) => operator.role,
            // The proof of isolation, which has to have something to ask for.
            Actor::System => OperatorRole::Admin,
            _ => return Err(Error::not_found()),
        };
        if !may_be_granted(own, role) {
            let detail = format!("As {own} you are not let in as {role}.");
            return Err(Error::refused(ErrorCode::Forbidden, detail)
                .next("Ask as viewer, or let an admin of the platform do it."));
        }
        let (tenant, _) = registry::store::hold_by_slug(tx, slug).await?.ok_or_else(Error::not_found)?;
        if !tenant.status.serves() {
            let detail = format!("The tenant is {}; nobody works in it now.", tenant.status);
            return Err(Error::refused(ErrorCode::Conflict, detail));
        }
        let workspace = registry::store::workspace(tx, tenant.id, wish.workspace.as_deref())
            .await?
            .ok_or_else(Error::not_found)?;
        let grant = AccessGrant {
            id: AccessGrantId(ctx.uuid()),
            operator: actor.label(),
            reason: wish.reason.clone(),
            tenant: tenant.slug.clone(),
            workspace_id: workspace.id,
            role,
            created_at: ctx.now(),
            expires_at: ctx.now() + length,
            ended_at: None,
        };
        let seed = once.seed(GRANT_SEED, grant.id.0);
        let token = GrantText::from_seed(seed)?;
        let user = actor.person().map(|person| person.id);
        store::insert(tx, &grant, tenant.id, user, &token).await?;
        let after = json!({"reason": grant.reason, "role": role, "workspace_id": workspace.id, "expires_at": grant.expires_at});
        let deed = Deed {
            tenant: Some(tenant.id),
            workspace: Some(workspace.id),
            action: "access_grant.create",
            target_kind: "access_grant",
            target: grant.id.to_string(),
            after: Some(after),
            ..Deed::default()
        };
        audit::record(tx, ctx, request, &deed).await?;
        idempotency::finish_with_secret(tx, ctx, Some(once), 201, &grant, &seed).await?;
        Ok(NewAccessGrant { grant, token: Proof::new(token.expose()) })
    }

    /// The same answer: its token is not kept, but derived again.
    fn again(&self, kept: &Kept) -> Result<NewAccessGrant> {
        let grant: AccessGrant = kept.read()?;
        let seed = kept.seed(&self.once, GRANT_SEED, grant.id.0)?;
        Ok(NewAccessGrant { grant, token: Proof::new(GrantText::from_seed(seed)?.expose()) })
    }
}

fn check(wish: &CreateAccessGrant) -> Result<(Role, TimeDelta)> {
    let mut fields = Fields::default();
    fields.text("/reason", &wish.reason, 500);
    if wish.workspace.as_deref().is_some_and(|slug| slug.len() > 63) {
        fields.wrong("/workspace", "too_long", "must have at most 63 characters");
    }
    let role = fields.parsed("/role", wish.role.as_deref().unwrap_or("viewer").parse::<Role>());
    if role == Some(Role::Owner) {
        fields.wrong("/role", "not_allowed", "must be viewer, member or admin; only a member owns a tenant");
    }
    let minutes = wish.minutes.unwrap_or(DEFAULT_MINUTES);
    if !MINUTES.contains(&minutes) {
        let (least, most) = (MINUTES.start(), MINUTES.end());
        fields.wrong("/minutes", "out_of_range", format!("must be {least} to {most}"));
    }
    fields.check()?;
    Ok((role.unwrap_or(Role::Viewer), TimeDelta::minutes(i64::from(minutes))))
}
