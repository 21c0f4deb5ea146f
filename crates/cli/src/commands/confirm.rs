//! Confirmation: what destroys something is done when a person has typed its name, or the command line says `--yes`.
//!
//! Owns: nothing. Calls: nothing. Called by: whatever destroys something.
//! Invariants: where nobody can be asked, nothing is done (`nothing_is_destroyed_unasked`). After a crash: nothing is left.

use super::Ctx;
use crate::{
    outcome::{Exit, Failure},
    render::clean,
};

/// Asks for `slug` to be typed, unless it was confirmed already. `what` says in a sentence what would happen.
pub(super) fn ask(ctx: &mut Ctx<'_, '_>, slug: &str, what: &str) -> Result<(), Failure> {
    if ctx.confirmed {
        return Ok(());
    }
    if !ctx.world.input_is_terminal {
        return Err(Failure::local("not_confirmed", format!("{what}. Nobody is here to confirm that"))
            .next("say `--yes` to do it without being asked")
            .exit(Exit::Usage));
    }
    write!(ctx.world.err, "{}.\nType {} to go on: ", clean(what), clean(slug))?;
    ctx.world.err.flush()?;
    let mut typed = String::new();
    ctx.world.input.read_line(&mut typed)?;
    if typed.trim() == slug {
        return Ok(());
    }
    Err(Failure::local("not_confirmed", "that is not its name; nothing was done").exit(Exit::Usage))
}
