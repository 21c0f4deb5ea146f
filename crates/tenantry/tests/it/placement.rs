//! The installation in PostgreSQL: roles, grants, row-level security, cells, slots.

use crate::catalogue::{assert_denied, execute, slots, value};
use serde_json::json;
use std::sync::Arc;
use tenantry_core::{
    Error,
    authz::TenantScope,
    ctx::Ctx,
    placement::{SetUp, Template},
};
use tenantry_pg::{ControlTx, ErrorKind, Login, Pool, PoolSettings, Quiet, TxError, bootstrap::Superuser};
use tenantry_testkit::{TestApp, TestDatabase, TestTenant};
use tenantry_types::tenant::TenantAndRun;
use uuid::Uuid;

/// Runs a statement as the login of a pool.
async fn sql_as(pool: &Pool, sql: &'static str) -> Result<usize, tenantry_pg::Error> {
    pool.run("test", sql, |tx: &ControlTx, sql| Box::pin(async move { Ok(tx.query(sql, &[]).await?.len()) }))
        .await
}

/// The schema of a tenant's row as a login would have to name it.
fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn set_up_twice_changes_nothing() {
    let app = TestApp::start().await;
    let prefix = app.database.installation.prefix();
    let picture = format!(
        "SELECT md5(concat((SELECT string_agg(xmin::text || relacl::text, ',' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace),
                           (SELECT string_agg(xmin::text, ',' ORDER BY oid) FROM pg_policy),
                           (SELECT string_agg(xmin::text, ',' ORDER BY oid) FROM pg_authid WHERE rolname LIKE '{prefix}\\_%'),
                           (SELECT xmin FROM pg_database WHERE datname = current_database()), (SELECT xmin FROM installation)))"
    );
    let before = value(&app.database, &picture).await;
    let done = app.database.placement.set_up().await.unwrap();
    assert_eq!(done, SetUp { migrations: 0, access: false });
    assert_eq!(value(&app.database, &picture).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_without_createrole_is_told_what_to_do() {
    let ctx = Ctx::system();
    let database = TestDatabase::bare(ctx, Template::built_in().unwrap()).await;
    let name = database.target.database().to_owned();
    let owner = Login { user: format!("{name}_plain"), passwords: vec!["plain".to_owned()] };
    execute(
        &database,
        &format!("CREATE ROLE {0} LOGIN PASSWORD 'plain'; GRANT tenantry_test_owner TO {0}", owner.user),
    )
    .await;
    let mut placement = database.placement.clone();
    placement.owner = Pool::new(
        database.target.clone().with_public_path(),
        owner,
        PoolSettings::default(),
        Arc::new(Quiet),
    );
    let error = placement.set_up().await.unwrap_err().to_string();
    assert!(error.contains("CREATEROLE") && error.contains("ALTER ROLE"), "{error}");
    let roles =
        format!("SELECT count(*) FROM pg_roles WHERE rolname LIKE '{}\\_%'", database.installation.prefix());
    assert_eq!(value(&database, &roles).await, "0", "and nothing was begun");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_table_has_a_rule() {
    let app = TestApp::builder().start().await;
    let (platform, control) = (app.database.installation.platform(), app.database.installation.control());
    // A table without a rule is one that not even the platform may read; a tenant's row without row-level security one that the
    // control login sees all of.
    let open = value(&app.database, &format!(
        "SELECT string_agg(c.relname, ', ') FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND (NOT has_table_privilege('{platform}', c.oid, 'SELECT')
                OR (has_any_column_privilege('{control}', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES') AND c.relname <> 'tiers'
                    AND NOT (c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenantry_control')))
                OR EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0))")).await;
    assert_eq!(open, "");
    let tables = value(&app.database, "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'").await;
    insta::assert_snapshot!(tables, @"access_grants adoptions api_keys archive_chunks archive_workspaces archives audit_due audit_heads audit_sealing audit_sweep audit_unsealed cells external_identities external_memberships external_organisations findings flyway_schema_history former_members idempotency_keys installation invitations isolation_reports jobs locks mails memberships one_time_tokens operators outbox outbox_clock provisioning_runs provisioning_steps psql_sessions refresh_tokens schedules_due sessions shards sign_in_failures signing_keys slots tenant_samples tenants tiers users webhook_deliveries workspaces");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_login_sees_one_tenant() {
    let app = TestApp::start().await;
    let (acme, _bolt) = (app.tenant("acme").await, app.tenant("bolt").await);
    for (sql, own) in [
        ("SELECT id FROM tenants", 1),
        ("SELECT id FROM workspaces", 1),
        ("SELECT DISTINCT tenant_id FROM api_keys", 1),
        ("SELECT id FROM tenants WHERE slug = 'bolt'", 0),
        ("SELECT name FROM tiers", 4),
        ("SELECT id FROM audit_unsealed WHERE action = 'tenant.create'", 1),
    ] {
        let seen: Result<usize, tenantry_pg::Error> = app
            .app
            .control
            .run_for(acme.tenant.id, "test", sql, |tx, sql| {
                Box::pin(async move { Ok(tx.query(sql, &[]).await?.len()) })
            })
            .await;
        assert_eq!(seen.unwrap(), own, "{sql}");
        if own == 1 {
            assert_eq!(sql_as(&app.app.control, sql).await.unwrap(), 0, "without a tenant: {sql}");
        }
    }
    for sql in [
        "SELECT tenant_id FROM audit_due",
        "SELECT position FROM audit_sealing",
        "INSERT INTO audit_unsealed (id, occurred_at, actor_kind, actor, action) VALUES (gen_random_uuid(), now(), 'system', 'x', 'x.y')",
        "SELECT id FROM slots",
        "SELECT id FROM cells",
        "SELECT id FROM psql_sessions",
        "SELECT id FROM provisioning_runs",
        "SELECT prefix FROM installation",
        "UPDATE tenants SET name = 'x'",
        "DELETE FROM workspaces",
        "INSERT INTO tiers SELECT * FROM tiers",
        "SET ROLE tenantry_test_owner",
    ] {
        assert_denied(sql, sql_as(&app.app.control, sql).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_login_of_the_server_makes_anything_or_reads_a_tenants_schema() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let read = leak(format!("SELECT * FROM {}.agents", acme.tenant.schema_name));
    let enter = leak(format!("CREATE TABLE {}.x ()", acme.tenant.schema_name));
    let alter = leak(format!("ALTER ROLE {} CREATEROLE", app.database.installation.platform()));
    let cell = app.database.placement.cell_logins().await.unwrap().remove(0);
    let cell = Pool::new(app.database.target.clone(), cell, PoolSettings::default(), Arc::new(Quiet));
    for (login, pool) in [("platform", &app.app.platform), ("control", &app.app.control), ("cell", &cell)] {
        for sql in [
            read,
            enter,
            alter,
            "CREATE TABLE public.x ()",
            "CREATE SCHEMA x",
            "CREATE ROLE x",
            "CREATE TEMP TABLE x ()",
            "CREATE DATABASE x",
            "ALTER TABLE public.tenants ADD COLUMN x int",
            "TRUNCATE public.tenants",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "SELECT pg_read_file('x')",
        ] {
            // CREATE DATABASE is refused for want of the right before it is for being in a transaction, or the other way round.
            match sql_as(pool, sql).await {
                Err(error) if sql == "CREATE DATABASE x" => {
                    assert!(error.sql_state() == Some("42501") || error.sql_state() == Some("25001"));
                }
                outcome => assert_denied(&format!("{login}: {sql}"), outcome),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_append_only() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    app.work().await;
    assert_ne!(value(&app.database, "SELECT count(*) FROM audit_events").await, "0");
    let partition = leak(value(&app.database, "SELECT 'DELETE FROM ' || inhrelid::regclass FROM pg_inherits WHERE inhparent = 'audit_events'::regclass LIMIT 1").await);
    for sql in [
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "INSERT INTO audit_events SELECT * FROM audit_events",
        "ALTER TABLE audit_events DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        partition,
        "UPDATE audit_unsealed SET actor = 'nobody'",
        "DELETE FROM audit_unsealed",
        "UPDATE audit_heads SET seq = 0",
        "DELETE FROM audit_heads",
        "UPDATE audit_sealing SET position = 0",
        "SELECT position FROM audit_sealing FOR UPDATE",
        "SELECT seq FROM audit_heads FOR UPDATE",
    ] {
        assert_denied(sql, sql_as(&app.app.platform, sql).await);
        assert_denied(sql, sql_as(&app.app.control, sql).await);
    }
    // Not even the owner does it by mistake.
    for sql in
        ["UPDATE audit_events SET actor = 'nobody'", "DELETE FROM audit_events", "TRUNCATE audit_events"]
    {
        assert_denied(sql, sql_as(&app.database.placement.owner, sql).await);
    }
    for table in ["audit_events", "audit_unsealed", "audit_heads"] {
        let writers = value(&app.database, &format!(
            "SELECT string_agg(r.rolname || ' ' || a.privilege_type, ', ') FROM pg_class c, aclexplode(c.relacl) a JOIN pg_roles r ON r.oid = a.grantee
             WHERE c.oid = 'public.{table}'::regclass AND a.grantee <> c.relowner AND a.privilege_type NOT IN ('SELECT', 'INSERT')")).await;
        assert_eq!(writers, "", "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_nothing_with_the_database() {
    let app = TestApp::builder().start().await;
    let open = value(
        &app.database,
        "SELECT string_agg(privilege_type, ' ') FROM pg_database d, aclexplode(d.datacl) a
                                     WHERE d.datname = current_database() AND a.grantee = 0",
    )
    .await;
    assert_eq!(open, "");
    assert_eq!(value(&app.database, "SELECT bool_or(a.grantee = 0) FROM pg_namespace n, aclexplode(n.nspacl) a WHERE nspname = 'public'").await, "false");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_installations_share_a_cluster() {
    let (one, other) = tokio::join!(TestApp::start(), TestApp::start());
    let (mine, theirs) = tokio::join!(one.tenant("acme"), other.tenant("acme"));
    assert_ne!(one.database.installation.prefix(), other.database.installation.prefix());
    assert_ne!(mine.tenant.id, theirs.tenant.id);
    mine.client.post("/v1/agents", &json!({"name": "Iris", "role": "support"})).await.expect(201);
    assert_eq!(theirs.client.get("/v1/agents").await.expect(200).json["items"], json!([]));
    theirs.client.clone().with_token(Some(&mine.key.key)).get("/v1/agents").await.expect(401);
    let stranger = one.database.installation.platform_login();
    let error = Superuser::connect(&other.database.target, &stranger).await.err().unwrap();
    assert_eq!(error.sql_state(), Some("42501"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_cell_is_followed_by_another() {
    let app = TestApp::builder().slots(1).start().await;
    execute(&app.database,
        "INSERT INTO slots (id, shard_id, cell, schema_name, role_name, schema_version, template, state, tenant_id)
         SELECT gen_random_uuid(), (SELECT id FROM shards), 1, 'tenant_filler_' || n, 'filler_' || n, '0', 'none', 'ready', gen_random_uuid()
         FROM generate_series(2, 500) AS n").await;
    let (first, second) = (app.tenant("acme").await, {
        app.database.placement.fill(1).await.unwrap();
        app.tenant("bolt").await
    });
    assert_eq!(
        value(&app.database, "SELECT string_agg(slug || ' ' || cell, ', ' ORDER BY slug) FROM tenants").await,
        "acme 1, bolt 2"
    );
    for tenant in [first, second] {
        tenant.client.post("/v1/agents", &json!({"name": "Iris", "role": "support"})).await.expect(201);
    }
    assert_eq!(app.database.placement.cell_logins().await.unwrap().len(), 2);
}

/// What somebody might do to a slot, `{S}` being its schema, `{R}` its role, `{P}` the platform's login.
const BREAKS: &[&str] = &[
    "ALTER TABLE {S}.agents DISABLE ROW LEVEL SECURITY",
    "DROP POLICY tenantry_workspace ON {S}.tasks",
    "ALTER POLICY tenantry_workspace ON {S}.tasks USING (true)",
    "CREATE POLICY mine ON {S}.messages USING (true)",
    "GRANT USAGE ON SCHEMA {S} TO PUBLIC",
    "GRANT SELECT ON {S}.agents TO PUBLIC",
    "GRANT CREATE ON SCHEMA {S} TO {R}",
    "REVOKE USAGE ON SCHEMA {S} FROM {R}",
    "ALTER TABLE {S}.agents OWNER TO {R}",
    "ALTER ROLE {R} BYPASSRLS",
    "GRANT pg_read_all_data TO {R}",
    "GRANT {R} TO {P}",
    "DROP SCHEMA {S} CASCADE",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_whose_fence_was_opened_is_never_handed_out() {
    let app = TestApp::builder().start().await;
    for (number, sql) in BREAKS.iter().enumerate() {
        app.database.placement.fill(2).await.unwrap();
        let oldest = value(&app.database, "SELECT schema_name || ' ' || role_name FROM slots WHERE state = 'ready' ORDER BY created_at, id LIMIT 1").await;
        let (schema, role) = oldest.split_once(' ').unwrap();
        let platform = app.database.installation.platform();
        // Slots of one batch have one age: the other is made younger, so that this one is next.
        execute(
            &app.database,
            &format!(
                "UPDATE slots SET created_at = created_at - interval '1 day' WHERE schema_name = '{schema}'"
            ),
        )
        .await;
        execute(&app.database, &sql.replace("{S}", schema).replace("{R}", role).replace("{P}", &platform))
            .await;
        let body =
            json!({"slug": format!("tenant-{number}"), "name": "x", "admin_email": "ops@acme.example"});
        let made: TenantAndRun = app.operator().post("/v1/tenants", &body).await.expect(202).parse();
        assert_eq!(made.run.status.as_str(), "succeeded", "{sql}");
        assert_ne!(made.tenant.schema_name, schema, "{sql}");
        assert_eq!(
            value(&app.database, &format!("SELECT state FROM slots WHERE schema_name = '{schema}'")).await,
            "broken",
            "{sql}"
        );
    }
    let doctor = app.operator().get("/v1/doctor").await.expect(200);
    let broken = doctor.json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "broken_slots")
        .unwrap();
    assert_eq!(
        (&broken["status"], broken["detail"].as_str().unwrap().split(' ').next()),
        (&json!("failing"), Some("13"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_broken_slots_the_worker_makes_the_tenant() {
    let app = TestApp::builder().slots(4).start().await;
    let schemas = value(&app.database, "SELECT string_agg(schema_name, ' ') FROM slots").await;
    for schema in schemas.split(' ') {
        execute(&app.database, &format!("ALTER TABLE {schema}.agents DISABLE ROW LEVEL SECURITY")).await;
    }
    let body = json!({"slug": "acme", "name": "x", "admin_email": "ops@acme.example"});
    assert_eq!(app.operator().post("/v1/tenants", &body).await.expect(202).json["run"]["status"], "pending");
    assert_eq!(slots(&app.database).await, "broken 3, ready 1");
    app.work().await;
    assert_eq!(app.operator().get("/v1/tenants/acme").await.expect(200).json["status"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_built_in_table_is_behind_its_workspace() {
    let app = TestApp::start().await;
    let schema = app.tenant("acme").await.tenant.schema_name;
    let told = value(&app.database, &format!(
        "SELECT string_agg(concat_ws(' ', relname, CASE WHEN relrowsecurity THEN 'rls' END, CASE WHEN relforcerowsecurity THEN 'forced' END,
             (SELECT string_agg(replace(replace(polname, 'tenantry_', ''), '_', ' '), '+' ORDER BY polname) FROM pg_policy p WHERE p.polrelid = c.oid)), E'\\n' ORDER BY relname)
         FROM pg_class c WHERE relnamespace = '{schema}'::regnamespace AND relkind = 'r'")).await;
    insta::assert_snapshot!(told, @r"
    _counters
    _events rls workspace
    _idempotency
    _schema_history
    activity_logs rls wide+workspace
    agent_sessions rls wide+workspace
    agents rls wide+workspace
    credential_proxies rls wide+workspace
    daily_metrics rls wide+workspace
    flyway_schema_history
    messages rls wide+workspace
    provider_accounts rls wide+workspace
    provider_api_calls rls wide+workspace
    roi_calculations rls wide+workspace
    schedules rls wide+workspace
    task_dependencies rls wide+workspace
    tasks rls wide+workspace
    ");
    let loose = value(&app.database, &format!(
        "SELECT string_agg(conrelid::regclass || ' ' || conname, ', ') FROM pg_constraint k
         WHERE contype = 'f' AND connamespace = '{schema}'::regnamespace
           AND (confrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = '{schema}'::regnamespace)
                OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1] AND a.attname = 'workspace_id')
                OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1] AND a.attname = 'workspace_id'))")).await;
    assert_eq!(loose, "", "foreign keys that could point into another workspace or schema");
}

#[tokio::test(flavor = "multi_thread")]
async fn analytics_rows_carry_their_own_tenant() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (schema, id) = (&acme.tenant.schema_name, acme.tenant.id.0);
    let checks = value(&app.database, &format!(
        "SELECT string_agg(conrelid::regclass::text || ' ' || pg_get_constraintdef(oid), E'\\n' ORDER BY 1) FROM pg_constraint
         WHERE conname = 'tenantry_tenant' AND connamespace = '{schema}'::regnamespace")).await;
    let checks = checks.replace(schema, "tenant").replace(&id.to_string(), "ACME");
    insta::assert_snapshot!(checks, @r"
    tenant.daily_metrics CHECK ((tenant_id = 'ACME'::uuid))
    tenant.provider_api_calls CHECK ((tenant_id = 'ACME'::uuid))
    tenant.roi_calculations CHECK ((tenant_id = 'ACME'::uuid))
    ");
}

/// A second workspace of a tenant, and a scope in it.
async fn second_workspace(app: &TestApp, tenant: &TestTenant) -> (Uuid, TenantScope) {
    execute(&app.database, &format!(
        "INSERT INTO workspaces (id, tenant_id, slug, name) VALUES (gen_random_uuid(), '{}', 'second', 'Second')", tenant.tenant.id.0)).await;
    let key = app.key(tenant.tenant.slug.as_str(), &json!({"name": "second", "workspace": "second"})).await;
    (key.workspace_id.0, app.scope(&key).await)
}

async fn in_scope(app: &TestApp, scope: &TenantScope, sql: &'static str, id: Uuid) -> Result<usize, Error> {
    app.app
        .tenancy
        .run(scope, "test", id, move |tx, id| Box::pin(async move { Ok(tx.query(sql, &[id]).await?.len()) }))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_cannot_write_into_another_workspace() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let (second, other) = second_workspace(&app, &acme).await;
    let scope = app.scope(&acme.key).await;
    let mine = acme.key.workspace_id.0;
    let insert = "INSERT INTO tenant.agents (workspace_id, name, role) VALUES ($1, 'x', 'y') RETURNING id";
    assert_eq!(in_scope(&app, &scope, insert, mine).await.unwrap(), 1);
    assert_eq!(
        in_scope(&app, &other, "SELECT id FROM tenant.agents WHERE $1 IS NOT NULL", mine).await.unwrap(),
        0
    );
    for sql in [insert, "UPDATE tenant.agents SET workspace_id = $1 RETURNING id"] {
        let error = in_scope(&app, &scope, sql, second).await.unwrap_err();
        assert_eq!(error.pg().unwrap().sql_state(), Some("42501"), "{sql}: {error}");
    }
    // The check of a foreign key runs past row-level security: the pair of columns is what stops it.
    let point = "INSERT INTO tenant.tasks (workspace_id, title, agent_id) VALUES ($1, 'x', (SELECT id FROM tenant.agents)) RETURNING id";
    assert_eq!(in_scope(&app, &scope, point, mine).await.unwrap(), 1);
    let agent: Uuid = value(&app.database, &format!("SELECT id FROM {}.agents", acme.tenant.schema_name))
        .await
        .parse()
        .unwrap();
    let foreign = "INSERT INTO tenant.tasks (workspace_id, title, agent_id)
                   VALUES (nullif(current_setting('tenantry.workspace_id'), '')::uuid, 'x', $1) RETURNING id";
    let error = in_scope(&app, &other, foreign, agent).await.unwrap_err();
    assert_eq!(error.pg().unwrap().kind(), ErrorKind::ForeignKey, "{error}");
}

/// The text of a statement, with values for its parameters.
fn filled(text: &str, values: &[String]) -> String {
    values
        .iter()
        .enumerate()
        .fold(text.to_owned(), |text, (at, value)| text.replace(&format!("${}", at + 1), value))
}

/// The text of a statement in a source, by the name in its first line.
fn statement(source: &str, name: &str) -> String {
    let text = source.split(&format!("-- {name}\n")).nth(1).and_then(|rest| rest.split("\",\n").next());
    text.unwrap_or_else(|| panic!("{name} is not in the source")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn pg_class_is_never_read_whole() {
    let app = TestApp::builder().slots(4).start().await;
    let slot = value(&app.database, "SELECT schema_name || ' ' || role_name FROM slots LIMIT 1").await;
    let (schema, role) = slot.split_once(' ').unwrap();
    let login = app.database.installation.cell(1);
    let admin = app.database.admin().await;
    // Where a whole read is the only way, it is planned even when it is made this dear; in a small catalogue it is cheap.
    admin.execute("ANALYZE; SET enable_seqscan = off").await.unwrap();
    let relations = statement(include_str!("../../../core/src/placement/store/ddl.rs"), "ddl::relations");
    let array = |name: &str| format!("ARRAY['{name}']");
    for sql in [
        filled(&relations, &[format!("'{schema}'")]),
        filled(
            tenantry_core::placement::LOOK_AT_HOMES,
            &[array(schema), array(role), array(&format!("{role}_wide")), array(&login)],
        ),
    ] {
        admin.execute(&format!(
            "CREATE OR REPLACE FUNCTION pg_temp.plan() RETURNS text LANGUAGE plpgsql AS $f$ DECLARE line text; whole text := '';
             BEGIN FOR line IN EXECUTE $q$EXPLAIN {sql}$q$ LOOP whole := whole || line || E'\\n'; END LOOP; RETURN whole; END $f$")).await.unwrap();
        let plan = admin.value("SELECT pg_temp.plan()").await.unwrap().unwrap();
        // By number, each row that pg_depend names: the index by name would be read whole too.
        let reads: Vec<&str> = plan.lines().filter(|line| line.contains("on pg_class")).collect();
        assert!(!reads.is_empty() && reads.iter().all(|line| line.contains("pg_class_oid_index")), "{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_fails_half_way_leaves_nothing() {
    let app = TestApp::builder().start().await;
    let before = crate::catalogue::homes(&app.database).await;
    for point in ["slot.begin", "slot.end"] {
        app.faults.arm(point);
        app.database.placement.fill(2).await.unwrap_err();
        app.faults.disarm();
        assert_eq!(crate::catalogue::homes(&app.database).await, before, "{point}");
    }
    assert_eq!(app.database.placement.fill(2).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn fillers_at_once_make_no_slot_too_many() {
    let app = TestApp::builder().start().await;
    let placement = &app.database.placement;
    let (one, other, third) = tokio::join!(placement.fill(10), placement.fill(10), placement.fill(10));
    assert_eq!(one.unwrap() + other.unwrap() + third.unwrap(), 10);
    assert_eq!(slots(&app.database).await, "ready 10");
}
