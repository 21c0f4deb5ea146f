//! Whom a browser's tests sign in as: an operator of each role, and in each of three tenants a member of each role; with some history.
//!
//! Owns: nothing. Calls: the API, as people do. Called by: `console`.
//! Invariants: all of it came through the API, so that it is what a user would have. After a crash: the database goes with the process.

use crate::{Client, TestApp};
use serde::Serialize;
use serde_json::{Value, json};
use tenantry_core::identity::{self, Bootstrap};
use tenantry_types::{OperatorRole, identity::Proof, run::Run, tenant::TenantAndRun};

/// Everybody's.
pub const PASSWORD: &str = "vexing-plum-orbit-42-kettle";
/// An operator who may do everything.
pub const OPERATOR_EMAIL: &str = "ada@example.com";

const TENANTS: [(&str, &str, &str); 3] =
    [("acme", "Acme Robotics", "pro"), ("globex", "Globex", "enterprise"), ("initech", "Initech", "pro")];

/// Who is there.
#[derive(Debug, Serialize)]
pub struct Scene {
    /// Operators: admin, support, auditor.
    pub operators: Vec<Person>,
    /// In the order in which they were made.
    pub tenants: Vec<Tenant>,
}

/// Somebody who can sign in.
#[derive(Debug, Serialize)]
pub struct Person {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: &'static str,
    /// What they may do.
    pub role: &'static str,
}

/// A tenant with its people.
#[derive(Debug, Serialize)]
pub struct Tenant {
    /// Its slug.
    pub slug: &'static str,
    /// Its name.
    pub name: &'static str,
    /// owner, admin, member, viewer.
    pub members: Vec<Person>,
    /// A key for its default workspace.
    pub api_key: String,
}

fn person(email: String, role: &'static str) -> Person {
    Person { email, password: PASSWORD, role }
}

/// Makes them, and signs them in where their deeds are wanted.
pub(super) async fn enter(app: &TestApp) -> Scene {
    let operators = operators(app).await;
    let ada = sign_in(app, OPERATOR_EMAIL, json!({"operator": true})).await;
    let mut tenants = Vec::new();
    for (slug, name, tier) in TENANTS {
        tenants.push(tenant(app, &ada, (slug, name, tier)).await);
    }
    // Something to read in the trail.
    for deed in ["suspend", "resume"] {
        ada.post(&format!("/v1/tenants/initech/{deed}"), &json!({"reason": "A test of the life cycle"}))
            .await
            .expect(202);
        until_ended(&ada, "initech").await;
    }
    Scene { operators, tenants }
}

async fn operators(app: &TestApp) -> Vec<Person> {
    let wish = Bootstrap {
        email: OPERATOR_EMAIL.to_owned(),
        name: "Ada Lovelace".to_owned(),
        role: OperatorRole::Admin,
        password: Some(Proof::new(PASSWORD.to_owned())),
    };
    let (owner, sign_in) = (&app.database.placement.owner, &app.app.sign_in);
    let made = identity::bootstrap(owner, app.app.ctx(), &sign_in.passwords, wish).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    let mut people = vec![person(OPERATOR_EMAIL.to_owned(), "admin")];
    for (name, role) in [("Grace Hopper", "support"), ("Mary Jackson", "auditor")] {
        let email = format!("{role}@example.com");
        let body = json!({"email": email, "name": name, "role": role, "password": PASSWORD});
        app.operator().post("/v1/operators", &body).await.expect(201);
        people.push(person(email, role));
    }
    people
}

async fn tenant(
    app: &TestApp,
    ada: &Client,
    (slug, name, tier): (&'static str, &'static str, &str),
) -> Tenant {
    let owner = format!("owner@{slug}.example");
    let body = json!({"slug": slug, "name": name, "admin_email": owner, "plan_tier": tier});
    let made: TenantAndRun = ada.post("/v1/tenants", &body).await.expect(202).parse();
    until_ended(ada, slug).await;
    let link = made.owner_invitation.unwrap_or_else(|| panic!("{slug} has no owner's link")).url;
    accept(app, &link, "Olga Owner").await;
    let first = sign_in(app, &owner, json!({"tenant": slug})).await;
    let mut members = vec![person(owner, "owner")];
    for (called, role) in [("Abel Admin", "admin"), ("Mia Member", "member"), ("Vera Viewer", "viewer")] {
        let email = format!("{role}@{slug}.example");
        let invited = first.post("/v1/invitations", &json!({"email": email, "role": role})).await.expect(201);
        accept(app, text(&invited.json, "link"), called).await;
        members.push(person(email, role));
    }
    let key = ada.post(&format!("/v1/tenants/{slug}/api-keys"), &json!({"name": "Deploy"})).await.expect(201);
    let api_key = text(&key.json, "key").to_owned();
    let robot = app.anyone.clone().with_token(Some(&api_key));
    for agent in ["Iris", "Juno"] {
        robot.post("/v1/agents", &json!({"name": agent, "role": "researcher"})).await.expect(201);
    }
    Tenant { slug, name, members, api_key }
}

async fn accept(app: &TestApp, link: &str, name: &str) {
    let (_, token) = link.split_once("#token=").unwrap_or_else(|| panic!("no token in {link}"));
    let body = json!({"token": token, "name": name, "password": PASSWORD});
    app.anyone.post("/v1/auth/accept-invitation", &body).await.expect(200);
}

async fn sign_in(app: &TestApp, email: &str, place: Value) -> Client {
    let mut body = json!({"email": email, "password": PASSWORD});
    body.as_object_mut()
        .into_iter()
        .zip(place.as_object().cloned())
        .for_each(|(body, place)| body.extend(place));
    let answer = app.anyone.post("/v1/auth/login", &body).await.expect(200);
    app.anyone.clone().with_token(Some(text(&answer.json, "access_token")))
}

async fn until_ended(ada: &Client, slug: &str) {
    let ended = async {
        loop {
            let run: Run = ada.get(&format!("/v1/tenants/{slug}/status")).await.expect(200).parse();
            if run.status.is_final() {
                return run;
            }
            tokio::task::yield_now().await;
        }
    };
    let run = crate::database::within("the end of the run", ended).await;
    assert_eq!(run.error, None, "{slug}");
}

fn text<'a>(json: &'a Value, field: &str) -> &'a str {
    json[field].as_str().unwrap_or_else(|| panic!("no {field}: {json}"))
}
