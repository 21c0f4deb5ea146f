//! The one place where the domain's errors become problem responses.
//!
//! Owns: nothing. Calls: nothing. Called by: every handler, through `?`.
//! Invariants: what is not a refusal is logged under the request's id and told as such and no more (`a_fault_tells_nothing`).
//! After a crash: nothing is left.

use super::ApiError;
use std::time::Duration;
use tenantry_core::Error;
use tenantry_types::ErrorCode;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let code = error.code();
        match error {
            Error::Refused { code: ErrorCode::NotFound, .. } => Self::not_found(),
            Error::Refused { code: ErrorCode::Unauthenticated, .. } => Self::unauthenticated(),
            Error::Refused { code, detail, errors, next_steps } => {
                let refusal = errors.into_iter().fold(Self::new(code, detail), |problem, field| {
                    problem.field(field.pointer, &field.code, field.detail)
                });
                next_steps.into_iter().fold(refusal, Self::next_step)
            }
            Error::TooMany { retry_after } => Self::too_many(retry_after),
            fault if code == ErrorCode::Unavailable => Self::unavailable(&fault, Duration::from_secs(1)),
            fault => Self::internal(&fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn a_fault_tells_nothing() {
        let response =
            ApiError::from(Error::Fault("relation tenant_1.agents of acme".to_owned())).into_response();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("acme"));
    }
}
