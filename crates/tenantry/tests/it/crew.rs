//! People in tenants, for tests: owners, members, and how they come in.

use serde_json::{Value, json};
use tenantry_testkit::{Client, Reply, TestApp, TestSmtp};
use tenantry_types::{
    identity::{Member, NewMembership, SignedIn},
    page::Page,
    tenant::TenantAndRun,
};

/// Good enough for everybody here.
pub(crate) const PASSWORD: &str = "vexing-plum-orbit-42-kettle";

/// Somebody who is signed in, in one workspace.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) client: Client,
}

/// An application that mails.
pub(crate) async fn mailing() -> (TestApp, TestSmtp) {
    let smtp = TestSmtp::start().await;
    let app = TestApp::builder()
        .slots(2)
        .set("TENANTRY_SMTP_URL", &smtp.url())
        .set("TENANTRY_MAIL_FROM", "Tenantry <no-reply@tenantry.example>")
        .start()
        .await;
    (app, smtp)
}

/// The token of a link.
pub(crate) fn token_of(link: &str) -> String {
    let (_, token) = link.split_once("#token=").unwrap_or_else(|| panic!("no token in {link}"));
    token.to_owned()
}

/// A tenant of this tier; the token of its first owner's link.
pub(crate) async fn tenant(app: &TestApp, slug: &str, tier: &str) -> String {
    let body = json!({"slug": slug, "name": slug, "admin_email": format!("Owner@{slug}.example"), "plan_tier": tier});
    let made: TenantAndRun = app.operator().post("/v1/tenants", &body).await.expect(202).parse();
    if !made.run.status.is_final() {
        app.work().await;
    }
    token_of(&made.owner_invitation.unwrap_or_else(|| panic!("no link")).url)
}

/// A tenant with its owner in it.
pub(crate) async fn owned(app: &TestApp, slug: &str, tier: &str) -> Person {
    let token = tenant(app, slug, tier).await;
    enter(app, &token, &format!("owner@{slug}.example")).await
}

/// Accepts an invitation, with an account of one's own or a new one.
pub(crate) async fn accept(app: &TestApp, token: &str, password: &str) -> Reply {
    app.anyone.post("/v1/auth/accept-invitation", &json!({"token": token, "password": password})).await
}

/// The same, and signs in.
pub(crate) async fn enter(app: &TestApp, token: &str, email: &str) -> Person {
    let joined: NewMembership = accept(app, token, PASSWORD).await.expect(200).parse();
    sign_in(app, email, joined.tenant.as_str(), &joined.workspace).await
}

/// Somebody signs in to a workspace.
pub(crate) async fn sign_in(app: &TestApp, email: &str, tenant: &str, workspace: &str) -> Person {
    let body = json!({"email": email, "password": PASSWORD, "tenant": tenant, "workspace": workspace});
    person(app, email, &body).await
}

/// Somebody signs in to no workspace.
pub(crate) async fn sign_in_nowhere(app: &TestApp, email: &str) -> Person {
    person(app, email, &json!({"email": email, "password": PASSWORD})).await
}

async fn person(app: &TestApp, email: &str, body: &Value) -> Person {
    let signed_in: SignedIn = app.anyone.post("/v1/auth/login", body).await.expect(200).parse();
    let client = app.anyone.clone().with_token(Some(signed_in.access_token.expose()));
    Person { email: email.to_owned(), id: signed_in.user_id.to_string(), client }
}

impl Person {
    /// Invites; the token of the link.
    pub(crate) async fn invite(&self, email: &str, role: &str) -> String {
        let made =
            self.client.post("/v1/invitations", &json!({"email": email, "role": role})).await.expect(201);
        token_of(made.json["link"].as_str().unwrap_or_else(|| panic!("{}", made.text)))
    }

    /// Makes somebody a member, and signs them in.
    pub(crate) async fn hire(&self, app: &TestApp, email: &str, role: &str) -> Person {
        let token = self.invite(email, role).await;
        enter(app, &token, email).await
    }

    pub(crate) async fn members(&self) -> Vec<Member> {
        self.client.get("/v1/members").await.expect(200).parse::<Page<Member>>().items
    }

    pub(crate) async fn role_of(&self, other: &Person) -> Option<String> {
        let members = self.members().await;
        members.iter().find(|member| member.user_id.to_string() == other.id).map(|m| m.role.to_string())
    }

    pub(crate) async fn set_role(&self, other: &Person, role: &str) -> Reply {
        self.client.patch(&format!("/v1/members/{}", other.id), &json!({"role": role})).await
    }

    pub(crate) async fn remove(&self, other: &Person) -> Reply {
        self.client.delete(&format!("/v1/members/{}", other.id)).await
    }
}
