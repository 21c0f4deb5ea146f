//! A tenant's schema as an archive sees it: tables, sequences, and what must step aside while rows come in.
//!
//! Owns: nothing (tables are the tenant's; placement makes the schema). Calls: pg. Called by: archive's export and load.
//! Invariants: names are quoted, never pasted; relations are found through `pg_depend`, as in placement. After a crash: one transaction or none.

use crate::{Error, Result};
use std::fmt::Write;
use tenantry_pg::{
    self as pg, ControlTx, FromRow, Row, WideTx,
    migrate::{SYSTEM_HISTORY, history::HISTORY_TABLE},
    sql::quote_ident,
};
use tenantry_types::archive::{ArchivedColumn, SequenceAt};

/// A table with its columns.
pub(in crate::archive) struct Table {
    pub(in crate::archive) name: String,
    partitioned: bool,
    /// Whether the current role sees every row.
    pub(in crate::archive) whole: bool,
    pub(in crate::archive) columns: Vec<ArchivedColumn>,
    /// The columns of its primary key.
    key: Vec<String>,
}

impl FromRow for Table {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        let (names, types): (Vec<String>, Vec<String>) = (row.get("columns")?, row.get("types")?);
        let columns =
            names.into_iter().zip(types).map(|(name, kind)| ArchivedColumn { name, kind }).collect();
        Ok(Self {
            name: row.get("name")?,
            partitioned: row.get::<String>("kind")? == "p",
            whole: row.get("whole")?,
            columns,
            key: row.get("key")?,
        })
    }
}

/// The platform's own tables, which are never archived.
fn own_tables() -> Vec<String> {
    [SYSTEM_HISTORY, HISTORY_TABLE, "_events", "_idempotency", "_counters"].map(str::to_owned).into()
}

const TABLES: &str = "-- archive::tables
    SELECT c.relname::text AS name, c.relkind::text AS kind,
           has_table_privilege(c.oid, 'SELECT') AND (NOT c.relrowsecurity OR EXISTS (
               SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                 AND p.polroles && ARRAY[0::oid, current_user::regrole::oid]
                 AND pg_get_expr(p.polqual, p.polrelid) = 'true'
           ) AND NOT EXISTS (
               SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive AND p.polcmd IN ('r', '*')
                 AND p.polroles && ARRAY[0::oid, current_user::regrole::oid]
           )) AS whole,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                 ORDER BY a.attnum) AS columns,
           -- A type of the schema's own is called the same in every home.
           ARRAY(SELECT replace(format_type(a.atttypid, a.atttypmod), quote_ident(n.nspname) || '.', '') FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                 ORDER BY a.attnum) AS types,
           ARRAY(SELECT a.attname::text FROM pg_index i
                 CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, place)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                 WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place) AS key
    FROM pg_namespace n
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.objid
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> ALL ($2)
    ORDER BY c.relname";

/// The tables of a tenant, seen by the role that reads across its workspaces.
pub(in crate::archive) async fn tables_wide(tx: &WideTx, schema: &str) -> Result<Vec<Table>> {
    Ok(tx.all(TABLES, &[&schema, &own_tables()]).await?)
}

/// The same, seen by their owner.
pub(in crate::archive) async fn tables(tx: &ControlTx, schema: &str) -> Result<Vec<Table>> {
    Ok(tx.all(TABLES, &[&schema, &own_tables()]).await?)
}

/// How values are written as text, so that both ends read them alike.
const SETTLE: &str = "-- archive::settle
    SELECT set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'postgres', true),
           set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true),
           set_config('extra_float_digits', '3', true), set_config('lc_monetary', 'C', true),
           set_config('xmloption', 'content', true)";

/// Settles how values are written, for this transaction.
pub(in crate::archive) async fn settle_wide(tx: &WideTx) -> Result<()> {
    Ok(tx.query(SETTLE, &[]).await.map(drop)?)
}

/// Settles how values are written, for this transaction.
pub(in crate::archive) async fn settle(tx: &ControlTx) -> Result<()> {
    Ok(tx.query(SETTLE, &[]).await.map(drop)?)
}

/// Where the schema's sequences stand, but for those of the platform's own tables. As the role of the tenant's scopes: it may use them.
pub(in crate::archive) async fn sequences(tx: &WideTx, schema: &str) -> Result<Vec<SequenceAt>> {
    let rows = tx
        .query(
            "-- archive::sequences
             SELECT c.relname::text AS name, pg_sequence_last_value(c.oid) AS last
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid
             WHERE n.nspname = $1 AND c.relkind = 'S' AND NOT EXISTS (
                 SELECT FROM pg_depend o JOIN pg_class t ON t.oid = o.refobjid
                 WHERE o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
                   AND o.deptype IN ('a', 'i') AND t.relname = ANY ($2))
             ORDER BY c.relname",
            &[&schema, &own_tables()],
        )
        .await?;
    rows.iter().map(|row| Ok(SequenceAt { name: row.get("name")?, last: row.get("last")? })).collect()
}

/// Sets a sequence to where it stood. False where there is none of the name.
pub(in crate::archive) async fn set_sequence(
    tx: &ControlTx,
    schema: &str,
    sequence: &SequenceAt,
) -> Result<bool> {
    let rows = tx
        .query(
            "-- archive::set_sequence
             SELECT setval(c.oid::regclass, coalesce($3, s.seqstart), $3 IS NOT NULL)
             FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $2 AND c.relkind = 'S'
             JOIN pg_sequence s ON s.seqrelid = c.oid
             WHERE n.nspname = $1",
            &[&schema, &sequence.name, &sequence.last],
        )
        .await?;
    Ok(!rows.is_empty())
}

fn name_of(schema: &str, table: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(table))
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| quote_ident(name)).collect::<Vec<_>>().join(", ")
}

/// The statement that keeps tables from being changed or emptied by TRUNCATE, which no picture protects from; none where there are none.
pub(in crate::archive) fn hold(schema: &str, tables: &[Table]) -> Option<String> {
    let names: Vec<String> = tables.iter().map(|table| name_of(schema, &table.name)).collect();
    (!names.is_empty()).then(|| format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")))
}

/// The statement that streams a table's rows, in the order of its key where it has one.
pub(in crate::archive) fn copy_out(schema: &str, table: &Table) -> String {
    let columns = list(table.columns.iter().map(|column| &column.name));
    // A table that others inherit from has rows of its own; those of the others come with them.
    let only = if table.partitioned { "" } else { "ONLY " };
    let order = if table.key.is_empty() { String::new() } else { format!(" ORDER BY {}", list(&table.key)) };
    format!("COPY (SELECT {columns} FROM {only}{}{order}) TO STDOUT", name_of(schema, &table.name))
}

/// The statement that takes rows into a table.
pub(in crate::archive) fn copy_in(schema: &str, table: &Table) -> String {
    let columns = list(table.columns.iter().map(|column| &column.name));
    format!("COPY {} ({columns}) FROM STDIN", name_of(schema, &table.name))
}

/// What stepped aside while rows come in, as the statements that put it back.
pub(in crate::archive) struct Aside(String);

/// Takes down the schema's foreign keys, since rows come table by table, and its triggers, since rows are to stay what they are; empties
/// its tables. [`put_back`] undoes all but the last.
pub(in crate::archive) async fn clear_the_way(
    tx: &ControlTx,
    schema: &str,
    tables: &[Table],
) -> Result<Aside> {
    let (mut down, mut back) = (String::new(), String::new());
    let keys = tx
        .query(
            "-- archive::foreign_keys
             SELECT c.relname::text AS relation, k.conname::text AS name, pg_get_constraintdef(k.oid) AS definition,
                    quote_literal(obj_description(k.oid, 'pg_constraint')) AS comment
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid
             JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
             WHERE n.nspname = $1 ORDER BY k.oid",
            &[&schema],
        )
        .await?;
    for row in &keys {
        let table = name_of(schema, &row.get::<String>("relation")?);
        let (name, definition) = (quote_ident(&row.get::<String>("name")?), row.get::<String>("definition")?);
        // Writing to a String cannot fail.
        let _ = writeln!(down, "ALTER TABLE {table} DROP CONSTRAINT {name};");
        let _ = writeln!(back, "ALTER TABLE {table} ADD CONSTRAINT {name} {definition};");
        if let Some(comment) = row.get::<Option<String>>("comment")? {
            let _ = writeln!(back, "COMMENT ON CONSTRAINT {name} ON {table} IS {comment};");
        }
    }
    let triggers = tx
        .query(
            "-- archive::triggers
             SELECT c.relname::text AS relation, t.tgname::text AS name,
                    CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END AS state
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p')
             JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'
             WHERE n.nspname = $1 ORDER BY t.oid",
            &[&schema],
        )
        .await?;
    for row in &triggers {
        let table = name_of(schema, &row.get::<String>("relation")?);
        let (name, state) = (quote_ident(&row.get::<String>("name")?), row.get::<String>("state")?);
        let _ = writeln!(down, "ALTER TABLE ONLY {table} DISABLE TRIGGER {name};");
        let _ = writeln!(back, "ALTER TABLE ONLY {table} {state} TRIGGER {name};");
    }
    let all: Vec<String> = tables.iter().map(|table| name_of(schema, &table.name)).collect();
    if !all.is_empty() {
        let _ = writeln!(down, "TRUNCATE {};", all.join(", "));
        let _ = writeln!(back, "ANALYZE {};", all.join(", "));
    }
    tx.batch(&down).await?;
    Ok(Aside(back))
}

/// Puts back what stepped aside. Foreign keys are thereby checked against all rows.
///
/// # Errors
/// The database's; [`pg::ErrorKind::ForeignKey`] where a row points to nothing.
pub(in crate::archive) async fn put_back(tx: &ControlTx, aside: Aside) -> Result<()> {
    // Constraints that wait for the end of the transaction would stand in the way of ALTER TABLE.
    tx.batch("SET CONSTRAINTS ALL IMMEDIATE").await?;
    tx.batch(&aside.0).await.map_err(Error::from)
}
