//! `doctor`: is the server there and well, is the database fit, is this machine fit.
//!
//! Owns: nothing; the server computes what concerns the database. Calls: /readyz, /openapi.json, /v1/doctor.
//! Called by: dispatch. Invariants: what cannot be checked is not called healthy (`what_cannot_be_checked_fails`); one
//! failing item makes exit 1 (`one_failing_item_makes_exit_1`). After a crash: nothing is left.

use super::{Ctx, psql};
use crate::{
    api::Answer,
    outcome::{Exit, Failure},
    render::clean,
    settings,
    style::{Ink, paint},
};
use serde::Deserialize;
use std::fmt::Write as _;
use tenantry_types::health::{Check, CheckStatus, Health};

#[derive(Deserialize)]
struct Description {
    info: Info,
}

#[derive(Deserialize)]
struct Info {
    version: String,
}

fn item(name: &str, status: CheckStatus, detail: impl Into<String>, advice: Option<String>) -> Check {
    Check { name: name.to_owned(), status, detail: Some(detail.into()), advice, duration_ms: None }
}

fn failed(name: &str, failure: &Failure) -> Check {
    let advice = Some(failure.next_steps.join("; ")).filter(|advice| !advice.is_empty());
    item(name, CheckStatus::Failing, failure.detail.clone(), advice)
}

/// `doctor`.
pub(crate) fn doctor(ctx: &mut Ctx<'_, '_>, security: bool) -> Result<Exit, Failure> {
    if security {
        // What concerns this machine is no control of the server's.
        let items = told(ctx, "/v1/doctor?security=true");
        return report(ctx, items);
    }
    let mut items = Vec::new();
    match ctx.api.get_any("/readyz?verbose") {
        Ok((status, text)) => {
            items.push(server(ctx));
            items.extend(readiness(ctx, status, text));
            items.extend(told(ctx, "/v1/doctor"));
        }
        Err(failure) => items.push(failed("server", &failure)),
    }
    items.push(local_psql(ctx));
    report(ctx, items)
}

fn report(ctx: &mut Ctx<'_, '_>, items: Vec<Check>) -> Result<Exit, Failure> {
    let report = Health::of(env!("CARGO_PKG_VERSION"), items);
    let json = serde_json::to_string(&report).map_err(std::io::Error::from)?;
    let colour = ctx.out_colour();
    ctx.result(&json, |_| lines(&report, colour))?;
    Ok(if report.status == CheckStatus::Failing { Exit::Failed } else { Exit::Done })
}

/// The server answers; which version it is, and whether this one fits it.
fn server(ctx: &Ctx<'_, '_>) -> Check {
    let (base, own) = (ctx.api.base(), env!("CARGO_PKG_VERSION"));
    match ctx.api.get::<Description>("/openapi.json") {
        Ok(Answer { value, .. }) if value.info.version == own => {
            item("server", CheckStatus::Ok, format!("{base} answers, version {own}"), None)
        }
        Ok(Answer { value, .. }) => item(
            "server",
            CheckStatus::Warn,
            format!("{base} answers, version {}; this command is {own}", value.info.version),
            Some("use the same version on both sides".to_owned()),
        ),
        Err(failure) => {
            item("server", CheckStatus::Warn, format!("{base} answers, version unknown: {failure}"), None)
        }
    }
}

fn readiness(ctx: &Ctx<'_, '_>, status: u16, text: String) -> Vec<Check> {
    // 503 is how a server says that it is not ready; it names its checks all the same.
    if let Ok(Answer { value: Health { checks, .. }, .. }) = Answer::<Health>::read(text.clone(), "/readyz") {
        let all_well = checks.iter().all(|item| item.status != CheckStatus::Failing);
        let mut checks = checks;
        if all_well && status != 200 {
            checks.push(item(
                "readiness",
                CheckStatus::Failing,
                format!("the server answered {status}"),
                None,
            ));
        }
        return checks;
    }
    vec![failed("readiness", &Failure::of_answer(ctx.api.base(), status, None, text))]
}

/// What the server tells of its database, or of its controls.
fn told(ctx: &Ctx<'_, '_>, path: &str) -> Vec<Check> {
    if let Err(failure) = ctx.api.need_token() {
        return vec![failed("token", &failure)];
    }
    match ctx.api.get::<Health>(path) {
        Ok(Answer { value, .. }) => value.checks,
        Err(failure) => vec![failed("database", &failure)],
    }
}

fn local_psql(ctx: &Ctx<'_, '_>) -> Check {
    match settings::psql(ctx.world.lookup) {
        Some(path) => item("psql", CheckStatus::Ok, path.display().to_string(), None),
        // Only one command needs it.
        None => Check { status: CheckStatus::Warn, ..failed("psql", &psql::missing()) },
    }
}

fn lines(report: &Health, colour: bool) -> String {
    let widest = report.checks.iter().map(|item| item.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for item in &report.checks {
        let (word, ink) = match item.status {
            CheckStatus::Ok => ("ok", Ink::Good),
            CheckStatus::Warn => ("warn", Ink::Warn),
            CheckStatus::Failing => ("failing", Ink::Bad),
        };
        let (status, name) = (paint(&format!("{word:<7}"), ink, colour), clean(&item.name));
        let line =
            format!("{status}  {name:<widest$}  {}", clean(item.detail.as_deref().unwrap_or_default()));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
        if let Some(advice) = item.advice.as_deref().filter(|_| item.status != CheckStatus::Ok) {
            let _ = writeln!(text, "{:9}{:widest$}  next: {}", "", "", clean(advice));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::testing::{Folder, Hands, Server, closed_port, json};
    use std::{fs, os::unix::fs::PermissionsExt};

    const READY: &str = r#"{"status":"ok","version":"1","checks":[{"name":"database","status":"ok","detail":"PostgreSQL 17.12","duration_ms":0.4}]}"#;
    const DOCTOR: &str = r#"{"status":"warn","version":"1","checks":[{"name":"postgres version","status":"warn","detail":"15.19","advice":"update to 15.20"},{"name":"roles","status":"ok","detail":"2 logins","advice":null}]}"#;

    fn version(version: &str) -> String {
        format!(r#"{{"openapi":"3.1.0","info":{{"title":"Tenantry","version":"{version}"}}}}"#)
    }

    #[test]
    fn every_item_is_listed_with_advice() {
        let folder = Folder::new();
        folder.write("psql", "");
        fs::set_permissions(folder.path().join("psql"), fs::Permissions::from_mode(0o755)).unwrap();
        let own = version(env!("CARGO_PKG_VERSION"));
        let server = Server::start(vec![json(200, READY), json(200, &own), json(200, DOCTOR)]);
        let place = folder.path().display().to_string();
        let ran = Hands::at(&server).var("PATH", &place).run("doctor");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        let out = ran.out.replace(&place, "/bin").replace(env!("CARGO_PKG_VERSION"), "V");
        insta::assert_snapshot!(out, @r"
        ok       server            http://server answers, version V
        ok       database          PostgreSQL 17.12
        warn     postgres version  15.19
                                   next: update to 15.20
        ok       roles             2 logins
        ok       psql              /bin/psql
        ");
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, ["/readyz?verbose", "/openapi.json", "/v1/doctor"]);
    }

    #[test]
    fn one_failing_item_makes_exit_1() {
        let failing = READY.replace(r#""status":"ok","detail""#, r#""status":"failing","detail""#);
        let server =
            Server::start(vec![json(503, &failing), json(200, &version("9.9.9")), json(200, DOCTOR)]);
        let ran = Hands::at(&server).run("doctor -o json");
        assert_eq!(ran.code, 1);
        insta::assert_snapshot!(ran.out.replace(env!("CARGO_PKG_VERSION"), "V"), @r#"{"status":"failing","version":"V","checks":[{"name":"server","status":"warn","detail":"http://server answers, version 9.9.9; this command is V","advice":"use the same version on both sides"},{"name":"database","status":"failing","detail":"PostgreSQL 17.12","duration_ms":0.4},{"name":"postgres version","status":"warn","detail":"15.19","advice":"update to 15.20"},{"name":"roles","status":"ok","detail":"2 logins"},{"name":"psql","status":"warn","detail":"psql is not on this machine","advice":"install it (Debian: `apt-get install postgresql-client`), or set TENANTRY_PG_BIN to its folder"}]}"#);
    }

    #[test]
    fn what_cannot_be_checked_fails() {
        let odd = r#"{"status":"ok","version":"1","checks":[{"name":"x","status":"splendid"}]}"#;
        let replies = vec![json(503, r#"{"status":"ok","version":"1"}"#), json(404, "no"), json(200, odd)];
        let ran = Hands::at(&Server::start(replies)).run("doctor");
        assert_eq!(ran.code, 1);
        insta::assert_snapshot!(ran.out, @r"
        warn     server     http://server answers, version unknown: http://server answered 404 and did not say why
        failing  readiness  the server answered 503
        failing  database   the answer to /v1/doctor is not what this version understands: must be one of ok, warn, failing at line 1 column 71
                            next: compare the versions: `tenantry doctor`
        warn     psql       psql is not on this machine
                            next: install it (Debian: `apt-get install postgresql-client`), or set TENANTRY_PG_BIN to its folder
        ");
    }

    #[test]
    fn the_checklist_is_told_item_by_item() {
        let list = r#"{"status":"failing","version":"1","checks":[{"name":"tables_guarded","status":"ok","detail":"9 guards of tables looked at"},{"name":"isolation_proof_fresh","status":"failing","detail":"1 open","advice":"prove it"}]}"#;
        let server = Server::start(vec![json(200, list)]);
        let ran = Hands::at(&server).run("doctor --security");
        assert_eq!(ran.code, 1);
        insta::assert_snapshot!(ran.out, @r"
        ok       tables_guarded         9 guards of tables looked at
        failing  isolation_proof_fresh  1 open
                                        next: prove it
        ");
        let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
        assert_eq!(targets, ["/v1/doctor?security=true"]);
    }

    #[test]
    fn a_server_that_is_not_there_is_an_item() {
        let url = closed_port();
        let ran = Hands::new().var("TENANTRY_URL", &url).run("doctor");
        assert_eq!(ran.code, 1);
        insta::assert_snapshot!(ran.out.replace(&url, "http://server"), @r"
        failing  server  nothing answers at http://server
                         next: start it with `tenantry dev`, or set TENANTRY_URL
        warn     psql    psql is not on this machine
                         next: install it (Debian: `apt-get install postgresql-client`), or set TENANTRY_PG_BIN to its folder
        ");
    }

    #[test]
    fn a_missing_token_is_an_item() {
        let server = Server::start(vec![json(200, READY), json(200, &version("9.9.9"))]);
        let ran = Hands::new().var("TENANTRY_URL", server.url()).run("doctor");
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("failing  token     no token for"), "{}", ran.out);
    }
}
