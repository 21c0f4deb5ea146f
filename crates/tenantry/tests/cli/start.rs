//! A server and a worker as two processes against one database of the test kit, each with what it is given for production.

use crate::process::{Process, tenantry};
use serde_json::{Value, json};
use std::{collections::BTreeMap, process::Command};
use tenantry_core::{ctx::Ctx, placement::Template};
use tenantry_testkit::{OPERATOR, TestDatabase, cluster};

/// A database with its control plane, and some warm slots.
pub async fn database(slots: usize) -> TestDatabase {
    let database = TestDatabase::new(Ctx::system()).await;
    if slots > 0 {
        database.placement.fill(slots).await.unwrap_or_else(|error| panic!("{error}"));
    }
    database
}

/// One with tables, but without logins and grants: as before the first `migrate-control`.
pub async fn bare_database() -> TestDatabase {
    TestDatabase::bare(Ctx::system(), Template::built_in().unwrap_or_else(|error| panic!("{error}"))).await
}

/// What a server is given: no owner's credential.
pub fn server_environment(database: &TestDatabase) -> BTreeMap<String, String> {
    let mut environment = database.environment();
    environment.remove("DATABASE_URL");
    let url = cluster().url("nobody", "", database.target.database());
    let (_, place) = url.split_once('@').unwrap_or_else(|| panic!("no place in {url}"));
    environment.insert("TENANTRY_SERVER_URL".to_owned(), format!("postgresql://{place}"));
    environment.insert("TENANTRY_METRICS_LISTEN".to_owned(), "127.0.0.1:0".to_owned());
    environment
}

/// What a worker is given.
pub fn worker_environment(database: &TestDatabase, slots: usize) -> BTreeMap<String, String> {
    let mut environment = database.environment();
    environment.remove("TENANTRY_OPERATOR_TOKEN");
    environment.insert("TENANTRY_WARM_SLOTS".to_owned(), slots.to_string());
    environment
}

/// A command with such an environment.
pub fn with(line: &str, environment: &BTreeMap<String, String>) -> Command {
    let mut command = tenantry(line);
    command.envs(environment);
    command
}

/// A server that listens.
pub struct Server {
    pub process: Process,
    pub url: String,
}

impl Server {
    pub fn start(database: &TestDatabase) -> Self {
        Self::start_with(&mut with("server --listen 127.0.0.1:0", &server_environment(database)))
    }

    pub fn start_with(command: &mut Command) -> Self {
        let process = Process::start(command);
        let addr = process.logged("address");
        Self { url: format!("http://{addr}"), process }
    }

    /// The client, which talks to this server as an operator.
    pub fn cli(&self, line: &str) -> Command {
        let mut command = tenantry(line);
        command.env("TENANTRY_URL", &self.url).env("TENANTRY_TOKEN", OPERATOR);
        command
    }
}

/// A worker that has begun.
pub fn worker(database: &TestDatabase, slots: usize) -> Process {
    let process = Process::start(&mut with("worker", &worker_environment(database, slots)));
    process.logged("@timestamp");
    process
}

/// The body of `POST /v1/tenants`.
pub fn wish(slug: &str) -> Value {
    json!({"slug": slug, "name": slug, "admin_email": format!("admin@{slug}.example")})
}
