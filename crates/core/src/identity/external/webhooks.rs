//! What an issuer tells by itself: somebody is in an organisation, or no longer; somebody is gone; an organisation is gone.
//!
//! Owns: what external owns. Calls: svix, registry, audit, access, pg. Called by: server's webhook operation.
//! Invariants: a delivery that is not signed changes nothing (`a_forged_webhook_is_refused`); each is dealt with once, in the transaction of its deed
//! (`a_replayed_webhook_does_nothing`); whoever is ended is refused by every server within a second, whatever tokens they hold
//! (`a_deleted_user_is_refused_on_every_server`); of two events on one membership the one that happened later counts, in whatever order they come
//! (`an_older_event_does_not_outlast_a_newer_one`), and a role without a meaning here is none (`a_role_without_a_meaning_ends_the_membership`).
//! After a crash: the delivery is not noted, and comes again.

use super::{Delivery, Issuer, Issuers, enter, store};
use crate::{
    Error, Result,
    access::{Access, News},
    audit::{self, Deed},
    authz::Actor,
    ctx::{Ctx, Request},
    identity::{invitations, look::refused, users},
    registry,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::json;
use tenantry_pg::{ControlTx, Pool};
use tenantry_types::{ErrorCode, Role, TenantId, UserId, WorkspaceId};

/// How long a delivery is remembered: longer than anybody tries again.
const REMEMBERED: TimeDelta = TimeDelta::days(30);

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    /// Milliseconds since 1970.
    timestamp: Option<i64>,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize, Default)]
struct Data {
    id: Option<String>,
    role: Option<String>,
    organization: Option<Id>,
    #[serde(rename = "public_user_data")]
    user: Option<UserData>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct UserData {
    user_id: String,
}

/// What an event says.
#[derive(Debug)]
enum Word {
    Member { subject: String, organisation: String, role: Option<String> },
    NoMember { subject: String, organisation: String },
    NobodyAnyMore { subject: String },
    NoOrganisation { organisation: String },
    Nothing,
}

struct Received {
    issuer: Issuer,
    ctx: Ctx,
    request: Request,
    id: String,
    sent_at: DateTime<Utc>,
    event_at: DateTime<Utc>,
    word: Word,
}

/// Deals with a delivery. One that says nothing that matters here is taken all the same, so that it does not come again.
///
/// # Errors
/// 401 for one that no issuer signed just now; 400 for one that cannot be read.
pub async fn receive(
    issuers: &Issuers,
    platform: &Pool,
    ctx: &Ctx,
    access: &Access,
    request: Request,
    delivery: &Delivery,
) -> Result<()> {
    let now = ctx.now();
    let sent_at = delivery.sent_at(now).ok_or_else(refused)?;
    let signed = issuers.with_webhooks().find(|(_, secret)| delivery.is_signed_with(secret));
    let (issuer, _) = signed.ok_or_else(refused)?;
    let event: Event = serde_json::from_slice(&delivery.body)
        .map_err(|_| Error::refused(ErrorCode::BadRequest, "The body is no event."))?;
    let event_at = event.timestamp.and_then(DateTime::from_timestamp_millis).unwrap_or(sent_at);
    let received = Received {
        issuer: issuer.clone(),
        ctx: ctx.clone(),
        request: Request { actor: Actor::System, ..request },
        id: delivery.id.clone(),
        sent_at,
        event_at,
        word: event.read()?,
    };
    access
        .change(
            platform,
            "receive_webhook",
            received,
            |tx, received| Box::pin(deal(tx, received)),
            Clone::clone,
        )
        .await
        .map(drop)
}

impl Event {
    fn read(self) -> Result<Word> {
        let Self { kind, data, .. } = self;
        let fits = |text: &String| (1..=255).contains(&text.chars().count()) && !text.contains('\0');
        let wrong = || Error::refused(ErrorCode::BadRequest, "The event lacks what its kind needs.");
        let member = || {
            let (organisation, user) = data.organization.as_ref().zip(data.user.as_ref())?;
            Some((user.user_id.clone(), organisation.id.clone()))
                .filter(|(user, own)| fits(user) && fits(own))
        };
        let id = || data.id.clone().filter(|id| fits(id)).ok_or_else(wrong);
        Ok(match kind.as_str() {
            "organizationMembership.created" | "organizationMembership.updated" => {
                let (subject, organisation) = member().ok_or_else(wrong)?;
                Word::Member { subject, organisation, role: data.role.clone() }
            }
            "organizationMembership.deleted" => {
                let (subject, organisation) = member().ok_or_else(wrong)?;
                Word::NoMember { subject, organisation }
            }
            "user.deleted" => Word::NobodyAnyMore { subject: id()? },
            "organization.deleted" => Word::NoOrganisation { organisation: id()? },
            _ => Word::Nothing,
        })
    }
}

async fn deal(tx: &ControlTx, received: &Received) -> Result<News> {
    let Received { issuer, ctx, .. } = received;
    let now = ctx.now();
    if !store::begin_delivery(tx, &format!("clerk:{}", issuer.name), &received.id, now).await? {
        return Ok(News::none());
    }
    store::forget_deliveries(tx, now - REMEMBERED).await?;
    match &received.word {
        Word::Nothing => Ok(News::none()),
        Word::Member { subject, organisation, role } => match received.issuer.role(role.as_deref()) {
            Some(role) => member(tx, received, subject, organisation, role).await,
            // Whatever they are there now, it is nothing here.
            None => no_member(tx, received, subject, organisation).await,
        },
        Word::NoMember { subject, organisation } => no_member(tx, received, subject, organisation).await,
        Word::NobodyAnyMore { subject } => nobody(tx, received, subject).await,
        Word::NoOrganisation { organisation } => no_organisation(tx, received, organisation).await,
    }
}

/// Whether nothing is known that happened later to the membership; and remembers that this did.
async fn is_latest(tx: &ControlTx, received: &Received, subject: &str, organisation: &str) -> Result<bool> {
    let Received { issuer, event_at, .. } = received;
    let last = store::last_event(tx, &issuer.issuer, subject, organisation).await?;
    if last.is_some_and(|last| last > *event_at) {
        tracing::info!(issuer = %issuer.name, %event_at, "an event came after a later one, and changes nothing");
        return Ok(false);
    }
    store::note_event(tx, &issuer.issuer, subject, organisation, *event_at).await?;
    Ok(true)
}

/// Somebody is in an organisation. Whoever was never here is made known by their first token, not by this.
async fn member(
    tx: &ControlTx,
    received: &Received,
    subject: &str,
    organisation: &str,
    role: Role,
) -> Result<News> {
    let Received { issuer, event_at, .. } = received;
    let identity = store::identity(tx, &issuer.issuer, subject).await?.filter(|identity| !identity.gone);
    let person = identity.and_then(|identity| identity.person);
    let tenant = store::tenant_of(tx, &issuer.issuer, organisation).await?;
    let Some((person, tenant)) = person.zip(tenant) else {
        is_latest(tx, received, subject, organisation).await?;
        return Ok(News::none());
    };
    registry::store::change_access(tx, tenant).await?;
    let asked = store::Asked {
        issuer: &issuer.issuer,
        name: &issuer.name,
        organisation,
        subject,
        user: Some(person.id),
        workspace: issuer.workspace.as_deref(),
    };
    // As it was before this event.
    let found = store::known_place(tx, &asked).await?;
    if !is_latest(tx, received, subject, organisation).await? {
        return Ok(News::none());
    }
    let Some(found) = found.filter(|found| !found.ended) else { return Ok(News::none()) };
    let Some(workspace) = found.workspace else { return Ok(News::none()) };
    // To be more than before, it has to be newer than all that is known; to be less, than other events: a token brings back who is more after all.
    let later =
        found.said.is_none_or(|(at, _)| *event_at > at) && found.event_at.is_none_or(|at| *event_at > at);
    let member = Member { tenant, workspace, user: person.id, role };
    let changed = match found.member {
        None if later => member.enter(tx, received, found.tenant.limits.workspace_members).await?,
        Some((held, true)) if role < held || (role > held && later) => member.change(tx, received).await?,
        _ => false,
    };
    if !changed {
        return Ok(News::none());
    }
    store::say(tx, &issuer.issuer, subject, organisation, received.as_of()).await?;
    Ok(News::of([tenant]))
}

/// What somebody is from now on, as an event says.
struct Member {
    tenant: TenantId,
    workspace: WorkspaceId,
    user: UserId,
    role: Role,
}

impl Member {
    /// False where there is no room for them.
    async fn enter(&self, tx: &ControlTx, received: &Received, limit: Option<u64>) -> Result<bool> {
        let Received { issuer, ctx, .. } = received;
        let Self { tenant, workspace, user, role } = *self;
        match enter::refuse_overshoot(tx, workspace, limit).await {
            Err(Error::Refused { .. }) => {
                tracing::warn!(%tenant, issuer = %issuer.name, "a member that the issuer tells of has no room in the workspace");
                return Ok(false);
            }
            other => other?,
        }
        store::join(tx, (tenant, workspace), user, role, &issuer.name, ctx.now()).await?;
        self.record(tx, received, "member.create").await?;
        Ok(true)
    }

    async fn change(&self, tx: &ControlTx, received: &Received) -> Result<bool> {
        let Received { issuer, ctx, .. } = received;
        store::change(tx, self.workspace, self.user, self.role, &issuer.name, ctx.now()).await?;
        invitations::void_beyond(tx, self.workspace, self.user, self.role, ctx.now()).await?;
        self.record(tx, received, "member.update").await?;
        Ok(true)
    }

    async fn record(&self, tx: &ControlTx, received: &Received, action: &'static str) -> Result<()> {
        let deed = Deed {
            tenant: Some(self.tenant),
            workspace: Some(self.workspace),
            action,
            target_kind: "member",
            target: self.user.to_string(),
            after: Some(json!({"role": self.role, "managed_by": received.issuer.name})),
            ..Deed::default()
        };
        audit::record(tx, &received.ctx, &received.request, &deed).await
    }
}

/// Somebody is in an organisation no longer. Written down even for strangers: a token from before may still come.
async fn no_member(tx: &ControlTx, received: &Received, subject: &str, organisation: &str) -> Result<News> {
    let issuer = &received.issuer;
    let identity = store::identity(tx, &issuer.issuer, subject).await?;
    let tenant = store::tenant_of(tx, &issuer.issuer, organisation).await?;
    if let Some(tenant) = tenant {
        registry::store::change_access(tx, tenant).await?;
    }
    if !is_latest(tx, received, subject, organisation).await? {
        return Ok(News::none());
    }
    // Not before its clock and ours agree that a token is from after this.
    let at = received.as_of() + issuer.leeway;
    store::say_ended(tx, &issuer.issuer, subject, organisation, at).await?;
    let person = identity.and_then(|identity| identity.person);
    let (Some(tenant), Some(person)) = (tenant, person) else { return Ok(News::none()) };
    end(tx, received, tenant, Some(person.id)).await?;
    Ok(News::of([tenant]))
}

/// Somebody is gone from the issuer: none of their tokens works any more, and what it managed of them ends.
async fn nobody(tx: &ControlTx, received: &Received, subject: &str) -> Result<News> {
    let Received { issuer, ctx, .. } = received;
    let Some(user) = store::end_identity(tx, &issuer.issuer, subject, ctx.now()).await? else {
        return Ok(News::none());
    };
    let tenants = store::tenants_of(tx, user, &issuer.name).await?;
    for tenant in &tenants {
        registry::store::change_access(tx, *tenant).await?;
        end(tx, received, *tenant, Some(user)).await?;
    }
    let deed = Deed {
        action: "user.unlink",
        target_kind: "user",
        target: user.to_string(),
        before: Some(json!({"issuer": issuer.name})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &received.request, &deed).await?;
    Ok(News::everywhere().and(News::of(tenants)))
}

/// An organisation is gone: it lets nobody in any more. The tenant stays, for its data is not the issuer's.
async fn no_organisation(tx: &ControlTx, received: &Received, organisation: &str) -> Result<News> {
    let Received { issuer, ctx, .. } = received;
    let Some(tenant) = store::tenant_of(tx, &issuer.issuer, organisation).await? else {
        return Ok(News::none());
    };
    registry::store::change_access(tx, tenant).await?;
    store::end_organisation(tx, &issuer.issuer, organisation, ctx.now()).await?;
    end(tx, received, tenant, None).await?;
    let deed = Deed {
        tenant: Some(tenant),
        action: "tenant.unlink",
        target_kind: "tenant",
        target: tenant.to_string(),
        before: Some(json!({"issuer": issuer.name, "organisation": organisation})),
        ..Deed::default()
    };
    audit::record(tx, ctx, &received.request, &deed).await?;
    Ok(News::of([tenant]))
}

async fn end(tx: &ControlTx, received: &Received, tenant: TenantId, user: Option<UserId>) -> Result<()> {
    let Received { issuer, ctx, request, .. } = received;
    let gone = match user {
        Some(user) => users::store::by_id(tx, user).await?,
        None => None,
    };
    for ended in store::leave(tx, tenant, user, &issuer.name, ctx.now()).await? {
        invitations::void_beyond(tx, ended.workspace, ended.user, Role::Viewer, ctx.now()).await?;
        if let Some(gone) = &gone {
            invitations::void_to_removed(tx, (tenant, ended.workspace), &gone.email, ctx.now()).await?;
        }
        let deed = Deed {
            tenant: Some(tenant),
            workspace: Some(ended.workspace),
            action: "member.remove",
            target_kind: "member",
            target: ended.user.to_string(),
            before: Some(json!({"role": ended.role, "managed_by": issuer.name})),
            ..Deed::default()
        };
        audit::record(tx, ctx, request, &deed).await?;
    }
    Ok(())
}

impl Received {
    /// From when on a token counts again: not before the issuer sent this, by its clock or ours.
    fn as_of(&self) -> DateTime<Utc> {
        self.ctx.now().max(self.sent_at)
    }
}
