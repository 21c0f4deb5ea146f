//! Errors as problem responses (RFC 9457).
//!
//! Owns: the `type` URIs. Calls: types. Called by: extractors, middleware, handlers.
//! Invariants: a 5xx tells nothing about its cause (`a_server_error_tells_nothing`); every problem carries the request's
//! id once it has passed the middleware (`middleware::tests::every_refusal_is_a_problem`).
//! After a crash: nothing is left.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
    response::IntoResponse,
};
use std::{fmt, time::Duration};
use tenantry_types::{ErrorCode, FieldError, Problem};

/// The content type of every problem.
pub const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal or failure on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    code: ErrorCode,
    detail: String,
    errors: Vec<FieldError>,
    next_steps: Vec<String>,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// A problem of a kind. `detail` says what happened this time; for a 5xx it is replaced by words that tell nothing.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        let detail = match code {
            ErrorCode::Internal => {
                "The request failed for a reason that was logged under its request id.".to_owned()
            }
            ErrorCode::Unavailable => {
                "A part of the service is busy or cannot be reached just now.".to_owned()
            }
            _ => detail.into(),
        };
        Self(Box::new(Parts { code, detail, errors: Vec::new(), next_steps: Vec::new(), retry_after: None }))
    }

    /// 404, the same for what is absent and for what is somebody else's.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "There is nothing under this address that you may see.")
    }

    /// 401: no identity, or one that does not verify; which of them is not told.
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "The request carries no valid token.")
            .next_step("Send `Authorization: Bearer <token>` with a token that is valid and not revoked.")
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, detail)
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, detail)
    }

    /// 409.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, detail)
    }

    /// 422: the fields that are not valid, all of them.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let count = errors.len();
        let fields = if count == 1 { "field is" } else { "fields are" };
        let mut error =
            Self::new(ErrorCode::Invalid, format!("{count} {fields} not valid; `errors` names each."));
        error.0.errors = errors;
        error
    }

    /// 500. The cause goes to the log, and nowhere else.
    pub fn internal(cause: &(impl fmt::Display + ?Sized)) -> Self {
        tracing::error!(error.message = %cause, "a request failed");
        Self::new(ErrorCode::Internal, "")
    }

    /// 429: the next attempt may come after the given time.
    pub fn too_many(retry_after: Duration) -> Self {
        // Whole seconds, never too few.
        let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
        let detail = "There were too many attempts that failed. Wait as long as `Retry-After` says.";
        let mut error = Self::new(ErrorCode::TooManyRequests, detail);
        error.0.retry_after = Some(Duration::from_secs(seconds));
        error
    }

    /// 503. The cause goes to the log; the caller may try again after the given time.
    pub fn unavailable(cause: &(impl fmt::Display + ?Sized), retry_after: Duration) -> Self {
        tracing::warn!(error.message = %cause, "a part of the service is not available");
        let mut error = Self::new(ErrorCode::Unavailable, "");
        error.0.retry_after = Some(retry_after);
        error.next_step("Try again. After a POST, see first whether it was done.")
    }

    /// Adds a field that is not valid.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        self.0.errors.push(FieldError {
            pointer: pointer.into(),
            code: code.to_owned(),
            detail: detail.into(),
        });
        self
    }

    /// Adds something the caller can do now.
    #[must_use]
    pub fn next_step(mut self, step: impl Into<String>) -> Self {
        self.0.next_steps.push(step.into());
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The fields that are not valid.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response<Body> {
        let Parts { code, detail, errors, next_steps, retry_after } = *self.0;
        let problem = Problem {
            kind: format!("https://tenantry.dev/problems/{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail,
            code,
            request_id: String::new(),
            errors,
            next_steps,
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() =
            StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if code == ErrorCode::Unauthenticated {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(
            code,
            ErrorCode::Unavailable | ErrorCode::IdempotencyInFlight | ErrorCode::TooManyRequests
        ) {
            let seconds = retry_after.map_or(1, |delay| delay.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        write(&mut response, problem);
        response
    }
}

/// Puts the request's id into a problem response; leaves every other response alone.
pub fn stamp(response: &mut Response<Body>, request_id: &str) {
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        request_id.clone_into(&mut problem.request_id);
        write(response, problem);
    }
}

/// Writes the body and keeps the problem beside it, so that the id can be put in later.
fn write(response: &mut Response<Body>, problem: Problem) {
    // A struct of texts and numbers always has a JSON form.
    *response.body_mut() = Body::from(serde_json::to_vec(&problem).unwrap_or_default());
    response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.extensions_mut().insert(problem);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parts(error: ApiError) -> (Response<()>, Problem) {
        let (head, body) = error.into_response().into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 16).await.unwrap();
        (Response::from_parts(head, ()), serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_has_every_part() {
        let error =
            ApiError::invalid(vec![]).field("/slug", "too_short", "at least 3").next_step("Choose another.");
        let (response, problem) = parts(error).await;
        assert_eq!(response.status(), 422);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(problem.kind, "https://tenantry.dev/problems/invalid");
        assert_eq!((problem.status, problem.code), (422, ErrorCode::Invalid));
        assert_eq!(problem.errors[0].pointer, "/slug");
        assert_eq!(problem.next_steps, ["Choose another."]);
    }

    #[tokio::test]
    async fn every_code_answers_with_its_status() {
        for &code in ErrorCode::ALL {
            assert_eq!(ApiError::new(code, "x").into_response().status().as_u16(), code.status(), "{code:?}");
        }
    }

    #[tokio::test]
    async fn a_server_error_tells_nothing() {
        let cause = "relation \"t_9x.agents\" does not exist";
        let wait = Duration::from_secs(7);
        for error in [
            ApiError::internal(cause),
            ApiError::unavailable(cause, wait),
            ApiError::new(ErrorCode::Internal, cause),
            ApiError::new(ErrorCode::Unavailable, cause),
        ] {
            let (_, problem) = parts(error).await;
            assert!(!serde_json::to_string(&problem).unwrap().contains("agents"), "{problem:?}");
        }
        assert_eq!(parts(ApiError::unavailable(cause, wait)).await.0.headers()[header::RETRY_AFTER], "7");
        assert_eq!(parts(ApiError::unauthenticated()).await.0.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }

    #[tokio::test]
    async fn the_stamp_touches_problems_only() {
        let mut response = ApiError::not_found().into_response();
        stamp(&mut response, "r1");
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        assert_eq!(serde_json::from_slice::<Problem>(&bytes).unwrap().request_id, "r1");
        let mut response = Response::new(Body::from("as it was"));
        stamp(&mut response, "r1");
        assert_eq!(axum::body::to_bytes(response.into_body(), 99).await.unwrap(), "as it was");
    }
}
