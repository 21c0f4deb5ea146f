//! The registry as operators ask it: lists, slugs, limits.

use crate::catalogue::{execute, value};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write};
use tenantry_testkit::TestApp;
use tenantry_types::slug::RESERVED;

/// Tenants as rows alone: lists need no schemas. Names and times run against the order of the slugs.
async fn rows(app: &TestApp, slugs: &[&str]) {
    for (number, slug) in slugs.iter().enumerate() {
        let tier = ["free", "starter", "pro", "enterprise"][number % 4];
        execute(&app.database, &format!(
            "INSERT INTO tenants (id, slug, name, schema_name, role_name, status, plan_tier, admin_email, created_at)
             VALUES (gen_random_uuid(), '{slug}', 'Name {:03}', 'tenant_x{number}_{slug_}', 'r_{slug}', 'provisioning', '{tier}', 'ops@{slug}.example',
                     timestamptz '2024-01-01' + interval '1 hour' * {number})",
            999 - number, slug_ = slug.replace('-', "_"))).await;
    }
}

async fn slugs(app: &TestApp, query: &str) -> Vec<String> {
    let reply = app.operator().get(&format!("/v1/tenants{query}")).await.expect(200);
    names(&reply.json)
}

fn names(page: &Value) -> Vec<String> {
    page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item["slug"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_filtered_and_sorted() {
    let app = TestApp::builder().start().await;
    rows(&app, &["bolt", "acme", "core", "duct", "edge"]).await;
    for (query, expected) in [
        ("", ["edge", "duct", "core", "acme", "bolt"].as_slice()),
        ("?sort=created_at", &["bolt", "acme", "core", "duct", "edge"]),
        ("?sort=-created_at", &["edge", "duct", "core", "acme", "bolt"]),
        ("?sort=slug", &["acme", "bolt", "core", "duct", "edge"]),
        ("?sort=-slug", &["edge", "duct", "core", "bolt", "acme"]),
        ("?sort=name", &["edge", "duct", "core", "acme", "bolt"]),
        ("?sort=-name", &["bolt", "acme", "core", "duct", "edge"]),
        ("?plan_tier=free&sort=slug", &["bolt", "edge"]),
        ("?plan_tier=PRO", &["core"]),
        ("?status=provisioning&limit=1", &["edge"]),
        ("?status=Active", &[]),
        ("?q=AC", &["acme"]),
        ("?q=ops%40core", &["core"]),
        ("?q=name+999", &["bolt"]),
        ("?q=name&plan_tier=starter", &["acme"]),
        ("?q=++", &["edge", "duct", "core", "acme", "bolt"]),
    ] {
        assert_eq!(slugs(&app, query).await, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wildcards_in_a_search_are_letters() {
    let app = TestApp::builder().start().await;
    rows(&app, &["acme", "bolt", "core"]).await;
    execute(
        &app.database,
        r"UPDATE tenants SET name = CASE slug WHEN 'acme' THEN '100%' WHEN 'bolt' THEN 'a_b' ELSE 'c\d' END",
    )
    .await;
    for (query, expected) in [("%25", "acme"), ("_", "bolt"), ("%5C", "core"), ("0%25", "acme")] {
        assert_eq!(slugs(&app, &format!("?q={query}")).await, [expected], "{query}");
    }
    assert_eq!(slugs(&app, "?q=a%25e").await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_neither_skip_nor_repeat() {
    for sort in [
        "created_at",
        "-created_at",
        "slug",
        "-slug",
        "name",
        "-name",
        "schema_bytes",
        "-schema_bytes",
        "last_activity_at",
        "-last_activity_at",
    ] {
        let app = TestApp::builder().start().await;
        let first: Vec<String> = (0..20).map(|n| format!("m-{n:02}")).collect();
        rows(&app, &first.iter().map(String::as_str).collect::<Vec<_>>()).await;
        // Equal keys are what a cursor without an id trips over.
        execute(&app.database, "UPDATE tenants SET name = 'same', created_at = '2024-01-01'").await;
        let (mut seen, mut cursor, mut page) = (Vec::new(), String::new(), 0);
        loop {
            let reply =
                app.operator().get(&format!("/v1/tenants?sort={sort}&limit=3{cursor}")).await.expect(200);
            seen.extend(names(&reply.json).into_iter().filter(|slug| slug.starts_with("m-")));
            let Some(next) = reply.json["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            page += 1;
            execute(&app.database, &format!(
                "INSERT INTO tenants (slug, name, schema_name, role_name, status, admin_email, created_at)
                 SELECT p || '-{page}', CASE p WHEN 'a' THEN 'aaa' ELSE 'zzz' END, 'tenant_' || p || {page}, p || {page}, 'provisioning', 'x',
                        timestamptz '2023-01-01' + CASE p WHEN 'a' THEN interval '0' ELSE interval '5 years' END
                 FROM unnest(ARRAY['aa', 'zz']) AS u (p)")).await;
        }
        let distinct: BTreeSet<_> = seen.iter().cloned().collect();
        assert_eq!((seen.len(), distinct.len()), (20, 20), "{sort}: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_cannot_be_is_refused() {
    let app = TestApp::builder().start().await;
    rows(&app, &["acme", "bolt"]).await;
    let cursor = app.operator().get("/v1/tenants?limit=1&sort=slug").await.expect(200).json["next_cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let long = format!("q={}", "x".repeat(101));
    // {"sort":"created_at","key":"-0044-03-15T00:00:00Z",…} and {"sort":"slug","key":"\u0000",…}
    let (before_christ, nul) = (
        "eyJzb3J0IjoiY3JlYXRlZF9hdCIsImtleSI6Ii0wMDQ0LTAzLTE1VDAwOjAwOjAwWiIsImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIn0",
        "eyJzb3J0Ijoic2x1ZyIsImtleSI6Ilx1MDAwMCIsImlkIjoiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIn0",
    );
    for (query, pointer) in [
        ("status=gone", "status"),
        ("plan_tier=gold", "plan_tier"),
        ("sort=email", "sort"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=x", "cursor"),
        (&format!("cursor={cursor}&sort=name"), "cursor"),
        (&long, "q"),
        ("q=%00", "q"),
        (&format!("sort=created_at&cursor={before_christ}"), "cursor"),
        (&format!("sort=slug&cursor={nul}"), "cursor"),
    ] {
        let reply = app.operator().get(&format!("/v1/tenants?{query}")).await.expect(422);
        assert_eq!(
            (reply.code(), &reply.json["errors"][0]["pointer"]),
            ("invalid", &json!(pointer)),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_is_free_or_says_why_not() {
    let app = TestApp::builder().start().await;
    rows(&app, &["acme"]).await;
    for (text, reason) in [
        ("bolt", Value::Null),
        ("acme", json!("taken")),
        ("ab", json!("too_short")),
        ("Acme", json!("invalid_character")),
        ("a%00b", json!("invalid_character")),
        ("-acme", json!("edge_hyphen")),
        ("a--b", json!("double_hyphen")),
        ("123", json!("no_letter")),
        ("admin", json!("reserved")),
        (&"a".repeat(64), json!("too_long")),
    ] {
        let reply = app.operator().get(&format!("/v1/slugs/{text}")).await.expect(200);
        assert_eq!(
            (&reply.json["available"], &reply.json["reason"]),
            (&json!(reason.is_null()), &reason),
            "{text}"
        );
        assert_eq!(reply.json["detail"].is_null(), reason.is_null(), "{text}");
    }
    let given = ["app", "www", "api", "admin", "demo", "localhost"];
    assert!(given.iter().all(|word| RESERVED.contains(word)));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_the_tiers_with_the_tenants_own_on_top() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let mut told = String::new();
    for tier in ["free", "starter", "pro", "enterprise"] {
        execute(&app.database, &format!("UPDATE tenants SET plan_tier = '{tier}'")).await;
        app.app.access.forget();
        let limits = acme.client.get("/v1/limits").await.expect(200).json;
        let names = [
            "agent_minutes_per_month",
            "api_calls_per_hour",
            "concurrent_tasks",
            "workspaces",
            "workspace_members",
            "agents",
            "tasks_per_month",
            "storage_gb",
            "queue_priority",
        ];
        writeln!(told, "{tier}: {}", names.map(|name| limits[name].to_string()).join(" ")).unwrap();
    }
    // The table of the product page.
    insta::assert_snapshot!(told, @r"
    free: 1000 100 1 1 1 10 1000 1 0
    starter: 10000 1000 5 3 3 50 10000 10 1
    pro: 100000 10000 20 10 10 100 100000 50 2
    enterprise: null null null null null null null null 3
    ");
    execute(
        &app.database,
        "UPDATE tenants SET max_agents = 0, max_tasks_per_month = 7, storage_limit_gb = 99",
    )
    .await;
    app.app.access.forget();
    let limits = acme.client.get("/v1/limits").await.expect(200).json;
    assert_eq!(
        (&limits["agents"], &limits["tasks_per_month"], &limits["storage_gb"], &limits["workspaces"]),
        (&json!(0), &json!(7), &json!(99), &Value::Null)
    );
    assert_eq!(app.operator().get("/v1/tenants/acme").await.expect(200).json["limits"], limits);
    assert_eq!(value(&app.database, "SELECT string_agg(coalesce(price_usd_per_month::text, 'custom'), ' ' ORDER BY queue_priority) FROM tiers").await,
        "0.00 49.00 149.00 custom");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_has_one_default_workspace() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let workspaces = acme.client.get("/v1/workspaces").await.expect(200).json;
    assert_eq!(workspaces["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&workspaces["items"][0]["slug"], &workspaces["items"][0]["is_default"]),
        (&json!("default"), &json!(true))
    );
    let second = format!(
        "INSERT INTO workspaces (id, tenant_id, slug, name, is_default) VALUES (gen_random_uuid(), '{}', 'b', 'B', true)",
        acme.tenant.id.0
    );
    let error = app.database.admin().await.execute(&second).await.unwrap_err();
    assert_eq!(error.constraint(), Some("workspaces_default_idx"));
}
