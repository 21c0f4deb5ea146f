//! `invite create`, `list`, `revoke`, `accept`.
//!
//! Owns: how an invitation looks. Calls: /v1/invitations, POST /v1/auth/accept-invitation. Called by: dispatch.
//! Invariants: a link goes to standard output only, and comes from there or from a hidden line (`an_invitation_is_accepted_by_its_link`).
//! After a crash: nothing is left; a link that was made and not shown cannot be had again.

use super::{Ctx, lists, secret};
use crate::{
    api::Answer,
    args::{
        PagingArgs,
        identity::{AcceptArgs, InviteArgs},
    },
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use tenantry_types::{
    InvitationId,
    identity::{AcceptInvitation, CreateInvitation, Invitation, InvitationStatus, NewMembership, Proof},
};

const INVITATIONS: &str = "/v1/invitations";

/// `invite create`.
pub(crate) fn create(ctx: &mut Ctx<'_, '_>, args: &InviteArgs) -> Result<Exit, Failure> {
    let wish = CreateInvitation {
        email: args.email.clone(),
        role: args.role.as_ref().map(|role| role.to_lowercase()),
        expires_in_hours: args.hours,
    };
    let Answer { value: made, text } = ctx.api.post::<_, Invitation>(INVITATIONS, &wish)?;
    ctx.result(&text, |now| {
        let mut rows = vec![
            ("invited", format!("{} ({})", made.email, made.id)),
            ("role", made.role.to_string()),
            ("workspace", made.workspace_id.to_string()),
            ("ends", when(made.expires_at, now)),
        ];
        rows.extend(made.link.as_ref().map(|link| ("link", link.expose().to_owned())));
        facts(&rows)
    })?;
    if made.link.is_some() {
        ctx.hint("pass the link on now: only its hash is stored, and it is not shown again")?;
    } else if made.mailed {
        ctx.say("the link goes by mail")?;
    }
    Ok(Exit::Done)
}

/// `invite list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, paging: &PagingArgs) -> Result<Exit, Failure> {
    let page = lists::page::<Invitation>(ctx, INVITATIONS, &[], paging)?;
    lists::show(ctx, &page, "no invitations", |invitations, now| {
        table(
            ["invitation", "email", "role", "status", "ends"],
            invitations.iter().map(|invitation| {
                [
                    invitation.id.to_string(),
                    short(&invitation.email),
                    invitation.role.to_string(),
                    invitation.status.to_string(),
                    when(invitation.expires_at, now),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `invite revoke`.
pub(crate) fn revoke(ctx: &mut Ctx<'_, '_>, name: &str) -> Result<Exit, Failure> {
    let id: InvitationId = if let Ok(id) = name.parse() {
        id
    } else {
        let is = |invitation: &Invitation| {
            invitation.status == InvitationStatus::Open && invitation.email.eq_ignore_ascii_case(name)
        };
        lists::find(ctx, INVITATIONS, &[], is, || format!("{name} has no open invitation"))?.id
    };
    ctx.remove(&format!("{INVITATIONS}/{id}"), &format!("the invitation of {name} is taken back"))
}

/// `invite accept`.
pub(crate) fn accept(ctx: &mut Ctx<'_, '_>, args: &AcceptArgs) -> Result<Exit, Failure> {
    if args.as_me {
        ctx.api.need_token()?;
    }
    let link = secret::ask(ctx, "Link of the invitation", false)?;
    let token = Proof::new(token_of(link.expose()));
    let password = match (args.as_me, &args.name) {
        (true, _) => None,
        (false, Some(_)) => secret::ask_new(ctx, "Password of the new account", false)?,
        (false, None) => secret::ask_or_nothing(ctx, "Password of your account", false)?,
    };
    let wish = AcceptInvitation { token, password, name: args.name.clone() };
    let path = "/v1/auth/accept-invitation";
    let Answer { value: joined, text } = if args.as_me {
        ctx.api.post::<_, NewMembership>(path, &wish)?
    } else {
        ctx.api.post_open(path, &wish)?
    };
    ctx.result(&text, |_| {
        facts(&[
            ("tenant", format!("{} ({})", joined.tenant, joined.tenant_id)),
            ("workspace", format!("{} ({})", joined.workspace, joined.workspace_id)),
            ("role", joined.role.to_string()),
        ])
    })?;
    let next = if args.as_me { "switch" } else { "login --tenant" };
    ctx.hint(&format!("work there: `tenantry {next} {}`", joined.tenant))?;
    Ok(Exit::Done)
}

/// The token in a link, or the text itself where it is none.
fn token_of(link: &str) -> &str {
    let token = link.trim().rsplit_once("#token=").map_or(link.trim(), |(_, token)| token);
    token.split('&').next().unwrap_or(token)
}

#[cfg(test)]
mod tests {
    use super::token_of;

    #[test]
    fn a_link_or_its_token_will_do() {
        for text in ["abc", " abc ", "https://app.example.com/accept-invitation#token=abc", "x#token=abc&y=1"]
        {
            assert_eq!(token_of(text), "abc", "{text}");
        }
    }
}
