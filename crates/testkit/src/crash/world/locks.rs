//! Transactions, locks and backends that nobody ends.
//!
//! Owns: nothing. Calls: nothing. Called by: world. After a crash: nothing is left.

/// Each gives a line per difference.
pub(super) const CHECKS: &[&str] = &[
    "SELECT 'prepared transaction: ' || p.gid FROM pg_prepared_xacts p WHERE p.database = current_database()",
    "SELECT 'backend ' || a.pid || ' of ' || a.usename || ' is ' || a.state || ': ' || left(a.query, 60)
     FROM pg_stat_activity a
     WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.state <> 'idle'",
    "SELECT concat('lock of ', coalesce(a.usename, 'nobody'), ': ', l.locktype, ' ', l.mode, ' ', l.relation::regclass)
     FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.pid IS DISTINCT FROM pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (a.pid IS NULL OR a.backend_type = 'client backend' OR l.locktype = 'advisory')",
];
