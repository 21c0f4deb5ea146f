//! A tenant out as an archive and in again: row by row, and what is refused on the way.

use crate::{
    catalogue::{execute, value},
    migrations::template,
};
use serde_json::{Value, json};
use std::{fmt::Write as _, time::Duration};
use tenantry_core::{
    Error, Result,
    archive::{self, ImportedWorkspace, Loaded, Upload},
    ctx::{Ids, System},
    placement::{Home, Template},
};
use tenantry_testkit::{
    Client, TestApp, TestDatabase,
    axum::{
        body::{Body, to_bytes},
        http::Method,
    },
};
use tenantry_types::{
    ErrorCode, TenantId,
    archive::{Check, Head, Manifest, PART_BYTES, PART_ROOM, RowSum, Writer, part, tar},
};
use uuid::Uuid;

/// A row or more in every table, in every workspace, with everything that text formats trip over.
const FILL: &str = r#"
DO $fill$
DECLARE w uuid; a uuid; t uuid; p uuid; s uuid; n int := 0;
    odd text := E'tab\there \\N \\. back\\slash\nnew\r\nline "quote" ''single'' \u00e4\u00f6\u6f22\U0001F980 \u0001 end';
BEGIN
    FOR w IN SELECT id FROM public.workspaces WHERE tenant_id = '{tenant}' ORDER BY slug LOOP
        n := n + 1;
        INSERT INTO agents (workspace_id, name, role, personality_prompt, capabilities, tool_permissions)
            VALUES (w, 'Iris ' || n, 'r', odd, ARRAY[odd, '', 'NULL', '{}', 'a,b'], jsonb_build_object('k', odd, 'n', NULL, 'd', 1e300::numeric))
            RETURNING id INTO a;
        INSERT INTO provider_accounts (workspace_id, provider, credential_encrypted, refresh_expires_at, scopes)
            VALUES (w, 'openai', '\x00ff5c740a09'::bytea, 'infinity', '{}') RETURNING id INTO p;
        INSERT INTO tasks (workspace_id, agent_id, title, description, status, started_at, deadline, progress_details, provider_account_id)
            VALUES (w, a, odd, NULL, 'in_progress', '0001-01-01 BC', '-infinity', 'null', p) RETURNING id INTO t;
        UPDATE agents SET current_task_id = t, status = 'working' WHERE id = a;
        INSERT INTO tasks (workspace_id, parent_task_id, title, description, created_at)
            SELECT w, t, 'child ' || i, repeat('x', i), '2024-02-29 23:59:59.123456+00'::timestamptz FROM generate_series(1, 20) AS i;
        INSERT INTO task_dependencies (workspace_id, task_id, depends_on_task_id)
            SELECT w, id, t FROM tasks WHERE parent_task_id = t;
        INSERT INTO agent_sessions (workspace_id, agent_id, task_id, tokens_used) VALUES (w, a, t, 9223372036854775807) RETURNING id INTO s;
        INSERT INTO messages (workspace_id, from_agent, to_user, body, subject) VALUES (w, a, gen_random_uuid(), odd, '');
        INSERT INTO schedules (workspace_id, agent_id, name, cron_expression, task_template) VALUES (w, a, 'nightly', '0 3 * * *', '{"a": [1, null, "\\t"]}');
        INSERT INTO activity_logs (workspace_id, agent_id, action, details) VALUES (w, a, odd, to_jsonb(odd)), (w, NULL, 'x', 'false');
        INSERT INTO credential_proxies (workspace_id, name, service, secret_encrypted, allowed_agents) VALUES (w, 'p', 's', '', ARRAY[a]);
        INSERT INTO provider_api_calls (tenant_id, workspace_id, session_id, provider, model, operation, cost_usd, latency_ms, success)
            VALUES ('{tenant}', w, s, 'anthropic', odd, 'other', 999999999.999999999, 0, true), ('{tenant}', w, NULL, 'openai', 'm', 'other', NULL, 1, false);
        INSERT INTO daily_metrics (tenant_id, workspace_id, date, total_cost_usd) VALUES ('{tenant}', w, '5874897-12-31', 123456789012345.000000001);
        INSERT INTO roi_calculations (tenant_id, workspace_id, period_start, period_end, actual_cost_usd, baseline_cost_usd, savings_usd, savings_percent)
            VALUES ('{tenant}', w, '2024-01-01', '2024-02-01', 7, 5, -2, -40);
    END LOOP;
END $fill$"#;

/// An application with a tenant `acme` of two workspaces, filled, and the bare id of the tenant.
async fn filled() -> (TestApp, Uuid, String) {
    let app = TestApp::builder().slots(3).start().await;
    let acme = app.tenant("acme").await;
    let (id, schema) = (acme.tenant.id.0, acme.tenant.schema_name.clone());
    let second = format!(
        "INSERT INTO public.workspaces (id, tenant_id, slug, name, archived_at) VALUES (gen_random_uuid(), '{id}', 'second', 'Zweite', now())"
    );
    execute(&app.database, &second).await;
    let fill = format!("SET search_path = {schema}, public; {}", FILL.replace("{tenant}", &id.to_string()));
    execute(&app.database, &fill).await;
    (app, id, schema)
}

pub async fn export(client: &Client, slug: &str) -> Vec<u8> {
    let response = client.send(Method::POST, &format!("/v1/tenants/{slug}/export"), None).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-tar");
    let body = to_bytes(response.into_body(), 1 << 30).await;
    body.unwrap_or_else(|error| panic!("{error}")).to_vec()
}

fn whole(bytes: &[u8]) -> (Head, Manifest) {
    let mut check = Check::default();
    check.push(bytes, &mut |_, _| {}).unwrap_or_else(|refusal| panic!("{refusal}"));
    let whole = check.finish().unwrap_or_else(|refusal| panic!("{refusal}"));
    (whole.head, whole.manifest)
}

async fn upload(app: &TestApp, bytes: &[u8]) -> Result<Uuid> {
    let mut upload: Upload = app.app.archives.upload().await?;
    for piece in bytes.chunks(100_000) {
        if let Err(error) = upload.push(piece).await {
            upload.discard().await;
            return Err(error);
        }
    }
    Ok(upload.finish().await?.id)
}

/// The home that is ready for the next tenant.
async fn home(database: &TestDatabase) -> Home {
    let row = "SELECT concat_ws(' ', s.tenant_id, s.schema_name, s.role_name, s.cell, c.login, s.shard_id)
               FROM slots s JOIN cells c ON c.id = s.cell WHERE s.state = 'ready' ORDER BY s.created_at LIMIT 1";
    let row = value(database, row).await;
    let [tenant, schema, role, cell, login, shard] = row.split(' ').collect::<Vec<_>>()[..] else {
        panic!("no slot is ready: {row}")
    };
    let id = |text: &str| Uuid::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    Home {
        tenant: TenantId(id(tenant)),
        schema: schema.to_owned(),
        role: role.to_owned(),
        wide_role: format!("{role}_wide"),
        cell: cell.parse().unwrap_or_else(|error| panic!("{error}")),
        cell_login: login.to_owned(),
        shard: id(shard),
        fingerprint: String::new(),
    }
}

async fn load(app: &TestApp, home: &Home, archive: Uuid) -> Result<Loaded> {
    let owner = &app.database.placement.owner;
    owner
        .run("test_load", (home.clone(), archive), |tx, (home, id)| Box::pin(archive::load(tx, home, *id)))
        .await
}

async fn workspaces(app: &TestApp, archive: Uuid) -> Vec<ImportedWorkspace> {
    let owner = &app.database.placement.owner;
    let found = owner.run("test_workspaces", archive, |tx, id| Box::pin(archive::workspaces(tx, *id))).await;
    found.unwrap_or_else(|error| panic!("{error}"))
}

/// The tables of a schema, but for the platform's own.
async fn tables(database: &TestDatabase, schema: &str) -> Vec<String> {
    let names = format!(
        "SELECT string_agg(relname, E'\\n' ORDER BY relname) FROM pg_class WHERE relnamespace = '{schema}'::regnamespace
         AND relkind IN ('r', 'p') AND NOT relispartition AND relname !~ '^(_events|_idempotency|_counters|_.*history|flyway_schema_history)$'"
    );
    value(database, &names).await.split('\n').map(str::to_owned).collect()
}

/// Every row of every table, as PostgreSQL prints it.
async fn rows(database: &TestDatabase, schema: &str) -> String {
    let mut all = String::new();
    for table in tables(database, schema).await {
        let table = table.replace('"', "\"\"");
        let rows = format!(
            "SELECT count(*) || E'\\n' || coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\"), '') FROM {schema}.\"{table}\" AS t"
        );
        let _ = writeln!(all, "{table}: {}", value(database, &rows).await);
    }
    all
}

/// Everything about a schema's constraints, triggers and sequences, without its name.
async fn rules(database: &TestDatabase, schema: &str) -> String {
    let query = format!(
        "SELECT concat((SELECT string_agg(concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)), E'\\n' ORDER BY conrelid::regclass::text, conname)
                        FROM pg_constraint WHERE connamespace = '{schema}'::regnamespace AND conname <> 'tenantry_tenant'),
                       (SELECT string_agg(concat_ws(' ', t.tgrelid::regclass, t.tgname, t.tgenabled), E'\\n' ORDER BY t.tgrelid::regclass::text, t.tgname)
                        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = '{schema}'::regnamespace AND NOT tgisinternal))"
    );
    value(database, &query).await.replace(schema, "home")
}

/// What `text` says with the ids that an import gave.
fn mapped(text: &str, tenant: (Uuid, Uuid), head: &Head, here: &[ImportedWorkspace]) -> String {
    let pairs = head.workspaces.iter().zip(here).map(|(old, new)| (old.id, new.id.0)).chain([tenant]);
    let sorted = |text: String| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    sorted(pairs.fold(text.to_owned(), |text, (old, new)| text.replace(&old.to_string(), &new.to_string())))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_survives_the_round_trip() {
    let (app, id, schema) = filled().await;
    let bytes = export(&app.operator(), "acme").await;
    let (head, manifest) = whole(&bytes);
    assert!(
        manifest.tables.len() == 12 && manifest.tables.iter().all(|table| table.rows >= 2),
        "{manifest:?}"
    );
    let (archive, home) = (upload(&app, &bytes).await.unwrap(), home(&app.database).await);
    let rules_before = rules(&app.database, &home.schema).await;
    let loaded = load(&app, &home, archive).await.unwrap();
    assert_eq!((loaded.tables, loaded.rows), (12, manifest.tables.iter().map(|table| table.rows).sum()));
    let here = workspaces(&app, archive).await;
    assert!(here.iter().zip(&head.workspaces).all(|(new, old)| new.id.0 != old.id && new.slug == old.slug));
    assert!(here[0].is_default && here[1].archived_at.is_some() && here[1].name == "Zweite");
    let (before, after) = (rows(&app.database, &schema).await, rows(&app.database, &home.schema).await);
    let tenant = (id, home.tenant.0);
    assert_eq!(mapped(&after, tenant, &head, &[]), mapped(&before, tenant, &head, &here));
    assert_eq!(rules(&app.database, &home.schema).await, rules_before, "constraints are what they were");
    assert_eq!(rules(&app.database, &schema).await, rules_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installation_keeps_the_ids_and_gives_the_same_archive() {
    let (app, id, schema) = filled().await;
    let bytes = export(&app.operator(), "acme").await;
    let there = TestApp::builder().slots(1).start().await;
    let (archive, home) = (upload(&there, &bytes).await.unwrap(), home(&there.database).await);
    load(&there, &home, archive).await.unwrap();
    let (head, _) = whole(&bytes);
    let here = workspaces(&there, archive).await;
    assert_eq!(
        here.iter().map(|workspace| workspace.id.0).collect::<Vec<_>>(),
        head.workspaces.iter().map(|workspace| workspace.id).collect::<Vec<_>>()
    );
    let (before, after) = (rows(&app.database, &schema).await, rows(&there.database, &home.schema).await);
    assert_eq!(
        mapped(&after, (id, home.tenant.0), &head, &[]),
        mapped(&before, (id, home.tenant.0), &head, &[])
    );
    // The same archive once more, beside the first: now the ids are promised.
    there.database.placement.fill(2).await.unwrap();
    let again = upload(&there, &bytes).await.unwrap();
    assert!(
        workspaces(&there, again)
            .await
            .iter()
            .all(|workspace| here.iter().all(|other| other.id != workspace.id))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_twice_ends_the_same() {
    let (app, ..) = filled().await;
    let archive = upload(&app, &export(&app.operator(), "acme").await).await.unwrap();
    let home = home(&app.database).await;
    let first = load(&app, &home, archive).await.unwrap();
    let (rows_then, ids_then) = (rows(&app.database, &home.schema).await, workspaces(&app, archive).await);
    let rules_then = rules(&app.database, &home.schema).await;
    assert_eq!(load(&app, &home, archive).await.unwrap(), first);
    assert_eq!(rows(&app.database, &home.schema).await, rows_then);
    assert_eq!(rules(&app.database, &home.schema).await, rules_then);
    assert_eq!(workspaces(&app, archive).await, ids_then);
    for _ in 0..2 {
        let owner = &app.database.placement.owner;
        owner.run("test_discard", archive, |tx, id| Box::pin(archive::discard(tx, *id))).await.unwrap();
    }
    assert_eq!(left(&app).await, "0 0 0");
}

/// Rows that archives have in `public`.
async fn left(app: &TestApp) -> String {
    let count = "SELECT concat_ws(' ', (SELECT count(*) FROM archives), (SELECT count(*) FROM archive_chunks), (SELECT count(*) FROM archive_workspaces))";
    value(&app.database, count).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_tenant_is_not_loaded_over() {
    let (app, id, schema) = filled().await;
    let archive = upload(&app, &export(&app.operator(), "acme").await).await.unwrap();
    let before = rows(&app.database, &schema).await;
    let living = Home { tenant: TenantId(id), schema: schema.clone(), ..home(&app.database).await };
    let error = load(&app, &living, archive).await.unwrap_err().to_string();
    assert!(error.contains("acme is active"), "{error}");
    assert_eq!(rows(&app.database, &schema).await, before);
}

/// A folder of migrations, as a team may write them.
fn odd_template() -> Template {
    let sql = r#"
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'häppy');
        CREATE DOMAIN small AS int CHECK (VALUE < 100);
        CREATE SEQUENCE "Numbers" START 500;
        CREATE SEQUENCE never_used;
        CREATE TABLE "Odd ""Table"", ünïcode/../x" (
            "Id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, workspace_id uuid NOT NULL, "select" text,
            doubled bigint GENERATED ALWAYS AS ("Id" * 2) STORED, feeling mood, feelings mood[], few small,
            f4 real, f8 double precision, n numeric, b bytea, i interval, d date, ts timestamp, r int4range, x xml, m money, bits bit varying,
            tid tid, p point, ip inet, j json, h text[][]
        );
        CREATE TABLE keyless (note text);
        CREATE TABLE nothing_in_it (id int PRIMARY KEY);
        CREATE TABLE seeded (id int PRIMARY KEY, label text);
        INSERT INTO seeded VALUES (1, 'as migrated');
        CREATE TABLE parted (id serial, workspace_id uuid, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE parted_old PARTITION OF parted FOR VALUES FROM (MINVALUE) TO ('2024-01-01');
        CREATE TABLE parted_new PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
        CREATE TABLE "A" (id int PRIMARY KEY, b_id int, UNIQUE (b_id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TABLE "B" (id int PRIMARY KEY, a_id int REFERENCES "A" (id) DEFERRABLE INITIALLY DEFERRED);
        ALTER TABLE "A" ADD CONSTRAINT "to B" FOREIGN KEY (b_id) REFERENCES "B" (id) NOT VALID;
        COMMENT ON CONSTRAINT "to B" ON "A" IS 'there''s a circle';
        CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'meddled'; RETURN NEW; END $$;
        CREATE TRIGGER meddle BEFORE INSERT ON keyless FOR EACH ROW EXECUTE FUNCTION meddle();
        CREATE TRIGGER sleeps BEFORE INSERT ON keyless FOR EACH ROW EXECUTE FUNCTION meddle();
        ALTER TABLE keyless DISABLE TRIGGER sleeps;
        CREATE TABLE base (id int); CREATE TABLE derived (more text) INHERITS (base);
    "#;
    let name = format!("odd-{}", System.uuid());
    template(&name, &[("V1__odd.sql", sql)]).unwrap_or_else(|error| panic!("{error}"))
}

const ODD_ROWS: &str = r#"
    INSERT INTO "Odd ""Table"", ünïcode/../x" (workspace_id, "select", feeling, feelings, few, f4, f8, n, b, i, d, ts, r, x, m, bits, tid, p, ip, j, h) VALUES
        ('{w}', E'\\.', 'häppy', '{sad,NULL,ok}', 99, 'NaN', '-Infinity', 'NaN', '\x', '-1 mons +3 days -00:00:00.000001', 'infinity', '-infinity', '[1,5)', '<a b="c">&lt;</a>', 12.34, B'0101', '(0,1)', '(1.5,-2)', '::1', '{"a" :  1, "a":2}', '{{a,b},{"c d",NULL}}'),
        ('{w}', '', NULL, '{}', NULL, 1.1, 5e-324, 1e-300, '\x5c0a', '178000000 years', '4713-01-01 BC', 'infinity', 'empty', '', -0.01, B'', '(1,2)', '(0,0)', '10.0.0.0/8', 'null', '{}'),
        (gen_random_uuid(), NULL, NULL, NULL, NULL, NULL, NULL, 123456789012345678901234567890.123456789, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
    DELETE FROM seeded; INSERT INTO seeded VALUES (7, 'of the team');
    ALTER TABLE keyless DISABLE TRIGGER meddle; INSERT INTO keyless VALUES ('a'), ('a'), (NULL), (''); ALTER TABLE keyless ENABLE TRIGGER meddle;
    INSERT INTO parted (workspace_id, at) SELECT '{w}', '2023-12-20'::date + i FROM generate_series(1, 30) AS i;
    BEGIN; INSERT INTO "A" VALUES (1, NULL), (2, NULL); INSERT INTO "B" VALUES (10, 1); UPDATE "A" SET b_id = 10 WHERE id = 1; COMMIT;
    INSERT INTO base VALUES (1); INSERT INTO derived VALUES (2, 'x');
    SELECT nextval('"Numbers"'), nextval('"Numbers"');"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_teams_own_tables_survive_whatever_they_are() {
    let app = TestApp::builder().template(odd_template()).slots(2).start().await;
    let acme = app.tenant("acme").await;
    let (schema, workspace) = (&acme.tenant.schema_name, acme.key.workspace_id.0);
    let fill = format!("SET search_path = {schema}; {}", ODD_ROWS.replace("{w}", &workspace.to_string()));
    execute(&app.database, &fill).await;
    let bytes = export(&app.operator(), "acme").await;
    let (archive, home) = (upload(&app, &bytes).await.unwrap(), home(&app.database).await);
    let rules_before = rules(&app.database, &home.schema).await;
    load(&app, &home, archive).await.unwrap();
    let (head, here) = (whole(&bytes).0, workspaces(&app, archive).await);
    let (before, after) = (rows(&app.database, schema).await, rows(&app.database, &home.schema).await);
    let tenant = (acme.tenant.id.0, home.tenant.0);
    assert_eq!(mapped(&after, tenant, &head, &[]), mapped(&before, tenant, &head, &here));
    assert_eq!(rules(&app.database, &home.schema).await, rules_before);
    for (sequence, next) in [("\"Numbers\"", "502"), ("never_used", "1"), ("parted_id_seq", "31")] {
        let query = format!("SELECT nextval('{}.{sequence}')", home.schema);
        assert_eq!(value(&app.database, &query).await, next, "{sequence}");
    }
    let next = format!(
        "INSERT INTO {}.\"Odd \"\"Table\"\", ünïcode/../x\" (workspace_id) VALUES ('{workspace}')",
        home.schema
    );
    execute(&app.database, &next).await;
}

fn refusal(outcome: Result<Uuid>) -> (ErrorCode, String, String) {
    match outcome {
        Err(Error::Refused { code, errors, .. }) => {
            let first = errors.first();
            let part =
                |get: fn(&tenantry_types::FieldError) -> &String| first.map(get).cloned().unwrap_or_default();
            (code, part(|error| &error.pointer), part(|error| &error.code))
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// Where a member's bytes begin, and how many they are.
fn member(bytes: &[u8], wanted: &str) -> (usize, usize) {
    let mut at = 0;
    while let Ok(Some(found)) = tar::read(bytes[at..at + 512].try_into().unwrap_or(&[0; 512])) {
        let size = usize::try_from(found.size).unwrap_or_default();
        if found.name.contains(wanted) {
            return (at + 512, size);
        }
        at += 512 + size + tar::padding(found.size);
    }
    panic!("no member {wanted}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_was_changed_is_refused() {
    let (app, ..) = filled().await;
    let bytes = export(&app.operator(), "acme").await;
    let client = app.operator().with_header("content-type", "application/x-tar");
    for table in whole(&bytes).0.tables {
        let (at, size) = member(&bytes, &table.folder);
        let mut changed = bytes.clone();
        changed[at + size / 2] ^= 0x20;
        let reply = client.raw(Method::POST, "/v1/tenants/import?slug=fresh", changed).await.expect(422);
        assert_eq!(reply.code(), "invalid");
        assert_eq!(reply.json["errors"][0]["code"], "checksum", "{}", reply.text);
        assert_eq!(reply.json["errors"][0]["pointer"], part(&table.folder, 1), "{}", reply.text);
        assert!(reply.json["next_steps"][0].as_str().is_some_and(|step| step.contains("again")));
    }
    assert_eq!(value(&app.database, "SELECT count(*) FROM tenants").await, "1");
    assert_eq!(left(&app).await, "0 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_archive_leaves_nothing() {
    let (app, ..) = filled().await;
    let bytes = export(&app.operator(), "acme").await;
    let (agents, size) = member(&bytes, "agents");
    let mut swapped = bytes.clone();
    swapped.drain(agents - 512..agents + size + tar::padding(size as u64));
    for (what, sent, pointer, code) in [
        ("nothing", Vec::new(), "the archive", "truncated"),
        ("half of it", bytes[..bytes.len() / 2].to_vec(), "the archive", "truncated"),
        ("all but its end", bytes[..bytes.len() - 1024].to_vec(), "the archive", "truncated"),
        ("something else", vec![b'x'; 4096], "the archive", "not_tar"),
        ("without a member", swapped, &part(&whole(&bytes).0.tables[2].folder, 1), "truncated"),
    ] {
        let told = refusal(upload(&app, &sent).await);
        if what == "without a member" {
            assert_eq!((told.0, told.2.as_str()), (ErrorCode::Invalid, code), "{what}: {told:?}");
        } else {
            assert_eq!(told, (ErrorCode::Invalid, pointer.to_owned(), code.to_owned()), "{what}");
        }
        assert_eq!(left(&app).await, "0 0 0", "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_other_files_is_refused() {
    let (app, ..) = filled().await;
    let bytes = export(&app.operator(), "acme").await;
    let other = TestApp::builder().template(odd_template()).start().await;
    let told = refusal(upload(&other, &bytes).await);
    assert_eq!(told, (ErrorCode::Invalid, "archive.json".to_owned(), "template".to_owned()));
    assert_eq!(left(&other).await, "0 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_wish_is_refused_before_the_upload() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let client = app.operator().with_header("content-type", "application/x-tar");
    for (query, status, code) in [
        ("", 422, "invalid"),
        ("?slug=www", 422, "invalid"),
        ("?slug=fresh&plan_tier=gold", 422, "invalid"),
        ("?slug=fresh&admin_email=nobody", 422, "invalid"),
        ("?slug=fresh&name=%20", 422, "invalid"),
        ("?slug=fresh&color=red", 422, "invalid"),
        ("?slug=acme", 409, "slug_taken"),
    ] {
        let endless = Body::from_stream(futures_stream());
        let reply =
            client.raw(Method::POST, &format!("/v1/tenants/import{query}"), endless).await.expect(status);
        assert_eq!(reply.code(), code, "{query}");
    }
    let untyped = app.operator().raw(Method::POST, "/v1/tenants/import?slug=fresh", "x").await.expect(415);
    assert_eq!(untyped.code(), "unsupported_media_type");
    assert_eq!(left(&app).await, "0 0 0");
}

/// A body that never comes.
fn futures_stream() -> impl futures_util::Stream<Item = std::result::Result<Vec<u8>, std::io::Error>> {
    futures_util::stream::pending()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_larger_than_allowed_is_refused() {
    let (app, ..) = filled().await;
    let sql = "INSERT INTO activity_logs (workspace_id, action, details) SELECT workspace_id, 'x', to_jsonb(repeat('x', 1000000)) FROM agents LIMIT 2";
    let schema = value(&app.database, "SELECT schema_name FROM tenants").await;
    execute(&app.database, &format!("SET search_path = {schema}; {sql}")).await;
    let bytes = export(&app.operator(), "acme").await;
    let small = TestApp::builder().database(&app.database).set("TENANTRY_IMPORT_MAX_MB", "1").start().await;
    let client = small.operator().with_header("content-type", "application/x-tar");
    let path = "/v1/tenants/import?slug=fresh";
    let reply = client.raw(Method::POST, path, bytes.clone()).await.expect(413);
    assert_eq!(reply.code(), "payload_too_large");
    assert_eq!(refusal(upload(&small, &bytes).await).0, ErrorCode::PayloadTooLarge);
    assert_eq!(left(&app).await, "0 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_fell_silent_is_swept() {
    let app = TestApp::start().await;
    let _silent = app.app.archives.upload().await.unwrap();
    let owner = &app.database.placement.owner;
    assert_eq!(archive::sweep(owner, app.app.ctx()).await.unwrap(), 0);
    app.clock.advance(chrono::TimeDelta::minutes(61));
    let mut alive = app.app.archives.upload().await.unwrap();
    assert_eq!(archive::sweep(owner, app.app.ctx()).await.unwrap(), 1);
    assert_eq!(left(&app).await, "1 0 0");
    app.clock.advance(chrono::TimeDelta::minutes(61));
    archive::sweep(owner, app.app.ctx()).await.unwrap();
    assert!(alive.push(b"x").await.is_ok(), "not a block yet");
    assert_eq!(alive.finish().await.unwrap_err().code(), ErrorCode::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_export_in_every_state_but_one() {
    let (app, ..) = filled().await;
    for state in ["status = 'suspended', suspended_at = now()", "status = 'deleted', deleted_at = now()"] {
        execute(&app.database, &format!("UPDATE tenants SET {state}")).await;
        whole(&export(&app.operator(), "acme").await);
    }
    execute(&app.database, "UPDATE tenants SET status = 'provisioning', deleted_at = NULL").await;
    app.operator().post("/v1/tenants/acme/export", &json!({})).await.expect(409);
    app.operator().post("/v1/tenants/nobody/export", &json!({})).await.expect(404);
    execute(&app.database, "UPDATE tenants SET status = 'active'").await;
    let admin = app.key("acme", &json!({"name": "a", "role": "admin"})).await;
    let tenant = app.anyone.clone().with_token(Some(&admin.key));
    tenant.post("/v1/tenants/acme/export", &json!({})).await.expect(403);
    let kind = tenant.with_header("content-type", "application/x-tar");
    kind.raw(Method::POST, "/v1/tenants/import?slug=fresh", "").await.expect(403);
    let events = value(&app.database, "SELECT string_agg(after ->> 'status', ' ' ORDER BY occurred_at, id) FROM audit_unsealed WHERE action = 'tenant.export'").await;
    assert_eq!(events, "suspended deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_audited_before_its_first_byte() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let count = "SELECT count(*) FROM audit_unsealed WHERE action = 'tenant.export'";
    let response = app.operator().send(Method::POST, "/v1/tenants/acme/export", None).await;
    assert_eq!(value(&app.database, count).await, "1", "before a byte of the body was read");
    let name = response.headers()["content-disposition"].to_str().unwrap();
    assert!(name.starts_with("attachment; filename=\"acme-20"), "{name}");
    // Where nothing can be recorded, nothing is read.
    execute(
        &app.database,
        &format!("REVOKE INSERT ON audit_unsealed FROM {}", app.database.installation.platform()),
    )
    .await;
    app.operator().post("/v1/tenants/acme/export", &json!({})).await.expect(500);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_tenant_is_an_archive_too() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let bytes = export(&app.operator(), "acme").await;
    let (head, manifest) = whole(&bytes);
    assert!(manifest.tables.iter().all(|table| table.rows == 0 && table.bytes == 0));
    assert_eq!((manifest.members.len(), head.tables.len(), head.workspaces.len()), (1, 12, 1));
    let archive = upload(&app, &bytes).await.unwrap();
    app.database.placement.fill(2).await.unwrap();
    assert_eq!(load(&app, &home(&app.database).await, archive).await.unwrap().rows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_tells_no_secret() {
    let (app, ..) = filled().await;
    let key = app.key("acme", &json!({"name": "k"})).await;
    let bytes = export(&app.operator(), "acme").await;
    let (head, _) = whole(&bytes);
    let told: Value = serde_json::to_value(&head).unwrap();
    assert_eq!(told["tenant"]["slug"], "acme");
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(&key.key) && !told.to_string().contains("hash"), "{told}");
}

/// Adds log rows of so many bytes each to acme.
async fn long_rows(app: &TestApp, schema: &str, rows: usize, bytes: usize) {
    let sql = format!(
        "INSERT INTO {schema}.activity_logs (workspace_id, action, details)
         SELECT (SELECT min(id::text)::uuid FROM public.workspaces), 'long', to_jsonb(repeat('0123456789abcdef', {bytes} / 16)) FROM generate_series(1, {rows})"
    );
    execute(&app.database, &sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_travels_in_bounded_parts() {
    let (app, _, schema) = filled().await;
    long_rows(&app, &schema, 64, 1 << 20).await;
    let response = app.operator().send(Method::POST, "/v1/tenants/acme/export", None).await;
    let mut pieces = response.into_body().into_data_stream();
    let (mut bytes, mut largest) = (Vec::new(), 0);
    while let Some(piece) = futures_util::StreamExt::next(&mut pieces).await {
        let piece = piece.unwrap();
        largest = largest.max(piece.len());
        bytes.extend_from_slice(&piece);
    }
    assert!(bytes.len() > 64 << 20 && largest <= PART_BYTES + 2 * PART_ROOM, "{largest}");
    let archive = upload(&app, &bytes).await.unwrap();
    let chunk = value(&app.database, "SELECT max(octet_length(data)) FROM archive_chunks").await;
    assert_eq!(chunk, (1 << 20).to_string());
    let loaded = load(&app, &home(&app.database).await, archive).await.unwrap();
    assert_eq!(loaded.bytes, bytes.len() as u64);
}

/// Waits until a query gives this.
async fn until(app: &TestApp, query: &str, wanted: &str) {
    let wait = async { while value(&app.database, query).await != wanted {} };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .unwrap_or_else(|_| panic!("never: {query} = {wanted}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_ends_the_export() {
    let (app, _, schema) = filled().await;
    long_rows(&app, &schema, 24, 1 << 20).await;
    let cell = app.database.installation.cell(1);
    let at_work = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = '{cell}' AND (state <> 'idle' OR backend_xmin IS NOT NULL)"
    );
    for _ in 0..3 {
        let response = app.operator().send(Method::POST, "/v1/tenants/acme/export", None).await;
        let mut pieces = response.into_body().into_data_stream();
        for _ in 0..3 {
            futures_util::StreamExt::next(&mut pieces).await.unwrap().unwrap();
        }
        drop(pieces);
        until(&app, &at_work, "0").await;
    }
    // No connection of the two is held or poisoned.
    let operator = app.operator();
    let (one, other) = tokio::join!(export(&operator, "acme"), export(&operator, "acme"));
    assert_eq!(whole(&one).1.tables, whole(&other).1.tables);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_ends_the_stream_visibly() {
    let (app, _, schema) = filled().await;
    long_rows(&app, &schema, 24, 1 << 20).await;
    let cell = app.database.installation.cell(1);
    let response = app.operator().send(Method::POST, "/v1/tenants/acme/export", None).await;
    let mut pieces = response.into_body().into_data_stream();
    let mut bytes = futures_util::StreamExt::next(&mut pieces).await.unwrap().unwrap().to_vec();
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{cell}'");
    execute(&app.database, &end).await;
    let mut broken = false;
    while let Some(piece) = futures_util::StreamExt::next(&mut pieces).await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(_) => broken = true,
        }
    }
    assert!(broken, "a body that just ends would pass for a whole");
    let mut check = Check::default();
    check.push(&bytes, &mut |_, _| {}).unwrap();
    assert!(check.finish().is_err());
    whole(&export(&app.operator(), "acme").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_table_ends_the_stream_visibly() {
    let (app, ..) = filled().await;
    app.faults.arm("export.table");
    let response = app.operator().send(Method::POST, "/v1/tenants/acme/export", None).await;
    assert!(to_bytes(response.into_body(), 1 << 30).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_picture_of_all_tables_is_archived() {
    let (app, _, schema) = filled().await;
    long_rows(&app, &schema, 16, 1 << 20).await;
    let before = whole(&export(&app.operator(), "acme").await).1.tables;
    let response = app.operator().send(Method::POST, "/v1/tenants/acme/export", None).await;
    // The first tables are being read; what is written now belongs to nobody's picture.
    execute(&app.database, &format!("DELETE FROM {schema}.tasks WHERE parent_task_id IS NOT NULL")).await;
    let bytes = to_bytes(response.into_body(), 1 << 30).await.unwrap();
    assert_eq!(whole(&bytes).1.tables, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_changes_on_the_way_is_named() {
    let (app, ..) = filled().await;
    let (head, manifest) = whole(&export(&app.operator(), "acme").await);
    // Sound in itself, and PostgreSQL reads other rows out of it than it has: `\.` ends them.
    let mut writer = Writer::new(&head);
    let mut bytes = writer.head(&head).unwrap();
    let mut sums = Vec::new();
    for table in &head.tables {
        let mut rows = RowSum::default();
        if table.name == "roi_calculations" {
            let text = b"\\.\n".repeat(3);
            rows.update(&text);
            bytes.extend(writer.seal(&part(&table.folder, 1), [&[0; PART_ROOM][..], &text].concat()));
        }
        sums.push(rows.of(&table.name));
    }
    bytes.extend(writer.finish(sums, manifest.sequences).unwrap());
    let archive = upload(&app, &bytes).await.unwrap();
    let home = home(&app.database).await;
    let error = load(&app, &home, archive).await.unwrap_err().to_string();
    assert!(error.contains("the table roi_calculations") && error.contains("3 of 9"), "{error}");
    assert_eq!(rows(&app.database, &home.schema).await.matches(": 0").count(), 12, "and nothing of it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_points_to_nothing_is_refused() {
    let (app, _, schema) = filled().await;
    // Past the foreign key, as only a superuser can.
    execute(&app.database, &format!("SET session_replication_role = 'replica'; DELETE FROM {schema}.agents"))
        .await;
    let archive = upload(&app, &export(&app.operator(), "acme").await).await.unwrap();
    let error = load(&app, &home(&app.database).await, archive).await.unwrap_err();
    assert!(error.to_string().contains("foreign key"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_bytes_that_changed_are_found() {
    let (app, ..) = filled().await;
    let archive = upload(&app, &export(&app.operator(), "acme").await).await.unwrap();
    execute(&app.database, "UPDATE archive_chunks SET data = set_byte(data, octet_length(data) / 2, 1 + get_byte(data, octet_length(data) / 2) % 250)").await;
    let error = load(&app, &home(&app.database).await, archive).await.unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
}
