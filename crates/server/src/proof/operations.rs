//! Every operation of the OpenAPI document, as something that can be asked.
//!
//! Owns: the list of what is left out. Calls: the document. Called by: proof.
//! Invariants: what is left out is left out by name, which the report says, and no more than that (`what_the_proof_leaves_out_only_shrinks`); a body has what its
//! schema requires (`a_body_has_what_is_required`); a kind of id is of a workspace unless it is named here (`what_a_workspace_has_is_known`). After a crash: nothing is left.

use super::talking::Asked;
use crate::http::router;
use axum::http::Method;
use serde_json::{Map, Value, json};

/// Operations that are not asked, each with the reason.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("log_out", "it ends the session with which the rest is asked"),
    ("erase_me", "it removes the user with whose identity the rest is asked"),
    ("leave_workspace", "it takes the identity with which the rest is asked"),
];

/// Operations that would mail somebody, where a mail server is configured; they are asked with the address of a member, which is refused before. With the bodies
/// that they are asked with here, no other mails: nobody has the address, no tenant has its domain, and a token is no ask for a link.
pub(super) const MAILS: &[&str] = &["create_invitation"];

/// Kinds of ids of which a workspace has none of its own: they are the tenant's, whose owner sees all of them, or the platform's.
pub(super) const OF_NO_WORKSPACE: &[&str] = &[
    "access-grants",
    "audit-events",
    "isolation-reports",
    "operators",
    "provisioning-runs",
    "slugs",
    "tenants",
    "users",
    "workspaces",
];

/// Parameters of queries that name what may be somebody's.
pub(super) const NAMING: &[&str] = &["tenant", "actor", "target", "cursor", "q", "email"];

/// An operation.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) method: Method,
    template: String,
    /// No identity is asked for.
    pub(super) open: bool,
    /// What it tells may change by itself: the trail, health.
    pub(super) moves: bool,
    /// Parameters of its query.
    pub(super) query: Vec<String>,
    body: Option<Value>,
}

/// All that are asked.
pub(super) fn all() -> Vec<Operation> {
    let document = serde_json::to_value(router::openapi()).unwrap_or_default();
    let mut operations = Vec::new();
    for (template, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Ok(method) = method.to_uppercase().parse() else { continue };
            let id = text(&operation["operationId"]);
            if LEFT_OUT.iter().any(|(left_out, _)| *left_out == id) {
                continue;
            }
            operations.push(Operation {
                query: parameters(operation, "query"),
                body: body(&document, operation),
                open: operation["security"] == json!([{}]),
                moves: matches!(operation["tags"][0].as_str(), Some("audit" | "health"))
                    || matches!(&*id, "export_my_data" | "show_doctor"),
                template: template.clone(),
                method,
                id,
            });
        }
    }
    operations
}

/// What the report says of operations that are not asked, or not as others are.
pub(super) fn not_asked(mails: bool) -> String {
    let names: Vec<_> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    let mut told = format!("Not asked, since each would end the identity that asks: {}.", names.join(", "));
    if mails {
        let asked =
            format!(" Asked for an address that is refused, since mail goes out: {}.", MAILS.join(", "));
        told.push_str(&asked);
    }
    told
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn parameters(operation: &Value, place: &str) -> Vec<String> {
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.filter(|parameter| parameter["in"] == place).map(|parameter| text(&parameter["name"])).collect()
}

/// The schema of the body, where it is JSON; `None` where none is read.
fn body(document: &Value, operation: &Value) -> Option<Value> {
    let content = operation["requestBody"]["content"].as_object()?;
    let schema = content.get("application/json").map_or(Value::Null, |content| content["schema"].clone());
    Some(resolved(document, &schema))
}

/// The schema without references.
fn resolved(document: &Value, schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                let pointer = name.trim_start_matches('#');
                return resolved(document, document.pointer(pointer).unwrap_or(&Value::Null));
            }
            fields.iter().map(|(name, value)| (name.clone(), resolved(document, value))).collect()
        }
        Value::Array(items) => items.iter().map(|item| resolved(document, item)).collect(),
        other => other.clone(),
    }
}

impl Operation {
    /// What its path asks for: `agents` of `/v1/agents/{id}`; none where it asks for nothing in particular.
    pub(super) fn kind(&self) -> Option<&str> {
        self.template.contains('{').then(|| self.template.split('/').nth(2)).flatten()
    }

    /// The collection that it lists: `agents` of `GET /v1/agents`.
    pub(super) fn lists(&self) -> Option<&str> {
        let collection = self.template.strip_prefix("/v1/").filter(|name| !name.contains('/'));
        collection.filter(|_| self.method == Method::GET)
    }

    /// Whether it shows the one thing that its path asks for, and nothing else.
    pub(super) fn shows(&self) -> bool {
        self.method == Method::GET && self.template.ends_with('}')
    }

    /// The request, with this in its path, and this tenant wherever its body names one.
    pub(super) fn asked(&self, id: &str, tenant: &str) -> Asked {
        let path = match (self.template.find('{'), self.template.find('}')) {
            (Some(from), Some(to)) => format!("{}{id}{}", &self.template[..from], &self.template[to + 1..]),
            _ => self.template.clone(),
        };
        Asked::new(self.method.clone(), path).body(self.body.as_ref().map(|schema| example(schema, tenant)))
    }

    /// Whether its body names a tenant.
    pub(super) fn names_a_tenant(&self) -> bool {
        self.body.as_ref().is_some_and(|schema| schema["properties"].get("tenant").is_some())
    }
}

/// The smallest body that the schema lets pass; of one that requires nothing, one field. A link's token before nothing at all, which would ask for a mail.
fn example(schema: &Value, tenant: &str) -> Value {
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut body = Map::new();
    for (name, schema) in &properties {
        if required.contains(&name.as_str()) || name == "tenant" {
            body.insert(name.clone(), value(name, schema, tenant));
        }
    }
    let plain = |(name, schema): &(&String, &Value)| {
        is_text(schema) || matches!(&***name, "overlap_minutes" | "token")
    };
    if body.is_empty()
        && let Some((name, schema)) = properties.iter().find(plain)
    {
        body.insert(name.clone(), value(name, schema, tenant));
    }
    Value::Object(body)
}

fn is_text(schema: &Value) -> bool {
    schema["type"] == "string"
        || schema["type"].as_array().is_some_and(|kinds| kinds.contains(&json!("string")))
}

fn value(name: &str, schema: &Value, tenant: &str) -> Value {
    match name {
        "tenant" | "confirm" => json!(tenant),
        "email" | "admin_email" => json!("nobody@isolation-probe.invalid"),
        "slug" => json!("isolation-probe-made"),
        "role" => json!("viewer"),
        "token" | "refresh_token" => json!("0".repeat(64)),
        "password" | "current_password" => json!("vexing-plum-orbit-42-kettle"),
        _ if is_text(schema) => json!("isolation probe"),
        _ if schema["type"] == "boolean" => json!(true),
        _ if schema["type"] == "array" => json!([]),
        _ if schema["type"] == "object" => json!({}),
        _ => schema.get("minimum").cloned().unwrap_or(json!(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_proof_leaves_out_only_shrinks() {
        let names: Vec<_> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
        // May lose names, and win none: what is not asked is not proved.
        assert_eq!(names, ["log_out", "erase_me", "leave_workspace"]);
        let all = router::operations().count();
        assert_eq!(super::all().len() + LEFT_OUT.len(), all);
    }

    #[test]
    fn what_is_not_asked_is_told() {
        for (name, _) in LEFT_OUT {
            assert!(not_asked(false).contains(name), "{name}");
        }
        assert!(
            !not_asked(false).contains("create_invitation") && not_asked(true).contains("create_invitation")
        );
    }

    #[test]
    fn what_a_workspace_has_is_known() {
        let all = all();
        let kinds: std::collections::BTreeSet<_> = all.iter().filter_map(Operation::kind).collect();
        let own: Vec<_> = kinds.iter().filter(|kind| !OF_NO_WORKSPACE.contains(kind)).collect();
        // Each is made in the second workspace, or the proof is open.
        assert_eq!(own, [&"agents", &"api-keys", &"invitations", &"members", &"sessions"]);
        assert!(OF_NO_WORKSPACE.iter().all(|kind| kinds.contains(kind)), "{kinds:?}");
    }

    #[test]
    fn a_body_has_what_is_required() {
        let all = all();
        let asked = |id: &str| {
            let found = all.iter().find(|operation| operation.id == id);
            found.unwrap_or_else(|| panic!("{id}")).asked("7", "rival")
        };
        let body = |id: &str| asked(id).body.unwrap_or_default();
        assert_eq!(body("create_agent"), json!({"name": "isolation probe", "role": "viewer"}));
        assert_eq!(body("update_agent"), json!({"name": "isolation probe"}));
        assert_eq!(body("switch_workspace"), json!({"tenant": "rival"}));
        assert_eq!(body("create_invitation"), json!({"email": "nobody@isolation-probe.invalid"}));
        assert_eq!(asked("show_agent").body, None);
        assert_eq!(asked("reroll_api_key").path, "/v1/api-keys/7/reroll");
        assert_eq!(body("import_tenant"), json!({}));
        assert_eq!(body("verify_email"), json!({"token": "0".repeat(64)}));
        assert_eq!(body("reset_password"), json!({"email": "nobody@isolation-probe.invalid"}));
    }
}
