//! Problem responses (RFC 9457) and their stable codes.
//!
//! Owns: the list of codes. Calls: nothing. Called by: core (codes), server (responses), cli (reads them).
//! Invariants: a code never changes its status once shipped (`codes_are_stable`). After a crash: nothing is left.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! codes {
    // The code is a token and no literal fragment: inside one, the derive of the document does not see it.
    ($($(#[$doc:meta])* $variant:ident = $code:tt, $status:literal, $title:literal;)+) => {
        /// What went wrong, in a word that programs may rely on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        pub enum ErrorCode { $($(#[$doc])* #[serde(rename = $code)] $variant),+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The code as text.
            pub fn as_str(self) -> &'static str { match self { $(Self::$variant => $code),+ } }
            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 { match self { $(Self::$variant => $status),+ } }
            /// A short title, the same for every occurrence.
            pub fn title(self) -> &'static str { match self { $(Self::$variant => $title),+ } }
        }
    };
}

codes! {
    /// The request cannot be read: bad JSON, a bad header.
    BadRequest = "bad_request", 400, "The request could not be read";
    /// No tenant could be told from the request.
    TenantRequired = "tenant_required", 400, "The request names no tenant";
    /// No identity, or one that does not verify.
    Unauthenticated = "unauthenticated", 401, "A valid token is required";
    /// Address and password do not belong together, or there is no such user: one answer for both.
    BadCredentials = "bad_credentials", 401, "Address or password is wrong";
    /// What the plan allows is used up.
    QuotaExceeded = "quota_exceeded", 402, "The plan's limit is reached";
    /// A page of another origin, or none of ours, sent a request with the session's cookie.
    CsrfRefused = "csrf_refused", 403, "The request did not come from our pages";
    /// The identity may not do this.
    Forbidden = "forbidden", 403, "Not allowed";
    /// The tenant is unknown, suspended, deleted, or not the identity's.
    TenantInactive = "tenant_inactive", 403, "This tenant is not available";
    /// Absent, or somebody else's.
    NotFound = "not_found", 404, "Not found";
    /// The method does not exist on this path.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The handler did not answer in time.
    Timeout = "timeout", 408, "The request took too long";
    /// The slug belongs to another tenant.
    SlugTaken = "slug_taken", 409, "This slug is taken";
    /// A name that must be unique is in use.
    NameTaken = "name_taken", 409, "This name is in use";
    /// The object is not in a state that allows this.
    Conflict = "conflict", 409, "Not possible in the present state";
    /// A request with the same `Idempotency-Key` is at work just now.
    IdempotencyInFlight = "idempotency_in_flight", 409, "The same request is being answered just now";
    /// `If-Match` names another version.
    VersionMismatch = "version_mismatch", 412, "Changed by somebody else in the meantime";
    /// The body is larger than allowed.
    PayloadTooLarge = "payload_too_large", 413, "The body is too large";
    /// The body is not `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415, "The body must be JSON";
    /// Fields are missing or wrong; `errors` names each.
    Invalid = "invalid", 422, "Some fields are not valid";
    /// The `Idempotency-Key` came before, with another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "This idempotency key belongs to another request";
    /// Too many attempts; `Retry-After` says when to come again.
    TooManyRequests = "too_many_requests", 429, "Too many requests";
    /// A bug, or a fault without a name. Nothing about it is told.
    Internal = "internal", 500, "Something went wrong on our side";
    /// The database or another part cannot be reached or is too busy just now.
    Unavailable = "unavailable", 503, "Not available right now";
}

/// One field that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field in the request's body, or the name of a query parameter.
    pub pointer: String,
    /// A stable word for the reason.
    pub code: String,
    /// What would be valid.
    pub detail: String,
}

/// A problem response, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of this kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// Stable; programs decide by this.
    pub code: ErrorCode,
    /// Quote this when asking for help; the operator's logs carry it.
    pub request_id: String,
    /// The fields that are not valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// What the caller can do now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_steps: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!((400..600).contains(&code.status()), "{code:?}");
        }
    }
}
