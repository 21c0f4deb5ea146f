//! Migration files of a team's own: guarded by what they make, refused as a whole where one fails.

use crate::catalogue::{execute, homes, slots, value};
use std::fs;
use tenantry_core::{
    Error,
    authz::TenantScope,
    placement::{Template, TemplateError},
};
use tenantry_pg::{
    ErrorKind, TxError,
    migrate::{Applied, MigrateError, MigrationSet, apply, history::HISTORY_TABLE},
};
use tenantry_testkit::TestApp;
use uuid::Uuid;

/// The template of a folder with these files.
pub(crate) fn template(name: &str, files: &[(&str, &str)]) -> Result<Template, TemplateError> {
    let folder = std::env::temp_dir().join(format!("tenantry-files-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
    for (file, text) in files {
        fs::write(folder.join(file), text).unwrap_or_else(|error| panic!("{error}"));
    }
    let template = Template::from_folder(&folder);
    fs::remove_dir_all(&folder).unwrap_or_else(|error| panic!("{error}"));
    template
}

async fn in_scope(app: &TestApp, scope: &TenantScope, sql: &'static str, id: Uuid) -> Result<usize, Error> {
    app.app
        .tenancy
        .run(scope, "test", id, move |tx, id| Box::pin(async move { Ok(tx.query(sql, &[id]).await?.len()) }))
        .await
}

const ROUTINES: &str = "
CREATE TABLE notes (id uuid PRIMARY KEY, workspace_id uuid NOT NULL);
CREATE FUNCTION as_owner() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM notes';
CREATE FUNCTION as_caller() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
";

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_runs_as_its_owner_is_closed() {
    let app = TestApp::builder()
        .template(template("routines", &[("V1__routines.sql", ROUTINES)]).unwrap())
        .slots(2)
        .start()
        .await;
    let acme = app.tenant("acme").await;
    let scope = app.scope(&acme.key).await;
    let id = Uuid::from_u128(7);
    assert_eq!(
        in_scope(&app, &scope, "SELECT tenant.as_caller() WHERE $1 IS NOT NULL", id).await.unwrap(),
        1
    );
    let refused =
        in_scope(&app, &scope, "SELECT tenant.as_owner() WHERE $1 IS NOT NULL", id).await.unwrap_err();
    assert_eq!(refused.pg().unwrap().kind(), ErrorKind::Denied);
    // Opened by hand, its slot is never handed out.
    let slot = value(&app.database, "SELECT schema_name FROM slots WHERE state = 'ready'").await;
    execute(&app.database, &format!("GRANT EXECUTE ON FUNCTION {slot}.as_owner() TO PUBLIC")).await;
    app.tenant("globex").await;
    assert_eq!(slots(&app.database).await, "broken 1, claimed 2, ready 2");
}

const TRIGGER: &str = "
CREATE TABLE notes (id uuid PRIMARY KEY, workspace_id uuid NOT NULL);
CREATE FUNCTION as_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER notes_kept BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION as_owner();
";

#[tokio::test(flavor = "multi_thread")]
async fn a_home_whose_trigger_runs_as_its_owner_is_not_made() {
    let template = template("trigger", &[("V1__trigger.sql", TRIGGER)]).unwrap();
    let app = TestApp::builder().template(template).slots(0).start().await;
    let refused = app.database.placement.fill(1).await.unwrap_err().to_string();
    assert!(refused.contains("notes: the trigger notes_kept runs as its owner"), "{refused}");
    assert_eq!(value(&app.database, "SELECT count(*)::text FROM slots").await, "0");
}

const SHOP: &str = r#"
CREATE TABLE "Ord""er; s" (id bigserial PRIMARY KEY, workspace_id uuid NOT NULL, note text);
CREATE TABLE numbered (id bigint GENERATED ALWAYS AS IDENTITY, workspace_id uuid NOT NULL);
CREATE TABLE countries (code uuid PRIMARY KEY);
CREATE VIEW as_owner AS SELECT * FROM "Ord""er; s";
CREATE VIEW as_caller WITH (security_invoker = on) AS SELECT * FROM "Ord""er; s";
CREATE VIEW as_caller_too WITH (security_invoker) AS SELECT * FROM "Ord""er; s";
CREATE MATERIALIZED VIEW copied AS SELECT * FROM "Ord""er; s";
CREATE TABLE measured (workspace_id uuid NOT NULL, at date NOT NULL DEFAULT '2024-05-05') PARTITION BY RANGE (at);
CREATE TABLE measured_2024 PARTITION OF measured FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_custom_table_is_guarded() {
    let app = TestApp::builder()
        .template(template("guarded", &[("V1__shop.sql", SHOP)]).unwrap())
        .slots(1)
        .start()
        .await;
    let acme = app.tenant("acme").await;
    let (scope, mine, foreign) = (app.scope(&acme.key).await, acme.key.workspace_id.0, Uuid::from_u128(7));
    for (sql, rows) in [
        (r#"INSERT INTO tenant."Ord""er; s" (workspace_id) VALUES ($1) RETURNING id"#, 1),
        (r#"SELECT id FROM tenant."Ord""er; s" WHERE $1 IS NOT NULL"#, 1),
        ("INSERT INTO tenant.numbered (workspace_id) VALUES ($1) RETURNING id", 1),
        ("INSERT INTO tenant.measured (workspace_id) VALUES ($1) RETURNING at", 1),
        ("INSERT INTO tenant.countries (code) VALUES ($1) RETURNING code", 1),
        ("SELECT id FROM tenant.as_caller WHERE workspace_id = $1", 1),
        ("SELECT id FROM tenant.as_caller_too WHERE workspace_id = $1", 1),
    ] {
        assert_eq!(in_scope(&app, &scope, sql, mine).await.unwrap(), rows, "{sql}");
        if sql.contains("(workspace_id) VALUES") {
            assert_eq!(
                in_scope(&app, &scope, sql, foreign).await.unwrap_err().pg().unwrap().kind(),
                ErrorKind::Denied,
                "{sql}"
            );
        }
    }
    execute(
        &app.database,
        &format!(
            r#"INSERT INTO {}."Ord""er; s" (workspace_id) VALUES ('{foreign}')"#,
            acme.tenant.schema_name
        ),
    )
    .await;
    for sql in [
        r#"SELECT id FROM tenant."Ord""er; s" WHERE workspace_id = $1"#,
        "SELECT id FROM tenant.as_caller WHERE workspace_id = $1",
    ] {
        assert_eq!(in_scope(&app, &scope, sql, foreign).await.unwrap(), 0, "{sql}");
    }
    for sql in [
        "SELECT id FROM tenant.as_owner WHERE workspace_id = $1",
        "SELECT id FROM tenant.copied WHERE workspace_id = $1",
        "SELECT at FROM tenant.measured_2024 WHERE workspace_id = $1",
        "INSERT INTO tenant.measured_2024 (workspace_id) VALUES ($1)",
        "SELECT script FROM tenant.flyway_schema_history WHERE $1 IS NOT NULL",
        "SELECT script FROM tenant._schema_history WHERE $1 IS NOT NULL",
        "SELECT id FROM tenant._events WHERE workspace_id = $1",
    ] {
        let error = in_scope(&app, &scope, sql, mine).await.unwrap_err();
        assert_eq!(error.pg().unwrap().sql_state(), Some("42501"), "{sql}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_table_is_closed() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let schema = &acme.tenant.schema_name;
    execute(
        &app.database,
        &format!("SET ROLE tenantry_test_owner; CREATE TABLE {schema}.later (workspace_id uuid)"),
    )
    .await;
    let error = in_scope(
        &app,
        &app.scope(&acme.key).await,
        "SELECT FROM tenant.later WHERE workspace_id = $1",
        Uuid::nil(),
    )
    .await
    .unwrap_err();
    assert_eq!(error.pg().unwrap().sql_state(), Some("42501"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_migration_leaves_nothing() {
    let files = [
        ("V1__fine.sql", "CREATE TABLE fine (id int);"),
        ("V2__bad.sql", "-- a comment\nSELECT 1;\nCREATE TABLE x (y nonsense);\n"),
    ];
    let app = TestApp::builder().template(template("failing", &files).unwrap()).start().await;
    let before = homes(&app.database).await;
    let error = app.database.placement.fill(2).await.unwrap_err().to_string();
    assert!(
        error.contains("V2__bad.sql") && error.contains("line 3") && error.contains("nonsense"),
        "{error}"
    );
    let body = serde_json::json!({"slug": "acme", "name": "x", "admin_email": "ops@acme.example"});
    app.operator().post("/v1/tenants", &body).await.expect(202);
    app.work().await;
    let run = app.operator().get("/v1/tenants/acme/status").await.expect(200).json;
    assert_eq!(run["status"], "rolled_back");
    assert!(
        run["error"].as_str().unwrap().contains("V2__bad.sql")
            && run["error"].as_str().unwrap().contains("line 3"),
        "{run}"
    );
    assert_eq!((homes(&app.database).await, slots(&app.database).await), (before, String::new()));
}

#[test]
fn files_that_cannot_be_used_are_told_all_at_once() {
    let files = [
        ("V1__a.sql", "SELECT 1"),
        ("V01__b.sql", "SELECT 1"),
        ("v2__c.sql", ""),
        ("V3__d.sql", "CREATE TABLE a (); COMMIT;"),
    ];
    let error = template("told", &files).unwrap_err();
    let files: Vec<&str> = error.0.iter().map(|error| error.file.as_str()).collect();
    assert_eq!(files, ["V1__a.sql", "V3__d.sql", "v2__c.sql"], "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_column_of_another_type_is_refused_by_name() {
    let files = [("V1__a.sql", "CREATE TABLE notes (workspace_id text);")];
    let app = TestApp::builder().template(template("typed", &files).unwrap()).start().await;
    let error = app.database.placement.fill(1).await.unwrap_err().to_string();
    assert!(error.starts_with("notes.workspace_id is text"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_opens_itself_is_not_handed_out() {
    let files = [("V1__a.sql", "CREATE TABLE notes (workspace_id uuid); GRANT SELECT ON notes TO PUBLIC;")];
    let app = TestApp::builder().template(template("opened", &files).unwrap()).start().await;
    let body = serde_json::json!({"slug": "acme", "name": "x", "admin_email": "ops@acme.example"});
    app.operator().post("/v1/tenants", &body).await.expect(202);
    app.work().await;
    let run = app.operator().get("/v1/tenants/acme/status").await.expect(200).json;
    assert!(run["error"].as_str().unwrap().contains("notes: PUBLIC may SELECT"), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_leaves_no_settings_behind() {
    let files = [
        (
            "V1__a.sql",
            "CREATE TABLE first (id int); SELECT pg_catalog.set_config('search_path', '', false); SET timezone = 'Asia/Tokyo';",
        ),
        ("V2__b.sql", "CREATE TABLE second (id int); SET search_path = pg_catalog;"),
        ("R__c.sql", "CREATE VIEW third AS SELECT 1 AS one;"),
    ];
    let app = TestApp::builder().template(template("settings", &files).unwrap()).start().await;
    for wanted in 1..=5 {
        app.database.placement.fill(wanted).await.unwrap();
    }
    assert_eq!(value(&app.database, "SELECT count(*) FROM pg_class WHERE relname IN ('first', 'second', 'third') AND relnamespace::regnamespace::text LIKE 'tenant\\_%'").await, "15");
    let zone = app
        .database
        .placement
        .owner
        .run("test", (), |tx, ()| {
            Box::pin(async move {
                Ok::<String, Error>(
                    tx.query(
                        "SELECT current_setting('timezone') || current_setting('search_path') AS v",
                        &[],
                    )
                    .await?[0]
                        .get("v")?,
                )
            })
        })
        .await
        .unwrap();
    assert!(!zone.contains("Tokyo") && zone.contains("public"), "{zone}");
}

/// Applies files to the schema `s` with the owner's means.
async fn bring(app: &TestApp, fresh: bool, files: &[(&str, &str)]) -> Result<Applied, Error> {
    let set = MigrationSet::from_files(files.iter().copied()).unwrap_or_else(|errors| panic!("{errors:?}"));
    app.database
        .placement
        .owner
        .run("test", (set, fresh), |tx, (set, fresh)| {
            Box::pin(async move {
                if *fresh {
                    tx.batch("CREATE SCHEMA s").await?;
                }
                Ok(apply(tx, "s", set, HISTORY_TABLE, *fresh).await?)
            })
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_file_leaves_no_schema() {
    let app = TestApp::builder().start().await;
    let error = bring(&app, true, &[("V1__a.sql", "CREATE TABLE a (id int)"), ("V2__b.sql", "SELECT\n1/0")])
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("V2__b.sql: "), "{error}");
    assert_eq!(value(&app.database, "SELECT count(*) FROM pg_namespace WHERE nspname = 's'").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_is_refused() {
    let app = TestApp::builder().start().await;
    let one = ("V1__a.sql", "CREATE TABLE a (id int)");
    let view = ("R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one");
    assert_eq!(bring(&app, true, &[one, view]).await.unwrap().files, 2);
    assert_eq!(
        bring(&app, false, &[one, view]).await.unwrap(),
        Applied { files: 0, version: "1".to_owned() }
    );
    let changed = bring(&app, false, &[("V1__a.sql", "CREATE TABLE a (id bigint)"), view]).await.unwrap_err();
    assert!(
        matches!(changed, Error::Migration(MigrateError::Changed { ref script, .. }) if script == "V1__a.sql"),
        "{changed}"
    );
    let gone = bring(&app, false, &[view]).await.unwrap_err();
    assert!(matches!(gone, Error::Migration(MigrateError::Unknown(ref version)) if version == "1"), "{gone}");
    let newer = [
        one,
        ("V2__b.sql", "ALTER TABLE a ADD COLUMN b int"),
        ("R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one, 2 AS two"),
    ];
    assert_eq!(bring(&app, false, &newer).await.unwrap(), Applied { files: 2, version: "2".to_owned() });
    let ran = value(&app.database, "SELECT string_agg(concat_ws(' ', installed_rank, version, script, success), ', ' ORDER BY installed_rank) FROM s.flyway_schema_history").await;
    assert_eq!(ran, "1 1 V1__a.sql t, 2 R__v.sql t, 3 2 V2__b.sql t, 4 R__v.sql t");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_other_files_is_not_claimed() {
    let app = TestApp::builder().slots(1).start().await;
    // The same version, another folder: a second process with files of its own on the same database.
    let template =
        template("other", &[("V1__other.sql", "CREATE TABLE invoices (id uuid PRIMARY KEY)")]).unwrap();
    let mut database = app.database.clone();
    database.placement.template = template.clone();
    let other = TestApp::builder().template(template).database(&database).start().await;
    let acme = other.tenant("acme").await;
    let made = format!("SELECT to_regclass('{}.invoices')", acme.tenant.schema_name);
    assert_ne!(value(&app.database, &made).await, "");
    assert_eq!(slots(&app.database).await, "claimed 1, ready 1");
}
