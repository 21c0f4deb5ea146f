//! Which workspaces and tenants the rows of a schema name, without reading more of them than that takes.
//!
//! Owns: the cursor `adoption_values`. Calls: pg. Called by: adoption.
//! Invariants: no more ids than asked for are looked for, one look-up each where an index leads with `workspace_id`
//! (`every_workspace_of_the_rows_is_found`); names are quoted. After a crash: the cursor ended with its transaction.

use crate::Result;
use std::collections::BTreeSet;
use tenantry_pg::{
    self as pg, ControlTx, FromRow, Row,
    sql::{quote_ident, quote_literal},
};
use uuid::Uuid;

/// What a row names.
pub(crate) enum Value {
    /// A workspace.
    Workspace(Uuid),
    /// A tenant.
    Tenant(Uuid),
    /// No workspace, in this table.
    Nobody(String),
}

struct Found {
    what: String,
    relation: String,
    id: Option<Uuid>,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self { what: row.get("what")?, relation: row.get("relation")?, id: row.get("id")? })
    }
}

/// A table with a column that is looked at.
struct Column {
    relation: String,
    nullable: bool,
    indexed: bool,
}

impl FromRow for Column {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            relation: row.get("relation")?,
            nullable: row.get("nullable")?,
            indexed: row.get("indexed")?,
        })
    }
}

/// The values of `workspace_id` in every table, and of `tenant_id` in the `stamped` ones; `most` of each at the most.
pub(crate) async fn read(
    tx: &ControlTx,
    schema: &str,
    stamped: &BTreeSet<String>,
    most: usize,
) -> Result<Vec<Value>> {
    let columns: Vec<Column> = tx
        .all(
            "-- adoption::workspace_columns
             SELECT c.relname::text AS relation, NOT a.attnotnull AS nullable,
                    EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum
                                AND i.indpred IS NULL AND i.indisvalid) AS indexed
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                             AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
             -- Ours are named by nobody's application.
             WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname NOT IN ('_events', '_counters')",
            &[&schema],
        )
        .await?;
    let mut parts: Vec<String> = columns.iter().flat_map(|column| of_column(schema, column, most)).collect();
    parts.extend(stamped.iter().map(|table| of_tenant(schema, table)));
    if parts.is_empty() {
        return Ok(Vec::new());
    }
    let union = parts.join(" UNION ");
    tx.batch(&format!("DECLARE adoption_values NO SCROLL CURSOR FOR {union}")).await?;
    let found: Vec<Found> = tx.all("-- adoption::values\nFETCH 10000 FROM adoption_values", &[]).await?;
    tx.batch("CLOSE adoption_values").await?;
    Ok(found.into_iter().filter_map(value).collect())
}

fn value(found: Found) -> Option<Value> {
    match (found.what.as_str(), found.id) {
        ("workspace", Some(id)) => Some(Value::Workspace(id)),
        ("tenant", Some(id)) => Some(Value::Tenant(id)),
        ("nobody", _) => Some(Value::Nobody(found.relation)),
        _ => None,
    }
}

fn of_column(schema: &str, column: &Column, most: usize) -> Vec<String> {
    let table = format!("{}.{}", quote_ident(schema), quote_ident(&column.relation));
    let ids = if column.indexed {
        // From each id to the next one: as many look-ups as there are ids, whatever the number of rows.
        format!(
            "WITH RECURSIVE ids (id) AS (
                 (SELECT workspace_id FROM {table} ORDER BY workspace_id LIMIT 1)
                 UNION ALL
                 SELECT (SELECT t.workspace_id FROM {table} t WHERE t.workspace_id > ids.id ORDER BY t.workspace_id LIMIT 1)
                 FROM ids WHERE ids.id IS NOT NULL
             ) SELECT id FROM ids WHERE id IS NOT NULL LIMIT {most}"
        )
    } else {
        format!("SELECT DISTINCT workspace_id AS id FROM {table} WHERE workspace_id IS NOT NULL LIMIT {most}")
    };
    let mut parts =
        vec![format!("SELECT 'workspace' AS what, '' AS relation, found.id FROM ({ids}) AS found")];
    if column.nullable {
        parts.push(format!(
            "SELECT 'nobody', {}, NULL::uuid WHERE EXISTS (SELECT FROM {table} WHERE workspace_id IS NULL)",
            quote_literal(&column.relation)
        ));
    }
    parts
}

fn of_tenant(schema: &str, table: &str) -> String {
    let table = format!("{}.{}", quote_ident(schema), quote_ident(table));
    // Two tell that there is more than one.
    format!(
        "SELECT 'tenant' AS what, '' AS relation, found.id FROM (SELECT DISTINCT tenant_id AS id FROM {table} WHERE tenant_id IS NOT NULL LIMIT 2) AS found"
    )
}
