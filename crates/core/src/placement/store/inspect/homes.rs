//! What must hold of a tenant's home, as one statement over the catalogue.
//!
//! Owns: nothing (reads `psql_sessions`). Calls: nothing. Called by: inspect.
//! Invariants: each name in the statement is in the list, and each of the list is in the statement (`every_check_is_listed`).
//! After a crash: nothing is left.

/// Names and promises.
pub(super) const CHECKS: &[(&str, &str)] = &[
    (
        "home",
        "Each tenant has its schema, which the platform's owner owns, its two roles and its cell's login.",
    ),
    (
        "way_in",
        "A tenant's role may enter its schema; its cell's login may take on the role, and enters nothing without it.",
    ),
    ("schema_grants", "Nobody but the tenant's own roles may enter its schema, and nobody may create in it."),
    (
        "relation_grants",
        "Tables, views and sequences are granted to the tenant's own roles, and no more than a scope needs.",
    ),
    ("column_grants", "No single column is granted to anybody."),
    (
        "ownership",
        "The platform's owner owns every table: whoever owns a table sees past its row-level security.",
    ),
    ("row_security", "Every table of workspaces has row-level security."),
    (
        "workspace_policy",
        "Every table of workspaces has the one policy that confines to the scope's workspace.",
    ),
    ("no_other_policy", "No further policy opens what the workspace's policy closes."),
    ("role_attributes", "Tenant roles cannot log in, inherit nothing, and pass no row-level security."),
    (
        "role_memberships",
        "Tenant roles are members of nothing, and only their own cell's login may take them on.",
    ),
    ("routines", "No function runs as its owner for a tenant, and none is open to PUBLIC."),
    ("views", "Views read as their caller; materialized views and foreign tables are granted to nobody."),
    ("triggers", "No trigger runs as its owner."),
];

/// Names and promises of what is looked at beyond that by the proof alone: what costs more than the making of a home may take.
pub(super) const FURTHER_CHECKS: &[(&str, &str)] = &[
    ("rights_elsewhere", "Tenant roles own nothing, and have no right outside their own schema."),
    ("no_way_through", "No view and no parent table reads across the border of a schema."),
    (
        "foreign_keys",
        "Foreign keys stay in their schema and, between tables of workspaces, carry the workspace.",
    ),
];

/// As PostgreSQL prints the policy of a workspace back.
macro_rules! own_workspace {
    () => {
        "'(workspace_id = (NULLIF(current_setting(''tenantry.workspace_id''::text, true), ''''::text))::uuid)'"
    };
}

/// The homes and what is in them. $1 schemas, $2 roles, $3 wide roles, $4 logins of cells.
macro_rules! homes {
    () => {
        "WITH home AS MATERIALIZED (
    -- By name through functions and not through joins: those would cost more to plan than the whole look takes.
    SELECT h.schema_name, n.oid AS schema, n.nspowner AS schema_owner, n.nspacl AS acl, h.login_name,
           to_regrole(quote_ident(h.role_name))::oid AS role, to_regrole(quote_ident(h.wide_name))::oid AS wide,
           to_regrole(quote_ident(h.login_name))::oid AS login,
           -- Not who looks: a server does too, when a tenant is resumed.
           (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass('public.tenants')) AS owner
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS h (schema_name, role_name, wide_name, login_name)
    LEFT JOIN pg_namespace n ON n.oid = to_regnamespace(quote_ident(h.schema_name))
), relation AS MATERIALIZED (
    SELECT h.schema, h.role, h.wide, h.owner, h.schema_name || '.' || c.relname AS named,
           c.oid, c.relname, c.relkind, c.relrowsecurity, c.relowner, c.relacl, c.reloptions,
           c.relname <> '_counters' AND EXISTS (
               SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped) AS has_workspace
    FROM home h
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = h.schema AND d.classid = 'pg_class'::regclass
    JOIN pg_class c ON c.oid = d.objid
    WHERE c.relkind <> 'c'
"
    };
}

/// What was found, by check.
macro_rules! counted {
    () => {
        "SELECT name, count(*) AS examined, count(broken) AS broken,
       coalesce((array_agg(what || ': ' || broken ORDER BY what) FILTER (WHERE broken IS NOT NULL))[1:20], '{}') AS examples
FROM found GROUP BY name"
    };
}

/// The checks of [`CHECKS`].
pub(super) const LOOK: &str = concat!(
    "-- inspect::homes
",
    homes!(),
    "), guarded AS (
    SELECT r.* FROM relation r
    WHERE r.relkind IN ('r', 'p') AND r.has_workspace AND has_table_privilege(r.role, r.oid, 'SELECT, INSERT, UPDATE, DELETE')
), routine AS (
    SELECT h.*, p.oid, p.oid::regprocedure::text AS named, p.prosecdef, p.proacl
    FROM home h
    JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = h.schema AND d.classid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.objid
), found (name, what, broken) AS (
    SELECT 'home', h.schema_name, CASE
        WHEN h.schema IS NULL THEN 'the schema is missing'
        WHEN h.role IS NULL OR h.wide IS NULL THEN 'a role is missing'
        WHEN h.login IS NULL THEN 'the login ' || h.login_name || ' is missing'
        WHEN h.schema_owner <> h.owner THEN 'owned by ' || h.schema_owner::regrole END
    FROM home h
  UNION ALL
    SELECT 'way_in', h.schema_name, CASE
        WHEN NOT has_schema_privilege(h.role, h.schema, 'USAGE') THEN 'the role cannot enter its schema'
        -- As pg_has_role, PostgreSQL would gather all that the login is a member of, for each home.
        WHEN NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = h.role AND m.member = h.login) THEN 'the cell cannot take on the role'
        WHEN has_schema_privilege(h.login, h.schema, 'USAGE') THEN 'the login may enter without the role' END
    FROM home h WHERE h.schema IS NOT NULL
  UNION ALL
    SELECT 'schema_grants', h.schema_name, (
        SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may ' || a.privilege_type, ', ')
        FROM aclexplode(h.acl) a
        WHERE a.grantee <> h.owner AND (a.grantee NOT IN (h.role, h.wide) OR a.privilege_type <> 'USAGE' OR a.is_grantable))
    FROM home h WHERE h.schema IS NOT NULL
  UNION ALL
    SELECT 'relation_grants', r.named, (
        SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may ' || a.privilege_type, ', ')
        FROM aclexplode(r.relacl) a
        WHERE a.grantee <> r.owner AND (a.is_grantable OR a.grantee NOT IN (r.role, r.wide) OR a.privilege_type <> ALL (CASE
            WHEN r.relname IN ('flyway_schema_history', '_schema_history') THEN '{}'::text[]
            WHEN r.relkind = 'S' THEN CASE a.grantee WHEN r.role THEN '{USAGE}'::text[] ELSE '{}' END
            WHEN r.relname = '_events' THEN CASE a.grantee WHEN r.role THEN '{INSERT}'::text[] ELSE '{}' END
            WHEN a.grantee = r.wide OR r.relkind = 'v' THEN '{SELECT}'::text[]
            ELSE '{SELECT,INSERT,UPDATE,DELETE}'::text[] END)))
    FROM relation r
  UNION ALL
    SELECT 'column_grants', r.named, (
        SELECT string_agg(a.attname, ', ') FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attacl IS NOT NULL AND a.attacl <> '{}')
    FROM relation r WHERE r.relkind <> 'S'
  UNION ALL
    SELECT 'ownership', r.named, CASE WHEN r.relowner <> r.owner THEN 'owned by ' || r.relowner::regrole END FROM relation r
  UNION ALL
    SELECT 'row_security', g.named, CASE WHEN NOT g.relrowsecurity THEN 'row-level security is off' END FROM guarded g
  UNION ALL
    SELECT 'workspace_policy', g.named, CASE WHEN NOT EXISTS (
        SELECT FROM pg_policy p WHERE p.polrelid = g.oid AND p.polroles = ARRAY[g.role] AND p.polcmd = '*' AND p.polpermissive
            AND pg_get_expr(p.polqual, p.polrelid) = ",
    own_workspace!(),
    " AND pg_get_expr(p.polwithcheck, p.polrelid) = ",
    own_workspace!(),
    ") THEN 'without the policy of its workspace' END
    FROM guarded g
  UNION ALL
    SELECT 'no_other_policy', g.named, (
        SELECT string_agg('the policy ' || p.polname || ' opens more', ', ') FROM pg_policy p
        WHERE p.polrelid = g.oid AND p.polpermissive AND (
            (p.polroles && ARRAY[g.role, 0::oid]
             AND (pg_get_expr(p.polqual, p.polrelid) IS DISTINCT FROM ",
    own_workspace!(),
    " OR pg_get_expr(p.polwithcheck, p.polrelid) IS DISTINCT FROM ",
    own_workspace!(),
    "))
            OR (g.wide = ANY (p.polroles) AND p.polcmd <> 'r')))
    FROM guarded g
  UNION ALL
    SELECT 'role_attributes', r.rolname::text, CASE
        WHEN r.rolcanlogin THEN 'may log in'
        WHEN r.rolinherit THEN 'inherits'
        WHEN r.rolsuper OR r.rolbypassrls OR r.rolreplication THEN 'passes row-level security'
        WHEN r.rolcreaterole OR r.rolcreatedb THEN 'may create roles or databases' END
    FROM home h JOIN pg_roles r ON r.oid IN (h.role, h.wide)
  UNION ALL
    SELECT 'role_memberships', h.schema_name, (
        SELECT string_agg(m.member::regrole || ' is a member of ' || m.roleid::regrole, ', ') FROM (
            SELECT m.member, m.roleid FROM pg_auth_members m WHERE m.member IN (h.role, h.wide)
          UNION ALL
            SELECT m.member, m.roleid FROM pg_auth_members m
            WHERE m.roleid IN (h.role, h.wide) AND m.member NOT IN (h.login, h.owner, h.role, h.wide) AND NOT EXISTS (
                SELECT FROM psql_sessions s
                WHERE s.status = 'open' AND to_regrole(quote_ident(s.login)) = m.member AND to_regrole(quote_ident(s.role_name)) = m.roleid)) AS m)
    FROM home h WHERE h.role IS NOT NULL AND h.wide IS NOT NULL
  UNION ALL
    SELECT 'routines', p.named, CASE
        WHEN p.prosecdef AND (has_function_privilege(p.role, p.oid, 'EXECUTE') OR has_function_privilege(p.wide, p.oid, 'EXECUTE'))
            THEN 'runs as its owner for the tenant'
        WHEN p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0) THEN 'PUBLIC may run it' END
    FROM routine p
  UNION ALL
    SELECT 'views', r.named, CASE WHEN EXISTS (SELECT FROM aclexplode(r.relacl) a WHERE a.grantee <> r.owner) THEN CASE
        WHEN r.relkind = 'm' THEN 'a materialized view keeps rows of all workspaces'
        WHEN r.relkind = 'f' THEN 'a foreign table leads out of the database'
        WHEN NOT coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(r.reloptions) o
                           WHERE o.option_name = 'security_invoker'), false) THEN 'reads as its owner, past row-level security' END END
    FROM relation r WHERE r.relkind IN ('v', 'm', 'f')
  UNION ALL
    SELECT 'triggers', r.named, (
        -- Not as a join: the planner would read every function for each table.
        SELECT string_agg('the trigger ' || t.tgname || ' runs as its owner', ', ') FROM pg_trigger t
        WHERE t.tgrelid = r.oid AND NOT t.tgisinternal AND (SELECT f.prosecdef FROM pg_proc f WHERE f.oid = t.tgfoid))
    FROM relation r WHERE r.relkind IN ('r', 'p', 'v')
)
",
    counted!()
);

/// The checks of [`FURTHER_CHECKS`].
pub(super) const LOOK_FURTHER: &str = concat!(
    "-- inspect::further
",
    homes!(),
    "), found (name, what, broken) AS (
    SELECT 'rights_elsewhere', h.schema_name, (
        SELECT string_agg(DISTINCT CASE WHEN s.dbid IN (0, b.oid) THEN pg_describe_object(s.classid, s.objid, 0) ELSE 'another database' END, ', ')
        FROM pg_shdepend s, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()) AS b
        WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid IN (h.role, h.wide)
          -- One row of the catalogue by its id each: as EXISTS the planner would read all of them, for each home.
          AND NOT (s.dbid = b.oid AND s.deptype IN ('a', 'r') AND coalesce(h.schema = CASE s.classid
              WHEN 'pg_namespace'::regclass THEN s.objid
              WHEN 'pg_class'::regclass THEN (SELECT c.relnamespace FROM pg_class c WHERE c.oid = s.objid)
              WHEN 'pg_proc'::regclass THEN (SELECT p.pronamespace FROM pg_proc p WHERE p.oid = s.objid)
              WHEN 'pg_policy'::regclass THEN (
                  SELECT c.relnamespace FROM pg_class c WHERE c.oid = (SELECT p.polrelid FROM pg_policy p WHERE p.oid = s.objid)) END, false)))
    FROM home h
  UNION ALL
    SELECT 'no_way_through', r.named, (
        SELECT string_agg(DISTINCT o.oid::regclass || CASE WHEN o.inward THEN ' reads it' ELSE ' is read by it' END, ', ') FROM (
            SELECT c.oid, c.relnamespace, true AS inward
            FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class c ON c.oid = w.ev_class
            WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = r.oid AND d.classid = 'pg_rewrite'::regclass
          UNION ALL
            SELECT c.oid, c.relnamespace, false
            FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid JOIN pg_class c ON c.oid = d.refobjid
            WHERE w.ev_class = r.oid AND d.refclassid = 'pg_class'::regclass
          UNION ALL
            SELECT c.oid, c.relnamespace, true FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent WHERE i.inhrelid = r.oid
          UNION ALL
            SELECT c.oid, c.relnamespace, false FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = r.oid
        ) AS o
        WHERE o.relnamespace NOT IN (r.schema, 'pg_catalog'::regnamespace, 'information_schema'::regnamespace))
    FROM relation r WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f')
  UNION ALL
    SELECT 'foreign_keys', r.named || ': ' || k.conname, CASE
        WHEN f.relnamespace <> r.schema THEN 'points out of the schema'
        WHEN r.has_workspace
            AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = f.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped)
            AND NOT EXISTS (
                SELECT FROM unnest(k.conkey, k.confkey) AS pair (own, other)
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own AND a.attname = 'workspace_id'
                JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.other AND b.attname = 'workspace_id')
            THEN 'does not carry the workspace' END
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'f' JOIN pg_class f ON f.oid = k.confrelid
)
",
    counted!()
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_listed() {
        for (look, checks) in [(LOOK, CHECKS), (LOOK_FURTHER, FURTHER_CHECKS)] {
            assert_eq!(look.matches("    SELECT '").count(), checks.len());
            for (check, promise) in checks {
                assert!(look.contains(&format!("    SELECT '{check}', ")), "{check}");
                assert!(promise.ends_with('.'), "{promise}");
            }
        }
    }
}
