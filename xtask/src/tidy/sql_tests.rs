use super::*;

const HEAD: &str = "//! Agents.\n//!\n//! Owns: agents, `tasks`. Calls: messages, pg. Called by: server.\n";

fn store(sql: &str) -> Vec<String> {
    let text = format!("//! Agents' SQL.\nconst S: &str = r#\"{sql}\"#;\n");
    let tree =
        Tree::of(&[("crates/core/src/workload/mod.rs", HEAD), ("crates/core/src/workload/store.rs", &text)]);
    ownership(&tree)
        .iter()
        .map(|finding| format!("{}: {}", finding.line, finding.text.split('`').nth(1).unwrap_or("")))
        .collect()
}

#[test]
fn sql_in_a_handler_is_found() {
    for sql in [
        "SELECT 1",
        "select id from tenant.agents",
        "INSERT INTO agents VALUES ($1)",
        "insert into agents values ($1)",
        "UPDATE agents SET name = $1",
        "update agents set name = $1",
        "DELETE FROM agents",
        "-- why\n WITH x AS (SELECT 1) DELETE FROM agents",
        "CREATE ROLE x",
        "DROP SCHEMA x",
        "GRANT a TO b",
        "ALTER TABLE a ADD b int",
    ] {
        let text = format!("fn f() {{\n    run(\"{sql}\");\n}}\n");
        let told = |path: &str| homes(&Tree::of(&[(path, &text)])).len();
        assert_eq!(told("crates/server/src/http/x.rs"), 1, "{sql}");
        assert_eq!(told("crates/core/src/workload/mod.rs"), 1, "{sql}");
        for home in [
            "crates/core/src/workload/store.rs",
            "crates/core/src/workload/store/claim.rs",
            "crates/pg/src/x.rs",
            "crates/testkit/src/x.rs",
            "crates/server/tests/x.rs",
            "crates/server/src/http/tests.rs",
            "xtask/src/bench.rs",
        ] {
            assert_eq!(told(home), 0, "{home}: {sql}");
        }
    }
    let in_tests = "#[cfg(test)]\nmod tests {\n    const S: &str = \"SELECT 1\";\n}\n";
    assert!(homes(&Tree::of(&[("crates/server/src/x.rs", in_tests)])).is_empty());
}

#[test]
fn prose_is_not_sql() {
    for text in [
        "select a tenant first",
        "update the settings",
        "created a table",
        "delete the file from disk",
        "run CREATE DATABASE x",
        "insert a coin",
        "the owner needs CREATEROLE",
        "grant access to them",
        "drop it",
        "with care",
    ] {
        let source = format!("// SELECT 1\nfn f() {{ say(\"{text}\"); }}\n");
        assert!(homes(&Tree::of(&[("crates/server/src/x.rs", &source)])).is_empty(), "{text}");
    }
}

#[test]
fn a_foreign_table_is_found() {
    for (sql, expected) in [
        ("SELECT 1 FROM tenants", &["2: tenants"][..]),
        ("SELECT 1\n FROM agents a\n JOIN public.tenants t ON t.id = a.id", &["4: tenants"]),
        ("INSERT INTO messages (id) VALUES ($1)", &["2: messages"]),
        ("INSERT INTO messages(id) VALUES ($1)", &["2: messages"]),
        ("UPDATE tenant.messages SET id = $1", &["2: messages"]),
        ("DELETE FROM ONLY messages", &["2: messages"]),
        ("select 1 from agents, messages m, tasks", &["2: messages"]),
        ("WITH x AS (SELECT 1 FROM tenants) SELECT 1 FROM x", &["2: tenants"]),
        ("SELECT (SELECT max(a) FROM tenants)", &["2: tenants"]),
    ] {
        assert_eq!(store(sql), expected, "{sql}");
    }
}

#[test]
fn own_tables_and_what_is_no_table_pass() {
    for sql in [
        "SELECT 1 FROM agents a JOIN tenant.tasks t ON true",
        "WITH done AS (UPDATE tasks SET x = 1 RETURNING *), more (a, b) AS MATERIALIZED (SELECT 1) SELECT 1 FROM done, more",
        "SELECT 1 FROM agents FOR UPDATE SKIP LOCKED",
        "SELECT 1 FROM agents FOR NO KEY UPDATE",
        "INSERT INTO agents (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET x = 1",
        "SELECT 1 FROM unnest($1::uuid[])",
        "SELECT 1 FROM agents WHERE a IS DISTINCT FROM b",
        "SELECT extract(epoch FROM created_at) FROM agents",
        "SELECT 1 FROM pg_catalog.pg_class, pg_roles",
        "SELECT 1 FROM (SELECT 1) x",
        "SELECT 1 FROM {TABLE}",
        "SELECT 1 FROM agents -- taken from tenants\n WHERE x = 'from tenants'",
    ] {
        assert_eq!(store(sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn a_statement_may_be_put_together_from_several_strings() {
    let pieces = "WITH done AS (UPDATE tasks SET x = 1 RETURNING *) SELECT \"#, r#\"1 FROM done";
    assert_eq!(store(pieces), Vec::<String>::new());
    assert_eq!(store("SELECT 1 \"#, r#\" FROM done"), ["2: done"]);
}

#[test]
fn a_read_needs_a_reason() {
    for (path, table, reason) in READS {
        assert!(path.starts_with("crates/") && !table.is_empty() && reason.split(' ').count() > 2, "{path}");
    }
}
