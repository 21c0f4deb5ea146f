//! The workload of the agent platform: agents for now, and rows to look at.
//!
//! Owns: tenant.agents. Calls: tenancy, authz. Called by: server.
//! Invariants: every function takes a scope; none takes a tenant id. After a crash: one transaction or none.

pub mod agents;
pub mod demo;
