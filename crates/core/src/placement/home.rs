//! A tenant's home: schema, roles, cell. How it is made, guarded, checked and removed.
//!
//! Owns: schemas `tenant_…` and roles `…_t_…`. Calls: store, pg's migrations. Called by: placement (slots), provisioning (steps).
//! Invariants: every table of a home is guarded by what it is, not by a list (`a_custom_table_is_guarded`); a table that nobody guarded
//! cannot be reached (`a_new_table_is_closed`). After a crash: made in one transaction, so nothing; `remove` is repeatable.

use super::{Template, store};
use crate::{Error, Result};
use tenantry_pg::{
    ControlTx,
    migrate::{self, SYSTEM_HISTORY, history::HISTORY_TABLE},
    roles::Installation,
};
use tenantry_types::TenantId;
use uuid::Uuid;

/// Names and place of a tenant's schema and roles.
#[derive(Debug, Clone)]
pub struct Home {
    /// The tenant that lives or will live there.
    pub tenant: TenantId,
    /// Its schema.
    pub schema: String,
    /// The role of its scopes.
    pub role: String,
    /// The role that reads across its workspaces.
    pub wide_role: String,
    /// The cell whose login is a member of both.
    pub cell: i32,
    /// That login.
    pub cell_login: String,
    /// The server it is on.
    pub shard: Uuid,
    /// Of its fence when that was looked at as a whole; empty where it was not.
    pub fingerprint: String,
}

impl Home {
    /// A new opaque name part.
    pub(crate) fn opaque() -> Result<String> {
        super::random_name()
    }

    pub(crate) fn new(
        installation: &Installation,
        tenant: TenantId,
        opaque: &str,
        shard: Uuid,
        cell: i32,
    ) -> Self {
        Self {
            tenant,
            schema: Self::schema_of(opaque),
            role: installation.tenant_role(opaque),
            wide_role: installation.wide_role(opaque),
            cell,
            cell_login: installation.cell(cell),
            shard,
            fingerprint: String::new(),
        }
    }

    /// By its names alone: enough to remove what may be there of it.
    pub(crate) fn named(installation: &Installation, tenant: TenantId, opaque: &str) -> Self {
        Self::new(installation, tenant, opaque, Uuid::nil(), 0)
    }

    pub(crate) fn schema_of(opaque: &str) -> String {
        format!("tenant_{opaque}")
    }

    /// The schema, its roles, and the cell's membership in them.
    pub(crate) async fn place(&self, tx: &ControlTx) -> Result<()> {
        store::ddl::create(tx, self).await
    }

    /// Our own tables, then the team's. Returns the number of files.
    pub(crate) async fn migrate(&self, tx: &ControlTx, template: &Template) -> Result<usize> {
        let system = migrate::apply(tx, &self.schema, &template.system, SYSTEM_HISTORY, true).await?;
        let tenant = migrate::apply(tx, &self.schema, &template.tenant, HISTORY_TABLE, true).await?;
        Ok(system.files + tenant.files)
    }

    /// Grants and row-level security, table by table. Returns the number of tables.
    pub(crate) async fn isolate(&self, tx: &ControlTx, template: &Template) -> Result<usize> {
        let relations = store::ddl::relations(tx, &self.schema).await?;
        store::ddl::guard(tx, self, &relations, template.is_built_in()).await?;
        store::ddl::guard_routines(tx, self).await?;
        Ok(relations.len())
    }

    /// Looks at the fence from outside, in the catalogue. Where owners, grants, policies, roles and functions are what they were when the
    /// slot was made and looked at as a whole, no more is looked at: a claim is to take milliseconds.
    ///
    /// # Errors
    /// A fault that names what is open.
    pub(crate) async fn verify(&self, tx: &ControlTx) -> Result<()> {
        if !self.fingerprint.is_empty() && self.fingerprint(tx).await? == self.fingerprint {
            return Ok(());
        }
        self.look_at_the_whole(tx).await
    }

    /// Every part of the fence.
    pub(crate) async fn look_at_the_whole(&self, tx: &ControlTx) -> Result<()> {
        let open = store::ddl::inspect(tx, self).await?;
        if open.is_empty() {
            Ok(())
        } else {
            Err(Error::Fault(format!("{} is not isolated: {}", self.schema, open.join(", "))))
        }
    }

    /// What the fence is made of, in short.
    pub(crate) async fn fingerprint(&self, tx: &ControlTx) -> Result<String> {
        store::ddl::fingerprint(tx, self).await
    }

    /// Undo of [`Self::place`] and all that came after. Repeatable.
    pub(crate) async fn remove(&self, tx: &ControlTx) -> Result<()> {
        store::ddl::remove(tx, self).await
    }
}
