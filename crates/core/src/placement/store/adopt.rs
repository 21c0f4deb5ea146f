//! DDL that makes a schema of others a tenant's home, and gives it back as it was found.
//!
//! Owns: slots. Calls: ddl, pg. Called by: placement's home.
//! Invariants: a schema that was there before us is never dropped (`an_adopted_schema_is_never_dropped`); giving back works from whatever
//! was done, and twice (`giving_back_restores_everything`). After a crash: one transaction or none.

use super::{
    ddl,
    prior::{self, Grant, Prior, Targets},
};
use crate::{
    Error, Result,
    placement::{Home, Template},
};
use chrono::{DateTime, Utc};
use std::{collections::BTreeSet, fmt::Write};
use tenantry_pg::{
    ControlTx,
    migrate::{self, SYSTEM_HISTORY},
    sql::{quote_ident, quote_literal},
};
use tenantry_types::{ErrorCode, TenantId};

/// Our own tables in a tenant's schema.
pub(in crate::placement) const SYSTEM_TABLES: &[&str] =
    &["_events", "_idempotency", "_counters", SYSTEM_HISTORY];

/// Waiting for a table's lock keeps everybody behind us waiting too.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '1s'";

/// Fails where dropping the schema would take somebody's data with it.
pub(super) async fn refuse_adopted(tx: &ControlTx, schema: &str) -> Result<()> {
    let rows = tx
        .query(
            "-- adopt::refuse_adopted\nSELECT adopted_from FROM slots WHERE schema_name = $1 AND adopted_from IS NOT NULL",
            &[&schema],
        )
        .await?;
    match rows.first() {
        None => Ok(()),
        Some(row) => Err(Error::Fault(format!(
            "{schema} was adopted from {}: it is given back, never dropped",
            row.get::<String>("adopted_from")?
        ))),
    }
}

/// The schema as it is now, as far as adopting changes anything.
pub(in crate::placement) async fn prior(tx: &ControlTx, schema: &str) -> Result<Prior> {
    let rows = tx
        .query(
            "-- adopt::comment
             SELECT obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE nspname = $1",
            &[&schema],
        )
        .await?;
    let comment = rows.first().map(|row| row.get("comment")).transpose()?.flatten();
    let arrays = arrays(tx, schema).await?.into_iter().map(|(kind, array, _)| (kind, array)).collect();
    Ok(Prior { grants: grants(tx, schema).await?, comment, arrays })
}

/// What others than the owner may do.
async fn grants(tx: &ControlTx, schema: &str) -> Result<BTreeSet<Grant>> {
    let grants: Vec<Grant> = tx
        .all(
            "-- adopt::grants
             WITH home AS (
                 SELECT oid, nspowner, nspacl FROM pg_namespace WHERE nspname = $1
             ), parts AS (
                 SELECT d.classid, d.objid FROM home h
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = h.oid
             ), relations AS (
                 SELECT c.oid, c.relname, c.relowner, c.relkind, c.relacl
                 FROM parts d JOIN pg_class c ON c.oid = d.objid
                 WHERE d.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
             ), objects AS (
                 SELECT 'schema' AS kind, '' AS object, '' AS attribute, nspowner AS owner, nspacl AS acl FROM home
                 UNION ALL
                 SELECT CASE relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END, relname::text, '', relowner, relacl FROM relations
                 UNION ALL
                 SELECT 'column', c.relname::text, a.attname::text, c.relowner, a.attacl
                 FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                 UNION ALL
                 -- Without a list of its own everybody may call a function.
                 SELECT 'routine', p.proname || ' ' || p.proargtypes::text, '', p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
                 FROM parts d JOIN pg_proc p ON p.oid = d.objid WHERE d.classid = 'pg_proc'::regclass
             )
             SELECT o.kind, o.object, o.attribute AS column, coalesce(r.rolname::text, '') AS grantee,
                    a.privilege_type AS privilege, a.is_grantable AS grantable
             FROM objects o CROSS JOIN LATERAL aclexplode(o.acl) AS a LEFT JOIN pg_roles r ON r.oid = a.grantee
             WHERE a.grantee <> o.owner",
            &[&schema],
        )
        .await?;
    Ok(grants.into_iter().collect())
}

/// What can be granted on, and to whom.
async fn targets(tx: &ControlTx, schema: &str, then: &BTreeSet<Grant>) -> Result<Targets> {
    let rows = tx
        .query(
            "-- adopt::targets
             WITH parts AS (
                 SELECT d.classid, d.objid FROM pg_namespace n
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                 WHERE n.nspname = $1
             )
             SELECT 'routine' AS kind, p.proname || ' ' || p.proargtypes::text AS object, p.oid::regprocedure::text AS name
             FROM parts d JOIN pg_proc p ON p.oid = d.objid WHERE d.classid = 'pg_proc'::regclass
             UNION ALL
             SELECT 'relation', c.relname::text, '' FROM parts d JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass
             UNION ALL
             SELECT 'column', c.relname::text, a.attname::text
             FROM parts d JOIN pg_class c ON c.oid = d.objid JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
             WHERE d.classid = 'pg_class'::regclass",
            &[&schema],
        )
        .await?;
    let mut targets = Targets::default();
    for row in &rows {
        let (kind, object, name): (String, String, String) =
            (row.get("kind")?, row.get("object")?, row.get("name")?);
        match kind.as_str() {
            "routine" => drop(targets.routines.insert(object, name)),
            "column" => drop(targets.relations.insert(format!("{object}\0{name}"))),
            _ => drop(targets.relations.insert(object)),
        }
    }
    let named: Vec<String> = then.iter().map(|grant| grant.grantee.clone()).collect();
    let rows = tx
        .query(
            "-- adopt::roles\nSELECT rolname::text AS role FROM pg_roles WHERE rolname = ANY ($1)",
            &[&named],
        )
        .await?;
    for row in &rows {
        targets.roles.insert(row.get("role")?);
    }
    Ok(targets)
}

/// Takes the schema's grants to what they were `then`.
async fn regrant(tx: &ControlTx, schema: &str, then: &BTreeSet<Grant>) -> Result<()> {
    let now = grants(tx, schema).await?;
    let everybody: BTreeSet<Grant> = now.union(then).cloned().collect();
    let sql = prior::between(schema, &targets(tx, schema, &everybody).await?, &now, then);
    if !sql.is_empty() {
        tx.batch(&sql).await?;
    }
    Ok(())
}

/// The array types that stand where our tables' row types will: name of the element, name of the array, whether the element is a relation's.
async fn arrays(tx: &ControlTx, schema: &str) -> Result<Vec<(String, String, bool)>> {
    let elements: Vec<String> =
        SYSTEM_TABLES.iter().map(|name| name.trim_start_matches('_').to_owned()).collect();
    let rows = tx
        .query(
            "-- adopt::arrays
             SELECT t.typname::text AS element, a.typname::text AS array, coalesce(c.relkind <> 'c', false) AS is_relation
             FROM pg_namespace n JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = ANY ($2)
             JOIN pg_type a ON a.oid = t.typarray LEFT JOIN pg_class c ON c.oid = t.typrelid
             WHERE n.nspname = $1",
            &[&schema, &elements],
        )
        .await?;
    rows.iter().map(|row| Ok((row.get("element")?, row.get("array")?, row.get("is_relation")?))).collect()
}

/// Roles, name, our own tables, grants and row-level security. `stamped` names the tables whose `tenant_id` is this tenant's. Returns the
/// number of relations.
pub(in crate::placement) async fn take_over(
    tx: &ControlTx,
    home: &Home,
    from: &str,
    template: &Template,
    stamped: &BTreeSet<String>,
) -> Result<usize> {
    tx.batch(BRIEFLY).await?;
    regrant(tx, from, &BTreeSet::new()).await?;
    let rename = format!("ALTER SCHEMA {} RENAME TO {}", quote_ident(from), quote_ident(&home.schema));
    tx.batch(&ddl::around(home, &rename)).await?;
    migrate::apply(tx, &home.schema, &template.system, SYSTEM_HISTORY, true).await?;
    // The migrations end with every setting as the session has it.
    tx.batch(BRIEFLY).await?;
    let mut relations = ddl::relations(tx, &home.schema).await?;
    for relation in &mut relations {
        relation.has_tenant &= stamped.contains(&relation.name);
    }
    ddl::guard(tx, home, &relations, true).await.map_err(|error| waited(error, from))?;
    ddl::guard_routines(tx, home).await?;
    Ok(relations.len())
}

/// Records the home as a slot that was never free, and never will be dropped.
pub(in crate::placement) async fn insert_adopted_slot(
    tx: &ControlTx,
    home: &Home,
    from: &str,
    baseline: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.query(
        "-- adopt::insert_adopted_slot
         INSERT INTO slots (id, shard_id, cell, schema_name, role_name, schema_version, template, state, tenant_id, claimed_at, adopted_from)
         VALUES ($1, $2, $3, $4, $5, $6, 'adopted', 'claimed', $1, $7, $8)",
        &[&home.tenant.0, &home.shard, &home.cell, &home.schema, &home.role, &baseline, &now, &from],
    )
    .await?;
    Ok(())
}

/// The schema is ours for good: from here on it may be dropped like any other.
pub(in crate::placement) async fn forget_origin(tx: &ControlTx, tenant: TenantId) -> Result<()> {
    tx.query(
        "-- adopt::forget_origin\nUPDATE slots SET adopted_from = NULL WHERE tenant_id = $1",
        &[&tenant.0],
    )
    .await?;
    Ok(())
}

/// Undo of [`take_over`]: the schema, which is called `schema` now, is `to` again, as `prior` describes it. `role` is the tenant's.
pub(in crate::placement) async fn give_back(
    tx: &ControlTx,
    tenant: TenantId,
    (schema, to): (&str, &str),
    role: &str,
    prior: &Prior,
) -> Result<()> {
    tx.batch(BRIEFLY).await?;
    let mut sql = unguard(tx, schema).await?;
    for table in SYSTEM_TABLES.iter().filter(|_| schema != to) {
        let _ = writeln!(sql, "DROP TABLE IF EXISTS {}.{};", quote_ident(schema), quote_ident(table));
    }
    if !sql.is_empty() {
        tx.batch(&sql).await.map_err(|error| waited(error.into(), to))?;
    }
    regrant(tx, schema, &prior.grants).await?;
    let mut sql = prior::comment(schema, prior.comment.as_deref());
    for (element, array, is_relation) in arrays(tx, schema).await? {
        if prior.arrays.get(&element).is_some_and(|then| *then != array) {
            sql.push_str(&rename_there_and_back(schema, &element, is_relation));
        }
    }
    if schema != to {
        let _ = writeln!(sql, "ALTER SCHEMA {} RENAME TO {};", quote_ident(schema), quote_ident(to));
    }
    for role in [role.to_owned(), format!("{role}_wide")] {
        let _ = writeln!(sql, "DROP ROLE IF EXISTS {};", quote_ident(&role));
    }
    tx.batch(&sql).await.map_err(|error| waited(error.into(), to))?;
    tx.query("-- adopt::delete_slot\nDELETE FROM slots WHERE tenant_id = $1", &[&tenant.0]).await?;
    Ok(())
}

/// What takes our policies and constraints off the schema's tables.
async fn unguard(tx: &ControlTx, schema: &str) -> Result<String> {
    let rows = tx
        .query(
            "-- adopt::guards
             WITH tables AS (
                 SELECT c.oid, c.relname, c.relrowsecurity FROM pg_namespace n
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                                 AND d.classid = 'pg_class'::regclass
                 JOIN pg_class c ON c.oid = d.objid WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
             )
             SELECT t.relname::text AS name, 'POLICY' AS what, p.polname::text AS guard
             FROM tables t JOIN pg_policy p ON p.polrelid = t.oid WHERE p.polname IN ('tenantry_workspace', 'tenantry_wide')
             UNION ALL
             SELECT t.relname::text, 'CONSTRAINT', k.conname::text
             FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.conname = 'tenantry_tenant'",
            &[&schema],
        )
        .await?;
    let mut sql = String::new();
    for row in &rows {
        let (name, what, guard): (String, String, String) =
            (row.get("name")?, row.get("what")?, row.get("guard")?);
        let table = format!("{}.{}", quote_ident(schema), quote_ident(&name));
        if what == "POLICY" {
            // A schema with row-level security of its own is not adopted, so what has our policy had none before.
            let _ = writeln!(
                sql,
                "DROP POLICY {} ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;",
                quote_ident(&guard)
            );
        } else {
            let _ = writeln!(sql, "ALTER TABLE {table} DROP CONSTRAINT {};", quote_ident(&guard));
        }
    }
    Ok(sql)
}

/// PostgreSQL moved the array type aside when our table took its name; renaming the element makes it choose again.
fn rename_there_and_back(schema: &str, element: &str, is_relation: bool) -> String {
    let (schema, element, kind) =
        (quote_ident(schema), quote_ident(element), if is_relation { "TABLE" } else { "TYPE" });
    let aside = quote_ident("tenantry_renamed_and_back");
    format!(
        "ALTER {kind} {schema}.{element} RENAME TO {aside}; ALTER {kind} {schema}.{aside} RENAME TO {element};\n"
    )
}

/// Says what a lock that was not had in time means.
fn waited(error: Error, schema: &str) -> Error {
    match &error {
        Error::Database(cause) if cause.sql_state() == Some("55P03") => Error::refused(
            ErrorCode::Conflict,
            format!(
                "A table of {schema} is in use, and did not become free within a second; nothing was changed."
            ),
        )
        .next("Stop what still works in the schema, then try again."),
        _ => error,
    }
}

/// A schema's present name among two, and whether it is the one with this number.
pub(in crate::placement) async fn present(
    tx: &ControlTx,
    ours: &str,
    before: &str,
    oid: i64,
) -> Result<Option<String>> {
    let rows = tx
        .query(
            "-- adopt::present
             SELECT nspname::text AS name FROM pg_namespace
             -- Our name is opaque and nobody else's. The old one may be another schema's by now.
             WHERE nspname = $1 OR (nspname = $2 AND oid::bigint = $3)
             ORDER BY nspname = $1 DESC LIMIT 1",
            &[&ours, &before, &oid],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("name")).transpose()?)
}

/// Fails where another schema has the name that is to be given back.
pub(in crate::placement) async fn refuse_taken_name(tx: &ControlTx, name: &str) -> Result<()> {
    let rows = tx.query("-- adopt::taken\nSELECT 1 FROM pg_namespace WHERE nspname = $1", &[&name]).await?;
    if rows.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        ErrorCode::Conflict,
        format!("Another schema is called {name} by now, so the adopted one cannot have its name back."),
    )
    .next(format!("Let the owner rename that one: ALTER SCHEMA {} RENAME TO …", quote_ident(name)))
    .next(format!("Its old name was {}.", quote_literal(name))))
}
