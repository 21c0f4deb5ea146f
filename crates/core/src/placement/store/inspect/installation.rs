//! What must hold of what all homes share: logins, cells, memberships, PUBLIC. As one statement over the catalogue.
//!
//! Owns: nothing (reads cells, slots). Calls: nothing. Called by: inspect.
//! Invariants: each name in the statement is in the list, and each of the list but `control_plane` is in the statement (`every_check_is_listed`).
//! After a crash: nothing is left.

/// Names and promises.
pub(super) const CHECKS: &[(&str, &str)] = &[
    ("cells", "No cell has more tenants than its login can carry."),
    (
        "login_attributes",
        "Logins inherit nothing, make no roles or databases, and pass no row-level security.",
    ),
    (
        "login_settings",
        "The search path of tenant logins is empty, so that a name without a schema is an error.",
    ),
    (
        "login_rights",
        "A cell's login has no right of its own but to connect; the others have rights in `public` alone.",
    ),
    (
        "login_memberships",
        "A login is a member of the roles of its own cell's tenants and of nothing else, and nobody may take on a login.",
    ),
    ("default_privileges", "Nothing that is made later is granted to anybody by default."),
    ("public_rights", "PUBLIC may neither connect nor make temporary tables, and creates in no schema."),
    (
        "definer_routines",
        "No function outside of tenants' schemas runs as its owner for a login of ours or for PUBLIC.",
    ),
    ("foreign_servers", "No login of ours reaches another server through this one."),
    (
        "control_plane",
        "In `public` the login of tenants' requests has the rights and the policies that the product gives it, and no more.",
    ),
];

/// $1 the installation's prefix, $2 tenants in a cell at the most.
pub(super) const LOOK: &str = "-- inspect::installation
WITH login AS MATERIALIZED (
    SELECT r.*, r.rolname ~ '_cell_[0-9]+$' AS is_cell FROM pg_roles r
    WHERE r.rolname IN ($1 || '_platform', $1 || '_control') OR r.rolname ~ ('^' || $1 || '_cell_[0-9]+$')
), visitor AS MATERIALIZED (
    -- Logins of psql sessions: of one tenant, for a while.
    SELECT r.* FROM pg_roles r WHERE r.rolname ^@ ($1 || '_psql_')
), ours AS MATERIALIZED (
    SELECT r.oid FROM pg_roles r WHERE r.rolname ^@ ($1 || '_')
), here AS (
    SELECT b.oid, b.datacl, b.datdba FROM pg_database b WHERE b.datname = current_database()
), found (name, what, broken) AS (
    SELECT 'cells', c.login::text, CASE WHEN count(s.id) > $2 THEN count(s.id) || ' tenants and slots' END
    FROM cells c LEFT JOIN slots s ON s.cell = c.id GROUP BY c.id, c.login
  UNION ALL
    SELECT 'login_attributes', l.rolname::text, CASE
        WHEN l.rolinherit THEN 'inherits'
        WHEN l.rolsuper OR l.rolbypassrls OR l.rolreplication THEN 'passes row-level security'
        WHEN l.rolcreaterole OR l.rolcreatedb THEN 'may create roles or databases' END
    FROM (SELECT oid, rolname, rolinherit, rolsuper, rolbypassrls, rolreplication, rolcreaterole, rolcreatedb FROM login
          UNION ALL
          SELECT oid, rolname, false, rolsuper, rolbypassrls, rolreplication, rolcreaterole, rolcreatedb FROM visitor) AS l
  UNION ALL
    SELECT 'login_settings', l.rolname::text, CASE
        WHEN EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS one (setting)
                     WHERE s.setdatabase <> 0 AND s.setrole IN (0, l.oid) AND one.setting ^@ 'search_path=')
            THEN 'the database sets another search path'
        WHEN NOT coalesce('search_path=\"\"' = ANY (l.rolconfig), false) THEN 'the search path is not empty' END
    FROM login l WHERE l.is_cell
  UNION ALL
    SELECT 'login_rights', l.rolname::text, (
        SELECT string_agg(DISTINCT CASE WHEN s.dbid IN (0, h.oid) THEN pg_describe_object(s.classid, s.objid, 0) ELSE 'another database' END, ', ')
        FROM pg_shdepend s, here h
        WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = l.oid AND NOT (
            (s.deptype = 'a' AND s.classid = 'pg_database'::regclass AND s.objid = h.oid AND NOT EXISTS (
                SELECT FROM aclexplode(h.datacl) a WHERE a.grantee = l.oid AND (a.privilege_type <> 'CONNECT' OR a.is_grantable)))
            OR (NOT l.is_cell AND s.dbid = h.oid AND s.deptype IN ('a', 'r') AND (
                (s.classid = 'pg_namespace'::regclass AND s.objid = 'public'::regnamespace)
                OR (s.classid = 'pg_class'::regclass
                    AND EXISTS (SELECT FROM pg_class c WHERE c.oid = s.objid AND c.relnamespace = 'public'::regnamespace))
                OR (s.classid = 'pg_policy'::regclass
                    AND EXISTS (SELECT FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
                                WHERE p.oid = s.objid AND c.relnamespace = 'public'::regnamespace))))))
    FROM login l
  UNION ALL
    SELECT 'login_memberships', l.rolname::text, (
        SELECT string_agg(CASE m.member WHEN l.oid THEN 'a member of ' || m.roleid::regrole ELSE m.member::regrole || ' may take it on' END, ', ')
        FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
        WHERE (m.member = l.oid AND NOT EXISTS (
                   SELECT FROM slots s JOIN cells c ON c.id = s.cell
                   WHERE c.login = l.rolname AND r.rolname IN (s.role_name, s.role_name || '_wide')))
           -- Whoever made a role is its administrator, from PostgreSQL 16 on.
           OR (m.roleid = l.oid AND m.member <> to_regrole(quote_ident(current_user))::oid))
    FROM (SELECT oid, rolname FROM login UNION ALL SELECT oid, rolname FROM visitor v WHERE EXISTS (
              SELECT FROM pg_auth_members m WHERE m.roleid = v.oid)) AS l
  UNION ALL
    SELECT 'default_privileges', 'default privileges of ' || d.defaclrole::regrole, (
        SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ', ')
        FROM aclexplode(d.defaclacl) a WHERE a.grantee <> d.defaclrole)
    FROM pg_default_acl d
  UNION ALL
    SELECT 'public_rights', 'database ' || current_database(), CASE
        WHEN h.datacl IS NULL THEN 'PUBLIC may connect'
        ELSE (SELECT string_agg('PUBLIC may ' || a.privilege_type, ', ') FROM aclexplode(h.datacl) a WHERE a.grantee = 0) END
    FROM here h
  UNION ALL
    SELECT 'public_rights', 'schema ' || n.nspname, (
        SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END || ' may create', ', ')
        FROM aclexplode(n.nspacl) a
        WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM ours)))
    FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  UNION ALL
    SELECT 'definer_routines', p.oid::regprocedure::text, CASE WHEN p.prosecdef AND (p.proacl IS NULL OR EXISTS (
        SELECT FROM aclexplode(p.proacl) a WHERE a.grantee = 0 OR (a.grantee IN (SELECT oid FROM ours) AND a.grantee <> p.proowner)))
        THEN 'runs as ' || p.proowner::regrole END
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM slots s WHERE s.schema_name = n.nspname)
  UNION ALL
    SELECT 'foreign_servers', s.srvname::text, CASE
        WHEN EXISTS (SELECT FROM pg_user_mappings u WHERE u.srvid = s.oid AND (u.umuser = 0 OR u.umuser IN (SELECT oid FROM ours)))
            THEN 'a login of ours is known to it'
        WHEN EXISTS (SELECT FROM aclexplode(s.srvacl) a WHERE a.grantee <> s.srvowner AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM ours)))
            THEN 'a login of ours may use it' END
    FROM pg_foreign_server s
)
SELECT name, count(*) AS examined, count(broken) AS broken,
       coalesce((array_agg(what || ': ' || broken ORDER BY what) FILTER (WHERE broken IS NOT NULL))[1:20], '{}') AS examples
FROM found GROUP BY name";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_listed() {
        for (check, promise) in CHECKS {
            assert!(
                *check == "control_plane" || LOOK.contains(&format!("    SELECT '{check}', ")),
                "{check}"
            );
            assert!(promise.ends_with('.'), "{promise}");
        }
        // Each rests on one branch of the statement, `public_rights` on two, `control_plane` on none.
        assert_eq!(LOOK.matches("    SELECT '").count(), CHECKS.len());
    }
}
