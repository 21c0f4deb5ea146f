//! People who sign in, as tests need them.

use crate::support::{as_superuser, superuser_sees};
use serde_json::{Value, json};
use tenantry_testkit::{Client, Reply, TestApp, TestAppBuilder};

/// A good password.
pub(crate) const PASSWORD: &str = "seven red kettles";

/// An application whose hashes cost little: these tests are about who gets in.
pub(crate) fn cheap() -> TestAppBuilder {
    TestApp::builder()
        .slots(2)
        .set("TENANTRY_ARGON2_MEMORY_KIB", "64")
        .set("TENANTRY_ARGON2_ITERATIONS", "1")
        .set("TENANTRY_PUBLIC_URL", "http://127.0.0.1:8080")
}

/// A user with [`PASSWORD`], set by a link as any user sets one.
pub(crate) async fn user(app: &TestApp, email: &str) {
    as_superuser(
        app,
        &format!(
            "INSERT INTO public.users (id, email, name, created_at, updated_at) VALUES (gen_random_uuid(), '{email}', 'Somebody', now(), now())"
        ),
    )
    .await;
    let token = link(app, email, "reset_password").await;
    set_password(app, &token, PASSWORD).await.expect(204);
}

/// A link's token for the user, as if it had come by mail.
pub(crate) async fn link(app: &TestApp, email: &str, purpose: &str) -> String {
    let token = superuser_sees(app, "SELECT encode(sha256(gen_random_uuid()::text::bytea), 'hex')").await;
    as_superuser(
        app,
        &format!(
            "INSERT INTO public.one_time_tokens (token_hash, user_id, purpose, email, created_at, expires_at)
             SELECT sha256('{token}'::bytea), id, '{purpose}', email, now(), now() + interval '1 hour' FROM public.users WHERE email = '{email}'"
        ),
    )
    .await;
    token
}

pub(crate) async fn set_password(app: &TestApp, token: &str, password: &str) -> Reply {
    app.anyone.post("/v1/auth/password-reset", &json!({"token": token, "password": password})).await
}

/// Makes a user a member of a tenant's workspace.
pub(crate) async fn member(app: &TestApp, email: &str, (tenant, workspace): (&str, &str), role: &str) {
    as_superuser(
        app,
        &format!(
            "INSERT INTO public.workspaces (id, tenant_id, slug, name) SELECT gen_random_uuid(), id, '{workspace}', '{workspace}' FROM public.tenants
             WHERE slug = '{tenant}' AND '{workspace}' <> 'default' ON CONFLICT DO NOTHING;
             INSERT INTO public.memberships (tenant_id, workspace_id, user_id, role, created_at, updated_at)
             SELECT w.tenant_id, w.id, u.id, '{role}', now(), now()
             FROM public.workspaces w JOIN public.tenants t ON t.id = w.tenant_id, public.users u
             WHERE t.slug = '{tenant}' AND u.email = '{email}' AND (w.slug = '{workspace}' OR ('{workspace}' = 'default' AND w.is_default))"
        ),
    )
    .await;
}

/// The attempt.
pub(crate) async fn attempt(app: &TestApp, email: &str, password: &str) -> Reply {
    app.anyone.post("/v1/auth/login", &json!({"email": email, "password": password})).await
}

/// The answer to a sign-in with [`PASSWORD`], with more fields.
pub(crate) async fn sign_in(app: &TestApp, email: &str, more: Value) -> Value {
    let mut body = json!({"email": email, "password": PASSWORD});
    for (key, value) in more.as_object().cloned().unwrap_or_default() {
        body[key] = value;
    }
    app.anyone.post("/v1/auth/login", &body).await.expect(200).json
}

/// Whoever bears the answer's access token.
pub(crate) fn bearer(app: &TestApp, answer: &Value) -> Client {
    app.anyone.clone().with_token(answer["access_token"].as_str())
}

/// The body of a refresh with the answer's refresh token.
pub(crate) fn refresh(answer: &Value) -> Value {
    json!({"refresh_token": answer["refresh_token"]})
}
