//! Loads an uploaded archive into a home that was made for it. The worker's part: the owner alone may write a schema.
//!
//! Ids: the tenant's id becomes that of the home, in columns `tenant_id`. Workspaces keep their ids where all of them are free in this
//! installation; else all get new ones, in columns `workspace_id` of every table. Only uuid columns of these names are looked at; a
//! workspace's id inside a document or an array stays what it was.
//!
//! Owns: nothing. Calls: store, placement, registry. Called by: provisioning's import.
//! Invariants: every step may run twice with the same end (`loading_twice_ends_the_same`); only a home whose tenant is being made is
//! touched (`a_living_tenant_is_not_loaded_over`); at the end each table is read back and summed, and must be the manifest's
//! (`a_row_that_changes_on_the_way_is_named`); a database that goes away is no fault of the archive's (`an_outage_during_a_load_is_none_of_the_archives`); a mebibyte of the archive is in memory, and a row where it is longer.
//! After a crash: one transaction of the worker or none.

use super::{rows::Mapping, store, store::catalogue};
use crate::{
    Error, Result,
    ctx::Ctx,
    placement::{self, Home},
    registry,
};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tenantry_pg::{self as pg, ControlTx, ErrorKind, Pool};
use tenantry_types::{
    WorkspaceId,
    archive::{Check, Head, RowSum, TableSum, Whole},
    tenant::TenantStatus,
};
use uuid::Uuid;

/// An upload that was silent for so long is given up.
const SILENCE: TimeDelta = TimeDelta::hours(1);

/// What was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loaded {
    /// Tables, empty ones too.
    pub tables: usize,
    /// Rows of all tables.
    pub rows: u64,
    /// Bytes of the archive.
    pub bytes: u64,
}

/// A workspace to be made for an imported tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedWorkspace {
    /// The id that its rows carry here.
    pub id: WorkspaceId,
    /// Its slug.
    pub slug: String,
    /// For people.
    pub name: String,
    /// Whether it is the default one.
    pub is_default: bool,
    /// When it was archived, if it was.
    pub archived_at: Option<DateTime<Utc>>,
}

/// What a complete archive says of itself.
///
/// # Errors
/// A fault when there is no complete archive of this id.
pub async fn head(tx: &ControlTx, archive: Uuid) -> Result<Head> {
    read_head(store::find(tx, archive).await?.head)
}

fn read_head(head: serde_json::Value) -> Result<Head> {
    serde_json::from_value(head)
        .map_err(|error| Error::Fault(format!("a stored head cannot be read: {error}")))
}

/// The workspaces to make in `public`, with the ids that the rows carry or will carry. Decided once; later calls say the same.
///
/// # Errors
/// The database's, or a fault when there is no complete archive of this id.
pub async fn workspaces(tx: &ControlTx, archive: Uuid) -> Result<Vec<ImportedWorkspace>> {
    let head = head(tx, archive).await?;
    let ids = ids(tx, archive, &head).await?;
    let made = head.workspaces.into_iter().map(|workspace| ImportedWorkspace {
        id: WorkspaceId(ids.get(&workspace.id).copied().unwrap_or(workspace.id)),
        slug: workspace.slug,
        name: workspace.name,
        is_default: workspace.is_default,
        archived_at: workspace.archived_at,
    });
    Ok(made.collect())
}

/// Which id each workspace has here.
async fn ids(tx: &ControlTx, archive: Uuid, head: &Head) -> Result<BTreeMap<Uuid, Uuid>> {
    // Two archives must not both find the same ids free.
    placement::store::lock(tx, "archive_ids").await?;
    let decided = store::ids(tx, archive).await?;
    if !decided.is_empty() {
        return Ok(decided.into_iter().collect());
    }
    let own: Vec<Uuid> = head.workspaces.iter().map(|workspace| workspace.id).collect();
    let taken = store::taken(tx, &own).await?;
    let ids: BTreeMap<Uuid, Uuid> =
        own.into_iter().map(|id| (id, if taken { new_id(archive, id) } else { id })).collect();
    for (own, here) in &ids {
        store::insert_id(tx, archive, *own, *here).await?;
    }
    Ok(ids)
}

/// The same for the same archive and workspace, and nobody else's.
fn new_id(archive: Uuid, workspace: Uuid) -> Uuid {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(b"tenantry imported workspace")
        .chain_update(archive.as_bytes())
        .chain_update(workspace.as_bytes())
        .finalize()
        .into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Removes an archive and all that belongs to it. Repeatable.
///
/// # Errors
/// The database's.
pub async fn discard(tx: &ControlTx, archive: Uuid) -> Result<()> {
    store::remove(tx, archive).await
}

/// Removes uploads that have been silent for an hour, whose client or server is gone, and archives that no run made a tenant of within a
/// week. Returns how many.
///
/// # Errors
/// The database's; the next look tries again.
pub async fn sweep(owner: &Pool, ctx: &Ctx) -> Result<usize> {
    let before = ctx.now() - SILENCE;
    owner.run("sweep_archives", before, |tx, before| Box::pin(store::sweep(tx, *before))).await
}

/// Fills a home's tables with the rows of an archive, whatever was in them. The home must be made of the archive's migration files, and
/// its tenant not be serving anybody yet. Call in the transaction of the step; repeatable.
///
/// # Errors
/// A fault that names the table where rows do not fit or are not the archive's at the end; the database's.
pub async fn load(tx: &ControlTx, home: &Home, archive: Uuid) -> Result<Loaded> {
    if let Some(tenant) = registry::store::by_id(tx, home.tenant).await?
        && tenant.status != TenantStatus::Provisioning
    {
        return Err(Error::Fault(format!(
            "{} is {}: archives go into new tenants",
            tenant.slug, tenant.status
        )));
    }
    let stored = store::find(tx, archive).await?;
    let head = read_head(stored.head)?;
    let ids = ids(tx, archive, &head).await?;
    let mapping = Mapping::new((head.tenant.id, home.tenant.0), ids);
    catalogue::settle(tx).await?;
    let tables = catalogue::tables(tx, &home.schema).await?;
    same_tables(&head, &tables)?;
    let aside = catalogue::clear_the_way(tx, &home.schema, &tables).await?;
    let mut filling = Filling::new(tx, &home.schema, &tables, &mapping);
    let whole = filling.all(archive).await?;
    if whole.sha256 != stored.sha256 || i64::try_from(whole.bytes) != Ok(stored.bytes) {
        return Err(Error::Fault(format!(
            "the stored bytes of archive {archive} are not those that were checked"
        )));
    }
    compare(tx, &home.schema, &tables, &mapping, &filling.rows, &whole.manifest.tables).await?;
    for sequence in &whole.manifest.sequences {
        if !catalogue::set_sequence(tx, &home.schema, sequence).await? {
            return Err(Error::Fault(format!("the new home has no sequence {}", sequence.name)));
        }
    }
    catalogue::put_back(tx, aside).await?;
    let rows = filling.rows.iter().sum();
    Ok(Loaded { tables: tables.len(), rows, bytes: whole.bytes })
}

/// The home must have the archive's tables with the archive's columns, and no others.
fn same_tables(head: &Head, tables: &[catalogue::Table]) -> Result<()> {
    let wrong = |name: &str, why: &str| Err(Error::Fault(format!("the table {name} {why}")));
    for told in &head.tables {
        let Some(table) = tables.iter().find(|table| table.name == told.name) else {
            return wrong(&told.name, "is in the archive and not in the new home");
        };
        if table.columns != told.columns {
            return wrong(&told.name, "has other columns in the archive than in the new home");
        }
    }
    match tables.iter().find(|table| head.tables.iter().all(|told| told.name != table.name)) {
        Some(table) => wrong(&table.name, "is in the new home and not in the archive"),
        None if tables.iter().zip(&head.tables).any(|(table, told)| table.name != told.name) => {
            wrong("list", "has another order in the archive than in the new home")
        }
        None => Ok(()),
    }
}

/// Rows on their way into tables.
struct Filling<'a> {
    tx: &'a ControlTx,
    schema: &'a str,
    tables: &'a [catalogue::Table],
    mapping: &'a Mapping,
    table: usize,
    /// The beginning of a row whose end comes with the next chunk.
    begun: Vec<u8>,
    /// Rows that PostgreSQL took, by table.
    rows: Vec<u64>,
}

impl<'a> Filling<'a> {
    fn new(tx: &'a ControlTx, schema: &'a str, tables: &'a [catalogue::Table], mapping: &'a Mapping) -> Self {
        Self { tx, schema, tables, mapping, table: 0, begun: Vec::new(), rows: vec![0; tables.len()] }
    }

    /// Every chunk, checked once more: what was stored may not be what was sent.
    async fn all(&mut self, archive: Uuid) -> Result<Whole> {
        let changed = |refusal| Error::Fault(format!("the stored archive {archive} is damaged: {refusal}"));
        let mut check = Check::default();
        let mut position = 0;
        while let Some(chunk) = store::chunk(self.tx, archive, position).await? {
            let mut pieces: Vec<(usize, Vec<u8>)> = Vec::new();
            let taken = check.push(&chunk, &mut |table, bytes| match pieces.last_mut() {
                Some((last, piece)) if *last == table => piece.extend_from_slice(bytes),
                _ => pieces.push((table, bytes.to_vec())),
            });
            taken.map_err(changed)?;
            for (table, piece) in pieces {
                self.take(table, piece).await?;
            }
            position += 1;
        }
        check.finish().map_err(changed)
    }

    async fn take(&mut self, table: usize, mut piece: Vec<u8>) -> Result<()> {
        if table != self.table && !self.begun.is_empty() {
            return Err(self.fault("ends in the middle of a row"));
        }
        self.table = table;
        let Some(last) = piece.iter().rposition(|byte| *byte == b'\n') else {
            self.begun.append(&mut piece);
            return Ok(());
        };
        let rest = piece.split_off(last + 1);
        let mut rows = std::mem::replace(&mut self.begun, rest);
        rows.append(&mut piece);
        self.copy(rows).await
    }

    async fn copy(&mut self, rows: Vec<u8>) -> Result<()> {
        let Some(table) = self.tables.get(self.table) else {
            return Err(Error::Fault(format!("the archive has more than {} tables", self.tables.len())));
        };
        let rows = match self.mapping.of_table(&table.columns) {
            Some(mapping) => mapping.rows(&rows),
            None => rows,
        };
        let taken = async {
            let mut copy = self.tx.copy_in(&catalogue::copy_in(self.schema, table)).await?;
            copy.send(rows).await?;
            copy.finish().await
        };
        let taken = taken.await.map_err(|error| self.refusal(error))?;
        self.rows[self.table] += taken;
        Ok(())
    }

    /// Rows that the table refuses are the archive's fault, which no repetition mends. An outage stays what it is: the run waits, and goes on.
    fn refusal(&self, error: pg::Error) -> Error {
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Retry => Error::Database(error),
            _ => self.fault(&format!("does not take its rows: {error}")),
        }
    }

    fn fault(&self, why: &str) -> Error {
        let name = self.tables.get(self.table).map_or("?", |table| &table.name);
        Error::Fault(format!("the table {name} {why}"))
    }
}

/// Reads every table back, with the archive's ids, and compares it with the manifest.
async fn compare(
    tx: &ControlTx,
    schema: &str,
    tables: &[catalogue::Table],
    mapping: &Mapping,
    taken: &[u64],
    told: &[TableSum],
) -> Result<()> {
    let back = mapping.turned();
    for ((table, told), taken) in tables.iter().zip(told).zip(taken) {
        let found = sum(tx, schema, table, &back).await?;
        if found != *told || *taken != told.rows {
            return Err(Error::Fault(format!(
                "the table {} does not hold what the archive has: {} rows of {} bytes were loaded, {} of {} are in the manifest{}",
                table.name,
                found.rows,
                found.bytes,
                told.rows,
                told.bytes,
                if (found.rows, found.bytes) == (told.rows, told.bytes) {
                    ", and their checksums differ"
                } else {
                    ""
                },
            )));
        }
    }
    Ok(())
}

async fn sum(tx: &ControlTx, schema: &str, table: &catalogue::Table, back: &Mapping) -> Result<TableSum> {
    let mapping = back.of_table(&table.columns);
    let mut out = tx.copy_out(&catalogue::copy_out(schema, table)).await?;
    let (mut sum, mut row) = (RowSum::default(), Vec::new());
    while out.next_into(&mut row).await? {
        match &mapping {
            Some(mapping) => sum.update(&mapping.rows(&row)),
            None => sum.update(&row),
        }
        row.clear();
    }
    Ok(sum.of(&table.name))
}
