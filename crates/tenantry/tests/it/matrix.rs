//! The rest of the route matrix: every operation, asked for what is another tenant's or another workspace's, and under another tenant's name.
//!
//! Without an identity and with one that is no good: `identity.rs`. With too low a role: `authz.rs`. With a tenant that does not serve: `identity.rs`.

use crate::{
    crew::{Person, owned, sign_in},
    staff::text,
    support::{Ids, NOBODY, Operation, agent, operations, told},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tenantry_core::authz::{self, Need};
use tenantry_testkit::{Client, Reply, TestApp, axum::http::Method};

/// What the path of an operation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    Agent,
    Event,
    Grant,
    Invitation,
    Key,
    Member,
    Operator,
    Report,
    Run,
    Session,
    Tenant,
    User,
    Workspace,
}

/// What people of a tenant reach by its id, each their own; all else is for operators.
const OF_TENANTS: [Named; 8] = [
    Named::Agent,
    Named::Event,
    Named::Grant,
    Named::Invitation,
    Named::Key,
    Named::Member,
    Named::Session,
    Named::Workspace,
];

/// Every operation whose path names something. One that is not here fails `each_path_is_known`.
const NAMED: [(&str, Named); 36] = [
    ("show_agent", Named::Agent),
    ("update_agent", Named::Agent),
    ("delete_agent", Named::Agent),
    ("show_audit_event", Named::Event),
    ("end_access_grant", Named::Grant),
    ("revoke_invitation", Named::Invitation),
    ("reroll_api_key", Named::Key),
    ("revoke_api_key", Named::Key),
    ("update_member", Named::Member),
    ("remove_member", Named::Member),
    ("update_operator", Named::Operator),
    ("remove_operator", Named::Operator),
    ("show_isolation_report", Named::Report),
    ("show_provisioning_run", Named::Run),
    ("stream_provisioning_run", Named::Run),
    ("retry_provisioning_run", Named::Run),
    ("roll_back_provisioning_run", Named::Run),
    ("end_session", Named::Session),
    ("show_slug_availability", Named::Tenant),
    ("show_tenant", Named::Tenant),
    ("update_tenant", Named::Tenant),
    ("delete_tenant", Named::Tenant),
    ("create_access_grant", Named::Tenant),
    ("create_api_key", Named::Tenant),
    ("export_tenant", Named::Tenant),
    ("invite_owner", Named::Tenant),
    ("open_psql_session", Named::Tenant),
    ("purge_tenant", Named::Tenant),
    ("restore_tenant", Named::Tenant),
    ("resume_tenant", Named::Tenant),
    ("roll_back_tenant", Named::Tenant),
    ("show_tenant_status", Named::Tenant),
    ("suspend_tenant", Named::Tenant),
    ("erase_user", Named::User),
    ("export_user", Named::User),
    ("update_workspace", Named::Workspace),
];

/// One of each kind, in one workspace.
struct Things {
    ids: Vec<(Named, String)>,
    owner: Client,
    /// Whose the session is.
    hired: Client,
}

impl Things {
    /// What somebody who owns the workspace has there, with a member and their session.
    async fn of(app: &TestApp, owner: &Person, (slug, workspace): (&str, &str), hired: &str) -> Self {
        let client = &owner.client;
        let ada = owner.hire(app, hired, "member").await;
        let id = |reply: Reply| text(&reply.expect(201), "id");
        let wish = json!({"reason": "ticket 7", "workspace": workspace});
        let run = app.operator().get(&format!("/v1/tenants/{slug}/status")).await.expect(200);
        let report = app.operator().post("/v1/isolation-reports", &json!({"tenant": slug})).await.expect(202);
        let sessions = ada.client.get("/v1/sessions").await.expect(200).json;
        let me = client.get("/v1/me").await.expect(200);
        let trail = client.get("/v1/audit-events?limit=1").await.expect(200).json;
        let ids = vec![
            (Named::Agent, agent(client, "Iris").await),
            (Named::Event, trail["items"][0]["id"].as_str().unwrap_or_default().to_owned()),
            (
                Named::Grant,
                id(app.operator().post(&format!("/v1/tenants/{slug}/access-grants"), &wish).await),
            ),
            (Named::Invitation, invited(client, &format!("guest-{hired}")).await),
            (Named::Key, id(client.post("/v1/api-keys", &json!({"name": "theirs"})).await)),
            (Named::Member, ada.id.clone()),
            (Named::Operator, ada.id.clone()),
            (Named::Report, text(&report, "id")),
            (Named::Run, text(&run, "id")),
            (Named::Session, sessions["items"][0]["id"].as_str().unwrap_or_default().to_owned()),
            (Named::Tenant, slug.to_owned()),
            (Named::User, ada.id),
            (Named::Workspace, text(&me, "workspace_id")),
        ];
        Self { ids, owner: client.clone(), hired: ada.client }
    }

    /// Whose these are does with them what the others could not: or there was nothing there to find. What is taken away is taken away last, and a session before
    /// its member.
    async fn are_there(&self) {
        let mut rows: Vec<(Operation, Named)> = operations()
            .into_iter()
            .filter_map(|operation| {
                let (_, named) = *NAMED.iter().find(|(id, _)| *id == operation.id)?;
                OF_TENANTS.contains(&named).then_some((operation, named))
            })
            .collect();
        rows.sort_by_key(|(operation, named)| (*named != Named::Session, operation.method == Method::DELETE));
        for (operation, named) in rows {
            let caller = if named == Named::Session { &self.hired } else { &self.owner };
            let reply = ask(caller, &operation, self.id(named)).await;
            assert!(reply.status.is_success(), "{}: {}", operation.id, reply.text);
        }
    }

    /// There is one of each kind: an operation that is asked for nothing has shown nothing.
    fn id(&self, named: Named) -> &str {
        let found = self.ids.iter().find(|(kind, id)| *kind == named && !id.is_empty());
        found.map_or_else(|| panic!("no {named:?} is made in `Things::of`"), |(_, id)| id.as_str())
    }
}

async fn invited(client: &Client, email: &str) -> String {
    let made = client.post("/v1/invitations", &json!({"email": email})).await.expect(201).json;
    let id = made["id"].as_str().or_else(|| made["invitation"]["id"].as_str());
    id.unwrap_or_else(|| panic!("no id: {made}")).to_owned()
}

/// The path with that id in it.
fn path(operation: &Operation, id: &str) -> String {
    let (before, rest) = operation.template.split_once('{').unwrap_or_default();
    let (_, after) = rest.split_once('}').unwrap_or_default();
    format!("{before}{id}{after}")
}

/// All that came back, byte for byte, without what names the one request.
fn bytes(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let (status, headers, _) = told(reply);
    let id = reply.headers["x-request-id"].to_str().unwrap_or_default();
    (status, headers, reply.text.replace(id, ""))
}

async fn ask(client: &Client, operation: &Operation, id: &str) -> Reply {
    client.call(operation.method.clone(), &path(operation, id), operation.body().as_ref()).await
}

#[test]
fn each_path_is_known() {
    let named: BTreeSet<_> = NAMED.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert_eq!(named.len(), NAMED.len(), "a row stands twice");
    let served: BTreeSet<_> = operations()
        .into_iter()
        .filter(|operation| operation.template.contains('{'))
        .map(|operation| operation.id)
        .collect();
    assert_eq!(served, named, "say what the path of a new operation names");
}

/// Acme with its workspaces `default` and `lab`, and rival: who asks, and what is not theirs.
struct Place {
    app: TestApp,
    callers: Vec<(&'static str, Client)>,
    rival: Person,
    foreign: [(&'static str, Things); 2],
}

async fn place() -> Place {
    let app = TestApp::builder().slots(2).set("TENANTRY_BASE_DOMAIN", "example.com").start().await;
    // Live streams would not end.
    app.app.stop_streams();
    let (acme, rival) = (owned(&app, "acme", "enterprise").await, owned(&app, "rival", "enterprise").await);
    acme.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "Lab"})).await.expect(201);
    let lab = sign_in(&app, &acme.email, "acme", "lab").await;
    let foreign = [
        ("another tenant's", Things::of(&app, &rival, ("rival", "default"), "ada@rival.example").await),
        ("another workspace's", Things::of(&app, &lab, ("acme", "lab"), "ben@acme.example").await),
    ];
    let mut callers = vec![("owner", acme.client.clone())];
    for role in ["admin", "member", "viewer"] {
        callers.push((role, acme.hire(&app, &format!("{role}@acme.example"), role).await.client));
    }
    let key = app.key("acme", &json!({"name": "admin", "role": "admin"})).await;
    callers.push(("key", app.anyone.clone().with_token(Some(&key.key))));
    Place { app, callers, rival, foreign }
}

/// What belongs to the whole tenant: who may see one workspace of it may see these.
const OF_THE_TENANT: [Named; 5] = [Named::Event, Named::Grant, Named::Run, Named::Tenant, Named::Workspace];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_foreign_is_answered_as_absent_by_every_operation() {
    let place = place().await;
    let seen = seen(&place.rival.client).await;
    let mut asked = 0;
    for operation in operations() {
        let Some((_, named)) = NAMED.iter().find(|(id, _)| *id == operation.id) else { continue };
        let absent = operation.path(&NOBODY);
        for (who, client) in &place.callers {
            for client in [client.clone(), client.clone().with_header("if-match", "\"1\"")] {
                let nothing = client.call(operation.method.clone(), &absent, operation.body().as_ref()).await;
                assert!(
                    matches!(nothing.status.as_u16(), 403 | 404),
                    "{} {who}: {}",
                    operation.id,
                    nothing.text
                );
                for (whose, things) in &place.foreign {
                    if *whose == "another workspace's" && OF_THE_TENANT.contains(named) {
                        continue;
                    }
                    let reply = ask(&client, &operation, things.id(*named)).await;
                    assert_eq!(bytes(&reply), bytes(&nothing), "{} {who}: {whose}", operation.id);
                    asked += 1;
                }
            }
        }
    }
    println!("{asked} requests for what is foreign, each answered as for what is absent");
    // Every operation for another tenant's, and for another workspace's where that is kept apart; by every caller, with a version and without.
    let of_workspaces = NAMED.iter().filter(|(_, named)| !OF_THE_TENANT.contains(named)).count();
    assert_eq!(asked, (NAMED.len() + of_workspaces) * place.callers.len() * 2);
    assert!(asked >= 490, "{asked}");
    assert_eq!(self::seen(&place.rival.client).await, seen);
    let metrics = place.app.app.metrics.render();
    assert!(metrics.contains("cross_tenant_query_attempts_total 0"), "one of them got past the middleware");
    for (_, things) in &place.foreign {
        things.are_there().await;
    }
}

/// All that an owner sees of their workspace.
async fn seen(owner: &Client) -> Vec<Value> {
    let mut seen = Vec::new();
    for list in ["agents", "api-keys", "invitations", "members", "workspaces", "access-grants"] {
        seen.push(owner.get(&format!("/v1/{list}")).await.expect(200).json);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_name_is_refused_by_every_operation() {
    let place = place().await;
    let guarded = operations().into_iter().filter(|operation| !operation.open);
    let under = [
        ("x-tenant-slug", "rival"),
        ("x-tenant-slug", "nobody"),
        ("host", "rival.example.com"),
        ("host", "nobody.example.com"),
    ];
    let mut answers = Vec::new();
    for operation in guarded {
        // Ids of the tenant that is named: it must not help to be right about them.
        let named = NAMED.iter().find(|(id, _)| *id == operation.id).map(|(_, named)| *named);
        let id = named.map(|named| place.foreign[0].1.id(named));
        let path =
            id.map_or_else(|| operation.path(&Ids { slug: "rival", ..NOBODY }), |id| path(&operation, id));
        for (who, client) in &place.callers {
            for (header, name) in under {
                let client = client.clone().with_header(header, name);
                let reply = client.call(operation.method.clone(), &path, operation.body().as_ref()).await;
                let what = format!("{} {who}, {header}: {name}", operation.id);
                assert_eq!((reply.status.as_u16(), reply.code()), (403, "tenant_inactive"), "{what}");
                let mut answer = bytes(&reply);
                if operation.id == "authorize_request" {
                    // A proxy is told the status once more.
                    answer.1.retain(|(name, _)| name != "x-authz-status");
                }
                answers.push(answer);
            }
        }
    }
    let guarded = authz::operations().filter(|(_, need)| *need != Need::Open).count();
    println!(
        "{} requests under another tenant's name, each answered as for one that there is not",
        answers.len()
    );
    assert_eq!(answers.len(), guarded * place.callers.len() * under.len());
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_name_in_a_body_is_answered_as_absent() {
    let place = place().await;
    let (_, admin) = place.callers.iter().find(|(who, _)| *who == "admin").unwrap();
    for (foreign, absent) in [
        (json!({"tenant": "rival"}), json!({"tenant": "nobody"})),
        (
            json!({"tenant": "rival", "workspace": "default"}),
            json!({"tenant": "nobody", "workspace": "default"}),
        ),
        (json!({"tenant": "acme", "workspace": "lab"}), json!({"tenant": "acme", "workspace": "none"})),
    ] {
        let nothing = admin.post("/v1/auth/switch-workspace", &absent).await;
        assert!(nothing.status.is_client_error(), "{}", nothing.text);
        assert_eq!(
            bytes(&admin.post("/v1/auth/switch-workspace", &foreign).await),
            bytes(&nothing),
            "{foreign}"
        );
    }
    for query in ["/v1/access-grants?tenant=", "/v1/workspaces?tenant="] {
        let (foreign, absent) = (format!("{query}rival"), format!("{query}nobody"));
        for (who, client) in &place.callers {
            assert_eq!(
                bytes(&client.get(&foreign).await),
                bytes(&client.get(&absent).await),
                "{query} {who}"
            );
        }
    }
}
