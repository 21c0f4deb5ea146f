//! The commands that are clients of the HTTP API.
//!
//! Owns: nothing; between two commands it keeps a sign-in (`credentials`). Calls: the HTTP API, `psql`. Called by: the binary.
//! Invariants: exit codes mean what `outcome` says (`exit_codes_follow_the_run` in `commands::tenant`); the token is
//! printed nowhere (`no_token_is_ever_printed` in `settings`); tests touch neither environment nor clock (`world`).
//! After a crash: nothing is left; a run that was being watched goes on in the server, and `run watch` picks it up.

mod api;
mod args;
mod clock;
mod commands;
mod credentials;
mod follow;
mod outcome;
mod progress;
mod render;
mod session;
mod settings;
mod sse;
mod style;
mod terminal;
#[cfg(test)]
mod testing;
mod world;

pub use args::{
    AuditCommand, AuditFilterArgs, ChangeArgs, Command, CreateTenantArgs, DestroyArgs, ExportArgs,
    ExportAuditArgs, Global, ImportArgs, ListAuditArgs, ListRunsArgs, ListTenantsArgs, Output, OwnLimitsArgs,
    PagingArgs, PsqlArgs, RetryArgs, RollbackArgs, RunCommand, TenantCommand, TierCommand, VerifyAuditArgs,
    WatchArgs,
    identity::{
        AcceptArgs, AccessGrantCommand, CreateAccessGrantArgs, CreateKeyArgs, CreateOperatorArgs, InviteArgs,
        InviteCommand, KeyCommand, LoginArgs, MemberCommand, OperatorCommand, RerollKeyArgs, SessionCommand,
        UpdateTenantArgs, WorkspaceCommand,
    },
};

pub use terminal::hidden_line;

use std::process::ExitCode;

/// Runs a command against the server that flags, environment or data folder name, and prints its result on standard
/// output, progress and errors on standard error.
///
/// `whole` is the command line of the whole binary; shell completions are made from it.
/// Exit codes: 0 done, 1 failed, 2 usage, 3 failed and undone, 4 needs a person. With `tenant psql` the process becomes
/// `psql`, and this function returns only when that was not possible.
pub fn run(global: &Global, command: &Command, whole: &clap::Command) -> ExitCode {
    let (mut input, mut out, mut err) = (std::io::stdin().lock(), std::io::stdout(), std::io::stderr());
    let mut world = world::World::of_process(&mut input, &mut out, &mut err);
    ExitCode::from(commands::dispatch(global, command, whole, &mut world).code())
}
