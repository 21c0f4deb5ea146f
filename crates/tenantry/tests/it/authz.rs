//! The policy: every operation has its row, and the server does what the row says, for every kind of caller.

use crate::{
    people::{bearer, sign_in},
    staff::{email, member, operator, user},
    support::{Ids, NOBODY, Operation, operations},
};
use serde_json::json;
use std::collections::BTreeSet;
use tenantry_core::{
    authz::{self, Action, Actor, Need, allows, needs_tenant},
    identity::{Credential, Visit},
};
use tenantry_testkit::{Client, TestApp};

#[test]
fn every_operation_has_its_action() {
    let served: BTreeSet<_> = operations().into_iter().map(|operation| operation.id).collect();
    let known: BTreeSet<_> = authz::operations().map(|(id, _)| id.to_owned()).collect();
    let unknown: Vec<_> = served.difference(&known).collect();
    assert!(unknown.is_empty(), "operations without a row in core/authz/operations.rs: {unknown:?}");
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(gone.is_empty(), "rows in core/authz/operations.rs without an operation: {gone:?}");
    for operation in operations() {
        let open = authz::need_of(&operation.id) == Some(Need::Open);
        assert_eq!(
            open, operation.open,
            "{} says in the document that it is open, or does not",
            operation.id
        );
    }
}

/// A caller, and who the gate says that it is.
struct Kind {
    name: String,
    client: Client,
    actor: Actor,
}

async fn kind(app: &TestApp, name: &str, client: Client) -> Kind {
    let token = client.token().unwrap_or_else(|| panic!("{name} has no token")).to_owned();
    let actor = app.app.gate.verify(&Credential::Bearer(token), &Visit::default()).await;
    let actor = actor.unwrap_or_else(|error| panic!("{name}: {error}"));
    Kind { name: name.to_owned(), client, actor: actor.as_ref().clone() }
}

/// One of each kind and role.
async fn kinds(app: &TestApp) -> Vec<Kind> {
    let mut kinds = vec![kind(app, "the configuration's operator", app.operator()).await];
    for role in ["auditor", "support", "admin"] {
        let who = operator(app, &format!("op-{role}"), role).await;
        kinds.push(kind(app, &format!("operator {role}"), who.client).await);
    }
    for role in ["viewer", "member", "admin", "owner"] {
        let who = member(app, "acme", role, role).await;
        kinds.push(kind(app, &format!("member {role}"), who.client).await);
    }
    for (role, scopes) in [
        ("viewer", json!([])),
        ("member", json!([])),
        ("admin", json!([])),
        ("admin", json!(["agents:read"])),
    ] {
        let key = app.key("acme", &json!({"name": role, "role": role, "scopes": scopes})).await;
        kinds.push(
            kind(app, &format!("key {role} {scopes}"), app.anyone.clone().with_token(Some(&key.key))).await,
        );
    }
    for role in ["viewer", "admin"] {
        let wish = json!({"reason": "look", "role": role});
        let granted = app.operator().post("/v1/tenants/acme/access-grants", &wish).await.expect(201).json;
        let client = app.anyone.clone().with_token(granted["token"].as_str());
        kinds.push(kind(app, &format!("grant {role}"), client).await);
    }
    user(app, "nobody").await;
    kinds.push(
        kind(app, "user in no workspace", bearer(app, &sign_in(app, &email("nobody"), json!({})).await))
            .await,
    );
    kinds
}

/// What the policy refuses with, if it does: nothing else answers like that.
async fn refused_by_policy(kind: &Kind, operation: &Operation, ids: &Ids<'_>) -> Option<(u16, String)> {
    let reply =
        kind.client.call(operation.method.clone(), &operation.path(ids), operation.body().as_ref()).await;
    let told = (reply.status.as_u16(), reply.code().to_owned());
    matches!(&*told.1, "forbidden" | "tenant_required").then_some(told)
}

/// What the table says: who is in no tenant is told so, where they would have to be in one.
fn refusal(actor: &Actor, operation: &Operation, action: Action) -> Option<(u16, String)> {
    let nowhere = matches!(actor, Actor::User(_)) && needs_tenant(action);
    let (status, code) = match nowhere {
        // Proxies know no other status.
        true if operation.id == "authorize_request" => (403, "tenant_required"),
        true => (400, "tenant_required"),
        false => (403, "forbidden"),
    };
    (!allows(actor, action)).then(|| (status, code.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_asks_the_policy() {
    let app = TestApp::builder().slots(1).start().await;
    app.tenant("acme").await;
    // Live streams would not end.
    app.app.stop_streams();
    let mut asked = 0;
    for kind in kinds(&app).await {
        for operation in operations() {
            let Some(Need::May(action)) = authz::need_of(&operation.id) else { continue };
            // Who may leave is gone then, and can be asked nothing more.
            if operation.id == "leave_workspace" && allows(&kind.actor, action) {
                continue;
            }
            // Ids that name nothing: what is allowed finds nothing to do it to, and what is not is refused before anybody looks.
            let refused = refused_by_policy(&kind, &operation, &NOBODY).await;
            let expected = refusal(&kind.actor, &operation, action);
            assert_eq!(refused, expected, "{} as {}", operation.id, kind.name);
            asked += 1;
        }
    }
    println!("{asked} questions, each answered as the table says");
}
