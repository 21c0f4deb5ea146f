//! `login`, `logout`, `switch`: who works at which server, from now on.
//!
//! Owns: nothing. Calls: /v1/auth/…, credentials. Called by: dispatch.
//! Invariants: neither a password nor a token is printed (`a_password_is_typed_and_never_printed`); what the server refused changes nothing
//! (`a_refused_password_keeps_nothing`); of two logins at one server the second ends the first's session (`another_login_ends_the_session_before`).
//! After a crash: a session that was not kept, or not ended, ends by itself; `session list` shows it.

use super::{Ctx, secret};
use crate::args::identity::LoginArgs;
use crate::{
    api::Answer,
    credentials::{Kept, Store, path_of},
    outcome::{Exit, Failure},
    render::facts,
};
use tenantry_types::identity::{LogIn, LogOut, SignedIn, SwitchWorkspace};

/// `login`.
pub(crate) fn login(ctx: &mut Ctx<'_, '_>, args: &LoginArgs) -> Result<Exit, Failure> {
    let store = store(ctx)?;
    if ctx.api.is_exposed() {
        ctx.say("the connection to this server is not encrypted: what you type can be read on its way")?;
    }
    let email = match &args.email {
        Some(email) => email.clone(),
        None => secret::ask_openly(ctx, "E-mail address", "--email")?,
    };
    let prompt = format!("Password of {email} at {}", ctx.api.base());
    let password = secret::ask(ctx, &prompt, args.password_stdin)?;
    let wish = LogIn {
        email,
        password,
        tenant: args.tenant.clone(),
        workspace: args.workspace.clone(),
        operator: args.operator,
        cookie: false,
    };
    let signed = ctx.api.post_open::<_, SignedIn>("/v1/auth/login", &wish)?.value;
    let mut kept = Kept::of(&signed, None, ctx.world.clock.now())?;
    // A server that is not told chooses anew each time, and does not when there is another tenant by then.
    kept.tenant = signed.tenant.as_ref().map(ToString::to_string);
    kept.workspace.clone_from(&args.workspace);
    let before = {
        let locked = store.locked()?;
        let before = locked.kept(ctx.api.base())?;
        locked.keep(ctx.api.base(), kept)?;
        before
    };
    told(ctx, &signed)?;
    ctx.say(&format!("kept in {}", path_of(&store).display()))?;
    if let Some(before) = before
        && let Err(failure) = end(ctx, before)
    {
        // The new session stands; nobody has the tokens of the one before any more.
        let detail = &failure.detail;
        ctx.say(&format!("the session before was not ended ({detail}): `tenantry session list` shows it until it ends by itself"))?;
    }
    if (ctx.world.lookup)("TENANTRY_TOKEN").is_some_and(|token| !token.trim().is_empty()) {
        ctx.say("TENANTRY_TOKEN is set, and comes first: unset it to work with this session")?;
    }
    if signed.workspace_id.is_none() && !args.operator {
        ctx.hint("choose where to work: `tenantry whoami` lists the workspaces, `tenantry switch TENANT WORKSPACE` goes to one")?;
    }
    Ok(Exit::Done)
}

/// `logout`.
pub(crate) fn logout(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let store = store(ctx)?;
    let locked = store.locked()?;
    let base = ctx.api.base().to_owned();
    let Some(kept) = locked.kept(&base)? else {
        ctx.say(&format!("nobody is logged in at {base}"))?;
        return Ok(Exit::Done);
    };
    end(ctx, kept).map_err(|failure| {
        failure.next("try again: the session holds, and is kept, until the server ends it")
    })?;
    locked.forget(&base)?;
    ctx.say(&format!("logged out at {base}"))?;
    Ok(Exit::Done)
}

/// Ends a session on the server. One that is over already stays so.
fn end(ctx: &Ctx<'_, '_>, kept: Kept) -> Result<(), Failure> {
    let wish = LogOut { refresh_token: Some(kept.refresh_token) };
    match ctx.api.post_open::<_, serde_json::Value>("/v1/auth/logout", &wish) {
        Err(failure) if failure.status != Some(401) => Err(failure),
        _ => Ok(()),
    }
}

/// `switch`.
pub(crate) fn switch(ctx: &mut Ctx<'_, '_>, tenant: &str, workspace: Option<&str>) -> Result<Exit, Failure> {
    if !ctx.api.is_signed_in() {
        let detail = "only a session can go to another workspace, not a token that was made for one";
        return Err(Failure::local("no_token", detail).next("log in: `tenantry login`"));
    }
    let store = store(ctx)?;
    let wish = SwitchWorkspace { tenant: tenant.to_owned(), workspace: workspace.map(str::to_owned) };
    let Answer { value: signed, .. } = ctx.api.post::<_, SignedIn>("/v1/auth/switch-workspace", &wish)?;
    let locked = store.locked()?;
    let before = locked.kept(ctx.api.base())?;
    let mut kept = Kept::of(&signed, before.as_ref(), ctx.world.clock.now())?;
    (kept.tenant, kept.workspace) = (Some(wish.tenant), wish.workspace);
    locked.keep(ctx.api.base(), kept)?;
    told(ctx, &signed)?;
    Ok(Exit::Done)
}

fn store(ctx: &Ctx<'_, '_>) -> Result<Store, Failure> {
    Store::of(ctx.world.lookup).ok_or_else(|| {
        Failure::local("bad_settings", "there is no folder to keep a session in")
            .next("set HOME or XDG_CONFIG_HOME to a folder of yours")
            .exit(Exit::Usage)
    })
}

/// Where the session is now. Of the API's answer all but the tokens, which belong into the file alone.
fn told(ctx: &mut Ctx<'_, '_>, signed: &SignedIn) -> Result<(), Failure> {
    let server = ctx.api.base().to_owned();
    let json = serde_json::json!({
        "server": server, "session_id": signed.session_id, "user_id": signed.user_id, "tenant_id": signed.tenant_id,
        "tenant": signed.tenant, "workspace_id": signed.workspace_id,
    });
    ctx.result(&json.to_string(), |_| {
        let text = |value: Option<String>| value.unwrap_or_default();
        facts(&[
            ("server", server),
            ("user", signed.user_id.to_string()),
            ("tenant", text(signed.tenant.as_ref().map(ToString::to_string))),
            ("workspace", text(signed.workspace_id.map(|id| id.to_string()))),
            ("session", signed.session_id.to_string()),
        ])
    })
}

#[cfg(test)]
mod tests;
