//! Members and operators in tests, who are signed in.

use crate::{
    people::{self, PASSWORD, bearer},
    support::as_superuser,
};
use serde_json::json;
use tenantry_testkit::{Client, Reply, TestApp};

/// Somebody who is signed in.
pub(crate) struct Somebody {
    /// `usr_…`
    pub(crate) id: String,
    pub(crate) client: Client,
}

/// A new operator, who is signed in as one.
pub(crate) async fn operator(app: &TestApp, name: &str, role: &str) -> Somebody {
    let body = json!({"email": email(name), "name": name, "role": role, "password": PASSWORD});
    let id = text(&app.operator().post("/v1/operators", &body).await.expect(201), "user_id");
    Somebody { client: sign_in(app, name, None).await, id }
}

/// A new user of that name who has proven to have the mailbox.
pub(crate) async fn user(app: &TestApp, name: &str) {
    let email = email(name);
    people::user(app, &email).await;
    let sql =
        format!("UPDATE public.users SET name = '{name}', email_verified_at = now() WHERE email = '{email}'");
    as_superuser(app, &sql).await;
}

/// A new member of the tenant's default workspace, who is signed in there.
pub(crate) async fn member(app: &TestApp, slug: &str, name: &str, role: &str) -> Somebody {
    user(app, name).await;
    people::member(app, &email(name), (slug, "default"), role).await;
    let client = sign_in(app, name, Some(slug)).await;
    Somebody { id: text(&client.get("/v1/me").await.expect(200), "id"), client }
}

/// The address of somebody of that name.
pub(crate) fn email(name: &str) -> String {
    format!("{name}@people.example")
}

/// Signs in to the tenant's default workspace, or as an operator.
pub(crate) async fn sign_in(app: &TestApp, name: &str, tenant: Option<&str>) -> Client {
    let place = tenant.map_or_else(|| json!({"operator": true}), |slug| json!({"tenant": slug}));
    bearer(app, &people::sign_in(app, &email(name), place).await)
}

/// A text of a reply.
pub(crate) fn text(reply: &Reply, field: &str) -> String {
    reply.json[field].as_str().unwrap_or_else(|| panic!("no {field}: {}", reply.text)).to_owned()
}

/// Asks until the answer has this status. The promise is a second; a machine under load may take longer to come round.
pub(crate) async fn soon(client: &Client, path: &str, status: u16) {
    let asked = async {
        while client.get(path).await.status != status {
            tokio::task::yield_now().await;
        }
    };
    let answered = tokio::time::timeout(std::time::Duration::from_secs(10), asked).await;
    assert!(answered.is_ok(), "{path} is never answered with {status}");
}
