//! People in tests: users with a password, members, operators, and callers that are signed in as them.

use crate::support::{as_superuser, superuser_sees};
use serde_json::json;
use tenantry_testkit::{Client, Reply, TestApp};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "seven red kettles";

/// Somebody who is signed in.
pub(crate) struct Somebody {
    /// `usr_…`
    pub(crate) id: String,
    pub(crate) client: Client,
}

/// A new operator, who is signed in as one.
pub(crate) async fn operator(app: &TestApp, name: &str, role: &str) -> Somebody {
    let id = text(&made(app, name, role).await.expect(201), "user_id");
    Somebody { client: sign_in(app, name, None).await, id }
}

/// A new user who has proven to have the mailbox, and is nothing else.
pub(crate) async fn user(app: &TestApp, name: &str) -> String {
    let id = text(&made(app, name, "auditor").await.expect(201), "user_id");
    let email = email(name);
    let sql = format!(
        "DELETE FROM public.operators WHERE user_id = (SELECT id FROM public.users WHERE email = '{email}');
         UPDATE public.users SET email_verified_at = now() WHERE email = '{email}'"
    );
    as_superuser(app, &sql).await;
    id
}

/// A new member of the tenant's default workspace, who is signed in there.
pub(crate) async fn member(app: &TestApp, slug: &str, name: &str, role: &str) -> Somebody {
    let id = user(app, name).await;
    let sql = format!(
        "INSERT INTO public.memberships (tenant_id, workspace_id, user_id, role, created_at, updated_at)
         SELECT w.tenant_id, w.id, u.id, '{role}', now(), now() FROM public.workspaces w JOIN public.tenants t ON t.id = w.tenant_id
         JOIN public.users u ON u.email = '{}' WHERE t.slug = '{slug}' AND w.is_default",
        email(name)
    );
    as_superuser(app, &sql).await;
    Somebody { client: sign_in(app, name, Some(slug)).await, id }
}

/// The address of somebody of that name.
pub(crate) fn email(name: &str) -> String {
    format!("{name}@people.example")
}

async fn made(app: &TestApp, name: &str, role: &str) -> Reply {
    let body = json!({"email": email(name), "name": name, "role": role, "password": PASSWORD});
    app.operator().post("/v1/operators", &body).await
}

/// Signs in to the tenant's default workspace, or as an operator.
pub(crate) async fn sign_in(app: &TestApp, name: &str, tenant: Option<&str>) -> Client {
    let user =
        superuser_sees(app, &format!("SELECT id::text FROM public.users WHERE email = '{}'", email(name)))
            .await;
    let session = superuser_sees(app, "SELECT gen_random_uuid()::text").await;
    as_superuser(app, &format!("INSERT INTO public.sessions (id, user_id, kind, created_at, seen_at, expires_at) VALUES ('{session}', '{user}', 'token', now(), now(), now() + interval '30 days')")).await;
    let place = match tenant {
        None => "op".to_owned(),
        Some(slug) => superuser_sees(app, &format!("SELECT w.id::text FROM public.workspaces w JOIN public.tenants t ON t.id = w.tenant_id WHERE t.slug = '{slug}' AND w.is_default")).await,
    };
    app.anyone.clone().with_token(Some(&format!("tmp:{session}:{user}:{place}")))
}

/// A text of a reply.
pub(crate) fn text(reply: &Reply, field: &str) -> String {
    reply.json[field].as_str().unwrap_or_else(|| panic!("no {field}: {}", reply.text)).to_owned()
}

/// Waits until the caller is answered so, for a second at the most: what a change of access may take.
pub(crate) async fn soon(client: &Client, path: &str, status: u16) {
    let began = std::time::Instant::now();
    loop {
        let reply = client.get(path).await;
        if reply.status.as_u16() == status {
            return;
        }
        assert!(
            began.elapsed() < std::time::Duration::from_secs(1),
            "still {}: {}",
            reply.status,
            reply.text
        );
        tokio::task::yield_now().await;
    }
}
