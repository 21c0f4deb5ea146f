//! Tenant traffic through a real PgBouncer in transaction mode, with fewer server connections than tenants and callers.

use crate::support::{agent, superuser_sees};
use serde_json::{Value, json};
use tenantry_testkit::{TestApp, TestPooler, TestTenant};
use tokio::task::JoinSet;

const TENANTS: usize = 50;
const ROUNDS: usize = 3;

/// Adds an agent that bears its tenant's name, and looks at what the tenant sees.
async fn turn(tenant: &TestTenant, round: usize) {
    let (slug, workspace) = (tenant.tenant.slug.as_str(), json!(tenant.key.workspace_id));
    let id = agent(&tenant.client, &format!("{slug}-{round}")).await;
    tenant.client.patch(&format!("/v1/agents/{id}"), &json!({"role": slug})).await.expect(200);
    let listed = tenant.client.get("/v1/agents").await.expect(200).json;
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    let own = |item: &Value| item["workspace_id"] == workspace && item["role"] == slug;
    assert!(items.iter().all(own), "{slug}: {items:?}");
    assert_eq!(items.len(), round + 1, "{slug}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_tenants_share_two_server_connections() {
    if !TestPooler::is_here() {
        return;
    }
    let app = TestApp::builder().slots(TENANTS).through_pooler(2).start().await;
    let mut tenants = Vec::new();
    for number in 0..TENANTS {
        tenants.push(app.tenant(&format!("tenant-{number}")).await);
    }
    for tenant in &tenants {
        turn(tenant, 0).await;
    }
    let foreign = agent(&tenants[0].client, "foreign").await;
    for round in 1..ROUNDS {
        let mut turns = JoinSet::new();
        for tenant in tenants.drain(1..) {
            turns.spawn(async move {
                turn(&tenant, round).await;
                tenant
            });
        }
        tenants.extend(turns.join_all().await);
    }
    for tenant in &tenants[1..] {
        tenant.client.get(&format!("/v1/agents/{foreign}")).await.expect(404);
    }
    let cells = app.database.installation.cell(1);
    let found = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database()";
    let backends = superuser_sees(&app, &format!("{found} AND usename = '{cells}'")).await;
    assert!(["1", "2"].contains(&&*backends), "{backends} server connections");
    let poisoned = format!("{found} AND usename = '{cells}' AND state <> 'idle'");
    assert_eq!(superuser_sees(&app, &poisoned).await, "0");
    assert!(app.app.metrics.render().contains("cross_tenant_query_attempts_total 0"));
}
