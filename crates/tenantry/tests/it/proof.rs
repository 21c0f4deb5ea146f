//! The proof of isolation: it passes where the fence holds, and each break of the fence makes it fail and is named.

use crate::{
    catalogue::{execute, value},
    people::{member, user},
    support::as_superuser,
};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tenantry_core::ctx::{Ctx, Faults};
use tenantry_durable::Lease;
use tenantry_testkit::TestApp;
use tenantry_types::isolation::{IsolationLayer, IsolationProgress, IsolationReport, IsolationStatus};

/// Has a proof made over HTTP by the application's own worker, and answers its report.
pub async fn proved(app: &TestApp, wish: &Value) -> IsolationReport {
    let asked = app.operator().post("/v1/isolation-reports", wish).await.expect(202);
    let address = asked.json["id"].as_str().map(|id| format!("/v1/isolation-reports/{id}"));
    app.work().await;
    let shown = app.operator().get(&address.unwrap_or_default()).await.expect(200);
    serde_json::from_value(shown.json).unwrap_or_else(|error| panic!("{error}"))
}

/// The checks that found something open, with what they found.
pub fn open(report: &IsolationReport) -> String {
    let open = report.checks.iter().filter(|check| check.open > 0);
    open.map(|check| format!("{}: {}", check.name, check.evidence.join("; "))).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_fence_is_proved() {
    let app = TestApp::builder().slots(2).start().await;
    for slug in ["acme", "rival", "third"] {
        let tenant = app.tenant(slug).await;
        crate::support::agent(&tenant.client, "Iris").await;
    }
    let report = proved(&app, &json!({"seed": 7})).await;
    assert_eq!((report.status, open(&report).as_str()), (IsolationStatus::Passed, ""), "{:?}", report.error);
    assert_eq!((report.tenants, report.seed, report.sampled), (3, 7, false));
    assert!(report.attempts > 1_000 && report.refusals == report.attempts, "{report:?}");
    for check in &report.checks {
        // What cannot be there in a fresh installation was not looked at, and says so.
        let none = matches!(
            &*check.name,
            "views" | "triggers" | "routines" | "default_privileges" | "definer_routines" | "foreign_servers"
        );
        assert!(none || check.examined > 0, "{} looked at nothing", check.name);
        assert_eq!(check.held, check.examined, "{}", check.name);
    }
    assert!(
        app.app.metrics.render().contains("cross_tenant_query_attempts_total 0"),
        "an attempt is no alarm"
    );
    let untouched = value(&app.database, "SELECT count(*) FROM tenants WHERE status = 'active'").await;
    assert_eq!(untouched, "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenant_is_proved_alone() {
    let app = TestApp::builder().slots(2).start().await;
    for slug in ["acme", "rival"] {
        app.tenant(slug).await;
    }
    let schema = value(&app.database, "SELECT schema_name FROM tenants WHERE slug = 'rival'").await;
    let opened =
        format!("GRANT USAGE ON SCHEMA {schema} TO PUBLIC; GRANT SELECT ON {schema}.agents TO PUBLIC");
    execute(&app.database, &opened).await;
    let report = proved(&app, &json!({"tenant": "acme"})).await;
    // It is not acme's fence that is open, but acme gets through.
    assert_eq!(report.status, IsolationStatus::Failed);
    assert_eq!(report.tenants, 1);
    // What is open between others is not acme's.
    app.tenant("third").await;
    let report = proved(&app, &json!({"tenant": "third"})).await;
    assert_eq!(report.status, IsolationStatus::Failed, "it gets through to rival too");
    execute(&app.database, &format!("REVOKE ALL ON SCHEMA {schema} FROM PUBLIC; REVOKE ALL ON {schema}.agents FROM PUBLIC; ALTER TABLE {schema}.agents DISABLE ROW LEVEL SECURITY")).await;
    let report = proved(&app, &json!({"tenant": "acme"})).await;
    assert_eq!((report.status, report.sampled), (IsolationStatus::Passed, false), "{report:?}");
    let report = proved(&app, &json!({"tenant": "rival"})).await;
    assert_eq!(report.status, IsolationStatus::Failed);
    let refused = app.operator().post("/v1/isolation-reports", &json!({"tenant": "nobody"})).await;
    assert_eq!(refused.expect(404).code(), "not_found");
    let refused = app.operator().post("/v1/isolation-reports", &json!({"seed": -1})).await;
    assert_eq!(refused.expect(422).code(), "invalid");
}

/// A way to break the fence: what it is called, how it is done and undone, and the checks that name it. `{s}`, `{r}` and `{w}` are acme's schema, role and wide
/// role, `{o}` and `{p}` rival's schema and role, `{cell}` and `{control}` logins, `{owner}` the owner, `{db}` the database.
struct Break {
    what: &'static str,
    made: &'static str,
    undone: &'static str,
    named_by: &'static [&'static str],
}

const fn breaks(
    what: &'static str,
    made: &'static str,
    undone: &'static str,
    named_by: &'static [&'static str],
) -> Break {
    Break { what, made, undone, named_by }
}

const OWN: &str = "workspace_id = nullif(current_setting('tenantry.workspace_id', true), '')::uuid";

const BREAKS: &[Break] = &[
    breaks(
        "a schema that PUBLIC may enter",
        "GRANT USAGE ON SCHEMA {s} TO PUBLIC",
        "REVOKE USAGE ON SCHEMA {s} FROM PUBLIC",
        &["schema_grants", "way_in"],
    ),
    breaks(
        "a table and its schema that PUBLIC may read",
        "GRANT USAGE ON SCHEMA {s} TO PUBLIC; GRANT SELECT ON {s}.agents TO PUBLIC",
        "REVOKE USAGE ON SCHEMA {s} FROM PUBLIC; REVOKE SELECT ON {s}.agents FROM PUBLIC",
        &["schema_grants", "relation_grants", "foreign_tables", "control_plane_schemas"],
    ),
    breaks(
        "a table that another tenant may read",
        "GRANT SELECT ON {s}.agents TO {p}",
        "REVOKE SELECT ON {s}.agents FROM {p}",
        &["relation_grants", "rights_elsewhere"],
    ),
    breaks(
        "a column that another tenant may read",
        "GRANT SELECT (name) ON {s}.agents TO {p}",
        "REVOKE SELECT (name) ON {s}.agents FROM {p}",
        &["column_grants", "rights_elsewhere"],
    ),
    breaks(
        "a tenant that may empty its tables",
        "GRANT TRUNCATE ON {s}.agents TO {r}",
        "REVOKE TRUNCATE ON {s}.agents FROM {r}",
        &["relation_grants"],
    ),
    breaks(
        "a trail that its tenant may change",
        "GRANT SELECT, DELETE ON {s}._events TO {r}",
        "REVOKE SELECT, DELETE ON {s}._events FROM {r}",
        &["relation_grants"],
    ),
    breaks(
        "row-level security that is off on one table",
        "ALTER TABLE {s}.agents DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE {s}.agents ENABLE ROW LEVEL SECURITY",
        &["row_security", "foreign_workspaces"],
    ),
    breaks(
        "a policy that is always true",
        "CREATE POLICY open ON {s}.agents USING (true)",
        "DROP POLICY open ON {s}.agents",
        &["no_other_policy", "foreign_workspaces"],
    ),
    breaks(
        "a policy that is gone",
        "DROP POLICY tenantry_workspace ON {s}.tasks",
        "CREATE POLICY tenantry_workspace ON {s}.tasks TO {r} USING ({own}) WITH CHECK ({own})",
        &["workspace_policy"],
    ),
    breaks(
        "a policy that checks nothing on the way in",
        "ALTER POLICY tenantry_workspace ON {s}.tasks WITH CHECK (true)",
        "ALTER POLICY tenantry_workspace ON {s}.tasks WITH CHECK ({own})",
        &["workspace_policy", "no_other_policy", "foreign_workspaces"],
    ),
    breaks(
        "a role that is a member of another tenant's",
        "GRANT {r} TO {p}",
        "REVOKE {r} FROM {p}",
        &["role_memberships"],
    ),
    breaks(
        "a membership that is inherited",
        "GRANT {r} TO {p}; ALTER ROLE {p} INHERIT",
        "ALTER ROLE {p} NOINHERIT; REVOKE {r} FROM {p}",
        &["role_memberships", "role_attributes", "foreign_tables"],
    ),
    breaks(
        "a role that passes row-level security",
        "ALTER ROLE {r} BYPASSRLS",
        "ALTER ROLE {r} NOBYPASSRLS",
        &["role_attributes", "foreign_workspaces"],
    ),
    breaks("a role that may log in", "ALTER ROLE {w} LOGIN", "ALTER ROLE {w} NOLOGIN", &["role_attributes"]),
    breaks(
        "a table that the tenant owns",
        "ALTER TABLE {s}.agents OWNER TO {r}",
        "ALTER TABLE {s}.agents OWNER TO {owner}",
        &["ownership", "rights_elsewhere", "foreign_workspaces"],
    ),
    breaks(
        "a schema that somebody else owns",
        "ALTER SCHEMA {s} OWNER TO {control}",
        "ALTER SCHEMA {s} OWNER TO {owner}",
        &["home", "schema_grants", "login_rights"],
    ),
    breaks(
        "a tenant that cannot enter its own schema",
        "REVOKE USAGE ON SCHEMA {s} FROM {r}",
        "GRANT USAGE ON SCHEMA {s} TO {r}",
        &["way_in", "controls"],
    ),
    breaks(
        "a function that runs as its owner",
        "CREATE FUNCTION {s}.all_of_it() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM {s}.agents'; GRANT EXECUTE ON FUNCTION {s}.all_of_it() TO {r}",
        "DROP FUNCTION {s}.all_of_it()",
        &["routines"],
    ),
    breaks(
        "a trigger that runs as its owner",
        "CREATE FUNCTION {s}.copy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'; REVOKE ALL ON FUNCTION {s}.copy() FROM PUBLIC; CREATE TRIGGER copy BEFORE INSERT ON {s}.agents FOR EACH ROW EXECUTE FUNCTION {s}.copy()",
        "DROP FUNCTION {s}.copy() CASCADE",
        &["triggers"],
    ),
    breaks(
        "a function of the control plane that runs as its owner",
        "CREATE FUNCTION public.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM {s}.agents'",
        "DROP FUNCTION public.peek()",
        &["definer_routines"],
    ),
    breaks(
        "a view that reads as its owner",
        "CREATE VIEW {s}.everybody AS SELECT * FROM {s}.agents; GRANT SELECT ON {s}.everybody TO {r}",
        "DROP VIEW {s}.everybody",
        &["views"],
    ),
    breaks(
        "a materialized view that a tenant may read",
        "CREATE MATERIALIZED VIEW {s}.kept AS SELECT * FROM {s}.agents; GRANT SELECT ON {s}.kept TO {r}",
        "DROP MATERIALIZED VIEW {s}.kept",
        &["views"],
    ),
    breaks(
        "a view in another tenant's schema",
        "CREATE VIEW {o}.window WITH (security_invoker) AS SELECT * FROM {s}.agents",
        "DROP VIEW {o}.window",
        &["no_way_through"],
    ),
    breaks(
        "a parent table in another tenant's schema",
        "CREATE TABLE {o}.parent (id uuid); CREATE TABLE {s}.child () INHERITS ({o}.parent)",
        "DROP TABLE {o}.parent CASCADE",
        &["no_way_through"],
    ),
    breaks(
        "a foreign key without its workspace",
        "ALTER TABLE {s}.tasks ADD CONSTRAINT one_column FOREIGN KEY (agent_id) REFERENCES {s}.agents (id)",
        "ALTER TABLE {s}.tasks DROP CONSTRAINT one_column",
        &["foreign_keys"],
    ),
    breaks(
        "a foreign key into another tenant",
        "ALTER TABLE {s}.tasks ADD CONSTRAINT abroad FOREIGN KEY (workspace_id, agent_id) REFERENCES {o}.agents (workspace_id, id)",
        "ALTER TABLE {s}.tasks DROP CONSTRAINT abroad",
        &["foreign_keys"],
    ),
    breaks(
        "a search path that is not empty",
        "ALTER ROLE {cell} SET search_path = public",
        "ALTER ROLE {cell} SET search_path = ''",
        &["login_settings"],
    ),
    breaks(
        "a search path of the database's own",
        "ALTER ROLE {cell} IN DATABASE {db} SET search_path = {s}",
        "ALTER ROLE {cell} IN DATABASE {db} RESET search_path",
        &["login_settings"],
    ),
    breaks(
        "a login that inherits",
        "ALTER ROLE {cell} INHERIT",
        "ALTER ROLE {cell} NOINHERIT",
        &["login_attributes", "way_in"],
    ),
    breaks(
        "a login with a right of its own",
        "GRANT SELECT ON public.tenants TO {cell}",
        "REVOKE SELECT ON public.tenants FROM {cell}",
        &["login_rights", "control_plane"],
    ),
    breaks(
        "a login that may take on a tenant's role",
        "GRANT {r} TO {control}",
        "REVOKE {r} FROM {control}",
        &["login_memberships", "role_memberships"],
    ),
    breaks(
        "privileges that come by default",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} REVOKE SELECT ON TABLES FROM PUBLIC",
        &["default_privileges"],
    ),
    breaks(
        "temporary tables for everybody",
        "GRANT TEMPORARY ON DATABASE {db} TO PUBLIC",
        "REVOKE TEMPORARY ON DATABASE {db} FROM PUBLIC",
        &["public_rights"],
    ),
    breaks(
        "a schema in which everybody creates",
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        &["public_rights"],
    ),
    breaks(
        "a server behind this one",
        "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far; GRANT USAGE ON FOREIGN SERVER away TO {r}",
        "DROP FOREIGN DATA WRAPPER far CASCADE",
        &["foreign_servers", "rights_elsewhere"],
    ),
    breaks(
        "a policy of the control plane that is gone",
        "DROP POLICY tenantry_control ON public.memberships",
        "CREATE POLICY tenantry_control ON public.memberships TO {control} USING (tenant_id = nullif(current_setting('tenantry.tenant_id', true), '')::uuid)",
        &["control_plane"],
    ),
    breaks(
        "a policy of the control plane that is always true",
        "ALTER POLICY tenantry_control ON public.workspaces USING (true)",
        "ALTER POLICY tenantry_control ON public.workspaces USING (tenant_id = nullif(current_setting('tenantry.tenant_id', true), '')::uuid)",
        &["control_plane", "control_plane_rows"],
    ),
    breaks(
        "a table of the control plane without row-level security",
        "ALTER TABLE public.workspaces DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.workspaces ENABLE ROW LEVEL SECURITY",
        &["control_plane", "control_plane_rows"],
    ),
    breaks(
        "people who are not confined to their tenant",
        "ALTER TABLE public.users DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.users ENABLE ROW LEVEL SECURITY",
        &["control_plane", "control_plane_rows"],
    ),
    breaks(
        "somebody who may take on a cell's login",
        "CREATE ROLE intern; GRANT {cell} TO intern",
        "DROP ROLE intern",
        &["login_memberships"],
    ),
    breaks(
        "a login that makes temporary tables",
        "GRANT CREATE, TEMPORARY ON DATABASE {db} TO {cell}",
        "REVOKE CREATE, TEMPORARY ON DATABASE {db} FROM {cell}",
        &["login_rights"],
    ),
    breaks(
        "a psql session that passes row-level security",
        "CREATE ROLE {psql} LOGIN BYPASSRLS",
        "DROP ROLE {psql}",
        &["login_attributes"],
    ),
    breaks(
        "a table of the control plane that tenants' requests may read",
        "GRANT SELECT ON public.sessions TO {control}",
        "REVOKE SELECT ON public.sessions FROM {control}",
        &["control_plane", "control_plane_rows"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_break_is_named() {
    // What is broken here is the database's; the API is broken in `over_http`.
    let app = TestApp::builder().slots(2).without_the_proof_over_http().start().await;
    for slug in ["acme", "rival"] {
        let tenant = app.tenant(slug).await;
        crate::support::agent(&tenant.client, "Iris").await;
        let email = format!("member@{slug}.example");
        user(&app, &email).await;
        member(&app, &email, (slug, "default"), "member").await;
    }
    let names = names(&app).await;
    let filled = |sql: &str| names.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value));
    let mut missed = Vec::new();
    for Break { what, made, undone, named_by } in BREAKS {
        execute(&app.database, &filled(made)).await;
        let report = proved(&app, &json!({"seed": 7})).await;
        execute(&app.database, &filled(undone)).await;
        let found: Vec<&str> =
            report.checks.iter().filter(|check| check.open > 0).map(|check| &*check.name).collect();
        if report.status != IsolationStatus::Failed || !named_by.iter().all(|name| found.contains(name)) {
            let told = open(&report);
            missed.push(format!("{what}: {} by {found:?}, {:?}\n{told}", report.status, report.error));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
    let report = proved(&app, &json!({"seed": 7})).await;
    assert_eq!((report.status, open(&report).as_str()), (IsolationStatus::Passed, ""), "all of it is undone");
}

/// What stands for what in a break.
async fn names(app: &TestApp) -> Vec<(&'static str, String)> {
    let of = async |slug: &str, column: &str| {
        value(&app.database, &format!("SELECT {column} FROM tenants WHERE slug = '{slug}'")).await
    };
    let installation = &app.database.installation;
    vec![
        ("{own}", OWN.to_owned()),
        ("{s}", of("acme", "schema_name").await),
        ("{r}", of("acme", "role_name").await),
        ("{w}", of("acme", "role_name || '_wide'").await),
        ("{o}", of("rival", "schema_name").await),
        ("{p}", of("rival", "role_name").await),
        ("{cell}", installation.cell(1)),
        ("{control}", installation.control()),
        ("{psql}", format!("{}_psql_0", installation.prefix())),
        (
            "{owner}",
            value(
                &app.database,
                "SELECT relowner::regrole FROM pg_class WHERE oid = 'public.tenants'::regclass",
            )
            .await,
        ),
        ("{db}", value(&app.database, "SELECT quote_ident(current_database())").await),
    ]
}

/// Does something once, when the proof reaches a point.
struct Meanwhile {
    point: &'static str,
    done: AtomicBool,
    what: Box<dyn Fn() + Send + Sync>,
}

impl Faults for Meanwhile {
    fn at(&self, point: &str) -> tenantry_core::Result<()> {
        if point == self.point && !self.done.swap(true, Ordering::Relaxed) {
            (self.what)();
        }
        Ok(())
    }
}

/// A lease for a proof that a test makes by hand.
fn lease(app: &TestApp) -> Lease {
    Lease { token: app.app.ctx().uuid(), length: Duration::from_mins(1), holder: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_purged_meanwhile_is_no_alarm() {
    for point in ["isolation.homes", "isolation.relations"] {
        let app = Arc::new(TestApp::builder().slots(2).without_the_proof_over_http().start().await);
        for slug in ["acme", "rival", "third"] {
            app.tenant(slug).await;
        }
        let (gone, runtime) = (Arc::clone(&app), tokio::runtime::Handle::current());
        let purge = async move |app: &TestApp| {
            app.operator().delete("/v1/tenants/rival").await.expect(202);
            app.work().await;
            app.operator().post("/v1/tenants/rival/purge", &json!({"confirm": "rival"})).await.expect(202);
            app.work().await;
            app.operator().get("/v1/tenants/rival").await.expect(404);
        };
        let what = Box::new(move || {
            tokio::task::block_in_place(|| runtime.block_on(purge(&gone)));
        });
        let faults = Arc::new(Meanwhile { point, done: AtomicBool::new(false), what });
        let mut prover = app.worker().prover.unwrap();
        prover.ctx = Ctx { faults, ..prover.ctx };
        app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202);
        let report = prover.work(lease(&app)).await.unwrap().unwrap();
        assert_eq!(
            (report.status, open(&report).as_str()),
            (IsolationStatus::Passed, ""),
            "{point}: {:?}",
            report.error
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_tells_how_far_it_is() {
    let app = Arc::new(TestApp::builder().slots(2).start().await);
    for slug in ["acme", "rival", "third"] {
        app.tenant(slug).await;
    }
    let asked = app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202).json;
    let path = format!("/v1/isolation-reports/{}", asked["id"].as_str().unwrap());
    assert_eq!(asked["progress"], Value::Null);
    // Looked at from outside, when the catalogue is done and the attempts are about to begin.
    let (seen, looker, runtime) =
        (Arc::new(std::sync::Mutex::new(Value::Null)), Arc::clone(&app), tokio::runtime::Handle::current());
    let (kept, asked) = (Arc::clone(&seen), path.clone());
    let look = async move |app: &TestApp| app.operator().get(&asked).await.expect(200).json;
    let what = Box::new(move || {
        *kept.lock().unwrap() = tokio::task::block_in_place(|| runtime.block_on(look(&looker)));
    });
    let faults = Arc::new(Meanwhile { point: "isolation.relations", done: AtomicBool::new(false), what });
    let mut prover = app.worker().prover.unwrap();
    prover.ctx = Ctx { faults, ..prover.ctx };
    let report = prover.work(lease(&app)).await.unwrap().unwrap();
    assert_eq!((report.status, &report.progress), (IsolationStatus::Passed, &None), "{:?}", report.error);
    let shown = seen.lock().unwrap().clone();
    let progress: IsolationProgress = serde_json::from_value(shown["progress"].clone()).unwrap();
    let operations = u32::try_from(crate::support::operations().len()).unwrap();
    // Of the catalogue one slice and what is the installation's; three tenants that try; operations.
    assert!(progress.of > 2 + 3 && progress.of <= 2 + 3 + operations, "{progress:?}");
    assert_eq!(
        (shown["status"].as_str(), progress.layer, progress.done),
        (Some("running"), IsolationLayer::Live, 2)
    );
    assert!(progress.checks > 5 && progress.attempts == 0 && progress.open == 0, "{progress:?}");

    // To who listens each step, never back.
    let told = value(
        &app.database,
        "SELECT json_agg(data -> 'progress' ORDER BY id) FROM outbox WHERE topic = 'isolation' AND jsonb_typeof(data -> 'progress') = 'object'",
    )
    .await;
    let told: Vec<IsolationProgress> = serde_json::from_str(&told).unwrap();
    let grows = |pair: &[IsolationProgress]| {
        let [before, after] = pair else { return false };
        before.done <= after.done
            && before.checks <= after.checks
            && before.attempts <= after.attempts
            && before.refusals <= after.refusals
            && before.open <= after.open
            && before.of == after.of
            && after.done <= after.of
    };
    assert!(told.windows(2).all(grows), "{told:?}");
    let layers = [IsolationLayer::Catalogue, IsolationLayer::Live, IsolationLayer::Http];
    assert!(layers.iter().all(|layer| told.iter().any(|one| one.layer == *layer)), "{told:?}");
    let last = told.last().unwrap();
    assert!(last.attempts > 1_000 && last.refusals == last.attempts, "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_without_controls_fails() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    let names = names(&app).await;
    let revoke = "DO $$ DECLARE t text; BEGIN FOR t IN SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = '{s}'::regnamespace AND c.relkind = 'r'
        LOOP EXECUTE 'REVOKE ALL ON ' || t || ' FROM {r}'; END LOOP; END $$";
    execute(
        &app.database,
        &names.iter().fold(revoke.to_owned(), |sql, (name, value)| sql.replace(name, value)),
    )
    .await;
    let report = proved(&app, &json!({})).await;
    assert_eq!(report.status, IsolationStatus::Failed);
    assert!(open(&report).contains("a refusal shows nothing"), "{}", open(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_no_hole_and_no_proof() {
    let app = TestApp::builder().slots(2).without_the_proof_over_http().start().await;
    for slug in ["acme", "rival"] {
        app.tenant(slug).await;
    }
    let schema = value(&app.database, "SELECT schema_name FROM tenants WHERE slug = 'acme'").await;
    let admin = app.database.admin().await;
    admin.execute(&format!("BEGIN; LOCK TABLE {schema}.agents IN ACCESS EXCLUSIVE MODE")).await.unwrap();
    let report = proved(&app, &json!({})).await;
    admin.execute("ROLLBACK").await.unwrap();
    assert_eq!((report.status, open(&report).as_str()), (IsolationStatus::Broken, ""));
    assert!(report.error.as_ref().is_some_and(|error| error.contains("55P03")), "{:?}", report.error);
    assert!(report.refusals > 0, "what could be tried was");
    assert_eq!(proved(&app, &json!({})).await.status, IsolationStatus::Passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_entered_hides_no_other() {
    let app = TestApp::builder().slots(3).without_the_proof_over_http().start().await;
    for slug in ["acme", "rival", "third"] {
        app.tenant(slug).await;
    }
    let names = names(&app).await;
    let filled = |sql: &str| names.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(name, value));
    execute(&app.database, &filled("REVOKE {r} FROM {cell}; GRANT SELECT ON {o}.agents TO PUBLIC; GRANT USAGE ON SCHEMA {o} TO PUBLIC")).await;
    let report = proved(&app, &json!({})).await;
    assert_eq!(report.status, IsolationStatus::Failed);
    let told = open(&report);
    assert!(told.contains("the cell cannot take on the role"), "{told}");
    assert!(told.contains("as third: not refused"), "{told}");
    assert!(report.error.as_ref().is_some_and(|error| error.contains("as acme: ")), "{:?}", report.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_whose_worker_died_is_begun_anew() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    let asked = app.operator().post("/v1/isolation-reports", &json!({})).await.expect(202);
    let id = asked.json["id"].as_str().unwrap_or_default().to_owned();
    let held = "UPDATE isolation_reports SET status = 'running', started_at = now(), lease_token = gen_random_uuid(), lease_until = now() + interval '1 hour'";
    execute(&app.database, held).await;
    app.work().await;
    let shown = async || app.operator().get(&format!("/v1/isolation-reports/{id}")).await.expect(200).json;
    assert_eq!(shown().await["status"], "running", "another worker is at it");
    let half = r#"UPDATE isolation_reports SET progress = '{"layer":"http","done":9,"of":10,"checks":1,"attempts":5,"refusals":5,"open":0}'"#;
    execute(&app.database, half).await;
    assert_eq!(shown().await["progress"]["done"], 9);
    // Its connection is gone.
    execute(&app.database, "UPDATE isolation_reports SET holder_pid = 1, holder_started = now()").await;
    app.work().await;
    assert_eq!(shown().await["status"], "passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_installation_is_proved() {
    let app = TestApp::builder().without_the_proof_over_http().start().await;
    let report = proved(&app, &json!({})).await;
    assert_eq!(
        (report.status, report.tenants, report.attempts),
        (IsolationStatus::Passed, 0, 0),
        "{report:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_for_operators() {
    let app = TestApp::builder().slots(1).start().await;
    let acme = app.tenant("acme").await;
    let report = proved(&app, &json!({})).await;
    for path in ["/v1/isolation-reports".to_owned(), format!("/v1/isolation-reports/{}", report.id)] {
        assert_eq!(acme.client.get(&path).await.expect(403).code(), "forbidden");
    }
    assert_eq!(acme.client.post("/v1/isolation-reports", &json!({})).await.expect(403).code(), "forbidden");
    let again = proved(&app, &json!({})).await;
    let page = app.operator().get("/v1/isolation-reports?limit=1").await.expect(200).json;
    assert_eq!(page["items"][0]["id"], json!(again.id));
    let cursor = page["next_cursor"].as_str().unwrap_or_default();
    let next =
        app.operator().get(&format!("/v1/isolation-reports?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!((&next.json["items"][0]["id"], &next.json["next_cursor"]), (&json!(report.id), &Value::Null));
    let alone = proved(&app, &json!({"tenant": "acme"})).await;
    let of = async |query: &str| {
        let page = app.operator().get(&format!("/v1/isolation-reports?{query}")).await.expect(200).json;
        page["items"].as_array().into_iter().flatten().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("tenant=acme").await, [json!(alone.id)]);
    assert_eq!(of("tenant=nobody").await, [Value::Null; 0]);
    // Whoever gets the name of a tenant that is gone has none of its reports.
    as_superuser(&app, "UPDATE public.tenants SET created_at = now() + interval '1 day'").await;
    assert_eq!(of("tenant=acme").await, [Value::Null; 0]);
    let refused = app.operator().get("/v1/isolation-reports?tenant=A%20B").await.expect(422);
    assert_eq!(refused.json["errors"][0]["pointer"], "tenant");
    app.operator().get("/v1/isolation-reports/iso_00000000000000000000000000").await.expect(404);
    let events = app.operator().get("/v1/audit-events?action=isolation_report.create").await.expect(200);
    assert_eq!(events.json["items"].as_array().map(Vec::len), Some(3));
}
