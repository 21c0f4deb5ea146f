//! Joining by one's e-mail domain.
//!
//! Owns: nothing; writes through the stores of invitations and members. Calls: users, registry, audit. Called by: invitations.
//! Invariants: only a proven address of exactly such a domain joins (`a_sub_domain_is_another_domain`, `who_joins_has_a_proven_mailbox`); whoever is not signed in
//! learns nothing of tenants and their domains (`asking_to_join_tells_nothing`), and one open invitation to an address is all that asking makes
//! (`asking_twice_mails_once`); whoever was removed does not come back this way (`whoever_was_removed_does_not_come_back_by_themselves`); what strangers ask
//! for is bounded and takes no seats (`asks_of_strangers_are_bounded_and_take_no_seats`). After a crash: one transaction or none; whoever was not invited asks again.

use super::{Token, members, open::Open, room, store};
use crate::{
    Error, Fields, Result,
    access::News,
    audit::{self, Deed},
    authz::Actor,
    ctx::{self, Request},
    identity::{
        Email, Visit,
        people::People,
        users::{self, User},
    },
    registry::{self, TenantRecord},
};
use chrono::TimeDelta;
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, InvitationId, Role, Slug, TenantId, WorkspaceId,
    identity::{Join, NewMembership},
    tenant::Workspace,
};

/// Invitations that strangers may have asked for and nobody has accepted yet, in a workspace.
const ASKED_FOR: i64 = 50;

/// What became of a wish to join.
pub enum Joined {
    /// A member, from now on or before.
    Member(NewMembership),
    /// An invitation is on its way, or is not.
    Asked,
}

/// Makes the caller a member of the tenant's default workspace, or asks for an invitation by mail.
///
/// # Errors
/// 403 for who is signed in and may not join, 402 where the workspace is full; for who is not signed in 409 without a mail server, 422 for no address.
pub async fn join(people: &People, visit: &Visit, caller: Option<&Request>, wish: &Join) -> Result<Joined> {
    let email = check(wish)?;
    let Some(caller) = caller else { return ask(people, visit, wish, email) };
    let joining = Joining { people: people.clone(), request: caller.clone(), slug: wish.tenant.clone() };
    // Before the tenant is looked for: to who has proven no mailbox, none is there.
    people.platform.run("who_joins", joining.clone(), |tx, joining| Box::pin(joining.proven(tx))).await?;
    let tenant = registry::find(&people.platform, &wish.tenant).await.map_err(|error| match error {
        Error::Refused { .. } => not_yours(),
        fault => fault,
    })?;
    people
        .change_anywhere(tenant.id, "join_tenant", joining, |tx, joining| Box::pin(joining.join(tx)))
        .await
        .map(Joined::Member)
}

fn check(wish: &Join) -> Result<Option<Email>> {
    let mut fields = Fields::default();
    if Slug::stored(&wish.tenant).is_none() {
        fields.wrong("/tenant", "invalid", "must be a slug");
    }
    let email = wish.email.as_deref().and_then(|text| fields.parsed("/email", text.parse::<Email>()));
    fields.check()?;
    Ok(email)
}

/// One refusal for a tenant that is unknown and for one that does not let people of that domain in.
fn not_yours() -> Error {
    Error::refused(
        ErrorCode::Forbidden,
        "There is no such tenant that people of your e-mail domain may join.",
    )
    .next("Ask an admin of the tenant for an invitation.")
}

/// What people of this address may join as.
fn role_for(tenant: &TenantRecord, email: &Email) -> Option<Role> {
    let role = tenant.domain_join_role.filter(|_| tenant.status.serves())?;
    is_of(&tenant.allowed_domains, email).then_some(role)
}

fn is_of(domains: &[String], email: &Email) -> bool {
    domains.iter().any(|domain| domain.eq_ignore_ascii_case(email.domain()))
}

/// The tenant under its lock, its default workspace, and what the address may join as.
async fn hold(tx: &ControlTx, slug: &str, email: &Email) -> Result<Option<(TenantRecord, Workspace, Role)>> {
    let Some(tenant) = registry::store::by_slug(tx, slug).await? else { return Ok(None) };
    // Nobody from elsewhere holds a tenant's row.
    if role_for(&tenant, email).is_none() || !registry::store::change_access(tx, tenant.id).await? {
        return Ok(None);
    }
    let Some(tenant) = registry::store::by_id(tx, tenant.id).await? else { return Ok(None) };
    let workspace = registry::store::workspace(tx, tenant.id, None).await?;
    let role = role_for(&tenant, email);
    Ok(workspace.zip(role).map(|(workspace, role)| (tenant, workspace, role)))
}

#[derive(Clone)]
struct Joining {
    people: People,
    request: Request,
    slug: String,
}

impl Joining {
    async fn proven(&self, tx: &ControlTx) -> Result<User> {
        let person = self.request.actor.person().ok_or_else(not_yours)?;
        let user = users::store::by_id(tx, person.id).await?.ok_or_else(not_yours)?;
        if user.email_verified_at.is_none() {
            return Err(Error::refused(ErrorCode::Forbidden, "It is not proven that your mailbox is yours.")
                .next("POST /v1/auth/verify-email sends a link there."));
        }
        Ok(user)
    }

    async fn join(&self, tx: &ControlTx) -> Result<NewMembership> {
        let user = self.proven(tx).await?;
        let email: Email = user.email.parse().map_err(|_| not_yours())?;
        let (tenant, workspace, role) = hold(tx, &self.slug, &email).await?.ok_or_else(not_yours)?;
        let held = members::store::role_of(tx, user.id, workspace.id).await?;
        if held.is_none() {
            if members::store::is_barred(tx, tenant.id, user.id).await? {
                return Err(not_yours());
            }
            room(tx, &tenant, members::store::in_workspace(tx, workspace.id).await?).await?;
            let now = self.people.ctx.now();
            members::store::insert(tx, tenant.id, workspace.id, user.id, role, now).await?;
            let deed = Deed {
                tenant: Some(tenant.id),
                workspace: Some(workspace.id),
                action: "member.join",
                target_kind: "user",
                target: user.id.to_string(),
                after: Some(json!({"role": role})),
                ..Deed::default()
            };
            audit::record(tx, &self.people.ctx, &self.request, &deed).await?;
        }
        Ok(NewMembership {
            user_id: user.id,
            tenant_id: tenant.id,
            tenant: tenant.slug,
            tenant_name: tenant.name,
            workspace_id: workspace.id,
            workspace: workspace.slug,
            role: held.unwrap_or(role),
        })
    }
}

fn ask(people: &People, visit: &Visit, wish: &Join, email: Option<Email>) -> Result<Joined> {
    let Some(email) = email else {
        let mut fields = Fields::default();
        fields.wrong("/email", "required", "is needed by who is not signed in");
        return fields.check().map(|()| Joined::Asked);
    };
    if !people.sends_mail {
        return Err(Error::refused(
            ErrorCode::Conflict,
            "This server sends no mail, so nobody is invited by it.",
        )
        .next("Sign in first, or ask an admin of the tenant for an invitation."));
    }
    let asking = Asking { people: people.clone(), visit: visit.clone(), slug: wish.tenant.clone(), email };
    people.sign_in.asks.take("ask_to_join", asking.run());
    Ok(Joined::Asked)
}

#[derive(Clone)]
struct Asking {
    people: People,
    visit: Visit,
    slug: String,
    email: Email,
}

impl Asking {
    async fn run(self) -> Result<()> {
        let people = self.people.clone();
        people
            .access
            .change(
                &people.platform,
                "ask_to_join",
                self,
                |tx, asking| Box::pin(asking.invite(tx)),
                |invited: &Option<TenantId>| News::of(*invited),
            )
            .await
            .map(drop)
    }

    /// Whether the address is invited already, a member's, or of somebody who was removed.
    async fn is_known(&self, tx: &ControlTx, tenant: TenantId, workspace: WorkspaceId) -> Result<bool> {
        let (email, now) = (self.email.as_str(), self.people.ctx.now());
        Ok(!store::roles_open_to(tx, workspace, email, now).await?.is_empty()
            || members::store::has_address(tx, workspace, email).await?
            || members::store::is_address_barred(tx, tenant, email).await?)
    }

    async fn invite(&self, tx: &ControlTx) -> Result<Option<TenantId>> {
        let Self { people, email, .. } = self;
        let now = people.ctx.now();
        // Without the tenant's lock first: most asks come to nothing, and must cost its people nothing.
        let Some(tenant) = registry::store::by_slug(tx, &self.slug).await? else { return Ok(None) };
        let Some(workspace) = registry::store::workspace(tx, tenant.id, None).await? else { return Ok(None) };
        if role_for(&tenant, email).is_none() || self.is_known(tx, tenant.id, workspace.id).await? {
            return Ok(None);
        }
        let Some((tenant, workspace, role)) = hold(tx, &self.slug, email).await? else { return Ok(None) };
        if store::asked_for(tx, workspace.id, now).await? >= ASKED_FOR {
            return Ok(None);
        }
        if self.is_known(tx, tenant.id, workspace.id).await? {
            return Ok(Some(tenant.id));
        }
        let open = Open {
            id: InvitationId(people.ctx.uuid()),
            tenant: &tenant,
            workspace: workspace.id,
            email,
            role,
            by: None,
            mailed: true,
            expires_at: now + TimeDelta::hours(i64::from(super::HOURS)),
        };
        let token = Token::of(&ctx::random()?);
        open.write(tx, people, &self.visit.by(Actor::System), &token).await?;
        Ok(Some(tenant.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sub_domain_is_another_domain() {
        let domains = ["acme.example".to_owned()];
        let known = |email: &str| email.parse().is_ok_and(|email| is_of(&domains, &email));
        assert!(known("ada@ACME.example"));
        for other in
            ["ada@sub.acme.example", "ada@notacme.example", "ada@example", "acme.example@evil.example"]
        {
            assert!(!known(other), "{other}");
        }
    }
}
