//! `session list`, `session end`.
//!
//! Owns: nothing. Calls: /v1/sessions. Called by: dispatch. Invariants: those of `lists`. After a crash: nothing is left.

use super::{Ctx, lists};
use crate::{
    args::PagingArgs,
    outcome::{Exit, Failure},
    render::{short, table, when},
};
use tenantry_types::{SessionId, identity::Session};

const SESSIONS: &str = "/v1/sessions";

/// `session list`.
pub(crate) fn list(ctx: &mut Ctx<'_, '_>, paging: &PagingArgs) -> Result<Exit, Failure> {
    let page = lists::page::<Session>(ctx, SESSIONS, &[], paging)?;
    lists::show(ctx, &page, "no sessions", |sessions, now| {
        table(
            ["session", "kept by", "seen", "ends", "from", ""],
            sessions.iter().map(|session| {
                [
                    session.id.to_string(),
                    session.kind.to_string(),
                    when(session.seen_at, now),
                    when(session.expires_at, now),
                    short(session.address.as_deref().unwrap_or_default()),
                    if session.current { "this one" } else { "" }.to_owned(),
                ]
            }),
        )
    })?;
    Ok(Exit::Done)
}

/// `session end`.
pub(crate) fn end(ctx: &mut Ctx<'_, '_>, id: SessionId) -> Result<Exit, Failure> {
    ctx.remove(&format!("{SESSIONS}/{id}"), &format!("session {id} is over"))
}
