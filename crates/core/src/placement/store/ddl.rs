//! DDL of a tenant's home, and the catalogue's account of it.
//!
//! Owns: schemas `tenant_…` and roles `…_t_…`. Calls: pg. Called by: placement's home.
//! Invariants: names are quoted, never pasted; tables of a schema are found through `pg_depend`, whose index knows the schema: `pg_class` has none that
//! does, and reading it whole grows with the fleet (`pg_class_is_never_read_whole`). After a crash: one transaction or none.

use crate::{Error, Result, placement::Home};
use std::fmt::Write;
use tenantry_pg::{
    self as pg, ControlTx, FromRow, Row,
    sql::{quote_ident, quote_literal},
};

/// What a relation is, as far as guarding it goes.
pub(in crate::placement) struct Relation {
    pub(super) name: String,
    kind: String,
    /// The type of its column `workspace_id`, where it has one.
    workspace: Option<String>,
    pub(super) has_tenant: bool,
    reads_as_caller: bool,
}

impl FromRow for Relation {
    fn from_row(row: &Row) -> std::result::Result<Self, pg::Error> {
        Ok(Self {
            name: row.get("name")?,
            kind: row.get("kind")?,
            workspace: row.get("workspace")?,
            has_tenant: row.get("has_tenant")?,
            reads_as_caller: row.get("reads_as_caller")?,
        })
    }
}

pub(in crate::placement) async fn create(tx: &ControlTx, home: &Home) -> Result<()> {
    let make = format!("CREATE SCHEMA {}", quote_ident(&home.schema));
    Ok(tx.batch(&around(home, &make)).await?)
}

/// The roles and their way in, around the statement `make` that the schema comes from.
pub(super) fn around(home: &Home, make: &str) -> String {
    let (schema, role, wide, login) = (
        quote_ident(&home.schema),
        quote_ident(&home.role),
        quote_ident(&home.wide_role),
        quote_ident(&home.cell_login),
    );
    format!(
        "CREATE ROLE {role} NOLOGIN NOINHERIT;
         CREATE ROLE {wide} NOLOGIN NOINHERIT;
         GRANT {role}, {wide} TO {login};
         {make};
         GRANT USAGE ON SCHEMA {schema} TO {role}, {wide};"
    )
}

/// The schema's tables, views and sequences; partitions are reached through their parent alone.
pub(in crate::placement) async fn relations(tx: &ControlTx, schema: &str) -> Result<Vec<Relation>> {
    Ok(tx
        .all(
            "-- ddl::relations
             SELECT c.relname::text AS name, c.relkind::text AS kind,
                    (SELECT format_type(a.atttypid, NULL) FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped) AS workspace,
                    EXISTS (SELECT FROM pg_attribute a
                            WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype) AS has_tenant,
                    -- Kept as it was written: true, on, yes, 1.
                    coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(c.reloptions) AS o
                              WHERE o.option_name = 'security_invoker'), false) AS reads_as_caller
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                             AND d.classid = 'pg_class'::regclass
             JOIN pg_class c ON c.oid = d.objid
             WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'S') AND NOT c.relispartition
             ORDER BY c.relname",
            &[&schema],
        )
        .await?)
}

const OWN_WORKSPACE: &str = "workspace_id = nullif(current_setting('tenantry.workspace_id', true), '')::uuid";

/// `ours` says that the tables are the agent platform's, where `tenant_id` means this tenant; a team's own column may mean something else.
pub(in crate::placement) async fn guard(
    tx: &ControlTx,
    home: &Home,
    relations: &[Relation],
    ours: bool,
) -> Result<()> {
    let mut sql = String::new();
    for relation in relations {
        if let Some(other) =
            relation.workspace.as_deref().filter(|kind| *kind != "uuid" && relation.kind != "v")
        {
            return Err(Error::Fault(format!(
                "{}.workspace_id is {other}: row-level security compares it with a workspace's id, so it has to be uuid",
                relation.name
            )));
        }
        guard_one(&mut sql, home, relation);
        if ours && relation.has_tenant && relation.kind != "v" {
            // Writing to a String cannot fail.
            let _ = writeln!(
                sql,
                "ALTER TABLE {}.{} ADD CONSTRAINT tenantry_tenant CHECK (tenant_id = '{}');",
                quote_ident(&home.schema),
                quote_ident(&relation.name),
                home.tenant.0
            );
        }
    }
    Ok(tx.batch(&sql).await?)
}

fn guard_one(sql: &mut String, home: &Home, relation: &Relation) {
    let (role, wide) = (quote_ident(&home.role), quote_ident(&home.wide_role));
    let name = format!("{}.{}", quote_ident(&home.schema), quote_ident(&relation.name));
    // What each role may do; `None` for nothing. Histories are the owner's alone.
    let (own, across): (Option<&str>, Option<&str>) = match (relation.kind.as_str(), relation.name.as_str()) {
        (_, pg::migrate::SYSTEM_HISTORY | pg::migrate::history::HISTORY_TABLE) => (None, None),
        ("r", "_events") => (Some("INSERT"), None),
        ("r", "_idempotency" | "_counters") => (Some("SELECT, INSERT, UPDATE, DELETE"), None),
        ("r" | "p", _) => (Some("SELECT, INSERT, UPDATE, DELETE"), Some("SELECT")),
        ("S", _) => (Some("USAGE"), None),
        // A view reads as its owner, past row-level security, unless it says otherwise.
        ("v", _) if relation.reads_as_caller => (Some("SELECT"), Some("SELECT")),
        _ => (None, None),
    };
    let object = if relation.kind == "S" { "SEQUENCE " } else { "" };
    // Writing to a String cannot fail.
    if let Some(own) = own {
        let _ = writeln!(sql, "GRANT {own} ON {object}{name} TO {role};");
    }
    if let Some(across) = across {
        let _ = writeln!(sql, "GRANT {across} ON {object}{name} TO {wide};");
    }
    // Counters are a tenant's, across its workspaces: a plan is not multiplied by making more of them.
    if own.is_none() || relation.workspace.is_none() || relation.kind == "v" || relation.name == "_counters" {
        return;
    }
    let _ = writeln!(
        sql,
        "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;
         CREATE POLICY tenantry_workspace ON {name} TO {role} USING ({OWN_WORKSPACE}) WITH CHECK ({OWN_WORKSPACE});"
    );
    if across.is_some() {
        let _ = writeln!(sql, "CREATE POLICY tenantry_wide ON {name} FOR SELECT TO {wide} USING (true);");
    }
}

/// Closes the schema's functions to everybody but its roles, and those that run as their owner to these as well: the owner sees past
/// row-level security.
pub(in crate::placement) async fn guard_routines(tx: &ControlTx, home: &Home) -> Result<()> {
    let rows = tx
        .query(
            "-- ddl::routines
             SELECT p.oid::regprocedure::text AS name, p.prosecdef AS as_owner
             FROM pg_namespace n
             JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                             AND d.classid = 'pg_proc'::regclass
             JOIN pg_proc p ON p.oid = d.objid
             WHERE n.nspname = $1",
            &[&home.schema],
        )
        .await?;
    let mut sql = String::new();
    for row in &rows {
        // PostgreSQL wrote the name, quoted and with its arguments.
        let (name, as_owner): (String, bool) = (row.get("name")?, row.get("as_owner")?);
        // Writing to a String cannot fail.
        let _ = writeln!(sql, "REVOKE ALL ON ROUTINE {name} FROM PUBLIC;");
        if !as_owner {
            let (role, wide) = (quote_ident(&home.role), quote_ident(&home.wide_role));
            let _ = writeln!(sql, "GRANT EXECUTE ON ROUTINE {name} TO {role}, {wide};");
        }
    }
    if !sql.is_empty() {
        tx.batch(&sql).await?;
    }
    Ok(())
}

/// A digest of owners, grants, policies, roles and functions. A policy is told by its row's xmin, which every change of it renews; reading
/// its expression would make PostgreSQL open each table. After a dump and restore no fingerprint fits, and the whole is looked at.
pub(in crate::placement) async fn fingerprint(tx: &ControlTx, home: &Home) -> Result<String> {
    let rows = tx
        .query(
            "-- ddl::fingerprint
             WITH home AS (
                 SELECT n.oid AS schema, concat_ws(' ', n.oid, n.nspowner, n.nspacl) AS told FROM pg_namespace n WHERE n.nspname = $1
             ), parts AS (
                 SELECT d.classid, d.objid FROM home h
                 JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = h.schema
             ), relations AS (
                 SELECT c.oid, concat_ws(' ', c.oid, c.relowner, c.relrowsecurity, c.relacl) AS told
                 FROM parts d JOIN pg_class c ON c.oid = d.objid
                 WHERE d.classid = 'pg_class'::regclass
             ), ours AS (
                 SELECT r.oid, concat_ws(' ', r.oid, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolinherit) AS told
                 FROM pg_roles r WHERE r.rolname IN ($2, $3)
             )
             SELECT md5(concat_ws('|',
                 (SELECT told FROM home),
                 (SELECT string_agg(told, ',' ORDER BY oid) FROM relations),
                 (SELECT string_agg(concat_ws(' ', p.oid, p.xmin), ',' ORDER BY p.oid)
                  FROM relations c JOIN pg_policy p ON p.polrelid = c.oid),
                 (SELECT string_agg(told, ',' ORDER BY oid) FROM ours),
                 (SELECT string_agg(concat_ws(' ', m.roleid, m.member, m.admin_option), ',' ORDER BY m.roleid, m.member)
                  FROM pg_auth_members m WHERE m.roleid IN (SELECT oid FROM ours)),
                 (SELECT string_agg(m.roleid::text, ',' ORDER BY m.roleid)
                  FROM pg_auth_members m WHERE m.member IN (SELECT oid FROM ours)),
                 (SELECT string_agg(concat_ws(' ', f.oid, f.xmin), ',' ORDER BY f.oid)
                  FROM parts d JOIN pg_proc f ON f.oid = d.objid WHERE d.classid = 'pg_proc'::regclass)
             )) AS fingerprint",
            &[&home.schema, &home.role, &home.wide_role],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::Fault("a digest without a row".to_owned()))?;
    Ok(row.get("fingerprint")?)
}

/// Names the schema for people who look at the database directly.
pub(crate) async fn comment(tx: &ControlTx, schema: &str, text: &str) -> Result<()> {
    Ok(tx.batch(&format!("COMMENT ON SCHEMA {} IS {}", quote_ident(schema), quote_literal(text))).await?)
}

/// Drops schema and roles; refused where the schema was there before us.
pub(in crate::placement) async fn remove(tx: &ControlTx, home: &Home) -> Result<()> {
    super::adopt::refuse_adopted(tx, &home.schema).await?;
    let mut sql = format!("DROP SCHEMA IF EXISTS {} CASCADE;", quote_ident(&home.schema));
    for role in [&home.role, &home.wide_role] {
        let _ = write!(sql, "DROP ROLE IF EXISTS {};", quote_ident(role));
    }
    Ok(tx.batch(&sql).await?)
}
