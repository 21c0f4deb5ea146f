//! Bad input, of every operation that reads a body: always a clear problem, never a fault, and nothing is written.
//!
//! The cases come from the OpenAPI document: an operation or a field is covered the day it is added.

use crate::{
    crew::owned,
    idempotency::wish,
    idempotency_outage::everything,
    staff::member,
    support::{Ids, NO_USER, NO_WORKSPACE, Operation, agent, document, operations},
};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use tenantry_testkit::{Client, Reply, TestApp, axum::http::Method};
use tenantry_types::Problem;

/// Texts whose greatest length the document does not tell: names of things that exist, words of a list, times. This list only shrinks.
const WITHOUT_LENGTH: [&str; 6] = [
    "create_api_key/expires_at",
    "create_api_key/role",
    "create_api_key/workspace",
    "create_tenant/plan_tier",
    "open_psql_session/workspace",
    "update_agent/status",
];

/// An operation that reads a body, with one that would do.
struct Target {
    operation: Operation,
    schema: Map<String, Value>,
    good: Value,
}

/// What is sent, and what has to come back.
struct Case {
    what: String,
    body: Vec<u8>,
    kind: Option<&'static str>,
    /// Statuses that would be clear; empty for any refusal.
    statuses: &'static [u16],
    /// The field that has to be named where the answer is 422.
    pointer: String,
}

fn case(what: impl Into<String>, body: impl Into<Vec<u8>>, statuses: &'static [u16], pointer: &str) -> Case {
    let (what, body, pointer) = (what.into(), body.into(), pointer.to_owned());
    Case { what, body, kind: Some("application/json"), statuses, pointer }
}

fn targets() -> Vec<Target> {
    let document = document();
    let reading = operations().into_iter().filter_map(|operation| {
        let method = operation.method.as_str().to_lowercase();
        let body = &document["paths"][&operation.template][method]["requestBody"];
        let schema = resolve(&document, &body["content"]["application/json"]["schema"]);
        let good = operation.body();
        // An archive is no JSON: its own tests change every byte of one.
        let json = body["content"].get("application/json").is_some();
        json.then(|| Target {
            good: good.unwrap_or_else(|| panic!("say which body would do for {}", operation.id)),
            schema: plain(&document, schema),
            operation,
        })
    });
    reading.collect()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference}")),
        None => schema,
    }
}

/// An object's schema, each field with its type in it. A field of a type of its own that may be absent is told as either of two.
fn plain(document: &Value, schema: &Value) -> Map<String, Value> {
    let mut schema = schema.as_object().cloned().unwrap_or_else(|| panic!("no object is read: {schema}"));
    for field in
        schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut)
    {
        let either = field["oneOf"].as_array().and_then(|either| match either.as_slice() {
            [own, none] if none["type"] == "null" => Some(own.clone()),
            _ => None,
        });
        if let Some(own) = &either {
            let mut own = resolve(document, own).clone();
            own["type"] = json!([own["type"], "null"]);
            *field = own;
        } else {
            *field = resolve(document, field).clone();
        }
    }
    schema
}

impl Target {
    fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    }

    fn is_required(&self, field: &str) -> bool {
        self.schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|names| names.iter().any(|name| name == field))
    }

    /// The good body with one field another.
    fn with(&self, field: &str, value: Value) -> Vec<u8> {
        let mut body = self.good.clone();
        body[field] = value;
        body.to_string().into_bytes()
    }

    /// The same, the field's value byte for byte.
    fn with_raw(&self, field: &str, value: &[u8]) -> Vec<u8> {
        let mut body = self.good.clone();
        body[field] = json!("~here~");
        let text = body.to_string();
        let (before, after) = text.split_once("\"~here~\"").unwrap_or((&text, ""));
        [before.as_bytes(), value, after.as_bytes()].concat()
    }
}

/// Operations whose body says nothing that must be said.
const BODY_MAY_BE_LEFT_OUT: [&str; 4] =
    ["suspend_tenant", "resume_tenant", "restore_tenant", "retry_provisioning_run"];

/// Bodies that are wrong as a whole.
fn whole(target: &Target, limit: usize) -> Vec<Case> {
    let good = target.good.to_string();
    let first = target.fields().next().map(|(name, _)| name.clone()).unwrap_or_default();
    let mut cases = vec![
        case("blank", " \n\t ", &[400], ""),
        case("cut off", &good.as_bytes()[..good.len() - 1], &[400], ""),
        case("something after it", format!("{good} x"), &[400], ""),
        case("two of them", format!("{good}{good}"), &[400], ""),
        case("a comment", format!("{good} // x"), &[400], ""),
        case("a byte order mark", format!("\u{feff}{good}"), &[400], ""),
        case("UTF-16", good.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), &[400], ""),
        case("bytes that are no text", vec![0xff; 100], &[400], ""),
        case("a field nobody knows", target.with("zzz", json!(1)), &[422], "/zzz"),
        case(
            "a field of another case",
            target.with(&first.to_uppercase(), json!(1)),
            &[422],
            &format!("/{}", first.to_uppercase()),
        ),
        case("a prototype", target.with("__proto__", json!({})), &[422], "/__proto__"),
        case("a field twice", format!("{{\"{first}\":null,\"{first}\":null}}"), &[422], &format!("/{first}")),
        case("deep in an unknown field", target.with_raw("zzz", &nested("[", "]")), &[400, 422], "/zzz"),
        case("deep", nested("[", "]"), &[400, 422], ""),
        case("deep and open", "[".repeat(10_000), &[400], ""),
        case("deep objects", nested("{\"a\":", "}"), &[400, 422], "/a"),
        case("over the limit", format!("{}{good}", " ".repeat(limit)), &[413], ""),
        case("over the limit in a field", target.with(&first, json!("x".repeat(limit))), &[413], ""),
    ];
    if !BODY_MAY_BE_LEFT_OUT.contains(&target.operation.id.as_str()) {
        cases.push(case("empty", "", &[400], ""));
    }
    for (what, body) in [("an array", format!("[{good}]")), ("a text", json!(good).to_string())] {
        cases.push(case(what, body, &[422], ""));
    }
    for word in ["[]", "null", "true", "7", "-0.5", "\"\""] {
        cases.push(case(word, word, &[422], ""));
    }
    for word in [
        "NaN",
        "{'a':1}",
        "{a:1}",
        "{\"a\":01}",
        "{,}",
        "{\"a\":}",
        "{\"a\"}",
        "undefined",
        "<a/>",
        "a=1",
        "\0",
        "{\0}",
    ] {
        cases.push(case(word, word, &[400, 422], ""));
    }
    for kind in [
        None,
        Some("text/plain"),
        Some("application/xml"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonx"),
        Some("json"),
        Some(""),
    ] {
        cases.push(Case { kind, ..case(format!("sent as {kind:?}"), good.clone(), &[415], "") });
    }
    cases
}

/// Ten thousand levels.
fn nested(open: &str, close: &str) -> Vec<u8> {
    format!("{}1{}", open.repeat(10_000), close.repeat(10_000)).into_bytes()
}

fn kinds(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => panic!("say the type in the document: {schema}"),
    }
}

/// Bodies with one field that is wrong.
fn of_field(target: &Target, field: &str, schema: &Value) -> Vec<Case> {
    let (kinds, pointer) = (kinds(schema), format!("/{field}"));
    let raw = |what: &str, value: &[u8], statuses| {
        case(format!("{field}: {what}"), target.with_raw(field, value), statuses, &pointer)
    };
    let mut cases: Vec<Case> = wrong_values(&kinds, schema)
        .into_iter()
        .map(|(what, value)| case(format!("{field}: {what}"), target.with(field, value), &[422], &pointer))
        .collect();
    if kinds.contains(&"integer") {
        let numbers = ["1e30", "4294967296", "99999999999999999999", "1.0"];
        cases.extend(numbers.map(|number| raw(number, number.as_bytes(), &[422])));
    }
    if target.is_required(field) {
        let mut body = target.good.as_object().cloned().unwrap_or_default();
        body.remove(field);
        cases.push(case(format!("{field}: missing"), json!(body).to_string(), &[422], &pointer));
    }
    if kinds.contains(&"string") {
        cases.extend(of_text(target, field, &pointer, ""));
    }
    if kinds.contains(&"array") {
        cases.extend(of_text(target, field, &pointer, "["));
    }
    if kinds.contains(&"object") {
        cases.push(raw("deep", &nested("{\"a\":", "}"), &[400]));
        cases.push(raw("U+0000", br#"{"a":["\u0000"]}"#, &[422]));
        cases.push(raw("U+0000 in a name", br#"{"\u0000":1}"#, &[422]));
        cases.push(raw("a huge number", b"{\"a\":1e999}", &[400]));
    }
    cases
}

/// Values of another type, and values beyond the bounds that the document tells.
fn wrong_values(kinds: &[&str], schema: &Value) -> Vec<(String, Value)> {
    let mut wrong: Vec<(String, Value)> = [
        ("null", Value::Null),
        ("boolean", json!(true)),
        ("integer", json!(7)),
        ("number", json!(0.5)),
        ("string", json!("7")),
        ("array", json!(["a"])),
        ("object", json!({"a": 1})),
    ]
    .into_iter()
    .filter(|(kind, _)| !kinds.contains(kind))
    .filter(|(kind, _)| *kind != "integer" || !kinds.contains(&"number"))
    .map(|(kind, value)| (kind.to_owned(), value))
    .collect();
    let mut more = |what: &str, value: Value| wrong.push((what.to_owned(), value));
    if schema["items"]["type"] == "string" {
        for items in [json!([1]), json!([null]), json!([[]]), json!([{}]), json!(["a", true])] {
            more("an array of others", items);
        }
    }
    let greatest = |name: &str| schema[name].as_u64().and_then(|most| usize::try_from(most).ok());
    if let Some(most) = greatest("maxLength") {
        more("too long by one", json!("x".repeat(most + 1)));
        more("too long by one in other letters", json!("ж".repeat(most + 1)));
    }
    if let Some(most) = greatest("maxItems") {
        more("too many by one", (0..=most).map(|n| json!(format!("d{n}.example"))).collect());
    }
    if kinds.contains(&"object") {
        more("without end", Value::Object((0..10_000).map(|n| (n.to_string(), json!(n))).collect()));
    }
    if kinds.contains(&"integer") {
        let bound = |name: &str| schema[name].as_i64().unwrap_or_else(|| panic!("tell the {name}: {schema}"));
        for value in [bound("minimum") - 1, bound("maximum") + 1, -1, i64::MAX, i64::MIN] {
            more("out of range", json!(value));
        }
    }
    wrong
}

/// Texts that no field takes, alone or in an array.
fn of_text(target: &Target, field: &str, pointer: &str, open: &str) -> Vec<Case> {
    let close = if open.is_empty() { "" } else { "]" };
    let texts: [(&str, &[u8], &'static [u16]); 10] = [
        ("empty", b"\"\"", &[404, 422]),
        ("blank", b"\"  \"", &[404, 422]),
        ("U+0000", br#""a\u0000b""#, &[422]),
        ("a bell", br#""a\u0007b""#, &[404, 422]),
        ("an escape sequence", br#""\u001b[2J""#, &[404, 422]),
        ("a bare control character", b"\"a\x07b\"", &[400]),
        ("half of a pair", br#""\ud800""#, &[400]),
        ("the other half", br#""\udc00""#, &[400]),
        ("no UTF-8", b"\"\xc3\x28\"", &[400]),
        ("an overlong form", b"\"\xc0\x80\"", &[400]),
    ];
    let long = format!("\"{}\"", "x".repeat(300_000));
    let long: (&str, &[u8], &'static [u16]) = ("very long", long.as_bytes(), &[404, 422]);
    let all = texts.into_iter().chain([long]);
    all.map(|(what, text, statuses)| {
        let value = [open.as_bytes(), text, close.as_bytes()].concat();
        case(format!("{field}: {what}"), target.with_raw(field, &value), statuses, pointer)
    })
    .collect()
}

/// A whole problem of the wanted status, which names the field.
fn judge(id: &str, case: &Case, reply: &Reply) {
    let what = format!("{id}, {}: {} {}", case.what, reply.status, reply.text);
    assert!(reply.status.is_client_error(), "{what}");
    assert!(case.statuses.contains(&reply.status.as_u16()), "{what}");
    assert_eq!(reply.headers["content-type"], "application/problem+json", "{what}");
    let problem: Problem = reply.parse();
    assert_eq!(
        (problem.status, problem.code.status()),
        (reply.status.as_u16(), reply.status.as_u16()),
        "{what}"
    );
    if problem.status == 422 {
        assert!(problem.errors.iter().any(|error| error.pointer.starts_with(&case.pointer)), "{what}");
        assert!(
            problem.errors.iter().all(|error| !error.detail.is_empty() && !error.code.is_empty()),
            "{what}"
        );
    }
}

async fn send(client: &Client, operation: &Operation, path: &str, case: &Case) -> Reply {
    let client = match case.kind {
        Some(kind) => client.clone().with_header("content-type", kind),
        None => client.clone(),
    };
    client.raw(operation.method.clone(), path, case.body.clone()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_refused_and_nothing_is_written() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let agent = agent(&acme.client, "Iris").await;
    let run = app.operator().get("/v1/tenants/acme/status").await.expect(200).json["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let owner = owned(&app, "bolt", "enterprise").await;
    let lab = owner.client.post("/v1/workspaces", &json!({"slug": "lab", "name": "Lab"})).await.expect(201);
    let lab = lab.json["id"].as_str().unwrap().to_owned();
    let ids = Ids { slug: "acme", agent: &agent, run: &run };
    let limit = app.config.max_body_bytes;
    let ada = member(&app, "acme", "ada", "admin").await.client;
    // The first use of a key is written down beside its request.
    app.app.gate.settle_uses().await.unwrap();
    let before = everything(&app.database).await;
    for target in targets() {
        let operation = &target.operation;
        let caller = match &*operation.tag {
            "agents" => acme.client.clone(),
            "people" => owner.client.clone(),
            "keys" | "sign-in" | "identity" => ada.clone(),
            _ => app.operator(),
        };
        // One key for all: refusals are not kept.
        let caller = caller.with_header("idempotency-key", "bad");
        let mut cases = whole(&target, limit);
        for (field, schema) in target.fields() {
            cases.extend(of_field(&target, field, schema));
        }
        for case in &cases {
            let path = operation.path(&ids).replace(NO_USER, &owner.id).replace(NO_WORKSPACE, &lab);
            judge(&operation.id, case, &send(&caller, operation, &path, case).await);
        }
        assert_eq!(everything(&app.database).await, before, "{} wrote something", operation.id);
    }
}

#[test]
fn the_document_tells_how_long_a_text_may_be() {
    let mut without = Vec::new();
    for target in targets() {
        for (field, schema) in target.fields() {
            if kinds(schema).contains(&"string") && schema["maxLength"].is_null() {
                without.push(format!("{}/{field}", target.operation.id));
            }
        }
    }
    without.sort();
    assert_eq!(without, WITHOUT_LENGTH);
}

#[test]
fn every_operation_that_changes_something_is_covered() {
    let covered = targets();
    let changing = operations()
        .into_iter()
        .filter(|operation| [Method::POST, Method::PATCH, Method::PUT].contains(&operation.method));
    for operation in changing {
        assert!(
            covered.iter().any(|target| target.operation.id == operation.id)
                || operation.body().is_none()
                || operation.id == "import_tenant",
            "{}",
            operation.id
        );
    }
    assert!(covered.len() >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn slugs_that_could_be_mistaken_are_refused() {
    let app = TestApp::builder().start().await;
    let before = everything(&app.database).await;
    let long = "a".repeat(64);
    for (slug, code) in [
        ("", "too_short"),
        ("ab", "too_short"),
        (&*long, "too_long"),
        ("admin", "reserved"),
        ("www", "reserved"),
        ("localhost", "reserved"),
        ("Acme", "invalid_character"),
        ("ACME", "invalid_character"),
        ("acme ", "invalid_character"),
        (" acme", "invalid_character"),
        ("acme\n", "invalid_character"),
        ("acme\r\n", "invalid_character"),
        ("acme\0", "invalid_character"),
        ("ac.me", "invalid_character"),
        ("ac_me", "invalid_character"),
        ("ac/me", "invalid_character"),
        ("../acme", "invalid_character"),
        ("acme%2f", "invalid_character"),
        ("ac'me", "invalid_character"),
        // Cyrillic, full-width, zero-width, combining, a dotless i, a soft hyphen, another kind of hyphen, right to left, digits of another script.
        ("\u{430}cme", "invalid_character"),
        ("\u{ff41}cme", "invalid_character"),
        ("ac\u{200b}me", "invalid_character"),
        ("acme\u{200d}", "invalid_character"),
        ("acme\u{301}", "invalid_character"),
        ("\u{131}nc", "invalid_character"),
        ("ac\u{ad}me", "invalid_character"),
        ("ac\u{2010}me", "invalid_character"),
        ("\u{202e}acme", "invalid_character"),
        ("acme\u{661}", "invalid_character"),
        ("xn--acme", "double_hyphen"),
        ("ac--me", "double_hyphen"),
        ("-acme", "edge_hyphen"),
        ("acme-", "edge_hyphen"),
        ("---", "edge_hyphen"),
        ("123456", "no_letter"),
    ] {
        let reply = app.operator().post("/v1/tenants", &wish(slug)).await.expect(422);
        let error = &reply.json["errors"][0];
        // U+0000 is found before anybody asks what the text is for.
        assert_eq!((&error["pointer"], &error["code"]), (&json!("/slug"), &json!(code)), "{slug:?}");
        if !slug.is_empty() && !slug.contains('\0') {
            let encoded = slug.bytes().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "%{byte:02x}");
                text
            });
            let told = app.operator().get(&format!("/v1/slugs/{encoded}")).await.expect(200).json;
            assert_eq!((&told["available"], &told["reason"]), (&json!(false), &json!(code)), "{slug:?}");
        }
    }
    assert_eq!(everything(&app.database).await, before);
}

/// Each with something that an address has not.
const NO_ADDRESSES: &[&str] = &[
    "",
    " ",
    "ops",
    "@",
    "ops@",
    "@example.com",
    "ops@example",
    "ops@@example.com",
    "a@b@example.com",
    "ops@example.com ",
    " ops@example.com",
    "ops @example.com",
    "ops@exa mple.com",
    "ops@example.com\n",
    "ops@example.com\r\nBcc: x@y.example",
    "ops@example.com,eve@example.com",
    "ops@example.com;eve@example.com",
    "<ops@example.com>",
    "Ops <ops@example.com>",
    "mailto:ops@example.com",
    "\"quoted local\"@example.com",
    "\"a\"@example.com",
    "a(comment)@example.com",
    "ops@(comment)example.com",
    "ops@[192.0.2.1]",
    "ops@[IPv6:2001:db8::1]",
    "ops@192.0.2.1",
    "ops@localhost",
    "ops@example.com.",
    "ops@.example.com",
    "ops@example..com",
    "ops@-example.com",
    "ops@example-.com",
    "ops@exam_ple.com",
    ".ops@example.com",
    "ops.@example.com",
    "o..ps@example.com",
    "öps@example.com",
    "ops@exämple.com",
    "ops@ex\u{430}mple.com",
    "ops@example.com\u{200b}",
    "ops\u{ff20}example.com",
    "ops\0@example.com",
    "ops\\@example.com",
];

/// A domain of so many bytes.
fn domain(length: usize) -> String {
    format!("{}.{}.{}", "d".repeat(63), "e".repeat(63), "f".repeat(length - 128))
}

/// An address of so many bytes.
fn address(length: usize) -> String {
    format!("{}@{}", "l".repeat(64), domain(length - 65))
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_no_mailbox_has_are_refused() {
    let app = TestApp::builder().start().await;
    let before = everything(&app.database).await;
    let long = [
        address(255),
        format!("{}@example.com", "l".repeat(65)),
        format!("a@{}.com", "d".repeat(64)),
        format!("a@{}.{}", domain(190), domain(190)),
    ];
    for email in NO_ADDRESSES.iter().copied().chain(long.iter().map(String::as_str)) {
        let mut body = wish("acme");
        body["admin_email"] = json!(email);
        let reply = app.operator().post("/v1/tenants", &body).await.expect(422);
        assert_eq!(reply.json["errors"][0]["pointer"], "/admin_email", "{email:?}");
        // What stands behind the @ is judged alike where it stands alone.
        if let Some((local, name)) = email.rsplit_once('@').filter(|(local, _)| *local == "ops") {
            let mut body = wish("acme");
            body["allowed_domains"] = json!(["example.com", name]);
            let reply = app.operator().post("/v1/tenants", &body).await.expect(422);
            assert_eq!(reply.json["errors"][0]["pointer"], "/allowed_domains/1", "{local} {name:?}");
        }
    }
    assert_eq!(everything(&app.database).await, before);
    let right = [
        "ops@example.com",
        "o'ps+tag@sub.example.co",
        "x@xn--bcher-kva.example",
        "1@2.example",
        "a.b.c@EXAMPLE.com",
        "!#$%&*/=?^`{|}~@example.com",
    ];
    for (n, email) in right.into_iter().map(str::to_owned).chain([address(254)]).enumerate() {
        let mut body = wish(&format!("tenant-{n}"));
        body["admin_email"] = json!(email);
        let made = app.operator().post("/v1/tenants", &body).await.expect(202);
        assert_eq!(made.json["tenant"]["admin_email"], json!(email));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_deceive_the_eye_are_refused() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await.client;
    // The first use of a key is written down beside its request.
    acme.get("/v1/me").await.expect(200);
    app.app.gate.settle_uses().await.unwrap();
    let before = everything(&app.database).await;
    for name in
        ["\u{200b}", " \u{2060} ", "Acme\n", "Ac\tme", "Acme\u{2028}", "\u{202e}emcA", "Acme\u{2066}x"]
    {
        let mut body = wish("bolt");
        body["name"] = json!(name);
        for reply in [
            app.operator().post("/v1/tenants", &body).await,
            app.operator().post("/v1/tenants/acme/api-keys", &json!({"name": name})).await,
            acme.post("/v1/agents", &json!({"name": name, "role": "r"})).await,
        ] {
            assert_eq!(reply.expect(422).json["errors"][0]["pointer"], "/name", "{name:?}");
        }
    }
    assert_eq!(everything(&app.database).await, before);
    let prompt = json!({"name": "Ada", "role": "r", "personality_prompt": "Be kind.\n\tAlways."});
    acme.post("/v1/agents", &prompt).await.expect(201);
}
