//! Schemas, roles, memberships, grants, owners, policies: what makes a home, against slots, cells and psql sessions.
//!
//! Owns: nothing. Calls: nothing. Called by: world. After a crash: nothing is left.

/// Each gives a line per difference.
pub(super) const CHECKS: &[&str] = &[
    "SELECT 'schema without a slot: ' || n.nspname FROM pg_namespace n
     WHERE n.nspname ~ '^tenant_' AND NOT EXISTS (SELECT FROM public.slots s WHERE s.schema_name = n.nspname)",
    "SELECT 'slot without its schema: ' || s.schema_name FROM public.slots s
     WHERE NOT EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = s.schema_name)",
    "SELECT 'schema ' || s.schema_name || ' is labelled ' || coalesce(obj_description(n.oid, 'pg_namespace'), 'nothing') || ', its tenant is ' || t.slug
     FROM public.slots s JOIN public.tenants t ON t.id = s.tenant_id JOIN pg_namespace n ON n.nspname = s.schema_name
     WHERE s.labelled AND obj_description(n.oid, 'pg_namespace') IS DISTINCT FROM t.slug",
    "SELECT CASE WHEN w.name IS NULL THEN 'role that nothing needs: ' || r.rolname ELSE 'role that is missing: ' || w.name END
     FROM (SELECT rolname FROM pg_roles WHERE rolname ~ '^{prefix}_') r
     FULL JOIN (
         VALUES ('{prefix}_platform'), ('{prefix}_control')
         UNION SELECT login FROM public.cells
         UNION SELECT role_name FROM public.slots
         UNION SELECT role_name || '_wide' FROM public.slots
         UNION SELECT login FROM public.psql_sessions WHERE status = 'open'
     ) w (name) ON w.name = r.rolname
     WHERE r.rolname IS NULL OR w.name IS NULL",
    "SELECT 'role with an attribute that it must not have: ' || r.rolname FROM pg_roles r
     WHERE r.rolname ~ '^{prefix}_'
       AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
            OR r.rolcanlogin <> (r.rolname !~ '^{prefix}_t_') OR r.rolinherit <> (r.rolname ~ '^{prefix}_psql_'))",
    "SELECT CASE WHEN w.role IS NULL THEN f.member || ' is a member of ' || f.role || ', and nothing says so'
                 ELSE w.member || ' is not a member of ' || w.role || ', as it should be' END
     FROM (
         SELECT r.rolname AS role, m.rolname AS member
         FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
         WHERE (r.rolname ~ '^{prefix}_' OR m.rolname ~ '^{prefix}_')
           -- From 16 on, whoever makes a role is a member of it with ADMIN.
           AND NOT (current_setting('server_version_num')::int >= 160000
                    AND m.oid = (SELECT datdba FROM pg_database WHERE datname = current_database()))
     ) f
     FULL JOIN (
         SELECT s.role_name, c.login FROM public.slots s JOIN public.cells c ON c.id = s.cell
         UNION ALL SELECT s.role_name || '_wide', c.login FROM public.slots s JOIN public.cells c ON c.id = s.cell
         UNION ALL SELECT s.role_name, p.login FROM public.psql_sessions p JOIN public.slots s ON s.tenant_id = p.tenant_id
                   WHERE p.status = 'open'
     ) w (role, member) ON (w.role, w.member) = (f.role, f.member)
     WHERE w.role IS NULL OR f.role IS NULL",
    "SELECT CASE WHEN w.name IS NULL THEN 'may connect, and nothing says so: ' || coalesce(f.name, 'everybody')
                 ELSE 'may not connect, as it should: ' || w.name END
     FROM (
         SELECT DISTINCT coalesce(r.rolname, 'everybody') AS name
         FROM pg_database d CROSS JOIN aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
         WHERE d.datname = current_database() AND a.grantee <> d.datdba
     ) f
     FULL JOIN (
         VALUES ('{prefix}_platform'), ('{prefix}_control')
         UNION SELECT login FROM public.cells
         UNION SELECT login FROM public.psql_sessions WHERE status = 'open'
     ) w (name) ON w.name = f.name
     WHERE f.name IS NULL OR w.name IS NULL",
];

/// Every home's catalogue, with its own names taken out, against the reference's: owners, grants, row-level security, policies,
/// constraints, functions. An adopted schema keeps the shape that it came with.
pub(super) const LIKE_THE_REFERENCE: &str = "
    WITH homes AS MATERIALIZED (
        SELECT n.oid, s.schema_name AS schema, s.role_name AS role, s.tenant_id::text AS tenant
        FROM public.slots s JOIN pg_namespace n ON n.nspname = s.schema_name
        WHERE NOT EXISTS (SELECT FROM public.provisioning_runs r WHERE r.tenant_id = s.tenant_id AND r.kind = 'adopt')
          AND ('{tenant}' = '' OR s.schema_name = '{reference}'
               OR s.tenant_id = (SELECT t.id FROM public.tenants t WHERE t.slug = '{tenant}'))
    ), relations AS MATERIALIZED (
        SELECT h.schema, c.oid, c.relname, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relacl
        FROM homes h JOIN pg_class c ON c.relnamespace = h.oid
    ), grants AS (
        SELECT h.schema, 'schema'::text AS what, n.nspacl AS acl FROM homes h JOIN pg_namespace n ON n.oid = h.oid
        UNION ALL SELECT schema, relname::text, relacl FROM relations
        UNION ALL SELECT h.schema, 'function ' || p.proname, p.proacl FROM homes h JOIN pg_proc p ON p.pronamespace = h.oid
        UNION ALL SELECT h.schema, 'default for ' || d.defaclobjtype::text, d.defaclacl FROM homes h JOIN pg_default_acl d ON d.defaclnamespace = h.oid
    ), lines AS (
        SELECT h.schema, 'owned by ' || pg_get_userbyid(n.nspowner) AS line FROM homes h JOIN pg_namespace n ON n.oid = h.oid
        UNION ALL
        SELECT schema, concat_ws(' ', relkind::text, relname, 'owned by', pg_get_userbyid(relowner),
                                 CASE WHEN relrowsecurity THEN 'with row-level security' END,
                                 CASE WHEN relforcerowsecurity THEN 'forced' END)
        FROM relations
        UNION ALL
        SELECT g.schema, concat_ws(' ', g.what, 'granted', a.privilege_type, 'to', coalesce(r.rolname, 'everybody'),
                                   CASE WHEN a.is_grantable THEN 'with grant option' END)
        FROM grants g CROSS JOIN aclexplode(g.acl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
        UNION ALL
        SELECT r.schema, concat_ws(' ', r.relname, 'policy', p.polname, p.polcmd::text, p.polpermissive::text,
                                   (SELECT string_agg(coalesce(o.rolname, 'everybody'), ' ' ORDER BY o.rolname)
                                    FROM unnest(p.polroles) AS u (role) LEFT JOIN pg_roles o ON o.oid = u.role),
                                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
        FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
        UNION ALL
        SELECT r.schema, concat_ws(' ', r.relname, 'constraint', c.conname, pg_get_constraintdef(c.oid))
        FROM relations r JOIN pg_constraint c ON c.conrelid = r.oid
    ), told AS MATERIALIZED (
        SELECT h.schema, replace(replace(replace(l.line, h.role, '<role>'), h.schema, '<schema>'), h.tenant, '<tenant>') AS line
        FROM lines l JOIN homes h ON h.schema = l.schema
    )
    SELECT t.schema || ' has what {reference} has not: ' || t.line
    FROM told t WHERE t.schema <> '{reference}'
      AND NOT EXISTS (SELECT FROM told r WHERE r.schema = '{reference}' AND r.line = t.line)
    UNION ALL
    SELECT h.schema || ' lacks what {reference} has: ' || r.line
    FROM told r CROSS JOIN homes h
    WHERE r.schema = '{reference}' AND NOT EXISTS (SELECT FROM told t WHERE t.schema = h.schema AND t.line = r.line)
    UNION ALL
    SELECT 'the reference {reference} has no table with row-level security'
    WHERE NOT EXISTS (SELECT FROM told WHERE schema = '{reference}' AND line LIKE '%with row-level security')";
