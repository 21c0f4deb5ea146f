//! Placement: the installation in PostgreSQL, its cells, and the warm slots that tenants are claimed from.
//!
//! Owns: installation, shards, cells, slots. Calls: pg. Called by: provisioning, the worker, set-up.
//! Invariants: set-up is repeatable and needs no superuser (`set_up_twice_changes_nothing`); a cell has at most 500 tenants
//! (`a_full_cell_is_followed_by_another`); a slot is complete or absent, since it is made in one transaction (`a_failing_migration_leaves_nothing`).
//! After a crash: a half-made slot was rolled back; the worker's next look fills up.

mod home;
mod publish;
pub(crate) mod store;
mod template;

pub use home::Home;
pub(crate) use home::{Left, Source};
pub(crate) use store::inspect;
pub use store::inspect::LOOK_AT_HOMES;
pub(crate) use store::prior::{Grant, Prior};
pub use template::{BUILT_IN, Template, TemplateError};

use crate::{
    Error, Result,
    ctx::{self, Ctx},
    secrets::Vault,
};
use tenantry_pg::{Login, Pool, migrate, roles::Installation};
use tenantry_types::TenantId;
use uuid::Uuid;

/// Tenants in a cell at the most: two roles each make 1,000 memberships, which is where the first `SET ROLE` after a grant costs 3 ms.
pub const TENANTS_PER_CELL: i64 = 500;

/// Slots made in one transaction at the most: every new role makes the cell's connections look up their memberships again, so
/// batches are better than single slots, and a batch holds locks, so they are not endless.
const BATCH: usize = 8;

/// What placement needs to work.
#[derive(Clone)]
pub struct Placement {
    /// The owner's connections.
    pub owner: Pool,
    /// Names and passwords.
    pub installation: Installation,
    /// What a tenant's schema is made of.
    pub template: Template,
    /// Clock and ids.
    pub ctx: Ctx,
}

/// What set-up did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetUp {
    /// Migration files that ran.
    pub migrations: usize,
    /// Whether grants and policies were applied anew.
    pub access: bool,
}

impl Placement {
    /// Opens and seals this installation's secrets.
    pub fn vault(&self) -> Vault {
        Vault::of(&self.installation)
    }

    /// The control plane's tables alone, without anything that carries this installation's name. Returns how many files ran.
    ///
    /// # Errors
    /// A migration that fails.
    pub async fn migrate_tables(&self) -> Result<usize> {
        self.owner
            .run("migrate_control", (), |tx, ()| {
                Box::pin(async move {
                    store::lock_before_tables(tx).await?;
                    Ok(migrate::apply(
                        tx,
                        "public",
                        &template::control()?,
                        migrate::history::HISTORY_TABLE,
                        false,
                    )
                    .await?
                    .files)
                })
            })
            .await
    }

    /// Brings the control plane up to date: tables, logins, grants, policies, the first shard and cell. Repeatable.
    ///
    /// # Errors
    /// A migration that fails, or a privilege that the owner lacks.
    pub async fn set_up(&self) -> Result<SetUp> {
        self.owner
            .run("set_up", self.clone(), |tx, this| {
                Box::pin(async move {
                    store::lock_before_tables(tx).await?;
                    let applied = migrate::apply(
                        tx,
                        "public",
                        &template::control()?,
                        migrate::history::HISTORY_TABLE,
                        false,
                    )
                    .await?;
                    let access = store::access::apply(tx, &this.installation, applied.files > 0).await?;
                    store::ensure_shard(tx, this.ctx.uuid()).await?;
                    tx.refuse_warnings()?;
                    Ok(SetUp { migrations: applied.files, access })
                })
            })
            .await
    }

    /// Makes slots until `wanted` are ready, in batches. Returns how many were made.
    ///
    /// # Errors
    /// The template's or the database's; finished batches stay.
    pub async fn fill(&self, wanted: usize) -> Result<usize> {
        let mut made = 0;
        loop {
            let batch = self.fill_batch(wanted).await?;
            made += batch;
            if batch < BATCH {
                return Ok(made);
            }
        }
    }

    /// Makes one batch of slots towards `wanted`, in one transaction. Returns how many were made.
    ///
    /// # Errors
    /// The template's or the database's; nothing of the batch stays.
    pub async fn fill_batch(&self, wanted: usize) -> Result<usize> {
        self.owner
            .run("fill_slots", (self.clone(), wanted), |tx, (this, wanted)| {
                Box::pin(async move {
                    // One filler at a time, whatever the number of workers.
                    store::lock(tx, "fill_slots").await?;
                    let ready = store::ready_slots(tx, this.template.digest()).await?;
                    let batch = wanted.saturating_sub(ready).min(BATCH);
                    for _ in 0..batch {
                        this.make_slot(tx).await?;
                    }
                    tx.refuse_warnings()?;
                    Ok::<_, Error>(batch)
                })
            })
            .await
    }

    /// Slots that are ready.
    ///
    /// # Errors
    /// The database's.
    pub async fn ready(&self) -> Result<usize> {
        let template = self.template.digest().to_owned();
        self.owner
            .run("ready_slots", template, |tx, template| Box::pin(store::ready_slots(tx, template)))
            .await
    }

    async fn make_slot(&self, tx: &tenantry_pg::ControlTx) -> Result<()> {
        self.ctx.faults.at("slot.begin")?;
        let home = self.new_home(tx).await?;
        home.place(tx).await?;
        home.migrate(tx, &self.template).await?;
        home.isolate(tx, &self.template).await?;
        home.look_at_the_whole(tx).await?;
        let fingerprint = home.fingerprint(tx).await?;
        store::insert_slot(tx, &home, &self.template, &fingerprint).await?;
        self.ctx.faults.at("slot.end")
    }

    /// A home that nothing of exists yet, in a cell with room; a new cell when all are full.
    pub(crate) async fn new_home(&self, tx: &tenantry_pg::ControlTx) -> Result<Home> {
        let opaque = Home::opaque()?;
        self.home_named(tx, TenantId(self.ctx.uuid()), &opaque).await
    }

    /// The same with names that were chosen before.
    ///
    /// # Errors
    /// A fault where no shard is open; the database's.
    pub async fn home_named(
        &self,
        tx: &tenantry_pg::ControlTx,
        tenant: TenantId,
        opaque: &str,
    ) -> Result<Home> {
        let shard = store::open_shard(tx).await?;
        let mut cell = store::cell_with_room(tx, shard, TENANTS_PER_CELL).await?;
        if cell.is_none() {
            // Somebody else may be making the next one: wait, look again.
            store::lock(tx, "new_cell").await?;
            cell = store::cell_with_room(tx, shard, TENANTS_PER_CELL).await?;
        }
        let cell = match cell {
            Some(cell) => cell,
            None => self.new_cell(tx, shard).await?,
        };
        Ok(Home::new(&self.installation, tenant, opaque, shard, cell))
    }

    async fn new_cell(&self, tx: &tenantry_pg::ControlTx, shard: Uuid) -> Result<i32> {
        let cell = store::next_cell(tx).await?;
        // Its password comes from our key: another one than set-up's would lock everybody out of this cell.
        store::access::refuse_unrecorded_key(tx, &self.installation).await?;
        let login = self.installation.cell(cell);
        store::access::make_login(tx, &login, &self.installation.verifier(&login), "").await?;
        store::insert_cell(tx, cell, shard, &login).await?;
        Ok(cell)
    }

    /// The cells' logins with their passwords, for a pooler's list of users.
    ///
    /// # Errors
    /// The database's.
    pub async fn cell_logins(&self) -> Result<Vec<Login>> {
        let cells = self.owner.run("list_cells", (), |tx, ()| Box::pin(store::cells(tx))).await?;
        Ok(cells.into_iter().map(|cell| self.installation.cell_login(cell)).collect())
    }

    /// Writes the slug of each newly claimed schema's tenant as its COMMENT, for people who look at the database directly. Returns how many.
    ///
    /// # Errors
    /// The database's; the next look tries again.
    pub async fn label(&self) -> Result<usize> {
        self.owner
            .run("label_schemas", (), |tx, ()| {
                Box::pin(async move {
                    let schemas = store::unlabelled(tx).await?;
                    for (schema, slug) in &schemas {
                        store::ddl::comment(tx, schema, slug).await?;
                    }
                    Ok(schemas.len())
                })
            })
            .await
    }

    /// Refreshes the planner's picture of the catalogue: after much DDL its guesses are off by orders of magnitude.
    ///
    /// # Errors
    /// The database's.
    pub async fn analyze_catalogue(&self) -> Result<()> {
        self.owner.run("analyze_catalogue", (), |tx, ()| Box::pin(store::analyze_catalogue(tx))).await
    }
}

/// A random name part: 64 bits, so that names are never guessed and never meet.
pub(crate) fn random_name() -> Result<String> {
    Ok(tenantry_pg::roles::hex(&ctx::random::<8>()?))
}
