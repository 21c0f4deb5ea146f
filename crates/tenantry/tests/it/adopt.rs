//! Adoption: schemas of others become tenants, and become again what they were.

use crate::{
    catalogue::{assert_denied, execute, homes, value},
    support::superuser_sees,
};
use serde_json::json;
use std::fmt::Write;
use tenantry_core::{
    Error,
    adoption::{self, Inspection, Taken},
    authz::TenantScope,
    placement::{BUILT_IN, Home},
};
use tenantry_pg::sql::quote_ident;
use tenantry_testkit::{TestApp, TestDatabase};
use tenantry_types::{TenantId, adopt::AdoptionReport};
use uuid::Uuid;

/// Runs statements as the owner, who is no superuser.
async fn as_owner(app: &TestApp, sql: &str) {
    let done: Result<(), Error> = app
        .database
        .placement
        .owner
        .run("test", sql.to_owned(), |tx, sql| Box::pin(async move { Ok(tx.batch(sql).await?) }))
        .await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A schema with these objects in it, made by the owner.
async fn schema_with(app: &TestApp, schema: &str, ddl: &str) {
    let name = quote_ident(schema);
    as_owner(app, &format!("CREATE SCHEMA {name}; SET LOCAL search_path TO {name}; {ddl}")).await;
}

async fn inspect_as(app: &TestApp, schema: &str, named: Option<&str>) -> Result<Inspection, Error> {
    let input = (app.database.placement.template.clone(), schema.to_owned(), named.map(str::to_owned));
    let owner = &app.database.placement.owner;
    owner
        .run("inspect", input, |tx, (template, schema, named)| {
            Box::pin(adoption::inspect(tx, schema, template, named.as_deref()))
        })
        .await
}

async fn inspect(app: &TestApp, schema: &str) -> Result<AdoptionReport, Error> {
    Ok(inspect_as(app, schema, None).await?.report)
}

/// A tenant's row as the server reserves it, before a worker takes the run.
async fn reserve(app: &TestApp, tenant: Uuid, slug: &str) -> String {
    let opaque = tenant.simple().to_string();
    let role = app.database.installation.tenant_role(&opaque[16..]);
    execute(&app.database, &format!(
        "INSERT INTO tenants (id, slug, name, schema_name, role_name, status, admin_email)
         VALUES ('{tenant}', '{slug}', '{slug}', 'tenant_{}', '{role}', 'provisioning', 'ops@{slug}.example')", &opaque[16..])).await;
    opaque[16..].to_owned()
}

/// What the worker does with an inspected schema, in one transaction.
async fn take(
    app: &TestApp,
    tenant: Uuid,
    slug: &str,
    inspection: Inspection,
) -> Result<(Home, Taken), Error> {
    let opaque =
        match superuser_sees(app, &format!("SELECT schema_name::text FROM tenants WHERE id = '{tenant}'"))
            .await
        {
            none if none.is_empty() => reserve(app, tenant, slug).await,
            schema => schema.trim_start_matches("tenant_").to_owned(),
        };
    let placement = app.database.placement.clone();
    let input = (placement.clone(), opaque, inspection);
    let taken = placement
        .owner
        .run("adopt", input, move |tx, (placement, opaque, inspection)| {
            Box::pin(async move {
                let now = placement.ctx.now();
                let home = placement.home_named(tx, TenantId(tenant), opaque).await?;
                // Twice each: a step may be run again.
                adoption::record(tx, &home, inspection, now).await?;
                adoption::record(tx, &home, inspection, now).await?;
                let taken = adoption::take_over(tx, &home, &placement.template, inspection, now).await?;
                let again = adoption::take_over(tx, &home, &placement.template, inspection, now).await?;
                assert_eq!(again, taken);
                adoption::seed(tx, &placement.ctx, TenantId(tenant), &taken.workspaces).await?;
                adoption::seed(tx, &placement.ctx, TenantId(tenant), &taken.workspaces).await?;
                tx.refuse_warnings()?;
                Ok::<_, Error>((home, taken))
            })
        })
        .await?;
    execute(&app.database, &format!(
        "UPDATE tenants SET status = 'active', cell = 1, shard_id = (SELECT id FROM shards), schema_version = '1' WHERE id = '{tenant}'")).await;
    Ok(taken)
}

/// Inspected and taken over.
async fn adopt(app: &TestApp, schema: &str, slug: &str) -> Result<(Home, Taken), Error> {
    let inspection = inspect_as(app, schema, None).await?;
    let tenant = inspection.report.tenant_id.map_or_else(|| app.app.ctx().uuid(), |id| id.0);
    // The opaque name is made of the id's random end.
    take(app, tenant, slug, inspection).await
}

async fn give_back(app: &TestApp, tenant: TenantId) -> Result<Option<String>, Error> {
    let placement = &app.database.placement;
    placement
        .owner
        .run("give_back", (tenant, placement.ctx.now()), |tx, (tenant, now)| {
            Box::pin(async move {
                let name = adoption::give_back(tx, *tenant, *now).await?;
                tx.refuse_warnings()?;
                Ok(name)
            })
        })
        .await
}

/// A scope in a workspace of the tenant.
async fn scope(app: &TestApp, slug: &str, workspace: &str) -> TenantScope {
    let key = app.key(slug, &json!({"name": workspace, "workspace": workspace})).await;
    app.scope(&key).await
}

/// Rows of a statement in a scope; `tenant.` is its own schema.
async fn rows(app: &TestApp, scope: &TenantScope, sql: &'static str) -> Result<usize, tenantry_pg::Error> {
    let found: Result<usize, Error> = app
        .app
        .tenancy
        .run(scope, "test", (), move |tx, ()| Box::pin(async move { Ok(tx.query(sql, &[]).await?.len()) }))
        .await;
    found.map_err(database)
}

/// The same with a schema by its real name.
async fn probe(app: &TestApp, scope: &TenantScope, sql: &str) -> Result<usize, tenantry_pg::Error> {
    let found: Result<usize, Error> = app
        .app
        .tenancy
        .run(scope, "test", sql.to_owned(), |tx, sql| Box::pin(async move { Ok(tx.probe(sql).await?) }))
        .await;
    found.map_err(database)
}

fn database(error: Error) -> tenantry_pg::Error {
    match error {
        Error::Database(error) => error,
        other => panic!("{other}"),
    }
}

/// Everything that the catalogue says of a schema, and where its files are. An access list that was never written reads as what it
/// stands for: PostgreSQL has no command that blanks it again.
async fn picture(database: &TestDatabase, schema: &str) -> String {
    let name = schema.replace('\'', "''");
    let acl = |kind: &str, list: &str, owner: &str| {
        format!("(SELECT string_agg(concat(a.grantee, a.privilege_type, a.is_grantable, a.grantor), ',' ORDER BY a.grantee, a.privilege_type)
                  FROM aclexplode(coalesce({list}, acldefault('{kind}', {owner}))) AS a)")
    };
    let (of_schema, of_relation) = (acl("n", "nspacl", "nspowner"), acl("r", "relacl", "relowner"));
    let (of_sequence, of_routine) = (acl("s", "relacl", "relowner"), acl("f", "proacl", "proowner"));
    value(database, &format!(
        "WITH s AS (SELECT * FROM pg_namespace WHERE nspname = '{name}'), r AS (SELECT c.* FROM pg_class c, s WHERE relnamespace = s.oid)
         SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
             SELECT concat_ws(' ', 'schema', oid, nspname, nspowner, {of_schema}, obj_description(oid, 'pg_namespace')) AS line FROM s
             UNION ALL SELECT concat_ws(' ', 'relation', oid, relname, relkind, relowner, relfilenode, relrowsecurity, relforcerowsecurity, reloptions,
                                        relchecks, CASE relkind WHEN 'S' THEN {of_sequence} ELSE {of_relation} END, obj_description(oid, 'pg_class')) FROM r
             UNION ALL SELECT concat_ws(' ', 'column', attrelid, attnum, attname, atttypid, attnotnull, attacl, col_description(attrelid, attnum))
                       FROM pg_attribute WHERE attrelid IN (SELECT oid FROM r)
             UNION ALL SELECT concat_ws(' ', 'constraint', k.oid, conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k, s WHERE connamespace = s.oid
             UNION ALL SELECT concat_ws(' ', 'policy', polname) FROM pg_policy WHERE polrelid IN (SELECT oid FROM r)
             UNION ALL SELECT concat_ws(' ', 'trigger', oid, tgname, tgenabled) FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM r)
             UNION ALL SELECT concat_ws(' ', 'type', t.oid, typname, typowner, typacl) FROM pg_type t, s WHERE typnamespace = s.oid
             UNION ALL SELECT concat_ws(' ', 'routine', p.oid, proname, proowner, proconfig, {of_routine}) FROM pg_proc p, s WHERE pronamespace = s.oid
             UNION ALL SELECT concat_ws(' ', 'default', d.oid) FROM pg_default_acl d, s WHERE defaclnamespace = s.oid
         ) AS lines")).await
}

/// A digest of every row, and of where and by whom it was written.
async fn rows_of(database: &TestDatabase, schema: &str) -> String {
    let tables = value(database, &format!(
        "SELECT string_agg(relname, '|' ORDER BY relname) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = '{}')
            AND relkind = 'r' AND relname NOT IN ('_events', '_counters', '_idempotency', '_schema_history')", schema.replace('\'', "''"))).await;
    let mut told = String::new();
    for table in tables.split('|') {
        let digest = value(database, &format!(
            "SELECT concat(count(*), ' ', md5(string_agg(concat(ctid, ' ', xmin, ' ', xmax, ' ', t), ',' ORDER BY ctid))) FROM {}.{} AS t",
            quote_ident(schema), quote_ident(table))).await;
        let _ = writeln!(told, "{table} {digest}");
    }
    told
}

const DJANGO: &str = r"
CREATE TABLE auth_user (id serial PRIMARY KEY, username varchar(150) NOT NULL UNIQUE, is_active boolean NOT NULL);
CREATE TABLE shop_order (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, total numeric(10, 2) NOT NULL CHECK (total >= 0),
    user_id integer NOT NULL REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX shop_order_user_id_0a1b2c3d ON shop_order (user_id);
CREATE TABLE django_migrations (id serial PRIMARY KEY, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL);
INSERT INTO auth_user (username, is_active) VALUES ('ada', true), ('iris', false);
INSERT INTO shop_order (total, user_id) VALUES (10.50, 1), (3, 2), (4, 2);
INSERT INTO django_migrations (app, name, applied) VALUES ('shop', '0001_initial', now());
";

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_django_is_adopted() {
    let app = TestApp::start().await;
    let rival = app.tenant("rival").await;
    schema_with(&app, "old_acme", DJANGO).await;
    let before = rows_of(&app.database, "old_acme").await;
    let report = inspect(&app, "old_acme").await.unwrap();
    assert_eq!(report.fenced_by_schema, ["auth_user", "django_migrations", "shop_order"]);
    assert_eq!((report.baseline.as_str(), report.has_history, report.workspaces.len()), ("0", false, 0));
    assert!(
        report.bytes > 0 && report.tables.iter().all(|table| table.fence.as_str() == "schema"),
        "{report:?}"
    );
    assert!(report.differences.contains(&"table agents is missing".to_owned()), "{:?}", report.differences);
    assert!(report.differences.contains(&"table shop_order is not in the template".to_owned()));
    let (home, taken) = adopt(&app, "old_acme", "acme").await.unwrap();
    assert_eq!(rows_of(&app.database, &home.schema).await, before, "no row is touched");
    assert_eq!(taken.workspaces, []);
    let own = scope(&app, "acme", "default").await;
    assert_eq!(rows(&app, &own, "SELECT id FROM tenant.shop_order").await.unwrap(), 3);
    let add = "INSERT INTO tenant.auth_user (username, is_active) VALUES ('grace', true) RETURNING id";
    assert_eq!(rows(&app, &own, add).await.unwrap(), 1, "its sequences work");
    let intruder = app.scope(&rival.key).await;
    for sql in [
        "SELECT id FROM S.shop_order",
        "INSERT INTO S.auth_user VALUES (9, 'x', true)",
        "DELETE FROM S.shop_order",
    ] {
        let sql = sql.replace("S.", &format!("{}.", home.schema));
        assert_denied(&sql, probe(&app, &intruder, &sql).await);
    }
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200).json;
    assert_eq!(shown["adopted"]["from"], "old_acme");
    assert_eq!(shown["adopted"]["fenced_by_schema"], json!(["auth_user", "django_migrations", "shop_order"]));
    assert!(app.operator().get("/v1/tenants/rival").await.expect(200).json.get("adopted").is_none());
}

const PRISMA: &str = r#"
CREATE TYPE "OrderState" AS ENUM ('OPEN', 'PAID');
CREATE TABLE "User" ("id" text PRIMARY KEY, "emailAddress" text NOT NULL, "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX "User_emailAddress_key" ON "User" ("emailAddress");
CREATE TABLE "Order" ("id" text PRIMARY KEY, "state" "OrderState" NOT NULL DEFAULT 'OPEN', "past" "OrderState"[],
    "userId" text NOT NULL REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);
CREATE TABLE "_prisma_migrations" ("id" varchar(36) PRIMARY KEY, "checksum" varchar(64) NOT NULL);
INSERT INTO "User" VALUES ('clx1', 'ada@example.com');
INSERT INTO "Order" VALUES ('cly1', 'PAID', '{OPEN}', 'clx1');
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_prisma_is_adopted() {
    let app = TestApp::builder().start().await;
    schema_with(&app, "Old Acme", PRISMA).await;
    let before = (rows_of(&app.database, "Old Acme").await, picture(&app.database, "Old Acme").await);
    let report = inspect(&app, "Old Acme").await.unwrap();
    assert_eq!(report.fenced_by_schema, ["Order", "User", "_prisma_migrations"]);
    assert!(
        report.remarks.iter().any(|remark| remark.contains("the enum type OrderState")),
        "{:?}",
        report.remarks
    );
    let (home, _) = adopt(&app, "Old Acme", "acme").await.unwrap();
    assert_eq!(rows_of(&app.database, &home.schema).await, before.0, "no row is touched");
    let own = scope(&app, "acme", "default").await;
    let add = r#"INSERT INTO tenant."Order" ("id", "state", "userId") VALUES ('cly2', 'OPEN', 'clx1') RETURNING id"#;
    assert_eq!(rows(&app, &own, add).await.unwrap(), 1);
    assert_eq!(rows(&app, &own, r#"SELECT id FROM tenant."Order" WHERE "state" = 'PAID'"#).await.unwrap(), 1);
    assert_eq!(give_back(&app, home.tenant).await.unwrap().as_deref(), Some("Old Acme"));
    assert_eq!(picture(&app.database, "Old Acme").await, before.1);
}

/// The agent platform's own tables with rows in two workspaces, as a team's script would have made them.
async fn platform_schema(app: &TestApp, schema: &str, tenant: Uuid) {
    schema_with(app, schema, BUILT_IN[0].1).await;
    let name = quote_ident(schema);
    as_owner(app, &format!(
        "INSERT INTO {name}.agents (workspace_id, name, role) VALUES ('{ONE}', 'Ada', 'r'), ('{ONE}', 'Grace', 'r'), ('{TWO}', 'Iris', 'r');
         INSERT INTO {name}.tasks (workspace_id, title) VALUES ('{TWO}', 'x');
         INSERT INTO {name}.provider_api_calls (tenant_id, workspace_id, provider, model, operation, latency_ms, success)
         VALUES ('{tenant}', '{ONE}', 'openai', 'm', 'other', 1, true)")).await;
}

const ONE: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const TWO: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);
const ACME: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_00ac_7e00);

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_touched() {
    let app = TestApp::start().await;
    let rival = app.tenant("rival").await;
    platform_schema(&app, "old_acme", ACME).await;
    let before = rows_of(&app.database, "old_acme").await;
    let report = inspect(&app, "old_acme").await.unwrap();
    assert_eq!(report.workspaces.iter().map(|id| id.0).collect::<Vec<_>>(), [ONE, TWO]);
    assert_eq!(report.tenant_id, Some(TenantId(ACME)));
    assert_eq!(report.fenced_by_schema, Vec::<String>::new());
    let (home, taken) = adopt(&app, "old_acme", "acme").await.unwrap();
    assert_eq!(taken.workspaces, report.workspaces);
    assert_eq!(rows_of(&app.database, &home.schema).await, before);
    let names = async |workspace: &str| {
        let key = app.key("acme", &json!({"name": workspace, "workspace": workspace})).await;
        let client = app.anyone.clone().with_token(Some(&key.key));
        let agents = client.get("/v1/agents").await.expect(200).json["items"].as_array().unwrap().clone();
        let mut names: Vec<String> =
            agents.iter().map(|agent| agent["name"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(names("default").await, ["Ada", "Grace"]);
    assert_eq!(names("workspace-2").await, ["Iris"]);
    let intruder = app.scope(&rival.key).await;
    let sql = format!("SELECT id FROM {}.agents", home.schema);
    assert_denied(&sql, probe(&app, &intruder, &sql).await);
    let stamps = format!(
        "SELECT count(*) FROM pg_constraint WHERE conname = 'tenantry_tenant' AND connamespace = '{}'::regnamespace",
        home.schema
    );
    assert_eq!(value(&app.database, &stamps).await, "3", "the ledger keeps to its tenant from now on");
    assert_eq!(give_back(&app, home.tenant).await.unwrap().as_deref(), Some("old_acme"));
    assert_eq!(rows_of(&app.database, "old_acme").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_template_differs_from_itself_in_nothing() {
    let app = TestApp::builder().start().await;
    schema_with(&app, "same", BUILT_IN[0].1).await;
    let before = homes(&app.database).await;
    assert_eq!(inspect(&app, "same").await.unwrap().differences, Vec::<String>::new());
    as_owner(
        &app,
        "ALTER TABLE same.agents DROP COLUMN role, ALTER name TYPE varchar(100); DROP INDEX same.agents_name;
                    ALTER TABLE same.tasks ADD COLUMN note text; CREATE INDEX ON same.tasks (note)",
    )
    .await;
    insta::assert_snapshot!(inspect(&app, "same").await.unwrap().differences.join("\n"), @r"
    column agents.name is character varying(100) not null, in the template text not null
    column agents.role is missing: text not null
    agents lacks CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
    agents lacks CHECK (((char_length(role) >= 1) AND (char_length(role) <= 100)))
    agents lacks unique index USING btree (workspace_id, lower(name)) WHERE (deleted_at IS NULL)
    agents has, and the template has not, CHECK (((char_length((name)::text) >= 1) AND (char_length((name)::text) <= 100)))
    column tasks.note is not in the template: text
    tasks has, and the template has not, index USING btree (note)
    ");
    let schemas = "SELECT string_agg(nspname, ' ') FROM pg_namespace WHERE nspname LIKE 'tenantry\\_shape%'";
    assert_eq!((value(&app.database, schemas).await, homes(&app.database).await), (String::new(), before));
}

/// Something of every kind that adoption changes.
const LIVED_IN: &str = r"
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN counters AS integer CHECK (VALUE > 0);
CREATE TABLE events (id bigserial PRIMARY KEY, workspace_id uuid, feeling mood, past mood[]);
CREATE TABLE notes (id serial PRIMARY KEY, body text, event_id bigint REFERENCES events (id), UNIQUE (body, id));
CREATE TABLE logged (at date NOT NULL, workspace_id uuid NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logged_2024 PARTITION OF logged FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX ON logged (workspace_id);
CREATE VIEW happy WITH (security_invoker = true) AS SELECT * FROM events WHERE feeling = 'good';
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM events;
CREATE STATISTICS told ON body, event_id FROM notes;
CREATE FUNCTION feel(mood, events) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION quiet() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE act(INOUT x integer) LANGUAGE plpgsql AS 'BEGIN x := x + 1; END';
CREATE AGGREGATE most(integer) (SFUNC = int4larger, STYPE = integer);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamped BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp();
INSERT INTO events (workspace_id, feeling) VALUES ('01900000-0000-7000-8000-000000000001', 'good');
INSERT INTO notes (body, event_id) VALUES ('x', 1);
INSERT INTO logged VALUES ('2024-05-05', '01900000-0000-7000-8000-000000000002');
REVOKE EXECUTE ON FUNCTION quiet() FROM PUBLIC;
";

/// Grants to a role of the test's own, whose name is its database's: roles are the cluster's.
fn grants(schema: &str, role: &str) -> String {
    format!(
        "COMMENT ON SCHEMA {schema} IS 'Acme''s'; COMMENT ON TABLE {schema}.notes IS 'mine';
         GRANT USAGE ON SCHEMA {schema} TO {role}, PUBLIC; GRANT CREATE ON SCHEMA {schema} TO {role} WITH GRANT OPTION;
         GRANT SELECT, INSERT ON {schema}.notes, {schema}.happy, {schema}.logged_2024 TO {role};
         GRANT ALL ON {schema}.counted TO {role} WITH GRANT OPTION; GRANT SELECT ON {schema}.events TO PUBLIC;
         GRANT UPDATE (body), SELECT (id) ON {schema}.notes TO {role}; GRANT REFERENCES (id) ON {schema}.events TO {role} WITH GRANT OPTION;
         GRANT USAGE ON SEQUENCE {schema}.notes_id_seq TO {role};
         GRANT EXECUTE ON FUNCTION {schema}.quiet(), {schema}.feel({schema}.mood, {schema}.events) TO {role};"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_back_restores_everything() {
    let app = TestApp::builder().start().await;
    let role = format!("{}_reader", app.database.installation.prefix());
    execute(&app.database, &format!("CREATE ROLE {role}; CREATE ROLE {role}_gone")).await;
    schema_with(&app, "old_acme", LIVED_IN).await;
    as_owner(&app, &grants("old_acme", &role)).await;
    as_owner(&app, &format!("GRANT SELECT ON old_acme.notes TO {role}_gone")).await;
    // The first adoption makes the first cell, which stays.
    app.database.placement.fill(1).await.unwrap();
    let before = (
        picture(&app.database, "old_acme").await,
        rows_of(&app.database, "old_acme").await,
        homes(&app.database).await,
    );
    let report = inspect(&app, "old_acme").await.unwrap();
    assert!(report.grants.contains(&format!("UPDATE on notes.body to {role}")), "{:?}", report.grants);
    assert!(report.grants.contains(&"SELECT on events to everybody".to_owned()));
    let mut last = None;
    for turn in ["acme", "acme-again"] {
        let (home, _) = adopt(&app, "old_acme", turn).await.unwrap();
        // The worker writes the slug over the schema's comment.
        assert_eq!(app.database.placement.label().await.unwrap(), 1);
        let open = format!(
            "SELECT string_agg(DISTINCT privilege_type, ' ') FROM pg_class c, aclexplode(c.relacl) a
                            WHERE relnamespace = '{}'::regnamespace AND a.grantee IN (0, '{role}'::regrole)",
            home.schema
        );
        assert_eq!(value(&app.database, &open).await, "", "nobody else is left with anything");
        let denied =
            format!("SELECT has_any_column_privilege('{role}', '{}.notes', 'SELECT, UPDATE')", home.schema);
        assert_eq!(value(&app.database, &denied).await, "false");
        assert_eq!(give_back(&app, home.tenant).await.unwrap().as_deref(), Some("old_acme"));
        assert_eq!(picture(&app.database, "old_acme").await, before.0, "{turn}");
        assert_eq!(rows_of(&app.database, "old_acme").await, before.1);
        assert_eq!(homes(&app.database).await, before.2, "no schema and no role is left");
        assert_eq!(give_back(&app, home.tenant).await.unwrap(), None, "a second time there is nothing to do");
        last = Some(home);
        execute(&app.database, &format!("DELETE FROM tenants WHERE slug = '{turn}'")).await;
    }
    let slots = format!("SELECT count(*) FROM slots WHERE schema_name = '{}'", last.unwrap().schema);
    assert_eq!(value(&app.database, &slots).await, "0");
    // A role that went meanwhile is not missed.
    let (home, _) = adopt(&app, "old_acme", "third").await.unwrap();
    execute(&app.database, &format!("DROP ROLE {role}_gone")).await;
    give_back(&app, home.tenant).await.unwrap();
    execute(&app.database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

/// What stands in the way: statements of the owner with the search path in schema `x`, and what is told of it.
const PIERCED: &[(&str, &str)] = &[
    ("CREATE VIEW v AS SELECT * FROM t", "the view v reads as its owner"),
    ("CREATE VIEW v WITH (security_invoker = off) AS SELECT * FROM t", "the view v reads as its owner"),
    (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "the function x.f() runs as its owner",
    ),
    ("CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM u", "the rule t.r runs as the table's owner"),
    ("CREATE POLICY p ON t USING (true)", "t has row-level security of its own"),
    ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", "t has row-level security of its own"),
    ("ALTER TABLE t FORCE ROW LEVEL SECURITY", "t has row-level security of its own"),
    ("CREATE TABLE w (workspace_id text)", "w.workspace_id is text"),
    ("CREATE TABLE _events (a int)", "the name _events is one of Tenantry's own"),
    (
        "CREATE VIEW _schema_history WITH (security_invoker) AS SELECT 1 AS a",
        "the name _schema_history is one of Tenantry's own",
    ),
    ("ALTER TABLE t ADD CONSTRAINT tenantry_tenant CHECK (true)", "t has a constraint tenantry_tenant"),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA x GRANT SELECT ON TABLES TO PUBLIC",
        "default privileges of tenantry_test_owner",
    ),
    (
        "CREATE TABLE a (b int REFERENCES outside.t (id))",
        "constraint a_b_fkey on table x.a refers to table outside.t",
    ),
    (
        "CREATE TABLE outside.a (b int REFERENCES t (id))",
        "constraint a_b_fkey on table outside.a refers to table x.t",
    ),
    ("CREATE TABLE a () INHERITS (outside.t)", "table x.a refers to table outside.t"),
    ("CREATE TABLE outside.a () INHERITS (t)", "table outside.a refers to table x.t"),
    (
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE outside.p1 PARTITION OF p DEFAULT",
        "table outside.p1 refers to table x.p",
    ),
    ("CREATE TABLE p1 PARTITION OF outside.p DEFAULT", "table x.p1 refers to table outside.p"),
    (
        "CREATE TABLE a (b int DEFAULT nextval('outside.s'))",
        "default value for column b of table x.a refers to sequence outside.s",
    ),
    ("CREATE TABLE a (b outside.mood)", "table x.a refers to type outside.mood"),
    ("CREATE TABLE a (b outside.mood[])", "table x.a refers to type outside.mood"),
    (
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION outside.g()",
        "trigger g on table x.t refers to function outside.g()",
    ),
    ("CREATE VIEW outside.v AS SELECT * FROM t", "rule _RETURN on view outside.v refers to table x.t"),
    (
        "CREATE VIEW v WITH (security_invoker) AS SELECT * FROM outside.t",
        "rule _RETURN on view x.v refers to table outside.t",
    ),
    (
        "CREATE FUNCTION outside.f(t) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "function outside.f(x.t) refers to type x.t",
    ),
    (
        "CREATE STATISTICS outside.told ON id, name FROM t",
        "statistics object outside.told refers to table x.t",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_pierces_the_fence_is_refused() {
    let app = TestApp::builder().start().await;
    let outside = "CREATE TABLE t (id int PRIMARY KEY); CREATE SEQUENCE s; CREATE TYPE mood AS ENUM ('good'); CREATE TABLE p (a int) PARTITION BY LIST (a);
                   CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'";
    let inside = "CREATE TABLE t (id int PRIMARY KEY, name text); CREATE TABLE u (id serial, t int REFERENCES t (id), many citext[], one citext)";
    execute(&app.database, "CREATE EXTENSION citext SCHEMA public").await;
    for (sql, told) in PIERCED {
        schema_with(&app, "outside", outside).await;
        schema_with(&app, "x", &inside.replace("citext", "public.citext")).await;
        inspect(&app, "x").await.unwrap_or_else(|error| panic!("before {sql}: {error}"));
        as_owner(&app, &format!("SET LOCAL search_path TO x; {sql}")).await;
        let before = picture(&app.database, "x").await;
        let error = inspect(&app, "x").await.unwrap_err();
        assert!(error.to_string().contains(told), "{sql}: {error}");
        assert_eq!(error.code().status(), 409, "{sql}");
        assert_eq!(picture(&app.database, "x").await, before, "{sql}");
        as_owner(&app, "DROP SCHEMA x CASCADE; DROP SCHEMA outside CASCADE").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_superuser_can_put_there_is_refused() {
    let app = TestApp::builder().start().await;
    for (sql, told) in [
        ("CREATE EXTENSION citext SCHEMA x", "citext, an extension, lives in the schema"),
        ("CREATE EXTENSION postgres_fdw SCHEMA public; CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;
          CREATE FOREIGN TABLE x.f (a int) SERVER s; ALTER FOREIGN TABLE x.f OWNER TO tenantry_test_owner", "f is a foreign table"),
        ("SET ROLE tenantry_test_owner; CREATE FUNCTION x.e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; RESET ROLE;
          CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION x.e(); ALTER EVENT TRIGGER e DISABLE", "event trigger e refers to function x.e()"),
        ("CREATE ROLE {R}; GRANT SELECT ON x.t TO {R} WITH GRANT OPTION; GRANT USAGE ON SCHEMA x TO {R}; SET ROLE {R}; GRANT SELECT ON x.t TO PUBLIC; RESET ROLE",
         "a privilege on t to everybody by {R}"),
    ] {
        schema_with(&app, "x", "CREATE TABLE t (id int)").await;
        let role = format!("{}_middle", app.database.installation.prefix());
        execute(&app.database, &sql.replace("{R}", &role)).await;
        let error = inspect(&app, "x").await.unwrap_err().to_string();
        assert!(error.contains(&told.replace("{R}", &role)), "{sql}: {error}");
        execute(&app.database, "DROP EVENT TRIGGER IF EXISTS e; DROP SCHEMA x CASCADE").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_others_are_named() {
    let app = TestApp::builder().start().await;
    let role = format!("{}_other", app.database.installation.prefix());
    execute(&app.database, &format!("CREATE ROLE {role}")).await;
    schema_with(&app, "old_acme", LIVED_IN).await;
    for (theirs, told) in [
        (
            format!("ALTER TABLE old_acme.notes OWNER TO {role}"),
            format!("table old_acme.notes belongs to {role}"),
        ),
        (
            format!("ALTER TYPE old_acme.mood OWNER TO {role}"),
            format!("type old_acme.mood belongs to {role}"),
        ),
        (
            "ALTER FUNCTION old_acme.quiet() OWNER TO CURRENT_USER".to_owned(),
            "function old_acme.quiet() belongs to".to_owned(),
        ),
        (
            format!("ALTER STATISTICS old_acme.told OWNER TO {role}"),
            format!("old_acme.told belongs to {role}"),
        ),
        (
            format!("CREATE COLLATION old_acme.c FROM \"C\"; ALTER COLLATION old_acme.c OWNER TO {role}"),
            format!("collation old_acme.c belongs to {role}"),
        ),
        (format!("ALTER SCHEMA old_acme OWNER TO {role}"), format!("the schema belongs to {role}")),
    ] {
        execute(&app.database, &theirs).await;
        let error = inspect(&app, "old_acme").await.unwrap_err().to_string();
        assert!(error.contains(&told) && error.contains("OWNER TO tenantry_test_owner"), "{theirs}: {error}");
    }
    execute(&app.database, &format!("DROP OWNED BY {role} CASCADE; DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_taken_as_they_are() {
    let app = TestApp::builder().start().await;
    let long = "ä".repeat(31) + "x";
    assert_eq!(long.len(), 63);
    let names = [
        "\"; DROP SCHEMA \"bystander\" CASCADE; --",
        "Old Acme",
        "old.acme",
        "tenant_acme",
        "', (SELECT 1)) --",
        r"back\slash",
        &long,
        "é🙂",
    ];
    schema_with(&app, "bystander", "CREATE TABLE t ()").await;
    for (number, name) in names.iter().enumerate() {
        let table = format!(
            "CREATE TABLE {} (id int PRIMARY KEY, workspace_id uuid); CREATE FUNCTION {}() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            quote_ident(name),
            quote_ident(name)
        );
        schema_with(&app, name, &table).await;
        as_owner(
            &app,
            &format!(
                "COMMENT ON SCHEMA {} IS E'it''s \\\\ it'; INSERT INTO {0}.{0} VALUES (1, '{}')",
                quote_ident(name),
                Uuid::from_u128(number as u128 + 1)
            ),
        )
        .await;
        let before = (picture(&app.database, name).await, rows_of(&app.database, name).await);
        let (home, taken) = adopt(&app, name, &format!("acme-{number}"))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (taken.workspaces.len(), rows_of(&app.database, &home.schema).await),
            (1, before.1.clone()),
            "{name}"
        );
        app.database.placement.label().await.unwrap();
        assert_eq!(give_back(&app, home.tenant).await.unwrap().as_deref(), Some(*name));
        assert_eq!(
            (picture(&app.database, name).await, rows_of(&app.database, name).await),
            before,
            "{name}"
        );
    }
    assert_eq!(
        value(&app.database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'bystander'").await,
        "1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_ours_or_of_nobody_is_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let slot = value(&app.database, "SELECT schema_name FROM slots WHERE state = 'ready' LIMIT 1").await;
    for (name, status) in [
        (&*acme.tenant.schema_name, 409),
        (&*slot, 409),
        ("nobody", 422),
        ("OLD_ACME", 422),
        ("public", 422),
        ("pg_catalog", 422),
        ("a\0b", 422),
    ] {
        assert_eq!(inspect(&app, name).await.unwrap_err().code().status(), status, "{name}");
    }
    schema_with(&app, "empty", "").await;
    assert_eq!(inspect_as(&app, "empty", Some("one")).await.unwrap_err().code().status(), 422);
    assert_eq!(inspect_as(&app, "empty", Some("2.1")).await.unwrap().report.baseline, "2.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_of_its_own_is_the_baseline() {
    let app = TestApp::builder().start().await;
    let row = |rank: u32, version: &str, success: bool| {
        format!(
            "INSERT INTO flyway_schema_history VALUES ({rank}, '{version}', 'x', 'SQL', 'V{version}__x.sql', 7, 'me', now(), 1, {success});"
        )
    };
    let table = tenantry_pg::migrate::history::create_history("old_acme", "flyway_schema_history");
    as_owner(&app, &format!("CREATE SCHEMA old_acme; {table}")).await;
    as_owner(
        &app,
        &format!(
            "SET LOCAL search_path TO old_acme; {} {} {}",
            row(1, "9", true),
            row(2, "10", true),
            row(3, "2", true)
        ),
    )
    .await;
    let report = inspect(&app, "old_acme").await.unwrap();
    assert_eq!((report.baseline.as_str(), report.has_history), ("10", true));
    assert_eq!(report.tables[0].fence.as_str(), "closed", "the history is the owner's");
    let error = inspect_as(&app, "old_acme", Some("9")).await.unwrap_err().to_string();
    assert!(error.contains("at version 10, not 9"), "{error}");
    let before = rows_of(&app.database, "old_acme").await;
    let (home, _) = adopt(&app, "old_acme", "acme").await.unwrap();
    assert_eq!(rows_of(&app.database, &home.schema).await, before, "it is taken as it is");
    let kept = format!(
        "SELECT a.baseline || ' ' || s.schema_version || ' ' || s.adopted_from FROM adoptions a JOIN slots s USING (tenant_id) WHERE tenant_id = '{}'",
        home.tenant.0
    );
    assert_eq!(value(&app.database, &kept).await, "10 10 old_acme");
    give_back(&app, home.tenant).await.unwrap();
    as_owner(&app, &format!("SET LOCAL search_path TO old_acme; {}", row(4, "11", false))).await;
    let error = inspect(&app, "old_acme").await.unwrap_err().to_string();
    assert!(error.contains("V11__x.sql failed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_workspace_of_the_rows_is_found() {
    let app = TestApp::builder().start().await;
    schema_with(&app, "old_acme",
        "CREATE TABLE indexed (workspace_id uuid, n int); CREATE INDEX ON indexed (workspace_id, n);
         CREATE TABLE plain (workspace_id uuid); CREATE TABLE empty (workspace_id uuid PRIMARY KEY);
         CREATE TABLE parted (workspace_id uuid NOT NULL, n int) PARTITION BY LIST (n); CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
         INSERT INTO indexed SELECT ('00000000-0000-7000-8000-' || lpad((n % 3)::text, 12, '0'))::uuid, n FROM generate_series(1, 100) n;
         INSERT INTO indexed VALUES (NULL, 0);
         INSERT INTO plain SELECT ('00000000-0000-7000-8000-' || lpad((n % 3 + 2)::text, 12, '0'))::uuid FROM generate_series(1, 9) n;
         INSERT INTO parted VALUES ('00000000-0000-7000-8000-000000000009', 1)").await;
    let report = inspect(&app, "old_acme").await.unwrap();
    let ends: Vec<u128> = report.workspaces.iter().map(|id| id.0.as_u128() & 0xff).collect();
    assert_eq!(ends, [0, 1, 2, 3, 4, 9]);
    assert_eq!(
        report.remarks,
        ["indexed has rows without a workspace_id: no workspace will see them; give them one"]
    );
    for (table, most) in [("indexed", 1001), ("plain", 1001)] {
        as_owner(&app, &format!("INSERT INTO old_acme.{table} (workspace_id) SELECT gen_random_uuid() FROM generate_series(1, {most})")).await;
        let error = inspect(&app, "old_acme").await.unwrap_err().to_string();
        assert!(error.contains("more than 1000 workspaces"), "{error}");
        as_owner(&app, &format!("TRUNCATE old_acme.{table}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_tenant_or_workspace_are_refused() {
    let app = TestApp::start().await;
    let rival = app.tenant("rival").await;
    platform_schema(&app, "old_acme", ACME).await;
    let inspection = inspect_as(&app, "old_acme", None).await.unwrap();
    let error = take(&app, Uuid::from_u128(7), "acme", inspection).await.unwrap_err().to_string();
    assert!(error.contains(&TenantId(ACME).to_string()) && error.contains("no row is touched"), "{error}");
    as_owner(&app, &format!("UPDATE old_acme.tasks SET workspace_id = '{}'", rival.key.workspace_id.0)).await;
    let error = inspect(&app, "old_acme").await.unwrap_err().to_string();
    assert!(error.contains("another tenant's") && !error.contains("rival"), "{error}");
    as_owner(&app, &format!("UPDATE old_acme.tasks SET workspace_id = '{ONE}'")).await;
    let second = "INSERT INTO old_acme.provider_api_calls (tenant_id, workspace_id, provider, model, operation, latency_ms, success)
                  SELECT gen_random_uuid(), workspace_id, provider, model, operation, latency_ms, success FROM old_acme.provider_api_calls";
    as_owner(&app, second).await;
    let error = inspect(&app, "old_acme").await.unwrap_err().to_string();
    assert!(error.contains("more than one tenant"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_changed_meanwhile_is_looked_at_again() {
    let app = TestApp::builder().start().await;
    for (number, sql) in [
        "GRANT SELECT ON x.t TO PUBLIC",
        "COMMENT ON SCHEMA x IS 'other'",
        "CREATE VIEW x.v AS SELECT * FROM x.t",
        "ALTER SCHEMA x RENAME TO y",
        "DROP SCHEMA x CASCADE; CREATE SCHEMA x",
    ]
    .iter()
    .enumerate()
    {
        schema_with(&app, "x", "CREATE TABLE t (workspace_id uuid)").await;
        let inspection = inspect_as(&app, "x", None).await.unwrap();
        as_owner(&app, sql).await;
        let before = homes(&app.database).await;
        let error =
            take(&app, app.app.ctx().uuid(), &format!("acme-{number}"), inspection).await.unwrap_err();
        assert_eq!(error.code().status(), 409, "{sql}: {error}");
        assert_eq!(homes(&app.database).await, before, "{sql}");
        as_owner(&app, "DROP SCHEMA IF EXISTS x CASCADE; DROP SCHEMA IF EXISTS y CASCADE").await;
    }
    // Rows may change: a workspace that was made since is found when nobody can write any more.
    schema_with(&app, "x", "CREATE TABLE t (workspace_id uuid)").await;
    let inspection = inspect_as(&app, "x", None).await.unwrap();
    as_owner(&app, &format!("INSERT INTO x.t VALUES ('{ONE}')")).await;
    let (_, taken) = take(&app, app.app.ctx().uuid(), "acme", inspection).await.unwrap();
    assert_eq!(taken.workspaces.iter().map(|id| id.0).collect::<Vec<_>>(), [ONE]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_is_not_waited_for() {
    let app = TestApp::builder().start().await;
    schema_with(&app, "old_acme", "CREATE TABLE t (workspace_id uuid)").await;
    let before = (picture(&app.database, "old_acme").await, homes(&app.database).await);
    let inspection = inspect_as(&app, "old_acme", None).await.unwrap();
    let application = app.database.admin().await;
    application.execute("BEGIN; LOCK TABLE old_acme.t IN ACCESS SHARE MODE").await.unwrap();
    let told = inspect(&app, "old_acme").await.unwrap().in_use;
    assert!(told.len() == 1 && told[0].ends_with("works in it with 1 connections"), "{told:?}");
    let tenant = app.app.ctx().uuid();
    let error = take(&app, tenant, "acme", inspection.clone()).await.unwrap_err();
    assert!(
        error.to_string().contains("A table of old_acme is in use") && error.code().status() == 409,
        "{error}"
    );
    assert_eq!(picture(&app.database, "old_acme").await, before.0, "nothing was changed");
    application.execute("ROLLBACK").await.unwrap();
    let (home, _) = take(&app, tenant, "acme", inspection).await.unwrap();
    application.execute(&format!("BEGIN; LOCK TABLE {}.t IN ACCESS SHARE MODE", home.schema)).await.unwrap();
    let error = give_back(&app, home.tenant).await.unwrap_err();
    assert_eq!(error.code().status(), 409, "{error}");
    application.execute("ROLLBACK").await.unwrap();
    give_back(&app, home.tenant).await.unwrap();
    assert_eq!(picture(&app.database, "old_acme").await, before.0);
}

/// What the undo of `place` would do.
async fn remove(app: &TestApp, home: &Home) -> Result<(), Error> {
    app.database.placement.owner.run("remove", home.clone(), |tx, home| Box::pin(home.remove(tx))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_schema_is_never_dropped() {
    let app = TestApp::builder().start().await;
    schema_with(&app, "old_acme", DJANGO).await;
    let (home, _) = adopt(&app, "old_acme", "acme").await.unwrap();
    let before = rows_of(&app.database, &home.schema).await;
    let error = remove(&app, &home).await.unwrap_err().to_string();
    assert!(error.contains("was adopted from old_acme: it is given back, never dropped"), "{error}");
    assert_eq!(rows_of(&app.database, &home.schema).await, before);
    let sql = "UPDATE slots SET adopted_from = NULL";
    let as_server: Result<usize, Error> = app
        .app
        .platform
        .run("test", (), move |tx, ()| Box::pin(async move { Ok(tx.query(sql, &[]).await?.len()) }))
        .await;
    assert_denied(sql, as_server.map_err(database));
    // A purge is a decision of its own.
    let keep: Result<(), Error> = app
        .database
        .placement
        .owner
        .run("keep", home.tenant, |tx, tenant| Box::pin(adoption::keep_for_good(tx, *tenant)))
        .await;
    keep.unwrap();
    assert_eq!(give_back(&app, home.tenant).await.unwrap(), None);
    remove(&app, &home).await.unwrap();
    assert_eq!(
        value(&app.database, &format!("SELECT count(*) FROM pg_namespace WHERE nspname = '{}'", home.schema))
            .await,
        "0"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_taken_meanwhile_is_told() {
    let app = TestApp::builder().start().await;
    schema_with(&app, "old_acme", DJANGO).await;
    let (home, _) = adopt(&app, "old_acme", "acme").await.unwrap();
    schema_with(&app, "old_acme", "CREATE TABLE other ()").await;
    let error = give_back(&app, home.tenant).await.unwrap_err().to_string();
    assert!(error.contains("Another schema is called old_acme"), "{error}");
    execute(&app.database, &format!("DROP SCHEMA {} CASCADE", home.schema)).await;
    let error = give_back(&app, home.tenant).await.unwrap_err().to_string();
    assert!(error.contains("neither"), "the other one is not taken for it: {error}");
    assert_eq!(value(&app.database, "SELECT count(*) FROM pg_class WHERE relname = 'other'").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_works_whatever_was_done() {
    let app = TestApp::builder().start().await;
    let role = format!("{}_reader", app.database.installation.prefix());
    execute(&app.database, &format!("CREATE ROLE {role}")).await;
    schema_with(&app, "old_acme", LIVED_IN).await;
    as_owner(&app, &grants("old_acme", &role)).await;
    app.database.placement.fill(1).await.unwrap();
    let before = (picture(&app.database, "old_acme").await, homes(&app.database).await);
    // Recorded, and nothing done: the worker died before it took over.
    let inspection = inspect_as(&app, "old_acme", None).await.unwrap();
    let tenant = app.app.ctx().uuid();
    let opaque = reserve(&app, tenant, "acme").await;
    let placement = app.database.placement.clone();
    let input = (placement.clone(), inspection, opaque);
    let recorded: Result<(), Error> = placement
        .owner
        .run("record", input, move |tx, (placement, inspection, opaque)| {
            Box::pin(async move {
                let home = placement.home_named(tx, TenantId(tenant), opaque).await?;
                adoption::record(tx, &home, inspection, placement.ctx.now()).await
            })
        })
        .await;
    recorded.unwrap();
    assert_eq!(give_back(&app, TenantId(tenant)).await.unwrap().as_deref(), Some("old_acme"));
    assert_eq!((picture(&app.database, "old_acme").await, homes(&app.database).await), before);
    execute(&app.database, "DELETE FROM tenants").await;
    // Done, and then changed by hand, by a migration of the fleet, by a psql session.
    let (home, _) = adopt(&app, "old_acme", "acme").await.unwrap();
    let name = &home.schema;
    as_owner(&app, &format!(
        "DROP TABLE {name}._events; DROP POLICY tenantry_wide ON {name}.events; REVOKE ALL ON {name}.notes FROM {0}, {0}_wide;
         GRANT SELECT ON {name}.notes TO {role}; GRANT SELECT (id) ON {name}.events TO {0};
         CREATE TABLE {name}.added (workspace_id uuid); GRANT SELECT ON {name}.added TO {0}", home.role)).await;
    give_back(&app, home.tenant).await.unwrap();
    as_owner(&app, "DROP TABLE old_acme.added").await;
    assert_eq!((picture(&app.database, "old_acme").await, homes(&app.database).await), before);
    execute(&app.database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_tables_are_all_known() {
    let app = TestApp::builder().slots(1).start().await;
    let slot = value(&app.database, "SELECT schema_name FROM slots").await;
    let there = value(&app.database, &format!(
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = '{slot}'::regnamespace AND relkind = 'r' AND relname ^@ '_'")).await;
    // As an adoption refuses and an undo drops them: a new system table has to be added to the list.
    for name in there.split(' ') {
        schema_with(&app, "x", &format!("CREATE TABLE {name} ()")).await;
        assert!(inspect(&app, "x").await.unwrap_err().to_string().contains(name), "{name}");
        as_owner(&app, "DROP SCHEMA x CASCADE").await;
    }
    assert_eq!(there, "_counters _events _idempotency _schema_history");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_need_a_hand_is_remarked() {
    let app = TestApp::builder().start().await;
    schema_with(
        &app,
        "Old",
        r#"CREATE TABLE a (id int PRIMARY KEY, workspace_id uuid NOT NULL, UNIQUE (workspace_id, id));
           CREATE TABLE b (id int REFERENCES a (id), workspace_id uuid NOT NULL, FOREIGN KEY (workspace_id, id) REFERENCES a (workspace_id, id));
           CREATE TABLE c (id int REFERENCES a (id));
           CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM a;
           CREATE FUNCTION named() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM "Old".a); END';
           CREATE FUNCTION pathed() RETURNS int LANGUAGE sql SET search_path = "Old" AS 'SELECT 1';
           CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 1'"#,
    )
    .await;
    insta::assert_snapshot!(inspect(&app, "Old").await.unwrap().remarks.join("\n"), @r"
    the foreign key b_id_fkey of b is without workspace_id: its checks run past row-level security, so that a row can point into another workspace
    the function named names the schema, and will not find it under its new name: let it use unqualified names
    the function pathed names the schema, and will not find it under its new name: let it use unqualified names
    the materialized view m stays closed: it holds rows of every workspace
    ");
}
