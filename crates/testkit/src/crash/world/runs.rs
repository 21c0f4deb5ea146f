//! Runs, their steps, what was told of them, and what was audited.
//!
//! Owns: nothing. Calls: nothing. Called by: world. After a crash: nothing is left.

/// Each gives a line per difference.
pub(super) const CHECKS: &[&str] = &[
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' is ' || r.status
            || CASE WHEN r.lease_until IS NULL THEN '' ELSE ', leased until ' || r.lease_until END
            || coalesce(': ' || r.error, '')
     FROM public.provisioning_runs r WHERE r.finished_at IS NULL OR r.status = 'needs_attention'",
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' is at its end and still names its holder'
     FROM public.provisioning_runs r
     WHERE r.finished_at IS NOT NULL AND (r.lease_token IS NOT NULL OR r.lease_until IS NOT NULL OR r.holder_pid IS NOT NULL)",
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' is ' || r.status || ', its step ' || s.name || ' ' || s.status
     FROM public.provisioning_runs r JOIN public.provisioning_steps s ON s.run_id = r.id
     WHERE (r.status = 'succeeded' AND s.status NOT IN ('succeeded', 'skipped'))
        OR (r.status = 'rolled_back' AND s.status NOT IN ('pending', 'undone', 'failed'))",
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' has ' || count(s.*) || ' steps of ' || w.steps
     FROM public.provisioning_runs r JOIN (VALUES {steps}) w (kind, steps) ON w.kind = r.kind
     LEFT JOIN public.provisioning_steps s ON s.run_id = r.id
     GROUP BY r.id, w.steps HAVING count(s.*) <> w.steps",
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' is ' || r.status || ', and its result is ' || coalesce(r.result::text, 'nothing')
     FROM public.provisioning_runs r
     WHERE (r.status = 'rolled_back' AND r.result IS NOT NULL)
        OR (r.status = 'succeeded' AND r.kind IN ('create', 'adopt', 'import') AND r.result IS NULL)",
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' is ' || r.status || ', and the last that was told of it is ' || coalesce(o.status, 'nothing')
     FROM public.provisioning_runs r
     LEFT JOIN LATERAL (
         SELECT e.data ->> 'status' AS status FROM public.outbox e
         WHERE e.topic = 'runs' AND e.event = 'run' AND e.data ->> 'kind' = r.kind AND e.data ->> 'tenant_slug' = r.tenant_slug
           AND (e.data ->> 'created_at')::timestamptz = r.created_at
         ORDER BY e.id DESC LIMIT 1
     ) o ON true
     WHERE o.status IS DISTINCT FROM r.status",
    // The intent is audited once, with the run; an end that a worker wrote, once each.
    "SELECT 'the ' || r.kind || ' of ' || r.tenant_slug || ' was audited ' || count(a.*) || ' times as asked for'
     FROM public.provisioning_runs r
     LEFT JOIN (SELECT tenant_id, action FROM public.audit_events UNION ALL SELECT tenant_id, action FROM public.audit_unsealed) a
            ON a.tenant_id = r.tenant_id AND a.action = 'tenant.' || r.kind
     GROUP BY r.id HAVING count(a.*) <> (SELECT count(*) FROM public.provisioning_runs o WHERE o.tenant_id = r.tenant_id AND o.kind = r.kind)",
    "SELECT 'an end of ' || a.target || ' was audited ' || count(*) || ' times: ' || coalesce(a.after ->> 'status', '')
     FROM (SELECT action, target, after FROM public.audit_events UNION ALL SELECT action, target, after FROM public.audit_unsealed) a
     WHERE a.action = 'run.end'
     GROUP BY a.target, a.after ->> 'status' HAVING count(*) <> 1",
    "SELECT 'job ' || j.kind || ' ' || j.key || ' is ' || j.status || coalesce(': ' || j.error, '') FROM public.jobs j
     WHERE j.status IN ('running', 'failed') OR (j.finished_at IS NOT NULL AND j.holder_pid IS NOT NULL)",
];
