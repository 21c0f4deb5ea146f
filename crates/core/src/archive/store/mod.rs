//! SQL of archives in `public`: uploads and their chunks, ids of workspaces, what the registry tells of a tenant.
//!
//! Owns: archives, `archive_chunks`, `archive_workspaces`. Calls: pg. Called by: archive.
//! Invariants: a chunk belongs to an upload that is not complete; ids are decided once per archive. After a crash: one transaction or none.

pub(super) mod catalogue;

use crate::{Error, Result};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row};
use tenantry_types::{TenantId, archive::ArchivedWorkspace};
use uuid::Uuid;

pub(super) async fn insert(tx: &ControlTx, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    tx.query(
        "-- archive::insert
         INSERT INTO archives (id, state, created_at, touched_at) VALUES ($1, 'uploading', $2, $2)",
        &[&id, &now],
    )
    .await?;
    Ok(())
}

pub(super) async fn insert_chunk(
    tx: &ControlTx,
    id: Uuid,
    position: i32,
    data: &[u8],
    now: DateTime<Utc>,
) -> Result<()> {
    let touched = tx
        .query(
            "-- archive::insert_chunk
             WITH upload AS (
                 UPDATE archives SET bytes = bytes + octet_length($3), touched_at = $4
                 WHERE id = $1 AND state = 'uploading' RETURNING id
             )
             INSERT INTO archive_chunks (archive_id, position, data) SELECT id, $2, $3 FROM upload RETURNING position",
            &[&id, &position, &data, &now],
        )
        .await?;
    if touched.is_empty() {
        return Err(Error::Fault(format!("the upload {id} is gone: it was silent for too long")));
    }
    Ok(())
}

pub(super) async fn complete(
    tx: &ControlTx,
    id: Uuid,
    sha256: &str,
    head: &Value,
    now: DateTime<Utc>,
) -> Result<()> {
    let done = tx
        .query(
            "-- archive::complete
             UPDATE archives SET state = 'complete', sha256 = $2, head = $3, touched_at = $4
             WHERE id = $1 AND state = 'uploading' RETURNING id",
            &[&id, &sha256, head, &now],
        )
        .await?;
    if done.is_empty() {
        return Err(Error::Fault(format!("the upload {id} is gone: it was silent for too long")));
    }
    Ok(())
}

pub(super) async fn remove(tx: &ControlTx, id: Uuid) -> Result<()> {
    tx.query("-- archive::remove\nDELETE FROM archives WHERE id = $1", &[&id]).await?;
    Ok(())
}

/// Uploads that fell silent before `before`. Returns how many there were.
pub(super) async fn sweep(tx: &ControlTx, before: DateTime<Utc>) -> Result<usize> {
    let gone = tx
        .query(
            "-- archive::sweep
             -- A complete one is discarded when its tenant is active. Until then its run can be retried, for a week.
             DELETE FROM archives
             WHERE touched_at < CASE state WHEN 'uploading' THEN $1 ELSE $1 - interval '7 days' END RETURNING id",
            &[&before],
        )
        .await?;
    Ok(gone.len())
}

/// A complete archive.
pub(super) struct Stored {
    pub(super) head: Value,
    pub(super) bytes: i64,
    pub(super) sha256: String,
}

impl FromRow for Stored {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self { head: row.get("head")?, bytes: row.get("bytes")?, sha256: row.get("sha256")? })
    }
}

pub(super) async fn find(tx: &ControlTx, id: Uuid) -> Result<Stored> {
    tx.optional(
        "-- archive::find
         SELECT head, bytes, sha256 FROM archives WHERE id = $1 AND state = 'complete'",
        &[&id],
    )
    .await?
    .ok_or_else(|| Error::Fault(format!("there is no complete archive {id}")))
}

/// A chunk; none after the last.
pub(super) async fn chunk(tx: &ControlTx, id: Uuid, position: i32) -> Result<Option<Vec<u8>>> {
    let rows = tx
        .query(
            "-- archive::chunk
             SELECT data FROM archive_chunks WHERE archive_id = $1 AND position = $2",
            &[&id, &position],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("data")).transpose()?)
}

/// The ids that were decided for an archive: its own, and the one here.
pub(super) async fn ids(tx: &ControlTx, id: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let rows = tx
        .query(
            "-- archive::ids
             SELECT workspace_id, new_id FROM archive_workspaces WHERE archive_id = $1",
            &[&id],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("workspace_id")?, row.get("new_id")?))).collect()
}

/// Whether any of these is a workspace's here, or promised to another archive's.
pub(super) async fn taken(tx: &ControlTx, ids: &Vec<Uuid>) -> Result<bool> {
    let rows = tx
        .query(
            "-- archive::taken
             SELECT EXISTS (SELECT FROM workspaces WHERE id = ANY ($1))
                 OR EXISTS (SELECT FROM archive_workspaces WHERE new_id = ANY ($1)) AS taken",
            &[ids],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::Fault("a question without an answer".to_owned()))?;
    Ok(row.get("taken")?)
}

pub(super) async fn insert_id(tx: &ControlTx, archive: Uuid, own: Uuid, here: Uuid) -> Result<()> {
    tx.query(
        "-- archive::insert_id
         INSERT INTO archive_workspaces (archive_id, workspace_id, new_id) VALUES ($1, $2, $3)",
        &[&archive, &own, &here],
    )
    .await?;
    Ok(())
}

/// A tenant's own limits, and what its schema was made from.
pub(super) struct Own {
    pub(super) max_agents: Option<i32>,
    pub(super) max_tasks_per_month: Option<i32>,
    pub(super) storage_limit_gb: Option<i32>,
    pub(super) schema_version: String,
    pub(super) template: String,
}

impl FromRow for Own {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            max_agents: row.get("max_agents")?,
            max_tasks_per_month: row.get("max_tasks_per_month")?,
            storage_limit_gb: row.get("storage_limit_gb")?,
            schema_version: row.get("schema_version")?,
            template: row.get("template")?,
        })
    }
}

struct WorkspaceRow(ArchivedWorkspace);

impl FromRow for WorkspaceRow {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self(ArchivedWorkspace {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            is_default: row.get("is_default")?,
            archived_at: row.get("archived_at")?,
        }))
    }
}

/// What the registry tells of a tenant beside its record, archived workspaces too.
pub(super) async fn registered(tx: &ControlTx, tenant: TenantId) -> Result<(Own, Vec<ArchivedWorkspace>)> {
    let own = tx
        .one(
            "-- archive::own
             SELECT t.max_agents, t.max_tasks_per_month, t.storage_limit_gb, s.schema_version, s.template
             FROM tenants t JOIN slots s ON s.tenant_id = t.id WHERE t.id = $1",
            &[&tenant.0],
        )
        .await?;
    let workspaces: Vec<WorkspaceRow> = tx
        .all(
            "-- archive::workspaces
             SELECT id, slug, name, is_default, archived_at FROM workspaces WHERE tenant_id = $1
             ORDER BY is_default DESC, created_at, id",
            &[&tenant.0],
        )
        .await?;
    Ok((own, workspaces.into_iter().map(|row| row.0).collect()))
}
