//! Agents through the whole stack.

use crate::support::{agent, as_superuser, second_workspace, superuser_sees};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenantry_testkit::{Client, TestApp, TestTenant};
use tenantry_types::{agent::Agent, page::Page};

async fn acme() -> (TestApp, TestTenant) {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    (app, acme)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_from_birth_to_death() {
    let (_app, acme) = acme().await;
    let body = json!({"name": "Iris", "role": "support", "capabilities": ["search"]});
    let made: Agent = acme.client.post("/v1/agents", &body).await.expect(201).parse();
    let path = format!("/v1/agents/{}", made.id);
    assert_eq!(acme.client.get(&path).await.expect(200).parse::<Agent>(), made);
    let changed: Agent = acme.client.patch(&path, &json!({"status": "OFFLINE"})).await.expect(200).parse();
    assert_eq!((changed.version, changed.status.as_str()), (2, "offline"));
    acme.client.delete(&path).await.expect(204);
    assert_eq!(acme.client.get(&path).await.expect(404).code(), "not_found");
    acme.client.delete(&path).await.expect(404);
    acme.client.patch(&path, &json!({"role": "ghost"})).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_agent_is_as_it_was_wished() {
    let (_app, acme) = acme().await;
    let body = json!({"name": "Iris", "role": "support", "personality_prompt": "Be kind.\n\tAlways.", "capabilities": ["search", "é"],
        "tool_permissions": {"mail": {"send": false, "deep": [1, 2.5, null, "\\u0000 as text"]}}});
    let made = acme.client.post("/v1/agents", &body).await.expect(201);
    for field in ["name", "role", "personality_prompt", "capabilities", "tool_permissions"] {
        assert_eq!(made.json[field], body[field], "{field}");
    }
    assert_eq!(
        (&made.json["status"], &made.json["version"], &made.json["current_task_id"]),
        (&json!("idle"), &json!(1), &Value::Null)
    );
    assert_eq!(made.json["workspace_id"], json!(acme.key.workspace_id));
    assert_eq!(made.headers["etag"], "\"1\"");
    let keys: Vec<_> = made.json.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!(keys.join(" "), @"capabilities created_at current_task_id id name personality_prompt role status tool_permissions updated_at version workspace_id");
}

/// Bodies that are wrong for a new agent and for a change alike: pointer, code, field and value.
fn wrong_fields() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    vec![
        ("/name", "required", "name", json!(" ")),
        ("/name", "too_long", "name", json!("é".repeat(101))),
        ("/name", "invalid_character", "name", json!("a\u{1b}[1m")),
        ("/name", "invalid_character", "name", json!("a\0b")),
        ("/name", "invalid", "name", json!(7)),
        ("/role", "required", "role", json!("")),
        ("/role", "too_long", "role", json!("r".repeat(101))),
        ("/role", "invalid_character", "role", json!("\0")),
        ("/personality_prompt", "too_long", "personality_prompt", json!("p".repeat(20_001))),
        ("/personality_prompt", "invalid_character", "personality_prompt", json!("x\0")),
        ("/personality_prompt", "required", "personality_prompt", json!("")),
        ("/capabilities", "too_many", "capabilities", json!(vec!["c"; 51])),
        ("/capabilities/1", "too_long", "capabilities", json!(["c", "c".repeat(101)])),
        ("/capabilities/0", "required", "capabilities", json!([""])),
        ("/capabilities/0", "invalid_character", "capabilities", json!(["\0"])),
        ("/capabilities/0", "invalid", "capabilities", json!([null])),
        ("/tool_permissions", "invalid", "tool_permissions", json!(["mail"])),
        (
            "/tool_permissions",
            "too_many",
            "tool_permissions",
            (0..101).map(|n| (n.to_string(), json!(true))).collect(),
        ),
        ("/tool_permissions/a/0", "invalid_character", "tool_permissions", json!({"a": ["\0"]})),
        ("/tool_permissions/a\0", "invalid_character", "tool_permissions", json!({"a\0": 1})),
        ("/nmae", "unknown", "nmae", json!("Iris")),
        ("/id", "unknown", "id", json!("agt_00000000000000000000000007")),
        ("/workspace_id", "unknown", "workspace_id", json!("wsp_00000000000000000000000007")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bound_is_told_by_its_field() {
    let (_app, acme) = acme().await;
    let path = format!("/v1/agents/{}", agent(&acme.client, "Iris").await);
    for (pointer, code, field, value) in wrong_fields() {
        let mut create = json!({"name": "Ada", "role": "r"});
        create[field] = value.clone();
        let made = acme.client.post("/v1/agents", &create).await;
        let changed = acme.client.patch(&path, &json!({field: value})).await;
        for reply in [made, changed] {
            let error = &reply.expect(422).json["errors"][0];
            assert_eq!((&error["pointer"], &error["code"]), (&json!(pointer), &json!(code)), "{error}");
        }
    }
    acme.client.patch(&path, &json!({"status": "asleep"})).await.expect(422);
    acme.client.post("/v1/agents", &json!({"name": "Ada"})).await.expect(422);
    assert_eq!(acme.client.get(&path).await.expect(200).json["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bounds_themselves_are_allowed() {
    let (_app, acme) = acme().await;
    let full = json!({"name": "é".repeat(100), "role": "r".repeat(100), "personality_prompt": "é".repeat(20_000),
        "capabilities": vec!["c".repeat(100); 50],
        "tool_permissions": (0..100).map(|n| (n.to_string(), json!(9_007_199_254_740_993_u64))).collect::<serde_json::Map<_, _>>()});
    let made = acme.client.post("/v1/agents", &full).await.expect(201);
    assert_eq!(made.json["tool_permissions"], full["tool_permissions"]);
    let deep = (0..100).fold(json!(1e300), |inner, _| json!([inner]));
    acme.client
        .post("/v1/agents", &json!({"name": "deep", "role": "r", "tool_permissions": {"x": deep}}))
        .await
        .expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_wrong_fields_are_told_at_once() {
    let (_app, acme) = acme().await;
    let body = json!({"name": "", "role": "", "capabilities": [""]});
    let reply = acme.client.post("/v1/agents", &body).await.expect(422);
    let pointers: Vec<_> =
        reply.json["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
    assert_eq!(pointers, ["/name", "/role", "/capabilities/0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_in_any_case_until_its_agent_is_deleted() {
    let (app, acme) = acme().await;
    let iris = agent(&acme.client, "Iris").await;
    let ada = agent(&acme.client, "Ada").await;
    let named = |name: &str| json!({"name": name, "role": "r"});
    assert_eq!(acme.client.post("/v1/agents", &named("iRIS")).await.expect(409).code(), "name_taken");
    assert_eq!(
        acme.client.patch(&format!("/v1/agents/{ada}"), &json!({"name": "IRIS"})).await.expect(409).code(),
        "name_taken"
    );
    acme.client.patch(&format!("/v1/agents/{iris}"), &json!({"name": "IRIS"})).await.expect(200);
    // Another workspace and another tenant have their own names.
    agent(&second_workspace(&app, &acme).await, "Iris").await;
    agent(&app.tenant("rival").await.client, "Iris").await;
    acme.client.delete(&format!("/v1/agents/{iris}")).await.expect(204);
    assert_ne!(agent(&acme.client, "Iris").await, iris);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_creators_gets_the_name() {
    let (_app, acme) = acme().await;
    let body = json!({"name": "Iris", "role": "r"});
    let (a, b, c, d) = tokio::join!(
        acme.client.post("/v1/agents", &body),
        acme.client.post("/v1/agents", &body),
        acme.client.post("/v1/agents", &body),
        acme.client.post("/v1/agents", &body)
    );
    let mut answers = [a, b, c, d].map(|reply| reply.status.as_u16());
    answers.sort_unstable();
    assert_eq!(answers, [201, 409, 409, 409]);
}

/// Every page of a list; `between` runs after each.
async fn pages(client: &Client, query: &str, between: impl AsyncFn()) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: Page<Agent> = client.get(&format!("/v1/agents?{query}{cursor}")).await.expect(200).parse();
        ids.extend(page.items.into_iter().map(|agent| agent.id.to_string()));
        between().await;
        let Some(next) = page.next_cursor else { return ids };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_agents_neither_skip_nor_repeat() {
    let (_app, acme) = acme().await;
    let mut made = Vec::new();
    for n in 0..7 {
        made.push(agent(&acme.client, &format!("a{n}")).await);
    }
    for limit in [1, 2, 7, 8] {
        assert_eq!(pages(&acme.client, &format!("limit={limit}"), async || {}).await, made, "{limit}");
    }
    // Rows that come and go between pages: those that stay are seen once each.
    let gone = &made[6];
    let found = pages(&acme.client, "limit=2", async || {
        acme.client.delete(&format!("/v1/agents/{gone}")).await;
        acme.client.post("/v1/agents", &json!({"name": "late", "role": "r"})).await;
    })
    .await;
    assert_eq!(found[..6], made[..6]);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_by_status() {
    let (_app, acme) = acme().await;
    let (busy, idle) = (agent(&acme.client, "busy").await, agent(&acme.client, "idle").await);
    acme.client.patch(&format!("/v1/agents/{busy}"), &json!({"status": "working"})).await.expect(200);
    assert_eq!(pages(&acme.client, "status=Working", async || {}).await, [busy]);
    assert_eq!(pages(&acme.client, "status=idle", async || {}).await, [idle]);
    assert!(pages(&acme.client, "status=blocked", async || {}).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_query_is_named() {
    let (_app, acme) = acme().await;
    let long = "limit=".to_owned() + &"9".repeat(400);
    for (query, name) in [
        ("status=asleep", "status"),
        ("status=%00", "status"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=two", "limit"),
        (&*long, "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=agt_x", "cursor"),
        ("cursor=ten_00000000000000000000000007", "cursor"),
        ("cursor=%00", "cursor"),
        ("page=2", "page"),
    ] {
        let reply = acme.client.get(&format!("/v1/agents?{query}")).await.expect(422);
        assert_eq!((reply.code(), &reply.json["errors"][0]["pointer"]), ("invalid", &json!(name)), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_may_ask_for_its_version() {
    let (_app, acme) = acme().await;
    let path = format!("/v1/agents/{}", agent(&acme.client, "Iris").await);
    let with = |tag: &str| acme.client.clone().with_header("if-match", tag);
    let changed = with("\"1\"").patch(&path, &json!({"role": "second"})).await.expect(200);
    assert_eq!(changed.headers["etag"], "\"2\"");
    for stale in ["\"1\"", "\"3\"", "\"-1\"", "\"9223372036854775807\""] {
        assert_eq!(
            with(stale).patch(&path, &json!({"role": "lost"})).await.expect(412).code(),
            "version_mismatch"
        );
        with(stale).delete(&path).await.expect(412);
    }
    for unread in ["2", "W/\"2\"", "\"1\", \"2\"", "\"99999999999999999999\"", "é"] {
        with(unread).patch(&path, &json!({"role": "lost"})).await.expect(400);
        with(unread).delete(&path).await.expect(400);
    }
    assert_eq!(acme.client.get(&path).await.expect(200).json["role"], "second");
    with("*").patch(&path, &json!({"role": "third"})).await.expect(200);
    with("\"3\"").delete(&path).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changers_of_a_version_wins() {
    let (_app, acme) = acme().await;
    let path = format!("/v1/agents/{}", agent(&acme.client, "Iris").await);
    let client = acme.client.clone().with_header("if-match", "\"1\"");
    let body = json!({"role": "mine"});
    let (a, b, c) =
        tokio::join!(client.patch(&path, &body), client.patch(&path, &body), client.patch(&path, &body));
    let mut answers = [a, b, c].map(|reply| reply.status.as_u16());
    answers.sort_unstable();
    assert_eq!(answers, [200, 412, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn null_removes_the_prompt_and_absence_keeps_it() {
    let (_app, acme) = acme().await;
    let body = json!({"name": "Iris", "role": "r", "personality_prompt": "Be kind."});
    let made = acme.client.post("/v1/agents", &body).await.expect(201).json;
    let path = format!("/v1/agents/{}", made["id"].as_str().unwrap());
    let prompt = async |body: Value| {
        acme.client.patch(&path, &body).await.expect(200).json["personality_prompt"].clone()
    };
    assert_eq!(prompt(json!({"role": "x"})).await, "Be kind.");
    assert_eq!(prompt(json!({"personality_prompt": null})).await, Value::Null);
    assert_eq!(prompt(json!({"personality_prompt": "Be brief."})).await, "Be brief.");
    assert_eq!(prompt(json!({})).await, "Be brief.");
}

/// The events of a tenant's agents, oldest first.
async fn events(app: &TestApp, acme: &TestTenant) -> Vec<Value> {
    let sql = format!(
        "SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY position), '[]')::text FROM {}._events e",
        acme.tenant.schema_name
    );
    serde_json::from_str(&superuser_sees(app, &sql).await).unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_leaves_an_event() {
    let (app, acme) = acme().await;
    let client = acme.client.clone().with_header("x-request-id", "r-1");
    let path = format!("/v1/agents/{}", agent(&client, "Iris").await);
    client.patch(&path, &json!({"name": "Ada"})).await.expect(200);
    client.delete(&path).await.expect(204);
    let found = events(&app, &acme).await;
    let names = |event: &Value| {
        (event["action"].clone(), event["before"]["name"].clone(), event["after"]["name"].clone())
    };
    assert_eq!(
        found.iter().map(names).collect::<Vec<_>>(),
        [
            (json!("agent.create"), Value::Null, json!("Iris")),
            (json!("agent.update"), json!("Iris"), json!("Ada")),
            (json!("agent.delete"), json!("Ada"), Value::Null),
        ]
    );
    for event in found {
        assert_eq!((&event["actor_kind"], &event["actor"]), (&json!("api_key"), &json!(acme.key.id)));
        assert_eq!(
            (&event["request_id"], &event["workspace_id"]),
            (&json!("r-1"), &json!(acme.key.workspace_id.0))
        );
        assert_eq!((event["target_type"].as_str(), event["target_id"].is_string()), (Some("agent"), true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_leaves_no_event() {
    let (app, acme) = acme().await;
    let path = format!("/v1/agents/{}", agent(&acme.client, "Iris").await);
    agent(&acme.client, "Ada").await;
    acme.client.post("/v1/agents", &json!({"name": "iris", "role": "r"})).await.expect(409);
    acme.client.patch(&path, &json!({"name": "ada"})).await.expect(409);
    acme.client
        .clone()
        .with_header("if-match", "\"7\"")
        .patch(&path, &json!({"name": "x"}))
        .await
        .expect(412);
    assert_eq!(events(&app, &acme).await.len(), 2);
    // And no change without its event.
    as_superuser(
        &app,
        &format!("ALTER TABLE {}._events ADD CHECK (action <> 'agent.delete')", acme.tenant.schema_name),
    )
    .await;
    acme.client.delete(&path).await.expect(500);
    acme.client.get(&path).await.expect(200);
}
