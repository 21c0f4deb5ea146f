//! The domain, by layer: a module calls its own layer or a lower one, never another module's `store`.
//!
//! Owns: every table, through its modules. Calls: pg, types. Called by: server.
//! Invariants: no HTTP, no driver, no environment here (`cargo xtask tidy`); tenant rows are reached through [`tenancy`] alone.
//! After a crash: each module says what is left and who repairs it.

pub mod access;
pub mod adoption;
pub mod archive;
pub mod audit;
pub mod authz;
pub mod ctx;
mod error;
pub mod idempotency;
pub mod identity;
pub mod isolation;
pub mod mail;
pub mod ops;
pub mod placement;
pub mod provisioning;
pub mod psql;
pub mod registry;
pub mod secrets;
pub mod tenancy;
pub mod workload;

pub use error::{Error, Fields};
pub use tenantry_durable::{outbox::Event, wake};
/// A transaction's result; the error says what the caller may know.
pub type Result<T> = std::result::Result<T, Error>;
