//! `member list`, `set-role`, `remove`, `leave`.
//!
//! Owns: how a member looks. Calls: /v1/members. Called by: dispatch.
//! Invariants: a member may be named by e-mail address, and a name that fits nobody reaches nobody (`a_member_is_named_by_address_or_id`);
//! removal wants the name again (`nothing_of_people_is_destroyed_unasked`). After a crash: nothing is left.

use super::{Ctx, confirm, lists};
use crate::{
    api::Answer,
    args::PagingArgs,
    outcome::{Exit, Failure},
    render::{facts, short, table, when},
};
use tenantry_types::{
    UserId,
    identity::{Member, UpdateMember},
    tenant::Nothing,
};

const MEMBERS: &str = "/v1/members";

/// `member list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, paging: &PagingArgs) -> Result<Exit, Failure> {
    let page = lists::page::<Member>(ctx, MEMBERS, &[], paging)?;
    lists::show(ctx, &page, "no members", |members, now| {
        table(
            ["user", "email", "name", "role", "since"],
            members.iter().map(|member| {
                [
                    member.user_id.to_string(),
                    short(&member.email),
                    short(&member.name),
                    member.role.to_string(),
                    when(member.created_at, now),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `member set-role`.
pub(crate) fn set_role(ctx: &mut Ctx<'_, '_>, member: &str, role: &str) -> Result<Exit, Failure> {
    let path = format!("{MEMBERS}/{}", find(ctx, member)?);
    let wish = UpdateMember { role: role.to_lowercase() };
    let Answer { value: member, text } = ctx.api.patch::<_, Member>(&path, &wish)?;
    ctx.result(&text, |_| {
        facts(&[
            ("member", format!("{} ({})", member.email, member.user_id)),
            ("workspace", member.workspace_id.to_string()),
            ("role", member.role.to_string()),
        ])
    })?;
    Ok(Exit::Done)
}

/// `member remove`.
pub(crate) fn remove(ctx: &mut Ctx<'_, '_>, member: &str) -> Result<Exit, Failure> {
    let id = find(ctx, member)?;
    confirm::ask(ctx, member, &format!("{member} will be refused in this workspace at once"))?;
    ctx.remove(&format!("{MEMBERS}/{id}"), &format!("{member} is no member any more"))
}

/// `member leave`.
pub(crate) fn leave(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    confirm::ask(ctx, "leave", "You will be refused in this workspace until somebody invites you again")?;
    let Answer { text, .. } =
        ctx.api.post::<_, serde_json::Value>(&format!("{MEMBERS}/leave"), &Nothing {})?;
    ctx.done(&text, "you are no member of this workspace any more")
}

fn find(ctx: &Ctx<'_, '_>, name: &str) -> Result<UserId, Failure> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let is = |member: &Member| member.email.eq_ignore_ascii_case(name);
    Ok(lists::find(ctx, MEMBERS, &[], is, || format!("no member has the address {name}"))?.user_id)
}
