//! The link of a tenant's first owner, once more: the one of the making was lost, or went to the wrong person.
//!
//! Owns: nothing; writes through the store of invitations. Calls: members, registry, audit, idempotency. Called by: invitations.
//! Invariants: only a tenant without an OWNER gets one, and the ones before open no more (`a_lost_owners_link_is_made_anew`); it is told to who asks, as the first
//! one is, and proves no mailbox. After a crash: one transaction or none.

use super::{NewInvitation, TOKEN_SEED, Token, members, store};
use crate::{
    Error, Result,
    audit::{self, Deed},
    ctx::{self, Request},
    idempotency::{self, Answer, Kept, Once},
    identity::people::People,
    registry,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenantry_pg::{ControlTx, roles::hex};
use tenantry_types::{ErrorCode, InvitationId, Role, tenant::OwnerInvitation};

struct Inviting {
    people: People,
    request: Request,
    once: Option<Once>,
    slug: String,
}

/// What is kept of an answer: all but the link.
#[derive(Serialize, Deserialize)]
struct Made {
    id: InvitationId,
    email: String,
    expires_at: DateTime<Utc>,
}

/// Invites whoever answers for the tenant to own its default workspace, as an operator; with `once`, one invitation however often it is asked for. The links that
/// were made for that before open no more.
///
/// # Errors
/// 404 for an unknown tenant, 409 for one that has an owner or does not serve requests; those of [`idempotency::begin`] and [`idempotency::Kept::seed`].
pub async fn invite_owner(
    people: &People,
    request: &Request,
    once: Option<Once>,
    slug: &str,
) -> Result<Answer<OwnerInvitation>> {
    let inviting = Inviting { people: people.clone(), request: request.clone(), once, slug: slug.to_owned() };
    people
        .platform
        .run("invite_owner", inviting, |tx, inviting| {
            Box::pin(async move {
                match idempotency::begin(tx, &inviting.people.ctx, inviting.once.as_ref()).await? {
                    Some(kept) => inviting.again(&kept).map(Answer::again),
                    None => inviting.first(tx).await.map(Answer::first),
                }
            })
        })
        .await
}

impl Inviting {
    async fn first(&self, tx: &ControlTx) -> Result<OwnerInvitation> {
        let ctx = &self.people.ctx;
        // Held: nobody becomes the owner meanwhile.
        let (tenant, _) =
            registry::store::hold_by_slug(tx, &self.slug).await?.ok_or_else(Error::not_found)?;
        if !tenant.status.serves() {
            return Err(Error::refused(
                ErrorCode::Conflict,
                format!("The tenant is {}; its links open only while it is active.", tenant.status),
            ));
        }
        if members::store::has_owner(tx, tenant.id).await? {
            return Err(Error::refused(ErrorCode::Conflict, "The tenant has an owner.")
                .next("Ask them to invite whoever should come in: POST /v1/invitations."));
        }
        let workspace =
            registry::store::workspace(tx, tenant.id, None).await?.ok_or_else(Error::not_found)?;
        let now = ctx.now();
        store::void_first_owners(tx, tenant.id, now).await?;
        let id = InvitationId(ctx.uuid());
        let seed = self.once.as_ref().map_or_else(ctx::random, |once| Ok(once.seed(TOKEN_SEED, id.0)))?;
        let token = Token::of(&seed);
        let expires_at = now + TimeDelta::hours(i64::from(super::HOURS));
        let invitation = NewInvitation {
            id: id.0,
            tenant: tenant.id,
            workspace: workspace.id,
            email: &tenant.admin_email,
            role: Role::Owner,
            token_hash: &hex(&token.hash()),
            expires_at,
        };
        store::insert(tx, &invitation, now).await?;
        let deed = Deed {
            tenant: Some(tenant.id),
            workspace: Some(workspace.id),
            action: "invitation.create",
            target_kind: "invitation",
            target: id.to_string(),
            after: Some(json!({"role": Role::Owner, "mailed": false, "expires_at": expires_at})),
            ..Deed::default()
        };
        audit::record(tx, ctx, &self.request, &deed).await?;
        let made = Made { id, email: tenant.admin_email, expires_at };
        idempotency::finish_with_secret(tx, ctx, self.once.as_ref(), 201, &made, &seed).await?;
        Ok(self.told(made, &token))
    }

    /// The same answer: its link is not kept, but derived again.
    fn again(&self, kept: &Kept) -> Result<OwnerInvitation> {
        let once =
            self.once.as_ref().ok_or_else(|| Error::Fault("an answer was kept without a key".to_owned()))?;
        let made: Made = kept.read()?;
        let token = Token::of(&kept.seed(once, TOKEN_SEED, made.id.0)?);
        Ok(self.told(made, &token))
    }

    fn told(&self, made: Made, token: &Token) -> OwnerInvitation {
        let Made { email, expires_at, .. } = made;
        OwnerInvitation { email, url: token.link(&self.people.public_url), expires_at }
    }
}
