//! What the pools report to whoever counts: durations, failures, usage. This crate knows no metrics library.
//!
//! Owns: nothing. Calls: nothing. Called by: transaction, pool; implemented by the server's telemetry.
//! Invariants: observers are told after the fact and cannot change an outcome. After a crash: nothing is left.

use crate::ErrorKind;
use std::time::Duration;
use tenantry_types::TenantId;

/// Hears of every statement and scope.
pub trait Observer: Send + Sync + 'static {
    /// A statement ended. `query_type` is `select`, `insert`, `update`, `delete` or `other`.
    fn query(&self, tenant: Option<TenantId>, query_type: &'static str, took: Duration);
    /// A statement or transaction failed.
    fn failed(&self, tenant: Option<TenantId>, transaction: &'static str, kind: ErrorKind);
    /// A scope took hold of a connection: role and workspace are set.
    fn scope_entered(&self, tenant: TenantId, took: Duration);
    /// A tenant's request holds a connection of its cell's pool, of which `in_use` of `size` are taken.
    fn pool_usage(&self, tenant: TenantId, in_use: usize, size: usize);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy)]
pub struct Quiet;

impl Observer for Quiet {
    fn query(&self, _: Option<TenantId>, _: &'static str, _: Duration) {}
    fn failed(&self, _: Option<TenantId>, _: &'static str, _: ErrorKind) {}
    fn scope_entered(&self, _: TenantId, _: Duration) {}
    fn pool_usage(&self, _: TenantId, _: usize, _: usize) {}
}
