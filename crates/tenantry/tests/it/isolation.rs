//! Isolation, tried through the API: ids of others, an attempt past the fence, callers that hang up.

use crate::support::{agent, second_workspace, superuser_sees, told};
use serde_json::{Value, json};
use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};
use tenantry_core::{Error, isolation::attempt_foreign_read};
use tenantry_testkit::{Client, TestApp, TestTenant};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn foreign_and_absent_ids_are_the_same() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let rival = app.tenant("rival").await;
    let deleted = agent(&acme.client, "gone").await;
    acme.client.delete(&format!("/v1/agents/{deleted}")).await.expect(204);
    let ids = [
        "agt_00000000000000000000000007".to_owned(),
        deleted,
        agent(&second_workspace(&app, &acme).await, "elsewhere").await,
        agent(&rival.client, "foreign").await,
        acme.tenant.id.to_string(),
        "7".to_owned(),
        "a%00b".to_owned(),
        "%ff".to_owned(),
        "'%20OR%201=1--".to_owned(),
    ];
    let tagged = acme.client.clone().with_header("if-match", "\"1\"");
    for client in [&acme.client, &tagged] {
        let mut answers = Vec::new();
        for id in &ids {
            let path = format!("/v1/agents/{id}");
            answers.push(told(&client.get(&path).await));
            answers.push(told(&client.patch(&path, &json!({"role": "mine"})).await));
            answers.push(told(&client.delete(&path).await));
        }
        answers.dedup();
        assert_eq!((answers.len(), answers[0].0), (1, 404), "{answers:#?}");
    }
    let untouched =
        format!("SELECT string_agg(name || version, ',') FROM {}.agents", rival.tenant.schema_name);
    assert_eq!(superuser_sees(&app, &untouched).await, "foreign1");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_what_is_absent_as_absent() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    for path in [
        "tenants/nobody",
        "tenants/a%00b",
        "tenants/ACME",
        "tenants/acme%20",
        "tenants/nobody/status",
        "tenants/a%00b/status",
        "provisioning-runs/7",
        "provisioning-runs/run_00000000000000000000000007/events",
    ] {
        assert_eq!(
            app.operator().get(&format!("/v1/{path}")).await.expect(404).code(),
            "not_found",
            "{path}"
        );
    }
    for query in [
        "tenants?q=%00",
        "tenants?status=%00",
        "provisioning-runs?tenant=a%00",
        "provisioning-runs?cursor=%00",
    ] {
        assert_eq!(
            app.operator().get(&format!("/v1/{query}")).await.expect(422).code(),
            "invalid",
            "{query}"
        );
    }
    let slug = app.operator().get("/v1/slugs/a%00b").await.expect(200);
    assert_eq!((&slug.json["available"], &slug.json["reason"]), (&json!(false), &json!("invalid_character")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_sees_its_own_workspace_only() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let second = second_workspace(&app, &acme).await;
    agent(&acme.client, "Iris").await;
    assert_eq!(second.get("/v1/agents").await.expect(200).json, json!({"items": [], "next_cursor": null}));
    agent(&second, "Ada").await;
    let names =
        async |client: &Client| client.get("/v1/agents").await.expect(200).json["items"][0]["name"].clone();
    assert_eq!((names(&acme.client).await, names(&second).await), (json!("Iris"), json!("Ada")));
    // A foreign cursor is a place in the order, not a way in.
    let cursor = acme.client.get("/v1/agents").await.json["items"][0]["id"].as_str().unwrap().to_owned();
    let page = second.get(&format!("/v1/agents?cursor={cursor}")).await.expect(200);
    assert!(!page.text.contains("Iris"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_a_real_refusal() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    let (intruder, target) = (app.scope(&acme.key).await, app.scope(&rival.key).await);
    let tenancy = &app.app.tenancy;
    let Err(Error::Fault(empty)) = attempt_foreign_read(tenancy, &intruder, &target).await else {
        panic!("nothing to steal yet")
    };
    assert!(empty.contains("prove nothing"), "{empty}");
    agent(&rival.client, "Iris").await;
    let refusal = attempt_foreign_read(tenancy, &intruder, &target).await.unwrap();
    assert_eq!(refusal.sql_state, "42501");
    assert_eq!(refusal.message, format!("ERROR: permission denied for schema {}", rival.tenant.schema_name));
    // An attempt that succeeds is no proof: the tenant against itself.
    let Err(Error::Fault(open)) = attempt_foreign_read(tenancy, &target, &target).await else {
        panic!("must be a fault")
    };
    assert!(open.contains("read 1 rows"), "{open}");
    assert!(
        app.app.metrics.render().contains("cross_tenant_query_attempts_total 0"),
        "the attempt is no alarm"
    );
}

/// What a request answers, unless its caller hangs up at the given poll.
pub(crate) async fn hanging_up<T>(polls: u32, request: impl Future<Output = T>) -> Option<T> {
    let (mut request, mut left) = (pin!(request), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        request.as_mut().poll(context).map(Some)
    })
    .await
}

/// Requests of a tenant, each given up at another poll; what was answered belongs to the tenant. How many were answered, and how many not.
async fn impatient(client: Client, workspace: Value, salt: u32) -> (u32, u32) {
    let mut answered = 0;
    for turn in 0..TURNS {
        // Spread without chance, so that a failure comes again.
        let polls = (turn * 7 + salt * 3) % 13;
        let name = format!("a{turn}");
        let _ = hanging_up(polls, client.post("/v1/agents", &json!({"name": name, "role": "r"}))).await;
        let Some(reply) = hanging_up(polls + salt, client.get("/v1/agents")).await else { continue };
        answered += 1;
        let items = reply.expect(200).json["items"].as_array().cloned().unwrap_or_default();
        assert!(items.iter().all(|item| item["workspace_id"] == workspace), "{items:?}");
    }
    (answered, TURNS - answered)
}

const TURNS: u32 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_hang_up_leave_nothing_behind() {
    let app = TestApp::builder().slots(4).set("TENANTRY_POOL_SIZE", "3").start().await;
    let mut tenants: Vec<TestTenant> = Vec::new();
    for slug in ["acme", "rival", "third", "fourth"] {
        tenants.push(app.tenant(slug).await);
    }
    let mut callers = JoinSet::new();
    for (salt, tenant) in (0..).zip(tenants.iter().chain(&tenants)) {
        callers.spawn(impatient(tenant.client.clone(), json!(tenant.key.workspace_id), salt));
    }
    let (mut answered, mut unheard) = (0, 0);
    while let Some(done) = callers.join_next().await {
        let (some, others) = done.unwrap();
        (answered, unheard) = (answered + some, unheard + others);
    }
    assert!(answered > 0 && unheard > 0, "{answered} answered, {unheard} not");
    let idle = async {
        while app.app.tenancy.status().iter().any(|(_, pool)| pool.in_use > 0) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), idle).await.expect("every connection comes back");
    for tenant in &tenants {
        tenant.client.get("/v1/agents").await.expect(200);
        // What its caller did not wait for is done whole, or not at all.
        let schema = &tenant.tenant.schema_name;
        let sql = format!(
            "SELECT (SELECT count(*) FROM {schema}.agents) || '=' || (SELECT count(*) FROM {schema}._events)"
        );
        let counts = superuser_sees(&app, &sql).await;
        let (agents, events) = counts.split_once('=').unwrap();
        assert_eq!(agents, events);
    }
    assert!(app.app.metrics.render().contains("cross_tenant_query_attempts_total 0"));
}
