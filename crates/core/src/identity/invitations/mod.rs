//! Invitations: somebody may become a member, by a link.
//!
//! Owns: `invitations`. Calls: people, members, users, passwords, mail, registry, audit, idempotency, pg. Called by: server; provisioning, for the owner of a new tenant;
//! members (what somebody invited ends with them, and what would lead them back).
//! Invariants: a link opens once and not for ever (`a_link_opens_once`, `two_at_once_with_one_link_make_one_member`); its token is stored nowhere, but
//! sealed in a mail that waits (`no_token_is_stored`); used, revoked, expired and unknown ones are refused alike (`links_that_do_not_open_are_alike`);
//! members and open invitations together stay within the tier's limit (`sixty_four_invitations_meet_the_limit`); a mailbox counts as proven only by a
//! link that went there and nowhere else (`a_link_that_was_told_proves_no_mailbox`); one tenant causes so many mails a day and no more
//! (`a_tenant_invites_so_many_a_day`); what is over is forgotten (`invitations_that_are_over_are_forgotten`). After a crash: an invitation exists whole or not at all.

mod accept;
mod join;
mod open;
mod owner;
pub(crate) mod store;

pub use accept::{accept, preview};
pub use join::{Joined, join};
pub use owner::invite_owner;

use super::{
    Email, Paging, members,
    people::{self, People, beyond},
};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::{TenantScope, may_assign},
    ctx::{self, Request},
    idempotency::{self, Answer, Kept, Once},
    mail::{self, Mail},
    registry::{TenantRecord, quota},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use tenantry_pg::{ControlTx, roles::hex};
use tenantry_types::{
    ErrorCode, InvitationId, Role, TenantId, UserId, WorkspaceId,
    identity::{CreateInvitation, Invitation, InvitationStatus, Proof},
    page::Page,
};
use uuid::Uuid;

/// Purpose of the seeds that tokens are made from.
const TOKEN_SEED: &str = "invitation";

/// Hours for which an invitation is good when nobody says.
const HOURS: u16 = 168;

/// Most hours.
const MOST_HOURS: u16 = 720;

/// Mails that a tenant's members may cause in 24 hours by inviting: a whole company comes in within days, and a stolen session makes no spammer of us.
const MAILS_A_DAY: i64 = 500;

/// An invitation, as provisioning writes it for a tenant's first owner.
pub(crate) struct NewInvitation<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant: TenantId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) email: &'a str,
    pub(crate) role: Role,
    /// Hexadecimal SHA-256 of the token in the link.
    pub(crate) token_hash: &'a str,
    pub(crate) expires_at: DateTime<Utc>,
}

/// An invitation's token: 32 bytes that nobody guesses, as 64 hexadecimal digits.
pub(super) struct Token(String);

impl Token {
    pub(super) fn of(seed: &[u8; 32]) -> Self {
        Self(hex(&Sha256::new().chain_update("invitation token v1:").chain_update(seed).finalize()))
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        hash_of(&self.0)
    }

    pub(super) fn link(&self, public_url: &str) -> String {
        // Behind `#`, which browsers send to nobody.
        format!("{}/accept-invitation#token={}", public_url.trim_end_matches('/'), self.0)
    }
}

/// What is kept of a token.
fn hash_of(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Ends what somebody had invited to a workspace beyond what the role that they have now may give.
pub(super) async fn void_beyond(
    tx: &ControlTx,
    workspace: WorkspaceId,
    by: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<()> {
    store::void_beyond(tx, workspace, by, role, now).await
}

/// Ends what is open to an address in a workspace.
pub(super) async fn void_of_address(
    tx: &ControlTx,
    workspace: WorkspaceId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    store::void_of_address(tx, workspace, email, now).await
}

/// Ends what would lead a member back who was removed from the workspace.
pub(super) async fn void_to_removed(
    tx: &ControlTx,
    place: (TenantId, WorkspaceId),
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    store::void_to_removed(tx, place, email, now).await
}

/// Ends what people asked for whom the tenant, as it is from now on, would not let in as that.
pub(crate) async fn void_asks(tx: &ControlTx, tenant: &TenantRecord, now: DateTime<Utc>) -> Result<()> {
    let domains = tenant.allowed_domains.iter().map(|domain| domain.to_ascii_lowercase()).collect();
    let most = tenant.domain_join_role;
    let roles = Role::ALL.iter().filter(|role| most.is_some_and(|most| **role <= most));
    let roles = roles.map(|role| role.as_str().to_owned()).collect();
    store::void_asks(tx, tenant.id, domains, roles, now).await
}

/// Invites somebody into the caller's workspace; with `once`, one invitation however often it is asked for. An open one for the same address is replaced.
///
/// # Errors
/// 422 for bad fields, 403 for a role above the caller's own, 409 for somebody who is a member, 402 where the tier allows no more, 429 where the
/// tenant has caused as many mails as it may in a day; those of [`idempotency::begin`] and [`idempotency::Kept::seed`].
pub async fn create(
    people: &People,
    request: &Request,
    scope: &TenantScope,
    once: Option<Once>,
    wish: &CreateInvitation,
) -> Result<Answer<Invitation>> {
    let inviting = Inviting {
        wanted: check(wish)?,
        people: people.clone(),
        request: request.clone(),
        scope: scope.clone(),
        once,
    };
    people
        .change(scope, "create_invitation", inviting, |tx, inviting| {
            Box::pin(async move {
                match idempotency::begin(tx, &inviting.people.ctx, inviting.once.as_ref()).await? {
                    Some(kept) => inviting.again(&kept).map(Answer::again),
                    None => inviting.first(tx).await.map(Answer::first),
                }
            })
        })
        .await
}

struct Wanted {
    email: Email,
    role: Role,
    hours: u16,
}

fn check(wish: &CreateInvitation) -> Result<Wanted> {
    let mut fields = Fields::default();
    let email = fields.parsed("/email", wish.email.parse::<Email>());
    let role = fields.parsed("/role", wish.role.as_deref().unwrap_or("member").parse::<Role>());
    let hours = wish.expires_in_hours.unwrap_or(HOURS);
    if !(1..=MOST_HOURS).contains(&hours) {
        fields.wrong("/expires_in_hours", "out_of_range", format!("must be 1 to {MOST_HOURS}"));
    }
    fields.check()?;
    match (email, role) {
        (Some(email), Some(role)) => Ok(Wanted { email, role, hours }),
        _ => Err(Error::Fault("a checked invitation lacks a field".to_owned())),
    }
}

struct Inviting {
    wanted: Wanted,
    people: People,
    request: Request,
    scope: TenantScope,
    once: Option<Once>,
}

impl Inviting {
    async fn first(&self, tx: &ControlTx) -> Result<Invitation> {
        let Self { wanted, people, scope, .. } = self;
        let caller = people::begin(tx, scope).await?;
        if !may_assign(caller.role, None, Some(wanted.role)) {
            return Err(beyond(caller.role));
        }
        let workspace = scope.workspace_id();
        if members::store::has_address(tx, workspace, wanted.email.as_str()).await? {
            return Err(Error::refused(ErrorCode::Conflict, "Whoever has this address is a member.")
                .next("PATCH /v1/members/{user_id} changes what a member may do."));
        }
        let now = people.ctx.now();
        // One that the caller could not have made is not theirs to replace.
        if let Some(role) = open::of_address(tx, workspace, &wanted.email, now).await?
            && !may_assign(caller.role, Some(role), None)
        {
            return Err(beyond(caller.role));
        }
        if people.sends_mail {
            refuse_flood(tx, caller.tenant.id, now).await?;
        }
        store::void_of_address(tx, workspace, wanted.email.as_str(), now).await?;
        let id = InvitationId(people.ctx.uuid());
        let seed = self.once.as_ref().map_or_else(ctx::random, |once| Ok(once.seed(TOKEN_SEED, id.0)))?;
        let token = Token::of(&seed);
        let invitation = open::Open {
            id,
            tenant: &caller.tenant,
            workspace,
            email: &wanted.email,
            role: wanted.role,
            by: Some(caller.user),
            mailed: people.sends_mail,
            expires_at: now + TimeDelta::hours(i64::from(wanted.hours)),
        };
        let mut made = invitation.write(tx, people, &self.request, &token).await?;
        idempotency::finish_with_secret(tx, &people.ctx, self.once.as_ref(), 201, &made, &seed).await?;
        made.link = (!made.mailed).then(|| Proof::new(token.link(&people.public_url)));
        Ok(made)
    }

    /// The same answer: its link is not kept, but derived again.
    fn again(&self, kept: &Kept) -> Result<Invitation> {
        let once =
            self.once.as_ref().ok_or_else(|| Error::Fault("an answer was kept without a key".to_owned()))?;
        let mut made: Invitation = kept.read()?;
        if !made.mailed {
            let token = Token::of(&kept.seed(once, TOKEN_SEED, made.id.0)?);
            made.link = Some(Proof::new(token.link(&self.people.public_url)));
        }
        Ok(made)
    }
}

/// A page of the workspace's invitations, the newest first.
///
/// # Errors
/// 422 for a limit or cursor that cannot be.
pub async fn list(people: &People, scope: &TenantScope, paging: &Paging) -> Result<Page<Invitation>> {
    let slice = paging.parse::<InvitationId>()?;
    let input = (scope.workspace_id(), slice, people.ctx.now());
    let items = people
        .control
        .run_for(scope.tenant_id(), "list_invitations", input, |tx, (workspace, slice, now)| {
            Box::pin(store::list(tx, *workspace, slice.after, slice.rows(), *now))
        })
        .await?;
    Ok(slice.page(items, |invitation| invitation.id))
}

/// Takes an invitation back. One that is revoked or has expired stays so.
///
/// # Errors
/// 404 for one that is not of the workspace, 403 for a role above the caller's own, 409 for one that was accepted.
pub async fn revoke(people: &People, request: &Request, scope: &TenantScope, id: InvitationId) -> Result<()> {
    let input = (people.ctx.clone(), request.clone(), scope.clone(), id);
    people
        .change(scope, "revoke_invitation", input, |tx, (ctx, request, scope, id)| {
            Box::pin(async move {
                let caller = people::begin(tx, scope).await?;
                let now = ctx.now();
                let found = store::find(tx, scope.workspace_id(), *id, now).await?;
                let found = found.ok_or_else(Error::not_found)?;
                if !may_assign(caller.role, Some(found.role), None) {
                    return Err(beyond(caller.role));
                }
                match found.status {
                    InvitationStatus::Accepted => {
                        Err(Error::refused(ErrorCode::Conflict, "The invitation was accepted.")
                            .next("DELETE /v1/members/{user_id} removes a member."))
                    }
                    InvitationStatus::Revoked | InvitationStatus::Expired => Ok(()),
                    InvitationStatus::Open => {
                        store::revoke(tx, *id, now).await?;
                        let deed = Deed {
                            tenant: Some(scope.tenant_id()),
                            workspace: Some(scope.workspace_id()),
                            action: "invitation.revoke",
                            target_kind: "invitation",
                            target: id.to_string(),
                            before: Some(json!({"role": found.role})),
                            ..Deed::default()
                        };
                        audit::record(tx, ctx, request, &deed).await
                    }
                }
            })
        })
        .await
}

/// Puts the link into the mail to whom it is for.
async fn post(
    tx: &ControlTx,
    people: &People,
    tenant: &TenantRecord,
    to: &Email,
    link: &str,
    until: DateTime<Utc>,
) -> Result<()> {
    let name = &tenant.name;
    let until = until.format("%Y-%m-%d %H:%M");
    let letter = Mail {
        to: to.to_string(),
        subject: format!("You are invited to {name}"),
        text: format!(
            "You are invited to become a member of {name}.\n\nOpen this link to accept; it is good once, until {until} UTC:\n\n{link}\n\nWho does not expect this can leave it be.\n"
        ),
    };
    mail::enqueue_for(tx, &people.vault, &people.ctx, tenant.id, &letter).await
}

/// Refuses where the tenant's members have caused as many mails as they may. The tenant is held.
async fn refuse_flood(tx: &ControlTx, tenant: TenantId, now: DateTime<Utc>) -> Result<()> {
    let day = TimeDelta::days(1);
    let (mails, first) = store::mailed_since(tx, tenant, now - day).await?;
    if mails < MAILS_A_DAY {
        return Ok(());
    }
    let wait = first.map_or(day, |first| first + day - now).max(TimeDelta::seconds(1));
    Err(Error::TooMany { retry_after: wait.to_std().unwrap_or_default() })
}

/// Refuses where one more who is invited or joins would be one too many. The tenant is held.
async fn room(tx: &ControlTx, tenant: &TenantRecord, used: i64) -> Result<()> {
    quota::one_more(tx, tenant, &quota::MEMBERS, used).await
}
