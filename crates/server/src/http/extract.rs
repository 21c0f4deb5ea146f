//! Extractors whose rejections are problems: JSON bodies, queries, paths.
//!
//! Owns: nothing. Calls: `http::problem`. Called by: handlers.
//! Invariants: a wrong field is named by its JSON pointer (`a_wrong_field_is_named_by_its_pointer`); an id that does not
//! parse answers as an absent one (`an_id_that_does_not_parse_is_absent`); a body is an object, and no text holds U+0000
//! (`what_postgresql_cannot_store_is_refused`).
//! After a crash: nothing is left.

use super::problem::ApiError;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path as AxumPath, Request, rejection::BytesRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{
    Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value;
use serde_path_to_error::{Path as ErrorPath, Segment};
use std::fmt::Write as _;
use tenantry_types::{ErrorCode, FieldError};

/// A JSON body, in or out.
///
/// Rejections: 415 for another content type, 413 for a body over the limit, 400 for text that is not JSON, 422 with the
/// pointer for a field that is missing, unknown or of the wrong type.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read(&body(request).await?).map(Self)
    }
}

/// The same, or nothing, of whatever type.
pub(super) async fn optional_body(request: Request) -> Result<Bytes, ApiError> {
    let json = is_json(&request);
    let bytes = Bytes::from_request(request, &()).await.map_err(unreadable)?;
    if bytes.is_empty() || json { Ok(bytes) } else { Err(other_media_type()) }
}

fn other_media_type() -> ApiError {
    ApiError::new(ErrorCode::UnsupportedMediaType, "The body is not sent as JSON.")
        .next_step("Send `Content-Type: application/json`.")
}

/// A body that is sent as JSON, byte for byte.
pub(super) async fn body(request: Request) -> Result<Bytes, ApiError> {
    if !is_json(&request) {
        return Err(other_media_type());
    }
    Bytes::from_request(request, &()).await.map_err(unreadable)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
            Err(error) => ApiError::internal(&error).into_response(),
        }
    }
}

fn is_json(request: &Request) -> bool {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// The refusal of a body over the limit.
pub fn too_large() -> ApiError {
    ApiError::new(ErrorCode::PayloadTooLarge, "The body is larger than this server accepts.")
}

fn unreadable(rejection: BytesRejection) -> ApiError {
    match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => ApiError::bad_request("The body ended before it was complete."),
    }
}

/// A JSON object, read.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let wrong = |pointer: String, code: &str, detail: &str| {
        ApiError::invalid(vec![FieldError { pointer, code: code.to_owned(), detail: detail.to_owned() }])
    };
    // serde would take an array for a struct, field by field.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
        return Err(wrong(String::new(), "invalid", "must be an object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().clone();
        let cause = error.into_inner();
        if cause.is_data() {
            let text = cause.to_string();
            let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
            ApiError::invalid(vec![field_error(&path, text, "/")])
        } else {
            not_json(&cause)
        }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    // The escape is the only way to write the character, and rare: most bodies are not read twice.
    if bytes.windows(NUL.len()).any(|part| part == NUL) {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
        if let Some(pointer) = nul(&value) {
            return Err(wrong(pointer, "invalid_character", NO_NUL));
        }
    }
    Ok(value)
}

const NUL: &[u8] = b"\\u0000";
const NO_NUL: &str = "must not contain U+0000";

/// Where a text holds U+0000, which PostgreSQL has no place for. As deep as the parser goes.
fn nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(place, item)| Some(format!("/{place}{}", nul(item)?)))
        }
        Value::Object(fields) => fields.iter().find_map(|(key, item)| {
            let below = if key.contains('\0') { Some(String::new()) } else { nul(item) };
            Some(format!("/{}{}", escape(key), below?))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn not_json(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    ApiError::bad_request(format!("The body is not JSON: see line {line}, column {column}."))
}

/// Names the field of an error of serde. `separator` is "/" for a JSON pointer, "" for the name of a query parameter.
fn field_error(path: &ErrorPath, text: &str, separator: &str) -> FieldError {
    let mut pointer = String::new();
    for segment in path {
        // Writing to a String does not fail.
        let _ = match segment {
            Segment::Seq { index } => write!(pointer, "{separator}{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                write!(pointer, "{separator}{}", escape(key))
            }
            Segment::Unknown => Ok(()),
        };
    }
    let quoted = |prefix: &str| text.strip_prefix(prefix)?.split('`').next();
    let (code, detail) = if let Some(name) = quoted("missing field `") {
        let _ = write!(pointer, "{separator}{}", escape(name));
        ("required", "This field is required.".to_owned())
    } else if let Some(name) = quoted("unknown field `") {
        let end = format!("{separator}{}", escape(name));
        if !pointer.ends_with(&end) {
            pointer.push_str(&end);
        }
        ("unknown", text.to_owned())
    } else if let Some(name) = quoted("duplicate field `") {
        let _ = write!(pointer, "{separator}{}", escape(name));
        ("duplicate", "This field is given twice.".to_owned())
    } else {
        ("invalid", text.to_owned())
    };
    FieldError { pointer, code: code.to_owned(), detail }
}

/// As RFC 6901 asks.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The query of a request. Rejection: 422 with the name of the parameter.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let refused =
            ApiError::new(ErrorCode::Invalid, "A parameter of the query is not valid; `errors` names it.");
        if let Some((name, _)) = pairs.clone().find(|(_, value)| value.contains('\0')) {
            return Err(refused.field(name, "invalid_character", NO_NUL));
        }
        let reader = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(reader).map(Self).map_err(|error| {
            let FieldError { pointer, code, detail } =
                field_error(error.path(), &error.inner().to_string(), "");
            refused.field(pointer, &code, detail)
        })
    }
}

/// Parameters of the path. Rejection: 404, as for something that is absent.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match AxumPath::from_request_parts(parts, state).await {
            Ok(AxumPath(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status().is_server_error() => Err(ApiError::internal(&rejection)),
            Err(_) => Err(ApiError::not_found()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, extract::DefaultBodyLimit, routing::get};
    use serde::Deserialize;
    use tenantry_types::{AgentId, Problem, Slug};
    use tower::ServiceExt as _;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "a/b")]
        count: u8,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        slug: Slug,
        #[serde(default)]
        items: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        limit: Option<u8>,
    }

    async fn send(request: axum::http::request::Builder, body: &str) -> (StatusCode, String) {
        let app = Router::new()
            .route(
                "/",
                get(|Query(q): Query<Filter>| async move { format!("{:?}", q.limit) }).post(
                    |Json(input): Json<Input>| async move {
                        format!(
                            "{} {}",
                            input.slug,
                            input.items.iter().map(|item| u32::from(item.count)).sum::<u32>()
                        )
                    },
                ),
            )
            .route("/agents/{id}", get(|Path(_): Path<AgentId>| async { ApiError::not_found() }))
            .layer(DefaultBodyLimit::max(64));
        let response = app.oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn post(kind: &str, body: &str) -> (u16, String) {
        let (status, body) = send(Request::post("/").header(header::CONTENT_TYPE, kind), body).await;
        (status.as_u16(), body)
    }

    async fn refused(body: &str) -> (u16, String, String) {
        let (status, body) = post("application/json", body).await;
        let error = serde_json::from_str::<Problem>(&body).unwrap().errors.remove(0);
        (status, error.pointer, error.code)
    }

    #[tokio::test]
    async fn a_good_body_is_read() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"] {
            assert_eq!(
                post(kind, r#"{"slug":"acme","items":[{"a/b":3}]}"#).await,
                (200, "acme 3".to_owned())
            );
        }
    }

    #[tokio::test]
    async fn a_wrong_field_is_named_by_its_pointer() {
        for (body, pointer, code) in [
            (r#"{"slug":7}"#, "/slug", "invalid"),
            (r#"{"slug":"-x-"}"#, "/slug", "invalid"),
            (r#"{"items":[]}"#, "/slug", "required"),
            (r#"{"slug":"acme","slag":1}"#, "/slag", "unknown"),
            (r#"{"slug":"acme","slug":"acme"}"#, "/slug", "duplicate"),
            (r#"{"slug":"acme","items":[{"a/b":1},{"a/b":"x"}]}"#, "/items/1/a~1b", "invalid"),
            (r#"{"slug":"acme","items":[{}]}"#, "/items/0/a~1b", "required"),
            (r#"{"slug":"acme","items":[{"x":1}]}"#, "/items/0/x", "unknown"),
            ("[]", "", "invalid"),
            (r#"["acme"]"#, "", "invalid"),
            (" null", "", "invalid"),
            ("7", "", "invalid"),
        ] {
            assert_eq!(refused(body).await, (422, pointer.to_owned(), code.to_owned()), "{body}");
        }
    }

    #[test]
    fn what_postgresql_cannot_store_is_refused() {
        let pointer = |body: &str| match read::<std::collections::BTreeMap<String, Value>>(body.as_bytes()) {
            Err(error) => {
                serde_json::to_value(error.errors()).unwrap()[0]["pointer"].as_str().map(str::to_owned)
            }
            Ok(_) => None,
        };
        assert_eq!(pointer(r#"{"a":[1,{"b/c":"x\u0000"}]}"#).as_deref(), Some("/a/1/b~1c"));
        assert_eq!(pointer(r#"{"a":{"b\u0000":1}}"#).as_deref(), Some("/a/b\0"));
        assert_eq!(pointer(r#"{"a":"a backslash: \\u0000"}"#), None);
    }

    #[tokio::test]
    async fn other_bodies_are_refused_by_their_kind() {
        for (kind, body, status, code) in [
            ("application/json", "{", 400, "bad_request"),
            ("application/json", "", 400, "bad_request"),
            ("application/json", r#"{"slug":"acme"} x"#, 400, "bad_request"),
            ("application/json", "[", 400, "bad_request"),
            ("application/json", &format!("\"{}\"", "a".repeat(64)), 413, "payload_too_large"),
            ("text/plain", "{}", 415, "unsupported_media_type"),
            ("", "{}", 415, "unsupported_media_type"),
        ] {
            let (found, text) = post(kind, body).await;
            assert_eq!((found, text.contains(&format!("\"{code}\""))), (status, true), "{body} {text}");
        }
    }

    #[tokio::test]
    async fn a_wrong_parameter_is_named() {
        assert_eq!(send(Request::get("/?limit=5"), "").await.1, "Some(5)");
        for (uri, name) in [
            ("/?limit=many", "limit"),
            ("/?page=3", "page"),
            ("/?limit=%00", "limit"),
            ("/?limit=1&limit=2", "limit"),
        ] {
            let (status, body) = send(Request::get(uri), "").await;
            let problem: Problem = serde_json::from_str(&body).unwrap();
            assert_eq!((status.as_u16(), &*problem.errors[0].pointer), (422, name), "{body}");
        }
    }

    #[tokio::test]
    async fn an_id_that_does_not_parse_is_absent() {
        let absent = send(Request::get("/agents/agt_00000000000000000000000007"), "").await;
        assert_eq!(absent.0, 404);
        for id in ["7", "ten_00000000000000000000000007", "%ff", "'%20or%201=1"] {
            assert_eq!(send(Request::get(format!("/agents/{id}")), "").await, absent, "{id}");
        }
    }
}
