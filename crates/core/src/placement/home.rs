//! A tenant's home: schema, roles, cell. How it is made, guarded, checked and removed.
//!
//! Owns: schemas `tenant_…` and roles `…_t_…`. Calls: store, pg's migrations. Called by: placement (slots), provisioning (steps).
//! Invariants: every table of a home is guarded by what it is, not by a list (`a_custom_table_is_guarded`); a table that nobody guarded
//! cannot be reached (`a_new_table_is_closed`); a home that was adopted is given back, never dropped (`an_adopted_schema_is_never_dropped`). After a crash: made in one transaction, so nothing; `remove` is repeatable.

use super::{Prior, Template, store, store::inspect};
use crate::{Error, Result};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
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

    /// Every part of the fence that a home must have to be lived in. A team's own tables may point at one another by a single column, say: the proof tells of
    /// that, and it is no reason to refuse a tenant.
    pub(crate) async fn look_at_the_whole(&self, tx: &ControlTx) -> Result<()> {
        let found = inspect::homes(tx, std::slice::from_ref(self)).await?;
        let open: Vec<String> = found.into_iter().flat_map(|found| found.examples).collect();
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
    ///
    /// # Errors
    /// A fault for a schema that was adopted: that is given back.
    pub async fn remove(&self, tx: &ControlTx) -> Result<()> {
        store::ddl::remove(tx, self).await
    }

    /// Makes the schema `from` this home: roles, name, our own tables, guards. No row of it is touched. `stamped` names the tables whose
    /// `tenant_id` is to be this tenant's. Returns the number of relations.
    ///
    /// # Errors
    /// 409 where a table stayed in use; a fault where the fence would not hold.
    pub(crate) async fn take_over(
        &self,
        tx: &ControlTx,
        template: &Template,
        from: &Source<'_>,
        stamped: &BTreeSet<String>,
    ) -> Result<usize> {
        let relations = store::adopt::take_over(tx, self, from.schema, template, stamped).await?;
        store::adopt::insert_adopted_slot(tx, self, from.schema, from.baseline, from.now).await?;
        self.look_at_the_whole(tx).await?;
        Ok(relations)
    }

    /// Tables, views and sequences in it.
    pub(crate) async fn relations(&self, tx: &ControlTx) -> Result<usize> {
        Ok(store::ddl::relations(tx, &self.schema).await?.len())
    }

    /// What a schema is before it is taken over.
    pub(crate) async fn prior(tx: &ControlTx, schema: &str) -> Result<Prior> {
        store::adopt::prior(tx, schema).await
    }

    /// Undo of [`Self::take_over`], by the names that were recorded: the home may be half made, or not at all. Repeatable.
    ///
    /// # Errors
    /// 409 where the old name is taken or a table stayed in use; a fault where the schema is gone.
    pub(crate) async fn give_back(tx: &ControlTx, left: &Left, prior: &Prior) -> Result<()> {
        let now = store::adopt::present(tx, &left.schema, &left.source, left.source_oid).await?;
        let now = now.ok_or_else(|| {
            Error::Fault(format!(
                "neither {} nor {}, which it was adopted from, is there",
                left.schema, left.source
            ))
        })?;
        if now != left.source {
            store::adopt::refuse_taken_name(tx, &left.source).await?;
        }
        store::adopt::give_back(tx, left.tenant, (&now, &left.source), &left.role, prior).await
    }

    /// An adopted schema becomes like any other: from here on it may be dropped, and cannot be given back.
    pub(crate) async fn forget_origin(tx: &ControlTx, tenant: TenantId) -> Result<()> {
        store::adopt::forget_origin(tx, tenant).await
    }

    /// Names of the tables that are ours in every tenant's schema.
    pub(crate) fn system_tables() -> &'static [&'static str] {
        store::adopt::SYSTEM_TABLES
    }
}

/// Where an adopted home comes from.
pub(crate) struct Source<'a> {
    /// Its name so far.
    pub(crate) schema: &'a str,
    /// The version that its tables are taken to have.
    pub(crate) baseline: &'a str,
    /// When.
    pub(crate) now: DateTime<Utc>,
}

/// An adopted home, as it was recorded.
pub(crate) struct Left {
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// Its name.
    pub(crate) schema: String,
    /// The tenant's role.
    pub(crate) role: String,
    /// The name it had.
    pub(crate) source: String,
    /// Its number in the catalogue.
    pub(crate) source_oid: i64,
}
