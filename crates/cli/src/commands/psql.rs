//! `tenant psql`: a temporary login from the server, then this process becomes `psql`.
//!
//! Owns: the environment of that psql. Calls: POST /v1/tenants/{slug}/psql-session, psql. Called by: dispatch.
//! Invariants: the password is in the environment of psql alone, never on a command line or in the output
//! (`the_password_is_in_the_environment_only`); no login is made when there is no psql (`no_psql_no_login`); a service file
//! or host of the user's own environment cannot lead the login elsewhere (`the_users_own_settings_do_not_lead_astray`); psql has no
//! secret of ours in its environment (`psql_does_not_inherit_the_token`).
//! After a crash: the login is left until it expires; the server ends and drops it.

use super::Ctx;
use crate::{
    api::{Answer, encode},
    args::PsqlArgs,
    outcome::{Exit, Failure},
    render::when,
    settings,
};
use chrono::SecondsFormat;
use std::{ffi::OsString, path::Path, process};
use tenantry_types::tenant::{CreatePsqlSession, PsqlSession};

/// Variables of libpq that would come before, or beside, the ones that are set here.
const ASTRAY: &[&str] =
    &["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE", "PGTARGETSESSIONATTRS", "PGREQUIRESSL"];

/// Variables that open more than this one tenant: a person at psql's prompt can print and pass on what is in its environment.
const SECRETS: &[&str] = &[
    "TENANTRY_TOKEN",
    "TENANTRY_OPERATOR_TOKEN",
    "TENANTRY_MASTER_KEY",
    "TENANTRY_MASTER_KEY_PREVIOUS",
    "TENANTRY_REDIS_URL",
    "DATABASE_URL",
];

/// `tenant psql`.
pub(crate) fn open(ctx: &mut Ctx<'_, '_>, args: &PsqlArgs) -> Result<Exit, Failure> {
    let Some(program) = settings::psql(ctx.world.lookup) else { return Err(missing()) };
    let wish = CreatePsqlSession { workspace: args.workspace.clone(), minutes: args.minutes };
    let path = format!("/v1/tenants/{}/psql-session", encode(&args.slug));
    let Answer { value: session, .. } = ctx.api.post::<_, PsqlSession>(&path, &wish)?;
    let workspace = args.workspace.as_deref().unwrap_or("the default one");
    let until = session.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    ctx.say(&format!(
        "tenant {}, workspace {workspace} ({}), until {until} ({})",
        args.slug,
        session.workspace_id,
        when(session.expires_at, ctx.world.clock.now())
    ))?;
    ctx.world.err.flush()?;
    let error = (ctx.world.exec)(&mut command(&program, &session, &args.args));
    let detail = format!("{} could not be started: {error}", program.display());
    Err(Failure::local("psql_failed", detail).next("set TENANTRY_PG_BIN to a folder with a psql that works"))
}

/// No psql on this machine.
pub(crate) fn missing() -> Failure {
    Failure::local("psql_missing", "psql is not on this machine").next(
        "install it (Debian: `apt-get install postgresql-client`), or set TENANTRY_PG_BIN to its folder",
    )
}

fn command(program: &Path, session: &PsqlSession, args: &[OsString]) -> process::Command {
    let options = format!(
        "-c search_path={} -c tenantry.workspace_id={}",
        option_value(&identifier(&session.schema_name)),
        session.workspace_uuid
    );
    let mut command = process::Command::new(program);
    for name in ASTRAY.iter().chain(SECRETS) {
        command.env_remove(name);
    }
    command
        .args(args)
        .env("PGHOST", &session.host)
        .env("PGPORT", session.port.to_string())
        .env("PGDATABASE", &session.database)
        .env("PGUSER", &session.user)
        .env("PGPASSWORD", &session.password)
        .env("PGSSLMODE", &session.ssl_mode)
        .env("PGAPPNAME", "tenantry-psql")
        .env("PGOPTIONS", options);
    command
}

/// `name` as a list of schemas reads it.
fn identifier(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `value` as one word of PGOPTIONS: spaces and backslashes are escaped by a backslash.
fn option_value(value: &str) -> String {
    value
        .chars()
        .flat_map(|c| (c.is_whitespace() || c == '\\').then_some('\\').into_iter().chain([c]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Folder, Hands, Server, json};
    use std::{fs, os::unix::fs::PermissionsExt};

    const SESSION: &str = r#"{"host":"/run/pg","port":5433,"database":"tenantry","user":"tmp_1","password":"pa55 word","ssl_mode":"disable","schema_name":"t_x1","workspace_id":"wsp_00000000000000000000000003","workspace_uuid":"00000000-0000-0000-0000-000000000003","expires_at":"2026-03-04T13:00:00Z"}"#;

    /// A program in the place of psql that tells what it was started with.
    fn fake_psql() -> Folder {
        let folder = Folder::new();
        folder.write("psql", "#!/bin/sh\necho \"args: $*\"\nenv | grep ^PG | sort\n");
        fs::set_permissions(folder.path().join("psql"), fs::Permissions::from_mode(0o755)).unwrap();
        folder
    }

    #[test]
    fn the_password_is_in_the_environment_only() {
        let (server, folder) = (Server::start(vec![json(201, SESSION)]), fake_psql());
        let hands = Hands::at(&server).var("PATH", &folder.path().display().to_string());
        let ran = hands.run("tenant psql acme --workspace sales --minutes 5 -- -c select");
        let banner = "tenant acme, workspace sales (wsp_00000000000000000000000003), until 2026-03-04T13:00:00Z (in 1 h)\n";
        assert!(ran.err.starts_with(banner) && !ran.err.contains("pa55"), "{}", ran.err);
        // The real psql never comes back; the one of this test does, which counts as a failure to start.
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        insta::assert_snapshot!(ran.became.unwrap(), @r"
        args: -c select
        PGAPPNAME=tenantry-psql
        PGDATABASE=tenantry
        PGHOST=/run/pg
        PGOPTIONS=-c search_path=t_x1 -c tenantry.workspace_id=00000000-0000-0000-0000-000000000003
        PGPASSWORD=pa55 word
        PGPORT=5433
        PGSSLMODE=disable
        PGUSER=tmp_1
        ");
        let seen = &server.seen()[0];
        assert_eq!(
            (seen.target.as_str(), seen.body.as_str()),
            ("/v1/tenants/acme/psql-session", r#"{"workspace":"sales","minutes":5}"#)
        );
    }

    #[test]
    fn the_users_own_settings_do_not_lead_astray() {
        let session: PsqlSession = serde_json::from_str(SESSION).unwrap();
        let command = command(Path::new("psql"), &session, &[]);
        for name in ASTRAY.iter().chain(SECRETS) {
            assert!(command.get_envs().any(|(key, value)| key == *name && value.is_none()), "{name}");
        }
    }

    #[test]
    fn no_psql_no_login() {
        let server = Server::start(vec![json(201, SESSION)]);
        let ran = Hands::at(&server).run("tenant psql acme");
        assert_eq!((ran.code, server.seen().len()), (1, 0));
        insta::assert_snapshot!(ran.err, @r"
        error: psql is not on this machine
        next: install it (Debian: `apt-get install postgresql-client`), or set TENANTRY_PG_BIN to its folder
        ");
    }

    #[test]
    fn odd_schema_names_are_quoted() {
        for (name, quoted) in [("t_1a", "t_1a"), ("1a", "\"1a\""), ("My \"s\\", "\"My\\ \"\"s\\\\\"")] {
            assert_eq!(option_value(&identifier(name)), quoted);
        }
    }
}
