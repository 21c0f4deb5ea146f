//! From a parsed command line to its end: settings, client, the command itself, and how a failure is told.
//!
//! Owns: the order in which that happens. Calls: every command. Called by: lib.
//! Invariants: completions need no server (`completions_need_no_server`); results go to standard output, everything else
//! to standard error (`quiet_leaves_results_only` in `tenant`). After a crash: nothing is left.

mod adopt;
mod archive;
mod audit;
mod confirm;
mod doctor;
mod feed;
mod grants;
mod invites;
mod key;
mod life;
mod lists;
mod login;
mod members;
mod offers;
mod operators;
#[cfg(test)]
mod people_tests;
mod psql;
mod runs;
mod secret;
mod sessions;
mod tenant;
mod verify;
mod whoami;
mod workspaces;

use crate::{
    api::{Answer, Api},
    args::{
        AuditCommand, Command, Global, Output, RunCommand, TenantCommand, TierCommand, VerifyCommand,
        identity::{
            AccessGrantCommand, InviteCommand, KeyCommand, MemberCommand, OperatorCommand, SessionCommand,
            WorkspaceCommand,
        },
    },
    outcome::{Exit, Failure},
    progress::Progress,
    settings::{self, Settings},
    style::{Ink, paint},
    world::World,
};
use chrono::{DateTime, Utc};

/// What a command works with.
pub(crate) struct Ctx<'w, 'a> {
    /// The server.
    pub api: Api<'a>,
    /// The rest of the outside.
    pub world: &'w mut World<'a>,
    output: Output,
    quiet: bool,
    confirmed: bool,
    colourless: bool,
}

/// Runs a command, tells its failure, and says how it ended.
pub(crate) fn dispatch(
    global: &Global,
    command: &Command,
    whole: &clap::Command,
    world: &mut World<'_>,
) -> Exit {
    let colour = world.err_is_terminal && !settings::colourless(world.lookup);
    let end = perform(global, command, whole, world).and_then(|exit| {
        world.out.flush()?;
        Ok(exit)
    });
    match end {
        Ok(exit) => exit,
        Err(failure) if failure.is_closed_pipe() => failure.exit,
        Err(failure) => {
            // When standard error is gone too, the exit code is all that can still be said.
            let _ = failure.print(global.output, colour, world.err);
            failure.exit
        }
    }
}

fn perform(
    global: &Global,
    command: &Command,
    whole: &clap::Command,
    world: &mut World<'_>,
) -> Result<Exit, Failure> {
    if let Command::Completions { shell } = command {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut whole.clone(), whole.get_name().to_owned(), &mut script);
        world.out.write_all(&script)?;
        return Ok(Exit::Done);
    }
    let settings =
        Settings::find(global.url.as_deref(), global.token.as_deref(), world.lookup, &world.folder)?;
    let api = Api::new(settings, world.proxy.clone(), world.clock)?;
    let colourless = settings::colourless(world.lookup);
    let mut ctx =
        Ctx { api, world, output: global.output, quiet: global.quiet, confirmed: global.yes, colourless };
    if needs_token(command) {
        ctx.api.need_token()?;
    }
    match command {
        Command::Tenant(command) => on_tenants(&mut ctx, command),
        Command::Tier(TierCommand::List) => offers::tiers(&mut ctx),
        Command::Run(RunCommand::Show { id }) => runs::show(&mut ctx, *id),
        Command::Run(RunCommand::Watch(args)) => match args.id {
            Some(id) => runs::watch(&mut ctx, id),
            None => feed::watch(&mut ctx),
        },
        Command::Run(RunCommand::Rollback(args)) => runs::roll_back(&mut ctx, args),
        Command::Run(RunCommand::Retry(args)) => runs::retry(&mut ctx, args),
        Command::Run(RunCommand::List(args)) => runs::list(&mut ctx, args),
        Command::Login(args) => login::login(&mut ctx, args),
        Command::Logout => login::logout(&mut ctx),
        Command::Switch { tenant, workspace } => login::switch(&mut ctx, tenant, workspace.as_deref()),
        Command::Session(SessionCommand::List { paging }) => sessions::list(&mut ctx, paging),
        Command::Session(SessionCommand::End { id }) => sessions::end(&mut ctx, *id),
        Command::Session(SessionCommand::EndOthers) => sessions::end_others(&mut ctx),
        Command::Member(command) => on_members(&mut ctx, command),
        Command::Invite(command) => on_invitations(&mut ctx, command),
        Command::Key(command) => on_keys(&mut ctx, command),
        Command::Workspace(command) => on_workspaces(&mut ctx, command),
        Command::Operator(command) => on_operators(&mut ctx, command),
        Command::AccessGrant(command) => on_grants(&mut ctx, command),
        Command::Audit(AuditCommand::List(args)) => audit::list(&mut ctx, args),
        Command::Audit(AuditCommand::Tail { tenant }) => audit::tail(&mut ctx, tenant.as_deref()),
        Command::Audit(AuditCommand::Verify(args)) => audit::verify(&mut ctx, args),
        Command::Audit(AuditCommand::Export(args)) => audit::export(&mut ctx, args),
        Command::Whoami => whoami::whoami(&mut ctx),
        Command::Verify(VerifyCommand::Isolation(args)) => verify::isolation(&mut ctx, args),
        Command::Doctor { security } => doctor::doctor(&mut ctx, *security),
        Command::Completions { .. } => Ok(Exit::Done),
    }
}

/// Whether a command can do nothing without a token.
fn needs_token(command: &Command) -> bool {
    !matches!(
        command,
        Command::Doctor { .. }
            | Command::Login(_)
            | Command::Logout
            | Command::Invite(InviteCommand::Accept(_))
            | Command::Key(KeyCommand::Check)
    )
}

fn on_tenants(ctx: &mut Ctx<'_, '_>, command: &TenantCommand) -> Result<Exit, Failure> {
    match command {
        TenantCommand::Create(args) => tenant::create(ctx, args),
        TenantCommand::List(args) => tenant::list(ctx, args),
        TenantCommand::Show { slug } => tenant::show(ctx, slug),
        TenantCommand::Versions => offers::versions(ctx),
        TenantCommand::Update(args) => tenant::update(ctx, args),
        TenantCommand::InviteOwner { slug } => tenant::invite_owner(ctx, slug),
        TenantCommand::Psql(args) => psql::open(ctx, args),
        TenantCommand::Adopt(args) => adopt::adopt(ctx, args),
        TenantCommand::Export(args) => archive::export(ctx, args),
        TenantCommand::Import(args) => archive::import(ctx, args),
        TenantCommand::Suspend(args) => life::change(ctx, "suspend", args),
        TenantCommand::Resume(args) => life::change(ctx, "resume", args),
        TenantCommand::Restore(args) => life::change(ctx, "restore", args),
        TenantCommand::Delete(args) => life::delete(ctx, args),
        TenantCommand::Purge(args) => life::purge(ctx, args),
    }
}

fn on_members(ctx: &mut Ctx<'_, '_>, command: &MemberCommand) -> Result<Exit, Failure> {
    match command {
        MemberCommand::List { paging } => members::list(ctx, paging),
        MemberCommand::SetRole { member, role } => members::set_role(ctx, member, role),
        MemberCommand::Remove { member } => members::remove(ctx, member),
        MemberCommand::Leave => members::leave(ctx),
    }
}

fn on_invitations(ctx: &mut Ctx<'_, '_>, command: &InviteCommand) -> Result<Exit, Failure> {
    match command {
        InviteCommand::Create(args) => invites::create(ctx, args),
        InviteCommand::List { paging } => invites::list(ctx, paging),
        InviteCommand::Revoke { invitation } => invites::revoke(ctx, invitation),
        InviteCommand::Accept(args) => invites::accept(ctx, args),
    }
}

fn on_keys(ctx: &mut Ctx<'_, '_>, command: &KeyCommand) -> Result<Exit, Failure> {
    match command {
        KeyCommand::Create(args) => key::create(ctx, args),
        KeyCommand::List { paging } => key::list(ctx, paging),
        KeyCommand::Reroll(args) => key::reroll(ctx, args),
        KeyCommand::Revoke { id } => key::revoke(ctx, *id),
        KeyCommand::Check => key::check(ctx),
    }
}

fn on_workspaces(ctx: &mut Ctx<'_, '_>, command: &WorkspaceCommand) -> Result<Exit, Failure> {
    match command {
        WorkspaceCommand::List { archived } => workspaces::list(ctx, *archived),
        WorkspaceCommand::Create { slug, name } => workspaces::create(ctx, slug, name),
        WorkspaceCommand::Rename { workspace, name } => workspaces::rename(ctx, workspace, name),
        WorkspaceCommand::Archive { workspace } => workspaces::archive(ctx, workspace),
        WorkspaceCommand::Unarchive { workspace } => workspaces::unarchive(ctx, workspace),
        WorkspaceCommand::SetDefault { workspace } => workspaces::set_default(ctx, workspace),
    }
}

fn on_operators(ctx: &mut Ctx<'_, '_>, command: &OperatorCommand) -> Result<Exit, Failure> {
    match command {
        OperatorCommand::List { paging } => operators::list(ctx, paging),
        OperatorCommand::Create(args) => operators::create(ctx, args),
        OperatorCommand::SetRole { operator, role } => operators::set_role(ctx, operator, role),
        OperatorCommand::Unlock { operator } => operators::unlock(ctx, operator),
        OperatorCommand::Remove { operator } => operators::remove(ctx, operator),
    }
}

fn on_grants(ctx: &mut Ctx<'_, '_>, command: &AccessGrantCommand) -> Result<Exit, Failure> {
    match command {
        AccessGrantCommand::Create(args) => grants::create(ctx, args),
        AccessGrantCommand::List { tenant, paging } => grants::list(ctx, tenant.as_deref(), paging),
        AccessGrantCommand::End { id } => grants::end(ctx, *id),
    }
}

impl Ctx<'_, '_> {
    /// Prints a result: the API's JSON, or what `table` makes of it at the present time.
    pub(crate) fn result(
        &mut self,
        json: &str,
        table: impl FnOnce(DateTime<Utc>) -> String,
    ) -> Result<(), Failure> {
        match self.output {
            Output::Json => writeln!(self.world.out, "{}", json.trim_end())?,
            Output::Table => write!(self.world.out, "{}", table(self.world.clock.now()))?,
        }
        Ok(self.world.out.flush()?)
    }

    /// Ends a command whose answer may be empty: prints the JSON that came, or says `sentence`.
    pub(crate) fn done(&mut self, json: &str, sentence: &str) -> Result<Exit, Failure> {
        if self.is_json() && json != "null" {
            self.result(json, |_| String::new())?;
        }
        self.say(sentence)?;
        Ok(Exit::Done)
    }

    /// DELETE of what is at `path`, and says that it was done.
    pub(crate) fn remove(&mut self, path: &str, sentence: &str) -> Result<Exit, Failure> {
        let Answer { text, .. } = self.api.delete::<serde_json::Value>(path)?;
        self.done(&text, sentence)
    }

    /// Says something beside the result, unless that is unwanted.
    pub(crate) fn say(&mut self, text: &str) -> Result<(), Failure> {
        if !self.quiet {
            writeln!(self.world.err, "{}", crate::render::clean(text))?;
        }
        Ok(())
    }

    /// Says what the reader may want to do now.
    pub(crate) fn hint(&mut self, text: &str) -> Result<(), Failure> {
        if !self.quiet {
            let word = paint("next:", Ink::Good, self.err_colour());
            writeln!(self.world.err, "{word} {}", crate::render::clean(text))?;
        }
        Ok(())
    }

    /// Progress on standard error, and the client and clock to follow a run with.
    pub(crate) fn progress(&mut self) -> (&Api<'_>, &dyn crate::clock::Clock, Progress<'_>) {
        let (colour, live) = (self.err_colour(), self.is_watched());
        let progress = Progress::new(&mut *self.world.err, live, colour, self.quiet);
        (&self.api, self.world.clock, progress)
    }

    /// Whether standard error is a terminal on which something can move.
    pub(crate) fn is_watched(&self) -> bool {
        self.world.err_is_terminal && (self.world.lookup)("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether standard output takes colour.
    pub(crate) fn out_colour(&self) -> bool {
        self.world.out_is_terminal && !self.colourless
    }

    /// Whether results are the API's JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self.output, Output::Json)
    }

    fn err_colour(&self) -> bool {
        self.world.err_is_terminal && !self.colourless
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Hands, Server, json};

    #[test]
    fn completions_need_no_server() {
        for shell in ["bash", "zsh", "fish"] {
            let ran = Hands::new().run(&format!("completions {shell}"));
            assert_eq!((ran.code, ran.err.as_str()), (0, ""));
            assert!(ran.out.contains("tenantry") && ran.out.contains("admin-email"), "{shell}");
        }
    }

    #[test]
    fn without_a_token_it_says_where_to_get_one() {
        let ran = Hands::new().var("TENANTRY_URL", "http://server").run("whoami");
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        insta::assert_snapshot!(ran.err, @r"
        error: no token for http://server
        next: log in: `tenantry login`
        next: or start `tenantry dev` in this folder, which makes one and leaves it where this command finds it
        next: or set TENANTRY_TOKEN to the operator token of the server (its TENANTRY_OPERATOR_TOKEN)
        ");
    }

    #[test]
    fn errors_are_json_when_results_are() {
        let body = r#"{"type":"https://tenantry.dev/problems/unauthenticated","title":"A valid token is required","status":401,"detail":"the token is not known","code":"unauthenticated","request_id":"r-1"}"#;
        let server = Server::start(vec![json(401, body), json(401, body)]);
        let hands = Hands::at(&server);
        assert_eq!(hands.run("whoami -o json").err, format!("{body}\n"));
        insta::assert_snapshot!(hands.run("whoami").err, @r"
        error: the token is not known
        next: check TENANTRY_TOKEN: the server does not know this token
        request id: r-1
        ");
    }

    #[test]
    fn a_reader_who_leaves_ends_it_quietly() {
        let server = Server::start(vec![json(200, r#"{"kind":"operator"}"#)]);
        let ran = Hands::at(&server).closed_output().run("whoami");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    }
}
