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
mod key;
mod life;
mod lists;
mod psql;
mod runs;
mod tenant;

use crate::{
    api::{Answer, Api},
    args::{AuditCommand, Command, Global, KeyCommand, Output, RunCommand, TenantCommand},
    outcome::{Exit, Failure},
    progress::Progress,
    render::facts,
    settings::{self, Settings},
    style::{Ink, paint},
    world::World,
};
use chrono::{DateTime, Utc};
use tenantry_types::key::Me;

/// What a command works with.
pub(crate) struct Ctx<'w, 'a> {
    /// The server.
    pub api: Api,
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
    let api = Api::new(settings, world.proxy.clone())?;
    let colourless = settings::colourless(world.lookup);
    let mut ctx =
        Ctx { api, world, output: global.output, quiet: global.quiet, confirmed: global.yes, colourless };
    if !matches!(command, Command::Doctor) {
        ctx.api.need_token()?;
    }
    match command {
        Command::Tenant(TenantCommand::Create(args)) => tenant::create(&mut ctx, args),
        Command::Tenant(TenantCommand::List(args)) => tenant::list(&mut ctx, args),
        Command::Tenant(TenantCommand::Show { slug }) => tenant::show(&mut ctx, slug),
        Command::Tenant(TenantCommand::Psql(args)) => psql::open(&mut ctx, args),
        Command::Tenant(TenantCommand::Adopt(args)) => adopt::adopt(&mut ctx, args),
        Command::Tenant(TenantCommand::Export(args)) => archive::export(&mut ctx, args),
        Command::Tenant(TenantCommand::Import(args)) => archive::import(&mut ctx, args),
        Command::Run(RunCommand::Show { id }) => runs::show(&mut ctx, *id),
        Command::Tenant(TenantCommand::Suspend(args)) => life::change(&mut ctx, "suspend", args),
        Command::Tenant(TenantCommand::Resume(args)) => life::change(&mut ctx, "resume", args),
        Command::Tenant(TenantCommand::Restore(args)) => life::change(&mut ctx, "restore", args),
        Command::Tenant(TenantCommand::Delete(args)) => life::delete(&mut ctx, args),
        Command::Tenant(TenantCommand::Purge(args)) => life::purge(&mut ctx, args),
        Command::Run(RunCommand::Watch(args)) => match args.id {
            Some(id) => runs::watch(&mut ctx, id),
            None => feed::watch(&mut ctx),
        },
        Command::Run(RunCommand::Rollback(args)) => runs::roll_back(&mut ctx, args),
        Command::Run(RunCommand::Retry(args)) => runs::retry(&mut ctx, args),
        Command::Run(RunCommand::List(args)) => runs::list(&mut ctx, args),
        Command::Key(KeyCommand::Create(args)) => key::create(&mut ctx, args),
        Command::Audit(AuditCommand::List(args)) => audit::list(&mut ctx, args),
        Command::Audit(AuditCommand::Tail { tenant }) => audit::tail(&mut ctx, tenant.as_deref()),
        Command::Audit(AuditCommand::Verify(args)) => audit::verify(&mut ctx, args),
        Command::Audit(AuditCommand::Export(args)) => audit::export(&mut ctx, args),
        Command::Whoami => whoami(&mut ctx),
        Command::Doctor => doctor::doctor(&mut ctx),
        Command::Completions { .. } => Ok(Exit::Done),
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
    pub(crate) fn progress(&mut self) -> (&Api, &dyn crate::clock::Clock, Progress<'_>) {
        let colour = self.err_colour();
        let live =
            self.world.err_is_terminal && (self.world.lookup)("TERM").is_none_or(|term| term != "dumb");
        let progress = Progress::new(&mut *self.world.err, live, colour, self.quiet);
        (&self.api, self.world.clock, progress)
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

fn whoami(ctx: &mut Ctx<'_, '_>) -> Result<Exit, Failure> {
    let Answer { value, text } = ctx.api.get::<Me>("/v1/me")?;
    let server = ctx.api.base().to_owned();
    ctx.result(&text, |_| match value {
        Me::Operator { .. } => {
            facts(&[("server", server), ("you are", "an operator of the platform".to_owned())])
        }
        Me::User { id, email, .. } => facts(&[("server", server), ("you are", format!("{email} ({id})"))]),
        Me::Member { id, email, tenant_id, tenant, workspace_id, role, .. } => facts(&[
            ("server", server),
            ("you are", format!("{email} ({id})")),
            ("tenant", format!("{tenant} ({tenant_id})")),
            ("workspace", workspace_id.to_string()),
            ("role", role.to_string()),
        ]),
        Me::Granted { id, operator, tenant_id, tenant, workspace_id, role } => facts(&[
            ("server", server),
            ("you are", format!("{operator}, by the grant {id}")),
            ("tenant", format!("{tenant} ({tenant_id})")),
            ("workspace", workspace_id.to_string()),
            ("role", role.to_string()),
        ]),
        Me::ApiKey { id, name, tenant_id, tenant, plan_tier, workspace_id, role } => facts(&[
            ("server", server),
            ("you are", format!("the API key {name} ({id})")),
            ("tenant", format!("{tenant} ({tenant_id})")),
            ("tier", plan_tier.to_string()),
            ("workspace", workspace_id.to_string()),
            ("role", role.to_string()),
        ]),
    })?;
    Ok(Exit::Done)
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
    fn whoami_tells_operators_from_keys() {
        let key = r#"{"kind":"api_key","id":"key_00000000000000000000000001","name":"ci","tenant_id":"ten_00000000000000000000000002","tenant":"acme","plan_tier":"pro","workspace_id":"wsp_00000000000000000000000003","role":"member"}"#;
        let server = Server::start(vec![json(200, r#"{"kind":"operator"}"#), json(200, key), json(200, key)]);
        let hands = Hands::at(&server);
        insta::assert_snapshot!(hands.run("whoami").out, @r"
        server   http://server
        you are  an operator of the platform
        ");
        insta::assert_snapshot!(hands.run("whoami").out, @r"
        server     http://server
        you are    the API key ci (key_00000000000000000000000001)
        tenant     acme (ten_00000000000000000000000002)
        tier       pro
        workspace  wsp_00000000000000000000000003
        role       member
        ");
        assert_eq!(hands.run("-o json whoami").out, format!("{key}\n"));
        assert_eq!(server.seen()[0].header("authorization"), Some("Bearer test-token"));
    }

    #[test]
    fn without_a_token_it_says_where_to_get_one() {
        let ran = Hands::new().var("TENANTRY_URL", "http://server").run("whoami");
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        insta::assert_snapshot!(ran.err, @r"
        error: no token for http://server
        next: start `tenantry dev` in this folder, which makes one and leaves it where this command finds it
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
