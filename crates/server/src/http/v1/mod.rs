//! Version 1 of the API: one resource, one folder; one operation, one file.
//!
//! Owns: nothing. Calls: core. Called by: `http::router`.
//! Invariants: handlers unwrap, call, wrap: no SQL and no rules here. After a crash: nothing is left.

pub mod access_grants;
pub mod agents;
pub mod api_keys;
pub mod audit;
pub mod auth;
pub mod authz;
mod etag;
pub mod events;
pub mod invitations;
pub mod isolation_reports;
pub mod limits;
pub mod me;
pub mod members;
pub mod operators;
pub mod overview;
pub mod password;
pub mod runs;
pub mod sessions;
pub mod slugs;
pub mod tenant_template;
pub mod tenants;
pub mod tiers;
pub mod users;
pub mod webhooks;
pub mod workspaces;
