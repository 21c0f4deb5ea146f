//! The comparison itself: a check that cannot fail is a defect.

use crate::exe;
use tenantry_testkit::crash::Stage;

/// What is planted, what takes it back, and a part of the line that must name it.
struct Plant {
    sql: &'static str,
    mend: &'static str,
    named: &'static str,
}

const fn plant(sql: &'static str, named: &'static str, mend: &'static str) -> Plant {
    Plant { sql, mend, named }
}

/// `{schema}`, `{role}` and `{prefix}` are those of a tenant that serves.
const PLANTS: &[Plant] = &[
    plant(
        "CREATE ROLE {prefix}_t_orphan NOLOGIN NOINHERIT",
        "role that nothing needs: {prefix}_t_orphan",
        "DROP ROLE {prefix}_t_orphan",
    ),
    plant("CREATE SCHEMA tenant_orphan", "schema without a slot: tenant_orphan", "DROP SCHEMA tenant_orphan"),
    plant(
        "ALTER ROLE {role} LOGIN",
        "role with an attribute that it must not have: {role}",
        "ALTER ROLE {role} NOLOGIN",
    ),
    plant(
        "GRANT {role} TO {prefix}_control",
        "{prefix}_control is a member of {role}",
        "REVOKE {role} FROM {prefix}_control",
    ),
    plant(
        "GRANT SELECT ON {schema}.agents TO {prefix}_control",
        "agents granted SELECT to {prefix}_control",
        "REVOKE SELECT ON {schema}.agents FROM {prefix}_control",
    ),
    plant(
        "REVOKE INSERT ON {schema}.agents FROM {role}",
        "agents granted INSERT to <role>",
        "GRANT INSERT ON {schema}.agents TO {role}",
    ),
    plant(
        "ALTER TABLE {schema}.agents DISABLE ROW LEVEL SECURITY",
        "agents owned by tenantry_test_owner with row-level security",
        "ALTER TABLE {schema}.agents ENABLE ROW LEVEL SECURITY",
    ),
    plant(
        "CREATE POLICY open ON {schema}.agents USING (true)",
        "agents policy open",
        "DROP POLICY open ON {schema}.agents",
    ),
    plant(
        "ALTER TABLE {schema}.agents OWNER TO postgres",
        "agents owned by postgres",
        "ALTER TABLE {schema}.agents OWNER TO tenantry_test_owner",
    ),
    plant(
        "UPDATE tenants SET status = 'provisioning'",
        "neither made nor gone",
        "UPDATE tenants SET status = 'active'",
    ),
    plant(
        "UPDATE slots SET state = 'ready', claimed_at = NULL",
        "does not live where its row says",
        "UPDATE slots SET state = 'claimed', claimed_at = now()",
    ),
    plant(
        "DELETE FROM invitations",
        "0 invitations of an owner",
        "INSERT INTO invitations SELECT gen_random_uuid(), tenant_id, id, 'a@b.cd', 'owner', sha256(uuid_send(tenant_id)), now(), now() + '1 day' FROM workspaces",
    ),
    plant(
        "SET session_replication_role = replica; INSERT INTO psql_sessions VALUES (gen_random_uuid(), gen_random_uuid(), 'l', 'r', '', 'ended', NULL, now(), now(), now())",
        "row of psql_sessions without its tenant",
        "DELETE FROM psql_sessions; RESET session_replication_role",
    ),
    plant(
        "UPDATE provisioning_runs SET status = 'running', finished_at = NULL, lease_token = gen_random_uuid(), lease_until = now() + '1 h'",
        "leased until",
        "UPDATE provisioning_runs SET status = 'succeeded', finished_at = now(), lease_token = NULL, lease_until = NULL",
    ),
    plant(
        "UPDATE provisioning_runs SET holder_pid = 1, holder_started = now()",
        "still names its holder",
        "UPDATE provisioning_runs SET holder_pid = NULL, holder_started = NULL",
    ),
    plant(
        "UPDATE provisioning_steps SET status = 'running', finished_at = NULL WHERE position = 3",
        "its step migrate running",
        "UPDATE provisioning_steps SET status = 'succeeded', finished_at = now() WHERE position = 3",
    ),
    plant(
        "UPDATE outbox SET event = 'gone' WHERE event = 'run'",
        "the last that was told of it is nothing",
        "UPDATE outbox SET event = 'run' WHERE event = 'gone'",
    ),
    plant(
        "INSERT INTO audit_unsealed (id, occurred_at, tenant_id, actor_kind, actor, action, target_kind, target)
         SELECT gen_random_uuid(), now(), id, 'system', 'planted', 'tenant.create', 'tenant', slug FROM tenants WHERE slug = 'acme'",
        "was audited 2 times as asked for",
        "DELETE FROM audit_unsealed WHERE actor = 'planted'",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_difference_is_named() {
    let stage = Stage::start(exe()).await;
    assert_eq!(stage.differences().await, [""; 0]);
    let tenant = stage.app.tenant("acme").await.tenant;
    assert_eq!(stage.differences().await, [""; 0], "one more tenant is no difference");
    let admin = stage.app.database.admin().await;
    let prefix = stage.app.database.installation.prefix();
    let role = format!("{prefix}_t_{}", tenant.schema_name.trim_start_matches("tenant_"));
    let named = |text: &str| {
        text.replace("{prefix}", prefix).replace("{schema}", &tenant.schema_name).replace("{role}", &role)
    };
    for Plant { sql, mend, named: wanted } in PLANTS {
        admin.execute(&named(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let found = stage.differences().await;
        assert!(found.iter().any(|line| line.contains(&named(wanted))), "{sql}: {found:#?}");
        admin.execute(&named(mend)).await.unwrap_or_else(|error| panic!("{mend}: {error}"));
        assert_eq!(stage.differences().await, [""; 0], "after {mend}");
    }
    // An open transaction with its locks, and one that nobody holds any more.
    admin
        .execute("BEGIN; LOCK TABLE tenants IN SHARE ROW EXCLUSIVE MODE; SELECT pg_advisory_xact_lock(1)")
        .await
        .unwrap();
    let found = stage.differences().await.join("\n");
    for part in ["idle in transaction", "relation ShareRowExclusiveLock tenants", "advisory ExclusiveLock"] {
        assert!(found.contains(part), "{part}: {found}");
    }
    admin.execute("ROLLBACK").await.unwrap();
}
