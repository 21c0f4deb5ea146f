//! Accepting an invitation: by who is signed in, by who says a password, by who has no account yet.
//!
//! Owns: nothing; writes through the stores of invitations, members, users. Calls: sign-in, users, registry, audit. Called by: invitations.
//! Invariants: only whoever has the invited address accepts (`another_address_is_refused`); a password is looked at before anything is
//! written, and not inside a transaction; the place in the workspace is counted under the tenant's lock (`sixty_four_at_the_last_place`).
//! After a crash: one transaction, so account, membership and the used link are there together or not at all.

use super::{
    hash_of, members, room,
    store::{self, Door},
};
use crate::{
    Error, Fields, Result,
    audit::{self, Deed},
    authz::{Actor, Person, ProvenBy},
    ctx::Request,
    identity::{
        Email, Visit,
        people::People,
        users::{self, NewUser, User},
    },
    registry,
};
use serde_json::json;
use tenantry_pg::ControlTx;
use tenantry_types::{
    ErrorCode, Role, UserId,
    identity::{AcceptInvitation, InvitationPreview, NewMembership, PreviewInvitation, Proof},
};

/// Goes through an invitation's door.
///
/// # Errors
/// 404 with one text for a link that does not open, whatever the reason; 403 for who is signed in with another address; 401 `bad_credentials` and 429 for a
/// wrong password; 422 for bad fields; 402 where the workspace is full.
pub async fn accept(
    people: &People,
    visit: &Visit,
    caller: Option<&Request>,
    wish: &AcceptInvitation,
) -> Result<NewMembership> {
    let name = check(wish)?;
    let hash = hash_of(wish.token.expose());
    let input = (hash.clone(), people.ctx.now());
    let (door, user) = people
        .platform
        .run("find_door", input, |tx, (hash, now)| {
            Box::pin(async move {
                let Some(door) = store::door(tx, hash, *now).await? else { return Ok(None) };
                let email = invited(&door)?;
                let user = users::store::by_email(tx, &email).await?;
                Ok::<_, Error>(Some((door, user)))
            })
        })
        .await?
        .ok_or_else(shut)?;
    let who = who(people, visit, caller, wish, name, (&door, user)).await?;
    let tenant = door.tenant.id;
    let entering = Entering { people: people.clone(), visit: visit.clone(), hash, who };
    people
        .change_anywhere(tenant, "accept_invitation", entering, |tx, entering| Box::pin(entering.enter(tx)))
        .await
}

/// What a link opens, for who holds it. Nothing is changed, and nothing is told of whether the address has an account: whoever invited may hold the link too.
///
/// # Errors
/// 404 as for [`accept`]; 422 for a token that cannot be one.
pub async fn preview(people: &People, wish: &PreviewInvitation) -> Result<InvitationPreview> {
    check(&AcceptInvitation { token: wish.token.clone(), password: None, name: None })?;
    let input = (hash_of(wish.token.expose()), people.ctx.now());
    people
        .platform
        .run("preview_invitation", input, |tx, (hash, now)| Box::pin(store::preview(tx, hash, *now)))
        .await?
        .ok_or_else(shut)
}

fn check(wish: &AcceptInvitation) -> Result<Option<String>> {
    let mut fields = Fields::default();
    if let Some(name) = &wish.name {
        fields.line("/name", name, 200);
    }
    if wish.token.expose().is_empty() {
        fields.wrong("/token", "required", "must not be empty");
    }
    if wish.password.as_ref().is_some_and(|password| password.expose().is_empty()) {
        fields.wrong("/password", "required", "must not be empty");
    }
    for (pointer, proof) in [("/token", Some(&wish.token)), ("/password", wish.password.as_ref())] {
        if proof.is_some_and(|proof| proof.expose().len() > Proof::LONGEST) {
            fields.wrong(pointer, "too_long", format!("must have at most {} bytes", Proof::LONGEST));
        }
    }
    fields.check()?;
    Ok(wish.name.as_ref().map(|name| name.trim().to_owned()))
}

/// One refusal for a link that is unknown, used, revoked, expired, or leads where nobody is let in now.
fn shut() -> Error {
    Error::not_found()
}

/// The first owner's address is kept as it was given.
fn invited(door: &Door) -> Result<Email> {
    door.email.parse().map_err(|_| Error::Fault(format!("{} is for no address", door.id)))
}

/// Who accepts.
enum Who {
    Known(UserId),
    New { name: String, password_hash: String },
}

async fn who(
    people: &People,
    visit: &Visit,
    caller: Option<&Request>,
    wish: &AcceptInvitation,
    name: Option<String>,
    (door, user): (&Door, Option<User>),
) -> Result<Who> {
    let email = invited(door)?;
    if let Some(caller) = caller {
        let known = caller.actor.person().filter(|person| person.email == email.as_str());
        return known.map(|person| Who::Known(person.id)).ok_or_else(|| {
            Error::refused(ErrorCode::Forbidden, "The invitation is for another address than yours.")
                .next("Sign in with the address that was invited, or ask for an invitation to yours.")
        });
    }
    let Some(password) = &wish.password else {
        let mut fields = Fields::default();
        fields.wrong("/password", "required", "is needed by who is not signed in");
        return Err(fields.check().err().unwrap_or_else(shut));
    };
    if user.is_some() {
        return people.sign_in.prove(visit, &email, password).await.map(Who::Known);
    }
    let name = name.unwrap_or_else(|| email.as_str().split('@').next().unwrap_or_default().to_owned());
    let known = vec![email.to_string(), name.clone(), door.tenant.name.clone(), door.tenant.slug.to_string()];
    let password_hash = people.sign_in.hash_new(password, &known).await?;
    Ok(Who::New { name, password_hash })
}

struct Entering {
    people: People,
    visit: Visit,
    hash: Vec<u8>,
    who: Who,
}

impl Entering {
    async fn enter(&self, tx: &ControlTx) -> Result<NewMembership> {
        let now = self.people.ctx.now();
        let known = store::door(tx, &self.hash, now).await?.ok_or_else(shut)?;
        // Holds the tenant; then again, since another may have gone through meanwhile.
        registry::store::change_access(tx, known.tenant.id).await?;
        let door = store::door(tx, &self.hash, now).await?.ok_or_else(shut)?;
        let user = self.user(tx, &door).await?;
        let role = self.let_in(tx, &door, user.id).await?;
        if !store::shut(tx, door.id, user.id, now).await? {
            return Err(shut());
        }
        if door.mailed {
            users::store::mark_verified(tx, user.id, &user.email, now).await?;
        }
        let request = self.visit.by(Actor::User(Box::new(person(&user))));
        let deed = Deed {
            tenant: Some(door.tenant.id),
            workspace: Some(door.workspace),
            action: "invitation.accept",
            target_kind: "invitation",
            target: door.id.to_string(),
            after: Some(json!({
                "user_id": user.id, "role": role, "new_user": matches!(self.who, Who::New { .. }),
            })),
            ..Deed::default()
        };
        audit::record(tx, &self.people.ctx, &request, &deed).await?;
        Ok(NewMembership {
            user_id: user.id,
            tenant_id: door.tenant.id,
            tenant: door.tenant.slug,
            tenant_name: door.tenant.name,
            workspace_id: door.workspace,
            workspace: door.workspace_slug,
            role,
        })
    }

    /// The account, made here where there is none.
    async fn user(&self, tx: &ControlTx, door: &Door) -> Result<User> {
        let (ctx, email) = (&self.people.ctx, invited(door)?);
        if let Who::New { name, password_hash } = &self.who {
            let new = NewUser {
                id: UserId(ctx.uuid()),
                email: &email,
                name,
                email_verified: door.mailed,
                password_hash: Some(password_hash),
            };
            if !users::store::insert(tx, &new, ctx.now()).await? {
                return Err(Error::refused(
                    ErrorCode::Conflict,
                    "An account for this address was made in this very moment.",
                )
                .next("Send the request again with that account's password."));
            }
        }
        let found = match &self.who {
            Who::Known(id) => users::store::by_id(tx, *id).await?,
            Who::New { .. } => users::store::by_email(tx, &email).await?,
        };
        // The address may have changed, or the user been disabled, since the password was looked at.
        found.filter(|user| user.disabled_at.is_none() && user.email == email.as_str()).ok_or_else(shut)
    }

    async fn let_in(&self, tx: &ControlTx, door: &Door, user: UserId) -> Result<Role> {
        let (now, workspace) = (self.people.ctx.now(), door.workspace);
        if let Some(held) = members::store::role_of(tx, user, workspace).await? {
            if held < door.role {
                members::store::set_role(tx, workspace, user, door.role, now).await?;
            }
            return Ok(members::store::role_of(tx, user, workspace).await?.unwrap_or(held));
        }
        room(tx, &door.tenant, members::store::in_workspace(tx, workspace).await?).await?;
        members::store::insert(tx, door.tenant.id, workspace, user, door.role, now).await?;
        Ok(door.role)
    }
}

/// Whoever accepts, for the audit trail.
fn person(user: &User) -> Person {
    Person {
        id: user.id,
        email: user.email.clone(),
        name: user.name.clone(),
        proven_by: ProvenBy::Issuer("invitation".to_owned()),
    }
}
