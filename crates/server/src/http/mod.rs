//! The HTTP surface.
//!
//! Owns: routes, middleware, problem responses. Calls: core (handlers), telemetry. Called by: wiring.
//! Invariants: stated in each module. After a crash: clients retry; nothing is kept here.

pub mod authenticate;
mod claims;
pub mod console;
mod cookie;
pub mod docs;
pub mod extract;
mod fault;
pub mod health;
pub mod idempotency;
pub mod jwks;
pub mod listener;
pub mod middleware;
mod openapi;
pub mod problem;
pub mod router;
pub mod v1;

pub use extract::{Json, Path, Query};
pub use middleware::{AccessInfo, Foundation, RequestInfo, apply};
pub use problem::ApiError;
