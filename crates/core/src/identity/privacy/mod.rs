//! What is known of a user: taken out, and erased.
//!
//! Owns: nothing. Calls: audit, registry, look, access. Called by: server.
//! Invariants: what is taken out holds no secret, and nothing of anybody else's (`an_export_tells_what_is_known_and_no_secret`); after an erasure no
//! table of `public` holds the address, a tenant's own contact aside, and nothing of the user's opens a door (`an_erased_user_is_nowhere`); the
//! audit trail stays as it was sealed, since it holds ids alone (`the_trail_verifies_after_an_erasure`); no workspace loses its last owner
//! (`the_last_owner_is_not_erased`). After a crash: one transaction, done or not; what was not told to other servers they see within half a second.

mod erase;
mod store;

pub use erase::{Whose, erase};

use super::Email;
use crate::{
    Error, Fields, Result,
    audit::{self, AskAudit, Deed, Trail},
    authz::Actor,
    ctx::{Ctx, Request},
};
use tenantry_pg::Pool;
use tenantry_types::{
    ErrorCode, UserId,
    audit::AuditEvent,
    identity::{UserData, UserProfile},
    page::Page,
};

/// The user of an address, for operators: a list of one or none.
///
/// # Errors
/// 422 for a text that is no address.
pub async fn find(platform: &Pool, email: &str) -> Result<Page<UserProfile>> {
    let mut fields = Fields::default();
    let email = fields.parsed("email", email.parse::<Email>());
    fields.check()?;
    let email = email.ok_or_else(Error::not_found)?;
    let found = platform
        .run("find_user", email, |tx, email| Box::pin(store::profile(tx, None, Some(email.as_str()))))
        .await?;
    Ok(Page { items: found.into_iter().collect(), next_cursor: None })
}

/// Who asks, where that is a person.
///
/// # Errors
/// 403 where it is none.
pub fn myself(actor: &Actor) -> Result<UserId> {
    let nobody = || Error::refused(ErrorCode::Forbidden, "Your identity is no person's.");
    Ok(actor.person().ok_or_else(nobody)?.id)
}

/// All that is known of a user, with a page of what they did. Audited: an operator's look at a person leaves a trace.
///
/// # Errors
/// 404 where there is no such user; 422 for a cursor that is none.
pub async fn export(
    platform: &Pool,
    ctx: &Ctx,
    request: &Request,
    user: UserId,
    limit: Option<u16>,
    cursor: Option<String>,
) -> Result<UserData> {
    let audit_events = done_by(platform, user, limit, cursor).await?;
    platform
        .run(
            "export_user",
            (ctx.clone(), request.clone(), user, audit_events),
            |tx, (ctx, request, user, events)| {
                Box::pin(async move {
                    let profile =
                        store::profile(tx, Some(*user), None).await?.ok_or_else(Error::not_found)?;
                    let deed = Deed {
                        action: "user.export",
                        target_kind: "user",
                        target: user.to_string(),
                        ..Deed::default()
                    };
                    audit::record(tx, ctx, request, &deed).await?;
                    Ok(UserData {
                        identities: store::identities(tx, *user).await?,
                        memberships: store::memberships(tx, *user).await?,
                        sessions: store::sessions(tx, *user).await?,
                        api_keys: store::keys(tx, *user).await?,
                        invitations: store::invitations(tx, &profile.email).await?,
                        access_grants: store::grants(tx, *user).await?,
                        mails: store::mails(tx, &profile.email).await?,
                        user: profile,
                        audit_events: events.clone(),
                    })
                })
            },
        )
        .await
}

/// What the user did, in every tenant: their own deeds are theirs to know, whatever their role there.
async fn done_by(
    platform: &Pool,
    user: UserId,
    limit: Option<u16>,
    cursor: Option<String>,
) -> Result<Page<AuditEvent>> {
    let ask = AskAudit { actor: Some(user.to_string()), limit, cursor, ..AskAudit::default() };
    audit::list(&Trail::of(&Actor::System, platform, platform)?, ask.parse()?).await
}
