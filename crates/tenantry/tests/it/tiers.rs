//! Tiers: as the table has them, changed while they are in use, and numbers of a tenant's own in their place.

use crate::{
    catalogue::{execute, value},
    crew::{Person, owned},
    support::waiting_for_locks,
};
use serde_json::{Value, json};
use std::time::Duration;
use tenantry_testkit::{Reply, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn the_tiers_are_the_tables() {
    let app = TestApp::builder().set("TENANTRY_DEFAULT_TIER", "starter").start().await;
    let page = app.operator().get("/v1/tiers").await.expect(200).json;
    assert_eq!(page["next_cursor"], Value::Null);
    let told: Vec<String> = page["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|tier| {
            let limits = &tier["limits"];
            let (price, members) = (&tier["price_usd_per_month"], &limits["workspace_members"]);
            format!("{} {} {price} {members} {}", tier["name"], tier["is_default"], limits["tasks_per_month"])
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    "free" false "0.00" 1 1000
    "starter" true "49.00" 3 10000
    "pro" false "149.00" 10 100000
    "enterprise" false null null null
    "#);
    // Data and not code: what the table says is what is told.
    execute(
        &app.database,
        "UPDATE tiers SET workspace_members = 7, price_usd_per_month = 12.5 WHERE name = 'free'",
    )
    .await;
    let free = app.operator().get("/v1/tiers").await.expect(200).json["items"][0].clone();
    assert_eq!(
        (&free["limits"]["workspace_members"], &free["price_usd_per_month"]),
        (&json!(7), &json!("12.50"))
    );
}

async fn set(app: &TestApp, body: Value) -> Reply {
    app.operator().patch("/v1/tenants/acme", &body).await
}

async fn invited(owner: &Person, name: &str) -> Reply {
    owner.client.post("/v1/invitations", &json!({"email": format!("{name}@acme.example")})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tier_keeps_what_is_used() {
    let app = TestApp::start().await;
    let owner = owned(&app, "acme", "pro").await;
    for name in ["ada", "ben", "cleo"] {
        owner.hire(&app, &format!("{name}@acme.example"), "member").await;
    }
    owner.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "Lab"})).await.expect(201);
    let limits = async || owner.client.get("/v1/limits").await.expect(200).json;
    assert_eq!(limits().await["workspace_members"], 10);
    let changed = set(&app, json!({"plan_tier": "FREE"})).await.expect(200).json;
    assert_eq!((&changed["plan_tier"], &changed["limits"]["workspace_members"]), (&json!("free"), &json!(1)));
    // At once, though who asks was let in by what was remembered a moment ago.
    assert_eq!(limits().await, changed["limits"]);
    let members = owner.client.get("/v1/members").await.expect(200).json;
    let workspaces = owner.client.get("/v1/workspaces").await.expect(200).json;
    let count = |page: &Value| page["items"].as_array().map_or(0, Vec::len);
    assert_eq!((count(&members), count(&workspaces)), (4, 2), "nothing is taken away");
    let refused = invited(&owner, "dora").await.expect(402);
    assert_eq!(refused.code(), "quota_exceeded");
    assert!(
        refused.json["detail"].as_str().is_some_and(|told| told.contains("4 are used")),
        "{}",
        refused.text
    );
    set(&app, json!({"plan_tier": "pro"})).await.expect(200);
    invited(&owner, "dora").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_tier_names_before_and_after() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let shown = app.operator().get("/v1/tenants/acme").await.expect(200);
    let tag = shown.headers["etag"].to_str().unwrap_or_default().to_owned();
    let seen = app.operator().with_header("if-match", &tag);
    let body = json!({"plan_tier": "pro", "max_agents": 7});
    let changed = seen.patch("/v1/tenants/acme", &body).await.expect(200);
    assert_ne!(changed.headers["etag"], *tag);
    seen.patch("/v1/tenants/acme", &json!({"plan_tier": "free"})).await.expect(412);
    let events = app.operator().get("/v1/audit-events?action=tenant.update").await.expect(200).json;
    assert_eq!(events["items"].as_array().map(Vec::len), Some(1), "and a refused change leaves none");
    let (before, after) = (&events["items"][0]["before"], &events["items"][0]["after"]);
    assert_eq!((&before["plan_tier"], &before["max_agents"]), (&json!("free"), &Value::Null));
    assert_eq!((&after["plan_tier"], &after["max_agents"]), (&json!("pro"), &json!(7)));
    assert_eq!(before["name"], after["name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tier_of_what_is_being_made_or_removed_stays() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    app.operator().delete("/v1/tenants/acme").await.expect(202);
    let refused = set(&app, json!({"plan_tier": "pro"})).await.expect(409);
    assert_eq!((refused.code(), &refused.json["next_steps"][0]), ("conflict", &json!("Restore it first.")));
    let wish = json!({"slug": "bolt", "name": "Bolt", "admin_email": "ops@bolt.example"});
    let made = app.operator().post("/v1/tenants", &wish).await.expect(202).json;
    assert_eq!(made["tenant"]["status"], "provisioning");
    let bolt = async |body| app.operator().patch("/v1/tenants/bolt", &body).await;
    for body in [json!({"plan_tier": "pro"}), json!({"max_agents": 5})] {
        assert_eq!(bolt(body).await.expect(409).code(), "conflict");
    }
    // What it is already is no change.
    bolt(json!({"plan_tier": "free", "name": "Bolt Inc."})).await.expect(200);
    let told = "SELECT string_agg(slug || ' ' || plan_tier, ', ' ORDER BY slug) FROM tenants";
    assert_eq!(value(&app.database, told).await, "acme free, bolt free");
    app.work().await;
    bolt(json!({"plan_tier": "pro"})).await.expect(200);
    // Paying is how a suspension ends.
    app.operator().post("/v1/tenants/bolt/suspend", &json!({})).await.expect(202);
    app.work().await;
    bolt(json!({"plan_tier": "starter"})).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waited_for_another_tier_finds_it() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let holder = app.database.admin().await;
    let held = "BEGIN; UPDATE public.tenants SET plan_tier = 'pro' WHERE slug = 'acme'";
    holder.execute(held).await.unwrap_or_else(|error| panic!("{error}"));
    let release = async {
        waiting_for_locks(&app, 1).await;
        holder.execute("COMMIT").await.unwrap_or_else(|error| panic!("{error}"));
    };
    let both = async { tokio::join!(set(&app, json!({"max_agents": 5})), release) };
    let (changed, ()) =
        tokio::time::timeout(Duration::from_secs(25), both).await.expect("both come to an end");
    let changed = changed.expect(200).json;
    assert_eq!((&changed["plan_tier"], &changed["limits"]["agents"]), (&json!("pro"), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_is_no_event() {
    let app = TestApp::start().await;
    app.tenant("acme").await;
    let tag = async || {
        let shown = app.operator().get("/v1/tenants/acme").await.expect(200);
        shown.headers["etag"].to_str().unwrap_or_default().to_owned()
    };
    let before = tag().await;
    set(&app, json!({"plan_tier": "free", "max_agents": null})).await.expect(200);
    assert_eq!(tag().await, before, "nobody else's copy is out of date");
    let events = app.operator().get("/v1/audit-events?action=tenant.update").await.expect(200).json;
    assert_eq!(events["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_of_the_platform_change_a_tier() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let owner = owned(&app, "bolt", "free").await;
    for client in [&acme.client, &owner.client] {
        assert_eq!(
            client.patch("/v1/tenants/bolt", &json!({"plan_tier": "pro"})).await.expect(403).code(),
            "forbidden"
        );
        assert_eq!(client.get("/v1/tiers").await.expect(403).code(), "forbidden");
    }
    for body in [json!({"plan_tier": "gold"}), json!({"plan_tier": ""}), json!({"plan_tier": 7})] {
        let refused = set(&app, body).await.expect(422);
        assert_eq!(refused.json["errors"][0]["pointer"], "/plan_tier");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_made_with_numbers_of_its_own() {
    for slots in [1, 0] {
        let app = TestApp::builder().slots(slots).start().await;
        let wish = json!({"slug": "acme", "name": "Acme", "admin_email": "ops@acme.example", "plan_tier": "pro",
            "max_agents": 0, "max_tasks_per_month": 2_147_483_647_u32});
        app.operator().post("/v1/tenants", &wish).await.expect(202);
        app.work().await;
        let shown = app.operator().get("/v1/tenants/acme").await.expect(200).json;
        assert_eq!(
            (&shown["max_agents"], &shown["limits"]["agents"]),
            (&json!(0), &json!(0)),
            "zero is a number"
        );
        assert_eq!(shown["limits"]["tasks_per_month"], 2_147_483_647_u32);
        assert!(shown.get("storage_limit_gb").is_none(), "{shown}");
        assert_eq!(shown["limits"]["storage_gb"], 50);
        let made = app.operator().get("/v1/audit-events?action=tenant.create").await.expect(200).json;
        assert_eq!(made["items"][0]["after"]["max_agents"], 0);
        // Another tier leaves them, and `null` gives them back.
        let changed = set(&app, json!({"plan_tier": "enterprise"})).await.expect(200).json;
        assert_eq!(
            (&changed["limits"]["agents"], &changed["limits"]["storage_gb"]),
            (&json!(0), &Value::Null)
        );
        let back = set(&app, json!({"max_agents": null, "storage_limit_gb": 3})).await.expect(200).json;
        assert_eq!((&back["limits"]["agents"], &back["limits"]["storage_gb"]), (&Value::Null, &json!(3)));
        assert_eq!(back["max_tasks_per_month"], 2_147_483_647_u32, "what is absent stays");
        set(&app, json!({"max_agents": 2_147_483_648_u32})).await.expect(422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_its_own_go_with_a_run_that_is_undone() {
    let app = TestApp::builder().slots(0).start().await;
    app.faults.arm("create.verify.before");
    let wish = json!({"slug": "acme", "name": "Acme", "admin_email": "ops@acme.example", "max_agents": 3});
    let made = app.operator().post("/v1/tenants", &wish).await.expect(202).json;
    app.work().await;
    app.operator().get("/v1/tenants/acme").await.expect(404);
    app.faults.disarm();
    let id = made["run"]["id"].as_str().unwrap_or_default();
    // Tried again, it has them again: they are part of what was asked for.
    app.operator().post(&format!("/v1/provisioning-runs/{id}/retry"), &json!({})).await.expect(202);
    app.work().await;
    assert_eq!(app.operator().get("/v1/tenants/acme").await.expect(200).json["limits"]["agents"], 3);
}
