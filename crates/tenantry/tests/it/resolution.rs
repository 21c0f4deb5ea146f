//! Which tenant a request is for: everything that names one agrees with the identity, and what does not is answered alike, counted and written down.

use crate::{
    people::{bearer, sign_in},
    staff::{email, user},
    support::{as_superuser, superuser_sees, told},
    wire::{Answer, Served, serve},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tenantry_testkit::{Client, TestApp, TestAppBuilder};

fn with_domain() -> TestAppBuilder {
    TestApp::builder().slots(2).set("TENANTRY_BASE_DOMAIN", "example.com")
}

/// Somebody who is signed in, in no workspace.
async fn nobodys(app: &TestApp) -> Client {
    user(app, "nora").await;
    bearer(app, &sign_in(app, &email("nora"), json!({})).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn nobodys_tenant_is_a_400() {
    let app = with_domain().start().await;
    app.tenant("acme").await;
    let nora = nobodys(&app).await;
    let refused = nora.get("/v1/agents").await.expect(400);
    assert_eq!(refused.code(), "tenant_required");
    assert!(refused.json["next_steps"][0].as_str().unwrap().contains("switch-workspace"), "{}", refused.text);
    // A tenant that is named, there or not, is not the identity's.
    let named =
        async |name: &str, value: &str| told(&nora.clone().with_header(name, value).get("/v1/agents").await);
    let unknown = named("x-tenant-slug", "nobody").await;
    assert_eq!((unknown.0, &unknown.2["code"]), (403, &json!("tenant_inactive")));
    for (name, value) in
        [("x-tenant-slug", "acme"), ("host", "acme.example.com"), ("host", "nobody.example.com")]
    {
        assert_eq!(named(name, value).await, unknown, "{name}: {value}");
    }
    // What is no tenant's takes no notice, unless the request contradicts itself.
    nora.clone().with_header("x-tenant-slug", "acme").get("/v1/me").await.expect(200);
    let torn = nora.clone().with_header("x-tenant-slug", "acme").with_header("host", "rival.example.com");
    assert_eq!(told(&torn.get("/v1/me").await), unknown);
    // Operators are in no tenant by what they are; the policy says so.
    assert_eq!(app.operator().get("/v1/agents").await.expect(403).code(), "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_refused_a_tenant_hears_the_same() {
    let app = with_domain().start().await;
    let (acme, _) = (app.tenant("acme").await, app.tenant("rival").await);
    let asked = async |client: Client| told(&client.get("/v1/agents").await.expect(403));
    let with = |name: &str, value: &str| acme.client.clone().with_header(name, value);
    let foreign = asked(with("x-tenant-slug", "rival")).await;
    assert_eq!(asked(with("x-tenant-slug", "nobody")).await, foreign);
    assert_eq!(asked(with("host", "rival.example.com")).await, foreign);
    for change in ["suspended', suspended_at = now()", "deleted', deleted_at = now()"] {
        as_superuser(&app, &format!("UPDATE public.tenants SET status = '{change} WHERE slug = 'rival'"))
            .await;
        app.app.access.forget();
        assert_eq!(asked(with("x-tenant-slug", "rival")).await, foreign, "{change}");
    }
    as_superuser(
        &app,
        "UPDATE public.tenants SET status = 'suspended', suspended_at = now() WHERE slug = 'acme'",
    )
    .await;
    app.app.access.forget();
    assert_eq!(asked(acme.client.clone()).await, foreign);
    assert_eq!(asked(with("x-tenant-slug", "rival")).await, foreign);
}

/// A request with these lines, as bytes.
async fn ask(server: &Served, target: &str, lines: &[&[u8]], token: &str) -> Answer {
    let mut bytes = format!("GET {target} HTTP/1.1\r\n").into_bytes();
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("Authorization: Bearer {token}\r\nConnection: close\r\n\r\n").as_bytes());
    server.send(&bytes).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_trick_are_refused() {
    let app = with_domain().start().await;
    let (acme, _) = (app.tenant("acme").await, app.tenant("rival").await);
    let server = serve(&app);
    let status = async |target: &str, lines: &[&[u8]]| {
        let answer = ask(&server, target, lines, &acme.key.key).await;
        (answer.status, answer.code())
    };
    let fine: [&[u8]; 10] = [
        b"Host: acme.example.com",
        b"host:ACME.Example.COM",
        b"Host: acme.example.com.",
        b"Host: acme.example.com:8443",
        b"Host: api.example.com",
        b"Host: 127.0.0.1:8080",
        b"Host: [::1]:8080",
        b"Host: localhost",
        // Another domain than ours names no tenant of ours; the identity decides, as ever.
        b"Host: acme.example.com.evil.com",
        b"Host: evilexample.com",
    ];
    for line in fine {
        assert_eq!(status("/v1/me", &[line]).await.0, 200, "{}", String::from_utf8_lossy(line));
    }
    let refused: [&[u8]; 14] = [
        b"Host: rival.example.com",
        b"Host: RIVAL.EXAMPLE.COM.:443",
        b"Host: x.acme.example.com",
        b"Host: .example.com",
        b"Host: acme..example.com",
        b"Host: acme.example.com..",
        b"Host: acme.example.com:443:80",
        b"Host: acme.example.com, rival.example.com",
        b"Host: rival.example.com@acme.example.com",
        b"Host: acme%2eexample.com",
        // The Cyrillic letter as it is, and as the browser sends it.
        b"Host: \xd0\xb0cme.example.com",
        b"Host: xn--cme-8cd.example.com",
        b"Host: acme.example.com\tx",
        b"Host: [acme.example.com]",
    ];
    for line in refused {
        let told = status("/v1/me", &[line]).await;
        assert_eq!(told, (403, "tenant_inactive".to_owned()), "{}", String::from_utf8_lossy(line));
    }
    let inactive = (403, "tenant_inactive".to_owned());
    let (own, other): (&[u8], &[u8]) = (b"Host: acme.example.com", b"Host: rival.example.com");
    assert_eq!(status("/v1/me", &[own, other]).await, inactive);
    assert_eq!(status("/v1/me", &[other, own]).await, inactive);
    assert_eq!(status("http://rival.example.com/v1/me", &[own]).await, inactive);
    assert_eq!(status("http://acme.example.com/v1/me", &[other]).await, inactive);
    assert_eq!(status("http://acme.example.com/v1/me", &[own]).await.0, 200);
    // A line break in a value is another header, or no HTTP at all.
    assert_eq!(status("/v1/me", &[b"Host: acme.example.com\r\nX-Tenant-Slug: rival"]).await, inactive);
    for broken in [
        b"Host: acme.example.com\r\n rival.example.com".as_slice(),
        b"Host: acme\0.example.com",
        b"Host: acme.example.com\rX-Tenant-Slug: rival",
    ] {
        assert_eq!(status("/v1/me", &[broken]).await.0, 400, "{}", String::from_utf8_lossy(broken));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_host_counts_from_a_trusted_proxy_alone() {
    let app = with_domain().start().await;
    let acme = app.tenant("acme").await;
    let behind =
        with_domain().database(&app.database).set("TENANTRY_TRUSTED_PROXIES", "127.0.0.1/32").start().await;
    let (open, behind) = (serve(&app), serve(&behind));
    let lines: [&[u8]; 2] = [b"Host: acme.example.com", b"X-Forwarded-Host: rival.example.com"];
    assert_eq!(ask(&open, "/v1/me", &lines, &acme.key.key).await.status, 200);
    assert_eq!(ask(&behind, "/v1/me", &lines, &acme.key.key).await.status, 403);
    let lines: [&[u8]; 2] = [b"Host: backend:8080", b"X-Forwarded-Host: acme.example.com"];
    assert_eq!(ask(&behind, "/v1/me", &lines, &acme.key.key).await.status, 200);
}

/// What was written down of mismatches, in order.
async fn mismatches(app: &TestApp) -> Vec<Value> {
    let sql = "SELECT coalesce(json_agg(json_build_object('tenant', t.slug, 'target', e.target, 'after', e.after) ORDER BY e.occurred_at), '[]')::text
         FROM public.audit_unsealed e LEFT JOIN public.tenants t ON t.id = e.tenant_id WHERE e.action = 'tenant.mismatch'";
    serde_json::from_str(&superuser_sees(app, sql).await).unwrap_or_else(|error| panic!("{error}"))
}

async fn settle(app: &TestApp) {
    app.app.mismatches.settle().await.unwrap_or_else(|error| panic!("{error}"));
}

fn requests(events: &[Value]) -> i64 {
    events.iter().filter_map(|event| event["after"]["requests"].as_i64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mismatch_is_written_down_once_a_minute() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for number in 0..50 {
        let slug = format!("tenant-{number}");
        acme.client.clone().with_header("x-tenant-slug", &slug).get("/v1/me").await.expect(403);
    }
    settle(&app).await;
    assert_eq!(mismatches(&app).await.len(), 1);
    app.clock.advance(TimeDelta::minutes(1));
    settle(&app).await;
    let events = mismatches(&app).await;
    assert!(events.len() <= 2 && requests(&events) == 50, "{events:?}");
    let page = app.operator().get("/metrics").await.expect(200).text;
    let series = format!("tenant_unauthorized_access_attempts_total{{tenant_id=\"{}\"}} 50", acme.tenant.id);
    assert!(page.contains(&series), "{page}");
    assert!(page.contains("\ncross_tenant_query_attempts_total 0\n"), "nothing got behind the middleware");
    // The tenant's own admins find it in their trail.
    let admin = app.key("acme", &json!({"name": "admin", "role": "admin"})).await;
    let trail = app.anyone.clone().with_token(Some(&admin.key));
    let page = trail.get("/v1/audit-events?action=tenant.mismatch").await.expect(200);
    assert_eq!(page.json["items"].as_array().map(Vec::len), Some(events.len()), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mismatch_tells_nothing_of_the_other() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.tenant("acme").await, app.tenant("rival").await);
    for slug in ["rival", "nobody", "é', '"] {
        acme.client.clone().with_header("x-tenant-slug", slug).get("/v1/me").await.expect(403);
        settle(&app).await;
        app.clock.advance(TimeDelta::minutes(2));
    }
    let events = mismatches(&app).await;
    let claimed: Vec<_> = events.iter().map(|event| event["after"]["claimed"].clone()).collect();
    assert_eq!(claimed, [json!(["rival"]), json!(["nobody"]), json!(["(no slug)"])]);
    for event in &events {
        assert_eq!((&event["tenant"], &event["target"]), (&json!("acme"), &json!("acme")));
        assert!(!event.to_string().contains(&rival.tenant.id.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_elsewhere_is_refused_and_counted() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let second = crate::support::second_workspace(&app, &acme).await;
    let theirs = crate::support::agent(&second, "Ada").await;
    let own = crate::support::agent(&acme.client, "Iris").await;
    // As if row-level security had been lost on the table, and on that of its events, which would refuse the event of a change elsewhere.
    for table in ["agents", "_events"] {
        let sql = format!("ALTER TABLE {}.{table} DISABLE ROW LEVEL SECURITY", acme.tenant.schema_name);
        as_superuser(&app, &sql).await;
    }
    for reply in [
        acme.client.get("/v1/agents").await,
        acme.client.get(&format!("/v1/agents/{theirs}")).await,
        acme.client.patch(&format!("/v1/agents/{theirs}"), &json!({"role": "mine"})).await,
        acme.client.delete(&format!("/v1/agents/{theirs}")).await,
    ] {
        assert!(!reply.text.contains("Ada"), "{}", reply.text);
        assert_eq!((reply.status.as_u16(), reply.code()), (500, "internal"), "{}", reply.text);
    }
    let row = format!(
        "SELECT role || version || (deleted_at IS NULL)::text FROM {}.agents WHERE name = 'Ada'",
        acme.tenant.schema_name
    );
    assert_eq!(superuser_sees(&app, &row).await, "r1true", "what was refused was not committed");
    acme.client.get(&format!("/v1/agents/{own}")).await.expect(200);
    let page = app.operator().get("/metrics").await.expect(200).text;
    assert!(page.contains("\ncross_tenant_query_attempts_total 4\n"), "{page}");
}
