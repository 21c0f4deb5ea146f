//! `tenant psql` with the real psql: at home in one tenant, and nowhere else.

use crate::{
    process::{Ended, Process, run, tenantry},
    start::{Server, database, worker},
};
use serde_json::{Value, json};
use std::process::Command;
use tenantry_testkit::{OPERATOR, TestDatabase};

/// Two tenants, with an agent each, and what opens psql in the first.
struct Town {
    server: Server,
    other_schema: String,
    _worker: Process,
}

async fn town() -> Option<Town> {
    if !Command::new("psql").arg("--version").output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no psql on this machine");
        return None;
    }
    let database: TestDatabase = database(2).await;
    let server = Server::start(&database);
    let worker = worker(&database, 0);
    for (slug, agent) in [("acme", "Iris"), ("globex", "Vera")] {
        let line = format!("tenant create {slug} --name {slug} --admin-email admin@{slug}.example");
        run(&mut server.cli(&line)).expect(0);
        let key = run(&mut server.cli(&format!("key create --tenant {slug} -o json"))).expect(0).json();
        let body = json!({"name": agent, "role": "support"});
        let made = crate::http::post(&server.url, "/v1/agents", text(&key["key"]), &[], &body).reply();
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let other = run(&mut server.cli("tenant show globex -o json")).expect(0).json();
    Some(Town { other_schema: text(&other["schema_name"]).to_owned(), server, _worker: worker })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

impl Town {
    fn psql(&self, sql: &str) -> Ended {
        let mut psql = tenantry("tenant psql acme -- -X -A -t -q -v ON_ERROR_STOP=1 -c");
        psql.arg(sql).env("TENANTRY_URL", &self.server.url).env("TENANTRY_TOKEN", OPERATOR);
        run(&mut psql)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_is_at_home_in_one_tenant() {
    let Some(town) = town().await else { return };
    let own = town.psql("SELECT name FROM agents");
    assert_eq!((own.code, own.out.as_str()), (Some(0), "Iris\n"), "{}", own.err);
    assert!(own.err.contains("tenant acme, workspace the default one (wsp_"), "{}", own.err);
    assert_eq!(town.psql("UPDATE agents SET status = 'idle' RETURNING name").out, "Iris\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn psql_cannot_leave_its_tenant() {
    let Some(town) = town().await else { return };
    let other = &town.other_schema;
    let role = other.replace("tenant_", "_t_");
    let find_role = format!("SELECT rolname FROM pg_roles WHERE rolname LIKE '%{role}'");
    let role = town.psql(&find_role).out.trim().to_owned();
    assert!(!role.is_empty(), "the other tenant's role is not even there");
    for (sql, refusal) in [
        (format!("SELECT * FROM {other}.agents"), "permission denied"),
        (format!("SET search_path = {other}; SELECT * FROM agents"), "relation \"agents\" does not exist"),
        ("SELECT * FROM public.tenants".to_owned(), "permission denied"),
        (format!("SET ROLE {role}"), "permission denied to set role"),
        (format!("SET ROLE {role}_wide"), "permission denied to set role"),
        ("SET ROLE tenantry_test_owner".to_owned(), "permission denied to set role"),
        ("CREATE TABLE mine ()".to_owned(), "permission denied"),
        ("CREATE TEMP TABLE mine ()".to_owned(), "permission denied"),
        ("CREATE ROLE mine".to_owned(), "permission denied"),
        ("\\connect postgres".to_owned(), "permission denied"),
        ("\\connect template1".to_owned(), "permission denied"),
    ] {
        let refused = town.psql(&sql);
        assert!(
            refused.code != Some(0) && refused.err.contains(refusal),
            "{sql}: {} {}",
            refused.out,
            refused.err
        );
    }
}

/// psql is given what it needs, and not what opens the API.
#[tokio::test(flavor = "multi_thread")]
async fn psql_does_not_inherit_the_token() {
    let Some(town) = town().await else { return };
    let shown = town.psql("\\! env");
    assert!(shown.out.contains("PGAPPNAME=tenantry-psql"), "{} {}", shown.out, shown.err);
    assert!(!shown.out.contains(OPERATOR) && !shown.out.contains("TENANTRY_TOKEN"), "{}", shown.out);
}
