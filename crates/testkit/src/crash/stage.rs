//! Where crashes happen: a database with its application, tenants in the state that a run begins from, and a look at how it all ended.
//!
//! Owns: nothing. Calls: the test application, child processes, the comparison. Called by: matrix, tests/crash.
//! Invariants: each case has a tenant of its own; nothing sleeps: what others do is polled for, in bounded time. After a crash: the case goes on.

use super::{
    Crash, Plan, Scenario, Wish, adoptable, ask, child,
    child::Ended,
    scenario::{Victim, Way},
    world::{World, differences},
};
use crate::{Client, TestApp, app::OPERATOR, database::scratch};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tenantry_core::{Error, authz::Actor, ctx::Request, placement::BUILT_IN};
use tenantry_pg::{bootstrap::Superuser, sql::quote_ident};
use tenantry_types::run::RunKind;
use uuid::Uuid;

/// The longest that a run may take to its end once nobody dies any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// Looks at locks and open transactions before they count as left behind.
const LOOKS: usize = 20;

/// A database, its application, and the process that dies.
pub struct Stage {
    /// The application in this process.
    pub app: TestApp,
    pub(super) admin: Superuser,
    exe: PathBuf,
    reference: String,
    number: AtomicUsize,
}

/// The tenant of a case.
pub(super) struct Subject {
    pub(super) slug: String,
    /// What an import loads.
    archive: Option<Uuid>,
    /// A caller of it, where it has a key that we know.
    caller: Option<Client>,
}

/// What a tenant is to its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Active,
    Suspended,
    Deleted,
}

/// The state before and after a run of this kind.
fn states(kind: RunKind) -> (State, State) {
    match kind {
        RunKind::Create | RunKind::Adopt | RunKind::Import => (State::Absent, State::Active),
        RunKind::Suspend => (State::Active, State::Suspended),
        RunKind::Resume => (State::Suspended, State::Active),
        RunKind::Delete => (State::Active, State::Deleted),
        RunKind::Restore => (State::Deleted, State::Active),
        RunKind::Purge => (State::Deleted, State::Absent),
    }
}

impl Stage {
    /// A new one. `exe` is `crash_worker`.
    pub async fn start(exe: &Path) -> Self {
        let app = TestApp::builder().start().await;
        let admin = app.database.admin().await;
        // The planner knows nothing of a catalogue that grows by the second: nested loops over it, or compiling for it, take seconds.
        let planner = admin.execute("SET jit = off; SET enable_nestloop = off").await;
        planner.unwrap_or_else(|error| panic!("{error}"));
        // Made cold and undisturbed: what every home must look like.
        let reference = app.tenant("reference").await;
        reference.client.post("/v1/agents", &json!({"name": "Travels", "role": "r"})).await.expect(201);
        let reference = reference.tenant.schema_name;
        Self { app, admin, exe: exe.to_owned(), reference, number: AtomicUsize::new(1) }
    }

    /// Every difference between the world and the registry.
    pub async fn differences(&self) -> Vec<String> {
        self.differences_with("").await
    }

    /// The same, with the catalogue of one tenant's home alone; of all where `tenant` is empty.
    pub(super) async fn differences_with(&self, tenant: &str) -> Vec<String> {
        let prefix = self.app.database.installation.prefix();
        let world = World { admin: &self.admin, prefix, reference: &self.reference, tenant };
        let mut found = differences(&world).await;
        // A transaction of this process may be under way. What stays is a difference; what is gone at the next look was none.
        for _ in 0..LOOKS {
            if !found.iter().any(|line| line.starts_with("lock of ") || line.starts_with("backend ")) {
                break;
            }
            found = differences(&world).await;
        }
        found
    }

    /// One text as a superuser sees it, empty for NULL.
    pub(super) async fn see(&self, sql: &str) -> String {
        let sql = format!("SELECT coalesce((SELECT told::text FROM ({sql}) AS asked (told)), '')");
        let found = self.admin.value(&sql).await;
        found.unwrap_or_else(|error| panic!("{error:?}\n{sql}")).unwrap_or_default()
    }

    /// The process that does the scenario's part, and perhaps dies.
    pub(super) async fn child(
        &self,
        scenario: Scenario,
        subject: &Subject,
        crash: Option<&Crash>,
        fail: Option<&str>,
    ) -> Ended {
        let wish = (scenario.victim == Victim::Server).then(|| Wish {
            kind: scenario.kind,
            slug: subject.slug.clone(),
            archive: subject.archive,
        });
        let plan = Plan { crash: crash.cloned(), fail: fail.map(str::to_owned), wish, ..self.plan() };
        child::run(&self.exe, &plan).await
    }

    /// A worker that dies while it makes slots.
    pub(super) async fn filler(&self, crash: &Crash, warm_slots: usize) -> Ended {
        child::run(&self.exe, &Plan { crash: Some(crash.clone()), warm_slots, ..self.plan() }).await
    }

    fn plan(&self) -> Plan {
        let owner_url = self.app.database.owner_url();
        Plan { owner_url, trace: scratch("trace"), crash: None, fail: None, wish: None, warm_slots: 0 }
    }

    /// A tenant in the state that the scenario begins from, with its run where the worker is the one to die.
    pub(super) async fn prepare(&self, scenario: Scenario) -> Subject {
        let slug = format!("case-{}-{}", scenario.kind, self.number.fetch_add(1, Ordering::Relaxed));
        let archive = match scenario.kind {
            RunKind::Import => Some(self.upload().await),
            _ => None,
        };
        let mut subject = Subject { caller: self.before(scenario.kind, &slug).await, archive, slug };
        if scenario.kind == RunKind::Create {
            self.slots(scenario.warm).await;
        }
        if scenario.victim == Victim::Worker {
            let wish = Wish { kind: scenario.kind, slug: subject.slug.clone(), archive };
            let key = self.wish(&wish).await;
            subject.caller = key.map(|key| self.caller(&key)).or(subject.caller);
        }
        if scenario.way == Way::Overruled {
            if let Some(unsettled) = self.settle().await {
                panic!("{}: {unsettled}", scenario.name());
            }
            let request = Request { actor: Actor::operator(), request_id: "crash".to_owned(), address: None };
            let asked =
                self.app.app.runs.roll_back_latest(&request, None, &subject.slug, &subject.slug).await;
            asked.unwrap_or_else(|error| panic!("{}: {error}", scenario.name()));
        }
        subject
    }

    /// The tenant before a run of this kind, and a caller of it.
    async fn before(&self, kind: RunKind, slug: &str) -> Option<Client> {
        match kind {
            RunKind::Create | RunKind::Import => None,
            RunKind::Adopt => {
                self.adoptable(slug).await;
                None
            }
            RunKind::Suspend | RunKind::Delete => Some(self.active(slug, true).await),
            RunKind::Resume => Some(self.active_then(slug, RunKind::Suspend).await),
            RunKind::Restore | RunKind::Purge => Some(self.active_then(slug, RunKind::Delete).await),
        }
    }

    /// What an adoption begins from: a schema of the owner's, with the template's tables.
    async fn adoptable(&self, slug: &str) {
        let schema = quote_ident(&adoptable(slug));
        let tables: String = BUILT_IN.iter().map(|(_, sql)| *sql).collect::<Vec<_>>().join(";\n");
        let made = self
            .app
            .database
            .placement
            .owner
            .run("make_adoptable", (schema, tables), |tx, (schema, tables)| {
                Box::pin(async move {
                    tx.batch(&format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}")).await?;
                    Ok::<_, Error>(tx.batch(tables).await?)
                })
            })
            .await;
        made.unwrap_or_else(|error| panic!("{error}"));
    }

    /// What an import begins from: the archive of a tenant, uploaded.
    async fn upload(&self) -> Uuid {
        let archives = &self.app.app.archives;
        let request = Request { actor: Actor::operator(), request_id: "crash".to_owned(), address: None };
        let outcome: Result<Uuid, Error> = async {
            let (mut export, mut upload) =
                (archives.export(&request, "reference").await?, archives.upload().await?);
            while let Some(piece) = export.next().await {
                upload.push(&piece?).await?;
            }
            Ok(upload.finish().await?.id)
        }
        .await;
        outcome.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Whether a slot is ready for the next tenant, as the scenario wants it.
    async fn slots(&self, warm: bool) {
        let placement = &self.app.database.placement;
        if warm {
            placement.fill(1).await.unwrap_or_else(|error| panic!("{error}"));
        }
        let ready = placement.ready().await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(ready, usize::from(warm), "ready slots before a case");
    }

    /// A tenant that serves, with a row of its own; and with a psql session, for steps that end one.
    async fn active(&self, slug: &str, session: bool) -> Client {
        let placement = &self.app.database.placement;
        if placement.ready().await.unwrap_or_else(|error| panic!("{error}")) == 0 {
            placement.fill(8).await.unwrap_or_else(|error| panic!("{error}"));
        }
        let key = self.ask(RunKind::Create, slug).await.unwrap_or_else(|| panic!("{slug} has no key"));
        let caller = self.caller(&key);
        caller.post("/v1/agents", &json!({"name": "First", "role": "r"})).await.expect(201);
        if session {
            let operator = self.app.operator();
            let (path, body) = (format!("/v1/tenants/{slug}/psql-session"), json!({}));
            tokio::select! {
                reply = operator.post(&path, &body) => drop(reply.expect(201)),
                () = self.work_for_ever() => {}
            }
        }
        caller
    }

    async fn active_then(&self, slug: &str, kind: RunKind) -> Client {
        let caller = self.active(slug, false).await;
        self.ask(kind, slug).await;
        if let Some(unsettled) = self.settle().await {
            panic!("{kind} before the case: {unsettled}");
        }
        caller
    }

    async fn work_for_ever(&self) {
        loop {
            self.app.work().await;
        }
    }

    async fn ask(&self, kind: RunKind, slug: &str) -> Option<String> {
        self.wish(&Wish { kind, slug: slug.to_owned(), archive: None }).await
    }

    async fn wish(&self, wish: &Wish) -> Option<String> {
        let asked = ask(&self.app.app.provisioning, wish).await;
        asked.unwrap_or_else(|error| panic!("{} of {}: {error}", wish.kind, wish.slug))
    }

    fn caller(&self, key: &str) -> Client {
        self.app.anyone.clone().with_token(Some(key))
    }

    /// A worker of this process brings every run to its end, and the dead one's transactions end. What is left after a while is told.
    pub(super) async fn settle(&self) -> Option<String> {
        let began = Instant::now();
        let left = "SELECT concat_ws(', ',
                        (SELECT string_agg(concat_ws(' ', kind, tenant_slug, status), ', ') FROM provisioning_runs WHERE finished_at IS NULL),
                        (SELECT string_agg(concat_ws(' ', 'backend', state, left(query, 60)), ', ') FROM pg_stat_activity
                         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'))";
        loop {
            self.app.work().await;
            let left = self.see(left).await;
            if left.is_empty() {
                return None;
            }
            if began.elapsed() > PATIENCE {
                return Some(format!("not at its end after {} s: {left}", PATIENCE.as_secs()));
            }
        }
    }

    /// How the run must have ended: with this status, or not be there at all. And what its tenant's callers must find.
    pub(super) async fn outcome(
        &self,
        scenario: Scenario,
        subject: &Subject,
        ended: Option<&str>,
    ) -> Vec<String> {
        let (kind, slug) = (scenario.kind, &subject.slug);
        let status = self
            .see(&format!(
                "SELECT (SELECT status FROM provisioning_runs WHERE tenant_slug = '{slug}' AND kind = '{kind}' ORDER BY created_at DESC LIMIT 1)::text"
            ))
            .await;
        let mut wrong = Vec::new();
        if status != ended.unwrap_or_default() {
            wrong.push(format!("the {kind} of {slug} is `{status}`, not `{}`", ended.unwrap_or_default()));
        }
        let (before, after) = states(kind);
        let state = if ended == Some("succeeded") { after } else { before };
        wrong.extend(self.not_in(state, subject).await.map(|how| format!("{slug} is not {state:?}: {how}")));
        wrong
    }

    /// Why the tenant is not in that state, as its callers and the operator see it.
    async fn not_in(&self, state: State, subject: &Subject) -> Option<String> {
        let (slug, operator) = (&subject.slug, self.app.anyone.clone().with_token(Some(OPERATOR)));
        let tenant = operator.get(&format!("/v1/tenants/{slug}")).await;
        let available = operator.get(&format!("/v1/slugs/{slug}")).await.json["available"] == true;
        let gone = tenant.status == 404;
        if gone != (state == State::Absent) || available != gone {
            return Some(format!(
                "its address answers {}, its slug is {}",
                tenant.status,
                if available { "free" } else { "held" }
            ));
        }
        let caller = match &subject.caller {
            Some(caller) => caller.clone(),
            None if gone => return None,
            // Its key died with the process that would have told it.
            None => self.caller(&self.app.key(slug, &json!({"name": "another"})).await.key),
        };
        let read = caller.get("/v1/agents").await;
        let wanted = match state {
            State::Absent => 401,
            State::Active => 200,
            State::Suspended | State::Deleted => 403,
        };
        if read.status != wanted {
            return Some(format!("its caller gets {} and not {wanted}: {}", read.status, read.text));
        }
        if state != State::Active {
            return None;
        }
        let written = caller.post("/v1/agents", &json!({"name": "Last", "role": "r"})).await;
        if written.status != 201 {
            return Some(format!("its caller cannot write: {} {}", written.status, written.text));
        }
        let id = written.json["id"].as_str().unwrap_or_default().to_owned();
        let found = caller.get(&format!("/v1/agents/{id}")).await;
        (found.status != 200).then(|| format!("its caller does not find what it wrote: {}", found.text))
    }
}
