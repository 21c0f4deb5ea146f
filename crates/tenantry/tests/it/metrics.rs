//! The series of the API reference, after traffic through the whole stack.

use crate::support::agent;
use serde_json::json;
use tenantry_pg::sql::quote_ident;
use tenantry_testkit::{Reply, TestApp};

fn has(page: &Reply, line: &str) {
    let found =
        page.text.lines().any(|known| known.strip_prefix(line).is_some_and(|rest| rest.starts_with(' ')));
    assert!(found, "{line} is missing in\n{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_named_series_is_there_after_traffic() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let iris = agent(&acme.client, "Iris").await;
    acme.client.get(&format!("/v1/agents/{iris}")).await.expect(200);
    acme.client.post("/v1/agents", &json!({"name": "iris", "role": "r"})).await.expect(409);
    acme.client.clone().with_header("x-tenant-slug", "rival").get("/v1/me").await.expect(403);
    let page = app.operator().get("/metrics").await.expect(200);
    for line in [
        "tenant_api_requests_total{endpoint=\"/v1/agents\",status=\"201\",tenant_id=\"T\"}",
        "tenant_api_requests_total{endpoint=\"/v1/agents\",status=\"409\",tenant_id=\"T\"}",
        "tenant_api_requests_total{endpoint=\"/v1/agents/{id}\",status=\"200\",tenant_id=\"T\"}",
        "tenant_request_duration_seconds_count{endpoint=\"/v1/agents/{id}\",tenant_id=\"T\"}",
        "tenant_db_query_duration_seconds_count{query_type=\"insert\",tenant_id=\"T\"}",
        "tenant_db_query_duration_seconds_count{query_type=\"select\",tenant_id=\"T\"}",
        "tenant_query_errors_total{error_type=\"unique\",tenant_id=\"T\"}",
        "tenant_connection_pool_usage{tenant_id=\"T\"}",
        "schema_switch_latency_seconds_count{tenant_id=\"T\"}",
        "tenant_unauthorized_access_attempts_total{tenant_id=\"T\"}",
        "cross_tenant_query_attempts_total",
        "tenantry_http_requests_total{endpoint=\"/v1/tenants\",method=\"POST\",status=\"202\"}",
        "tenantry_provisioning_runs_total{status=\"succeeded\"}",
        "tenantry_provisioning_duration_seconds_count{path=\"warm\"}",
    ] {
        has(&page, &line.replace("\"T\"", &format!("\"{}\"", acme.tenant.id)));
    }
    assert!(page.text.contains("\ncross_tenant_query_attempts_total 0\n"));
    assert!(!page.text.contains(&iris), "an id in a path is no label");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reaches_beyond_its_scope_is_counted() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let sql = format!("SELECT 1 FROM {}.agents", quote_ident(&rival.tenant.schema_name));
    let scope = app.scope(&acme.key).await;
    let mistaken = app
        .app
        .tenancy
        .run(&scope, "mistaken", sql, |tx, sql| Box::pin(async move { Ok(tx.probe(sql).await?) }));
    assert!(mistaken.await.is_err());
    let page = app.operator().get("/metrics").await.expect(200);
    assert!(page.text.contains("\ncross_tenant_query_attempts_total 1\n"), "{}", page.text);
    has(
        &page,
        &format!("tenant_query_errors_total{{error_type=\"denied\",tenant_id=\"{}\"}}", acme.tenant.id),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_series_is_bounded() {
    let app = TestApp::builder().slots(2).set("TENANTRY_MAX_TENANT_SERIES", "1").start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    for tenant in [&acme, &rival] {
        agent(&tenant.client, "Iris").await;
    }
    for n in 0..50 {
        app.anyone.get(&format!("/nowhere/{n}")).await.expect(404);
        acme.client.get(&format!("/v1/agents/{n}")).await.expect(404);
    }
    let page = app.operator().get("/metrics").await.expect(200);
    has(
        &page,
        &format!(
            "tenant_api_requests_total{{endpoint=\"/v1/agents\",status=\"201\",tenant_id=\"{}\"}}",
            acme.tenant.id
        ),
    );
    has(&page, "tenant_api_requests_total{endpoint=\"/v1/agents\",status=\"201\",tenant_id=\"other\"}");
    assert!(!page.text.contains(&rival.tenant.id.to_string()));
    has(&page, "tenantry_http_requests_total{endpoint=\"unmatched\",method=\"GET\",status=\"404\"}");
    assert!(!page.text.contains("/nowhere"));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_operators() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for stranger in [&app.anyone, &acme.client, &app.anyone.clone().with_token(Some("wrong"))] {
        assert_eq!(stranger.get("/metrics").await.expect(401).code(), "unauthenticated");
    }
    let page = app.operator().get("/metrics").await.expect(200);
    assert_eq!(page.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
}
