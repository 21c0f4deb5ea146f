//! Secrets on their way in: typed without showing, or from standard input. Never from the command line, which others can see.
//!
//! Owns: nothing. Calls: nothing. Called by: `login`, `invite accept`, `operator create`, `key check`.
//! Invariants: a secret that is typed goes nowhere but into the request (`a_password_is_typed_and_never_printed` in `login`).
//! After a crash: nothing is left.

use super::Ctx;
use crate::{
    outcome::{Exit, Failure},
    render::clean,
};
use std::io::{BufRead, Read};
use tenantry_types::identity::Proof;

/// Asks for a secret at the terminal; elsewhere, or where `piped` wants it, the next line of standard input is it.
pub(super) fn ask(ctx: &mut Ctx<'_, '_>, prompt: &str, piped: bool) -> Result<Proof, Failure> {
    match ask_or_nothing(ctx, prompt, piped)? {
        Some(secret) => Ok(secret),
        None => Err(Failure::local("not_asked", format!("{prompt}: nothing came"))
            .next("type it at a terminal, or write it to standard input")
            .exit(Exit::Usage)),
    }
}

/// The same where an empty line is an answer too.
pub(super) fn ask_or_nothing(
    ctx: &mut Ctx<'_, '_>,
    prompt: &str,
    piped: bool,
) -> Result<Option<Proof>, Failure> {
    let line = if ctx.world.input_is_terminal && !piped {
        write!(ctx.world.err, "{}: ", clean(prompt))?;
        ctx.world.err.flush()?;
        let typed = (ctx.world.hidden)(&mut *ctx.world.input);
        writeln!(ctx.world.err)?;
        typed.map_err(|error| unread(prompt, &error))?
    } else {
        line(ctx, prompt)?
    };
    Ok(Some(line).filter(|line| !line.is_empty()).map(Proof::new))
}

/// A new password, typed twice at a terminal; nothing where an empty line was typed.
pub(super) fn ask_new(ctx: &mut Ctx<'_, '_>, prompt: &str, piped: bool) -> Result<Option<Proof>, Failure> {
    let first = ask_or_nothing(ctx, prompt, piped)?;
    if first.is_none() || !ctx.world.input_is_terminal || piped {
        return Ok(first);
    }
    if ask_or_nothing(ctx, "The same again", piped)? == first {
        return Ok(first);
    }
    Err(Failure::local("not_asked", "the two are not the same; nothing was done").exit(Exit::Usage))
}

/// Asks for something that may be seen.
pub(super) fn ask_openly(ctx: &mut Ctx<'_, '_>, prompt: &str, flag: &str) -> Result<String, Failure> {
    if !ctx.world.input_is_terminal {
        let detail = format!("{prompt}: nobody is here to be asked");
        return Err(Failure::local("not_asked", detail)
            .next(format!("say it with `{flag}`"))
            .exit(Exit::Usage));
    }
    write!(ctx.world.err, "{}: ", clean(prompt))?;
    ctx.world.err.flush()?;
    Ok(line(ctx, prompt)?.trim().to_owned())
}

fn line(ctx: &mut Ctx<'_, '_>, prompt: &str) -> Result<String, Failure> {
    let mut line = String::new();
    // One byte more than any secret has, and the line's end: a longer one is refused by the server, not cut.
    let most = Proof::LONGEST as u64 + 3;
    (&mut *ctx.world.input).take(most).read_line(&mut line).map_err(|error| unread(prompt, &error))?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn unread(prompt: &str, error: &std::io::Error) -> Failure {
    Failure::local("not_asked", format!("{prompt}: {error}")).exit(Exit::Usage)
}
