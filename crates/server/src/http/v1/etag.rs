//! Versions as entity tags.
//!
//! Owns: nothing. Calls: nothing. Called by: operations on things with versions. After a crash: nothing is left.

use crate::http::ApiError;
use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A body with its version as `ETag`.
pub(in crate::http::v1) fn tagged(status: StatusCode, version: i64, body: &impl Serialize) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The version that `If-Match` asks for; `*` and no header ask for none.
pub(in crate::http::v1) fn expected(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or("").trim();
    if text == "*" {
        return Ok(None);
    }
    let version =
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).and_then(|text| text.parse().ok());
    version
        .map(Some)
        .ok_or_else(|| ApiError::bad_request("If-Match must be one ETag as this API sent it, such as \"3\"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match() {
        let asked = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(value));
            expected(&headers).map_err(|error| error.code())
        };
        assert_eq!(asked("\"3\""), Ok(Some(3)));
        assert_eq!(asked("*"), Ok(None));
        for wrong in ["3", "\"x\"", "W/\"3\"", "\"1\", \"2\""] {
            assert!(asked(wrong).is_err(), "{wrong}");
        }
    }
}
