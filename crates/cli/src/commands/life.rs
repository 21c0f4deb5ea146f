//! `tenant suspend`, `resume`, `delete`, `restore`, `purge`.
//!
//! Owns: nothing. Calls: /v1/tenants/{slug}/…, runs. Called by: dispatch.
//! Invariants: deletion and purge want the slug again (`nothing_is_destroyed_unasked`); each is followed to the end of its run
//! (`a_change_is_followed_to_its_end`). After a crash: the run goes on; `run watch` picks it up.

use super::{Ctx, confirm, runs, tenant};
use crate::{
    api::{Answer, encode},
    args::{ChangeArgs, DestroyArgs},
    outcome::{Exit, Failure},
};
use tenantry_types::tenant::{Confirm, Reason, TenantAndRun};

/// `tenant suspend`, `tenant resume`, `tenant restore`: `verb` is the last segment of the route.
pub(crate) fn change(ctx: &mut Ctx<'_, '_>, verb: &str, args: &ChangeArgs) -> Result<Exit, Failure> {
    let wish = Reason { reason: args.reason.clone() };
    let made = ctx.api.post(&path(&args.slug, verb), &wish)?;
    finish(ctx, &args.slug, &made, args.no_wait)
}

/// `tenant delete`.
pub(crate) fn delete(ctx: &mut Ctx<'_, '_>, args: &DestroyArgs) -> Result<Exit, Failure> {
    let what = format!(
        "{} will refuse all requests, and its data will be kept until the retention is over",
        args.slug
    );
    confirm::ask(ctx, &args.slug, &what)?;
    let made = ctx.api.delete(&format!("/v1/tenants/{}", encode(&args.slug)))?;
    let exit = finish(ctx, &args.slug, &made, args.no_wait)?;
    ctx.hint(&format!("take it back: `tenantry tenant restore {}`", args.slug))?;
    Ok(exit)
}

/// `tenant purge`.
pub(crate) fn purge(ctx: &mut Ctx<'_, '_>, args: &DestroyArgs) -> Result<Exit, Failure> {
    let what = format!("Everything of {} but its audit trail will be gone for good", args.slug);
    confirm::ask(ctx, &args.slug, &what)?;
    let wish = Confirm { confirm: args.slug.clone() };
    let made = ctx.api.post(&path(&args.slug, "purge"), &wish)?;
    finish(ctx, &args.slug, &made, args.no_wait)
}

fn path(slug: &str, verb: &str) -> String {
    format!("/v1/tenants/{}/{verb}", encode(slug))
}

/// Follows the run to its end, and shows the tenant as it is then.
fn finish(
    ctx: &mut Ctx<'_, '_>,
    slug: &str,
    made: &Answer<TenantAndRun>,
    no_wait: bool,
) -> Result<Exit, Failure> {
    let run = &made.value.run;
    if no_wait {
        tenant::answered(ctx, made)?;
        ctx.hint(&format!("follow it: `tenantry run watch {}`", run.id))?;
        return Ok(Exit::Done);
    }
    ctx.say(&format!("{} of {slug}: {}", run.kind, run.id))?;
    let run = runs::to_its_end(ctx, run.id, None)?;
    tenant::report(ctx, slug, &made.text, &run)?;
    runs::ended(&run.value)
}

#[cfg(test)]
mod tests;
