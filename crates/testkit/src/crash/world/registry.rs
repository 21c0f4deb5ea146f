//! Tenants, their slots, and every row in `public` that names a tenant.
//!
//! Owns: nothing. Calls: nothing. Called by: world. After a crash: nothing is left.

/// Each gives a line per difference.
pub(super) const CHECKS: &[&str] = &[
    "SELECT 'slot ' || s.schema_name || ' is claimed by nobody' FROM public.slots s
     WHERE s.state = 'claimed' AND NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = s.tenant_id)",
    "SELECT 'slot ' || s.schema_name || ' is broken' FROM public.slots s WHERE s.state = 'broken'",
    "SELECT 'slot ' || s.schema_name || ' is ready, and tenant ' || t.slug || ' has its id' FROM public.slots s
     JOIN public.tenants t ON t.id = s.tenant_id WHERE s.state = 'ready'",
    "SELECT 'tenant ' || t.slug || ' does not live where its row says' FROM public.tenants t
     WHERE NOT EXISTS (SELECT FROM public.slots s
                       WHERE s.tenant_id = t.id AND s.state = 'claimed'
                         AND (s.schema_name, s.role_name, s.cell, s.shard_id, s.schema_version)
                             = (t.schema_name, t.role_name, t.cell, t.shard_id, t.schema_version))",
    "SELECT 'tenant ' || t.slug || ' is neither made nor gone' FROM public.tenants t WHERE t.status = 'provisioning'",
    "SELECT 'tenant ' || t.slug || ' is active, and suspended since ' || t.suspended_at
     FROM public.tenants t WHERE t.status = 'active' AND t.suspended_at IS NOT NULL",
    "SELECT 'tenant ' || t.slug || ' has ' || f.count || ' ' || f.what FROM public.tenants t
     CROSS JOIN LATERAL (
         SELECT 'default workspaces', count(*), 1, 1 FROM public.workspaces w WHERE w.tenant_id = t.id AND w.is_default
         UNION ALL
         SELECT 'API keys', count(*), 1, 3 FROM public.api_keys k WHERE k.tenant_id = t.id
         UNION ALL
         SELECT 'invitations of an owner', count(*), 1, 1 FROM public.invitations i WHERE i.tenant_id = t.id AND i.role = 'owner'
     ) f (what, count, least, most)
     WHERE f.count NOT BETWEEN f.least AND f.most",
    // The last run says what its tenant is now.
    "SELECT 'tenant ' || w.slug || ' is ' || coalesce(t.status, 'absent') || ', not ' || w.status || ', though its ' || w.kind || ' is ' || w.ended
     FROM (
         SELECT r.tenant_id, r.tenant_slug, r.kind, r.status,
                CASE WHEN r.status = 'succeeded' THEN
                         CASE r.kind WHEN 'suspend' THEN 'suspended' WHEN 'resume' THEN 'active' WHEN 'delete' THEN 'deleted'
                                     WHEN 'restore' THEN CASE WHEN r.input ->> 'suspended_at' IS NULL THEN 'active' ELSE 'suspended' END
                                     WHEN 'purge' THEN 'absent' ELSE 'active' END
                     WHEN r.kind IN ('create', 'adopt', 'import') THEN 'absent'
                     ELSE r.input ->> 'before' END
         FROM (SELECT DISTINCT ON (tenant_id) * FROM public.provisioning_runs ORDER BY tenant_id, created_at DESC, id DESC) r
         WHERE r.finished_at IS NOT NULL
     ) w (id, slug, kind, ended, status)
     LEFT JOIN public.tenants t ON t.id = w.id
     WHERE coalesce(t.status, 'absent') <> w.status",
    "SELECT 'the adoption of ' || a.tenant_id || ' was not undone, and its tenant is gone' FROM public.adoptions a
     WHERE a.undone_at IS NULL AND NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = a.tenant_id)",
    "SELECT 'tenant ' || t.slug || ' was made by no run' FROM public.tenants t
     WHERE NOT EXISTS (SELECT FROM public.provisioning_runs r
                       WHERE r.tenant_id = t.id AND r.kind IN ('create', 'adopt', 'import') AND r.status = 'succeeded')",
];

/// A statement per table with a tenant's id. The audit trail, the runs and the record of an adoption outlive their tenants; a slot carries
/// the id before there is one.
pub(super) const ROWS_OF_NO_TENANT: &str = "
    SELECT string_agg(format(
               'SELECT %L || x.tenant_id FROM public.%I x WHERE NOT EXISTS (SELECT FROM public.tenants t WHERE t.id = x.tenant_id) AND x.tenant_id IS NOT NULL',
               'row of ' || c.relname || ' without its tenant: ', c.relname), E'\\n' ORDER BY c.relname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND c.relname NOT IN ('provisioning_runs', 'slots', 'adoptions') AND c.relname !~ '^audit_'";

/// A statement for the table of idempotency keys, where there is one: a key without an answer is one whose deed is half done.
pub(super) const KEYS_IN_FLIGHT: &str = "
    SELECT 'SELECT ''idempotency key without an answer: '' || x.key FROM public.idempotency_keys x WHERE x.status IS NULL'
    FROM pg_attribute a
    WHERE a.attrelid = to_regclass('public.idempotency_keys') AND a.attname = 'status' AND NOT a.attisdropped";
