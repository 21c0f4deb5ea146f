//! `session list`, `session end`, `session end-others`.
//!
//! Owns: nothing. Calls: /v1/sessions. Called by: dispatch. Invariants: those of `lists`. After a crash: nothing is left.

use super::{Ctx, lists};
use crate::{
    api::Answer,
    args::PagingArgs,
    outcome::{Exit, Failure},
    render::{short, table, when},
};
use tenantry_types::{
    SessionId,
    identity::{EndedSessions, Session},
};

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

/// `session end-others`.
pub(crate) fn end_others(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let Answer { value: EndedSessions { ended }, text } = ctx.api.delete(SESSIONS)?;
    let sessions = if ended == 1 { "session is" } else { "sessions are" };
    ctx.done(&text, &format!("{ended} other {sessions} over"))
}

/// `session end`.
pub(crate) fn end(ctx: &mut Ctx<'_, '_>, id: SessionId) -> Result<Exit, Failure> {
    ctx.remove(&format!("{SESSIONS}/{id}"), &format!("session {id} is over"))
}
