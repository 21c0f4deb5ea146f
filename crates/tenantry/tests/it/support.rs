//! What several of these tests need: the operations of the API, and replies without what differs from one to the next.

use serde_json::{Value, json};
use tenantry_testkit::{Reply, TestApp, TestTenant};

/// An operation of the OpenAPI document.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: tenantry_testkit::axum::http::Method,
    pub(crate) template: String,
    /// No identity is asked for.
    pub(crate) open: bool,
    pub(crate) tag: String,
}

/// Ids for the parameters of paths.
#[derive(Debug, Clone)]
pub(crate) struct Ids<'a> {
    pub(crate) slug: &'a str,
    pub(crate) agent: &'a str,
    pub(crate) run: &'a str,
}

/// An id of each kind that names nothing.
pub(crate) const NOBODY: Ids<'static> =
    Ids { slug: "nobody", agent: "agt_00000000000000000000000007", run: "run_00000000000000000000000007" };

/// A user's id that names nobody.
pub(crate) const NO_USER: &str = "usr_00000000000000000000000007";
pub(crate) const NO_WORKSPACE: &str = "wsp_00000000000000000000000007";
pub(crate) const NO_INVITATION: &str = "inv_00000000000000000000000007";

/// The document as the server makes it.
pub(crate) fn document() -> Value {
    serde_json::to_value(tenantry_server::http::router::openapi()).unwrap_or_else(|error| panic!("{error}"))
}

/// Every operation.
pub(crate) fn operations() -> Vec<Operation> {
    let document = document();
    let paths = document["paths"].as_object().cloned().unwrap_or_default();
    let of_path = |(template, item): (String, Value)| {
        let methods = item.as_object().cloned().unwrap_or_default();
        methods.into_iter().map(move |(method, operation)| Operation {
            id: text(&operation["operationId"]),
            method: method.to_uppercase().parse().unwrap_or_else(|error| panic!("{method}: {error}")),
            template: template.clone(),
            open: operation["security"] == json!([{}]),
            tag: text(&operation["tags"][0]),
        })
    };
    paths.into_iter().flat_map(of_path).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

impl Operation {
    /// The path, with ids in it.
    pub(crate) fn path(&self, ids: &Ids<'_>) -> String {
        let id = match self.template.split('/').nth(2) {
            Some("provisioning-runs") => ids.run,
            Some("invitations") => NO_INVITATION,
            Some("workspaces") => NO_WORKSPACE,
            Some("users" | "operators") => NO_USER,
            Some("api-keys") => "key_00000000000000000000000007",
            Some("access-grants") => "grt_00000000000000000000000007",
            Some("isolation-reports") => "iso_00000000000000000000000007",
            Some("sessions") => "ses_00000000000000000000000007",
            Some("audit-events") => "evt_00000000000000000000000007",
            _ => ids.agent,
        };
        self.template.replace("{slug}", ids.slug).replace("{id}", id).replace("{user_id}", NO_USER)
    }

    /// A body that would do, where one is read.
    pub(crate) fn body(&self) -> Option<Value> {
        match self.id.as_str() {
            "create_tenant" => {
                Some(json!({"slug": "fresh", "name": "Fresh", "admin_email": "a@fresh.example"}))
            }
            "create_api_key" | "create_own_api_key" => Some(json!({"name": "another"})),
            "reroll_api_key" => Some(json!({"overlap_minutes": 5})),
            "create_operator" => Some(
                json!({"email": "o@fresh.example", "name": "O", "role": "auditor", "password": "seven red kettles"}),
            ),
            "update_operator" => Some(json!({"role": "support"})),
            "create_access_grant" => Some(json!({"reason": "ticket 7"})),
            "invite_owner"
            | "open_psql_session"
            | "resume_tenant"
            | "restore_tenant"
            | "create_isolation_report"
            | "retry_provisioning_run" => Some(json!({})),
            "suspend_tenant" => Some(json!({"reason": "unpaid"})),
            "purge_tenant" | "roll_back_tenant" | "roll_back_provisioning_run" => {
                Some(json!({"confirm": "acme"}))
            }
            "adopt_tenant" => Some(
                json!({"schema": "old", "slug": "fresh", "name": "Fresh", "admin_email": "a@fresh.example"}),
            ),
            // An archive is no JSON: enough for whoever may not send one.
            "import_tenant" => Some(json!({"archive": "none"})),
            "log_in" => Some(json!({"email": "a@fresh.example", "password": "seven red kettles"})),
            "log_out" | "refresh_session" => Some(json!({"refresh_token": "0".repeat(64)})),
            "switch_workspace" => Some(json!({"tenant": "acme"})),
            "reset_password" => Some(json!({"email": "a@fresh.example"})),
            "preview_invitation" | "verify_email" => Some(json!({"token": "0".repeat(64)})),
            "change_password" => {
                Some(json!({"current_password": "seven red kettles", "password": "nine blue barges"}))
            }
            "create_agent" => Some(json!({"name": "Ada", "role": "r"})),
            "erase_me" => Some(json!({"confirm": "a@fresh.example"})),
            "update_agent" => Some(json!({"role": "other"})),
            "update_member" => Some(json!({"role": "viewer"})),
            "create_invitation" => Some(json!({"email": "ada@fresh.example"})),
            "accept_invitation" => {
                Some(json!({"token": "0".repeat(64), "password": "vexing-plum-orbit-42-kettle"}))
            }
            "join_tenant" => Some(json!({"tenant": "nobody", "email": "ada@fresh.example"})),
            "create_workspace" => Some(json!({"slug": "fresh", "name": "Fresh"})),
            "update_tenant" | "update_workspace" => Some(json!({"name": "Other"})),
            _ => None,
        }
    }
}

/// Status, headers and body, without what names the one request.
pub(crate) fn told(reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<(String, String)> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "x-request-id" | "traceparent"))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    let mut body = reply.json.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("request_id");
    }
    (reply.status.as_u16(), headers, body)
}

/// The same for an operation. What proxies ask tells the status once more, in a header that is looked at here and left out.
pub(crate) fn told_by(operation: &Operation, reply: &Reply) -> (u16, Vec<(String, String)>, Value) {
    let mut told = told(reply);
    if operation.id == "authorize_request" {
        assert_eq!(reply.headers["x-authz-status"], *told.0.to_string());
        told.1.retain(|(name, _)| name != "x-authz-status");
    }
    told
}

/// Runs statements as the superuser, whom no fence holds.
pub(crate) async fn as_superuser(app: &TestApp, sql: &str) {
    app.database.admin().await.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// Returns when so many of the database's statements wait for a lock.
pub(crate) async fn waiting_for_locks(app: &TestApp, count: usize) {
    let sql = "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = async {
        while superuser_sees(app, sql).await != count.to_string() {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(25), waiting).await;
    assert!(waited.is_ok(), "{count} statements do not wait for locks");
}

/// One text value as the superuser sees it; empty for NULL.
pub(crate) async fn superuser_sees(app: &TestApp, sql: &str) -> String {
    let found = app.database.admin().await.value(sql).await;
    found.unwrap_or_else(|error| panic!("{sql}: {error}")).unwrap_or_default()
}

/// A second workspace of the tenant, and a caller in it.
pub(crate) async fn second_workspace(app: &TestApp, tenant: &TestTenant) -> tenantry_testkit::Client {
    let slug = &tenant.tenant.slug;
    let sql = format!(
        "INSERT INTO public.workspaces (id, tenant_id, slug, name) SELECT gen_random_uuid(), id, 'second', 'Second' FROM public.tenants WHERE slug = '{slug}'"
    );
    as_superuser(app, &sql).await;
    let key = app.key(slug.as_str(), &json!({"name": "second", "workspace": "second"})).await;
    app.anyone.clone().with_token(Some(&key.key))
}

/// A tenant's agent; its id.
pub(crate) async fn agent(client: &tenantry_testkit::Client, name: &str) -> String {
    text(&client.post("/v1/agents", &json!({"name": name, "role": "r"})).await.expect(201).json["id"])
}

/// Where no PostgreSQL listens.
pub(crate) fn nowhere() -> tenantry_pg::Target {
    let url = "postgres://nobody@127.0.0.1:1/nothing?sslmode=disable";
    tenantry_pg::Target::parse(url).unwrap_or_else(|error| panic!("{error}")).0
}
