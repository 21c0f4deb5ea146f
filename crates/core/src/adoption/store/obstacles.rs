//! What stands in the way of an adoption, as the catalogue tells it.
//!
//! Owns: nothing. Calls: pg. Called by: adoption.
//! Invariants: an object belongs to the schema by `pg_depend`, and its owner is who `pg_shdepend` says, so that no kind of object is forgotten
//! (`what_pierces_the_fence_is_refused`, `objects_of_others_are_named`). After a crash: nothing is left.

use super::Found;
use crate::{Result, adoption::model::Obstacle};
use tenantry_pg::{ControlTx, Row};

/// Objects named of each kind at the most.
const MOST: i64 = 20;

fn obstacle(what: String, remedy: impl Into<String>) -> Obstacle {
    Obstacle { what, remedy: remedy.into() }
}

/// The schema and objects in it that are not the owner's.
pub(crate) async fn strangers(tx: &ControlTx, schema: &str, found: &Found) -> Result<Vec<Obstacle>> {
    let owner = &found.connected_as;
    let mut obstacles = Vec::new();
    if found.owner != *owner {
        obstacles.push(obstacle(
            format!("the schema belongs to {}", found.owner),
            format!("let an administrator run ALTER SCHEMA … OWNER TO {owner}"),
        ));
    }
    let rows = tx
        .query(
            "-- adoption::strangers
             SELECT i.type || ' ' || i.identity AS told, r.rolname::text AS owner
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
             LEFT JOIN pg_shdepend s ON s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                                    AND s.classid = d.classid AND s.objid = d.objid AND s.objsubid = 0 AND s.deptype = 'o'
             -- Of the first superuser's objects nothing is recorded.
             JOIN pg_roles r ON r.oid = coalesce(s.refobjid, 10)
             CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
             WHERE n.nspname = $1 AND r.rolname <> current_user
               AND d.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass,
                                 'pg_opfamily'::regclass, 'pg_collation'::regclass, 'pg_conversion'::regclass, 'pg_ts_dict'::regclass,
                                 'pg_ts_config'::regclass, 'pg_statistic_ext'::regclass)
             ORDER BY 1 LIMIT $2",
            &[&schema, &MOST],
        )
        .await?;
    for row in &rows {
        let told: String = row.get("told")?;
        let other: String = row.get("owner")?;
        obstacles.push(obstacle(
            format!("{told} belongs to {other}"),
            format!("let an administrator run ALTER … OWNER TO {owner}"),
        ));
    }
    Ok(obstacles)
}

/// What would let somebody through the fence, or stand where ours has to.
pub(crate) async fn pierced(tx: &ControlTx, schema: &str, reserved: &[&str]) -> Result<Vec<Obstacle>> {
    let reserved: Vec<String> = reserved.iter().map(|&name| name.to_owned()).collect();
    let rows = tx
        .query(
            "-- adoption::pierced
             WITH home AS (
                 SELECT oid, nspowner, nspacl FROM pg_namespace WHERE nspname = $1
             ), parts AS (
                 SELECT d.classid, d.objid FROM home h
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = h.oid
             ), relations AS (
                 SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity
                 FROM parts d JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass
             ), routines AS (
                 SELECT p.* FROM parts d JOIN pg_proc p ON p.oid = d.objid WHERE d.classid = 'pg_proc'::regclass
             ), lists AS (
                 SELECT 'the schema' AS told, nspowner AS owner, nspacl AS acl FROM home
                 UNION ALL SELECT relname::text, relowner, relacl FROM relations
                 UNION ALL SELECT c.relname || '.' || a.attname, c.relowner, a.attacl
                           FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL
                 UNION ALL SELECT proname::text, proowner, proacl FROM routines
             )
             SELECT 'view' AS what, relname::text AS name FROM relations
             WHERE relkind = 'v' AND NOT coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(reloptions) AS o
                                                   WHERE o.option_name = 'security_invoker'), false)
             UNION ALL SELECT 'foreign_table', relname::text FROM relations WHERE relkind = 'f'
             UNION ALL SELECT 'definer', oid::regprocedure::text FROM routines WHERE prosecdef
             UNION ALL SELECT 'rule', c.relname::text || '.' || r.rulename::text FROM relations c
                       JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
             UNION ALL SELECT 'row_security', relname::text FROM relations c
                       WHERE relrowsecurity OR relforcerowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
             UNION ALL SELECT 'workspace_type', c.relname::text || '.workspace_id is ' || format_type(a.atttypid, a.atttypmod)
                       FROM relations c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
                       WHERE c.relkind IN ('r', 'p') AND a.atttypid <> 'uuid'::regtype
             UNION ALL SELECT 'reserved', relname::text FROM relations WHERE relname = ANY ($2)
             UNION ALL SELECT 'constraint', c.relname::text FROM relations c
                       JOIN pg_constraint k ON k.conrelid = c.oid AND k.conname = 'tenantry_tenant'
             UNION ALL SELECT DISTINCT 'granted_by', l.told || ' to ' || coalesce(t.rolname::text, 'everybody') || ' by ' || g.rolname
                       FROM lists l CROSS JOIN LATERAL aclexplode(l.acl) AS a JOIN pg_roles g ON g.oid = a.grantor
                       LEFT JOIN pg_roles t ON t.oid = a.grantee WHERE a.grantor <> l.owner
             UNION ALL SELECT 'default_acl', r.rolname::text FROM home h
                       JOIN pg_default_acl d ON d.defaclnamespace = h.oid JOIN pg_roles r ON r.oid = d.defaclrole
             UNION ALL SELECT 'extension', pg_describe_object(m.classid, m.objid, 0) || ' of ' || e.extname
                       FROM parts p JOIN pg_depend m ON m.classid = p.classid AND m.objid = p.objid AND m.deptype = 'e'
                       JOIN pg_extension e ON e.oid = m.refobjid
             UNION ALL SELECT 'extension', e.extname::text FROM home h JOIN pg_extension e ON e.extnamespace = h.oid
             ORDER BY 1, 2 LIMIT 200",
            &[&schema, &reserved],
        )
        .await?;
    rows.iter().map(told).collect()
}

fn told(row: &Row) -> Result<Obstacle> {
    let (what, name): (String, String) = (row.get("what")?, row.get("name")?);
    Ok(match what.as_str() {
        "view" => obstacle(
            format!("the view {name} reads as its owner, past row-level security"),
            format!("ALTER VIEW {name} SET (security_invoker = true)"),
        ),
        "foreign_table" => {
            obstacle(format!("{name} is a foreign table: its rows are elsewhere"), "drop it, or move it out")
        }
        "definer" => obstacle(
            format!("the function {name} runs as its owner, who sees every tenant"),
            "make it SECURITY INVOKER, or move it out",
        ),
        "rule" => obstacle(format!("the rule {name} runs as the table's owner"), "replace it by a trigger"),
        "row_security" => obstacle(
            format!("{name} has row-level security of its own, and Tenantry's would add to it"),
            "drop its policies and disable it: Tenantry makes its own by workspace_id",
        ),
        "workspace_type" => {
            obstacle(name, "it has to be uuid: rename the column where it means something else")
        }
        "reserved" => obstacle(format!("the name {name} is one of Tenantry's own tables"), "rename it"),
        "constraint" => {
            obstacle(format!("{name} has a constraint tenantry_tenant, which is ours"), "drop it")
        }
        "granted_by" => obstacle(
            format!("a privilege on {name}, who is not the owner"),
            "let that role revoke it: the owner can neither take nor give it back",
        ),
        "default_acl" => obstacle(
            format!("default privileges of {name} grant on whatever is made in the schema"),
            "ALTER DEFAULT PRIVILEGES … REVOKE them",
        ),
        _ => obstacle(
            format!("{name}, an extension, lives in the schema"),
            "ALTER EXTENSION … SET SCHEMA another one",
        ),
    })
}

/// References that leave the schema, and such that enter it.
pub(crate) async fn references(tx: &ControlTx, schema: &str) -> Result<Vec<Obstacle>> {
    let rows = tx
        .query(
            "-- adoption::references
             WITH RECURSIVE members AS (
                 SELECT d.classid, d.objid FROM pg_namespace n
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                 WHERE n.nspname = $1
                 UNION
                 -- Indexes, constraints, defaults, triggers and the like: they have no schema of their own.
                 SELECT d.classid, d.objid FROM members m
                 JOIN pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid AND d.deptype IN ('a', 'i', 'P', 'S')
                 WHERE NOT EXISTS (SELECT FROM pg_depend o WHERE o.classid = d.classid AND o.objid = d.objid
                                       AND o.refclassid = 'pg_namespace'::regclass)
             ), leaving AS (
                 SELECT d.classid, d.objid, d.refclassid,
                        -- An array of an extension's type is not the extension's, its element is.
                        CASE WHEN d.refclassid = 'pg_type'::regclass
                             THEN coalesce((SELECT e.oid FROM pg_type e WHERE e.typarray = d.refobjid), d.refobjid)
                             ELSE d.refobjid END AS refobjid
                 FROM members m JOIN pg_depend d ON d.classid = m.classid AND d.objid = m.objid
                 WHERE d.refclassid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass,
                                        'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_collation'::regclass,
                                        'pg_conversion'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_config'::regclass)
             )
             SELECT DISTINCT pg_describe_object(l.classid, l.objid, 0) || ' refers to ' || pg_describe_object(l.refclassid, l.refobjid, 0) AS told
             FROM leaving l CROSS JOIN LATERAL pg_identify_object(l.refclassid, l.refobjid, 0) AS i
             WHERE NOT EXISTS (SELECT FROM members m WHERE m.classid = l.refclassid AND m.objid = l.refobjid)
               AND coalesce(i.schema, '') NOT IN ('pg_catalog', 'information_schema') AND i.type <> 'index'
               AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = l.refclassid AND e.objid = l.refobjid AND e.deptype = 'e')
             UNION
             SELECT pg_describe_object(d.classid, d.objid, 0) || ' refers to ' || pg_describe_object(d.refclassid, d.refobjid, 0)
             FROM members m JOIN pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid
             CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, 0) AS i
             WHERE i.type <> 'index'
               AND NOT EXISTS (SELECT FROM members o WHERE o.classid = d.classid AND o.objid = d.objid)
             ORDER BY 1 LIMIT 200",
            &[&schema],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(obstacle(
                row.get("told")?,
                "no reference may cross a tenant's schema: drop it, or move one of the two",
            ))
        })
        .collect()
}

/// What works on, but not as before.
pub(crate) async fn remarks(tx: &ControlTx, schema: &str) -> Result<Vec<String>> {
    let rows = tx
        .query(
            "-- adoption::remarks
             WITH parts AS (
                 SELECT d.classid, d.objid FROM pg_namespace n
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                 WHERE n.nspname = $1
             )
             SELECT 'the function ' || p.proname || ' names the schema, and will not find it under its new name: let it use unqualified names' AS told
             FROM parts d JOIN pg_proc p ON p.oid = d.objid
             WHERE d.classid = 'pg_proc'::regclass
               AND (strpos(p.prosrc, $1 || '.') > 0 OR strpos(p.prosrc, quote_ident($1) || '.') > 0 OR strpos(array_to_string(p.proconfig, ' '), $1) > 0)
             UNION ALL
             SELECT 'the enum type ' || t.typname || ' is the schema''s own: text with a CHECK is easier to change across tenants'
             FROM parts d JOIN pg_type t ON t.oid = d.objid WHERE d.classid = 'pg_type'::regclass AND t.typtype = 'e'
             UNION ALL
             SELECT 'the foreign key ' || k.conname || ' of ' || c.relname || ' is without workspace_id: its checks run past row-level security, '
                    || 'so that a row can point into another workspace'
             FROM parts d JOIN pg_class c ON c.oid = d.objid
             JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0
             JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'workspace_id' AND NOT a.attisdropped
             JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attname = 'workspace_id' AND NOT f.attisdropped
             WHERE d.classid = 'pg_class'::regclass AND NOT a.attnum = ANY (k.conkey)
             UNION ALL
             SELECT 'the materialized view ' || c.relname || ' stays closed: it holds rows of every workspace'
             FROM parts d JOIN pg_class c ON c.oid = d.objid WHERE d.classid = 'pg_class'::regclass AND c.relkind = 'm'
             ORDER BY 1 LIMIT 200",
            &[&schema],
        )
        .await?;
    rows.iter().map(|row| Ok(row.get("told")?)).collect()
}
