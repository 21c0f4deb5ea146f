//! From a token that holds to somebody who is let in: found here, or made known here first.
//!
//! Owns: what external owns. Calls: users, registry, audit, access, pg. Called by: external.
//! Invariants: one organisation of an issuer is one tenant for good, whatever its slug becomes (`a_slug_that_changes_moves_nobody`), and no organisation takes a tenant that
//! others live in (`an_organisation_takes_no_tenant_that_is_lived_in`); the limit of members holds (`the_limit_of_members_holds_at_the_door`); a token from before the issuer's last word
//! changes nothing (`an_older_token_changes_nothing`). After a crash: all of it is one transaction.

use super::{
    Issuer,
    claims::{Claim, Organisation},
    store::{self, Asked, Found, Identity},
};
use crate::{
    Error, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::{Actor, MemberActor, Person, Place, ProvenBy, tenant_inactive},
    ctx::{Ctx, Request},
    identity::{
        Email, Visit,
        gate::LetIn,
        invitations,
        look::refused,
        users::{self, NewUser},
    },
    registry,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tenantry_pg::{ControlTx, Pool, roles::hex};
use tenantry_types::{ErrorCode, Role, TenantId, UserId, WorkspaceId};

/// Steps of one person's way in, with some to spare for what others do at the same time.
const STEPS: usize = 8;

/// Tries where another request makes the same person known at the same time.
const TRIES: usize = 4;

/// Everything that a transaction needs.
struct Entry {
    issuer: Issuer,
    ctx: Ctx,
    visit: Visit,
    claim: Claim,
}

/// What is known here of who the token names.
struct Standing {
    person: Option<Person>,
    found: Option<Found>,
}

/// What is missing.
enum Step {
    LetIn(Actor),
    MakeKnown,
    Link(TenantId),
    Join(TenantId, WorkspaceId, UserId, Role),
    Change(TenantId, WorkspaceId, UserId, Role),
}

pub(super) async fn let_in(
    issuer: &Issuer,
    platform: &Pool,
    ctx: &Ctx,
    access: &Access,
    visit: &Visit,
    claim: Claim,
) -> Result<LetIn> {
    let until = Some(claim.until);
    let entry = Arc::new(Entry { issuer: issuer.clone(), ctx: ctx.clone(), visit: visit.clone(), claim });
    for _ in 0..TRIES {
        let known = platform
            .run("find_external", Arc::clone(&entry), |tx, entry| {
                Box::pin(async move { decide(entry, standing(tx, entry).await?) })
            })
            .await?;
        if let Step::LetIn(actor) = known {
            return Ok(LetIn { actor, until });
        }
        let settled = access
            .change(
                platform,
                "make_external_known",
                Arc::clone(&entry),
                |tx, entry| Box::pin(settle(tx, entry)),
                |(_, tenant): &(Actor, Option<TenantId>)| News::of(*tenant),
            )
            .await;
        match settled {
            Ok((actor, _)) => return Ok(LetIn { actor, until }),
            Err(Error::Stale) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::refused(ErrorCode::Conflict, "You are being made known here just now.")
        .next("Send the request again."))
}

async fn standing(tx: &ControlTx, entry: &Entry) -> Result<Standing> {
    let identity = store::identity(tx, &entry.issuer.issuer, &entry.claim.subject).await?;
    standing_of(tx, entry, identity).await
}

/// The same, and nobody ends the person at the issuer until the transaction has ended.
async fn held_standing(tx: &ControlTx, entry: &Entry) -> Result<Standing> {
    let identity = store::hold_identity(tx, &entry.issuer.issuer, &entry.claim.subject).await?;
    standing_of(tx, entry, identity).await
}

async fn standing_of(tx: &ControlTx, entry: &Entry, identity: Option<Identity>) -> Result<Standing> {
    let Entry { issuer, claim, .. } = entry;
    if identity.as_ref().is_some_and(|identity| identity.gone) {
        return Err(refused());
    }
    let proven_by = ProvenBy::Issuer(issuer.name.clone());
    let person = identity.and_then(|identity| identity.person).map(|person| Person { proven_by, ..person });
    let found = match &claim.organisation {
        Some(organisation) => {
            Some(place(tx, entry, organisation, person.as_ref()).await?.ok_or_else(tenant_inactive)?)
        }
        None => None,
    };
    Ok(Standing { person, found })
}

async fn place(
    tx: &ControlTx,
    Entry { issuer, claim, .. }: &Entry,
    organisation: &Organisation,
    person: Option<&Person>,
) -> Result<Option<Found>> {
    let asked = Asked {
        issuer: &issuer.issuer,
        name: &issuer.name,
        organisation: &organisation.id,
        subject: &claim.subject,
        user: person.map(|person| person.id),
        workspace: issuer.workspace.as_deref(),
    };
    if let Some(known) = store::known_place(tx, &asked).await? {
        return Ok(Some(known));
    }
    let said = issuer.organisations.get(&organisation.id);
    let Some(slug) = said.or(organisation.slug.as_ref()) else { return Ok(None) };
    let possible = store::possible_place(tx, &asked, slug).await?;
    if possible.as_ref().is_some_and(|found| found.taken) {
        // Perhaps by this very organisation, since the first look.
        return Ok(store::known_place(tx, &asked).await?.or(possible));
    }
    Ok(possible)
}

fn decide(entry: &Entry, Standing { person, found }: Standing) -> Result<Step> {
    let Entry { issuer, claim, .. } = entry;
    let Some((found, organisation)) = found.zip(claim.organisation.as_ref()) else {
        return Ok(person.map_or(Step::MakeKnown, |person| Step::LetIn(Actor::User(Box::new(person)))));
    };
    let serves = found.tenant.status.serves();
    // Before anything is written: a tenant that is suspended, a workspace that is gone.
    let (true, false, Some(workspace)) = (serves, found.ended, found.workspace) else {
        return Err(tenant_inactive());
    };
    if !found.linked {
        may_link(issuer, organisation, &found)?;
    }
    let tenant = found.tenant.id;
    // An older token may still be shown after the issuer's last word: it lets in as what that word was.
    let newer = found.said.is_none_or(|(at, _)| claim.said_at > at);
    let ended = found.said.is_some_and(|(_, ended)| ended);
    let Some(person) = person else {
        role_of(issuer, organisation)?;
        return if ended && !newer { Err(membership_ended()) } else { Ok(Step::MakeKnown) };
    };
    if !found.linked {
        return Ok(Step::Link(tenant));
    }
    match found.member {
        None if !newer => Err(membership_ended()),
        None => Ok(Step::Join(tenant, workspace, person.id, role_of(issuer, organisation)?)),
        Some((held, true)) if newer && held != role_of(issuer, organisation)? => {
            Ok(Step::Change(tenant, workspace, person.id, role_of(issuer, organisation)?))
        }
        Some((role, _)) => {
            let place = Place { tenant: found.tenant, workspace, role };
            Ok(Step::LetIn(Actor::Member(Box::new(MemberActor { person, place }))))
        }
    }
}

/// Whether an organisation that was never seen may become this tenant.
fn may_link(issuer: &Issuer, organisation: &Organisation, found: &Found) -> Result<()> {
    if issuer.organisations.contains_key(&organisation.id) {
        return Ok(());
    }
    let why = if !issuer.learn_by_slug {
        "the issuer's slugs are not believed (`learn_by_slug`)"
    } else if found.taken {
        "another organisation of the issuer is that tenant"
    } else if found.lived_in {
        "people are members of that tenant who did not come through the issuer, or an API key of it was used"
    } else {
        return Ok(());
    };
    tracing::warn!(
        issuer = %issuer.name, organisation = %organisation.id, tenant = %found.tenant.id, why,
        "an organisation is not taken for the tenant of its slug; name it under `organisations` of the issuer if it is"
    );
    Err(tenant_inactive())
}

fn role_of(issuer: &Issuer, organisation: &Organisation) -> Result<Role> {
    organisation.role.ok_or_else(|| {
        Error::refused(ErrorCode::Forbidden, "Your role at the issuer lets nobody in here.").next(format!(
            "Ask the operator to give it a meaning under `roles` of the issuer {}.",
            issuer.name
        ))
    })
}

fn membership_ended() -> Error {
    Error::refused(ErrorCode::Forbidden, "The issuer has ended your membership.")
        .next("Where it has begun anew since, sign in there again for a token that says so.")
}

/// Takes every missing step. Returns who is let in, and the tenant whose members have changed.
async fn settle(tx: &ControlTx, entry: &Entry) -> Result<(Actor, Option<TenantId>)> {
    let seen = standing(tx, entry).await?;
    let tenant = seen.found.as_ref().map(|found| found.tenant.id);
    // Before anything goes into a tenant that it would not get out of again.
    decide(entry, seen)?;
    if let Some(tenant) = tenant {
        registry::store::change_access(tx, tenant).await?;
    }
    for _ in 0..STEPS {
        let seen = held_standing(tx, entry).await?;
        let person = seen.person.clone();
        let limit = seen.found.as_ref().and_then(|found| found.tenant.limits.workspace_members);
        match decide(entry, seen)? {
            Step::LetIn(actor) => return Ok((actor, tenant)),
            Step::MakeKnown => make_known(tx, entry).await?,
            Step::Link(tenant) => link(tx, entry, person, tenant).await?,
            Step::Join(tenant, workspace, user, role) => {
                refuse_overshoot(tx, workspace, limit).await?;
                join(tx, entry, person, (tenant, workspace), user, role).await?;
            }
            Step::Change(tenant, workspace, user, role) => {
                change(tx, entry, person, (tenant, workspace), user, role).await?;
            }
        }
    }
    Err(Error::Fault("somebody of an external issuer is never let in".to_owned()))
}

/// Makes a user of whom the token names, or finds the one that they are already.
async fn make_known(tx: &ControlTx, entry: &Entry) -> Result<()> {
    let Entry { issuer, ctx, claim, .. } = entry;
    let now = ctx.now();
    let known = match &claim.email {
        Some(email) => users::store::by_email(tx, email).await?,
        None => None,
    };
    let (user, linked) = match known {
        Some(user) if issuer.link_by_email && user.email_verified_at.is_some() => {
            if user.disabled_at.is_some() {
                return Err(refused());
            }
            (user.id, true)
        }
        Some(_) => {
            return Err(Error::refused(ErrorCode::Forbidden, "There is a user with your address here already.")
                .next("Sign in here as that user.")
                .next(format!(
                    "If the issuer's word is enough, ask the operator to set `link_by_email` for {}; the address must be verified here too.",
                    issuer.name
                )));
        }
        None => {
            let id = UserId(ctx.uuid());
            let placeholder = placeholder(id)?;
            let email = claim.email.as_ref();
            let new = NewUser {
                id,
                email: email.unwrap_or(&placeholder),
                name: claim.name.as_deref().or(email.map(Email::as_str)).unwrap_or("Unnamed"),
                email_verified: email.is_some(),
                password_hash: None,
            };
            if !users::store::insert(tx, &new, now).await? {
                return Err(Error::Stale);
            }
            (id, false)
        }
    };
    if !store::insert_identity(tx, &issuer.issuer, &claim.subject, user, now).await? {
        return Err(Error::Stale);
    }
    let deed = Deed {
        action: if linked { "user.link" } else { "user.create" },
        target_kind: "user",
        target: user.to_string(),
        after: Some(json!({"issuer": issuer.name})),
        ..Deed::default()
    };
    let person = Person {
        id: user,
        email: String::new(),
        name: String::new(),
        proven_by: ProvenBy::Issuer(issuer.name.clone()),
    };
    audit::record(tx, ctx, &entry.by(Some(person)), &deed).await
}

/// An address for whoever has none that is proven: every user has one of their own. Nothing is ever delivered to `.invalid` (RFC 2606). It follows from the id that
/// was made in this moment and from nothing that is known before: nobody can take it in advance.
fn placeholder(id: UserId) -> Result<Email> {
    let digest = hex(&Sha256::digest(id.0.as_bytes()));
    format!("{}@users.invalid", &digest[..32])
        .parse()
        .map_err(|_| Error::Fault("a placeholder is no address".to_owned()))
}

async fn link(tx: &ControlTx, entry: &Entry, person: Option<Person>, tenant: TenantId) -> Result<()> {
    let Entry { issuer, ctx, claim, .. } = entry;
    let Some(organisation) = &claim.organisation else { return Ok(()) };
    if !store::link(tx, &issuer.issuer, &organisation.id, tenant, ctx.now()).await? {
        return Err(tenant_inactive());
    }
    let deed = Deed {
        tenant: Some(tenant),
        action: "tenant.link",
        target_kind: "tenant",
        target: tenant.to_string(),
        after: Some(json!({"issuer": issuer.name, "organisation": organisation.id})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &entry.by(person), &deed).await
}

/// The count happens behind the tenant's lock: two at once cannot both take the last place.
pub(super) async fn refuse_overshoot(
    tx: &ControlTx,
    workspace: WorkspaceId,
    limit: Option<u64>,
) -> Result<()> {
    let Some(limit) = limit else { return Ok(()) };
    let members = store::members(tx, workspace).await?;
    if members < limit {
        return Ok(());
    }
    let full = Error::refused(
        ErrorCode::QuotaExceeded,
        format!("workspace_members: {members} of {limit} are used, and you would be one more."),
    );
    Err(match store::roomier(tx, members).await? {
        Some(tier) => full.next(format!("The tier {tier} has room for more.")),
        None => full,
    })
}

async fn join(
    tx: &ControlTx,
    entry: &Entry,
    person: Option<Person>,
    (tenant, workspace): (TenantId, WorkspaceId),
    user: UserId,
    role: Role,
) -> Result<()> {
    let Entry { issuer, ctx, claim, .. } = entry;
    if !store::join(tx, (tenant, workspace), user, role, &issuer.name, ctx.now()).await? {
        return Err(Error::Stale);
    }
    say(tx, issuer, claim).await?;
    let deed = Deed {
        tenant: Some(tenant),
        workspace: Some(workspace),
        action: "member.create",
        target_kind: "member",
        target: user.to_string(),
        after: Some(json!({"role": role, "managed_by": issuer.name})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &entry.by(person), &deed).await
}

async fn change(
    tx: &ControlTx,
    entry: &Entry,
    person: Option<Person>,
    (tenant, workspace): (TenantId, WorkspaceId),
    user: UserId,
    role: Role,
) -> Result<()> {
    let Entry { issuer, ctx, claim, .. } = entry;
    store::change(tx, workspace, user, role, &issuer.name, ctx.now()).await?;
    invitations::void_beyond(tx, workspace, user, role, ctx.now()).await?;
    say(tx, issuer, claim).await?;
    let deed = Deed {
        tenant: Some(tenant),
        workspace: Some(workspace),
        action: "member.update",
        target_kind: "member",
        target: user.to_string(),
        after: Some(json!({"role": role, "managed_by": issuer.name})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &entry.by(person), &deed).await
}

async fn say(tx: &ControlTx, issuer: &Issuer, claim: &Claim) -> Result<()> {
    let Some(organisation) = &claim.organisation else { return Ok(()) };
    let latest = store::say(tx, &issuer.issuer, &claim.subject, &organisation.id, claim.said_at).await?;
    // The issuer has just said something later: look again.
    if latest { Ok(()) } else { Err(Error::Stale) }
}

impl Entry {
    /// The person acts for themselves, by the token.
    fn by(&self, person: Option<Person>) -> Request {
        self.visit.by(person.map_or(Actor::System, |person| Actor::User(Box::new(person))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_an_address_of_one_person() {
        let of = |id: u128| placeholder(UserId(uuid::Uuid::from_u128(id))).unwrap().to_string();
        assert_eq!(of(7), of(7));
        assert!(of(7).ends_with("@users.invalid"));
        assert_ne!(of(7), of(8));
    }
}
