//! The OpenAPI document: whole, and telling what the server does.

use crate::support::{document, operations};
use serde_json::Value;
use std::collections::BTreeSet;
use tenantry_testkit::TestApp;
use tenantry_types::ErrorCode;

/// Every `$ref` below a value.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_document_is_whole() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    for reference in references(&document) {
        let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads elsewhere"));
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let ids: Vec<String> = operations().into_iter().map(|operation| operation.id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    assert!(operations().iter().all(|operation| tags.contains(&*operation.tag)));
}

#[test]
fn each_operation_tells_its_refusals() {
    let document = document();
    for operation in operations() {
        let told = &document["paths"][&operation.template][operation.method.as_str().to_lowercase()];
        let responses = told["responses"].as_object().unwrap();
        assert!(told["summary"].is_string() || told["description"].is_string(), "{}", operation.id);
        assert!(responses.keys().any(|status| status.starts_with('2')), "{}", operation.id);
        let guarded = if operation.open { [].as_slice() } else { &["401", "403", "503"] };
        let body =
            if told["requestBody"].is_object() { ["400", "413", "415", "422"].as_slice() } else { &[] };
        for status in guarded.iter().chain(body) {
            let content =
                &responses.get(*status).unwrap_or_else(|| panic!("{} {status}", operation.id))["content"];
            let problem = &content["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{} {status}", operation.id);
        }
        let parameters = told["parameters"].as_array().cloned().unwrap_or_default();
        for name in operation.template.split('{').skip(1).filter_map(|part| part.split('}').next()) {
            let known =
                parameters.iter().any(|parameter| parameter["name"] == name && parameter["in"] == "path");
            assert!(known, "{} does not tell of {name}", operation.id);
        }
    }
}

#[test]
fn a_body_that_is_read_is_told() {
    let document = document();
    for operation in operations() {
        let told = &document["paths"][&operation.template][operation.method.as_str().to_lowercase()];
        assert_eq!(
            told["requestBody"].is_object(),
            operation.body().is_some(),
            "{}: say which body would do",
            operation.id
        );
    }
}

/// Lists of words that differ from the wire would make every generated client wrong.
#[test]
fn the_documents_words_are_those_on_the_wire() {
    let document = document();
    let told = |name: &str| document["components"]["schemas"][name]["enum"].clone();
    assert_eq!(told("ErrorCode"), serde_json::to_value(ErrorCode::ALL).unwrap());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let words = schemas.iter().flat_map(|(name, schema)| {
        schema["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .map(move |word| (name, word.as_str().unwrap_or_default()))
    });
    let plain = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let strange: Vec<_> = words.filter(|(_, word)| !plain(word)).collect();
    assert_eq!(strange, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_served_to_everybody() {
    let app = TestApp::builder().start().await;
    let served = app.anyone.get("/openapi.json").await.expect(200);
    assert_eq!(served.headers["content-type"], "application/json");
    assert_eq!(served.json, document());
}
