//! The catalogue's account of what a schema is made of.
//!
//! Owns: nothing. Calls: pg. Called by: adoption's shape.
//! Invariants: the schema's own name is in none of the texts, so that two schemas made alike read alike
//! (`the_template_differs_from_itself_in_nothing`). After a crash: nothing is left.

use crate::Result;
use tenantry_pg::{self as pg, ControlTx, FromRow, Row, sql::quote_ident};

/// A relation's kind, one of its columns, or a constraint or index.
pub(crate) struct Part {
    pub(crate) relation: String,
    pub(crate) what: String,
    pub(crate) name: String,
    pub(crate) told: String,
}

impl FromRow for Part {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            relation: row.get("relation")?,
            what: row.get("what")?,
            name: row.get("name")?,
            told: row.get("told")?,
        })
    }
}

/// A schema that goes with [`end_scratch`], and with the transaction in any case.
pub(crate) async fn begin_scratch(tx: &ControlTx, schema: &str) -> Result<()> {
    Ok(tx.batch(&format!("SAVEPOINT adoption_scratch; CREATE SCHEMA {}", quote_ident(schema))).await?)
}

pub(crate) async fn end_scratch(tx: &ControlTx) -> Result<()> {
    Ok(tx.batch("ROLLBACK TO SAVEPOINT adoption_scratch; RELEASE SAVEPOINT adoption_scratch").await?)
}

pub(crate) async fn read(tx: &ControlTx, schema: &str) -> Result<Vec<Part>> {
    Ok(tx
        .all(
            "-- adoption::shape
             WITH relations AS (
                 SELECT c.oid, c.relname, c.relkind, quote_ident(n.nspname) || '.' AS qualifier
                 FROM pg_namespace n
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                                 AND d.classid = 'pg_class'::regclass
                 JOIN pg_class c ON c.oid = d.objid
                 WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
             )
             SELECT c.relname::text AS relation,
                    CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'table' END AS what,
                    '' AS name, '' AS told
             FROM relations c
             UNION ALL
             SELECT c.relname::text, 'column', a.attname::text,
                    replace(concat(format_type(a.atttypid, a.atttypmod),
                                   CASE WHEN a.attnotnull THEN ' not null' END,
                                   CASE WHEN a.attidentity <> '' THEN ' identity' END,
                                   CASE WHEN a.attgenerated <> '' THEN ' generated' WHEN e.oid IS NOT NULL THEN ' default' END,
                                   ' ' || pg_get_expr(e.adbin, e.adrelid)), c.qualifier, '')
             FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
             UNION ALL
             -- NOT NULL is told with its column; a trigger of a constraint says nothing by itself.
             SELECT c.relname::text, 'rule', '', replace(pg_get_constraintdef(k.oid), c.qualifier, '')
             FROM relations c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
             UNION ALL
             SELECT c.relname::text, 'rule', '',
                    concat(CASE WHEN i.indisunique THEN 'unique ' END, 'index',
                           replace(substr(pg_get_indexdef(i.indexrelid), strpos(pg_get_indexdef(i.indexrelid), ' USING ')), c.qualifier, ''))
             FROM relations c JOIN pg_index i ON i.indrelid = c.oid
             WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid)",
            &[&schema],
        )
        .await?)
}
