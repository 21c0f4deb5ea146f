//! The owner's way to write a tenant's version of access, for what a server could not publish.
//!
//! Owns: nothing; writes the counter `access` in a tenant's `_counters`. Calls: pg. Called by: the worker's reconciler, through `access`.
//! Invariants: a later version stays (`a_lost_publication_is_made_good`). After a crash: one transaction or none; the next look does it.

use super::{Placement, store};
use crate::{Result, access::Publish, registry::TenantRecord};
use tenantry_pg::BoxFuture;

impl Publish for Placement {
    fn publish<'a>(&'a self, tenant: &'a TenantRecord) -> BoxFuture<'a, Result<()>> {
        let input = (tenant.schema_name.clone(), tenant.access_version);
        Box::pin(self.owner.run("publish_access", input, |tx, (schema, version)| {
            Box::pin(store::publish_access(tx, schema, *version))
        }))
    }
}
